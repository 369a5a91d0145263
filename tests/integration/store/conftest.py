from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.projects import create_project


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "store", author="ann@example.test", device="laptop") as opened:
        yield opened


@pytest.fixture
def world(store: Store) -> SimpleNamespace:
    """A store with a project and a dataset in it."""
    with store.transaction("set up") as tx:
        project = create_project(tx, "Fruit")
        dataset = create_dataset(tx, project, "Apples")
    return SimpleNamespace(store=store, project=project, dataset=dataset)
