from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.integration.sync.harness import Laptop, Platform
from tests.sim.world import VirtualClock


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Modules that say ``BOTH_WAYS`` run on a platform that has to be asked, and on one that tells what changed."""
    if "platform" in metafunc.fixturenames and getattr(metafunc.module, "BOTH_WAYS", False):
        metafunc.parametrize("platform", [False, True], ids=["plainly", "by feed"], indirect=True)


@pytest.fixture
def platform(request: pytest.FixtureRequest) -> Platform:
    return Platform(VirtualClock(), feed=getattr(request, "param", False))


@pytest.fixture
def alone(tmp_path: Path, platform: Platform) -> Iterator[Laptop]:
    """One laptop with project P and dataset D, not synced yet."""
    laptop = Laptop(tmp_path, "a", platform)
    laptop.found()
    yield laptop
    laptop.store.close()


@pytest.fixture
def pair(alone: Laptop, tmp_path: Path, platform: Platform) -> Iterator[SimpleNamespace]:
    """Two laptops that agree on one annotated item, ``/a.txt``."""
    alone.add("/a.txt", b"first", x=1, y=1)
    alone.annotate("/a.txt", "cat", "dog")
    alone.sync()
    other = Laptop(tmp_path, "b", platform)
    other.clone()
    yield SimpleNamespace(a=alone, b=other, platform=platform)
    other.store.close()
