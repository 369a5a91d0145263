"""``why`` in real situations; each verdict in words is tests/unit/sync/test_explaining.py's."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from localloop.cli.inquiring import ask, gather
from localloop.cli.tracing import trace
from localloop.errors import TransientError
from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item
from localloop.store.trash import empty
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.explaining import explain
from localloop_sync.core.operation import State
from tests.integration.sync.harness import Laptop, Platform
from tests.sim.world import VirtualClock


@pytest.fixture
def world(home, tmp_path, monkeypatch):
    """Two laptops that agree on /a.txt with an annotation; the first one's store is the command line's."""
    platform = Platform(VirtualClock())
    here = Laptop(tmp_path, "here", platform)
    here.found()
    here.add("/a.txt", b"first", x=1, y=1)
    here.annotate("/a.txt", "cat")
    here.sync()
    other = Laptop(tmp_path, "other", platform)
    other.clone()
    monkeypatch.setenv("LOCALLOOP_STORE", str(here.store.path))
    yield SimpleNamespace(here=here, other=other, platform=platform)
    here.store.close()
    other.store.close()


@pytest.fixture
def fate(ok):
    def invoke(what):
        return ok("why", what, "--json").json["fate"]

    return invoke


def told(laptop, what, *, asked=True):
    """What is said after the platform was asked."""
    with laptop.store.reading() as connection:
        found = trace(connection, what)
        known = gather(laptop.store, connection, found)
    return explain(replace(known, asked=ask(laptop.store, laptop.remote, found)) if asked else known)


def test_an_item_goes_through_its_life(ok, fate, world):
    here = world.here
    here.add("/b.txt", b"b")
    assert fate("P/D/b.txt") == "unsent create"
    jobs = here.journal.begin(here.journal.jobs(State.PENDING))
    assert fate("P/D/b.txt") == "in flight"
    here.journal.release(jobs)
    here.sync()
    assert fate("P/D/b.txt") == "in sync"
    here.edit("/b.txt", x=1)
    assert fate("P/D/b.txt") == "unsent edit"
    here.journal.reject(here.journal.begin(here.journal.jobs(State.PENDING))[0], "No such thing.")
    assert "No such thing" in ok("why", "P/D/b.txt").out
    assert fate("P/D/b.txt") == "refused"
    here.edit("/b.txt", x=2)
    here.sync()
    here.delete("/b.txt")
    assert fate("P/D/b.txt") == "unsent delete"
    here.sync()
    shown = ok("why", "P/D/b.txt").out
    assert fate("P/D/b.txt") == "deleted here"
    assert "localloop trash restore" in shown
    assert max(map(len, shown.splitlines())) <= 80
    facts = [one["text"] for one in ok("why", "P/D/b.txt", "--json").json["facts"]]
    assert [text.split()[0].rstrip(":") for text in facts] == ["Made", "Edited", "Edited", "Deleted"]


def test_what_a_pull_deleted_is_found_by_its_path_and_by_either_id(fate, world):
    item = world.here.item("/a.txt")
    world.other.delete("/a.txt")
    world.other.sync()
    world.here.sync()
    for what in ("P/D/a.txt", item["id"], item["remote_id"]):
        assert fate(what) == "deleted on the platform", what
    with world.here.store.transaction("empty") as tx:
        empty(tx)
    assert fate("P/D/a.txt") == "deleted on the platform"


def test_what_moved_is_found_by_where_it_was(ok, world):
    world.here.move("/a.txt", "/to/b.txt")
    shown = ok("why", "P/D/a.txt").out
    assert "It was at P/D/a.txt before." in shown
    assert shown.startswith("item P/D/to/b.txt")


def test_what_is_in_conflict_names_it_and_what_is_below_waits(ok, fate, world):
    world.here.edit("/a.txt", x="here")
    world.other.edit("/a.txt", x="other")
    world.other.sync()
    world.here.sync()
    [conflict] = world.here.conflicts()
    assert fate("P/D/a.txt") == "conflict"
    assert conflict["id"] in ok("why", "P/D/a.txt").out


def test_what_is_in_something_unsent_or_refused_waits_for_that(fate, world):
    here = world.here
    with here.store.transaction("make") as tx:
        dataset = create_dataset(tx, tx.rows(K.PROJECT)[0], "E")
    ref = here.store.blobs.add_bytes(b"x")
    with here.store.transaction("add") as tx:
        add_item(tx, dataset, "/x.txt", ref)
    assert fate("P/E") == "unsent create"
    assert fate("P/E/x.txt") == "waits for parent"
    for job in here.journal.begin(here.journal.jobs(State.PENDING)):
        if job.kind is K.DATASET:
            here.journal.reject(job, "No.")
        else:
            here.journal.release([job])
    assert fate("P/E") == "refused"
    assert fate("P/E/x.txt") == "waits for parent"


def test_what_was_merged_by_a_pull_is_in_sync_and_its_facts_say_since_when(ok, world):
    world.here.edit("/a.txt", x=2)
    world.other.edit("/a.txt", y=2)
    world.other.sync()
    world.here.sync()
    found = ok("why", "P/D/a.txt", "--json").json
    assert found["fate"] == "in sync"
    assert any("last changed there" in fact["text"] for fact in found["facts"])


def test_what_was_left_is_not_looked_at_and_says_so(ok, world):
    dataset = world.here.dataset()
    world.here.journal.leave(dataset["project_id"], dataset["id"])
    for what in ("P/D/a.txt", "P/D"):
        assert "do not look at it any more" in ok("why", what, "--json").json["verdict"], what


def test_content_that_is_only_there_is_told(ok, world):
    digest = world.other.item("/a.txt")["digest"]
    world.here.store.blobs.path(digest).unlink()
    assert "on the platform only" in ok("why", "P/D/a.txt", "--json").json["verdict"]


def test_what_nobody_knows_is_told(run, world):
    for what in ("P/D/none.txt", "P/X", "X", "X/Y/z.txt", "0" * 24):
        ran = run("why", what)
        assert ran.code == 3
        assert "Nothing is known of" in ran.err


def describe_there(world):
    world.platform.edit(K.ITEM, world.platform.at("/a.txt").id, description="new")


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (
            lambda world: world.platform.edit(K.ITEM, world.platform.at("/a.txt").id, description="new"),
            "takes description",
        ),
        (lambda world: world.other.delete("/a.txt"), "deletes it here"),
        (lambda world: None, "nothing to send"),
        (lambda world: world.here.edit("/a.txt", x=5), "sends metadata.user.x"),
    ],
)
def test_what_it_says_after_asking_is_what_the_next_sync_does(world, edit, what):
    edit(world)
    world.other.sync()
    before = world.here.dump()
    assert what in told(world.here, "P/D/a.txt").verdict
    assert world.here.dump() == before
    report = world.here.sync()
    assert (report.deleted_here.get("item", 0), report.pushed.get("item", 0)) == (
        int("deletes" in what),
        int("sends" in what),
    )


def test_what_is_new_here_is_asked_for_by_its_path(world):
    world.here.add("/n.txt", b"mine")
    world.other.add("/n.txt", b"theirs")
    world.other.sync()
    assert "keeps both" in told(world.here, "P/D/n.txt").verdict


def test_the_platform_is_asked_over_the_wire_and_being_offline_is_told(run, ok, fruit, tmp_path, monkeypatch):
    with running_hub(tmp_path / "hub", {"ann@example.test": "pw"}) as hub:
        monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
        ok("login", "--gate", hub.gate, "--email", "ann@example.test")
        ok("sync")
        facts = ok("why", "Fruit/Apples/photos/a.txt", "--ask", "--json").json["facts"]
        assert any("was asked now, and has changed nothing since" in fact["text"] for fact in facts)
    monkeypatch.setattr("localloop.fetching.PATIENCE", 0.0)
    ran = run("why", "Fruit/Apples/photos/a.txt", "--ask")
    assert ran.code == TransientError.exit_code
    with Store.open(fruit) as store:
        assert store.settings()["account"] == "ann@example.test"
