"""What notebooks show and data frames hold; offline."""

from __future__ import annotations

import tracemalloc
from io import BytesIO

import pytest
from PIL import Image

import localloop as dl

pytestmark = pytest.mark.usefixtures("machine", "offline")


@pytest.fixture
def fruit(machine):
    dataset = dl.projects.create("Fruit").datasets.create("Apples <b>", labels=["Ripe"])
    picture = BytesIO()
    Image.new("RGB", (64, 48), "red").save(picture, "PNG")
    dataset.items.upload(picture.getvalue(), remote_name="a.png", item_metadata={"user": {"farm": "north"}})
    dataset.items.upload(b"x", remote_name="<script>.txt")
    item = dataset.items.get(filepath="/a.png")
    builder = item.annotations.builder()
    builder.add(dl.Box(top=1, left=2, bottom=3, right=4, label="Ripe"))
    builder.add(dl.Point(x=5, y=6, label="Ripe"))
    item.annotations.upload(builder)
    return dataset


def test_a_dataset_shows_small_pictures_and_escapes_what_people_wrote(fruit):
    html = fruit._repr_html_()
    assert html.count("<img") == 1
    assert "data:image/jpeg;base64," in html
    assert "Apples &lt;b&gt;" in html
    assert "&lt;script&gt;.txt" in html
    assert "<script" not in html
    assert "http" not in html.replace("https://gate.dataloop.ai", "")


def test_what_is_not_here_is_told_and_not_fetched(fruit):
    store = fruit._store
    for digest in list(store.blobs.digests()):
        store.blobs.remove(digest)
    assert "not here: localloop fetch" in fruit.items.list()._repr_html_()
    store.blobs.add_bytes(b"x")
    picture = BytesIO()
    Image.new("RGB", (64, 48), "red").save(picture, "PNG")
    store.blobs.add_bytes(picture.getvalue())


def test_an_item_a_page_and_a_list_show_themselves(fruit):
    item = fruit.items.get(filepath="/a.png")
    assert "<img" in item._repr_html_()
    assert fruit.items.list()._repr_html_().count("title=") == 2
    assert "Apples &lt;b&gt;" in fruit.project.datasets.list()._repr_html_()
    assert fruit.items.list(dl.Filters(field="filename", values="/no"))._repr_html_() == "<div>nothing</div>"


def test_a_page_of_many_items_is_bounded(fruit):
    for number in range(40):
        fruit.items.upload(b"%d" % number, remote_name=f"{number}.txt")
    html = fruit.items.list()._repr_html_()
    assert html.count("title=") == 24
    assert "and 18 more" in html


def test_a_data_frame_has_a_row_for_each_annotation(fruit):
    frame = fruit.to_pandas()
    assert list(frame["path"]) == ["/<script>.txt", "/a.png", "/a.png"]
    assert [one for one in frame["type"] if isinstance(one, str)] == ["box", "point"]
    assert frame["coordinates"][1] == [{"x": 2.0, "y": 1.0, "z": 0}, {"x": 4.0, "y": 3.0, "z": 0}]
    assert frame["item_metadata"][1] == {"user": {"farm": "north"}}
    assert (frame["width"][1], frame["height"][1]) == (64, 48)
    ripe = fruit.to_pandas(dl.Filters(field="filename", values="/a.png"))
    assert len(ripe) == 2
    assert fruit.to_arrow().num_rows == 3


def test_going_through_items_takes_no_more_memory_for_more_of_them(fruit):
    def peak(number):
        for one in range(number):
            fruit.items.upload(b"%d" % one, remote_name=f"/{number}/{one}.txt")
        filters = dl.Filters(field="dir", values=f"/{number}")
        filters.page_size = 50
        tracemalloc.start()
        assert sum(1 for _ in fruit.items.list(filters).all()) == number
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(1000) < 1.5 * peak(200)
