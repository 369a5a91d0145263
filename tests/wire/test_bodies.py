"""The document names each field of a body that the server reads, with a type that allows what the server takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localloop.server import shapes
from localloop.server.shapes import Shape, Word
from tests.wire.checking import document

#: Which schema of the document is about which shape; shapes that are only parts of others are not named.
BODIES = {
    "PROJECT": ["NewProject", "ProjectChange"],
    "MEMBER": ["NewMember"],
    "MEMBERS": ["NewMembers"],
    "DATASET_COUNT": ["CountDatasets"],
    "RESTORE": ["RestoreDatasets"],
    "ITEM": ["ItemChange"],
    "IMPORTS": ["Imports"],
    "BULK": ["ItemQuery"],
    "BULK_METADATA": ["BulkMetadata"],
    "DELETE_ITEMS": ["DeleteItems"],
    "SPLIT": ["Split"],
    "COLLECTION": ["NewCollection"],
    "COLLECTION_ITEMS": ["CollectionItems"],
    "SCHEMA_ITEMS": ["SchemaChange"],
    "STATISTICS": ["Statistics"],
    "ANNOTATION": ["NewAnnotation", "AnnotationChange"],
    "CLASSIFY": ["Classify"],
    "RECIPE": ["NewRecipe", "RecipeChange"],
    "CLONED_RECIPE": ["ClonedRecipe"],
    "ATTRIBUTE": ["Attribute"],
    "ONTOLOGY": ["NewOntology"],
    "LABELS": ["LabelNodes"],
    "ATTRIBUTE_ITEMS": ["AttributeItems"],
    "ATTRIBUTE_KEYS": ["AttributeKeys"],
    "NEW_LABELS": ["NewParts"],
    "SECTION": ["NewSection", "SectionChange"],
    "STRUCTURE": ["NewStructure", "StructureChange"],
    "CLONE": ["Clone"],
    "MERGE": ["Merge"],
    "AUDIT": ["AuditQuery"],
    "EXPORT": ["Export"],
    "EXPORT_V3": ["ExportByVersion"],
    "EXPORT_HISTORY": ["ExportHistory"],
    "TASK": ["NewTask", "TaskChange"],
    "TASK_ITEMS": ["TaskItems"],
    "TASK_COUNT": ["CountTasks"],
    "REDISTRIBUTION": ["Redistribution"],
    "PARTIAL": ["Fields"],
    "ASSIGNMENT": ["AssignmentChange"],
    "STATUS": ["ItemStatuses"],
}

#: Shapes that stand in other bodies, or of which several schemas each have a part, as the calls need it.
PARTS = {"METADATA", "MOVE", "DATASET", "CHANGED_LABELS", "API_KEY"}

TYPES = {Word.TEXT: "string", Word.NUMBER: "number", Word.FLAG: "boolean", Word.OBJECT: "object"}


def options(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema as the simple ones that it is made of."""
    if "$ref" in schema:
        yield from options(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        return
    yield schema
    for key in ("allOf", "anyOf", "oneOf"):
        for one in schema.get(key, ()):
            yield from options(one)


def lacking(shape: Shape, schema: Any, where: str, depth: int = 0) -> Iterator[str]:
    """What a shape takes, and its schema does not know of."""
    if depth > 6:
        return  # labels have labels below them
    simple = list(options(schema))
    if isinstance(shape, Word):
        said = {
            name
            for one in simple
            for name in ([one["type"]] if isinstance(one.get("type"), str) else one.get("type", []))
        }
        said |= {"string" for one in simple if "enum" in one}
        if any(simple) and shape in TYPES and TYPES[shape] not in said:
            yield f"{where} is not {shape.value}"
    elif isinstance(shape, list):
        items = [one["items"] for one in simple if "items" in one]
        if not items:
            yield f"{where} is no list"
        for one in items[:1]:
            yield from lacking(shape[0], one, f"{where}[]", depth + 1)
    else:
        known: dict[str, Any] = {}
        for one in simple:
            known |= one.get("properties", {})
        for key, inner in shape.items():
            if key not in known:
                yield f"{where}.{key} is not named"
            else:
                yield from lacking(inner, known[key], f"{where}.{key}", depth + 1)


@pytest.mark.parametrize(
    ("shape", "schema"), [(shape, one) for shape, many in BODIES.items() for one in many]
)
def test_every_field_that_the_server_reads_is_in_the_document(shape, schema):
    found = list(lacking(getattr(shapes, shape), document()["components"]["schemas"][schema], schema))
    assert found == []


def test_every_shape_has_its_schema():
    named = {
        name
        for name, value in vars(shapes).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, dict | list)
    }
    assert named - PARTS == set(BODIES)
