"""Random documents and random queries over them, drawn from a small vocabulary so that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

#: Keys of metadata: plain ones, which take a short cut in SQL, and ones that could break quoting.
KEYS = ["k", "n", "id", "é", 'a"b', "x y", "", "0"]

TEXTS = [
    "a",
    "b",
    "ab",
    "é",
    "1",
    "0.5",
    "-3",
    "[a]",
    "a*",
    "日本",
    "😀",
    "'",
    '"',
    "\\",
    "",
    "true",
    "A",
    "1e2",
]
NUMBERS = [0, 1, -3, 10, 0.5, 0.1 + 0.2, 1e2, 2**53 + 1, 2**63, -(2**70), 1e-7, 1.0]
PATTERNS = ["*", "?", "a*", "*b", "[a]", "?*", "**/", "a?", "[*]"]

scalars = st.sampled_from([*TEXTS, *NUMBERS, True, False])
keys = st.sampled_from(KEYS)

#: JSON as metadata holds it, nested now and then.
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(keys, inner, max_size=3),
        st.lists(st.dictionaries(keys, inner, max_size=2), max_size=3),
    ),
    max_leaves=6,
)
metadata = st.fixed_dictionaries(
    {}, optional={"user": st.dictionaries(keys, values, max_size=3), "system": values}
)

#: JSON that mostly has something to sort by: scalars, arrays of them, and objects in arrays.
_members = st.lists(st.one_of(scalars, st.none()), max_size=3)
sortable = st.one_of(
    scalars,
    _members,
    st.fixed_dictionaries({"n": st.one_of(scalars, _members)}),
    st.lists(st.fixed_dictionaries({"n": st.one_of(scalars, _members)}), max_size=3),
)

IDS = [f"{number:024x}" for number in range(6)]
REMOTE_IDS = [f"{number:024x}" for number in range(100, 106)]
MOMENTS = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z", "2026-02-01T00:00:00.000Z"]
FILENAMES = ["/a.jpg", "/some/dir/a.jpg", "/some/dir/b/c.png", "/some/dir", "/é/[a].jpg", "/some/directory"]
LABELS = ["Ear", "Person", "ear.left"]
TYPES = ["box", "point", "class"]


#: Everything that a document needs besides an id and what a test is about.
BARE = {
    "remote:id": None,
    "type": "file",
    "hidden": False,
    "description": None,
    "createdAt": MOMENTS[0],
    "label": LABELS[0],
    "attributes": [],
}


def items() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Items as on the wire, each at its own path."""
    item = st.fixed_dictionaries(
        {
            "id": st.sampled_from(IDS),
            "remote:id": st.one_of(st.none(), st.sampled_from(REMOTE_IDS)),
            "filename": st.sampled_from(FILENAMES),
            "type": st.sampled_from(["file", "dir"]),
            "hidden": st.booleans(),
            "description": st.one_of(st.none(), st.sampled_from(TEXTS)),
            "createdAt": st.sampled_from(MOMENTS),
            "metadata": metadata,
        }
    )
    return st.lists(item, max_size=5, unique_by=(lambda each: each["id"], _remote_id))


