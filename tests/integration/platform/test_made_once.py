"""A creation of several requests is not sent again when only a later one of them was turned away."""

from __future__ import annotations

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.retrying import Patience, RetryingRemote
from localloop_sync.errors import OfflineError, ThrottledError, TransientError
from localloop_sync.ports import Scope
from tests.integration.platform import wire
from tests.integration.platform.recorder import Reply
from tests.sim.world import VirtualClock

SCOPE = Scope(project=wire.P, dataset=wire.D)
AGE = {"key": "age", "title": "Age", "type": "number", "scope": ["*"]}
TASK = {"name": "T", "query": "{}", "workload": [], "priority": 2, "spec": {}, "metadata": {}}
STARTED = {"id": "c" * 24, "status": "in-progress", "spec": {}}


@pytest.mark.parametrize(
    ("kind", "document", "path", "made"),
    [
        (K.ONTOLOGY, {"title": "T", "attributes": {"age": AGE}}, "/api/v1/ontologies", wire.ontology()),
        (K.DATASET, {"name": "Faces", "recipes": [wire.R]}, "/api/v1/datasets", wire.dataset()),
        (K.TASK, TASK, "/api/v1/annotationtasks", STARTED),
    ],
)
def test_what_follows_a_creation_does_not_repeat_it(remote, platform, kind, document, path, made):
    def answer(asked):
        if (asked.method, asked.path) == ("POST", path):
            return made
        if asked.path == f"/api/v1/datasets/{wire.D}" and asked.method == "GET":
            return wire.dataset()
        return Reply({"message": "slow down"}, 429)

    platform.answer = answer
    patient = RetryingRemote(remote, VirtualClock(), Patience(budget=5.0))
    with pytest.raises(TransientError) as caught:
        patient.create(kind, SCOPE, [document])
    assert not isinstance(caught.value, OfflineError | ThrottledError)
    assert [asked.path for asked in platform.asked if asked.method == "POST"] == [path]
