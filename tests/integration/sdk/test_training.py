"""Items by number: in this process and in others, with files that are here and files that have to come."""

from __future__ import annotations

import multiprocessing
import pickle
from io import BytesIO

import pytest
from PIL import Image

import localloop as dl
from localloop.testing.hub import running_hub

pytestmark = pytest.mark.usefixtures("machine")


def png(colour, size=(8, 6)):
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def fruit(machine):
    dataset = dl.projects.create("Fruit").datasets.create("Apples", labels=["Ripe"])
    for number, colour in enumerate(["red", "lime", "blue"]):
        item = dataset.items.upload(png(colour), remote_name=f"{number}.png")
        item.annotations.upload(dl.Annotation.new(item, dl.Point(x=number, y=0, label="Ripe")))
    return dataset


def by_name():
    filters = dl.Filters()
    filters.sort_by("filename")
    return filters


def corner(picture, annotations):
    """The colour of the first pixel, and where the point is."""
    return picture.getpixel((0, 0)), annotations[0].x


def one_sample(training, number, answers):
    answers.put(training[number])


def test_samples_come_by_number_with_picture_and_annotations(fruit, offline):
    training = fruit.to_torch(by_name())
    assert len(training) == 3
    picture, annotations = training[0]
    assert (picture.size, picture.mode, len(annotations)) == ((8, 6), "RGB", 1)
    assert [corner(*training[one]) for one in range(3)] == [
        ((255, 0, 0), 0),
        ((0, 255, 0), 1),
        ((0, 0, 255), 2),
    ]
    assert training.__getitems__([2, -3]) is not None
    assert corner(*training[-1]) == ((0, 0, 255), 2)
    for wrong in (3, -4):
        with pytest.raises(IndexError):
            training[wrong]


def test_a_transform_makes_the_sample(fruit, offline):
    assert fruit.to_torch(by_name(), corner)[1] == ((0, 255, 0), 1)


def test_a_filter_without_results_is_an_empty_dataset(fruit, offline):
    nothing = fruit.to_torch(dl.Filters(field="name", values="none"))
    assert len(nothing) == 0
    assert list(nothing) == []


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_workers_open_the_store_for_themselves(fruit, method):
    processes = multiprocessing.get_context(method)
    answers = processes.Queue()
    training = fruit.to_torch(by_name(), corner)
    worker = processes.Process(target=one_sample, args=(training, 2, answers))
    worker.start()
    assert answers.get(timeout=60) == ((0, 0, 255), 2)
    worker.join(60)
    assert worker.exitcode == 0
    assert training[0] == ((255, 0, 0), 0)


def test_a_pickle_has_neither_store_nor_connection(fruit):
    copy = pickle.loads(pickle.dumps(fruit.to_torch(by_name(), corner)))
    try:
        assert copy[0] == ((255, 0, 0), 0)
    finally:
        copy.close()


def test_what_is_no_picture_and_what_is_gone_is_said(fruit, offline):
    fruit.items.upload(b"text", remote_name="3.txt")
    training = fruit.to_torch(by_name())
    with pytest.raises(dl.exceptions.BadRequest, match=r"'/3\.txt' is no picture"):
        training[3]
    fruit.items.get(filepath="/1.png").delete()
    with pytest.raises(dl.exceptions.NotFound, match="deleted meanwhile"):
        training[1]


def test_files_that_are_not_here_are_fetched_once_or_said_to_be_missing(fruit, tmp_path, monkeypatch):
    with running_hub(tmp_path / "hub", users={"ann@example.test": "pw"}) as hub:
        assert dl.login_m2m("ann@example.test", "pw", gate=hub.gate)
        dl.sync()
        store = fruit._store
        for digest in list(store.blobs.digests()):
            store.blobs.remove(digest)
        with pytest.raises(dl.exceptions.LocalLoopError, match="is not here"):
            fruit.to_torch(by_name(), corner, fetch=False)[0]
        training = fruit.to_torch(by_name(), corner)
        assert training[0] == ((255, 0, 0), 0)
        assert len(list(store.blobs.digests())) == 1
    assert training[0] == ((255, 0, 0), 0)
