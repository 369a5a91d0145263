"""Deciding conflicts: several at once, by what they are about, for good or only to see what it would come to."""

from __future__ import annotations

import pytest

from localloop.errors import BadRequest, NotFound, StoreError
from localloop.store.annotations import update_annotation
from localloop.store.conflicts import Choice, Wish, list_conflicts, resolve_conflicts
from localloop_schema.kinds import EntityKind as K
from tests.integration.sync.harness import rested


@pytest.fixture
def several(pair):
    """Laptop b has conflicts about two fields of one item, an item that a deleted, and one that b deleted."""
    for path in ("/b.txt", "/c.txt"):
        pair.a.add(path, path.encode(), x=1)
    rested(pair.a, pair.b)
    pair.a.edit("/a.txt", x="a", y="a")
    pair.a.delete("/b.txt")
    pair.a.edit("/c.txt", x="a")
    pair.b.edit("/a.txt", x="b", y="b")
    pair.b.edit("/b.txt", x="b")
    pair.b.delete("/c.txt")
    pair.a.sync()
    pair.b.sync()
    assert len(pair.b.conflicts()) == 4
    return pair


def about(laptop, sort, path=()):
    [row] = [one for one in laptop.conflicts() if one["sort"] == sort and tuple(one["path"]) == path]
    return row


def deletions(laptop):
    return [row for row in laptop.conflicts() if not row["path"]]


def test_one_call_decides_all_fields_and_says_what_the_next_sync_does(several):
    rows = [row for row in several.b.conflicts() if row["path"]]
    decided, failures = resolve_conflicts(several.b.store, rows, Wish.MINE)
    assert ([one.choice for one in decided], failures) == ([Choice.MINE, Choice.MINE], [])
    assert {one.then for one in decided} == {"The next sync sends it."}
    assert len({one["batch"] for one in several.b.unsent() if one["state"] == "pending"}) == 1
    several.b.sync()
    assert several.platform.at("/a.txt").document["metadata"]["user"] == {"x": "b", "y": "b"}


@pytest.mark.parametrize(
    ("wish", "paths", "told"),
    [
        (
            Wish.RESTORE,
            ["/a.txt", "/b.txt", "/c.txt"],
            {
                "The next sync makes it anew on the platform.",
                "There is nothing to send: it is here as the platform has it.",
            },
        ),
        (
            Wish.ACCEPT,
            ["/a.txt"],
            {"It is deleted here too.", "The next sync deletes it on the platform."},
        ),
    ],
)
def test_restoring_and_accepting_mean_the_same_whoever_deleted(several, wish, paths, told):
    decided, _ = resolve_conflicts(several.b.store, deletions(several.b), wish)
    assert {one.then for one in decided} == told
    resolve_conflicts(several.b.store, several.b.conflicts(), Wish.THEIRS)
    rested(several.b, several.a)
    assert several.platform.paths() == several.a.paths() == paths


def test_a_rehearsal_says_the_same_and_changes_nothing(several):
    before = several.b.dump()
    rehearsed, _ = resolve_conflicts(several.b.store, several.b.conflicts(), Wish.THEIRS, dry_run=True)
    assert several.b.dump() == before
    decided, _ = resolve_conflicts(several.b.store, several.b.conflicts(), Wish.THEIRS)
    assert [(one.choice, one.then) for one in rehearsed] == [(one.choice, one.then) for one in decided]


@pytest.mark.parametrize(("wish", "value"), [(Wish.RESTORE, None), (Wish.ACCEPT, None), (Wish.VALUE, 1)])
def test_a_wish_that_makes_no_sense_for_one_of_them_decides_none(several, wish, value):
    before = several.b.dump()
    with pytest.raises(BadRequest, match=r"is about a (field|deletion)"):
        resolve_conflicts(several.b.store, several.b.conflicts(), wish, value)
    assert several.b.dump() == before


