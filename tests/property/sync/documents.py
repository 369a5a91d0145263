"""Documents drawn at random: few keys and few values, so that edits meet."""

from __future__ import annotations

from hypothesis import strategies as st

from localloop_schema.kinds import EntityKind as K

KINDS = [K.ITEM, K.ANNOTATION, K.ONTOLOGY, K.DATASET, K.TASK, K.MEMBER]

scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x", "1"]) | st.just(0.5)
keys = st.sampled_from(["a", "b", "c", "a.b"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)

#: Documents with the keys that have rules of their own, and some that have none.
documents = st.dictionaries(
    st.sampled_from(["a", "b", "coordinates", "metadata", "labels", "spec", "title"]), values, max_size=4
)


def kinds_and_documents(number: int):
    """A kind and so many documents of it."""
    return st.tuples(st.sampled_from(KINDS), *[documents] * number)
