"""Clones and merges: nothing is lost, and no byte is copied."""

from __future__ import annotations

import pytest

from tests.integration.server.commanding import done, failed
from tests.integration.server.test_exports import BOX, annotate


def clone(client, dataset, name="copy", filter_=None, **params):
    body = {"name": name, "filter": {"filter": filter_ or {}}, "cloneDatasetParams": params}
    return done(client, "POST", f"/datasets/{dataset}/clone", json=body)


def paths(client, dataset):
    found = client.query(dataset, {"$and": [{"type": "file"}]}, sort={"filename": "ascending"})
    return [item["filename"] for item in found["items"]]


def labels(client, dataset, path):
    (item,) = client.query(dataset, {"$and": [{"filename": path}]})["items"]
    return sorted(one["label"] for one in client.ask("GET", f"/items/{item['id']}/annotations"))


def test_a_clone_without_the_folders_of_the_items_keeps_every_item(alice, dataset):
    for path in ("/a/1.txt", "/b/1.txt", "/b/noext"):
        alice.upload(dataset, path, path.encode())
    alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/b/empty"})
    spec = clone(alice, dataset, targetDirectory="/in", stripItemsFolders=True)
    assert paths(alice, spec["returnedModelId"]) == ["/in/1 (2).txt", "/in/1.txt", "/in/noext"]
    assert spec["copiedItemsCount"] == 3


def test_a_clone_into_a_dataset_that_has_the_copies_adds_only_what_is_new(alice, project, dataset):
    alice.upload(dataset, "/1.txt")
    target = alice.dataset(project, "target")["id"]
    alice.upload(target, "/1.txt", b"of its own")
    assert clone(alice, dataset, targetDatasetId=target)["copiedItemsCount"] == 1
    alice.upload(dataset, "/2.txt")
    spec = clone(alice, dataset, targetDatasetId=target)
    assert (spec["copiedItemsCount"], spec["skippedItemsCount"]) == (1, 1)
    assert paths(alice, target) == ["/1 (2).txt", "/1.txt", "/2.txt"]
    assert clone(alice, dataset, targetDatasetId=target, allowMany=True)["copiedItemsCount"] == 2
    assert len(paths(alice, target)) == 5


def test_a_clone_into_its_own_dataset_ends(alice, dataset):
    for number in range(3):
        alice.upload(dataset, f"/{number}.txt")
    assert clone(alice, dataset, targetDatasetId=dataset, targetDirectory="/in")["copiedItemsCount"] == 3
    assert len(paths(alice, dataset)) == 6


def test_the_status_of_annotations_comes_along_when_it_may(alice, dataset):
    item = alice.upload(dataset, "/1.txt")
    mark = {**BOX, "metadata": {"system": {"status": "approved"}, "user": {"k": 1}}}
    alice.ask("POST", f"/items/{item['id']}/annotations", json=[mark])

    def status(name, **params):
        copy = clone(alice, dataset, name, **params)["returnedModelId"]
        (found,) = alice.query(copy, resource="annotations")["items"]
        assert found["metadata"]["user"] == {"k": 1}
        return found["metadata"]["system"].get("status")

    assert status("one") == "approved"
    assert status("two", withTaskAnnotationsStatus=False) is None


def test_a_clone_that_cannot_be_made_leaves_nothing(alice, hub, project, dataset):
    item = alice.upload(dataset, "/1.txt")
    alice.upload(dataset, "/0.txt")
    with hub.store.transaction("forget the content") as tx:
        row = tx.row("item", item["id"])
        tx.connection.exec_driver_sql("UPDATE items SET digest = NULL WHERE id = ?", (row["id"],))
    error = failed(alice, "POST", f"/datasets/{dataset}/clone", json={"name": "copy"})
    assert error == "The content of '/1.txt' is not here, so it cannot be copied."
    assert [one["name"] for one in hub.store.rows("dataset", project_id=project, system=False)] == ["D"]


