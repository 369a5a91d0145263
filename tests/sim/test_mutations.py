"""The simulated world notices when the engine is broken."""

from __future__ import annotations

import itertools

import pytest

from tests.sim.mutations import MUTATIONS, foundry_in, noticed

#: So many further seeds are played where the known one does not notice any more.
MORE = 60


@pytest.fixture(scope="module")
def foundry(tmp_path_factory):
    return foundry_in(tmp_path_factory.mktemp("beginnings"))


#: Those that are noticed late are left to `python -m tests.sim.mutations`.
SOON = [one for one in MUTATIONS if one.seed is not None]


@pytest.mark.parametrize("mutation", SOON, ids=lambda one: one.name)
def test_a_broken_engine_is_noticed(foundry, mutation):
    assert noticed(mutation, foundry, itertools.chain([mutation.seed], range(MORE))) is not None
