"""Queries, annotations, datasets, recipes and tasks over HTTP."""

from __future__ import annotations

import json

import pytest

from tests.integration.server.commanding import done

BOX = {"type": "box", "label": "cat", "coordinates": [{"x": 1, "y": 2, "z": 0}, {"x": 3, "y": 4, "z": 0}]}


def annotate(client, item, *annotations):
    return client.ask("POST", f"/items/{item['id']}/annotations", json=list(annotations))


# Queries


def test_pages_by_id_bring_everything_once(alice, dataset):
    made = {alice.upload(dataset, f"/{number}.txt")["id"] for number in range(5)}
    seen, last, more = [], None, True
    while more:
        clauses = [{"type": "file"}, *([{"id": {"$gt": last}}] if last else [])]
        page = alice.query(dataset, {"$and": clauses}, sort={"id": "ascending"}, page=0, pageSize=2)
        seen += [item["id"] for item in page["items"]]
        last, more = seen[-1], page["hasNextPage"]
    assert seen == sorted(made)


def test_a_page_size_of_zero_only_counts(alice, dataset):
    alice.upload(dataset, "/a.txt")
    page = alice.query(dataset, pageSize=0)
    assert page == {"totalItemsCount": 1, "totalPagesCount": 0, "hasNextPage": False, "items": []}


def test_a_page_of_items_counts_their_annotations(alice, dataset):
    one, two = alice.upload(dataset, "/1.txt"), alice.upload(dataset, "/2.txt")
    annotate(alice, one, BOX, BOX)
    page = alice.query(dataset, sort={"filename": "ascending"})
    assert [(item["annotated"], item["annotationsCount"]) for item in page["items"]] == [
        (True, 2),
        (False, 0),
    ]
    assert page["items"] == [alice.ask("GET", f"/items/{item['id']}") for item in (one, two)]


def test_an_unsupported_operator_is_422_and_a_malformed_query_400(alice, dataset):
    def status(body):
        reply = alice.send("POST", f"/datasets/{dataset}/query", json=body)
        assert reply.json()["status"] == reply.status_code
        return reply.status_code

    assert status({"filter": {"$and": [{"name": {"$regex": "x"}}]}}) == 422
    assert status({"resource": "models"}) == 422
    assert status({"filter": [1]}) == 400
    assert status({"pageSize": -1}) == 400
    assert status({"update": [1]}) == 400
    assert (
        status({"references": {"operation": "create", "refs": []}}) == 400
    )  # no filter: that would be everything
    model = {"operation": "create", "refs": [{"type": "model", "id": "m"}]}
    assert status({"filter": {"$and": [{"name": "x"}]}, "references": model}) == 422


def test_an_update_by_query_reaches_all_and_the_system_only_when_asked_for(alice, dataset):
    for number in range(3):
        alice.upload(dataset, f"/{number}.txt")
    chosen = {"$and": [{"filename": {"$ne": "/0.txt"}}]}
    patch = {"metadata": {"user": {"k": 1}, "system": {"tags": {"t": True}}}}
    assert alice.query(dataset, chosen, update=patch)["totalItemsCount"] == 2
    assert alice.query(dataset, {"$and": [{"metadata.user.k": 1}]})["totalItemsCount"] == 2
    assert alice.query(dataset, {"$and": [{"metadata.system.tags.t": True}]})["totalItemsCount"] == 0
    alice.query(dataset, chosen, update=patch, systemSpace=True)
    assert alice.query(dataset, {"$and": [{"metadata.system.tags.t": True}]})["totalItemsCount"] == 2


def test_a_delete_by_query_takes_what_it_finds_and_no_more(alice, dataset):
    one, two = alice.upload(dataset, "/1.txt"), alice.upload(dataset, "/2.txt")
    kept, gone = annotate(alice, one, BOX, {**BOX, "label": "dog"})
    annotate(alice, two, BOX)
    clauses = {"$and": [{"annotationId": {"$in": [gone["id"]]}}, {"itemId": one["id"]}]}
    alice.query(dataset, clauses, resource="annotations", delete=True, page=0, pageSize=1000)
    assert [a["id"] for a in alice.ask("GET", f"/items/{one['id']}/annotations")] == [kept["id"]]
    alice.query(dataset, {"$and": [{"filename": "/2.txt"}]}, delete=True)
    assert [item["id"] for item in alice.query(dataset)["items"]] == [one["id"]]
    assert alice.query(dataset, resource="annotations")["totalItemsCount"] == 1


