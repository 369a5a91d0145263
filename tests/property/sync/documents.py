"""Documents drawn at random: few keys and few values, so that edits meet."""

from __future__ import annotations

from hypothesis import strategies as st

from localloop_schema.kinds import EntityKind as K

KINDS = list(K)

scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x", "1"]) | st.just(0.5)
keys = st.sampled_from(["a", "b", "c", "a.b"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)

#: Documents with the keys that have rules of their own, and some that have none.
documents = st.dictionaries(
    st.sampled_from(["a", "b", "coordinates", "metadata", "labels", "attributes", "spec", "tasks", "title"]),
    values,
    max_size=4,
)


def kinds_and_documents(number: int):
    """A kind and so many documents of it."""
    return st.tuples(st.sampled_from(KINDS), *[documents] * number)


contents = st.sampled_from(["one", "two", "six"]).map(lambda digest: {"size": 3, "digest": digest})
works = st.dictionaries(
    st.sampled_from(["t", "u"]),
    st.fixed_dictionaries(
        {}, optional={"assignment": st.sampled_from("ab"), "status": st.sampled_from("xy")}
    ),
    max_size=2,
)
_items = st.builds(
    lambda filename, content, user, tasks: {
        "filename": filename,
        "content": content,
        "metadata": {"user": user},
        **({"tasks": tasks} if tasks else {}),
    },
    st.sampled_from(["/a", "/b", "/c"]),
    contents,
    st.dictionaries(keys, values, max_size=3),
    works,
)


def entities(kind: K):
    """Documents of a kind; an item has a path, content, metadata and tasks."""
    return _items if kind is K.ITEM else documents


def kinds_and_entities(number: int):
    """A kind and so many documents of it, as :func:`entities` draws them."""
    return st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), *[entities(kind)] * number))
