"""Taking changes back is the opposite of making them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import diff, equal
from localloop_sync.core.leaves import MISSING, flatten, same
from localloop_sync.core.undoing import take_back

KIND = EntityKind.ITEM
values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text("ab", max_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    max_leaves=4,
)
documents = st.fixed_dictionaries(
    {"filename": st.sampled_from(["/a", "/b"]), "metadata": st.dictionaries(st.sampled_from("kl"), values)}
)


@given(documents, documents)
def test_what_is_taken_back_at_once_leaves_the_document_before(old, new):
    taken = take_back(KIND, new, diff(KIND, old, new))
    assert equal(KIND, taken.document, old)
    assert (taken.clashes, taken.noticed) == ((), not equal(KIND, old, new))


@given(documents, documents)
def test_what_is_taken_back_twice_is_taken_back_once(old, new):
    changes = diff(KIND, old, new)
    again = take_back(KIND, take_back(KIND, new, changes).document, changes)
    assert (equal(KIND, again.document, old), again.clashes, again.noticed) == (True, (), False)


@given(documents, documents, values)
def test_an_edit_of_something_else_stays_and_does_not_clash(old, new, other):
    elsewhere = {**new, "description": other}
    taken = take_back(KIND, elsewhere, diff(KIND, old, new))
    assert taken.clashes == ()
    assert equal(KIND, taken.document, {**old, "description": other})


@given(documents, documents, documents)
@example(
    {"filename": "/a", "metadata": {"k": None}},
    {"filename": "/a", "metadata": {}},
    {"filename": "/a", "metadata": {"k": {"x": {}}}},
)
def test_a_later_edit_of_the_same_field_is_never_lost_unless_it_is_forced(old, new, later):
    changes = diff(KIND, old, new)
    since = {change.path: change for change in diff(KIND, new, later)}
    taken = take_back(KIND, later, changes)
    if taken.clashes:
        assert equal(KIND, taken.document, later)
    if not since:
        assert taken.clashes == ()
    forced = take_back(KIND, later, changes, force=True)
    assert forced.clashes == ()
    there = flatten(forced.document)
    for change in changes:
        if {} not in (change.old, change.new):
            stands = there.get(change.path, MISSING)
            assert stands is change.old or (MISSING not in (stands, change.old) and same(stands, change.old))


@given(documents, documents, documents)
def test_what_others_wrote_elsewhere_survives(old, new, later):
    changes = diff(KIND, old, new)
    touched = {change.path[:length] for change in changes for length in range(1, len(change.path) + 1)}
    taken = take_back(KIND, later, changes)
    if taken.clashes:
        return
    kept = {path: value for path, value in flatten(later).items() if path not in touched}
    left = flatten(taken.document)
    for path, value in kept.items():
        if not any(path[: len(change.path)] == change.path for change in changes):
            assert path in left or value == {}