@pytest.mark.parametrize("filter_", ["absent", None, [], "", 0, "x"])
def test_a_change_without_a_filter_changes_nothing(alice, dataset, filter_):
    alice.upload(dataset, "/a.txt", metadata='{"user": {"k": 1}}')
    named = {} if filter_ == "absent" else {"filter": filter_}
    for change in ({"delete": True}, {"update": {"metadata": {"user": None}}}):
        reply = alice.send("POST", f"/datasets/{dataset}/query", json={**named, **change})
        assert reply.status_code == 400
    assert alice.query(dataset)["items"][0]["metadata"]["user"] == {"k": 1}


def test_a_large_page_is_compressed_for_who_asks(alice, dataset):
    for number in range(4):
        alice.upload(dataset, f"/{number}.txt")
    path = f"/datasets/{dataset}/query"
    plain = alice.send("POST", path, json={}, headers={"Accept-Encoding": "identity"})
    packed = alice.send("POST", path, json={}, headers={"Accept-Encoding": "gzip, deflate"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.json() == packed.json()


# Annotations


def test_every_annotation_of_a_batch_is_answered_in_order(alice, dataset):
    item = alice.upload(dataset, "/a.txt")
    made = annotate(alice, item, *({**BOX, "label": str(number)} for number in range(120)))
    assert [one["label"] for one in made] == [str(number) for number in range(120)]
    single = alice.ask("POST", f"/items/{item['id']}/annotations", json=BOX)
    assert single["label"] == "cat"


def test_a_batch_with_a_bad_one_adds_none(alice, dataset):
    item = alice.upload(dataset, "/a.txt")
    path = f"/items/{item['id']}/annotations"
    assert alice.send("POST", path, json=[BOX, {"type": "box"}]).status_code == 400
    assert alice.send("POST", path, json=[BOX, 1]).status_code == 400
    assert alice.send("POST", path, json="x").status_code == 400
    assert alice.ask("GET", path) == []


def test_an_annotation_that_is_sent_again_is_not_made_twice(alice, dataset):
    item = alice.upload(dataset, "/a.txt")
    own = {**BOX, "metadata": {"system": {"clientId": "mine"}}}
    (first,), (second,) = annotate(alice, item, own), annotate(alice, item, own)
    assert first["id"] == second["id"]
    assert alice.ask("GET", f"/items/{item['id']}")["annotationsCount"] == 1


def test_a_put_changes_only_what_it_names(alice, dataset):
    item = alice.upload(dataset, "/a.txt")
    (made,) = annotate(alice, item, {**BOX, "metadata": {"user": {"k": 1}}})
    path = f"/annotations/{made['id']}"
    assert alice.ask("PUT", path, json=made) == made
    put = alice.ask("PUT", path, json={"label": "dog", "updatedAt": "1999-01-01T00:00:00.000Z"})
    assert (put["label"], put["coordinates"], put["metadata"]) == (
        "dog",
        made["coordinates"],
        made["metadata"],
    )
    assert put["updatedAt"] > made["updatedAt"]
    assert put["hash"] != made["hash"]
    status = {"metadata": {"system": {"status": "approved"}}}
    assert "status" not in alice.ask("PUT", path, json=status)["metadata"]["system"]
    assert alice.ask("PUT", f"{path}?system=true", json=status)["metadata"]["system"]["status"] == "approved"


def test_an_annotation_does_not_move_the_time_of_its_item(alice, dataset):
    item = alice.upload(dataset, "/a.txt")
    annotate(alice, item, BOX)
    assert alice.ask("GET", f"/items/{item['id']}")["updatedAt"] == item["updatedAt"]


def test_a_delete_takes_a_body(alice, dataset):
    item = alice.upload(dataset, "/a.txt")
    (made,) = annotate(alice, item, BOX)
    path = f"/annotations/{made['id']}"
    assert alice.ask("DELETE", path, json={"username": "alice@example.test"}) is True
    assert alice.send("DELETE", path, json={}).status_code == 404


# Projects and datasets


def test_a_project_is_patched_with_its_whole_json(alice, project):
    whole = alice.ask("GET", f"/projects/{project}")
    assert whole["systemProject"] is False
    patched = alice.ask("PATCH", f"/projects/{project}", json={**whole, "name": f"{whole['name']} again"})
    assert patched["name"] == f"{whole['name']} again"


def test_an_old_client_is_spared_the_key_it_does_not_know(alice, project):
    agent = {"User-Agent": "dtlpy/1.121.5 CPython/3.11.7 Linux/6"}
    assert "systemProject" not in alice.ask("GET", f"/projects/{project}", headers=agent)


def test_a_name_with_slashes_is_found(alice, request):
    name = f"a b/c/{request.node.name}"
    made = alice.project(name)
    found = alice.ask("GET", f"/projects/{name.replace(' ', '%20')}/name")
    assert [one["id"] for one in found] == [made]


def test_the_binaries_are_found_in_system_space_alone(alice, project):
    def names(**more):
        body = {"resource": "datasets", "filter": {}, "context": {"projects": [project]}, **more}
        return [one["name"] for one in alice.ask("POST", "/datasets/query", json=body)["items"]]

    assert names() == []
    assert names(systemSpace=True) == ["Binaries"]
    assert alice.ask("GET", f"/recipes?projects={project}")["items"] == []


def test_a_project_from_elsewhere_gets_its_binaries_when_asked_for(alice, hub):
    from localloop.store.projects import create_project

    with hub.store.transaction("elsewhere", author="alice@example.test") as tx:
        project = create_project(tx, "From elsewhere")["id"]
    body = {
        "resource": "datasets",
        "filter": {"$and": [{"name": "Binaries"}]},
        "context": {"projects": [project]},
        "systemSpace": True,
    }
    for _ in range(2):
        (found,) = alice.ask("POST", "/datasets/query", json=body)["items"]
        assert found["metadata"]["system"]["scope"] == "system"


def test_a_dataset_patch_ignores_what_cannot_be_changed_and_guards_the_system(alice, dataset):
    whole = alice.ask("GET", f"/datasets/{dataset}")
    assert alice.ask("PATCH", f"/datasets/{dataset}", json=whole) == whole
    body = {
        **whole,
        "name": "New",
        "metadata": {"user": {"k": 1}, "system": {"recipes": []}},
        "itemsCount": 9,
    }
    patched = alice.ask("PATCH", f"/datasets/{dataset}", json=body)
    assert (patched["name"], patched["itemsCount"]) == ("New", 0)
    assert patched["metadata"]["system"]["recipes"] == whole["metadata"]["system"]["recipes"]
    patched = alice.ask("PATCH", f"/datasets/{dataset}?system=true", json=body)
    assert patched["metadata"]["system"]["recipes"] == []


def test_a_second_dataset_of_one_name_is_400(alice, project):
    alice.dataset(project, "twice")
    body = {"name": "twice", "projects": [project]}
    assert alice.send("POST", "/datasets", json=body).status_code == 400
    assert alice.send("POST", "/datasets", json={"name": "x"}).status_code == 400
    assert alice.send("POST", "/datasets", json={"projects": [project]}).status_code == 400


def test_a_dataset_counts_what_it_has(alice, dataset):
    one = alice.upload(dataset, "/1.txt")
    alice.upload(dataset, "/2.txt")
    alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/d"})
    annotate(alice, one, BOX, BOX)
    shown = alice.ask("GET", f"/datasets/{dataset}")
    assert (shown["itemsCount"], shown["annotated"], shown["annotationsCount"]) == (2, 1, 2)


def test_a_deleted_dataset_takes_everything_along(alice, dataset):
    item = alice.upload(dataset, "/1.txt")
    assert alice.ask("DELETE", f"/datasets/{dataset}") is True
    assert alice.send("GET", f"/items/{item['id']}").status_code == 404


# Copies and exports


def test_a_clone_shares_the_bytes_and_has_annotations_of_its_own(alice, hub, dataset):
    item = alice.upload(dataset, "/a/1.txt", b"shared", metadata='{"user": {"k": 1}}', description="d")
    (parent,) = annotate(alice, item, BOX)
    annotate(alice, item, {**BOX, "label": "child", "metadata": {"system": {"parentId": parent["id"]}}})
    blobs = sorted(hub.store.blobs.digests())
    command = alice.ask("POST", f"/datasets/{dataset}/clone", json={"name": "copy"})
    clone = alice.ask("GET", f"/datasets/{command['spec']['returnedModelId']}")
    source = alice.ask("GET", f"/datasets/{dataset}")
    assert clone["srcDataset"] == dataset
    assert clone["metadata"]["system"]["recipes"] == source["metadata"]["system"]["recipes"]
    (copy,) = alice.query(clone["id"])["items"]
    assert (copy["filename"], copy["spec"], copy["srcItem"]) == ("/a/1.txt", "ClonedItemSpec", item["id"])
    assert (copy["metadata"]["user"], copy["description"]) == ({"k": 1}, "d")
    assert alice.send("GET", f"/items/{copy['id']}/stream").content == b"shared"
    assert sorted(hub.store.blobs.digests()) == blobs
    copies = {one["label"]: one for one in alice.ask("GET", f"/items/{copy['id']}/annotations")}
    assert copies["cat"]["id"] != parent["id"]
    assert copies["child"]["metadata"]["system"]["parentId"] == copies["cat"]["id"]


def test_a_clone_takes_only_what_it_is_told_to(alice, dataset):
    item = alice.upload(dataset, "/1.txt", metadata='{"user": {"k": 1}}')
    alice.upload(dataset, "/2.txt")
    annotate(alice, item, BOX)
    told = {
        "withItemsAnnotations": False,
        "withMetadata": False,
        "targetDatasetId": dataset,
        "targetDirectory": "/in",
    }
    body = {"filter": {"filter": {"$and": [{"filename": "/1.txt"}]}}, "cloneDatasetParams": told}
    assert done(alice, "POST", f"/datasets/{dataset}/clone", json=body)["returnedModelId"] == dataset
    (copy,) = alice.query(dataset, {"$and": [{"filename": "/in/*"}]})["items"]
    assert (copy["annotated"], "user" in copy["metadata"]) == (False, False)


def test_an_item_is_cloned_to_a_free_path_only(alice, dataset):
    item = alice.upload(dataset, "/1.txt")
    body = {"targetDatasetId": dataset, "remoteFileName": "/2.txt", "metadata": {"user": {"new": 1}}}
    (made,) = done(alice, "POST", f"/items/{item['id']}/clone", json=body)["returnedModelId"]
    assert alice.ask("GET", f"/items/{made}")["metadata"]["user"] == {"new": 1}
    again = alice.ask("POST", f"/items/{item['id']}/clone", json=body)
    assert "/2.txt" in alice.ask("GET", f"/commands/{again['id']}")["error"]


def test_a_clone_into_somebody_elses_dataset_fails(alice, bob, dataset):
    item = alice.upload(dataset, "/1.txt")
    theirs = bob.dataset(bob.project("Bob's copies"))["id"]
    command = alice.ask("POST", f"/items/{item['id']}/clone", json={"targetDatasetId": theirs})
    assert alice.ask("GET", f"/commands/{command['id']}")["status"] == "failed"
    assert bob.query(theirs)["items"] == []


def test_an_export_is_an_item_with_all_that_was_asked_for(alice, dataset):
    one, two = alice.upload(dataset, "/1.txt"), alice.upload(dataset, "/2.txt")
    annotate(alice, one, BOX, {**BOX, "label": "dog"})

    def exported(**body):
        command = alice.ask("POST", f"/datasets/{dataset}/export", json={"exportType": "json", **body})
        item = alice.ask("GET", f"/items/{command['spec']['outputItemId']}")
        assert item["hidden"]
        return alice.send("GET", f"/items/{item['id']}/stream").json()

    whole = exported(annotations={"include": True})
    assert [one["filename"] for one in whole] == ["/1.txt", "/2.txt"]
    assert [[mark["label"] for mark in one["annotations"]] for one in whole] == [["cat", "dog"], []]
    some = exported(
        annotations={"include": True},
        itemsQuery={"filter": {"$and": [{"filename": "/1.txt"}]}},
        annotationsQuery={"filter": {"$and": [{"label": "dog"}]}},
    )
    assert [[mark["label"] for mark in one["annotations"]] for one in some] == [["dog"]]
    assert exported(annotations={"include": False}) == [
        alice.ask("GET", f"/items/{i['id']}") for i in (one, two)
    ]
    assert exported(itemsQuery={"filter": {"type": "none"}}) == []
    reply = alice.send("POST", f"/datasets/{dataset}/export", json={"exportType": "lance"})
    assert reply.status_code == 422


# Recipes and ontologies


@pytest.fixture
def ontology(alice, dataset) -> str:
    recipe = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
    return alice.ask("GET", f"/recipes/{recipe}")["ontologyIds"][0]


def tags(ontology):
    def walk(nodes):
        return {node["value"]["tag"]: walk(node["children"]) for node in nodes}

    return walk(ontology["roots"])


def test_labels_are_added_with_their_ancestors_and_get_a_colour(alice, ontology):
    nodes = [{"tag": "person.hand", "displayData": {}}, {"tag": "cat", "color": "#010203"}]
    path = f"/ontologies/{ontology}/labels"
    answer = alice.ask("PATCH", path, json={"labelsNode": nodes, "upsert": True})
    assert tags(answer) == {"person": {"hand": {}}, "cat": {}}
    assert {root["value"]["color"][0] for root in answer["roots"]} == {"#"}
    assert alice.send("PATCH", path, json={"labelsNode": [{"tag": "no"}], "upsert": False}).status_code == 404
    assert alice.send("PATCH", path, json={"labelsNode": "x"}).status_code == 400


def test_a_put_replaces_the_labels_of_an_ontology(alice, ontology):
    nodes = [{"tag": "a"}, {"tag": "b"}]
    whole = alice.ask("PATCH", f"/ontologies/{ontology}/labels", json={"labelsNode": nodes})
    body = {**whole, "roots": whole["roots"][1:], "labels": [{"tag": "ignored"}]}
    assert tags(alice.ask("PUT", f"/ontologies/{ontology}", json=body)) == {"b": {}}


def test_attributes_are_upserted_and_deleted_by_key(alice, ontology):
    path = f"/ontologies/{ontology}/attributes"
    item = {"title": "Colour", "key": "c", "type": "options", "multi": False, "values": ["r"], "scope": ["*"]}
    answer = alice.ask("PATCH", path, json={"items": [item], "upsert": True})
    assert answer["metadata"]["attributes"] == [{**item, "scriptData": {"title": "Colour"}}]
    assert alice.send("DELETE", path, json={"keys": ["c"]}).status_code == 204
    assert alice.ask("GET", f"/ontologies/{ontology}")["metadata"]["attributes"] == []


def test_recipes_are_made_listed_patched_cloned_and_deleted(alice, project, dataset):
    ontology = alice.ask(
        "POST",
        "/ontologies",
        json={"roots": [{"value": {"tag": "x"}, "children": None}], "projectIds": [project]},
    )
    body = {"title": "Mine", "projectIds": [project], "ontologyIds": [ontology["id"]], "uiSettings": {"a": 1}}
    made = alice.ask("POST", "/recipes", json=body)
    assert made["uiSettings"] == {"a": 1}
    page = alice.ask("GET", f"/recipes?projects={project}&&pageOffset=0&pageSize=1000")
    assert (page["totalItemsCount"], page["hasNextPage"]) == (2, False)
    first = alice.ask("GET", f"/recipes?projects={project}&pageOffset=0&pageSize=1")
    assert (len(first["items"]), first["hasNextPage"], first["totalPagesCount"]) == (1, True, 2)
    assert alice.ask("PATCH", f"/recipes/{made['id']}", json=made) == made
    assert alice.ask("PATCH", f"/recipes/{made['id']}", json={"title": "New"})["title"] == "New"
    copy = alice.ask("POST", f"/recipes/{made['id']}/clone", json={"shallow": False})
    (copied,) = copy["ontologyIds"]
    assert copied != ontology["id"]
    assert tags(alice.ask("GET", f"/ontologies/{copied}")) == {"x": {}}
    used = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
    assert alice.send("DELETE", f"/recipes/{used}").status_code == 409
    assert alice.send("DELETE", f"/recipes/{copy['id']}").status_code == 204
    listed = alice.ask("GET", f"/ontologies?projects={project}&ids={copied}")
    assert [one["id"] for one in listed["items"]] == [copied]
    assert alice.send("DELETE", f"/ontologies/{copied}").status_code == 204
    assert alice.send("GET", f"/recipes?projects={project}&pageSize=x").status_code == 400


# Tasks


def test_a_task_goes_from_its_command_to_its_end(alice, project, dataset):
    items = [alice.upload(dataset, f"/{number}.txt") for number in range(4)]
    body = {
        "name": "t",
        "query": json.dumps({"filter": {"$and": [{"filename": {"$ne": "/3.txt"}}]}, "resource": "items"}),
        "datasetId": dataset,
        "projectId": project,
        "dueDate": 1.0e12,
        "workload": [{"assigneeId": "a@x.test", "load": 50}, {"assigneeId": "b@x.test", "load": 50}],
        "metadata": {"system": {"batchSize": 5}},
    }
    made = done(alice, "POST", "/annotationtasks", json=body)
    assert made["createTaskPayload"] == body
    path = f"/annotationtasks/{made['createdTaskId']}"
    task = alice.ask("GET", path)
    assert (task["totalItems"], task["metadata"]["system"]["batchSize"]) == (3, 5)
    assert task["itemStatus"] == {"completed": 0, "remaining": 3, "actions": {}}
    assert "sort" in json.loads(task["query"])

    payload = {"operation": "create", "returnLastStatus": True, "status": "completed"}
    wanted = [items[0]["id"], items[3]["id"]]
    answer = alice.ask(
        "POST",
        f"/assignments/items/tasks/{task['id']}/status",
        json={"itemIds": wanted, "statusPayload": payload},
    )
    assert answer == {items[0]["id"]: {"status": "completed"}}
    assert alice.ask("GET", path)["progress"] == 33

    listed = alice.ask("GET", f"/assignments?projects={project}&pageSize=500&taskId={task['id']}")
    assert [one["id"] for one in listed["items"]] == task["assignmentIds"]
    assignment = f"/assignments/{task['assignmentIds'][0]}"
    assert alice.ask("GET", assignment)["metadata"]["system"]["taskId"] == task["id"]
    assert alice.ask("PATCH", assignment, json={"status": "done", "id": "x"})["status"] == "done"
    moved = done(alice, "POST", f"{assignment}/reassign", json={"annotator": "c@x.test", "asynced": True})
    assert moved == {"toAssignment": task["assignmentIds"][0]}
    assert alice.ask("GET", assignment)["annotator"] == "c@x.test"
    status = {"operation": "create", "status": "discard"}
    assert alice.ask("POST", f"{assignment}/items/{items[0]['id']}/status", json=status)

    query = json.dumps({"filter": {"$and": [{"filename": "/3.txt"}]}})
    assert done(alice, "POST", f"{path}/addToTask", json={"query": query}) == {
        "addToTaskPayload": {"query": query}
    }
    assert alice.ask("GET", path)["totalItems"] == 4
    assert done(alice, "POST", f"{path}/removeFromTask", json={"query": query})["removeItemsCount"] == 1

    found = alice.ask(
        "POST",
        "/annotationtasks/query",
        json={
            "filter": {"$and": [{"name": "t"}, {"datasetId": dataset}]},
            "resource": "tasks",
            "context": {"projectIds": [project]},
        },
    )
    assert [one["id"] for one in found["items"]] == [task["id"]]
    again = {**body, "checkIfExist": {"query": {"filter": {"$and": [{"name": "t"}, {"datasetId": dataset}]}}}}
    assert alice.ask("POST", "/annotationtasks", json=again)["name"] == "t"
    assert alice.ask("PATCH", path, json={**task, "name": "t2"})["name"] == "t2"
    assert done(alice, "DELETE", path, json={"asynced": True}) == {"deleteTaskId": task["id"]}
    assert alice.send("GET", path).status_code == 404
    assert alice.ask("GET", f"/items/{items[0]['id']}")["metadata"]["system"]["refs"] == []


def test_a_task_that_cannot_be_made_fails_as_a_command(alice, dataset):
    body = {"name": "t", "query": "{'no json'}", "datasetId": dataset}
    command = alice.ask("POST", "/annotationtasks", json=body)
    assert command["status"] == "in-progress"
    assert alice.ask("GET", f"/commands/{command['id']}")["status"] == "failed"
    found = alice.ask("POST", "/annotationtasks/query", json={"filter": {"$and": [{"datasetId": dataset}]}})
    assert found["items"] == []


def test_the_queue_of_a_task_is_what_nobody_has_yet(alice, dataset):
    alice.upload(dataset, "/1.txt")
    body = {"name": "queued", "datasetId": dataset, "query": '{"filter": {}}'}
    task = done(alice, "POST", "/annotationtasks", json=body)["createdTaskId"]
    assert alice.ask("GET", f"/annotationtasks/{task}/queue") == {"remaining": 1}
