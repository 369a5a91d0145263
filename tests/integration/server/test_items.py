"""Items over HTTP."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.integration.server.commanding import done

ABSENT = "0" * 24


def stream(client, item, **headers):
    return client.send(
        "GET", f"/items/{item['id']}/stream", headers={"Accept-Encoding": "identity", **headers}
    )


def test_an_uploaded_file_comes_back_byte_for_byte(alice, dataset):
    data = bytes(range(256)) * 9000
    item = alice.upload(dataset, "/x/a.bin", data)
    assert item["metadata"]["system"]["size"] == len(data)
    assert (item["dir"], item["name"]) == ("/x", "a.bin")
    reply = stream(alice, item)
    assert (reply.status_code, reply.content) == (200, data)
    assert reply.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("wanted", "status", "body", "place"),
    [
        ("bytes=0-", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=4-5", 206, b"45", "bytes 4-5/10"),
        ("bytes=4-99", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=9-9", 206, b"9", "bytes 9-9/10"),
        ("bytes=5-4", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
    ],
)
def test_a_range_of_a_file_is_answered_with_that_range(alice, dataset, wanted, status, body, place):
    item = alice.upload(dataset, "/a.txt", b"0123456789")
    reply = stream(alice, item, Range=wanted)
    assert (reply.status_code, reply.content, reply.headers.get("Content-Range")) == (status, body, place)
    assert reply.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=11-20", "bytes=-0"])
def test_a_range_with_nothing_in_it_is_416_with_the_size(alice, dataset, wanted):
    item = alice.upload(dataset, "/a.txt", b"0123456789")
    reply = stream(alice, item, Range=wanted)
    assert (reply.status_code, reply.headers["Content-Range"]) == (416, "bytes */10")
    assert reply.json()["status"] == 416


def test_an_empty_file_is_an_item_and_comes_back_empty_even_as_a_range_from_its_start(alice, dataset):
    item = alice.upload(dataset, "/empty", b"")
    assert item["metadata"]["system"]["size"] == 0
    assert (stream(alice, item).status_code, stream(alice, item).content) == (200, b"")
    assert (stream(alice, item, Range="bytes=0-").status_code) == 200
    assert stream(alice, item, Range="bytes=1-").status_code == 416


@pytest.mark.parametrize("path", ["/ü/日本 語.jpg", "/a b/c'd\"e.jpg", "/%41.txt", "/a+b&c=d.txt", "/🦆.png"])
def test_names_of_any_letters_are_kept(alice, dataset, path):
    parts = {"type": (None, "file"), "path": (None, path), "file": ("x", b"abc")}
    item = alice.ask("POST", f"/datasets/{dataset}/items", files=parts)
    assert item["filename"] == path
    found = alice.query(dataset, {"$and": [{"filename": path}]})
    assert [one["id"] for one in found["items"]] == [item["id"]]
    assert stream(alice, item).content == b"abc"


def raw_form(*parts: tuple[str, bytes], end: bool = True) -> bytes:
    body = b"".join(
        b"--b\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n"
        for head, data in parts
    )
    return body + b"--b--\r\n" if end else body


def post_form(client, dataset, body):
    pieces = (body[start : start + 7] for start in range(0, len(body), 7))
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return client.send("POST", f"/datasets/{dataset}/items", data=pieces, headers=headers)


def test_a_chunked_upload_is_read_wherever_its_chunks_break(alice, dataset):
    data = b"\r\n--c\r\n-\r--\n" * 50
    body = raw_form(('name="path"', b"/a/b.bin"), ('name="file"; filename="b.bin"', data))
    item = post_form(alice, dataset, body).json()
    assert stream(alice, item).content == data


def test_text_parts_may_come_after_the_file(alice, dataset):
    body = raw_form(('name="file"; filename="b.bin"', b"x"), ('name="path"', b"/late.bin"))
    assert post_form(alice, dataset, body).json()["filename"] == "/late.bin"


def test_a_file_without_a_path_lands_at_the_root_under_its_own_name(alice, dataset):
    assert (
        post_form(alice, dataset, raw_form(('name="file"; filename="own.bin"', b"x"))).json()["filename"]
        == "/own.bin"
    )


@pytest.mark.parametrize(
    "body",
    [
        raw_form(('name="path"', b"/a")),
        raw_form(('name="path"', b"/a"), ('name="file"; filename="a"', b"x"), end=False),
        raw_form(
            ('name="path"', b"/a"), ('name="file"; filename="a"', b"x"), ('name="file"; filename="b"', b"y")
        ),
        raw_form(('name="path"', b"\xff"), ('name="file"; filename="a"', b"x")),
        raw_form(('name="path"', b"/../a"), ('name="file"; filename="a"', b"x")),
        raw_form(('name="path"', b"/a"), ('name="metadata"', b"{no"), ('name="file"; filename="a"', b"x")),
        raw_form(('name="path"', b"/a"), ('name="metadata"', b"[1]"), ('name="file"; filename="a"', b"x")),
        b"not a form at all",
        b"",
    ],
)
def test_a_broken_upload_is_400_and_leaves_no_item(alice, dataset, body):
    reply = post_form(alice, dataset, body)
    assert (reply.status_code, reply.json()["status"]) == (400, 400)
    assert alice.query(dataset)["totalItemsCount"] == 0


def test_an_upload_that_is_cut_off_leaves_neither_item_nor_blob(alice, dataset, hub):
    before = sorted(hub.store.blobs.digests())
    address = urlsplit(hub.gate)
    head = (
        f"POST /api/v1/datasets/{dataset}/items HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {alice.session.headers['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    body = raw_form(('name="path"', b"/cut"), ('name="file"; filename="a"', b"half of it"), end=False)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode() + f"{len(body):x}\r\n".encode() + body + b"\r\n")
    assert alice.query(dataset)["totalItemsCount"] == 0
    assert sorted(hub.store.blobs.digests()) == before


def test_an_upload_says_what_it_did(alice, dataset):
    def operation(data: bytes, mode: str, **headers: str):
        reply = alice.send_file(dataset, "/a.txt", data, mode=mode, headers=headers)
        return reply.status_code, reply.headers.get("x-item-op"), reply.json().get("id")

    _, created, first = operation(b"one", "skip")
    assert created == "created"
    assert operation(b"one", "skip") == (200, "exist", first)
    assert operation(b"other size", "skip") == (200, "exist", first)
    assert operation(b"new", "overwrite") == (200, "overwrite", first)


def test_dtlpy_is_kept_from_deleting_an_item_whose_size_differs(alice, dataset):
    alice.upload(dataset, "/a.txt", b"one")
    agent = {"User-Agent": "dtlpy/1.126.5 CPython/3.11.7 Linux/6"}
    assert alice.send_file(dataset, "/a.txt", b"another", headers=agent).status_code == 409
    assert alice.send_file(dataset, "/a.txt", b"two", headers=agent).status_code == 200


def test_an_overwrite_deletes_the_annotations_and_a_revision_keeps_them(alice, dataset):
    item = alice.upload(dataset, "/a.txt", b"one")
    path = f"/items/{item['id']}"
    alice.ask("POST", f"{path}/annotations", json=[{"type": "class", "label": "x"}])
    revised = alice.ask("POST", f"{path}/revisions", files={"file": ("a.txt", b"second")})
    assert (revised["id"], revised["annotationsCount"]) == (item["id"], 1)
    assert revised["metadata"]["system"]["size"] == 6
    assert stream(alice, item).content == b"second"
    assert alice.upload(dataset, "/a.txt", b"third", mode="overwrite")["annotationsCount"] == 0


def test_metadata_and_description_come_along_with_an_upload(alice, dataset):
    item = alice.upload(dataset, "/a.txt", metadata=json.dumps({"user": {"k": [1]}}), description="words")
    assert (item["metadata"]["user"], item["description"]) == ({"k": [1]}, "words")
    assert "description" not in alice.upload(dataset, "/b.txt", description="")
    assert "description" not in alice.ask("PATCH", f"/items/{item['id']}", json={"description": ""})


def test_a_directory_is_made_by_a_form(alice, dataset):
    reply = alice.send("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/new/dir"})
    assert (reply.json()["type"], reply.json()["filename"]) == ("dir", "/new/dir")
    assert {"items", "export"} < set(reply.json())


def test_the_tree_shows_explicit_and_implied_directories(alice, dataset):
    alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/explicit"})
    alice.upload(dataset, "/a/b/c.txt")
    tree = alice.ask("GET", f"/datasets/{dataset}/directoryTree")

    def paths(node):
        return {node["value"]["filename"]: [paths(child) for child in node["children"]]}

    assert paths(tree) == {"/": [{"/a": [{"/a/b": []}]}, {"/explicit": []}]}
    assert tree == alice.ask("GET", f"/datasets/{dataset}/directoryTree")


def test_a_patch_merges_and_null_removes(alice, dataset):
    item = alice.upload(dataset, "/a.txt", metadata=json.dumps({"user": {"k": 1, "gone": 2}}))
    path = f"/items/{item['id']}"
    patched = alice.ask("PATCH", path, json={"metadata": {"user": {"gone": None, "new": {"x": 1}}}})
    assert patched["metadata"]["user"] == {"k": 1, "new": {"x": 1}}
    assert patched["updatedAt"] > item["updatedAt"]
    assert "user" not in alice.ask("PATCH", path, json={"metadata": {"user": None}})["metadata"]


def test_read_only_keys_in_a_patch_are_ignored(alice, dataset):
    item = alice.upload(dataset, "/a.txt")
    body = {
        **item,
        "updatedAt": "1999-01-01T00:00:00.000Z",
        "creator": "x",
        "id": ABSENT,
        "annotated": True,
        "url": "u",
    }
    assert alice.ask("PATCH", f"/items/{item['id']}", json=body) == item


def test_metadata_of_the_system_is_written_only_when_asked_for(alice, dataset):
    item = alice.upload(dataset, "/a.txt")
    body = {"metadata": {"system": {"tags": {"train": True}, "size": 99, "refs": [{"id": "x"}]}}}
    assert alice.ask("PATCH", f"/items/{item['id']}", json=body) == item
    system = alice.ask("PATCH", f"/items/{item['id']}?system=true", json=body)["metadata"]["system"]
    assert (system["tags"], system["size"], system["refs"]) == ({"train": True}, 3, [])


def test_items_are_moved_by_patch_and_by_the_directory(alice, dataset):
    one, two = alice.upload(dataset, "/one.txt"), alice.upload(dataset, "/two.txt")
    target = alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/t"})
    assert alice.ask("PATCH", f"/items/{one['id']}?system=true", json={"filename": "/x/y.txt"})["dir"] == "/x"
    wanted = [one["id"], two["id"]]
    assert done(alice, "PUT", f"/datasets/{dataset}/items/{target['id']}", json=wanted) == {"count": 2}
    files = alice.query(dataset, {"$and": [{"type": "file"}]})["items"]
    assert sorted(item["filename"] for item in files) == ["/t/two.txt", "/t/y.txt"]


def test_a_command_that_fails_shows_it_only_when_polled(alice, dataset):
    one = alice.upload(dataset, "/one.txt")
    target = alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/t"})
    command = alice.ask("PUT", f"/datasets/{dataset}/items/{target['id']}", json=[one["id"], ABSENT])
    assert (command["status"], command["progress"], command["error"]) == ("in-progress", 0, None)
    polled = alice.ask("GET", command["url"].partition("/api/v1")[2])
    assert polled["status"] == "failed"
    assert ABSENT in polled["error"]
    assert alice.ask("GET", f"/items/{one['id']}")["filename"] == "/one.txt"


def test_a_command_is_nobody_elses(alice, bob, dataset):
    one = alice.upload(dataset, "/one.txt")
    target = alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/t"})
    command = alice.ask("PUT", f"/datasets/{dataset}/items/{target['id']}", json=[one["id"]])
    assert bob.send("GET", f"/commands/{command['id']}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/items/{ABSENT}", 404),
        ("GET", "/items/x", 404),
        ("GET", f"/items/{ABSENT}/stream", 404),
        ("DELETE", f"/items/{ABSENT}", 404),
        ("DELETE", "/items/x", 400),
        ("GET", "/datasets/x", 404),
        ("GET", "/annotations/x", 400),
        ("GET", f"/annotations/{ABSENT}", 404),
        ("GET", "/ontologies/x", 400),
        ("GET", f"/ontologies/{ABSENT}", 404),
        ("GET", f"/recipes/{ABSENT}", 404),
        ("GET", f"/annotationtasks/{ABSENT}", 404),
        ("GET", f"/assignments/{ABSENT}", 404),
        ("GET", "/projects/nothing%20here/name", 404),
        ("GET", f"/commands/{ABSENT}", 404),
        ("GET", "/no/such/call", 404),
        ("PUT", "/projects", 405),
        ("POST", f"/datasets/{ABSENT}/query", 400),
    ],
)
def test_what_is_not_there_is_answered_in_json(alice, method, path, status):
    reply = alice.send(method, path)
    assert (reply.status_code, reply.json()["status"]) == (status, status)
    assert reply.json()["message"]


@pytest.mark.parametrize("body", [b"{", b"[1, NaN]", b'{"a": "\\ud800"}', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_not_json_is_400(alice, dataset, body):
    item = alice.upload(dataset, "/a.txt")
    reply = alice.send("PATCH", f"/items/{item['id']}", data=body)
    assert (reply.status_code, reply.json()["message"]) == (400, "The body is not valid JSON.")


def test_a_body_that_is_too_large_is_refused(alice):
    reply = alice.send("POST", "/projects", data=b" " * (33 << 20))
    assert reply.status_code == 413


def test_a_deleted_item_is_gone_and_its_path_is_free(alice, dataset):
    item = alice.upload(dataset, "/a.txt")
    assert alice.send("DELETE", f"/items/{item['id']}").status_code == 204
    assert alice.send("GET", f"/items/{item['id']}").status_code == 404
    assert alice.upload(dataset, "/a.txt")["id"] != item["id"]
