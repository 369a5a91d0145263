"""Which files have been left alone."""

from __future__ import annotations

import pytest

from localloop.watch.ignoring import Ignored
from localloop.watch.scanning import Seen
from localloop.watch.settling import Settling, is_open_for_writing


def seen(size=1, changed=100.0):
    return Seen("a", size, int(changed * 1e9), 1, 1)


def looked(settling, one, now, monotonic):
    return [file.path for file in settling.settled([one], now, monotonic)[0]] == ["a"]


def test_a_file_of_yesterday_is_taken_at_once():
    assert looked(Settling(2.0), seen(changed=100), now=90000, monotonic=0)


def test_one_that_was_just_written_has_to_look_the_same_for_a_while():
    settling = Settling(2.0)
    assert not looked(settling, seen(), now=100.5, monotonic=0)
    assert not looked(settling, seen(), now=101.5, monotonic=1)
    assert looked(settling, seen(), now=102.5, monotonic=2)


def test_one_that_grows_waits_on():
    settling = Settling(2.0)
    for second in range(5):
        assert not looked(
            settling, seen(size=second, changed=100 + second), now=100.5 + second, monotonic=second
        )
    assert looked(settling, seen(size=4, changed=104), now=107, monotonic=6.1)


def test_one_of_the_future_is_believed_by_looking_at_it():
    settling = Settling(2.0)
    assert not looked(settling, seen(changed=9e8), now=100, monotonic=0)
    assert looked(settling, seen(changed=9e8), now=102, monotonic=2)


def test_one_whose_time_is_old_but_that_changes_all_the_same_waits():
    settling = Settling(2.0)
    assert not looked(settling, seen(size=1, changed=99.9), now=100, monotonic=0)
    assert not looked(settling, seen(size=2, changed=50), now=101, monotonic=1)
    assert looked(settling, seen(size=2, changed=50), now=103, monotonic=3)


@pytest.mark.skipif(not hasattr(__import__("fcntl"), "F_SETLEASE"), reason="only Linux tells who writes")
def test_a_file_that_somebody_has_open_for_writing_is_told(tmp_path):
    file = tmp_path / "a"
    file.write_text("x")
    assert not is_open_for_writing(file)
    with file.open("a"):
        assert is_open_for_writing(file)
    with file.open():
        assert not is_open_for_writing(file)
    with pytest.raises(FileNotFoundError):
        is_open_for_writing(tmp_path / "none")


@pytest.mark.parametrize(
    "path",
    [
        ".hidden",
        "dir/.DS_Store",
        "a.txt~",
        ".a.txt.swp",
        "4913",
        "x.part",
        "x.crdownload",
        ".rsync.Xy12",
        "a/~$doc.docx",
    ],
)
def test_what_programs_write_in_between_is_ignored(path):
    assert Ignored()(path, folder=False)


def test_patterns_are_those_of_gitignore(tmp_path):
    (tmp_path / ".localloopignore").write_text("# logs\n*.log\n!keep.log\nbuild/\n/top.txt\n!.env\n")
    ignored = Ignored.of(tmp_path, ["*.raw"])
    for path, folder, expected in [
        ("a.log", False, True),
        ("x/keep.log", False, False),
        ("x/build", True, True),
        ("build", False, False),
        ("top.txt", False, True),
        ("x/top.txt", False, False),
        ("x/a.raw", False, True),
        (".env", False, False),
        ("x/.localloop", True, True),
        ("x/.localloop/store.db", False, True),
        ("a.jpg", False, False),
    ]:
        assert ignored(path, folder=folder) is expected, path
