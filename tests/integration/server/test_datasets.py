"""Datasets beyond their own routes: listed, restored, split, collected, counted, and searched."""

from __future__ import annotations

import json

import pytest

from localloop.store.subsets import sizes_of
from tests.integration.server.commanding import done, failed
from tests.integration.server.test_exports import annotate


def items_of(client, dataset, filter_=None):
    found = client.query(dataset, filter_, sort={"filename": "ascending"})
    return found["items"]


# The older listing, and datasets that come back


def test_the_older_listing_finds_by_name_creator_recipe_and_project(alice, bob, project, dataset):
    other = alice.dataset(project, "other")
    theirs = bob.project("Bob's listed")
    bob.dataset(theirs, "hidden from alice")

    def names(**query):
        return [one["name"] for one in alice.ask("GET", "/datasets", params={"projects": project, **query})]

    assert names() == ["D", "other"]
    assert names(name="other") == ["other"]
    assert names(recipe=other["metadata"]["system"]["recipes"][0]) == ["other"]
    assert names(creator="bob@example.test") == []
    assert "Binaries" in names(system="true")
    assert alice.ask("GET", "/datasets", params={"projects": theirs}) == []
    assert alice.ask("GET", f"/datasets?projects={project}&name=D")[0] == alice.ask(
        "GET", f"/datasets/{dataset}"
    )
    assert alice.send("GET", "/datasets?system=perhaps").status_code == 400


def test_datasets_are_counted_and_those_of_a_single_project_shown(alice, bob, project, dataset):
    second = alice.project(f"{project} 2")
    one = alice.ask("POST", "/datasets/count", json={"projectIds": [project]})
    assert (one["total"], [shown["id"] for shown in one["datasets"]]) == (1, [dataset])
    both = alice.ask("POST", "/datasets/count", json={"projectIds": [project, second], "system": True})
    assert both == {"total": 3, "datasets": []}
    assert bob.send("POST", "/datasets/count", json={"projectIds": [project]}).status_code == 404
    assert alice.send("POST", "/datasets/count", json={}).status_code == 400


def test_a_deleted_dataset_comes_back_with_everything_its_deletion_took(alice, bob, project, dataset):
    kept, early = alice.upload(dataset, "/a/1.txt", b"one", description="d"), alice.upload(dataset, "/2.txt")
    marks = annotate(alice, kept, "cat", "dog")
    alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/empty"})
    alice.ask("DELETE", f"/items/{early['id']}")
    body = {
        "name": "t",
        "datasetId": dataset,
        "query": "{}",
        "workload": [{"assigneeId": "a@x.test", "load": 100}],
    }
    task = done(alice, "POST", "/annotationtasks", json=body)["createdTaskId"]
    assert alice.ask("GET", f"/annotationtasks/{task}")["totalItems"] == 2
    before = alice.ask("GET", f"/datasets/{dataset}")
    item = alice.ask("GET", f"/items/{kept['id']}")
    alice.ask("DELETE", f"/datasets/{dataset}")

    (gone,) = alice.ask("GET", "/datasets", params={"projects": project, "markForDeletion": "true"})
    assert (gone["id"], gone["name"], gone["_markForDeletion"]) == (dataset, "D", True)
    told = gone["deletionInformation"]
    assert told["markedForDeletionBy"] == "alice@example.test"
    assert told["markedForDeletionDate"] < told["targetDeleteDate"]
    query = {"query": {"filter": {"$and": [{"id": {"$in": [dataset]}}]}}}
    assert bob.send("POST", "/datasets/restore", json=query).status_code == 404

    alice.ask("POST", "/datasets/restore", json=query)
    after = alice.ask("GET", f"/datasets/{dataset}")
    moved = ("updatedAt", "updatedBy")
    assert {**after, **{key: before[key] for key in moved}} == before
    back = alice.ask("GET", f"/items/{kept['id']}")
    assert {**back, "updatedAt": item["updatedAt"]} == item
    assert alice.send("GET", f"/items/{kept['id']}/stream").content == b"one"
    found = alice.ask("GET", f"/items/{kept['id']}/annotations")
    assert [(one["id"], one["label"], one["createdAt"]) for one in found] == [
        (one["id"], one["label"], one["createdAt"]) for one in marks
    ]
    assert alice.send("GET", f"/items/{early['id']}").status_code == 404
    assert [one["filename"] for one in items_of(alice, dataset)] == ["/a/1.txt", "/empty"]
    assert alice.ask("GET", f"/annotationtasks/{task}")["totalItems"] == 2
    assert alice.ask("GET", "/datasets", params={"projects": project, "markForDeletion": "true"}) == []
    # It can be deleted and restored again, by its name too; other projects have datasets of that name.
    alice.ask("DELETE", f"/datasets/{dataset}")
    alice.ask("POST", "/datasets/restore", json={"query": {"filter": {"name": "D", "id": dataset}}})
    assert len(alice.ask("GET", f"/items/{kept['id']}/annotations")) == 2


