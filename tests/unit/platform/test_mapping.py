"""The wire's JSON becomes the same documents that local rows give."""

from __future__ import annotations

import pytest

from localloop.platform.mapping import from_wire, natural_key, timestamp
from localloop_schema.documents import to_columns, to_document
from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import TransientError
from tests.integration.platform import wire

BODIES = {
    K.PROJECT: wire.project(),
    K.MEMBER: wire.member(),
    K.ONTOLOGY: wire.ontology(wire.node("person", wire.node("hand"))),
    K.RECIPE: wire.recipe(),
    K.DATASET: wire.dataset(),
    K.ITEM: wire.item(),
    K.ANNOTATION: wire.annotation(),
    K.TASK: wire.task(),
    K.ASSIGNMENT: wire.assignment(),
}
MINIMAL = {
    K.PROJECT: {"id": "p", "name": "n"},
    K.MEMBER: {"email": "e"},
    K.ONTOLOGY: {"id": "o", "roots": []},
    K.RECIPE: {"id": "r"},
    K.DATASET: {"id": "d", "name": "n"},
    K.ITEM: {"id": "i", "datasetId": "d", "type": "file", "filename": "/f"},
    K.ANNOTATION: {"id": "a", "datasetId": "d", "itemId": "i", "type": "class", "label": "l"},
    K.TASK: {"id": "t", "name": "n"},
    K.ASSIGNMENT: {"id": "s", "annotator": "e"},
}


@pytest.mark.parametrize("kind", K)
@pytest.mark.parametrize("bodies", [BODIES, MINIMAL], ids=["full", "minimal"])
def test_a_document_survives_the_columns_of_a_row(kind, bodies):
    entity = from_wire(kind, bodies[kind], {K.PROJECT: wire.P})
    columns = to_columns(kind, entity.document, entity.facts["derived"])
    assert to_document(kind, columns) == entity.document


@pytest.mark.parametrize("kind", K)
@pytest.mark.parametrize("body", [None, [], "x", 1, {}, {"id": None}])
def test_what_is_no_entity_is_an_error_of_ours(kind, body):
    with pytest.raises(TransientError):
        from_wire(kind, body)


def test_an_item_keeps_derived_facts_out_of_its_document():
    entity = from_wire(
        K.ITEM, wire.item(metadata={"system": {"size": 3, "tags": {"a": True}}, "user": {"k": None}})
    )
    assert entity.document == {
        "type": "file",
        "filename": "/train/cat.jpg",
        "metadata": {"user": {"k": None}, "system": {"tags": {"a": True}}},
        "content": {"size": 3},
    }
    assert entity.facts["derived"] == {"size": 3}


def test_an_items_facts():
    entity = from_wire(K.ITEM, {**wire.item(), "hidden": True, "srcItem": "x", "srcDataset": "y"})
    expected = {
        "creator": wire.ME,
        "created_at": wire.AT,
        "updated_at": wire.AT,
        "updated_by": wire.ME,
        "hidden": True,
        "mimetype": "image/jpeg",
        "spec": "MasterItemSpec",
        "src_item": "x",
        "src_dataset": "y",
    }
    assert {key: entity.facts[key] for key in expected} == expected
    assert entity.parents == {K.DATASET: wire.D}


def test_a_datasets_recipes_stand_in_the_document_alone():
    entity = from_wire(K.DATASET, wire.dataset(metadata={"system": {"recipes": [wire.R], "scope": "system"}}))
    assert entity.document == {"name": "Faces", "recipes": [wire.R], "readonly": False, "metadata": {}}
    assert entity.facts["derived"] == {"scope": "system"}
    assert entity.facts["system"] is True


def test_an_ontology_is_a_map_of_dotted_tags_and_of_keys():
    age = {"key": "age", "title": "Age", "type": "number"}
    body = wire.ontology(
        wire.node("person", wire.node("hand"), color="#010203"),
        attributes=["big"],
        metadata={"system": {"projectIds": [wire.P]}, "attributes": [age]},
    )
    entity = from_wire(K.ONTOLOGY, body)
    assert list(entity.document["labels"]) == ["person", "person.hand"]
    assert entity.document["labels"]["person"] == {
        "color": "#010203",
        "displayLabel": "Person",
        "attributes": [],
        "displayData": {},
    }
    assert entity.document["attributes"] == {"big": {"key": "big"}, "age": age}
    assert entity.document["metadata"] == {}
    assert entity.parents == {K.PROJECT: wire.P}


def test_a_recipe_has_its_settings_in_one_place():
    document = from_wire(K.RECIPE, wire.recipe()).document
    assert document["ontologies"] == [wire.ON]
    assert set(document["settings"]) == {"instructions", "examples", "customActions", "uiSettings"}


def test_a_class_has_no_coordinates_and_nulls_are_absent():
    body = wire.annotation(type="class", coordinates=None, attributes=None, description=None)
    document = from_wire(K.ANNOTATION, body).document
    assert "coordinates" not in document
    assert "description" not in document
    assert document["attributes"] == []


def test_coordinates_are_taken_as_they_are():
    note = {"box": [{"x": 1}], "note": {"messages": [{"id": None, "body": "hi"}]}}
    assert from_wire(K.ANNOTATION, wire.annotation(coordinates=note)).document["coordinates"] == note


def test_a_tasks_workload_may_stand_in_its_metadata():
    shares = [{"assigneeId": "a", "load": 100}]
    body = wire.task(metadata={"system": {"workloadDistribution": shares}}, availableActions=None)
    document = from_wire(K.TASK, body).document
    assert document["workload"] == shares
    assert document["availableActions"] == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05.678", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T05:04:05.678+02:00", "2026-01-02T03:04:05.678Z"),
        (1767323045678, "2026-01-02T03:04:05.678Z"),
        (1767323045678.0, "2026-01-02T03:04:05.678Z"),
        (None, ""),
        ("", ""),
    ],
)
def test_every_time_has_one_form(value, text):
    assert timestamp(value) == text


def test_a_creator_may_be_a_whole_user():
    body = {**wire.project(), "creator": {"id": "x", "email": wire.ME}, "createdAt": 1767323045678}
    facts = from_wire(K.PROJECT, body).facts
    assert (facts["creator"], facts["created_at"]) == (wire.ME, "2026-01-02T03:04:05.678Z")


def test_natural_keys():
    keyed = wire.annotation(metadata={"system": {"clientId": "c"}})
    assert natural_key(from_wire(K.ANNOTATION, keyed)) == "c"
    assert natural_key(from_wire(K.ANNOTATION, wire.annotation())) is None
    assert natural_key(from_wire(K.ITEM, wire.item())) == "/train/cat.jpg"
