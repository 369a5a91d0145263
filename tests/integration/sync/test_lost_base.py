"""A store that lost what both sides agreed on, in part or wholly: everything is new on both sides then."""

from __future__ import annotations

import shutil

import pytest

from localloop.store.annotations import update_annotation
from localloop.store.conflicts import Choice, resolve_conflict
from localloop.store.fsck import check
from localloop.store.labels import upsert_labels
from localloop.store.recipes import ontology_of
from localloop.store.tasks import create_task
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind as K
from localloop_schema.session import DATABASE, writing
from localloop_sync.errors import OfflineError, PermanentError
from tests.integration.sync.harness import WRITES, Laptop, agree, platform_picture

#: On a platform that has to be asked, and on one that tells what changed; elsewhere the former is enough.
both_ways = pytest.mark.parametrize("platform", [False, True], ids=["plainly", "by feed"], indirect=True)


def lose(laptop, kind=None, dataset=None):
    """Lose the bases of a store: all, those of a kind."""
    where = "" if kind is None else f" WHERE kind = '{kind.value}'"
    with writing(laptop.store.engine) as connection:
        return connection.exec_driver_sql(f"DELETE FROM base_snapshots{where}").rowcount


def written(laptop):
    """How often the last sync wrote on the platform."""
    return sum(laptop.calls[method] for method in WRITES)


@pytest.fixture
def rich(pair):
    """The pair, with a task, a label and a second item, agreed on by all."""
    with pair.a.store.transaction("fill") as tx:
        dataset = tx.row(K.DATASET, pair.a.dataset()["id"])
        upsert_labels(tx, ontology_of(tx.connection, dataset), [{"tag": "cat", "color": "#010203"}])
    pair.a.add("/b.txt", b"second", x=1)
    pair.a.sync()
    with pair.a.store.transaction("give work") as tx:
        create_task(tx, tx.row(K.DATASET, pair.a.dataset()["id"]), "T", {}, assignee_ids=["ann@example.test"])
    agree(pair.a, pair.b)
    return pair


@both_ways
def test_a_store_without_bases_adopts_what_is_equal_and_writes_nothing(rich):
    before = rich.platform.entities
    counted = {kind: len(those) for kind, those in before.items()}
    lost = lose(rich.b)
    assert lost >= 10
    report = rich.b.sync(sound=False)
    assert written(rich.b) == 0
    assert (report.conflicts_new, report.rejected, report.deleted_here) == (0, [], {})
    assert {kind: len(those) for kind, those in rich.platform.entities.items()} == counted
    rich.b.sound()
    assert rich.b.conflicts(None) == []
    assert rich.b.sync().quiet
    agree(rich.b, rich.a)


def test_bases_of_one_kind_come_back(rich):
    for kind in K:
        assert lose(rich.b, kind) > 0
        rich.b.sync(sound=False)
        assert written(rich.b) == 0
        rich.b.sound()
        assert rich.b.sync().quiet


def test_what_differs_is_kept_on_both_sides_with_no_base(rich):
    rich.b.edit("/a.txt", x="here", mine=1)
    rich.a.edit("/a.txt", x="there", theirs=1)
    rich.a.sync()
    lose(rich.b)
    rich.b.sync(sound=False)
    rich.b.sound()
    assert rich.b.user("/a.txt") == {"x": "here", "y": 1, "mine": 1, "theirs": 1}
    row = rich.b.conflict()
    assert row["values"] == {"mine": "here", "theirs": "there"}
    assert rich.platform.at("/a.txt").document["metadata"]["user"] == {
        "x": "there",
        "y": 1,
        "mine": 1,
        "theirs": 1,
    }
    rich.b.resolve(Choice.MINE)
    agree(rich.b, rich.a)
    assert rich.a.user("/a.txt")["x"] == "here"


def test_an_edit_that_nobody_else_made_is_to_be_decided_too_since_nobody_knows_who_made_it(rich):
    rich.b.edit("/a.txt", x="here")
    lose(rich.b)
    rich.b.sync(sound=False)
    assert written(rich.b) == 0
    assert rich.b.conflict()["values"] == {"mine": "here", "theirs": 1}
    rich.b.resolve(Choice.THEIRS)
    agree(rich.b, rich.a)


def test_a_guess_of_what_the_platform_derives_is_none_where_both_sides_knew(rich):
    """Where a store founds something it guesses some values; in what was agreed on once they are somebody's."""
    with rich.b.store.transaction("edit") as tx:
        [task] = tx.rows(K.TASK)
        tx.update(K.TASK, task, {**to_document(K.TASK, task), "priority": 1, "status": "completed"})
    lose(rich.b)
    rich.b.sync(sound=False)
    assert {tuple(row["path"]) for row in rich.b.conflicts()} == {("priority",), ("status",)}
    [task] = rich.b.store.rows(K.TASK)
    assert (task["priority"], task["status"]) == (1, "completed")