def test_a_dataset_does_not_come_back_beside_one_of_its_name(alice, project, dataset):
    alice.ask("DELETE", f"/datasets/{dataset}")
    alice.dataset(project, "D")
    reply = alice.send("POST", "/datasets/restore", json={"query": {"filter": {"id": dataset}}})
    assert (reply.status_code, "'D'" in reply.json()["message"]) == (409, True)
    assert alice.send("GET", f"/datasets/{dataset}").status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [({}, 400), ({"filter": {}}, 400), ({"filter": {"creator": "x"}}, 422), ({"filter": {"id": 1}}, 422)],
)
def test_a_restoration_names_what_it_restores(alice, dataset, query, status):
    assert alice.send("POST", "/datasets/restore", json={"query": query}).status_code == status


def test_counters_and_storage_need_nothing_done(alice, bob, dataset):
    assert alice.send("DELETE", f"/datasets/{dataset}/counters").status_code == 204
    assert done(alice, "POST", f"/datasets/{dataset}/sync") == {"datasetId": dataset}
    assert bob.send("DELETE", f"/datasets/{dataset}/counters").status_code == 404
    assert bob.send("POST", f"/datasets/{dataset}/sync").status_code == 404


# Many items at once


def tags(item):
    return sorted(item["metadata"]["system"].get("tags") or {})


def split(client, dataset, shares, filter_=None):
    body = {"itemsQuery": {"filter": filter_ or {}}, "MLSplitList": shares}
    return done(client, "POST", f"/datasets/{dataset}/split", json=body)


def test_a_split_gives_each_item_one_tag_and_is_the_same_again(alice, dataset):
    for number in range(11):
        alice.upload(dataset, f"/{number}.txt")
    alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/dir"})
    shares = {"train": 70, "validation": 20, "test": 10}
    spec = split(alice, dataset, shares)
    assert spec["subsets"] == {"train": 8, "validation": 2, "test": 1}
    files = {"$and": [{"type": "file"}]}
    first = {item["id"]: tags(item) for item in items_of(alice, dataset, files)}
    assert all(len(own) == 1 for own in first.values())
    assert sorted(own[0] for own in first.values()).count("validation") == 2
    split(alice, dataset, {"train": 0, "validation": 0, "test": 100})
    assert {tuple(tags(item)) for item in items_of(alice, dataset, files)} == {("test",)}
    split(alice, dataset, shares)
    assert {item["id"]: tags(item) for item in items_of(alice, dataset, files)} == first


@pytest.mark.parametrize("total", [0, 1, 2, 3, 7, 100, 101])
def test_the_sizes_of_subsets_add_up_and_are_next_to_their_share(total):
    shares = {"train": 33, "validation": 33, "test": 34}
    sizes = sizes_of(total, shares)
    assert sum(sizes.values()) == total
    assert all(abs(sizes[name] - total * share / 100) < 1 for name, share in shares.items())


