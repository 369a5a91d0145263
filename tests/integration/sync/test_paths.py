"""Items that want the same path, and content that two people replaced."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop.store.conflicts import Choice
from localloop.store.items import make_directory
from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import PermanentError
from tests.integration.sync.harness import Laptop, Platform, agree
from tests.sim.world import VirtualClock


def test_the_same_bytes_at_the_same_path_are_one_item_with_the_metadata_of_both(pair):
    pair.a.add("/n.txt", b"same", mine=1)
    pair.b.add("/n.txt", b"same", theirs=2)
    agree(pair.a, pair.b)
    assert pair.platform.paths() == ["/a.txt", "/n.txt"]
    assert pair.a.user("/n.txt") == pair.b.user("/n.txt") == {"mine": 1, "theirs": 2}


@pytest.mark.parametrize("theirs", [b"other", b"longer than that"])
def test_other_bytes_at_the_same_path_are_kept_both(pair, theirs):
    pair.a.add("/dir/n.txt", theirs)
    pair.b.add("/dir/n.txt", b"three", made="b")
    agree(pair.a, pair.b)
    copy = "/dir/n (conflict 2026-01-01 b).txt"
    assert pair.platform.paths() == pair.a.paths() == ["/a.txt", copy, "/dir/n.txt"]
    assert (pair.a.bytes("/dir/n.txt"), pair.a.bytes(copy)) == (theirs, b"three")
    assert pair.a.user(copy) == {"made": "b"}
    assert pair.b.conflicts() == []
    [row] = pair.b.conflicts("resolved")
    assert row["resolution"].startswith("kept both")


@pytest.mark.parametrize("data", [b"same!", b"other"])
def test_a_platform_that_keeps_no_digests_is_asked_for_the_bytes(tmp_path, data):
    platform = Platform(VirtualClock(), keeps_marks=False)
    a, b = Laptop(tmp_path, "a", platform), Laptop(tmp_path, "b", platform)
    a.found()
    a.sync()
    b.clone()
    a.add("/n.txt", b"same!")
    a.sync()
    b.add("/n.txt", data)
    agree(b, a)
    assert len(platform.paths()) == (1 if data == b"same!" else 2)
    a.store.close()
    b.store.close()


def test_content_replaced_on_both_sides_is_kept_both(pair):
    pair.a.put("/a.txt", b"a's")
    pair.b.put("/a.txt", b"b's")
    pair.b.edit("/a.txt", x=2)
    agree(pair.a, pair.b)
    copy = "/a (conflict 2026-01-01 b).txt"
    assert pair.platform.paths() == [copy, "/a.txt"]
    assert (pair.a.bytes("/a.txt"), pair.a.bytes(copy)) == (b"a's", b"b's")
    assert pair.a.labels() == ["cat", "dog"]


def test_the_same_content_put_on_both_sides_is_agreement(pair):
    pair.a.put("/a.txt", b"new")
    pair.b.put("/a.txt", b"new")
    agree(pair.a, pair.b)
    assert pair.platform.paths() == ["/a.txt"]
    assert pair.b.conflicts(None) == []


def test_content_replaced_on_one_side_and_metadata_edited_on_the_other_merge(pair):
    pair.a.put("/a.txt", b"a's longer")
    pair.b.edit("/a.txt", x=2)
    agree(pair.a, pair.b)
    assert pair.b.bytes("/a.txt") == b"a's longer"
    assert pair.a.user("/a.txt")["x"] == 2
    assert pair.b.conflicts(None) == []


@pytest.mark.parametrize("choice", [Choice.MINE, Choice.THEIRS])
def test_moved_on_both_sides_is_a_conflict_on_the_filename(pair, choice):
    pair.a.move("/a.txt", "/to a.txt")
    pair.b.move("/a.txt", "/to b.txt")
    pair.a.sync()
    pair.b.sync()
    row = pair.b.conflict()
    assert row["path"] == ["filename"]
    assert row["values"] == {"base": "/a.txt", "mine": "/to b.txt", "theirs": "/to a.txt"}
    pair.b.resolve(choice)
    agree(pair.b, pair.a)
    assert pair.platform.paths() == ["/to b.txt" if choice is Choice.MINE else "/to a.txt"]


def test_a_move_and_an_edit_merge(pair):
    pair.a.move("/a.txt", "/moved.txt")
    pair.b.edit("/a.txt", x=2)
    agree(pair.a, pair.b)
    assert pair.b.user("/moved.txt") == {"x": 2, "y": 1}


def test_a_file_deleted_and_added_anew_keeps_its_path(pair):
    pair.a.delete("/a.txt")
    pair.a.add("/a.txt", b"second")
    agree(pair.a, pair.b)
    assert pair.platform.paths() == ["/a.txt"]
    assert pair.b.bytes("/a.txt") == b"second"
    assert pair.a.conflicts(None) == []


def test_a_new_file_takes_the_path_that_an_older_one_was_moved_from(pair):
    pair.a.move("/a.txt", "/old.txt")
    pair.a.add("/a.txt", b"second")
    agree(pair.a, pair.b)
    assert pair.platform.paths() == ["/a.txt", "/old.txt"]
    assert (pair.b.bytes("/old.txt"), pair.b.bytes("/a.txt")) == (b"first", b"second")


def test_a_new_file_gives_way_to_one_whose_deletion_has_to_wait(pair):
    pair.a.edit("/a.txt", x=2)
    pair.a.sync()
    pair.b.delete("/a.txt")
    pair.b.add("/a.txt", b"second")
    pair.b.sync()
    pair.b.resolve(Choice.THEIRS)
    agree(pair.b, pair.a)
    assert pair.a.bytes("/a.txt") == b"first"
    assert sorted(map(pair.a.bytes, pair.a.paths())) == [b"first", b"second"]


def strict(platform):
    """A hook for a platform that refuses a path that is taken, as a hub does."""

    def before(method, *args):
        if method == "update" and args[0] is K.ITEM:
            _, entity_id, document, _ = args
            for one in platform.entities[K.ITEM].values():
                if one.document["filename"] == document["filename"] and one.id != entity_id:
                    raise PermanentError("Something is there already.", status=409)

    return before


def test_two_files_that_swapped_their_paths_arrive_swapped(pair):
    pair.a.add("/b.txt", b"second")
    agree(pair.a, pair.b)
    pair.a.move("/a.txt", "/tmp.txt")
    pair.a.move("/b.txt", "/a.txt")
    pair.a.move("/tmp.txt", "/b.txt")
    pair.a.listen(strict(pair.platform))
    assert pair.a.sync().rejected == []
    agree(pair.a, pair.b)
    assert (pair.b.bytes("/a.txt"), pair.b.bytes("/b.txt")) == (b"second", b"first")
    assert pair.platform.paths() == ["/a.txt", "/b.txt"]
    assert pair.a.conflicts(None) == pair.b.conflicts(None) == []


def test_files_that_were_swapped_here_and_edited_there_stay_swapped(pair):
    pair.a.add("/b.txt", b"second")
    agree(pair.a, pair.b)
    pair.a.move("/a.txt", "/tmp.txt")
    pair.a.move("/b.txt", "/a.txt")
    pair.a.move("/tmp.txt", "/b.txt")
    pair.b.edit("/a.txt", x="edited")
    pair.b.sync()
    agree(pair.a, pair.b)
    assert pair.b.user("/b.txt")["x"] == "edited"
    assert pair.a.conflicts(None) == []
    assert pair.platform.paths() == ["/a.txt", "/b.txt"]


def test_files_that_moved_up_one_after_the_other_do_not_collide(pair):
    names = [f"/{number}.txt" for number in range(1, 5)]
    for name in names:
        pair.a.add(name, name.encode())
    agree(pair.a, pair.b)
    for name, to in reversed(list(zip(names, [*names[1:], "/5.txt"], strict=True))):
        pair.a.move(name, to)
    pair.a.edit("/2.txt", x=1)
    pair.a.listen(strict(pair.platform))
    assert pair.a.sync().rejected == []
    agree(pair.a, pair.b)
    assert pair.b.bytes("/5.txt") == b"/4.txt"
    assert "/1.txt" not in pair.b.paths()


def test_a_path_that_was_freed_and_taken_in_one_go_is_free_in_time(pair):
    pair.a.add("/b.txt", b"second")
    agree(pair.a, pair.b)
    pair.a.delete("/a.txt")
    pair.a.move("/b.txt", "/a.txt")
    pair.a.add("/b.txt", b"third")
    pair.a.listen(strict(pair.platform))
    assert pair.a.sync().rejected == []
    agree(pair.a, pair.b)
    assert (pair.b.bytes("/a.txt"), pair.b.bytes("/b.txt")) == (b"second", b"third")


def test_an_item_moved_there_to_where_a_new_one_is_here_leaves_both(pair):
    pair.a.move("/a.txt", "/n.txt")
    pair.b.add("/n.txt", b"b's")
    agree(pair.a, pair.b)
    assert pair.platform.paths() == ["/n (conflict 2026-01-01 b).txt", "/n.txt"]
    assert pair.a.bytes("/n.txt") == b"first"


def test_directories_at_one_path_are_one(pair):
    for laptop in (pair.a, pair.b):
        with laptop.store.transaction("mkdir") as tx:
            make_directory(tx, tx.row(K.DATASET, laptop.dataset()["id"]), "/dir")
    agree(pair.a, pair.b)
    assert pair.platform.paths() == ["/a.txt", "/dir"]


def test_nobody_moves_to_where_an_item_stays_whose_move_waits_for_a_person(pair):
    pair.b.add("/b.txt")
    agree(pair.b, pair.a)
    pair.a.move("/a.txt", "/p.txt")
    pair.a.sync()
    pair.b.move("/a.txt", "/q.txt")
    pair.b.move("/b.txt", "/p.txt")
    pair.b.sync()
    assert pair.b.conflict()["path"] == ["filename"]
    assert pair.platform.paths() == ["/b.txt", "/p.txt"]
    pair.b.resolve(Choice.MINE)
    agree(pair.b, pair.a)
    assert pair.platform.paths() == ["/p.txt", "/q.txt"]


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "moved"])
def test_nobody_moves_to_where_an_item_stays_that_was_refused_to_go(pair, gone):
    pair.b.add("/b.txt", b"b's")
    agree(pair.b, pair.a)
    stays = pair.platform.at("/a.txt").id

    def before(method, *args):
        if method in ("update", "delete") and stays in args:
            raise PermanentError("That is not yours.", status=403)

    pair.b.listen(before)
    if gone:
        pair.b.delete("/a.txt")
    else:
        pair.b.move("/a.txt", "/q.txt")
    assert len(pair.b.sync().rejected) == 1
    pair.b.move("/b.txt", "/a.txt")
    for _ in range(2):
        pair.b.sync()
        assert pair.platform.paths() == ["/a.txt", "/b.txt"]
    pair.b.listen()
    pair.platform.clock.moment += timedelta(hours=2)
    agree(pair.b, pair.a)
    assert pair.platform.paths() == (["/a.txt"] if gone else ["/a.txt", "/q.txt"])
    assert pair.a.bytes("/a.txt") == b"b's"


def test_a_move_looks_first_whether_somebody_came_to_its_path_since_the_pull(pair):
    pair.b.add("/b.txt", b"b's")
    agree(pair.b, pair.a)
    other = pair.platform.at("/b.txt").id
    pair.b.move("/a.txt", "/p.txt")

    def before(method, *args):
        if method == "find" and args[0] is K.ITEM:
            pair.platform.edit(K.ITEM, other, filename="/p.txt")

    pair.b.listen(before)
    pair.b.sync()
    pair.b.listen()
    agree(pair.b, pair.a)
    assert pair.platform.paths() == ["/p (conflict 2026-01-01 b).txt", "/p.txt"]
    assert pair.platform.at("/p.txt").id == other