def test_two_contents_are_kept_as_two_files(rich):
    rich.b.put("/a.txt", b"here")
    rich.a.put("/a.txt", b"there!")
    rich.a.sync()
    lose(rich.b)
    rich.b.sync(sound=False)
    rich.b.sound()
    agree(rich.b, rich.a)
    assert sorted(rich.a.bytes(path) for path in rich.a.paths()) == [b"here", b"second", b"there!"]
    assert rich.a.labels() == ["cat", "dog"]


def test_contents_of_one_size_are_compared_byte_by_byte(rich):
    rich.b.put("/a.txt", b"HERE!")
    rich.a.put("/a.txt", b"there")
    rich.a.sync()
    lose(rich.b)
    rich.b.sync(sound=False)
    agree(rich.b, rich.a)
    assert sorted(rich.a.bytes(path) for path in rich.a.paths()) == [b"HERE!", b"second", b"there"]


@both_ways
def test_what_the_platform_has_no_more_is_neither_deleted_nor_made_anew(rich):
    rich.a.delete("/a.txt")
    rich.a.sync()
    lose(rich.b)
    report = rich.b.sync(sound=False)
    assert written(rich.b) == 0
    assert report.deleted_here == {}
    rich.b.sound()
    assert rich.b.paths() == ["/a.txt", "/b.txt"]
    assert rich.platform.paths() == ["/b.txt"]
    rows = [row for row in rich.b.conflicts() if row["kind"] == "item"]
    assert [(row["sort"], "base" in row["values"]) for row in rows] == [("deleted on the platform", False)]
    rich.b.sync()
    assert written(rich.b) == 0
    for row in list(rich.b.conflicts()):
        if row["id"] in {one["id"] for one in rich.b.conflicts()}:
            resolve_conflict(rich.b.store, row["id"], Choice.MINE)
    agree(rich.b, rich.a)
    assert rich.a.bytes("/a.txt") == b"first"
    assert rich.a.labels() == ["cat", "dog"]


@pytest.mark.parametrize("before", [True, False], ids=["deleted, then lost", "lost, then deleted"])
def test_a_deletion_that_was_not_sent_waits_for_a_decision(rich, before):
    steps = [lambda: rich.b.delete("/a.txt"), lambda: lose(rich.b)]
    for step in steps if before else steps[::-1]:
        step()
    rich.b.sync(sound=False)
    assert written(rich.b) == 0
    rich.b.sound()
    assert rich.platform.paths() == ["/a.txt", "/b.txt"]
    [row] = [row for row in rich.b.conflicts() if row["kind"] == "item"]
    assert row["sort"] == "deleted here"
    for one in rich.b.conflicts():
        resolve_conflict(rich.b.store, one["id"], Choice.MINE)
    agree(rich.b, rich.a)
    assert rich.a.paths() == ["/b.txt"]


def test_a_deletion_on_both_sides_is_still_agreement(rich):
    rich.a.delete("/a.txt")
    rich.a.sync()
    rich.b.delete("/a.txt")
    lose(rich.b)
    rich.b.sync(sound=False)
    assert rich.b.conflicts() == []
    agree(rich.b, rich.a)


def test_a_whole_dataset_that_is_gone_is_one_conflict_and_nothing_is_deleted(rich):
    [dataset] = rich.platform.entities[K.DATASET]
    rich.platform.remove(K.DATASET, dataset)
    lose(rich.b)
    rich.b.sync(sound=False)
    assert rich.b.conflict()["kind"] == "dataset"
    assert rich.b.paths() == ["/a.txt", "/b.txt"]
    assert rich.b.labels() == ["cat", "dog"]
    assert written(rich.b) == 0


def test_new_things_are_sent_and_nothing_twice(rich):
    rich.b.add("/c.txt", b"third")
    rich.b.annotate("/a.txt", "new")
    lose(rich.b)
    rich.b.sync(sound=False)
    agree(rich.b, rich.a)
    assert rich.platform.paths() == ["/a.txt", "/b.txt", "/c.txt"]
    assert rich.platform.labels() == ["cat", "dog", "new"]


