"""The fields of each resource, and what can be asked of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from tests.unit.query.rows import (
    DATASET,
    MOMENT,
    OTHER_DATASET,
    PROJECT,
    add,
    annotation,
    dataset,
    found,
    item,
    matching,
)


class TestIds:
    @pytest.fixture
    def ids(self, db: Connection) -> Connection:
        item(db, "i1", remote_id="r1")
        item(db, "i2")
        annotation(db, "a1", "i1", remote_id="ra1")
        annotation(db, "a2", "i2")
        return db

    @pytest.mark.parametrize("either", ["i1", "r1"])
    def test_an_item_is_found_by_either_id(self, ids: Connection, either: str) -> None:
        assert matching(ids, {"id": either}) == ["i1"]
        assert matching(ids, {"id": {"$in": [either, "none"]}}) == ["i1"]
        assert matching(ids, {"id": {"$ne": either}}) == ["i2"]
        assert matching(ids, {"id": {"$nin": [either]}}) == ["i2"]

    @pytest.mark.parametrize("either", ["a1", "ra1"])
    @pytest.mark.parametrize("field", ["id", "annotationId"])
    def test_an_annotation_is_found_by_either_id_under_both_names(
        self, ids: Connection, field: str, either: str
    ) -> None:
        assert matching(ids, {field: either}, "annotations") == ["a1"]
        assert matching(ids, {field: {"$in": [either]}}, "annotations") == ["a1"]

    @pytest.mark.parametrize("either", ["i1", "r1"])
    def test_annotations_are_found_by_either_id_of_their_item(self, ids: Connection, either: str) -> None:
        assert matching(ids, {"itemId": either}, "annotations") == ["a1"]
        assert matching(ids, {"itemId": {"$in": [either]}}, "annotations") == ["a1"]
        assert matching(ids, {"itemId": {"$ne": either}}, "annotations") == ["a2"]

    @pytest.mark.parametrize("resource", ["items", "annotations"])
    def test_either_id_of_a_dataset_finds_what_is_in_it(self, ids: Connection, resource: str) -> None:
        assert len(matching(ids, {"datasetId": "remote-dataset"}, resource)) == 2
        assert len(matching(ids, {"datasetId": DATASET}, resource)) == 2
        assert matching(ids, {"datasetId": OTHER_DATASET}, resource) == []

    def test_ranges_see_the_local_id(self, ids: Connection) -> None:
        assert matching(ids, {"id": {"$gt": "i1"}}) == ["i2"]
        assert matching(ids, {"id": {"$gte": "i1", "$lt": "i2"}}) == ["i1"]


class TestItems:
    @pytest.fixture
    def items(self, db: Connection) -> Connection:
        item(db, "bare", "/a/bare.jpg")
        item(db, "marked", "/b/marked.png", description="nice", mimetype="image/png")
        item(db, "folder", "/b", type="dir", hidden=True)
        annotation(db, "a1", "marked")
        annotation(db, "a2", "marked")
        annotation(db, "gone", "bare", deleted_at=MOMENT)
        return db

    @pytest.mark.parametrize(
        ("condition", "ids"),
        [
            ({"dir": "/b"}, ["marked"]),
            ({"name": "bare.jpg"}, ["bare"]),
            ({"type": "dir"}, ["folder"]),
            ({"hidden": True}, ["folder"]),
            ({"hidden": 1}, []),
            ({"hidden": "true"}, []),
            ({"description": {"$exists": True}}, ["marked"]),
            ({"description": {"$ne": "nice"}}, ["bare", "folder"]),
            ({"mimetype": "image/*"}, ["marked"]),
            ({"creator": "ann@x", "updatedBy": "bob@x", "name": "b"}, ["folder"]),
            ({"annotated": True}, ["marked"]),
            ({"annotated": False}, ["bare", "folder"]),
            ({"annotated": "discarded"}, []),
            ({"annotated": {"$ne": True}}, ["bare", "folder"]),
            ({"annotationsCount": 2}, ["marked"]),
            ({"annotationsCount": {"$lt": "1"}}, ["bare", "folder"]),
            ({"spec": "ClonedItemSpec"}, []),
            ({"srcItem": None}, ["bare", "folder", "marked"]),
            ({"name.below": "x"}, []),
            ({"metadata": {"$exists": True}}, ["bare", "folder", "marked"]),
            ({"metadata": {}}, ["bare", "folder", "marked"]),
        ],
    )
    def test_fields(self, items: Connection, condition: dict[str, Any], ids: list[str]) -> None:
        assert matching(items, condition) == ids

    def test_deleted_items_are_not_found(self, items: Connection) -> None:
        item(items, "gone", deleted_at=MOMENT)
        assert matching(items, {"id": "gone"}) == []

    def test_only_the_datasets_asked_for_are_searched(self, items: Connection) -> None:
        item(items, "elsewhere", dataset_id=OTHER_DATASET)
        assert found(items, {"filter": {"id": "elsewhere"}}) == []
        assert found(items, {"filter": {"id": "elsewhere"}}, [DATASET, OTHER_DATASET]) == ["elsewhere"]
        assert found(items, {}, []) == []


class TestTimes:
    @pytest.fixture
    def times(self, db: Connection) -> Connection:
        item(db, "before", created_at="2026-01-01T23:59:59.999Z")
        item(db, "midnight", created_at="2026-01-02T00:00:00.000Z")
        item(db, "after", created_at="2026-01-02T00:00:00.001Z")
        return db

    @pytest.mark.parametrize(
        "moment",
        [
            "2026-01-02T00:00:00.000Z",
            "2026-01-02T00:00:00Z",
            "2026-01-02T00:00:00",
            "2026-01-02",
            "2026-01-02T02:00:00+02:00",
            "2026-01-02T00:00:00.000000",
        ],
    )
    def test_a_moment_may_be_written_in_any_iso_form(self, times: Connection, moment: str) -> None:
        assert matching(times, {"createdAt": moment}) == ["midnight"]
        assert matching(times, {"createdAt": {"$gt": moment}}) == ["after"]
        assert matching(times, {"createdAt": {"$gte": moment}}) == ["after", "midnight"]
        assert matching(times, {"createdAt": {"$lt": moment}}) == ["before"]
        assert matching(times, {"createdAt": {"$lte": moment}}) == ["before", "midnight"]

    def test_microseconds_lie_between_milliseconds(self, times: Connection) -> None:
        moment = "2026-01-02T00:00:00.000500Z"
        assert matching(times, {"createdAt": {"$gte": moment}}) == ["after"]
        assert matching(times, {"createdAt": {"$lt": moment}}) == ["before", "midnight"]
        assert matching(times, {"createdAt": {"$in": [moment]}}) == []

    def test_a_pattern_is_compared_with_the_text(self, times: Connection) -> None:
        assert matching(times, {"createdAt": "2026-01-02*"}) == ["after", "midnight"]

    def test_what_is_no_time_is_compared_as_text(self, times: Connection) -> None:
        assert matching(times, {"createdAt": {"$gt": "2026-01-02T"}}) == ["after", "midnight"]
        assert matching(times, {"createdAt": {"$gt": 5}}) == []


class TestOtherResources:
    def test_datasets_are_found_by_name_in_the_context_of_a_project(self, db: Connection) -> None:
        body = {"resource": "datasets", "filter": {"$and": [{"name": "one"}]}}
        for project, ids in {PROJECT: [DATASET], "remote-project": [DATASET], "other": []}.items():
            context = {"projects": [project]}
            assert found(db, {**body, "context": context}, [DATASET, OTHER_DATASET]) == ids

    def test_datasets_can_be_filtered_by_project(self, db: Connection) -> None:
        for condition in ({"projects": PROJECT}, {"projects": ["remote-project"]}, {"projectId": PROJECT}):
            assert len(matching(db, {**condition, "id": DATASET}, "datasets")) == 1
        assert matching(db, {"projects": [PROJECT, "other"]}, "datasets") == []

    def test_system_datasets_need_the_system_space(self, db: Connection) -> None:
        dataset(db, "binaries", name="Binaries", system=True)
        body = {"resource": "datasets", "filter": {"name": "Binaries"}}
        assert found(db, body, ["binaries"]) == []
        assert found(db, {**body, "systemSpace": True}, ["binaries"]) == ["binaries"]

    def test_tasks_are_found_by_dataset_name_and_project_ids(self, db: Connection) -> None:
        task = {"recipe_id": None, "status": "open", "task_owner": "ann@x", "query": "{}", "priority": 2}
        more = {"spec": {"type": "qa"}, "available_actions": [], "workload": [], "metadata": {}}
        add(db, "tasks", id="t1", project_id=PROJECT, dataset_id=DATASET, name="test", **task, **more)
        body = {
            "resource": "tasks",
            "filter": {"$and": [{"datasetId": "remote-dataset"}, {"name": "test"}, {"projectId": PROJECT}]},
            "context": {"projectIds": ["remote-project"]},
        }
        assert found(db, body) == ["t1"]
        assert matching(db, {"spec.type": "qa", "priority": "2"}, "tasks") == ["t1"]
        assert matching(db, {"status": "completed"}, "tasks") == []
        wide = {"task_id": "t1", "annotator": "ann@x", "status": "todo", "name": "n", "metadata": {}}
        add(db, "assignments", id="s1", project_id=PROJECT, dataset_id=DATASET, **wide)
        assert matching(db, {"metadata.system.taskId": "t1", "annotator": "ann*"}, "assignments") == ["s1"]

    def test_recipes_and_ontologies_lie_in_no_dataset(self, db: Connection) -> None:
        add(db, "ontologies", id="o", project_id=PROJECT, title="O", labels={}, attributes={}, metadata={})
        columns = {"ontologies": ["o"], "settings": {}, "metadata": {}}
        add(db, "recipes", id="r", project_id=PROJECT, title="R", **columns)
        assert matching(db, {"title": "R", "ontologyIds": "o", "projectIds": PROJECT}, "recipe") == ["r"]
        assert found(db, {"resource": "ontologies", "context": {"projects": [PROJECT]}}) == ["o"]

    def test_a_context_confines_items_too(self, db: Connection) -> None:
        item(db, "i")
        assert found(db, {"context": {"projects": ["remote-project"]}}) == ["i"]
        assert found(db, {"context": {"projects": ["other"]}}) == []
        assert found(db, {"context": {"datasets": [OTHER_DATASET]}}) == []


def test_a_collection_has_a_second_name(db: Connection) -> None:
    item(db, "i1", metadata={"system": {"collections": {"c0": True}}})
    item(db, "i2", metadata={"system": {}})
    assert matching(db, {"collections0": {"$exists": False}}) == ["i2"]
    assert matching(db, {"collections0": True}) == ["i1"]
    assert matching(db, {"collections9": {"$exists": False}}) == ["i1", "i2"]
