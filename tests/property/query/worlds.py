"""Random documents, and random queries that are made from what the documents hold.

A query over random words would nearly always find nothing and so prove nothing. So paths and operands are taken from
the documents themselves, as they are or slightly changed.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]

#: A path and a value that some document has there.
Fact = tuple[str, Any]

#: Keys of metadata: plain ones, which take a short cut in SQL, and ones that could break quoting.
KEYS = ["k", "n", "é", 'a"b']

TEXTS = ["a", "ab", "é", "1", "0.5", "[a]", "a*", "日本", "😀", "'", "\\", "", "true", "A", "1e2"]
NUMBERS = [0, 1, -3, 10, 0.5, 0.1 + 0.2, 1e2, 2**53 + 1, 2**63, -(2**70), 1e-7, 1.0]

scalars = st.one_of(st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.booleans())
keys = st.sampled_from(KEYS)
_plain = st.one_of(scalars, st.none())
_array = st.lists(_plain, max_size=3)
_object = st.dictionaries(keys, st.one_of(_plain, _array), max_size=3)
_objects = st.lists(st.one_of(_object, _plain, _array), max_size=3)

#: JSON as metadata holds it.
values = st.one_of(
    _plain, _array, _object, _objects, st.dictionaries(keys, st.one_of(_object, _objects), max_size=2)
)
metadata = st.fixed_dictionaries(
    {"user": st.one_of(st.dictionaries(keys, values, min_size=1, max_size=3), values)},
    optional={"system": values},
)

#: As on the wire: an object, an array, a text or nothing.
coordinates = values.filter(lambda value: value is None or isinstance(value, str | list | dict))

#: What can be sorted by: scalars, and arrays of which the first in the direction counts.
sortable = st.one_of(_plain, _array)

IDS = [f"{number:024x}" for number in range(6)]
REMOTE_IDS = [f"{number:024x}" for number in range(100, 106)]
MOMENTS = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z", "2026-02-01T00:00:00.000Z"]
FILENAMES = ["/a.jpg", "/some/dir/a.jpg", "/some/dir/b/c.png", "/some/dir", "/é/[a].jpg", "/some/directory"]
LABELS = ["Ear", "Person", "ear.left"]
TYPES = ["box", "point", "class"]

#: Everything that a document needs besides an id and what a test is about.
BARE: Document = {
    "remote:id": None,
    "type": "file",
    "hidden": False,
    "description": None,
    "createdAt": MOMENTS[0],
    "label": LABELS[0],
    "attributes": [],
}


@st.composite
def _documents(draw: st.DrawFn, fields: dict[str, st.SearchStrategy[Any]]) -> list[Document]:
    common = {"createdAt": st.sampled_from(MOMENTS), "metadata": metadata, "known": st.booleans()}
    found = draw(st.lists(st.fixed_dictionaries({**common, **fields}), min_size=2, max_size=5))
    ids = draw(st.permutations(IDS))
    for document, own_id, remote_id in zip(found, ids, REMOTE_IDS, strict=False):
        document["id"] = own_id
        document["remote:id"] = remote_id if document.pop("known") else None
    return found


def items() -> st.SearchStrategy[list[Document]]:
    """Items as on the wire."""
    fields = {
        "filename": st.sampled_from(FILENAMES),
        "type": st.sampled_from(["file", "dir"]),
        "hidden": st.booleans(),
        "description": st.one_of(st.none(), st.sampled_from(TEXTS)),
    }
    return _documents(fields)


def annotations(item_ids: list[str]) -> st.SearchStrategy[list[Document]]:
    """Annotations as on the wire, of these items."""
    fields = {
        "itemId": st.sampled_from(item_ids),
        "type": st.sampled_from(TYPES),
        "label": st.sampled_from(LABELS),
        "attributes": st.lists(scalars, max_size=2),
        "coordinates": coordinates,
    }
    return _documents(fields)


def facts_of(documents: list[Document]) -> list[Fact]:
    """Every path in the documents with every value at it, platform ids under the names of the fields they are for."""
    found: list[Fact] = []
    for document in documents:
        for key, value in document.items():
            found.extend(_below(key.removeprefix("remote:"), value))
    return found


def _below(path: str, value: Any) -> list[Fact]:
    found = [(path, value)]
    objects = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else [value]
    for each in objects:
        if isinstance(each, dict):
            found.extend(fact for key, inner in each.items() for fact in _below(f"{path}.{key}", inner))
    return found


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


@st.composite
def _operands(draw: st.DrawFn, value: Any) -> Any:
    """The value itself, something near it, or anything."""
    near: list[Any] = [value]
    if isinstance(value, bool):
        near += [not value, int(value)]
    elif isinstance(value, str):
        near += [value[:1] + "*", "*" + value[-1:], "?" + value[1:], value + "a", "*", [value]]
    elif isinstance(value, int | float):
        near += [value + 1, value - 1, repr(value), float(value)]
    elif isinstance(value, list):
        near += [*value, value[1:], value[::-1], [value]]
    elif isinstance(value, dict):
        near += [dict(list(value.items())[1:]), {**value, "k": None}, *value.values()]
    near = [each for each in near if _depth(each) <= 2]
    return draw(st.one_of(st.sampled_from(near), st.sampled_from(near), _plain)) if near else draw(_plain)


@st.composite
def _asked(draw: st.DrawFn, value: Any) -> Any:
    """What to ask of a field that has this value somewhere."""
    operator = draw(
        st.sampled_from(["bare", "$eq", "$ne", "$in", "$nin", "$exists", "range", "range", "$match"])
    )
    if operator == "$exists":
        return {"$exists": draw(st.booleans())}
    if operator in {"$in", "$nin"}:
        return {operator: draw(st.lists(_operands(value), max_size=3))}
    if operator == "range":
        operand = draw(_operands(value))
        operand = operand if isinstance(operand, str | int | float) else draw(scalars)
        return {draw(st.sampled_from(["$gt", "$gte", "$lt", "$lte"])): operand}
    elements = [
        each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict) and each
    ]
    if operator == "$match" and elements:
        return {"$match": draw(_element(draw(st.sampled_from(elements))))}
    operand = draw(_operands(value))
    return operand if operator in {"bare", "$match"} else {operator: operand}


@st.composite
def _element(draw: st.DrawFn, element: Document) -> dict[str, Any]:
    """The inside of an element match, about one or two members of an element."""
    chosen = draw(st.lists(st.sampled_from(sorted(element)), min_size=1, max_size=2, unique=True))
    return {key: draw(_asked(element[key])) for key in chosen}


@st.composite
def _condition(draw: st.DrawFn, facts: list[Fact]) -> dict[str, Any]:
    path, value = draw(st.sampled_from(facts))
    if draw(st.integers(0, 19)) == 0:
        path = draw(st.sampled_from(["nonsense", path + ".k", "metadata.user." + draw(keys)]))
    return {path: draw(_asked(value))}


@st.composite
def filters(draw: st.DrawFn, facts: list[Fact], depth: int = 2) -> dict[str, Any]:
    """A filter about what documents hold, nested at will."""
    kind = draw(st.sampled_from(["one", "one", "$and", "$or", "both"])) if depth else "one"
    if kind == "one":
        return draw(_condition(facts))
    inner = st.lists(filters(facts, depth - 1), max_size=3)
    if kind == "both":
        return {"$and": draw(inner), "$or": draw(inner), **draw(_condition(facts))}
    return {kind: draw(inner)}


@st.composite
def queries(draw: st.DrawFn, resource: str, facts: list[Fact], joined_facts: list[Fact]) -> dict[str, Any]:
    """A whole query: a filter, and now and then a join, a sort, and set operations."""
    names = sorted({path for path, _ in facts} - {"annotationId", "annotated", "metadata"})
    directions = st.sampled_from(["ascending", "descending"])
    query: dict[str, Any] = {
        "resource": resource,
        "filter": draw(filters(facts)) if draw(st.integers(0, 5)) else {},
        "sort": draw(st.dictionaries(st.sampled_from(names), directions, max_size=2)),
    }
    if draw(st.integers(0, 3)) == 0:
        other = "annotations" if resource == "items" else "items"
        query["join"] = {"on": {"resource": other}, "filter": draw(filters(joined_facts, 1))}
    for operation in ("intersect", "except"):
        if draw(st.integers(0, 5)) == 0:
            query[operation] = {"query": {"filter": draw(filters(facts, 1))}}
    return query
