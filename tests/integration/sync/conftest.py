from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.integration.sync.harness import Laptop, Platform
from tests.sim.world import VirtualClock


@pytest.fixture
def platform() -> Platform:
    return Platform(VirtualClock())


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