def test_a_pull_that_breaks_off_overwrites_nothing_and_is_gone_on_with(rich):
    for at in (2, 6, 9, 13):
        rich.b.edit("/a.txt", x=f"here {at}")
        rich.a.edit("/a.txt", y=f"there {at}")
        rich.a.sync()
        before = platform_picture(rich.platform)
        lose(rich.b)
        calls = 0

        def fail(*_, at=at):
            nonlocal calls
            calls += 1
            if calls >= at:
                raise OfflineError("The network is unreachable.")

        rich.b.listen(before=fail)
        with pytest.raises(OfflineError):
            rich.b.sync(sound=False)
        rich.b.listen()
        rich.b.sync(sound=False)
        rich.b.sound()
        assert platform_picture(rich.platform) == before
        values = [(row["path"][-1], row["values"]["mine"]) for row in rich.b.conflicts()]
        assert ("x", f"here {at}") in values
        for row in rich.b.conflicts():
            resolve_conflict(
                rich.b.store, row["id"], Choice.MINE if row["path"][-1] == "x" else Choice.THEIRS
            )
        agree(rich.b, rich.a, rounds=1)
        assert rich.a.user("/a.txt") == {"x": f"here {at}", "y": f"there {at}"}


@both_ways
def test_what_was_lost_altogether_comes_again_since_the_pull_begins_at_the_beginning(rich):
    lose(rich.b, K.ITEM)
    with writing(rich.b.store.engine) as connection:
        connection.exec_driver_sql("DELETE FROM items WHERE filename = '/b.txt'")
    rich.b.sync(sound=False)
    assert written(rich.b) == 0
    rich.b.sound()
    assert rich.b.paths() == ["/a.txt", "/b.txt"]
    agree(rich.b, rich.a)


def test_what_may_not_be_looked_at_is_not_sent_either(rich):
    rich.b.edit("/a.txt", x="here")
    lose(rich.b)

    def refuse(method, *_):
        if method in ("get", "list", "page", "several"):
            raise PermanentError("You may not look.", status=403)

    rich.b.listen(before=refuse)
    assert rich.b.sync(sound=False).rejected != []
    assert written(rich.b) == 0
    rich.b.listen()
    rich.b.sync(sound=False)
    rich.b.sound()
    assert rich.b.conflict()["values"] == {"mine": "here", "theirs": 1}


def test_a_request_whose_answer_was_lost_is_settled_without_a_base(rich):
    rich.b.edit("/a.txt", x="sent")

    def fail(method, *_):
        if method == "update":
            raise OfflineError("The network is unreachable.")

    rich.b.listen(after=fail)
    with pytest.raises(OfflineError):
        rich.b.sync()
    rich.b.listen()
    lose(rich.b)
    rich.b.sync(sound=False)
    rich.b.sound()
    assert rich.b.conflicts() == []
    agree(rich.b, rich.a)
    assert rich.a.user("/a.txt")["x"] == "sent"


def test_annotations_merge_one_by_one(rich):
    for laptop, old, new in ((rich.b, "cat", "lynx"), (rich.a, "dog", "wolf")):
        with laptop.store.transaction("edit") as tx:
            [row] = tx.rows(K.ANNOTATION, label=old)
            update_annotation(tx, row, {"label": new})
    rich.a.sync()
    lose(rich.b, K.ANNOTATION)
    rich.b.sync(sound=False)
    assert rich.b.labels() == ["dog", "lynx"]
    assert sorted(row["values"]["theirs"] for row in rich.b.conflicts()) == ["cat", "wolf"]
    assert rich.platform.labels() == ["cat", "wolf"]


def test_fsck_names_the_state_and_the_next_sync_mends_it(rich):
    rich.b.edit("/a.txt", x="here")
    lose(rich.b, K.ITEM)
    [finding] = check(rich.b.store)
    assert (finding.check, finding.subject) == ("base", "items")
    assert "lost for 2 of them" in finding.message
    assert "The next sync compares each anew" in finding.message
    rich.b.sync(sound=False)
    assert check(rich.b.store) == []


def test_a_store_made_anew_from_the_files_adopts_what_is_there(rich, tmp_path):
    """store.db is gone: the files are added again, under the names that they had."""
    rich.b.store.close()
    shutil.rmtree(tmp_path / "b")
    anew = Laptop(tmp_path, "b", rich.platform)
    rich.b.store = anew.store
    anew.found()
    anew.add("/a.txt", b"first", x=1, y="new")
    anew.add("/b.txt", b"SECOND")
    anew.add("/c.txt", b"third")
    report = anew.sync()
    assert report.deleted_here == report.deleted_there == {}
    anew.sync()
    assert rich.platform.paths() == ["/a.txt", "/b (conflict 2026-01-01 b).txt", "/b.txt", "/c.txt"]
    assert len(rich.platform.entities[K.DATASET]) == len(rich.platform.entities[K.PROJECT]) == 1
    assert anew.conflict()["values"] == {"mine": "new", "theirs": 1}
    assert anew.labels() == ["cat", "dog"]
    anew.resolve(Choice.THEIRS)
    agree(anew, rich.a)
    assert {anew.bytes(path) for path in anew.paths()} == {b"first", b"second", b"SECOND", b"third"}
    assert not (tmp_path / "b" / DATABASE).samefile(tmp_path / "a" / DATABASE)
