"""Uploads: files, folders, buffers, arrays, tables, links; with metadata, with annotations, over what is there."""

from __future__ import annotations

import functools
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.integration.dtlpy.world import World, scenario


def named(name: str, content: bytes = b"content") -> io.BytesIO:
    buffer = io.BytesIO(content)
    buffer.name = name
    return buffer


def paths(world: World) -> list[str]:
    return sorted(item.filename for item in world.dataset.items.list().all())


def folder(world: World, *names: str) -> Path:
    """A folder of small files."""
    root = world.folder / "folder"
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def annotation(label: str = "cat", **more: Any) -> dict[str, Any]:
    """An annotation as in a file that goes with an item."""
    corners = [{"x": 1, "y": 2, "z": 0}, {"x": 11, "y": 12, "z": 0}]
    return {"type": "box", "label": label, "coordinates": corners, "attributes": [], "metadata": {}, **more}


@contextmanager
def website(root: Path) -> Iterator[str]:
    """A web server on loopback that offers a folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# Single files


@scenario
def a_file_keeps_its_name_and_its_bytes(world: World) -> None:
    path = world.image("picture.png")
    item = world.dataset.items.upload(local_path=str(path))
    assert (item.filename, item.name, item.dir) == ("/picture.png", "picture.png", "/")
    assert item.metadata["system"]["size"] == path.stat().st_size
    assert item.download(save_locally=False).read() == path.read_bytes()


@scenario
def a_file_goes_to_the_folder_that_is_said(world: World) -> None:
    path = str(world.image())
    for remote in ("/a", "/a2/", "b/c"):
        world.dataset.items.upload(local_path=path, remote_path=remote)
    assert paths(world) == ["/a/image.png", "/a2/image.png", "/b/c/image.png"]


@scenario
def a_file_takes_the_name_that_is_said(world: World) -> None:
    item = world.dataset.items.upload(
        local_path=str(world.image()), remote_path="/a", remote_name="other.png"
    )
    assert (item.filename, item.name) == ("/a/other.png", "other.png")
    bare = world.dataset.items.upload(local_path=str(world.image()), remote_name="without_extension")
    assert bare.filename == "/without_extension"


@scenario
def a_file_that_is_not_there_is_refused(world: World) -> None:
    world.refused(lambda: world.dataset.items.upload(local_path=str(world.folder / "none.jpg")), "404")
    assert paths(world) == []


@scenario
def names_of_any_alphabet_are_kept(world: World) -> None:
    names = ["ä ö ü.txt", "日本語.txt", "שלום.txt", "a&b=c#d%20e+f.txt", "it's (1) [2] {3}.txt"]
    for name in names:
        item = world.dataset.items.upload(local_path=named(name), remote_path="/fön")
        assert item.name == name
        assert world.dataset.items.get(filepath=f"/fön/{name}").id == item.id
        assert Path(item.download(local_path=str(world.folder / "down"))).name == name


@scenario
def metadata_goes_with_the_file(world: World) -> None:
    item = world.item(item_metadata={"user": {"k": [1, {"deep": None}]}, "other": "x"})
    found = world.dataset.items.get(item_id=item.id).metadata
    assert found["user"]["k"][0] == 1
    assert found["other"] == "x"
    world.refused(lambda: world.item("b.png", item_metadata="no"), "400")


@scenario
def callbacks_hear_of_an_upload(world: World) -> None:
    heard = []
    event = world.dl.client_api.callbacks.CallbackEvent.ITEMS_UPLOAD
    world.dl.client_api.callbacks.add(event=event, func=lambda **about: heard.append(about))
    try:
        item = world.item()
    finally:
        world.dl.client_api.callbacks._callbacks.clear()
    assert [about["context"]["item_id"] for about in heard] == [item.id]


# What is there already


@scenario
def the_same_file_twice_is_one_item(world: World) -> None:
    first = world.item()
    first.annotations.upload(
        world.dl.Annotation.new(annotation_definition=world.dl.Classification(label="a"))
    )
    again = world.item()
    assert again.id == first.id
    assert len(again.annotations.list()) == 1


@scenario
def overwriting_takes_the_new_bytes_and_drops_the_annotations(world: World) -> None:
    item = world.dataset.items.upload(local_path=named("a.txt", b"old"), item_metadata={"user": {"k": 1}})
    item.annotations.upload(world.dl.Annotation.new(annotation_definition=world.dl.Classification(label="a")))
    new = world.dataset.items.upload(local_path=named("a.txt", b"newer"), overwrite=True)
    assert new.id == item.id
    assert new.download(save_locally=False).read() == b"newer"
    assert len(new.annotations.list()) == 0


@scenario
def other_bytes_at_a_path_leave_what_is_there(world: World) -> None:
    item = world.dataset.items.upload(local_path=named("a.txt", b"old"))
    world.dataset.items.upload(local_path=named("a.txt", b"of another size"))
    assert world.dataset.items.get(filepath="/a.txt").id == item.id
    assert item.download(save_locally=False).read() == b"old"


# Folders and lists


@scenario
def a_folder_is_uploaded_with_its_head(world: World) -> None:
    root = folder(world, "a.txt", "sub/b.txt", "sub/deep/c.txt")
    items = list(world.dataset.items.upload(local_path=str(root), remote_path="/there"))
    assert len(items) == 3
    assert paths(world) == [
        "/there/folder/a.txt",
        "/there/folder/sub/b.txt",
        "/there/folder/sub/deep/c.txt",
    ]


@scenario
def a_star_leaves_the_head_of_a_folder_off(world: World) -> None:
    root = folder(world, "a.txt", "sub/b.txt")
    world.dataset.items.upload(local_path=f"{root}/*")
    assert paths(world) == ["/a.txt", "/sub/b.txt"]


@scenario
def only_files_of_the_types_that_are_said_are_uploaded(world: World) -> None:
    root = folder(world, "a.txt", "b.jpg", "c.png")
    world.dataset.items.upload(local_path=f"{root}/*", file_types=[".jpg", ".png"])
    assert paths(world) == ["/b.jpg", "/c.png"]


@scenario
def many_files_at_once_all_arrive(world: World) -> None:
    root = folder(world, *(f"{number:02}.txt" for number in range(30)))
    items = list(world.dataset.items.upload(local_path=f"{root}/*"))
    assert len({item.id for item in items}) == 30
    assert world.dataset.items.list().items_count == 30


@scenario
def a_list_of_files_is_uploaded(world: World) -> None:
    root = folder(world, "a.txt", "b.txt")
    world.dataset.items.upload(local_path=[str(root / "a.txt"), str(root / "b.txt")], remote_path="/x")
    assert paths(world) == ["/x/a.txt", "/x/b.txt"]


@scenario
def items_come_back_as_a_list_when_that_is_said(world: World) -> None:
    (item,) = world.dataset.items.upload(local_path=str(world.image()), return_as_list=True)
    assert item.filename == "/image.png"


# Buffers, arrays, tables


@scenario
def buffers_and_bytes_need_a_name(world: World) -> None:
    world.dataset.items.upload(local_path=named("a.txt", b"one"))
    world.dataset.items.upload(local_path=io.BytesIO(b"two"), remote_name="b.txt")
    world.dataset.items.upload(local_path=b"three", remote_name="c.txt", remote_path="/x")
    with world.image("d.png").open("rb") as file:
        world.dataset.items.upload(local_path=file, remote_name="d.png")
    assert paths(world) == ["/a.txt", "/b.txt", "/d.png", "/x/c.txt"]
    assert world.dataset.items.get(filepath="/x/c.txt").download(save_locally=False).read() == b"three"
    world.refused(lambda: world.dataset.items.upload(local_path=b"nameless"), "400")


@scenario
def an_array_becomes_an_image(world: World) -> None:
    import numpy as np

    picture = np.full((20, 30, 3), 200, dtype=np.uint8)
    item = world.dataset.items.upload(local_path=picture, remote_name="array.png")
    assert (item.filename, item.mimetype) == ("/array.png", "image/png")
    assert (item.download(save_locally=False, to_array=True) == picture).all()
    jpg = world.dataset.items.upload(local_path=picture, remote_name="array.jpg")
    assert jpg.mimetype == "image/jpeg"
    world.refused(lambda: world.dataset.items.upload(local_path=picture), "400")
    world.refused(lambda: world.dataset.items.upload(local_path=picture, remote_name="x.gif"), "400")


@scenario
def a_table_says_what_to_upload(world: World) -> None:
    import pandas as pd

    root = folder(world, "a.txt", "b.txt")
    rows = [
        {
            "local_path": str(root / "a.txt"),
            "remote_path": "/one",
            "item_metadata": {"user": {"n": 1}},
            "item_description": "first",
        },
        {
            "local_path": str(root / "b.txt"),
            "remote_path": "/two",
            "remote_name": "c.txt",
            "item_metadata": {"user": {"n": 2}},
            "item_description": "second",
        },
    ]
    rows[0]["remote_name"] = "a.txt"
    items = list(world.dataset.items.upload(local_path=pd.DataFrame(rows)))
    assert len(items) == 2
    assert paths(world) == ["/one/a.txt", "/two/c.txt"]
    two = world.dataset.items.get(filepath="/two/c.txt")
    assert (two.metadata["user"], two.description) == ({"n": 2}, "second")


# Addresses and links


@scenario
def what_is_at_an_address_is_fetched_and_uploaded(world: World) -> None:
    path = world.image("there.png")
    with website(world.folder) as site:
        item = world.dataset.items.upload(local_path=f"{site}/there.png")
    assert (item.filename, item.size) == ("/there.png", path.stat().st_size)


@scenario
def a_prompt_is_uploaded_as_its_json(world: World) -> None:
    prompt = world.dl.PromptItem(name="question")
    prompt.add(message={"role": "user", "content": [{"mimetype": "application/text", "value": "why?"}]})
    item = world.dataset.items.upload(local_path=prompt)
    assert item.filename == "/question.json"
    assert json.loads(item.download(save_locally=False).read())["metadata"]["dltype"] == "prompt"
    assert item.metadata["system"]["shebang"]["dltype"] == "prompt"


@scenario
def a_link_to_an_address_says_where_it_leads(world: World) -> None:
    world.image("there.png")
    with website(world.folder) as site:
        link = world.dl.UrlLink(ref=f"{site}/there.png", mimetype="image/png", name="there.png")
        item = world.dataset.items.upload(local_path=link)
        assert item.filename == "/there.png_link.json"
        shebang = world.dataset.items.get(item_id=item.id).metadata["system"]["shebang"]
        assert shebang["dltype"] == "link"
        assert shebang["linkInfo"] == {"type": "url", "ref": f"{site}/there.png", "mimetype": "image/png"}
        assert item.download(save_locally=False).read() == (world.folder / "there.png").read_bytes()


@scenario
def a_link_to_an_item_names_it(world: World) -> None:
    item = world.item()
    link = world.dataset.items.upload(local_path=item, remote_path="/links")
    assert link.filename == "/links/image.png_link.json"
    info = world.dataset.items.get(item_id=link.id).metadata["system"]["shebang"]["linkInfo"]
    assert (info["type"], info["ref"], info["datasetId"]) == ("id", item.id, world.dataset.id)


# With annotations


@scenario
def annotations_of_a_file_are_uploaded_with_the_item(world: World) -> None:
    marks = world.folder / "image.json"
    marks.write_text(json.dumps({"annotations": [annotation(), annotation("dog")]}))
    item = world.dataset.items.upload(local_path=str(world.image()), local_annotations_path=str(marks))
    assert sorted(one.label for one in item.annotations.list()) == ["cat", "dog"]


@scenario
def annotations_of_a_folder_find_their_items(world: World) -> None:
    root, marks = folder(world, "a.txt", "sub/b.txt"), world.folder / "marks"
    (marks / "sub").mkdir(parents=True)
    (marks / "a.json").write_text(json.dumps({"annotations": [annotation("a")]}))
    (marks / "sub/b.json").write_text(json.dumps({"annotations": [annotation("b"), annotation("c")]}))
    world.dataset.items.upload(local_path=str(root), local_annotations_path=str(marks))
    found = {
        item.filename: sorted(one.label for one in item.annotations.list())
        for item in world.dataset.items.list().all()
    }
    assert found == {"/folder/a.txt": ["a"], "/folder/sub/b.txt": ["b", "c"]}


@scenario
def annotations_are_not_added_again_to_what_is_there(world: World) -> None:
    marks = world.folder / "image.json"
    marks.write_text(json.dumps({"annotations": [annotation()]}))
    path = str(world.image())
    for _ in range(2):
        item = world.dataset.items.upload(local_path=path, local_annotations_path=str(marks))
        assert len(item.annotations.list()) == 1
    item = world.dataset.items.upload(local_path=path, local_annotations_path=str(marks), overwrite=True)
    assert len(item.annotations.list()) == 1


@scenario
def metadata_can_come_from_the_file_of_annotations(world: World) -> None:
    marks = world.folder / "image.json"
    marks.write_text(json.dumps({"annotations": [annotation()], "metadata": {"user": {"from": "json"}}}))
    item = world.dataset.items.upload(
        local_path=str(world.image()),
        local_annotations_path=str(marks),
        item_metadata=world.dl.ExportMetadata.FROM_JSON,
    )
    assert world.dataset.items.get(item_id=item.id).metadata["user"] == {"from": "json"}


@scenario
def a_dataset_takes_annotations_of_many_items(world: World) -> None:
    for name in ("a.txt", "b.txt"):
        world.dataset.items.upload(local_path=named(name), remote_path="/in")
    marks = world.folder / "marks"
    (marks / "in").mkdir(parents=True)
    for name in ("a", "b"):
        (marks / f"in/{name}.json").write_text(
            json.dumps({"filename": f"/in/{name}.txt", "annotations": [annotation(name)]})
        )
    world.dataset.upload_annotations(local_path=str(marks))
    found = {
        item.name: [one.label for one in item.annotations.list()] for item in world.dataset.items.list().all()
    }
    assert found == {"a.txt": ["a"], "b.txt": ["b"]}


@scenario
def annotations_of_a_dataset_replace_the_old_ones_when_that_is_said(world: World) -> None:
    item = world.dataset.items.upload(local_path=named("a.txt"))
    item.annotations.upload(
        world.dl.Annotation.new(annotation_definition=world.dl.Classification(label="old"))
    )
    marks = world.folder / "marks"
    marks.mkdir()
    (marks / "a.json").write_text(json.dumps({"filename": "/a.txt", "annotations": [annotation("new")]}))
    world.dataset.upload_annotations(local_path=str(marks), clean=True)
    assert [one.label for one in item.annotations.list()] == ["new"]
