"""The platform in memory keeps the contract, and its faults are what they say."""

from __future__ import annotations

import pytest

from localloop.testing.remote import MemoryRemote
from localloop.testing.world import MemoryWorld
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import PermanentError, TransientError
from localloop_sync.ports import Remote, Scope
from tests.contract.remote_contract import RemoteContract


class TestMemoryRemote(RemoteContract):
    @pytest.fixture
    def remote(self) -> Remote:
        return MemoryRemote(chunk_size=7)


def failing(method):
    """A hook that breaks one method."""

    def hook(name, *args):
        if name == method:
            raise TransientError(f"{method} broke")

    return hook


def test_what_before_raises_was_never_applied():
    remote = MemoryRemote(before=failing("create"))
    with pytest.raises(TransientError):
        remote.create(EntityKind.PROJECT, Scope(), [{"name": "p"}])
    assert remote.list(EntityKind.PROJECT, Scope()) == []


def test_what_after_raises_was_applied():
    remote = MemoryRemote(after=failing("create"))
    with pytest.raises(TransientError):
        remote.create(EntityKind.PROJECT, Scope(), [{"name": "p"}])
    assert [e.document["name"] for e in remote.list(EntityKind.PROJECT, Scope())] == ["p"]


def test_a_create_that_is_sent_twice_makes_two():
    remote = MemoryRemote()
    for _ in range(2):
        remote.create(EntityKind.PROJECT, Scope(), [{"name": "p"}])
    assert len(remote.find(EntityKind.PROJECT, Scope(), ["p"])) == 2


def test_two_clients_share_one_world():
    world = MemoryWorld()
    one, two = MemoryRemote(world=world), MemoryRemote(world=world)
    one.create(EntityKind.PROJECT, Scope(), [{"name": "p"}])
    assert [e.document["name"] for e in two.list(EntityKind.PROJECT, Scope())] == ["p"]


def test_a_world_repeats_itself_exactly():
    def run():
        remote = MemoryRemote(world=MemoryWorld(seed=7))
        (project,) = remote.create(EntityKind.PROJECT, Scope(), [{"name": "p"}])
        return remote.create(EntityKind.DATASET, Scope(project=project.id), [{"name": "d"}])

    assert run() == run()


def test_an_answer_is_a_copy():
    remote = MemoryRemote()
    (project,) = remote.create(EntityKind.PROJECT, Scope(), [{"name": "p"}])
    project.document["name"] = "scribbled"
    assert remote.get(EntityKind.PROJECT, project.id).document["name"] == "p"


def test_a_download_can_break_between_chunks(tmp_path):
    remote = MemoryRemote(before=failing("chunk"), chunk_size=1)
    (project,) = remote.create(EntityKind.PROJECT, Scope(), [{"name": "p"}])
    (dataset,) = remote.create(EntityKind.DATASET, Scope(project=project.id), [{"name": "d"}])
    local = tmp_path / "f"
    local.write_bytes(b"ab")
    item, _ = remote.upload(Scope(dataset=dataset.id), {"filename": "/f"}, local)
    with pytest.raises(TransientError):
        next(remote.download(item.id))


def test_assignments_are_made_by_tasks_alone():
    with pytest.raises(PermanentError):
        MemoryRemote().create(EntityKind.ASSIGNMENT, Scope(), [{"annotator": "a@example.test"}])