def test_one_copy_is_enough_where_many_are_not_allowed(alice, dataset):
    item = alice.upload(dataset, "/1.txt")
    told = {"targetDirectory": "/a"}
    body = {"targetDatasetId": dataset, "allowMany": False, "cloneDatasetParams": told}
    path = f"/items/{item['id']}/clone"
    done(alice, "POST", path, json=body)
    told["targetDirectory"] = "/b"
    assert "has a copy" in failed(alice, "POST", path, json=body)
    done(alice, "POST", path, json={**body, "allowMany": True})
    done(alice, "POST", path, json={**body, "remoteFileName": "/named.txt"})
    assert paths(alice, dataset) == ["/1.txt", "/a/1.txt", "/b/1.txt", "/named.txt"]


@pytest.fixture
def pair(alice, project):
    """Two datasets with recipes of their own, which have one file in common."""
    one, two = alice.dataset(project, "one")["id"], alice.dataset(project, "two")["id"]
    first = alice.upload(one, "/same.txt", b"same", metadata='{"user": {"k": 1, "only": 1}}')
    second = alice.upload(two, "/same.txt", b"same", metadata='{"user": {"k": 2, "more": 2}}')
    annotate(alice, first, "cat", "both")
    annotate(alice, second, "dog", "both")
    for dataset, name in ((one, "x"), (two, "y")):
        alice.upload(dataset, "/other.txt", name.encode())
        alice.upload(dataset, f"/{name}.txt")
        recipe = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
        (ontology,) = alice.ask("GET", f"/recipes/{recipe}")["ontologyIds"]
        node = {"tag": name, "displayData": {}}
        alice.ask("PATCH", f"/ontologies/{ontology}/labels", json={"labelsNode": [node], "upsert": True})
    return one, two


def test_a_merge_keeps_every_item_every_annotation_and_every_label(alice, pair):
    params = {"withItemsAnnotations": True, "withMetadata": True}
    body = {"name": "both", "datasetsIds": list(pair), "projectIds": [], "mergeDatasetParams": params}
    spec = done(alice, "POST", "/datasets/merge", json=body)
    assert spec["mergeDatasetsConfiguration"]["datasetsIds"] == list(pair)
    merged = spec["returnedModelId"]
    assert paths(alice, merged) == ["/other (2).txt", "/other.txt", "/same.txt", "/x.txt", "/y.txt"]
    assert labels(alice, merged, "/same.txt") == ["both", "cat", "dog"]
    (same,) = alice.query(merged, {"$and": [{"filename": "/same.txt"}]})["items"]
    assert same["metadata"]["user"] == {"k": 1, "only": 1, "more": 2}
    recipe = alice.ask("GET", f"/datasets/{merged}")["metadata"]["system"]["recipes"][0]
    (ontology,) = alice.ask("GET", f"/recipes/{recipe}")["ontologyIds"]
    roots = alice.ask("GET", f"/ontologies/{ontology}")["roots"]
    assert sorted(root["value"]["tag"] for root in roots) == ["x", "y"]


def test_a_merge_of_datasets_with_one_recipe_has_that_recipe(alice, dataset):
    alice.upload(dataset, "/1.txt")
    copy = clone(alice, dataset)["returnedModelId"]
    body = {"name": "both", "datasetsIds": [dataset, copy], "mergeDatasetParams": {"withMetadata": False}}
    merged = done(alice, "POST", "/datasets/merge", json=body)["returnedModelId"]
    recipes = [
        alice.ask("GET", f"/datasets/{one}")["metadata"]["system"]["recipes"] for one in (dataset, merged)
    ]
    assert recipes[0] == recipes[1]
    assert paths(alice, merged) == ["/1.txt"]


def test_a_merge_needs_datasets_that_the_caller_may_see(alice, bob, dataset):
    theirs = bob.dataset(bob.project("Bob's merges"))["id"]
    for ids, status in (([], 400), ([dataset, theirs], 404), ([dataset, "x"], 404)):
        body = {"name": "m", "datasetsIds": ids, "mergeDatasetParams": {}}
        assert alice.send("POST", "/datasets/merge", json=body).status_code == status
    body = {"name": "D", "datasetsIds": [dataset], "mergeDatasetParams": {}}
    assert "already exists" in failed(alice, "POST", "/datasets/merge", json=body)
