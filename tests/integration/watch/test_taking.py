"""A folder is taken into a dataset: real files, a real store, and no events."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import pytest

from localloop.errors import NotFound
from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.items import put_content
from localloop.store.projects import create_project
from localloop.watch.ignoring import Ignored
from localloop.watch.memory import FILE, Memory
from localloop.watch.scanning import scan
from localloop.watch.settling import Settling
from localloop.watch.taking import Taker
from localloop_schema.kinds import EntityKind as K


class Rig:
    """A folder, a store, and a clock that is set by hand."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "camera"
        self.folder.mkdir()
        self.store = Store.create(place / "store")
        with self.store.transaction("begin") as tx:
            project = create_project(tx, "P")
            self.dataset = create_dataset(tx, project, "D")["id"]
        self.seconds = 0.0
        self.open()

    def open(self) -> None:
        """Begin to watch, as after a start of the machine."""
        self.memory = Memory(self.store.path, "camera")
        self.taker = Taker(
            self.store,
            self.dataset,
            self.folder,
            "/cam",
            Ignored(),
            self.memory,
            Settling(2.0),
            lambda: time.time() + self.seconds,
            lambda: self.seconds,
        )

    def look(self, after: float = 10.0, **places: bool):
        """Look, so many seconds later."""
        self.seconds += after
        return self.taker.look(places) if places else self.taker.look()

    def write(self, path: str, text: str) -> Path:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def items(self) -> dict[str, str]:
        """The contents of the dataset's files, by path."""
        return {
            row["filename"]: self.store.blobs.path(row["digest"]).read_text()
            for row in self.store.rows(K.ITEM, dataset_id=self.dataset, type="file")
        }

    def item(self, path: str):
        """One item."""
        [row] = self.store.rows(K.ITEM, dataset_id=self.dataset, filename=path)
        return row


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.memory.close()
    rig.store.close()


def test_files_become_items_once(rig):
    rig.write("a.txt", "A")
    rig.write("deep/er/ä b.txt", "B")
    rig.write("empty", "")
    look = rig.look()
    assert (look.added, look.bytes, look.problems) == (3, 2, {})
    assert rig.items() == {"/cam/a.txt": "A", "/cam/deep/er/ä b.txt": "B", "/cam/empty": ""}
    assert not rig.look().anything


def test_a_file_is_not_taken_before_it_is_left_alone(rig):
    file = rig.write("a.txt", "A")
    assert rig.look(0).waiting == ["a.txt"]
    with file.open("a") as writer:
        writer.write("B")
    assert rig.look(1.5).waiting == ["a.txt"]
    assert rig.look(1.0).waiting == ["a.txt"]
    assert rig.look(2.0).added == 1
    assert rig.items() == {"/cam/a.txt": "AB"}


def test_one_that_is_open_for_writing_waits_however_quiet_it_is(rig):
    file = rig.write("a.txt", "A")
    with file.open("a"):
        assert rig.look().waiting == ["a.txt"]
        assert rig.look().waiting == ["a.txt"]
    rig.look()
    assert rig.look().added + len(rig.items()) >= 1
    assert rig.items() == {"/cam/a.txt": "A"}


def test_new_content_is_new_content_of_the_same_item(rig):
    rig.write("a.txt", "A")
    rig.look()
    before = rig.item("/cam/a.txt")["id"]
    rig.write("a.txt", "AA")
    assert rig.look().replaced == 1
    assert rig.item("/cam/a.txt")["id"] == before
    assert rig.items() == {"/cam/a.txt": "AA"}


def test_an_editor_that_replaces_the_file_changes_the_item(rig):
    rig.write("a.txt", "A")
    rig.look()
    rig.write(".a.txt.swp", "draft")
    rig.write("a.txt.new", "BB").replace(rig.folder / "a.txt")
    look = rig.look()
    assert (look.added, look.replaced) == (0, 1)
    assert rig.items() == {"/cam/a.txt": "BB"}


def test_a_touched_file_is_read_again_and_is_nothing_new(rig):
    file = rig.write("a.txt", "A")
    rig.look()
    os.utime(file, (1, 1))
    assert not rig.look().anything
    assert not rig.look().anything


def test_a_renamed_folder_moves_its_items(rig):
    for number in range(300):
        rig.write(f"old/{number}.txt", str(number))
    rig.look()
    ids = {row["id"] for row in rig.store.rows(K.ITEM, type="file")}
    (rig.folder / "old").rename(rig.folder / "new")
    look = rig.look()
    assert (look.moved, look.added, look.gone) == (300, 0, 0)
    assert {row["id"] for row in rig.store.rows(K.ITEM, type="file")} == ids
    assert set(rig.items()) == {f"/cam/new/{number}.txt" for number in range(300)}


def test_a_move_is_seen_from_its_end_alone(rig):
    rig.write("one/a.txt", "A")
    (rig.folder / "two").mkdir()
    rig.look()
    (rig.folder / "one" / "a.txt").rename(rig.folder / "two" / "a.txt")
    look = rig.look(two=False)
    assert (look.moved, look.added) == (1, 0)
    assert rig.items() == {"/cam/two/a.txt": "A"}


