"""Several processes on one store: one syncs, the others are told, and edit all the same."""

from __future__ import annotations

import threading

import pytest
import requests

from localloop.store import Store
from localloop.testing.faults import FaultProxy, Stage
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K

ANN = "ann@example.test"


class Gate:
    """A way to the hub that can be held up in the middle of an upload."""

    def __init__(self) -> None:
        self.held = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def hears(self, moment):
        if moment.stage is Stage.ANSWERED and moment.uploads and not self.go_on.is_set():
            self.held.set()
            assert self.go_on.wait(120)


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", {ANN: "pw"}) as hub:
        yield hub


@pytest.fixture
def gate(hub):
    gate = Gate()
    with FaultProxy(hub.gate, schedule="calm", on_moment=gate.hears) as proxy:
        gate.url = proxy.gate
        yield gate
        gate.go_on.set()


@pytest.fixture
def syncing(ok, fruit, gate, process, monkeypatch):
    """A process that syncs the store with the photos, and has come to its first upload."""
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
    ok("login", "--gate", gate.url, "--email", ANN)
    gate.go_on.clear()
    with process("sync") as running:
        assert gate.held.wait(60)
        yield running
        gate.go_on.set()
        running.kill()
        running.communicate()


def test_a_second_sync_says_who_syncs_and_ends_with_its_own_code(run, syncing):
    ran = run("sync")
    assert ran.code == 8
    assert f"Error: `localloop sync` (process {syncing.pid} on " in ran.err
    assert "is syncing this store.\nWait until it is through, then sync again." in ran.err
    told = run("sync", "--json")
    assert told.code == 8
    holder = told.json["error"]["holder"]
    assert (holder["pid"], holder["command"]) == (syncing.pid, "`localloop sync`")
    assert holder["since"].endswith("Z")


def test_the_status_says_that_a_sync_runs_and_who_runs_it(ok, syncing, gate):
    assert ok("status", "--json").json["syncing"]["pid"] == syncing.pid
    assert f"Syncing   now: `localloop sync` (process {syncing.pid} on " in ok("status").out
    gate.go_on.set()
    syncing.communicate()
    assert syncing.returncode == 0
    assert ok("status", "--json").json["syncing"] is None


def test_after_a_kill_the_next_sync_has_the_lock_at_once(ok, syncing, gate, hub):
    syncing.kill()
    syncing.wait()
    gate.go_on.set()
    assert ok("status", "--json").json["syncing"] is None
    ok("sync")
    assert len(hub.store.rows(K.ITEM, type="file")) == 3
    assert ok("sync", "--json").json["quiet"]


def test_two_processes_edit_while_a_third_one_syncs(ok, syncing, gate, home, process, hub):
    (home / "one.txt").write_text("one")
    (home / "two.txt").write_text("two")
    edits = [process("add", f"{name}.txt", "--to", "Fruit/Apples") for name in ("one", "two")]
    for edit in edits:
        _out, err = edit.communicate(timeout=60)
        assert edit.returncode == 0, err
    ok("mv", "Fruit/Apples/photos/a.txt", "Fruit/Apples/moved.txt")
    gate.go_on.set()
    _out, err = syncing.communicate()
    assert syncing.returncode == 0, err
    ok("sync")
    names = {"/moved.txt", "/photos/b.txt", "/photos/mai/ä ö.txt", "/one.txt", "/two.txt"}
    assert {row["filename"] for row in hub.store.rows(K.ITEM, type="file")} == names
    ok("fsck")
    assert ok("sync", "--json").json["quiet"]


def test_a_gateway_serves_a_store_while_it_syncs(ok, syncing, gate, fruit, hub):
    with running_hub(fruit, owner=ANN) as served:
        key = served.accounts.owner_key().read_text().strip()
        bearer = {"Authorization": f"Bearer {key}"}
        [item] = served.store.rows(K.ITEM, filename="/photos/a.txt")
        url = f"{served.api}/items/{item['id']}"
        reply = requests.patch(url, json={"metadata": {"user": {"seen": 1}}}, headers=bearer, timeout=60)
        assert reply.ok, reply.text
        gate.go_on.set()
        _out, err = syncing.communicate()
        assert syncing.returncode == 0, err
        assert requests.get(url, headers=bearer, timeout=60).json()["metadata"]["user"] == {"seen": 1}
        ok("sync")
        again = requests.get(url, headers=bearer, timeout=60).json()
        assert again["metadata"]["user"] == {"seen": 1}
    [there] = hub.store.rows(K.ITEM, filename="/photos/a.txt")
    assert there["metadata"]["user"] == {"seen": 1}
    with Store.open(fruit) as store:
        assert [row["filename"] for row in store.rows(K.ITEM, type="file")].count("/photos/a.txt") == 1
