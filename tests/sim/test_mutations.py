"""The simulated world notices when the engine is broken."""

from __future__ import annotations

import itertools

import pytest

from tests.sim.mutations import MUTATIONS, foundry_in, noticed

#: So many further seeds are played where the known ones do not notice any more.
MORE = 60


@pytest.fixture(scope="module")
def foundry(tmp_path_factory):
    return foundry_in(tmp_path_factory.mktemp("beginnings"))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_a_broken_engine_is_noticed(foundry, mutation):
    assert noticed(mutation, foundry, itertools.chain(mutation.seeds, range(MORE))) is not None