def annotations(item_ids: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Annotations as on the wire, of these items."""
    if not item_ids:
        return st.just([])
    annotation = st.fixed_dictionaries(
        {
            "id": st.sampled_from(IDS),
            "remote:id": st.one_of(st.none(), st.sampled_from(REMOTE_IDS)),
            "itemId": st.sampled_from(item_ids),
            "type": st.sampled_from(TYPES),
            "label": st.sampled_from(LABELS),
            "createdAt": st.sampled_from(MOMENTS),
            "attributes": st.lists(scalars, max_size=2),
            "coordinates": values,
            "metadata": metadata,
        }
    )
    return st.lists(annotation, max_size=5, unique_by=(lambda each: each["id"], _remote_id))


def _remote_id(document: dict[str, Any]) -> str:
    return document["remote:id"] or "none of " + document["id"]


_FIELDS = {
    "items": {
        "id": [*IDS, *REMOTE_IDS],
        "filename": [*FILENAMES, "/some/dir/**", "*.jpg", "/?.jpg", "/é/[a]*"],
        "name": ["a.jpg", "?.jpg", "dir"],
        "dir": ["/", "/some/dir", "/some*"],
        "type": ["file", "dir", "f*"],
        "hidden": [True, False],
        "description": [*TEXTS, *PATTERNS],
        "createdAt": MOMENTS,
        "annotated": [True, False, "discarded"],
        "annotationsCount": [0, 1, 2, "1"],
        "nonsense": ["a", 1],
    },
    "annotations": {
        "id": [*IDS, *REMOTE_IDS],
        "annotationId": [*IDS, *REMOTE_IDS],
        "itemId": [*IDS, *REMOTE_IDS],
        "label": [*LABELS, "*ear*"],
        "type": TYPES,
        "createdAt": MOMENTS,
        "attributes": TEXTS,
        "coordinates": TEXTS,
        "coordinates.k": [*TEXTS, *NUMBERS],
    },
}

metadata_paths = st.lists(keys, max_size=3).flatmap(
    lambda path: st.sampled_from(["user", "system"]).map(lambda space: ".".join(["metadata", space, *path]))
)
_plain = st.one_of(scalars, st.none())
_nested = st.one_of(_plain, st.lists(_plain, max_size=2), st.dictionaries(keys, _plain, max_size=2))
#: What a query may compare with: JSON too, but no deeper than one statement can say.
wanted = st.one_of(
    _plain, st.sampled_from(PATTERNS), st.lists(_nested, max_size=2), st.dictionaries(keys, _nested)
)


def conditions(fields: st.SearchStrategy[tuple[str, st.SearchStrategy[Any]]]) -> st.SearchStrategy[Any]:
    """One field and what is asked of it."""
    return fields.flatmap(lambda field: _asked(field[1]).map(lambda asked: {field[0]: asked}))


def _asked(operands: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    ordered = operands.filter(lambda value: isinstance(value, str | int | float))
    operators = st.one_of(
        st.fixed_dictionaries({"$eq": operands}),
        st.fixed_dictionaries({"$ne": operands}),
        st.fixed_dictionaries({"$in": st.lists(operands, max_size=3)}),
        st.fixed_dictionaries({"$nin": st.lists(operands, max_size=3)}),
        st.fixed_dictionaries({"$exists": st.booleans()}),
        st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), ordered, min_size=1, max_size=2),
    )
    return st.one_of(operands, operators)


_match = st.deferred(
    lambda: st.dictionaries(
        keys, st.one_of(_asked(wanted), st.dictionaries(keys, _asked(wanted), max_size=2)), max_size=2
    )
)
_matches = metadata_paths.flatmap(lambda path: _match.map(lambda inner: {path: {"$match": inner}}))


def filters(resource: str) -> st.SearchStrategy[dict[str, Any]]:
    """A filter for a resource, nested at will."""
    columns = st.sampled_from(list(_FIELDS[resource])).map(
        lambda field: (field, st.one_of(st.sampled_from(_FIELDS[resource][field]), st.none()))
    )
    json_fields = metadata_paths.map(lambda path: (path, wanted))
    leaves = st.one_of(conditions(columns), conditions(json_fields), _matches)
    return st.recursive(
        leaves,
        lambda inner: st.dictionaries(
            st.sampled_from(["$and", "$or"]), st.lists(inner, max_size=3), min_size=1, max_size=2
        ),
        max_leaves=4,
    )


def sorts(resource: str) -> st.SearchStrategy[dict[str, str]]:
    """Sort keys for a resource."""
    columns = [
        field for field in _FIELDS[resource] if field not in {"annotated", "attributes", "annotationId"}
    ]
    fields = st.one_of(st.sampled_from(columns), metadata_paths)
    return st.dictionaries(fields, st.sampled_from(["ascending", "descending"]), max_size=2)


@st.composite
def queries(draw: st.DrawFn, resource: str) -> dict[str, Any]:
    """A whole query: a filter, and perhaps a join, a sort, and set operations."""
    query: dict[str, Any] = {
        "resource": resource,
        "filter": draw(filters(resource)),
        "sort": draw(sorts(resource)),
    }
    other = "annotations" if resource == "items" else "items"
    if draw(st.booleans()):
        query["join"] = {"on": {"resource": other}, "filter": draw(filters(other))}
    for operation in ("intersect", "except"):
        if draw(st.integers(0, 4)) == 0:
            query[operation] = {"query": {"filter": draw(filters(resource))}}
    return query
