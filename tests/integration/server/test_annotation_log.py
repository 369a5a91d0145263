"""The history of annotations, issues, and annotations below their items, over HTTP."""

from __future__ import annotations

import pytest

from tests.integration.server.commanding import done

ABSENT = "0" * 24

TYPES = """
class point line box cube segment ellipse binary note polyline comparison recording subtitle item_description text_mark
pose cube_3d semantic_3d polyline_3d pdf_text text ref_image ref_semantic_3d gis polygon
"""


@pytest.fixture
def item(alice, dataset) -> str:
    return alice.upload(dataset, "/a.png")["id"]


def annotate(client, item, **more):
    return client.ask("POST", f"/items/{item}/annotations", json={"type": "box", "label": "A", **more})


def test_an_issue_is_the_status_of_an_annotation(alice, item):
    made = annotate(alice, item)
    for path in (f"/annotations/{made['id']}/issue", f"/items/{item}/annotations/{made['id']}/issue"):
        assert alice.ask("PUT", path)["metadata"]["system"]["status"] == "issue"


def test_annotations_are_reached_below_their_item_only(alice, dataset, item):
    made = annotate(alice, item)
    other = alice.upload(dataset, "/b.png")["id"]
    for below in (f"/items/{item}", f"/datasets/{dataset}/items/{item}"):
        path = f"{below}/annotations/{made['id']}"
        assert alice.ask("GET", path)["id"] == made["id"]
        assert alice.ask("PUT", path, json={"label": "B"})["label"] == "B"
    assert alice.send("GET", f"/items/{other}/annotations/{made['id']}").status_code == 404
    assert alice.send("DELETE", f"/items/{other}/annotations/{made['id']}").status_code == 404
    assert alice.send("DELETE", f"/items/{item}/annotations/{made['id']}").ok
    assert alice.send("GET", f"/annotations/{made['id']}").status_code == 404


def test_the_log_of_an_item_tells_what_was_done_to_its_annotations(alice, bob, dataset, item):
    kept, gone = annotate(alice, item), annotate(alice, item)
    alice.ask("PUT", f"/annotations/{kept['id']}", json={"label": "B", "metadata": {"user": {"k": 1}}})
    alice.ask("DELETE", f"/annotations/{gone['id']}")
    log = alice.ask("GET", f"/datasets/{dataset}/items/{item}/annotations-log")
    assert set(log) == {kept["id"], gone["id"]}
    made, changed = log[kept["id"]]
    assert (made["changes"]["label"], made["changes"]["type"], made["user"]) == (
        "A",
        "box",
        "alice@example.test",
    )
    assert changed["changes"] == {"label": "B", "metadata": {"user": {"k": 1}}}
    assert changed["annotationId"] == kept["id"]
    assert [event["deleted"] for event in log[gone["id"]]] == [False, True]
    assert len({event["id"] for events in log.values() for event in events}) == 4
    assert bob.send("GET", f"/datasets/{dataset}/items/{item}/annotations-log").status_code == 404


def test_logs_are_not_archived_and_there_are_none_to_restore(alice, dataset, item):
    path = f"/datasets/{dataset}/items/{item}/annotations"
    assert alice.send("POST", f"{path}/archiveAnnotationLogs", json={}).status_code == 422
    assert done(alice, "POST", f"{path}/restore-archived-annotation-logs", json={}) == {"restored": 0}


def test_everything_that_a_query_finds_is_classified_once(alice, dataset, item):
    alice.upload(dataset, "/b.txt")
    body = {
        "query": {"filter": {"name": "a.png"}},
        "annotation": {"label": "Good", "attributes": ["x"], "metadata": {"user": {"k": 1}}},
    }
    for _ in range(2):
        assert alice.send("POST", f"/datasets/{dataset}/annotations", json=body).status_code == 204
    [made] = alice.query(dataset, resource="annotations")["items"]
    assert (made["itemId"], made["type"], made["label"], made["attributes"]) == (item, "class", "Good", ["x"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": {"filter": {}}},
        {"query": {}, "annotation": {"label": "x"}},
        {"query": {"filter": {}}, "annotation": {}},
    ],
)
def test_classifying_without_a_filter_or_a_label_is_400(alice, dataset, item, body):
    assert alice.send("POST", f"/datasets/{dataset}/annotations", json=body).status_code == 400


def test_nothing_is_scored(alice, dataset, item):
    body = {"name": "T", "query": {"filter": {}}, "datasetId": dataset}
    task = done(alice, "POST", "/annotationtasks", json=body)["createdTaskId"]
    made = annotate(alice, item)
    empty = {"totalItemsCount": 0, "totalPagesCount": 0, "hasNextPage": False, "items": []}
    for path in ("", f"/items/{item}", f"/annotations/{made['id']}"):
        assert alice.ask("GET", f"/scores/tasks/{task}{path}") == empty
    assert alice.send("GET", f"/scores/tasks/{ABSENT}").status_code == 404


@pytest.mark.parametrize("kind", TYPES.split())
def test_every_type_is_taken_and_echoed(alice, item, kind):
    system = {
        "frame": 0,
        "endFrame": 40,
        "objectId": "1",
        "snapshots_": [
            {"frame": 10, "fixed": True, "data": [{"x": 1, "y": None}], "namedAttributes": {"1": None}}
        ],
    }
    sent = {
        "type": kind,
        "label": "A",
        "coordinates": [{"x": 1.5, "n": None}],
        "metadata": {"system": system},
    }
    nulls = dict.fromkeys(("id", "url", "creator", "hash", "item", "createdAt", "updatedAt", "attributes"))
    made = alice.ask("POST", f"/items/{item}/annotations", json=[{**nulls, **sent}])[0]
    read = alice.ask("GET", f"/annotations/{made['id']}")
    assert read == made
    assert (read["type"], read["coordinates"]) == (kind, sent["coordinates"])
    assert read["metadata"]["system"]["snapshots_"] == system["snapshots_"]
