"""A folder and a dataset that follow each other."""

from __future__ import annotations

import shutil

import pytest

from localloop.errors import NotFound
from localloop.watch.folder import MARKER
from localloop.watch.memory import FILE
from localloop_schema.kinds import EntityKind as K
from tests.integration.watch.mirror import Pair


@pytest.fixture
def pair(tmp_path):
    pair = Pair(tmp_path)
    yield pair
    pair.close()
    pair.store.close()


def agree(pair, want=None):
    assert pair.files() == pair.items()
    if want is not None:
        assert pair.files() == want


def test_what_is_new_on_one_side_comes_to_the_other(pair):
    pair.write("here/a.txt", "A")
    pair.add("there/ä b.txt", "B")
    pair.add("empty", "")
    look = pair.look()
    assert (look.added, look.written) == (1, 2)
    agree(pair, {"here/a.txt": "A", "there/ä b.txt": "B", "empty": ""})
    assert not pair.settle().anything


def test_own_writes_do_not_come_back(pair):
    pair.add("a.txt", "A")
    pair.settle()
    before = pair.store.settings(), len(pair.store.rows(K.ITEM))
    pair.close()
    pair.open()
    look = pair.look()
    assert (look.added, look.replaced, look.written, look.problems) == (0, 0, 0, {})
    assert (pair.store.settings(), len(pair.store.rows(K.ITEM))) == before


def test_content_and_moves_follow_in_both_directions(pair):
    for name in ("a", "b", "c", "d"):
        pair.write(f"{name}.txt", name)
    pair.settle()
    pair.write("a.txt", "a2")
    pair.add("b.txt", "b2")
    (pair.root / "c.txt").rename(pair.root / "moved c.txt")
    pair.move("d.txt", "deep/er/d.txt")
    look = pair.look()
    assert (look.replaced, look.written, look.moved, look.arranged) == (1, 1, 1, 1)
    agree(pair, {"a.txt": "a2", "b.txt": "b2", "moved c.txt": "c", "deep/er/d.txt": "d"})


def test_deletions_follow_in_both_directions_and_can_be_taken_back(pair):
    for name in ("a", "b", "c"):
        pair.write(f"x/{name}.txt", name)
    pair.settle()
    (pair.root / "x/a.txt").unlink()
    pair.delete("x/b.txt")
    look = pair.look(0)
    assert (look.deleted, look.removed) == (0, 1)
    assert look.waiting == ["x/a.txt"]
    assert pair.look(6).deleted == 1
    agree(pair, {"x/c.txt": "c"})
    pair.delete("x/c.txt")
    pair.add("y.txt", "y")
    pair.settle()
    agree(pair, {"y.txt": "y"})
    assert not (pair.root / "x").exists()


def test_a_file_that_comes_back_in_time_deletes_nothing(pair):
    pair.write("a.txt", "A")
    pair.settle()
    (pair.root / "a.txt").rename(pair.root.parent / "away")
    pair.look(1)
    (pair.root.parent / "away").rename(pair.root / "a.txt")
    look = pair.settle()
    assert look.deleted == 0
    agree(pair, {"a.txt": "A"})


def test_both_contents_are_kept_when_both_sides_changed(pair):
    pair.write("x/a.txt", "A")
    pair.settle()
    pair.write("x/a.txt", "here")
    pair.add("x/a.txt", "there")
    look = pair.look()
    assert look.kept == {"x/a.txt": "x/a (conflict 2026-11-27 laptop).txt"}
    pair.settle()
    agree(pair, {"x/a.txt": "there", "x/a (conflict 2026-11-27 laptop).txt": "here"})


def test_the_same_change_on_both_sides_is_agreement(pair):
    pair.write("a.txt", "A")
    pair.settle()
    pair.write("a.txt", "B")
    pair.add("a.txt", "B")
    pair.settle()
    agree(pair, {"a.txt": "B"})


def test_two_files_of_one_name_are_both_kept(pair):
    pair.look()
    pair.write("a.txt", "here")
    pair.add("a.txt", "there")
    pair.settle()
    agree(pair, {"a.txt": "there", "a (conflict 2026-11-27 laptop).txt": "here"})


def test_an_edit_beats_a_deletion_on_either_side(pair):
    for name in ("a", "b"):
        pair.write(f"{name}.txt", name)
    pair.settle()
    (pair.root / "a.txt").unlink()
    pair.add("a.txt", "a2")
    pair.delete("b.txt")
    pair.write("b.txt", "b2")
    pair.settle()
    agree(pair, {"a.txt": "a2", "b.txt": "b2"})


def test_a_file_that_was_changed_goes_where_its_item_went(pair):
    pair.write("a.txt", "A")
    pair.settle()
    pair.write("a.txt", "A2")
    pair.move("a.txt", "b.txt")
    pair.settle()
    agree(pair, {"b.txt": "A2"})
    assert len(pair.store.rows(K.ITEM, type="file")) == 1