@pytest.mark.parametrize(
    "body",
    [
        {"MLSplitList": {"train": 50}},
        {"MLSplitList": {"train": None}},
        {"MLSplitList": {"train": 110, "test": -10}},
        {"MLSplitList": {"learn": 100}},
        {"MLSplitList": {}},
        {"MLSplitList": {"train": 100}, "itemsQuery": {}},
    ],
)
def test_a_split_that_makes_no_sense_is_refused(alice, dataset, body):
    reply = alice.send("POST", f"/datasets/{dataset}/split", json={"itemsQuery": {"filter": {}}, **body})
    assert reply.status_code == 400


def bulk(client, dataset, filter_, metadata, **more):
    told = {"update": {"metadata": metadata}, **more}
    body = {"query": {"filter": filter_}, "updateQuery": told}
    return done(client, "POST", f"/datasets/{dataset}/items/bulk-update-metadata", json=body)


def test_metadata_of_many_items_changes_and_the_system_only_when_asked_for(alice, dataset):
    alice.upload(dataset, "/1.txt")
    alice.upload(dataset, "/2.txt")
    patch = {"user": {"k": 1}, "system": {"tags": {"train": True}}}
    assert bulk(alice, dataset, {"$and": [{"filename": "/1.txt"}]}, patch)["updatedItemsCount"] == 1
    assert [(item["metadata"].get("user"), tags(item)) for item in items_of(alice, dataset)] == [
        ({"k": 1}, []),
        (None, []),
    ]
    bulk(alice, dataset, {}, patch, systemSpace=True)
    assert [tags(item) for item in items_of(alice, dataset)] == [["train"], ["train"]]
    bulk(alice, dataset, {}, {"system": {"tags": {"train": None}}}, systemSpace=True)
    assert [tags(item) for item in items_of(alice, dataset)] == [[], []]
    path = f"/datasets/{dataset}/items/bulk-update-metadata"
    for body in ({}, {"query": {}, "updateQuery": {"update": {"metadata": {}}}}, {"query": {"filter": {}}}):
        assert alice.send("POST", path, json=body).status_code == 400


def test_items_are_deleted_by_filter_and_join(alice, dataset):
    one = alice.upload(dataset, "/1.txt")
    alice.upload(dataset, "/2.txt")
    annotate(alice, one, "cat")
    path = f"/datasets/{dataset}/items"
    assert alice.send("DELETE", path, json={}).status_code == 400
    join = {"on": {"resource": "annotations"}, "filter": {"$and": [{"label": "cat"}]}}
    assert done(alice, "DELETE", path, json={"filter": {}, "join": join})["deletedItemsCount"] == 1
    assert [item["filename"] for item in items_of(alice, dataset)] == ["/2.txt"]
    assert done(alice, "DELETE", path, json={"filter": {}, "join": {}})["deletedItemsCount"] == 1


# Collections


def test_collections_are_made_renamed_filled_emptied_and_deleted(alice, dataset):
    path = f"/datasets/{dataset}/items/collections"
    alice.upload(dataset, "/1.txt")
    alice.upload(dataset, "/2.txt")
    assert alice.ask("GET", path) == {}
    assert alice.ask("POST", path, json={"name": "A"}) == {"metadata.system.collections.c0": {"name": "A"}}
    first = {"query": {"filter": {"$and": [{"filename": "/1.txt"}]}}, "collections": ["A", "new one"]}
    done(alice, "POST", f"{path}/bulk-add", json=first)
    assert alice.ask("GET", path)["metadata.system.collections.c1"] == {"name": "new one"}
    shown = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["collections"]
    assert shown == {"c0": {"name": "A"}, "c1": {"name": "new one"}}

    def members(key):
        return [
            item["filename"]
            for item in items_of(alice, dataset, {f"metadata.system.collections.{key}": True})
        ]

    assert (members("c0"), members("c1")) == (["/1.txt"], ["/1.txt"])
    assert alice.ask("PATCH", f"{path}/A", json={"name": "a/b"})["metadata.system.collections.c0"] == {
        "name": "a/b"
    }
    done(alice, "POST", f"{path}/bulk-add", json={"query": {"filter": {}}, "collections": ["a/b"]})
    assert members("c0") == ["/1.txt", "/2.txt"]
    done(alice, "POST", f"{path}/bulk-remove", json={**first, "collections": ["a/b"]})
    assert members("c0") == ["/2.txt"]
    done(alice, "DELETE", f"{path}/a/b")
    assert (members("c0"), list(alice.ask("GET", path))) == ([], ["metadata.system.collections.c1"])
    # The key that became free is used again, and nobody is in it.
    alice.ask("POST", path, json={"name": "B"})
    assert (members("c0"), members("c1")) == ([], ["/1.txt"])


