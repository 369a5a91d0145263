"""Exports in partitions, whole and as the difference between two versions."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json

import pytest

from tests.integration.server.commanding import done
from tests.integration.server.test_exports import annotate


def result(client, dataset, **body):
    return done(client, "POST", f"/datasets/{dataset}/export/v3", json={"format": "ndjson", **body})[
        "exportResult"
    ]


def manifest(client, told):
    return client.ask("GET", told["manifestUrl"].partition("/api/v1")[2])


def records(client, told):
    """The records of an export by id, its files checked."""
    if told["manifestUrl"] is None:
        assert told["totalRecords"] == 0
        return {}
    found = {}
    shown = manifest(client, told)
    for file in shown["files"]:
        reply = client.send("GET", file["path"].partition("/api/v1")[2])
        assert base64.b64encode(hashlib.md5(reply.content).digest()).decode() == file["checksum"]
        assert len(reply.content) == file["size"]
        lines = gzip.decompress(reply.content).splitlines()
        found.update((record["id"], record) for record in map(json.loads, lines))
    assert len(found) == told["totalRecords"] == shown["statistics"]["totalRecords"]
    return found


def test_a_full_export_has_every_visible_file_in_the_partitions_that_were_asked_for(alice, dataset):
    items = [alice.upload(dataset, f"/{number}.txt") for number in range(12)]
    annotate(alice, items[0], "cat")
    alice.upload(dataset, "/.dataloop/hidden.json")
    told = result(alice, dataset, mode="full", partitionCount=3)
    assert (told["mode"], told["fromVersion"], told["totalRecords"]) == ("full", None, 12)
    found = records(alice, told)
    assert set(found) == {item["id"] for item in items}
    assert [mark["label"] for mark in found[items[0]["id"]]["annotations"]] == ["cat"]
    shown = manifest(alice, told)
    assert shown["partitioning"]["partitionCount"] == len(shown["files"]) == 3
    assert sum(one["itemCount"] for one in shown["partitioning"]["partitions"]) == 12
    assert shown["version"] == {key: told[key] for key in ("fromVersion", "toVersion", "mode")}


def test_a_difference_has_what_changed_and_what_was_deleted_and_nothing_else(alice, dataset):
    names = ("kept", "changed", "marked", "unmarked", "deleted", "brief")
    items = {name: alice.upload(dataset, f"/{name}.txt") for name in names}
    (mark,) = annotate(alice, items["unmarked"], "cat")
    since = result(alice, dataset)["toVersion"]
    assert records(alice, result(alice, dataset, mode="diff", fromVersion=since)) == {}

    alice.ask("PATCH", f"/items/{items['changed']['id']}", json={"metadata": {"user": {"k": 1}}})
    annotate(alice, items["marked"], "dog")
    alice.ask("DELETE", f"/annotations/{mark['id']}", json={})
    alice.ask("DELETE", f"/items/{items['deleted']['id']}")
    made = alice.upload(dataset, "/made.txt")
    gone = alice.upload(dataset, "/gone again.txt")
    alice.ask("DELETE", f"/items/{gone['id']}")
    other = alice.dataset(alice.ask("GET", f"/datasets/{dataset}")["projects"][0], "other")
    alice.upload(other["id"], "/elsewhere.txt")

    told = result(alice, dataset, mode="diff", fromVersion=since)
    assert (told["mode"], told["fromVersion"]) == ("diff", since)
    assert told["toVersion"] > since
    found = records(alice, told)
    changed = {record["filename"] for record in found.values() if not record.get("deleted")}
    assert changed == {"/changed.txt", "/marked.txt", "/unmarked.txt", made["filename"]}
    assert found[items["changed"]["id"]]["metadata"]["user"] == {"k": 1}
    assert [one["label"] for one in found[items["marked"]["id"]]["annotations"]] == ["dog"]
    assert found[items["unmarked"]["id"]]["annotations"] == []
    deleted = found[items["deleted"]["id"]]
    assert deleted.pop("deletedAt")
    assert deleted == {
        "id": items["deleted"]["id"],
        "datasetId": dataset,
        "filename": "/deleted.txt",
        "type": "file",
        "deleted": True,
        "deletedBy": "alice@example.test",
        "annotations": [],
    }
    assert found[gone["id"]]["deleted"]
    assert records(alice, result(alice, dataset, mode="diff", fromVersion=told["toVersion"])) == {}


def test_a_filter_confines_what_is_exported_but_no_deletion(alice, dataset):
    one, two = alice.upload(dataset, "/1.txt"), alice.upload(dataset, "/2.txt")
    since = result(alice, dataset)["toVersion"]
    filters = {"itemsQuery": {"filter": {"$and": [{"filename": "/1.txt"}]}}}
    assert set(records(alice, result(alice, dataset, filters=filters))) == {one["id"]}
    for item in (one, two):
        alice.ask("PATCH", f"/items/{item['id']}", json={"metadata": {"user": {"k": 1}}})
    told = result(alice, dataset, mode="diff", fromVersion=since, filters=filters)
    assert set(records(alice, told)) == {one["id"]}
    alice.ask("DELETE", f"/items/{two['id']}")
    told = result(alice, dataset, mode="diff", fromVersion=since, filters=filters)
    assert set(records(alice, told)) == {one["id"], two["id"]}


def test_an_empty_export_has_no_manifest(alice, dataset):
    told = result(alice, dataset)
    assert (told["manifestUrl"], told["totalRecords"]) == (None, 0)


def test_where_a_platform_is_behind_a_difference_is_everything(alice, hub, dataset):
    alice.upload(dataset, "/1.txt")
    since = result(alice, dataset)["toVersion"]
    hub.store.set_settings({"gate": "https://gate.example.test"})
    try:
        told = result(alice, dataset, mode="diff", fromVersion=since)
    finally:
        hub.store.set_settings({"gate": None})
    assert (told["mode"], told["fromVersion"], told["totalRecords"]) == ("full", None, 1)


def test_the_files_of_an_export_are_for_its_owner_and_only_they_are_there(alice, bob, project, dataset):
    alice.upload(dataset, "/1.txt")
    told = result(alice, dataset)
    alice.ask("POST", f"/projects/{project}/members/bob@example.test", json={"role": "engineer"})
    paths = [told["manifestUrl"], manifest(alice, told)["files"][0]["path"]]
    for path in (path.partition("/api/v1")[2] for path in paths):
        assert alice.send("GET", path).ok
        assert bob.send("GET", path).status_code == 404
    base = told["manifestUrl"].partition("/api/v1")[2].removesuffix("/manifest")
    for name in ("x", "..%2Fpart-00000.ndjson.gz", "part-00001.ndjson.gz"):
        assert alice.send("GET", f"{base}/files/{name}").status_code == 404
    export_id = base.rpartition("/")[2]
    assert alice.send("GET", f"/items/{export_id}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"mode": "half"}, 422),
        ({"format": "parquet"}, 422),
        ({"partitionCount": 0}, 400),
        ({"partitionCount": 1.5}, 400),
        ({"mode": "diff", "fromVersion": -1}, 400),
        ({"mode": "diff", "fromVersion": 2**60}, 400),
        ({"filters": {"itemsQuery": {"filter": {"$and": [{"name": {"$regex": "x"}}]}}}}, 422),
    ],
)
def test_what_cannot_be_exported_is_refused_at_once(alice, dataset, body, status):
    reply = alice.send("POST", f"/datasets/{dataset}/export/v3", json=body)
    assert (reply.status_code, reply.json()["status"]) == (status, status)