def test_items_that_change_places_do_so_in_the_folder(pair):
    for name in ("a", "b"):
        pair.write(f"{name}.txt", name)
    pair.settle()
    pair.move("a.txt", "c.txt")
    pair.move("b.txt", "a.txt")
    pair.move("c.txt", "b.txt")
    pair.settle()
    agree(pair, {"a.txt": "b", "b.txt": "a"})
    assert len(pair.store.rows(K.ITEM, type="file")) == 2


@pytest.mark.parametrize("side", ["files", "items"])
def test_more_than_a_tenth_goes_only_when_somebody_says_so(pair, side):
    for number in range(100):
        pair.write(f"{number}.txt", str(number))
    pair.settle()
    for number in range(30):
        if side == "files":
            (pair.root / f"{number}.txt").unlink()
        else:
            pair.delete(f"{number}.txt")
    pair.write("new.txt", "new")
    pair.look()
    look = pair.look()
    assert look.halt is not None
    assert "30 of 1" in look.halt.message
    assert len(look.halt.entities) == 30
    assert (look.deleted, look.removed) == (0, 0)
    assert (len(pair.files()), len(pair.items())) == ((71, 101) if side == "files" else (101, 71))
    assert "new.txt" in pair.items()
    pair.look(10_000)
    assert (len(pair.files()), len(pair.items())) == ((71, 101) if side == "files" else (101, 71))
    pair.close()
    pair.open(allow_deletions=True)
    pair.settle()
    agree(pair)
    assert len(pair.files()) == 71


def test_a_folder_that_is_emptied_deletes_nothing(pair):
    for number in range(3):
        pair.write(f"{number}.txt", str(number))
    pair.settle()
    for path in pair.root.glob("*.txt"):
        path.unlink()
    pair.look()
    assert pair.look().halt is not None
    assert len(pair.items()) == 3


def test_the_place_of_a_disk_that_is_not_mounted_is_not_the_folder(pair):
    pair.write("a.txt", "A")
    pair.settle()
    pair.root.rename(pair.root.parent / "mounted")
    with pytest.raises(NotFound, match="not there"):
        pair.look()
    pair.root.mkdir()
    with pytest.raises(NotFound, match=MARKER):
        pair.look(1000)
    assert pair.items() == {"a.txt": "A"}
    pair.root.rmdir()
    (pair.root.parent / "mounted").rename(pair.root)
    pair.settle()
    agree(pair, {"a.txt": "A"})


def test_without_the_memory_nothing_is_deleted(pair):
    for name in ("a", "b"):
        pair.write(f"{name}.txt", name)
    pair.settle()
    pair.close()
    for path in pair.store.path.glob(f"{FILE}*"):
        path.unlink()
    (pair.root / "a.txt").unlink()
    pair.delete("b.txt")
    pair.open()
    pair.settle()
    agree(pair, {"a.txt": "a", "b.txt": "b"})


def test_a_dataset_that_is_deleted_leaves_the_folder_alone(pair):
    pair.write("a.txt", "A")
    pair.settle()
    with pair.store.transaction("delete") as tx:
        tx.delete(K.DATASET, tx.row(K.DATASET, pair.dataset))
    with pytest.raises(NotFound, match="dataset is deleted"):
        pair.look()
    assert pair.files() == {"a.txt": "A"}


def test_content_that_is_not_here_is_asked_for_and_told(pair):
    pair.add("a.txt", "A")
    [row] = pair.store.rows(K.ITEM, type="file")
    pair.store.blobs.remove(row["digest"])
    look = pair.look()
    assert pair.fetched == [row["id"]]
    assert look.problems == {"a.txt": "Its content is not here yet."}
    pair.write("a.txt", "mine")  # meanwhile
    pair.look()
    pair.store.blobs.add_bytes(b"A")
    pair.settle()
    assert pair.files() == {"a.txt": "A", "a (conflict 2026-11-27 laptop).txt": "mine"}
    agree(pair)


def test_names_that_cannot_be_are_told_and_nothing_leaves_the_folder(pair, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    pair.look()
    (pair.root / "link").symlink_to(outside)
    (pair.root / "file").write_text("F")
    pair.add("link/a.txt", "A")
    pair.add("file/b.txt", "B")
    pair.add(".hidden", "C")
    pair.add("d.tmp", "D")
    pair.add("e" * 300, "E")
    look = pair.look()
    assert {path: bool(reason) for path, reason in look.problems.items()} == dict.fromkeys(
        ["link/a.txt", "file/b.txt", ".hidden", "d.tmp", "e" * 300], True
    )
    assert list(outside.iterdir()) == []
    assert len(pair.items()) == 6


def test_a_look_at_one_folder_follows_what_changed_in_the_dataset(pair):
    pair.write("a.txt", "A")
    pair.settle()
    assert not pair.mirror.stirred
    pair.add("b.txt", "B")
    assert pair.mirror.stirred
    assert pair.look(**{"": False}).written == 1
    pair.look(**{"": False})
    assert not pair.mirror.stirred


def test_a_whole_folder_that_is_deleted_deletes_its_items(pair):
    for number in range(3):
        pair.write(f"x/y/{number}.txt", str(number))
        pair.write(f"z{number}.txt", str(number))
    pair.settle()
    shutil.rmtree(pair.root / "x")
    pair.settle()
    agree(pair)
    assert len(pair.items()) == 3
