"""The algebra of documents and rows, for every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localloop_schema.documents import DERIVED_ITEM_SYSTEM, derived_system, to_columns, to_document
from localloop_schema.kinds import EntityKind

KINDS = list(EntityKind)
WITHOUT_METADATA = {EntityKind.PROJECT, EntityKind.MEMBER}
#: Kinds whose ``metadata.system`` is the platform's alone.
ALL_DERIVED = {
    EntityKind.ONTOLOGY,
    EntityKind.RECIPE,
    EntityKind.DATASET,
    EntityKind.TASK,
    EntityKind.ASSIGNMENT,
}

text = st.text(max_size=8)
key = st.text(min_size=1, max_size=6)
scalar = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
with_nulls = st.recursive(
    scalar | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=3),
    max_leaves=6,
)


def pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: pruned(inner) for name, inner in value.items() if inner is not None}
    return value


value = with_nulls.filter(lambda inner: inner is not None).map(pruned)
objects = st.dictionaries(key, value, max_size=3)
arrays = st.lists(with_nulls, max_size=3)
ids = st.lists(st.text("0123456789abcdef", min_size=24, max_size=24), max_size=3)
segment = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=6)
path = st.lists(segment, min_size=1, max_size=3).map(lambda segments: "/" + "/".join(segments))

REQUIRED: dict[EntityKind, dict[str, st.SearchStrategy[Any]]] = {
    EntityKind.PROJECT: {"name": text},
    EntityKind.MEMBER: {"email": text, "role": text},
    EntityKind.ONTOLOGY: {"title": text, "labels": objects, "attributes": objects},
    EntityKind.RECIPE: {"title": text, "ontologies": ids, "settings": objects},
    EntityKind.DATASET: {"name": text, "recipes": ids, "readonly": st.booleans()},
    EntityKind.ITEM: {"filename": path},
    EntityKind.ANNOTATION: {"type": text, "label": text, "attributes": arrays, "source": text},
    EntityKind.TASK: {
        "name": text,
        "status": text,
        "taskOwner": text,
        "spec": objects,
        "query": text,
        "priority": st.integers(),
        "availableActions": arrays,
        "workload": arrays,
    },
    EntityKind.ASSIGNMENT: {"name": text, "annotator": text, "status": text},
}
OPTIONAL: dict[EntityKind, dict[str, st.SearchStrategy[Any]]] = {
    EntityKind.RECIPE: {"description": text},
    EntityKind.DATASET: {"expirationOptions": objects},
    EntityKind.ITEM: {"description": text},
    EntityKind.ANNOTATION: {"coordinates": value, "description": text},
    EntityKind.TASK: {"dueDate": st.floats(allow_nan=False, allow_infinity=False)},
}


def own_system(kind: EntityKind) -> st.SearchStrategy[dict[str, Any]]:
    """System metadata that is the user's, never empty (an empty one is an absent one)."""
    own = key.filter(lambda name: kind is not EntityKind.ITEM or name not in DERIVED_ITEM_SYSTEM)
    return st.dictionaries(own, with_nulls, min_size=1, max_size=3)


def derived(kind: EntityKind) -> st.SearchStrategy[dict[str, Any]]:
    """What the platform derives for an entity of this kind."""
    if kind is EntityKind.ITEM:
        return st.dictionaries(st.sampled_from(sorted(DERIVED_ITEM_SYSTEM)), with_nulls, max_size=4)
    return st.dictionaries(key, with_nulls, max_size=4) if kind in ALL_DERIVED else st.just({})


@st.composite
def documents(draw: st.DrawFn, kind: EntityKind) -> dict[str, Any]:
    """A document as :func:`to_document` makes them."""
    document: dict[str, Any] = draw(st.fixed_dictionaries(REQUIRED[kind], optional=OPTIONAL.get(kind, {})))
    if kind not in WITHOUT_METADATA:
        own = with_nulls.filter(lambda inner: inner is not None)
        metadata = draw(st.dictionaries(key.filter(lambda name: name != "system"), own, max_size=3))
        if kind not in ALL_DERIVED and draw(st.booleans()):
            metadata["system"] = draw(own_system(kind))
        document["metadata"] = metadata
    if kind is EntityKind.ITEM:
        document["type"] = draw(st.sampled_from(["file", "dir"]))
        if document["type"] == "file":
            content = {"size": st.integers(min_value=0)}
            digest = {"digest": st.text("0123456789abcdef", min_size=64, max_size=64)}
            document["content"] = draw(st.fixed_dictionaries(content, optional=digest))
    return document


def nulls_in_objects(inner: Any) -> Iterator[Any]:
    if isinstance(inner, dict):
        for nested in inner.values():
            if nested is None:
                yield inner
            yield from nulls_in_objects(nested)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_document_survives_being_a_row(kind: EntityKind, data: st.DataObject) -> None:
    document = data.draw(documents(kind))
    facts = data.draw(derived(kind))

    columns = to_columns(kind, document, facts)

    assert to_document(kind, columns) == document
    if kind not in WITHOUT_METADATA:
        assert derived_system(kind, columns["metadata"]) == facts


@pytest.mark.parametrize("kind", sorted(set(KINDS) - WITHOUT_METADATA))
@given(data=st.data())
def test_metadata_of_any_row_keeps_its_nulls_and_loses_its_derived_part(
    kind: EntityKind, data: st.DataObject
) -> None:
    columns = to_columns(kind, data.draw(documents(kind)), {})
    names = key | st.sampled_from(sorted(DERIVED_ITEM_SYSTEM))
    columns["metadata"] = data.draw(
        st.fixed_dictionaries(
            {"system": st.none() | st.dictionaries(names, with_nulls, max_size=6)},
            optional={"user": with_nulls},
        )
    )

    metadata = to_document(kind, columns)["metadata"]

    user = columns["metadata"].get("user")
    assert metadata.get("user") == user
    system = metadata.get("system", {})
    if kind is EntityKind.ITEM:
        assert not system.keys() & DERIVED_ITEM_SYSTEM
    if kind in ALL_DERIVED:
        assert not system


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_maps_that_merge_key_by_key_hold_no_nulls(kind: EntityKind, data: st.DataObject) -> None:
    columns = to_columns(kind, data.draw(documents(kind)), {})
    maps = [name for name in ("labels", "settings") if name in columns]
    for name in maps:
        columns[name] = data.draw(
            st.dictionaries(key, st.dictionaries(key, with_nulls, max_size=3), max_size=3)
        )

    document = to_document(kind, columns)

    assert [list(nulls_in_objects(document[name])) for name in maps] == [[] for _ in maps]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_row_made_from_its_own_document_is_itself(kind: EntityKind, data: st.DataObject) -> None:
    columns = to_columns(kind, data.draw(documents(kind)), data.draw(derived(kind)))
    facts = derived_system(kind, columns.get("metadata", {}))

    assert to_columns(kind, to_document(kind, columns), facts) == columns
