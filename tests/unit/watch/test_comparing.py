"""What happened in a folder, told from what was taken and what is seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localloop.watch.comparing import Taken, compare
from localloop.watch.scanning import ALL, Scan, Seen


def seen(path, inode=1, *, size=1, changed=1):
    return Seen(path, size, changed, inode, 1)


def taken(*files):
    return {one.path: Taken(one, f"digest {one.path}", f"item {one.path}") for one in files}


def found(*files, places=ALL, problems=None):
    return Scan(places, {one.path: one for one in files}, problems or {})


def test_what_is_the_same_is_nothing():
    changes = compare(taken(seen("a")), found(seen("a")))
    assert (changes.new, changes.changed, changes.moved, changes.gone) == ([], [], [], [])


def test_new_changed_and_gone():
    changes = compare(taken(seen("a", 1), seen("b", 2)), found(seen("a", 1, size=2), seen("c", 3)))
    assert [one.path for one in changes.changed] == ["a"]
    assert [one.path for one in changes.new] == ["c"]
    assert changes.gone == ["b"]


def test_a_file_that_was_replaced_by_a_rename_has_changed():
    changes = compare(taken(seen("a", 1)), found(seen("a", 2)))
    assert [one.path for one in changes.changed] == ["a"]


def test_the_same_file_at_another_path_has_moved():
    changes = compare(taken(seen("dir/a", 5)), found(seen("other/b", 5)))
    assert [(origin, one.path) for origin, one in changes.moved] == [("dir/a", "other/b")]
    assert changes.gone == changes.new == []


def test_files_that_moved_on_in_a_row_have_all_moved():
    changes = compare(taken(seen("a", 1), seen("b", 2)), found(seen("b", 1), seen("c", 2)))
    assert [(origin, one.path) for origin, one in changes.moved] == [("a", "b"), ("b", "c")]
    assert changes.gone == changes.changed == []


def test_a_hard_link_is_no_move():
    changes = compare(taken(seen("a", 5)), found(seen("a", 5), seen("b", 5)))
    assert [one.path for one in changes.new] == ["b"]
    assert changes.moved == []


def test_one_that_moved_and_was_written_to_is_new():
    changes = compare(taken(seen("a", 5)), found(seen("b", 5, changed=2)))
    assert [one.path for one in changes.new] == ["b"]
    assert changes.gone == ["a"]


def test_of_what_was_not_looked_at_nothing_is_gone():
    here = taken(seen("a/1", 1), seen("a/b/2", 2), seen("c/3", 3), seen("4", 4))
    assert compare(here, found(places={"a": False})).gone == ["a/1"]
    assert compare(here, found(places={"a": True})).gone == ["a/1", "a/b/2"]
    assert compare(here, found(places={"": False})).gone == ["4"]
    assert compare(here, found(problems={"a": "Permission denied"})).gone == ["4", "c/3"]
    assert compare(here, found(problems={"": "Permission denied"})).gone == []


def test_where_a_new_file_came_from_is_asked_for_outside_of_what_was_looked_at():
    here = taken(seen("a/1", 7), seen("a/2", 7))
    changes = compare(here, found(seen("b/1", 7), places={"b": False}), lambda path: path == "a/2")
    assert [(origin, one.path) for origin, one in changes.moved] == [("a/2", "b/1")]
    changes = compare(here, found(seen("b/1", 7), places={"b": False}), lambda _: False)
    assert [one.path for one in changes.new] == ["b/1"]


paths = st.sampled_from(["a", "b", "d/c", "d/e", "f/g/h"])
files = st.dictionaries(
    paths, st.tuples(st.integers(1, 4), st.integers(0, 1), st.integers(0, 1)), max_size=5
).map(lambda told: [Seen(path, size, changed, inode, 1) for path, (inode, size, changed) in told.items()])


@given(files, files)
def test_every_file_is_told_of_once_and_none_is_forgotten(before, after):
    here = taken(*before)
    changes = compare(here, found(*after))
    told = [one.path for one in (*changes.new, *changes.changed)] + [one.path for _, one in changes.moved]
    assert len(told) == len(set(told))
    for one in after:
        assert (one.path in told) != (one.path in here and here[one.path].seen == one)
    missing = {one.path for one in before} - {one.path for one in after}
    origins = [origin for origin, _ in changes.moved]
    assert len(origins) == len(set(origins))
    assert set(changes.gone) == missing - set(origins)