def test_what_is_resolved_already_is_not_decided_again(several):
    row = about(several.b, "field", ("metadata", "user", "x"))
    resolve_conflicts(several.b.store, [row], Wish.MINE)
    with pytest.raises(NotFound, match="resolved already"):
        resolve_conflicts(several.b.store, [row], Wish.THEIRS)


def test_conflicts_are_found_by_dataset_kind_and_field(several):
    store, dataset = several.b.store, several.b.dataset()["id"]
    assert len(list_conflicts(store, dataset_id=dataset)) == 4
    assert list_conflicts(store, dataset_id="another") == []
    assert len(list_conflicts(store, kind=K.ITEM)) == 4
    assert list_conflicts(store, kind=K.TASK) == []
    [row] = list_conflicts(store, field="metadata.*.x")
    assert row["path"] == ["metadata", "user", "x"]
    resolve_conflicts(store, deletions(several.b), Wish.ACCEPT)
    several.b.sync()
    assert len(list_conflicts(store, state=None, dataset_id=dataset)) == 4  # also of what is gone


def test_an_item_without_content_stops_no_other_where_that_is_asked_for(several, tmp_path):
    [row] = several.b.store.rows(K.ITEM, filename="/b.txt")
    with several.b.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM blobs WHERE digest = ?", (row["digest"],))
    with pytest.raises(StoreError, match="content is not here"):
        resolve_conflicts(several.b.store, deletions(several.b), Wish.RESTORE)
    assert len(several.b.conflicts()) == 4
    decided, failures = resolve_conflicts(several.b.store, deletions(several.b), Wish.RESTORE, lenient=True)
    assert (len(decided), len(failures), len(several.b.conflicts())) == (1, 1, 3)


def test_a_third_value_has_to_be_of_the_fields_sort(pair):
    pair.a.move("/a.txt", "/to/a.txt")
    pair.b.move("/a.txt", "/to/b.txt")
    pair.a.sync()
    pair.b.sync()
    row = pair.b.conflict()
    with pytest.raises(BadRequest, match="filename has to be a text, not 7"):
        resolve_conflicts(pair.b.store, [row], Wish.VALUE, 7)
    resolve_conflicts(pair.b.store, [row], Wish.VALUE, "to//c.txt")
    rested(pair.b, pair.a)
    assert pair.a.paths() == ["/to/c.txt"]


def test_a_path_that_is_taken_here_is_not_chosen(pair):
    pair.a.move("/a.txt", "/to/a.txt")
    pair.b.move("/a.txt", "/to/b.txt")
    pair.a.sync()
    pair.b.sync()
    pair.b.add("/to/a.txt", b"another")
    with pytest.raises(StoreError, match=r"Something else is at '/to/a\.txt'"):
        resolve_conflicts(pair.b.store, pair.b.conflicts(), Wish.THEIRS)
    pair.b.sound()
    assert pair.b.paths() == ["/to/a.txt", "/to/b.txt"]


def test_what_was_deleted_here_below_an_item_that_is_made_anew_deletes_nothing_of_others(pair):
    """The annotation that another store makes anew as well has the same key, and a value that nobody deleted."""
    [cat] = pair.b.store.rows(K.ANNOTATION, label="cat")
    with pair.b.store.transaction("erase") as tx:
        tx.delete(K.ANNOTATION, tx.row(K.ANNOTATION, cat["id"]))
    pair.b.edit("/a.txt", x="b")
    [cat] = pair.a.store.rows(K.ANNOTATION, label="cat")
    with pair.a.store.transaction("edit") as tx:
        update_annotation(tx, tx.row(K.ANNOTATION, cat["id"]), {"label": "lion"})
    pair.platform.remove(K.ITEM, pair.platform.at("/a.txt").id)
    pair.a.sync()
    pair.b.sync()
    resolve_conflicts(pair.a.store, pair.a.conflicts(), Wish.MINE)
    resolve_conflicts(pair.b.store, pair.b.conflicts(), Wish.MINE)
    pair.b.sync()
    pair.a.sync()
    pair.a.resolve(Choice.THEIRS)
    rested(pair.a, pair.b)
    assert pair.platform.labels() == ["dog", "lion"]