def test_a_dataset_has_ten_collections_at_most_and_each_name_once(alice, dataset):
    path = f"/datasets/{dataset}/items/collections"
    for number in range(10):
        alice.ask("POST", path, json={"name": str(number)})
    assert alice.send("POST", path, json={"name": "11"}).status_code == 400
    assert alice.send("PATCH", f"{path}/1", json={"name": "2"}).status_code == 400
    assert alice.send("POST", path, json={}).status_code == 400
    assert alice.send("DELETE", f"{path}/none").status_code == 404
    body = {"query": {"filter": {}}, "collections": ["none"]}
    assert alice.send("POST", f"{path}/bulk-remove", json=body).status_code == 404
    assert "at most 10" in failed(alice, "POST", f"{path}/bulk-add", json=body)
    assert alice.send("POST", f"{path}/bulk-add", json={"collections": ["1"]}).status_code == 400


# Schema and statistics


def test_the_schema_tells_keys_and_types_and_what_is_not_searchable(alice, dataset):
    metadata = {"user": {"text": "x", "number": 1.5, "flag": False, "a b": {"c": [1, 2]}, "none": None}}
    item = alice.upload(dataset, "/1.txt", metadata=json.dumps(metadata))
    annotate(alice, item, "cat")
    path = f"/datasets/{dataset}/schema"
    shown = alice.ask("GET", path)
    keys = {
        key: one["type"] for key, one in shown["items"]["keys"].items() if key.startswith("metadata.user")
    }
    assert keys == {
        "metadata.user.text": "string",
        "metadata.user.number": "number",
        "metadata.user.flag": "boolean",
        "metadata.user.a b.c": "number",
    }
    assert shown["annotations"]["keys"]["metadata.system.clientId"] == {"type": "string"}
    assert (shown["items"]["version"], shown["items"]["unsearchablePaths"]) == (1, {})

    def change(**told):
        return done(alice, "POST", f"{path}/items", json={"unsearchablePaths": told})

    assert change(add=["metadata.user.a b", "metadata.user.text"])["unsearchablePaths"]
    shown = alice.ask("GET", path)["items"]
    assert shown["unsearchablePaths"]["metadata.user.text"] == {"reason": "manual"}
    assert ("metadata.user.a b.c" in shown["keys"], shown["version"]) == (False, 2)
    closed = [
        {"filter": {"metadata.user.a b.c": 1}},
        {"filter": {"$and": [{"$or": [{"metadata.user.text": {"$ne": "x"}}]}]}},
        {"filter": {}, "sort": {"metadata.user.text": "ascending"}},
        {"filter": {"metadata.user.text": "x"}, "delete": True},
        {"resource": "annotations", "join": {"filter": {"metadata.user.text": "x"}}},
    ]
    for body in closed:
        reply = alice.send("POST", f"/datasets/{dataset}/query", json=body)
        assert (reply.status_code, "not searchable" in reply.json()["message"]) == (422, True)
    assert len(items_of(alice, dataset, {"metadata.user.number": 1.5})) == 1
    change(remove=["metadata.user.a b", "metadata.user.text"])
    assert len(items_of(alice, dataset, {"metadata.user.text": "x"})) == 1
    assert (
        alice.send("POST", f"{path}/items", json={"unsearchablePaths": {"add": ["name"]}}).status_code == 400
    )
    assert alice.send("POST", f"{path}/items", json={"schemaKeys": {"remove": ["x"]}}).status_code == 422