def test_files_that_swapped_their_names_swap_their_contents(rig):
    a, b = rig.write("a.txt", "A"), rig.write("b.txt", "B")
    rig.look()
    a.rename(rig.folder / "c.txt")
    b.rename(a)
    (rig.folder / "c.txt").rename(b)
    rig.look()
    rig.look()
    assert rig.items() == {"/cam/a.txt": "B", "/cam/b.txt": "A"}


def test_a_chain_of_renames_is_followed(rig):
    for name in "abc":
        rig.write(name, name)
    rig.look()
    for old, new in (("c", "d"), ("b", "c"), ("a", "b")):
        (rig.folder / old).rename(rig.folder / new)
    assert rig.look().moved == 3
    assert rig.items() == {"/cam/b": "a", "/cam/c": "b", "/cam/d": "c"}


def test_a_file_that_vanishes_deletes_nothing(rig):
    file = rig.write("a.txt", "A")
    rig.look()
    file.unlink()
    assert rig.look().gone == 1
    assert rig.look().gone == 0
    assert rig.items() == {"/cam/a.txt": "A"}
    rig.look(1000)
    assert rig.memory.load() == {}
    rig.write("a.txt", "A")
    assert not rig.look().anything


def test_a_root_that_is_not_there_is_an_error_and_changes_nothing(rig):
    rig.write("a.txt", "A")
    rig.look()
    rig.folder.rename(rig.folder.with_name("elsewhere"))
    with pytest.raises(NotFound, match="not there"):
        rig.look()
    rig.folder.with_name("elsewhere").rename(rig.folder)
    assert not rig.look().anything
    assert rig.items() == {"/cam/a.txt": "A"}


def test_what_happened_while_nobody_watched_is_seen_at_the_start(rig):
    rig.write("a.txt", "A")
    rig.write("b.txt", "B")
    rig.look()
    rig.memory.close()
    (rig.folder / "a.txt").rename(rig.folder / "c.txt")
    rig.write("b.txt", "BB")
    rig.write("d.txt", "D")
    rig.open()
    look = rig.look()
    assert (look.added, look.replaced, look.moved) == (1, 1, 1)
    assert rig.items() == {"/cam/b.txt": "BB", "/cam/c.txt": "A", "/cam/d.txt": "D"}


@pytest.mark.parametrize("damage", [b"no database", b""])
def test_without_its_memory_nothing_is_taken_twice(rig, damage):
    rig.write("a.txt", "A")
    rig.look()
    rig.memory.close()
    for path in rig.store.path.glob(f"{FILE}*"):
        path.unlink()
    (rig.store.path / FILE).write_bytes(damage)
    before = rig.store.settings()
    rig.open()
    assert not rig.look().anything
    assert rig.items() == {"/cam/a.txt": "A"}
    assert rig.store.settings() == before


def test_other_content_that_somebody_gave_the_item_stands(rig):
    rig.write("a.txt", "A")
    rig.look()
    other = rig.store.blobs.add_bytes(b"theirs")
    with rig.store.transaction("elsewhere") as tx:
        put_content(tx, rig.item("/cam/a.txt"), other)
    assert not rig.look().anything
    rig.write("a.txt", "mine")
    look = rig.look()
    assert "other content" in look.problems["a.txt"]
    assert rig.items() == {"/cam/a.txt": "theirs"}


def test_an_item_that_was_deleted_stays_so_until_its_file_changes(rig):
    rig.write("a.txt", "A")
    rig.look()
    with rig.store.transaction("delete") as tx:
        tx.delete(K.ITEM, rig.item("/cam/a.txt"))
    assert not rig.look().anything
    rig.write("a.txt", "AA")
    assert rig.look().added == 1


def test_a_folder_that_may_not_be_read_is_a_problem_and_nothing_in_it_is_gone(rig, monkeypatch):
    rig.write("shut/a.txt", "A")
    rig.write("b.txt", "B")
    rig.look()
    scandir = os.scandir

    def shut(path):
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", shut)
    look = rig.look()
    assert (look.problems, look.gone) == ({"shut": "Permission denied"}, 0)


def test_links_to_folders_are_not_followed(rig, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.txt").write_text("x")
    (rig.folder / "link").symlink_to(tmp_path / "outside")
    (rig.folder / "loop").symlink_to(rig.folder)
    (rig.folder / "dangling").symlink_to(tmp_path / "none")
    assert scan(rig.folder, Ignored()).files == {}


def test_before_a_disk_is_full_what_fits_is_taken(rig):
    """No file of the process grows beyond a bound, which is what a full disk looks like to it."""
    rig.write("a.txt", "A")
    rig.write("b.bin", "b" * 4_000_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            rig.look()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert rig.items() == {"/cam/a.txt": "A"}
    rig.look()
    assert set(rig.items()) == {"/cam/a.txt", "/cam/b.bin"}
