from __future__ import annotations

import pytest

from localloop.errors import BadRequest
from localloop.store.annotations import add_annotations, delete_annotations, update_annotation
from localloop.store.items import add_item
from localloop_schema.kinds import EntityKind

#: What an SDK posts before the server has assigned anything (docs/platform/wire.md, 5.2).
ENVELOPE = {
    "id": None,
    "url": None,
    "creator": None,
    "hash": None,
    "itemId": "item",
    "item": None,
    "label": "Person",
    "dataset": "url",
    "datasetId": "dataset",
    "createdAt": None,
    "updatedAt": None,
    "updatedBy": None,
    "source": "sdk",
    "type": "class",
    "attributes": None,
    "metadata": {"system": {"automated": True, "attributes": {}}},
}


@pytest.fixture
def item(world):
    blob = world.store.blobs.add_bytes(b"abc")
    with world.store.transaction("add") as tx:
        return add_item(tx, world.dataset, "/a.jpg", blob)[0]


def annotate(world, item, *annotations):
    with world.store.transaction("annotate") as tx:
        return add_annotations(tx, item, list(annotations))


def test_an_unsent_envelope_is_taken(world, item):
    (row,) = annotate(world, item, ENVELOPE)
    assert (row["type"], row["label"], row["coordinates"], row["source"]) == ("class", "Person", None, "sdk")
    assert row["creator"] == "ann@example.test"
    assert row["metadata"]["system"] == {"automated": True, "attributes": {}, "clientId": row["id"]}
    assert len(row["hash"]) == 40


@pytest.mark.parametrize(
    "wire", [{"type": "class"}, {"label": "x"}, {"type": 1, "label": "x"}, {**ENVELOPE, "metadata": []}]
)
def test_an_annotation_needs_a_type_and_a_label(world, item, wire):
    with pytest.raises(BadRequest):
        annotate(world, item, ENVELOPE, wire)
    assert world.store.rows(EntityKind.ANNOTATION) == []


def test_a_create_sent_twice_makes_one_annotation(world, item):
    wire = {**ENVELOPE, "metadata": {"system": {"clientId": "c1"}}}
    (first,) = annotate(world, item, wire)
    assert annotate(world, item, wire) == [first]


def test_another_annotation_under_a_known_client_id_is_not_lost(world, item):
    wire = {**ENVELOPE, "metadata": {"system": {"clientId": "c1"}}}
    first, second = annotate(world, item, wire, {**wire, "label": "Other"})
    (third,) = annotate(world, item, {**wire, "label": "Third"})
    ids = [row["metadata"]["system"]["clientId"] for row in (first, second, third)]
    assert ids == ["c1", second["id"], third["id"]]


def test_coordinates_merge_or_are_replaced(world, item):
    (point,) = annotate(world, item, {**ENVELOPE, "type": "point", "coordinates": {"x": 1.0, "y": 2.0}})
    with world.store.transaction("edit") as tx:
        point = update_annotation(tx, point, {"coordinates": {"x": 5.0}})
        assert point["coordinates"] == {"x": 5.0, "y": 2.0}
        point = update_annotation(tx, point, {"coordinates": [[{"x": 1}]]})
    assert point["coordinates"] == [[{"x": 1}]]


def test_an_update_changes_the_hash_and_ignores_read_only_keys(world, item):
    (row,) = annotate(world, item, ENVELOPE)
    with world.store.transaction("edit") as tx:
        changed = update_annotation(tx, row, {"label": "Adult", "id": "x", "hash": "y", "type": None})
        assert (changed["label"], changed["id"], changed["type"]) == ("Adult", row["id"], "class")
        assert changed["hash"] not in {row["hash"], "y"}
        assert update_annotation(tx, changed, {"label": "Person"})["hash"] == row["hash"]


def test_attributes_and_frames_change_without_asking_but_the_status_does_not(world, item):
    (row,) = annotate(world, item, ENVELOPE)
    system = {"attributes": {"ripe": True}, "snapshots_": [{"frame": 1}], "status": "issue", "clientId": None}
    with world.store.transaction("edit") as tx:
        row = update_annotation(tx, row, {"metadata": {"system": system, "user": {"u": 1}}})
        kept = row["metadata"]["system"]
        assert (kept["attributes"], "status" in kept, kept["clientId"]) == ({"ripe": True}, False, row["id"])
        row = update_annotation(tx, row, {"metadata": {"system": {"status": "issue"}}}, system=True)
        assert row["metadata"]["system"]["status"] == "issue"
        row = update_annotation(tx, row, {"metadata": {"system": {"status": None}}}, system=True)
    assert "status" not in row["metadata"]["system"]
    assert row["metadata"]["user"] == {"u": 1}


def test_every_type_is_stored_as_it_came(world, item):
    note = {"box": [], "note": {"messages": [{"id": None, "body": "hm"}], "status": "issue"}}
    rows = annotate(
        world,
        item,
        {**ENVELOPE, "type": "note", "coordinates": note, "attributes": ["old style"]},
        {**ENVELOPE, "type": "text", "coordinates": "free"},
        {**ENVELOPE, "type": "box", "coordinates": [{"x": 1}, {"x": 2}, 30]},
        {**ENVELOPE, "type": "of the future", "coordinates": {"deep": [1, {"z": None}]}},
    )
    assert [row["coordinates"] for row in rows] == [
        note,
        "free",
        [{"x": 1}, {"x": 2}, 30],
        {"deep": [1, {"z": None}]},
    ]
    assert rows[0]["attributes"] == ["old style"]


def test_annotations_are_deleted(world, item):
    rows = annotate(world, item, ENVELOPE, ENVELOPE)
    with world.store.transaction("delete") as tx:
        assert delete_annotations(tx, rows) == 2
    assert world.store.rows(EntityKind.ANNOTATION) == []
