"""What is made of content over HTTP: facts, thumbnails, links, imports."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image, ImageChops

from tests.media import image, video


def system(item):
    return item["metadata"]["system"]


def picture(reply) -> Image.Image:
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "image/jpeg")
    return Image.open(io.BytesIO(reply.content))


def test_an_uploaded_image_has_its_size(alice, dataset):
    item = alice.upload(dataset, "/a.png", image((41, 17)))
    assert (system(item)["width"], system(item)["height"], system(item)["channels"]) == (41, 17, 3)
    assert system(item)["mimetype"] == "image/png"


def test_a_broken_image_is_stored_all_the_same(alice, dataset):
    item = alice.upload(dataset, "/a.png", b"no image")
    assert "width" not in system(item)
    assert alice.send("GET", f"/items/{item['id']}/stream").content == b"no image"


def test_an_uploaded_video_has_its_rate_and_nothing_of_it_is_an_edit(alice, dataset, hub, tmp_path):
    item = alice.upload(dataset, "/a.mp4", video(tmp_path / "a.mp4", frames=6, rate=3).read_bytes())
    assert item["metadata"]["fps"] == system(item)["fps"] == 3
    assert (system(item)["nb_frames"], system(item)["width"], system(item)["height"]) == (6, 64, 48)
    same = alice.ask("PATCH", f"/items/{item['id']}", json={"metadata": {"fps": 3}})
    assert same["updatedAt"] == item["updatedAt"]
    changed = alice.ask("PATCH", f"/items/{item['id']}", json={"metadata": {"fps": 5, "user": {"a": 1}}})
    assert (changed["metadata"]["fps"], changed["metadata"]["user"]) == (5, {"a": 1})
    found = alice.query(dataset, {"$and": [{"metadata.fps": 5}]})
    assert [one["id"] for one in found["items"]] == [item["id"]]


def test_new_content_is_measured_anew(alice, dataset):
    item = alice.upload(dataset, "/a.png", image((41, 17)))
    again = alice.upload(dataset, "/a.png", image((9, 8)), mode="overwrite")
    assert (again["id"], system(again)["width"], system(again)["height"]) == (item["id"], 9, 8)
    parts = {"type": (None, "file"), "file": ("a.png", b"no image")}
    revised = alice.ask("POST", f"/items/{item['id']}/revisions", files=parts)
    assert "width" not in system(revised)


def test_a_client_may_say_what_it_measured(alice, dataset):
    item = alice.upload(dataset, "/a.pcd", b"points")
    body = {"metadata": {"system": {"width": 5, "refs": [1]}}}
    assert "width" not in system(alice.ask("PATCH", f"/items/{item['id']}", json=body))
    changed = alice.ask("PATCH", f"/items/{item['id']}?system=true", json=body)
    assert (system(changed)["width"], system(changed)["refs"]) == (5, [])


def test_a_thumbnail_is_a_small_jpeg(alice, dataset):
    item = alice.upload(dataset, "/a.png", image((400, 200)))
    assert picture(alice.send("GET", f"/items/{item['id']}/thumbnail")).size == (256, 128)
    assert picture(alice.send("GET", f"/items/{item['id']}/thumbnail?width=100&height=100")).size == (100, 50)
    again = alice.send("GET", f"/datasets/{dataset}/items/{item['id']}/thumbnail?width=100")
    assert picture(again).size == (100, 50)
    assert alice.send("HEAD", f"/items/{item['id']}/thumbnail").status_code == 200


@pytest.mark.parametrize("measure", ["width=0", "width=x", "height=-1", "height=nan", "width=inf"])
def test_a_measure_that_makes_no_sense_is_400(alice, dataset, measure):
    item = alice.upload(dataset, "/a.png", image())
    assert alice.send("GET", f"/items/{item['id']}/thumbnail?{measure}").status_code == 400


@pytest.mark.parametrize(
    ("name", "data"), [("/a.txt", b"text"), ("/a.png", b"broken"), ("/a.mp4", b"broken")]
)
def test_what_shows_nothing_has_no_thumbnail(alice, dataset, name, data):
    item = alice.upload(dataset, name, data)
    reply = alice.send("GET", f"/items/{item['id']}/thumbnail")
    assert (reply.status_code, "no thumbnail" in reply.json()["message"]) == (404, True)
    assert alice.send("HEAD", f"/items/{item['id']}/thumbnail").status_code == 404


SHAPES = [
    {"type": "box", "coordinates": [{"x": 20, "y": 20}, {"x": 180, "y": 180}]},
    {"type": "point", "coordinates": {"x": 20, "y": 20}},
    {"type": "segment", "coordinates": [[{"x": 20, "y": 20}, {"x": 180, "y": 20}, {"x": 90, "y": 90}]]},
    {"type": "polyline", "coordinates": [[{"x": 20, "y": 20}, {"x": 180, "y": 20}]]},
    {"type": "ellipse", "coordinates": {"center": {"x": 100, "y": 100}, "rx": 80, "ry": 80, "angle": 30}},
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["type"])
def test_annotations_are_drawn_when_asked_for(alice, dataset, shape):
    item = alice.upload(dataset, "/a.png", image((200, 200)))
    path = f"/items/{item['id']}/thumbnail?width=200"
    plain = alice.send("GET", path).content
    odd = [{"type": "box", "label": "A", "coordinates": value} for value in ([], "x", [{"x": "a"}, 1], None)]
    alice.ask("POST", f"/items/{item['id']}/annotations", json=[{"label": "A", **shape}, *odd])
    assert alice.send("GET", path).content == plain
    drawn = picture(alice.send("GET", f"{path}&annotations=true"))
    assert drawn.size == (200, 200)
    plain_picture = picture(alice.send("GET", path)).convert("RGB")
    extremes = ImageChops.difference(drawn.convert("RGB"), plain_picture).getextrema()
    assert max(high for _, high in extremes) > 40


def link(**info) -> bytes:
    made = {"type": "link", "shebang": "dataloop", "metadata": {"dltype": "link", "linkInfo": info}}
    return json.dumps(made).encode()


def test_a_link_says_what_it_links_and_streams_itself(alice, dataset):
    data = link(type="url", ref="https://files.example/x.png", mimetype="image/png")
    item = alice.upload(dataset, "/x_link.json", data)
    assert system(item)["shebang"]["linkInfo"]["ref"] == "https://files.example/x.png"
    assert (system(item)["mimetype"], system(item)["size"]) == ("image/png", len(data))
    assert alice.send("GET", f"/items/{item['id']}/stream").content == data
    assert alice.send("GET", f"/items/{item['id']}/thumbnail").status_code == 404


def test_a_link_to_an_item_has_its_type_and_its_thumbnail(alice, bob, dataset):
    target = alice.upload(dataset, "/a.png", image((400, 200)))
    data = link(type="id", ref=target["id"], datasetId=dataset)
    item = alice.upload(dataset, "/a_link.json", data)
    assert system(item)["mimetype"] == "image/png"
    assert picture(alice.send("GET", f"/items/{item['id']}/thumbnail?width=40")).size == (40, 20)
    own = bob.dataset(bob.project("Bob's"))["id"]
    stolen = bob.upload(own, "/a_link.json", data)
    assert system(stolen)["mimetype"] == "application/json"
    assert bob.send("GET", f"/items/{stolen['id']}/thumbnail").status_code == 404


def test_imported_files_are_items_whose_content_is_elsewhere(alice, dataset):
    entry = {"filename": "/ext/a.jpg", "storageId": "bucket:key/a.jpg", "size": 7}
    [item] = alice.ask("POST", f"/datasets/{dataset}/imports", json=[entry])
    assert (item["filename"], system(item)["size"]) == ("/ext/a.jpg", 7)
    assert system(item)["storageId"] == "bucket:key/a.jpg"
    assert alice.ask("POST", f"/datasets/{dataset}/imports", json={"imports": [entry]})[0]["id"] == item["id"]
    assert alice.send("GET", f"/items/{item['id']}/stream").status_code == 404
    assert alice.send("GET", f"/items/{item['id']}/thumbnail").status_code == 404
    other = {**entry, "storageId": "bucket:key/b.jpg"}
    assert alice.send("POST", f"/datasets/{dataset}/imports", json=[other]).status_code == 409


@pytest.mark.parametrize(
    "body",
    [None, {}, "x", [1], [{}], [{"filename": "/a"}], [{"filename": "/a", "storageId": "b", "size": -1}]],
)
def test_imports_that_make_no_sense_are_400(alice, dataset, body):
    assert alice.send("POST", f"/datasets/{dataset}/imports", json=body).status_code == 400
