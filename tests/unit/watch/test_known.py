"""What was taken, arranged by folder and by file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localloop.watch.comparing import Taken, compare
from localloop.watch.known import Known
from localloop.watch.scanning import ALL, Scan, Seen

paths = st.sampled_from(["a", "b", "d/c", "d/e", "d/f/g", "d/f/h"])
files = st.dictionaries(paths, st.integers(1, 4), max_size=6).map(
    lambda told: {path: Seen(path, 1, 1, inode, 1) for path, inode in told.items()}
)
places = st.dictionaries(st.sampled_from(["", "d", "d/f"]), st.booleans(), min_size=1)


def test_what_is_dropped_is_gone_from_everywhere():
    known = Known({})
    known.put("d/a", Taken(Seen("d/a", 1, 1, 7, 1), "x", "i"))
    known.put("d/a", Taken(Seen("d/a", 1, 1, 8, 1), "x", "i"))
    known.drop("d/none")
    assert len(known) == 1
    known.drop("d/a")
    assert (dict(known), known.concerned(Scan({"d": False}))) == ({}, {})


@given(files, files, places)
def test_a_look_at_some_folders_says_the_same_of_them_as_all_that_is_known(before, after, looked):
    taken = {path: Taken(one, "x", "i") for path, one in before.items()}
    scan = Scan(looked)
    scan.files.update({path: one for path, one in after.items() if scan.knows(path)})

    def vanished(path):
        return path not in after

    few = compare(Known(taken).concerned(scan), scan, vanished)
    every = compare(taken, scan, vanished)
    assert (few.new, few.changed, few.moved, few.gone) == (every.new, every.changed, every.moved, every.gone)
    whole = Scan(ALL, dict(after))
    assert compare(Known(taken).concerned(whole), whole).moved == compare(taken, whole).moved


def test_the_files_of_an_item_are_found_by_it_the_latest_last():
    seen = [Seen(path, 1, 1, inode, 1) for inode, path in enumerate(("a", "x/b", "c"))]
    known = Known({one.path: Taken(one, "d", "other" if one.path == "c" else "item") for one in seen})
    assert [one.seen.path for one in known.of_item("item")] == ["a", "x/b"]
    known.put("a", Taken(seen[0], "e", "item"))
    assert [one.seen.path for one in known.of_item("item")] == ["x/b", "a"]
    known.drop("c")
    assert (known.of_item("other"), set(known.item_ids)) == ([], {"item"})
