"""``localloop gate set``: a platform that has moved is followed, and another one is not."""

from __future__ import annotations

import pytest

from localloop.testing.faults import FaultProxy
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K

ANN = "ann@example.test"
BOB = "bob@example.test"


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", {ANN: "pw", BOB: "bobs"}) as hub:
        yield hub


@pytest.fixture
def other(tmp_path):
    """Another platform, with the same account and a project of the same name."""
    with running_hub(tmp_path / "other", {ANN: "pw"}) as hub:
        yield hub


@pytest.fixture
def moved(hub):
    """The hub's new address."""
    with FaultProxy(hub.gate, schedule="calm") as proxy:
        yield proxy


@pytest.fixture
def synced(ok, fruit, hub, monkeypatch):
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
    ok("login", "--gate", hub.gate, "--email", ANN)
    ok("sync")
    return fruit


def test_a_store_follows_its_platform_to_a_new_address(ok, synced, hub, moved):
    told = ok("gate", "set", moved.gate, "--json").json
    assert (told["from"], told["to"], told["account"]) == (hub.gate, moved.gate, ANN)
    assert (told["same"], told["asked"], told["missing"], told["dry_run"]) == (True, 5, [], False)
    assert ok("status", "--json").json["gate"] == moved.gate
    ok("mv", "Fruit/Apples/photos/a.txt", "Fruit/Apples/moved.txt")
    asked = len(moved.log)
    assert "Moved 1" not in ok("sync").out
    assert len(moved.log) > asked
    assert hub.store.rows(K.ITEM, filename="/moved.txt")


def test_a_rehearsal_only_looks(ok, synced, hub, moved):
    told = ok("gate", "set", moved.gate, "--dry-run", "--json").json
    assert told["same"]
    assert ok("status", "--json").json["gate"] == hub.gate
    assert "It is the same platform" in ok("gate", "set", moved.gate, "--dry-run").out


def test_another_platform_is_refused_and_nothing_changes(ok, run, synced, hub, other):
    ran = run("gate", "set", other.gate, "--json")
    assert ran.code == 12
    message = ran.json["error"]["message"]
    assert message.startswith(f"The platform at {other.gate} is another one: of 5 entities")
    assert message.endswith("it has 0.")
    assert ok("status", "--json").json["gate"] == hub.gate
    assert other.store.rows(K.PROJECT) == []
    ok("sync")


def test_a_platform_that_was_put_back_from_a_copy_is_the_same(ok, synced, hub, moved):
    """Some of what is known may be gone there; that is for the sync to judge."""
    with hub.store.transaction("lose") as tx:
        tx.delete(K.ITEM, tx.rows(K.ITEM, filename="/photos/b.txt")[0])
    ran = ok("gate", "set", moved.gate)
    assert "4 of 5" in ran.out
    assert "Not there: item " in ran.err


def test_the_account_has_to_be_the_same(ok, run, synced, hub, moved, monkeypatch):
    ok("logout", "--gate", moved.gate)
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "wrong")
    assert run("gate", "set", moved.gate).code == 6
    assert ok("status", "--json").json["gate"] == hub.gate


def test_a_store_that_never_synced_is_told_to_log_in_instead(ok, run, fruit, hub, moved, monkeypatch):
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
    ok("login", "--gate", hub.gate, "--email", ANN)
    ran = run("gate", "set", moved.gate)
    assert ran.code == 6
    assert f"`localloop login --gate {moved.gate}`" in ran.err
    ok("login", "--gate", moved.gate, "--email", ANN)
    ok("sync")
    assert ok("status", "--json").json["gate"] == moved.gate


def test_an_address_that_is_none_is_refused_before_anything_is_asked(run, synced):
    assert run("gate", "set", "hub.example.com").code == 2
    assert run("gate", "set", "http://127.0.0.1:9", "--json").code == 5


def test_whoever_logs_in_at_the_new_address_is_told_how_to_move(run, synced, moved):
    ran = run("login", "--gate", moved.gate, "--email", ANN)
    assert ran.code == 12
    assert f"`localloop gate set {moved.gate}`" in ran.err
