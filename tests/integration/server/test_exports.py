"""Exports: files for their owner, which are nothing of the dataset."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from sqlalchemy import func, select

from localloop.server import export_items
from localloop.server.outputs import KEPT, Output, Outputs
from localloop_schema.tables import Operation
from tests.integration.server.commanding import Gate, done, failed, finished

BOX = {"type": "box", "label": "cat", "coordinates": [{"x": 1, "y": 2, "z": 0}, {"x": 3, "y": 4, "z": 0}]}


def annotate(client, item, *labels):
    marks = [{**BOX, "label": label} for label in labels]
    return client.ask("POST", f"/items/{item['id']}/annotations", json=marks)


def export(client, dataset, **body):
    """The item of an export."""
    spec = done(client, "POST", f"/datasets/{dataset}/export", json=body)
    return client.ask("GET", f"/items/{spec['outputItemId']}")


def content(client, item):
    reply = client.send("GET", f"/items/{item['id']}/stream")
    assert reply.ok
    assert len(reply.content) == item["metadata"]["system"]["size"]
    return reply


def archive(client, item):
    opened = zipfile.ZipFile(io.BytesIO(content(client, item).content))
    return {name: json.loads(opened.read(name)) for name in opened.namelist()}


def operations(hub):
    with hub.store.reading() as connection:
        return connection.execute(select(func.count()).select_from(Operation.__table__)).scalar_one()


def test_an_export_leaves_no_trace_in_dataset_or_log(alice, hub, project, dataset):
    alice.upload(dataset, "/1.txt")
    before, blobs = operations(hub), sorted(hub.store.blobs.digests())
    item = export(alice, dataset, exportType="json", annotations={"include": True})
    assert [one["filename"] for one in content(alice, item).json()] == ["/1.txt"]
    assert operations(hub) == before
    assert sorted(hub.store.blobs.digests()) == blobs
    assert alice.query(dataset, {})["totalItemsCount"] == 1
    (binaries,) = hub.store.rows("dataset", project_id=project, system=True)
    assert hub.store.rows("item", dataset_id=binaries["id"]) == []


def test_an_export_is_for_its_owner_only(alice, bob, project, dataset):
    alice.ask("POST", f"/projects/{project}/members/bob@example.test", json={"role": "engineer"})
    item = export(alice, dataset)
    for path in ("", "/stream"):
        assert bob.send("GET", f"/items/{item['id']}{path}").status_code == 404


def test_an_export_without_a_body_has_everything_but_directories(alice, dataset):
    alice.upload(dataset, "/a/1.txt")
    alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/empty"})
    spec = done(alice, "POST", f"/datasets/{dataset}/export")
    item = alice.ask("GET", f"/items/{spec['outputItemId']}")
    assert item["name"].endswith(".zip")  # as dtlpy expects when it names no type
    ((name, one),) = archive(alice, item).items()
    assert (name, one["filename"], one["annotations"]) == ("a/1.json", "/a/1.txt", [])


def test_a_download_of_an_export_can_go_on_where_it_broke(alice, dataset):
    alice.upload(dataset, "/1.txt")
    item = export(alice, dataset)
    whole = content(alice, item).content
    rest = alice.send("GET", f"/items/{item['id']}/stream", headers={"Range": "bytes=5-"})
    assert (rest.status_code, rest.content) == (206, whole[5:])


def test_annotations_are_filtered_when_the_export_says_so(alice, dataset):
    one, two = alice.upload(dataset, "/1.txt"), alice.upload(dataset, "/2.txt")
    annotate(alice, one, "cat", "dog")
    annotate(alice, two, "dog")
    join = {"on": {"resource": "annotations"}, "filter": {"$and": [{"label": "cat"}]}}

    def labels(**annotations):
        body = {"itemsQuery": {"filter": {"$and": [{"type": "file"}]}, "join": join}}
        item = export(alice, dataset, exportType="json", **body, annotations={"include": True, **annotations})
        return [[mark["label"] for mark in found["annotations"]] for found in content(alice, item).json()]

    assert labels() == [["cat", "dog"]]
    assert labels(filter=True) == [["cat"]]


def test_an_archive_has_a_file_for_each_item_and_loses_none_of_one_name(alice, dataset):
    first = alice.upload(dataset, "/a/1.txt")
    annotate(alice, first, "cat")
    alice.upload(dataset, "/a/1.md")
    alice.upload(dataset, "/plain")
    old = archive(alice, export(alice, dataset, exportType="zip", summary=True))
    new = archive(alice, export(alice, dataset, exportType="zip", exportVersion="V2"))
    assert sorted(new) == ["json/a/1.md.json", "json/a/1.txt.json", "json/plain.json"]
    assert sorted(old) == ["json/a/1.json", "json/a/1.md.json", "json/plain.json", "summary.json"]
    assert [mark["label"] for mark in new["json/a/1.txt.json"]["annotations"]] == ["cat"]
    assert (old["summary.json"]["itemsCount"], old["summary.json"]["annotationsCount"]) == (3, 1)


def test_a_zipped_array_is_one_file_in_an_archive(alice, dataset):
    alice.upload(dataset, "/1.txt")
    item = export(alice, dataset, exportType="json", zipJson=True)
    assert item["name"].endswith(".zip")
    ((name, items),) = archive(alice, item).items()
    assert (name, [one["filename"] for one in items]) == (f"{dataset}.json", ["/1.txt"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"exportType": "lance"}, 422),
        ({"exportVersion": "V9"}, 422),
        ({"includeItemVectors": True}, 422),
        ({"annotations": {"include": True, "convertSemantic": True}}, 422),
        ({"itemsQuery": {"filter": {"$and": [{"name": {"$regex": "x"}}]}}}, 422),
        ({"annotationsQuery": {"filter": [1]}}, 400),
        ({"summary": "yes"}, 400),
    ],
)
def test_what_cannot_be_exported_is_refused_at_once(alice, dataset, body, status):
    reply = alice.send("POST", f"/datasets/{dataset}/export", json=body)
    assert (reply.status_code, reply.json()["status"]) == (status, status)


def test_a_locked_dataset_is_changed_by_nobody_until_the_export_ends(alice, dataset, monkeypatch):
    item = alice.upload(dataset, "/1.txt")
    gate = Gate(export_items.write_array)
    monkeypatch.setattr(export_items, "write_array", gate)
    command = alice.ask(
        "POST", f"/datasets/{dataset}/export", json={"exportType": "json", "datasetLock": True}
    )
    assert gate.reached.wait(60)
    shown = alice.ask("GET", f"/datasets/{dataset}")
    assert (shown["readonly"], shown["lockProcessCommandId"]) == (True, command["id"])
    refusals = [
        alice.send_file(dataset, "/2.txt"),
        alice.send("PATCH", f"/items/{item['id']}", json={"metadata": {"user": {"k": 1}}}),
        alice.send("DELETE", f"/items/{item['id']}"),
        alice.send("POST", f"/items/{item['id']}/annotations", json=[BOX]),
        alice.send("POST", f"/datasets/{dataset}/query", json={"filter": {}, "delete": True}),
        alice.send("DELETE", f"/datasets/{dataset}"),
    ]
    assert {reply.status_code for reply in refusals} == {409}
    assert command["id"] in refusals[0].json()["message"]
    gate.opened.set()
    assert finished(alice, command)["status"] == "success"
    shown = alice.ask("GET", f"/datasets/{dataset}")
    assert (shown["readonly"], "lockProcessCommandId" in shown) == (False, False)
    alice.upload(dataset, "/2.txt")


def test_unlocking_releases_the_lock_of_a_running_export(alice, dataset, monkeypatch):
    gate = Gate(export_items.write_array)
    monkeypatch.setattr(export_items, "write_array", gate)
    command = alice.ask(
        "POST", f"/datasets/{dataset}/export", json={"exportType": "json", "datasetLock": True}
    )
    assert gate.reached.wait(60)
    shown = alice.ask("PATCH", f"/datasets/{dataset}/unlock")
    assert (shown["readonly"], "lockProcessCommandId" in shown) == (False, False)
    alice.upload(dataset, "/1.txt")
    gate.opened.set()
    assert finished(alice, command)["status"] == "success"


def test_what_is_in_a_read_only_dataset_stays_as_it_is(alice, dataset):
    item = alice.upload(dataset, "/1.txt")
    assert alice.ask("PATCH", f"/datasets/{dataset}", json={"readonly": True})["readonly"]
    reply = alice.send_file(dataset, "/2.txt")
    assert (reply.status_code, reply.json()["message"]) == (403, "The dataset 'D' is read-only.")
    assert alice.send("DELETE", f"/items/{item['id']}").status_code == 403
    # A patch that says nothing new is none.
    assert alice.ask("PATCH", f"/items/{item['id']}", json=item) == item
    alice.ask("PATCH", f"/datasets/{dataset}", json={"readonly": False})
    alice.upload(dataset, "/2.txt")


def test_an_aborted_export_leaves_no_file(alice, hub, dataset, monkeypatch):
    alice.upload(dataset, "/1.txt")
    gate = Gate(export_items.stepped)
    monkeypatch.setattr(export_items, "stepped", gate)
    command = alice.ask("POST", f"/datasets/{dataset}/export", json={})
    assert gate.reached.wait(60)
    assert alice.ask("POST", f"/commands/{command['id']}/abort")["status"] == "cleaning-up"
    gate.opened.set()
    assert finished(alice, command)["status"] == "aborted"
    monkeypatch.undo()
    assert [path for path in (hub.path / "exports").rglob("export.*") if not path.stat().st_size] == []
    assert content(alice, export(alice, dataset)).ok


def test_the_history_tells_of_every_export_that_the_caller_may_see(alice, bob, project, dataset, monkeypatch):
    alice.upload(dataset, "/1.txt")
    first = export(alice, dataset)

    def broken(*_arguments, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(export_items, "write_array", broken)
    error = failed(
        alice, "POST", f"/datasets/{dataset}/export", json={"exportType": "json", "datasetLock": True}
    )
    assert error.startswith("Something went wrong")
    assert "lockProcessCommandId" not in alice.ask("GET", f"/datasets/{dataset}")

    body = {"projects": [project], "sortBy": "createdAt", "sortOrder": "ASC"}
    found = alice.ask("POST", "/datasets/exports", json=body)
    one, two = found["records"]
    assert (found["total"], found["pageSize"], found["pageOffset"]) == (2, 100, 0)
    assert (one["status"], one["locked"], one["datasetId"]) == ("success", False, dataset)
    assert (one["downloadLink"], one["downloadDisabled"]) == (first["stream"], False)
    assert one["downloadSize"] == first["metadata"]["system"]["size"]
    assert (two["status"], two["locked"], two["errorType"]) == ("failed", True, "cmd")
    page = alice.ask("POST", "/datasets/exports", json={**body, "pageSize": 1, "pageOffset": 1})
    assert [record["id"] for record in page["records"]] == [two["id"]]
    mine = alice.ask("POST", "/datasets/exports", json={**body, "exportId": one["exportId"]})
    assert mine["total"] == 1
    assert bob.ask("POST", "/datasets/exports", json=body)["records"] == []
    assert alice.send("POST", "/datasets/exports", json={}).status_code == 400
    assert alice.send("POST", "/datasets/exports", json={**body, "pageSize": -1}).status_code == 400


def test_the_older_dumps_are_the_file_itself(alice, dataset):
    annotate(alice, alice.upload(dataset, "/a/1.txt"), "cat")
    alice.upload(dataset, "/b/2.txt")
    items = alice.ask("GET", f"/datasets/{dataset}/annotations/json")
    assert [one["filename"] for one in items] == ["/a/1.txt", "/b/2.txt"]
    assert [mark["label"] for mark in items[0]["annotations"]] == ["cat"]
    some = alice.ask("GET", f"/datasets/{dataset}/annotations/json?directory=/b")
    assert [one["filename"] for one in some] == ["/b/2.txt"]
    reply = alice.send("GET", f"/datasets/{dataset}/annotations/zip?directory=%2Fa")
    assert reply.headers["Content-Type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(reply.content)).namelist() == ["json/a/1.txt.json"]


def output(outputs, number=1):
    with outputs.folder() as folder:
        (folder / "file").write_bytes(b"x")
    made = Output(f"o{number}", "alice", folder / "file", "file", "text/plain", "d", "now")
    outputs.keep(made)
    return made


def test_files_are_removed_after_an_hour_and_those_of_dead_servers_at_the_start(tmp_path):
    now = [0.0]
    outputs = Outputs(tmp_path / "x", monotonic=lambda: now[0])
    first = output(outputs)
    assert outputs.find("o1", "alice") == first
    assert outputs.find("o1", "bob") is None
    now[0] = KEPT
    assert outputs.find("o1", "alice") is None
    second = output(outputs, 2)
    assert not first.path.exists()
    # Another server leaves alone what a living one has.
    Outputs(tmp_path / "x").close()
    assert second.path.exists()
    left = tmp_path / "x" / "dead"
    left.mkdir()
    (left / "in-use").touch()
    (left / "file").touch()
    Outputs(tmp_path / "x").close()
    assert not left.exists()
    outputs.close()
    assert list((tmp_path / "x").iterdir()) == []
