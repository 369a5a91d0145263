from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

import localloop as dl
from localloop.errors import BadRequest, Conflict, NotFound
from localloop.sdk import upload


@pytest.fixture
def folder(machine):
    for name in ("a.jpg", "b.PNG", "sub/c.jpg", "sub/deep/\u00e9 \u65e5.jpg", ".hidden"):
        path = machine / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return machine / "folder"


def paths(items):
    return [item.filename for item in items]


def test_a_folder_keeps_its_own_name(dataset, folder):
    assert paths(dataset.items.upload("folder")) == [
        "/folder/.hidden",
        "/folder/a.jpg",
        "/folder/b.PNG",
        "/folder/sub/c.jpg",
        "/folder/sub/deep/\u00e9 \u65e5.jpg",
    ]


@pytest.mark.parametrize("given", ["folder/*", Path("folder/*")])
def test_a_star_drops_the_folders_name(dataset, folder, given):
    uploaded = dataset.items.upload(given, remote_path="x/", file_types=[".jpg", ".png"])
    assert paths(uploaded) == ["/x/a.jpg", "/x/b.PNG", "/x/sub/c.jpg", "/x/sub/deep/\u00e9 \u65e5.jpg"]


def test_one_file_is_an_item_and_a_list_can_be_asked_for(dataset, folder):
    assert isinstance(dataset.items.upload(folder / "a.jpg"), dl.Item)
    assert paths(dataset.items.upload(folder / "a.jpg", return_as_list=True)) == ["/a.jpg"]


def test_a_list_of_all_sorts_goes_in_one_call(dataset, folder):
    items = dataset.items.upload(
        [folder / "a.jpg", b"bytes", io.BytesIO(b"stream")], remote_name=["x.jpg", "y.bin", "z.bin"]
    )
    assert [(item.filename, item.size) for item in items] == [("/x.jpg", 5), ("/y.bin", 5), ("/z.bin", 6)]


def test_an_open_file_knows_its_name(dataset, folder):
    with (folder / "a.jpg").open("rb") as file:
        assert dataset.items.upload(file).filename == "/a.jpg"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"local_path": b"x"}, BadRequest),
        ({"local_path": 3}, BadRequest),
        ({"local_path": io.StringIO("x"), "remote_name": "x"}, BadRequest),
        ({"local_path": [b"x"], "remote_name": "x"}, BadRequest),
        ({"local_path": b"x", "remote_name": ["x"]}, BadRequest),
        ({"local_path": "folder", "file_types": ".jpg"}, BadRequest),
        ({"local_path": "folder", "item_metadata": []}, BadRequest),
        ({"local_path": "folder", "item_description": 1}, BadRequest),
        ({"local_path": "nothing"}, NotFound),
        ({"local_path": "folder/a.jpg*"}, None),
        ({"local_path": ["folder/a.jpg", "nothing"]}, NotFound),
        ({"local_path": "folder/a.jpg", "local_annotations_path": "nothing"}, NotFound),
        ({"local_path": b"x", "remote_name": "../x"}, BadRequest),
    ],
)
def test_what_makes_no_sense_uploads_nothing(dataset, folder, arguments, error):
    if error is None:
        assert len(list(dataset.items.upload(**arguments))) == 5
        return
    with pytest.raises(error):
        dataset.items.upload(**arguments)
    assert dataset.items.list().items_count == 0


def test_what_is_there_stays_unless_overwritten(dataset, item):
    again = dataset.items.upload(b"other", remote_name="a.jpg")
    assert (again.id, again.size) == (item.id, 3)
    over = dataset.items.upload(
        b"other", remote_name="a.jpg", overwrite=True, item_metadata={"user": {"k": 1}}
    )
    assert (over.id, over.size, over.metadata["user"]) == (item.id, 5, {"k": 1})


def test_metadata_and_description_come_with_the_file(dataset):
    item = dataset.items.upload(b"x", remote_name="x", item_metadata={"user": {"k": 1}}, item_description="d")
    assert (item.metadata["user"], item.description) == ({"k": 1}, "d")


def test_annotations_come_from_a_file_beside(dataset, folder, machine):
    beside = machine / "json" / "sub"
    beside.mkdir(parents=True)
    note = {"annotations": [{"type": "class", "label": "L", "metadata": {"system": {"automated": True}}}]}
    (beside / "c.json").write_text(json.dumps(note))
    items = list(dataset.items.upload("folder/*", local_annotations_path="json", file_types=[".jpg"]))
    assert [(item.filename, item.annotations_count) for item in items] == [
        ("/a.jpg", 0),
        ("/sub/c.jpg", 1),
        ("/sub/deep/\u00e9 \u65e5.jpg", 0),
    ]
    one = dataset.items.upload(
        folder / "a.jpg", remote_name="one.jpg", local_annotations_path=str(beside / "c.json")
    )
    assert [annotation.label for annotation in one.annotations.list()] == ["L"]


def test_a_batch_is_added_whole_or_not_at_all(dataset, folder, monkeypatch):
    monkeypatch.setattr(upload, "BATCH", 2)
    dataset.items.make_dir("/sub/c.jpg")  # the fourth file meets a directory
    with pytest.raises(Conflict):
        dataset.items.upload("folder/*")
    assert paths(dataset.items.list(dl.Filters(use_defaults=False)).all()) == [
        "/sub/c.jpg",
        "/.hidden",
        "/a.jpg",
    ]


def test_a_killed_upload_leaves_whole_items_only(dataset, machine):
    many = machine / "many"
    many.mkdir()
    for number in range(40):
        (many / f"{number:02}.bin").write_bytes(bytes([number]) * 1000)
    script = (
        "import os, localloop as dl\n"
        "from localloop.sdk import upload\n"
        "from localloop.store import annotations\n"
        "upload.BATCH, count, real = 7, 0, upload.add_items\n"
        "def add(*args, **kwargs):\n"
        "    global count\n"
        "    count += 1\n"
        "    added = real(*args, **kwargs)\n"
        "    if count == 4:  # the fourth batch is in the transaction, and not committed\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return added\n"
        "upload.add_items = add\n"
        "dl.datasets.get(dataset_name='D').items.upload('many')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -9
    items = list(dataset.items.list().all())
    assert len(items) == 21
    assert all(
        item.download(save_locally=False).read() == bytes([int(item.name[:2])]) * 1000 for item in items
    )
    assert len(list(dataset.items.upload("many"))) == 40
