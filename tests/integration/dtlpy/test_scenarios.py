"""Unmodified dtlpy, in two releases, against a hub and a gateway: what scripts rely on holds."""

from __future__ import annotations

import pytest

from tests.integration.dtlpy import scenarios
from tests.integration.dtlpy.harness import ROLES, VERSIONS, Runs
from tests.integration.dtlpy.world import SCENARIOS

assert scenarios.AREAS

pytestmark = [pytest.mark.dtlpy, pytest.mark.slow]


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("version", VERSIONS)
def test_scenario(runs: Runs, version: str, role: str, name: str) -> None:
    outcome = runs.outcome(version, role, name)
    if outcome.error is not None:
        pytest.fail(f"{name} with dtlpy {version} at a {role}:\n{outcome.error}", pytrace=False)
