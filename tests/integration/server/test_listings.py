"""Listings of items, and items under their dataset's path, over HTTP."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest


def test_items_are_listed_by_a_query_in_the_path(alice, dataset):
    for name in "abc":
        alice.upload(dataset, f"/{name}.txt")
    query = quote(json.dumps({"filter": {"name": {"$ne": "b.txt"}}, "select": {"name": 1}}))
    sort = quote(json.dumps({"name": "descending"}))
    page = alice.ask("GET", f"/datasets/{dataset}/items?query={query}&sort={sort}&pageOffset=0&pageSize=1")
    assert [item["name"] for item in page["items"]] == ["c.txt"]
    assert (page["totalItemsCount"], page["totalPagesCount"], page["hasNextPage"]) == (2, 2, True)
    bare = quote(json.dumps({"$and": [{"name": "b.txt"}]}))
    assert alice.ask("GET", f"/datasets/{dataset}/items?query={bare}")["totalItemsCount"] == 1
    assert alice.ask("GET", f"/datasets/{dataset}/items")["totalItemsCount"] == 3


@pytest.mark.parametrize("words", ["query=x", "query=[]", "sort=1", "pageSize=x", 'query={"a":{"$x":1}}'])
def test_a_listing_that_makes_no_sense_is_refused(alice, dataset, words):
    status = alice.send("GET", f"/datasets/{dataset}/items?{words}").status_code
    assert status == (422 if "$x" in words else 400)


def test_a_directory_lists_what_lies_directly_in_it(alice, dataset):
    made = alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/d"})
    for path in ("/d/a.txt", "/d/b.txt", "/d/e/c.txt", "/da.txt", "/d*/x.txt"):
        alice.upload(dataset, path)
    alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/d/f"})
    page = alice.ask("GET", f"/items/{made['id']}/items")
    assert [item["filename"] for item in page["items"]] == ["/d/a.txt", "/d/b.txt", "/d/f"]
    second = alice.ask("GET", f"/datasets/{dataset}/items/{made['id']}/items?pageOffset=1&pageSize=2")
    assert [item["filename"] for item in second["items"]] == ["/d/f"]
    assert (second["totalItemsCount"], second["hasNextPage"]) == (3, False)
    assert alice.send("GET", f"/items/{page['items'][0]['id']}/items").status_code == 400


def test_items_are_reached_under_their_dataset_only(alice, dataset, project):
    item = alice.upload(dataset, "/a.txt", b"abc")
    other = alice.dataset(project, "Other")["id"]
    for path in ("", "/stream"):
        method = "GET" if path else "PATCH"
        body = None if path else {"description": "d"}
        assert alice.send(method, f"/datasets/{dataset}/items/{item['id']}{path}", json=body).ok
        assert alice.send(method, f"/datasets/{other}/items/{item['id']}{path}", json=body).status_code == 404
    assert alice.send("DELETE", f"/datasets/{other}/items/{item['id']}").status_code == 404
    assert alice.send("DELETE", f"/datasets/{dataset}/items/{item['id']}").status_code == 204


def test_a_snapshot_is_new_content_of_the_same_item(alice, dataset):
    item = alice.upload(dataset, "/a.txt", b"abc")
    alice.ask("POST", f"/items/{item['id']}/annotations", json={"type": "class", "label": "x"})
    parts = {"type": (None, "file"), "file": ("a.txt", b"defg")}
    again = alice.ask("POST", f"/items/{item['id']}/snapshots", files=parts)
    assert (again["id"], again["metadata"]["system"]["size"], again["annotationsCount"]) == (item["id"], 4, 1)
