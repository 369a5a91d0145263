"""Scenarios run once, in whatever number they are asked for and by however many test processes."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.integration.dtlpy.harness import Runs


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The runs of what this session selected."""
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in request.session.items:
        if isinstance(one, pytest.Function) and "runs" in one.fixturenames:
            chosen = one.callspec.params
            wanted[chosen["version"], chosen["role"]].append(chosen["name"])
    place = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        # Each process of a parallel run has a folder of its own in the one that they share.
        place = place.parent
    shared = place / "dtlpy-runs"
    shared.mkdir(exist_ok=True)
    return Runs(shared, dict(wanted))
