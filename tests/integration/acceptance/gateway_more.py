"""What people do with dtlpy to what they pulled from a platform: edits to its tasks, and whole datasets and media.

Called with ``given``, ``edit`` or ``look``, the gate's URL, a folder, and a file for what one call holds for the next.
``given`` is for the platform itself, before a gateway mirrors it. Without a password in the environment, whoever the
cookie says is logged in.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import dtlpy as dl
from gateway_script import ANN, BOB, CAROL, file, image, login

FPS, FRAMES = 10, 12
DUE = 1_900_000_000.0


def given(_folder: Path, _held: dict[str, Any]) -> dict[str, Any]:
    """A platform with items in tasks of several people."""
    project = dl.projects.create(project_name="Given")
    project.add_member(email=BOB, role=dl.MemberRole.ANNOTATOR)
    project.add_member(email=CAROL, role=dl.MemberRole.ANNOTATOR)
    dataset = project.datasets.create(dataset_name="Work")
    dataset.add_label("cat")
    items = [
        dataset.items.upload(local_path=file(f"{number}.txt", f"text {number}"), remote_path="/")
        for number in range(6)
    ]
    task = dataset.tasks.create(task_name="T", due_date=DUE, assignee_ids=[BOB, CAROL], items=items[:4])
    other = dataset.tasks.create(task_name="Other", due_date=DUE, assignee_ids=[BOB], items=items[:2])
    task.set_status(status="completed", operation="create", item_ids=[items[0].id])
    return {"project": project.id, "tasks": [task.id, other.id], "dataset": dataset.id}


def edit(folder: Path, _held: dict[str, Any]) -> dict[str, Any]:
    project = dl.projects.get(project_name="Given")
    dataset = project.datasets.get(dataset_name="Work")
    work(dataset)
    other = media(folder, project)
    merged = project.datasets.merge(
        merge_name="Merged",
        dataset_ids=[dataset.id, other.id],
        project_ids=project.id,
        with_items_annotations=True,
        with_metadata=True,
        with_task_annotations_status=False,
    )
    assert merged
    assert dataset.split_ml_subsets(percentages={"train": 50, "validation": 50, "test": 0})
    collections(dataset)
    return {}


def by_path(dataset: Any) -> dict[str, Any]:
    return {item.filename: item for item in dataset.items.list().all()}


def work(dataset: Any) -> None:
    """Edits to tasks that came from the platform."""
    items = by_path(dataset)
    task, other = dataset.tasks.get(task_name="T"), dataset.tasks.get(task_name="Other")
    task.set_status(status="completed", operation="create", item_ids=[items["/1.txt"].id])
    task.add_items(items=[items["/4.txt"]], assignee_ids=[CAROL])
    task.remove_items(items=[items["/3.txt"]])
    other.assignments.list()[0].reassign(assignee_id=CAROL)
    items["/0.txt"].update_status(status="approved", task_id=other.id)
    review = task.create_qa_task(due_date=DUE, assignee_ids=[ANN])
    review.set_status(status="approved", operation="create", item_ids=[items["/1.txt"].id])
    # Not before: the platform deals a new task out by the statuses that it knows then (docs/decisions/0007).
    task.set_status(status="completed", operation="delete", item_ids=[items["/0.txt"].id])


def film(folder: Path) -> str:
    import cv2
    import numpy as np

    path = folder / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (64, 48))
    for number in range(FRAMES):
        writer.write(np.full((48, 64, 3), number * 8, dtype=np.uint8))
    writer.release()
    return str(path)


def media(folder: Path, project: Any) -> Any:
    dataset = project.datasets.create(dataset_name="Media")
    dataset.add_label("cat")
    video = dataset.items.get(item_id=dataset.items.upload(local_path=film(folder)).id)
    assert video.fps == FPS
    builder = video.annotations.builder()
    for frame in range(4):
        box = dl.Box(left=frame, top=2, right=frame + 10, bottom=22, label="cat")
        builder.add(annotation_definition=box, object_id=7, frame_num=frame)
    video.annotations.upload(builder)
    picture = dataset.items.upload(local_path=image(folder, "picture.png"))
    builder = picture.annotations.builder()
    builder.add(annotation_definition=dl.Segmentation(geo=mask(), label="cat"))
    names = ("front_tl", "front_tr", "front_br", "front_bl", "back_tl", "back_tr", "back_br", "back_bl")
    corners = {name: (place, place + 10) for place, name in enumerate(names)}
    builder.add(annotation_definition=dl.Cube(label="cat", **corners))
    picture.annotations.upload(builder)
    return dataset


def mask() -> Any:
    import numpy as np

    geo = np.zeros((40, 60), dtype=np.uint8)
    geo[5:20, 7:30] = 1
    return geo


def collections(dataset: Any) -> None:
    items = by_path(dataset)
    dataset.collections.create(name="Keep")
    dataset.collections.create(name="Later")
    assert items["/0.txt"].assign_collection(collections=["Keep"])
    assert items["/1.txt"].assign_collection(collections=["Keep", "Later"])
    assert dataset.items.get(item_id=items["/1.txt"].id).unassign_collection(collections=["Keep"])
    dataset.collections.update(collection_name="Later", new_name="Soon")


def look(_folder: Path, held: dict[str, Any]) -> dict[str, Any]:
    """How all of it looks to dtlpy, wherever it is asked; in words that are the same on both sides."""
    project = dl.projects.get(project_name="Given")
    datasets = {name: project.datasets.get(dataset_name=name) for name in ("Work", "Media", "Merged")}
    work_items, media_items = by_path(datasets["Work"]), by_path(datasets["Media"])
    video = {one.type: one for one in media_items["/film.mp4"].annotations.list()}["box"]
    image = {one.type: one for one in media_items["/picture.png"].annotations.list()}
    found: dict[str, Any] = {
        "merged": sorted(by_path(datasets["Merged"])),
        "subsets": sorted(
            name
            for item in work_items.values()
            for name, on in item.metadata["system"].get("tags", {}).items()
            if on
        ),
        "collections": {
            path: [one["name"] for one in item.list_collections()] for path, item in work_items.items()
        },
        "fps": media_items["/film.mp4"].fps,
        "frames": [video.start_frame, video.end_frame, video.object_id],
        "snapshots": len(video.metadata["system"]["snapshots_"]),
        "mask": bool((image["binary"].geo.astype(bool) == mask().astype(bool)).all()),
        "cube": image["cube"].coordinates,
        "tasks": {},
    }
    for task in project.tasks.list():
        shares = {one.id: one.annotator for one in task.assignments.list()}
        found["tasks"][task.name] = {
            path: [item.status(task_id=task.id), sorted(set(owners(item, shares)))]
            for path, item in work_items.items()
            if task.id in refs(item)
        }
    assert [dl.tasks.get(task_id=one).id for one in held["tasks"]] == held["tasks"]
    return found


def refs(item: Any) -> list[str]:
    return [ref["id"] for ref in item.metadata["system"].get("refs", [])]


def owners(item: Any, shares: dict[str, str]) -> list[str]:
    return [shares[name] for name in refs(item) if name in shares]


def main() -> None:
    what, gate, folder, held = sys.argv[1:]
    login(gate)
    known = json.loads(Path(held).read_text()) if Path(held).exists() else {}
    told = {"given": given, "edit": edit, "look": look}[what](Path(folder), known)
    if what == "given":
        Path(held).write_text(json.dumps(told))
    sys.stdout.write(f"TOLD {json.dumps(told, sort_keys=True)}\n")


if __name__ == "__main__":
    main()