def test_labels_and_types_are_counted_by_creator_and_task(alice, bob, project, dataset):
    one, two = alice.upload(dataset, "/1.txt"), alice.upload(dataset, "/2.txt")
    annotate(alice, one, "cat", "dog", "cat")
    alice.ask("POST", f"/projects/{project}/members/bob@example.test", json={"role": "engineer"})
    bob.ask("POST", f"/items/{two['id']}/annotations", json=[{"type": "class", "label": "dog"}])
    query = json.dumps({"filter": {"$and": [{"filename": "/2.txt"}]}})
    body = {
        "name": "t",
        "datasetId": dataset,
        "query": query,
        "workload": [{"assigneeId": "a@x.test", "load": 100}],
    }
    task = done(alice, "POST", "/annotationtasks", json=body)["createdTaskId"]
    path = f"/datasets/{dataset}/annotations"
    assert alice.ask("GET", f"{path}/labels") == [{"cat": 2}, {"dog": 2}]
    assert alice.ask("POST", f"{path}/labels", json={}) == [{"cat": 2}, {"dog": 2}]
    assert alice.ask("POST", f"{path}/types", json={}) == [{"box": 3}, {"class": 1}]
    mine = {"creators": ["bob@example.test"]}
    assert alice.ask("POST", f"{path}/labels", json=mine) == [{"dog": 1}]
    assert alice.ask("POST", f"{path}/types", json={"taskId": task}) == [{"class": 1}]
    assert alice.ask("GET", f"{path}/labels?taskId={task}") == [{"dog": 1}]
    assert alice.send("POST", f"{path}/labels", json={"taskId": "none"}).status_code == 404
    assert alice.send("POST", f"{path}/labels", json={"creators": "x"}).status_code == 400


def _with_task(alice, dataset):
    alice.upload(dataset, "/a.txt")
    query = {"filter": {"type": "file"}}
    body = {
        "name": "T",
        "datasetId": dataset,
        "query": query,
        "workload": [{"assigneeId": "a@b.c", "load": 100}],
    }
    return done(alice, "POST", "/annotationtasks", json=body)["createdTaskId"]


def test_a_dataset_comes_back_also_when_the_recipe_of_its_task_is_gone(alice, project, dataset):
    recipe = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
    task = _with_task(alice, dataset)
    alice.ask("DELETE", f"/datasets/{dataset}")
    alice.ask("DELETE", f"/recipes/{recipe}?force=true")
    alice.ask("POST", "/datasets/restore", json={"query": {"filter": {"id": dataset}}})
    assert alice.query(dataset)["totalItemsCount"] == 1
    back = alice.ask("GET", f"/annotationtasks/{task}")
    assert (back["name"], back["recipeId"], back["totalItems"]) == ("T", None, 1)
    assert alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"] == []


def test_a_recipe_that_a_task_uses_takes_no_task_with_it(alice, dataset):
    recipe = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
    task = _with_task(alice, dataset)
    for force in ("false", "true"):
        reply = alice.send("DELETE", f"/recipes/{recipe}?force={force}")
        assert (reply.status_code, "task 'T'" in reply.json()["message"]) == (409, True)
    assert alice.ask("GET", f"/annotationtasks/{task}")["recipeId"] == recipe
    done(alice, "DELETE", f"/annotationtasks/{task}")
    alice.ask("DELETE", f"/recipes/{recipe}?force=true")


def test_a_dataset_whose_recipe_is_gone_can_be_cloned_and_merged(alice, project, dataset):
    alice.upload(dataset, "/a.txt")
    recipe = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
    alice.ask("DELETE", f"/recipes/{recipe}?force=true")
    merge = {"name": "merged", "datasetsIds": [dataset]}
    for path, body in ((f"/datasets/{dataset}/clone", {"name": "copy"}), ("/datasets/merge", merge)):
        copy = done(alice, "POST", path, json=body)["returnedModelId"]
        assert alice.query(copy)["totalItemsCount"] == 1
    assert alice.ask("GET", f"/annotationtasks/{_with_task(alice, dataset)}")["recipeId"] is None
