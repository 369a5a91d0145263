"""What people do with dtlpy on a train: edits of every kind against a gateway. Then the same ids once more.

Called with ``edit`` or ``look``, the gate's URL, a folder, and a file for what ``edit`` held and ``look`` looks for.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import dtlpy as dl

ANN, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"


def login(gate: str) -> None:
    """Log in; without a password in the environment the cookie says who is logged in."""
    if "SCRIPT_PASSWORD" not in os.environ:
        assert dl.environment().startswith(gate)
        assert not dl.token_expired()
        return
    dl.add_environment(
        environment=f"{gate}/api/v1", gate_url=gate, url=f"{gate}/", alias="train", verify_ssl=False
    )
    dl.setenv("train")
    assert dl.login_m2m(email=ANN, password=os.environ["SCRIPT_PASSWORD"])


def file(name: str, text: str) -> io.BytesIO:
    data = io.BytesIO(text.encode())
    data.name = name
    return data


def image(folder: Path, name: str) -> str:
    from PIL import Image

    path = folder / name
    Image.new("RGB", (60, 40), (200, 30, 30)).save(path)
    return str(path)


def edit(folder: Path) -> dict[str, Any]:
    project = dl.projects.create(project_name="Train")
    gone = dl.projects.create(project_name="Not wanted")
    gone.delete(sure=True, really=True)
    project.add_member(email=BOB, role=dl.MemberRole.DEVELOPER)
    project.add_member(email=CAROL, role=dl.MemberRole.ANNOTATOR)
    project.update_member(email=BOB, role=dl.MemberRole.ANNOTATION_MANAGER)
    dataset = project.datasets.create(dataset_name="D")
    dataset.name = "Renamed"
    dataset.update()
    labels(project, dataset)
    items = files(folder, dataset)
    annotations(items)
    tasks, assignments = work(dataset, items)
    others = copies(project, dataset, items)
    binaries = project.datasets._get_binaries_dataset()
    icon = binaries.items.upload(local_path=file("icon.txt", "an icon"), remote_path="/icons")
    recipe = dataset.recipes.list()[0]
    return {
        "projects": [project.id],
        "datasets": [dataset.id, binaries.id, *others],
        "items": [*(item.id for item in items), icon.id],
        "annotations": [one.id for item in items for one in item.annotations.list()],
        "tasks": tasks,
        "assignments": assignments,
        "recipes": [recipe.id],
        "ontologies": [recipe.ontologies.list()[0].id],
    }


def labels(project: Any, dataset: Any) -> None:
    dataset.add_label("cat", color=(1, 2, 3))
    dataset.add_label("dog")
    dataset.add_label("dog.puppy")
    dataset.add_label("gone")
    dataset.delete_labels(label_names=["gone"])
    dataset.update_label("cat", color=(9, 8, 7))
    recipe = dataset.recipes.list()[0]
    ontology = recipe.ontologies.list()[0]
    ontology.update_attributes(
        key="breed",
        title="Breed",
        attribute_type=dl.AttributesTypes.CHECKBOX,
        values=["a", "b"],
        scope=["cat"],
    )
    ontology.update_attributes(key="text", title="Text", attribute_type=dl.AttributesTypes.FREE_TEXT)
    ontology.delete_attributes(keys=["text"])
    recipe.title = "The recipe"
    recipe.update()
    project.recipes.create(recipe_name="Another")


def files(folder: Path, dataset: Any) -> list[Any]:
    one = dataset.items.upload(
        local_path=image(folder, "one.png"), remote_path="/pictures", item_metadata={"user": {"k": 1}}
    )
    two = dataset.items.upload(local_path=file("two.txt", "two"), remote_path="/")
    three = dataset.items.upload(local_path=file("three.txt", "three"), remote_path="/")
    extra = dataset.items.upload(local_path=file("extra.txt", "extra"), remote_path="/")
    dataset.items.upload(local_path=file("two.txt", "another two"), remote_path="/", overwrite=True)
    dataset.items.make_dir(directory="/empty")
    one.metadata["user"] = {"k": 2, "deep": {"x": [1, 2]}}
    one = one.update()
    one = one.set_description("a picture") or dataset.items.get(item_id=one.id)
    three.move("/moved/three.txt")
    dataset.items.update(
        filters=dl.Filters(field="filename", values="/two.txt"), update_values={"user": {"bulk": 1}}
    )
    extra.delete()
    return [dataset.items.get(item_id=item.id) for item in (one, two, three)]


def annotations(items: list[Any]) -> None:
    one = items[0]
    builder = one.annotations.builder()
    builder.add(dl.Box(left=1, top=2, right=30, bottom=20, label="cat", attributes={"breed": ["a"]}))
    builder.add(dl.Point(x=1, y=2, label="dog"))
    builder.add(dl.Polygon(geo=[(1, 1), (9, 1), (9, 9)], label="dog.puppy"))
    builder.add(dl.Polyline(geo=[(1, 1), (9, 1), (9, 9)], label="cat"))
    builder.add(dl.Classification(label="cat"))
    builder.add(dl.Ellipse(x=10, y=10, rx=5, ry=4, angle=10, label="dog"))
    builder.add(dl.Note(left=1, top=2, right=3, bottom=4, label="note", messages=[], creator=ANN))
    one.annotations.upload(builder)
    listed = {str(found.type): found for found in one.annotations.list()}
    listed["box"].label = "dog"
    listed["box"].description = "the dog"
    listed["box"].update()
    listed["point"].delete()


def work(dataset: Any, items: list[Any]) -> tuple[list[str], list[str]]:
    action = dl.ItemAction(action="blurred", display_name="Blurred", color="#ff0000")
    task = dataset.tasks.create(
        task_name="T",
        due_date=1_900_000_000.0,
        assignee_ids=[BOB, CAROL],
        items=items[:2],
        available_actions=[action],
        metadata={"system": {}, "user": {"k": 1}},
    )
    task.add_items(items=[items[2]], assignee_ids=[BOB])
    task.set_status(status="completed", operation="create", item_ids=[items[0].id])
    dataset.items.get(item_id=items[1].id).update_status(status="blurred", task_id=task.id)
    task.name = "T2"
    task.update()
    review = task.create_qa_task(due_date=1_900_000_000.0, assignee_ids=[CAROL])
    review.set_status(status="approved", operation="create", item_ids=[items[0].id])
    unwanted = dataset.tasks.create(task_name="unwanted", assignee_ids=[BOB])
    unwanted.delete()
    other = dataset.tasks.create(task_name="other", assignee_ids=[BOB], due_date=1_900_000_000.0)
    other.remove_items(items=[items[0]])
    other.assignments.list()[0].reassign(assignee_id=CAROL)
    workload = dl.Workload.generate(assignee_ids=[BOB, CAROL])
    other.assignments.list()[0].redistribute(workload=workload)
    pulled = dataset.tasks.create(
        task_name="pulled",
        due_date=1_900_000_000.0,
        assignee_ids=[BOB, CAROL],
        batch_size=3,
        max_batch_workload=5,
        allowed_assignees=[BOB, CAROL],
    )
    tasks = [task, review, other, pulled]
    return [one.id for one in tasks], [share.id for one in tasks for share in one.assignments.list()]


def copies(project: Any, dataset: Any, items: list[Any]) -> list[str]:
    clone = dataset.clone(clone_name="Clone", with_metadata=True, with_items_annotations=True)
    items[0].clone(dst_dataset_id=clone.id, remote_filepath="/copy.png", with_annotations=True)
    return [clone.id]


def look(held: dict[str, list[str]]) -> dict[str, list[str]]:
    """What is not there any more under the id that a script holds."""
    getters = {
        "projects": lambda one: dl.projects.get(project_id=one),
        "datasets": lambda one: dl.datasets.get(dataset_id=one),
        "items": lambda one: dl.items.get(item_id=one),
        "annotations": lambda one: dl.annotations.get(annotation_id=one),
        "tasks": lambda one: dl.tasks.get(task_id=one),
        "assignments": lambda one: dl.assignments.get(assignment_id=one),
        "recipes": lambda one: dl.recipes.get(recipe_id=one),
        "ontologies": lambda one: dl.ontologies.get(ontology_id=one),
    }
    lost: dict[str, list[str]] = {}
    for kind, ids in held.items():
        for one in ids:
            try:
                getters[kind](one)
            except dl.exceptions.PlatformException as error:
                lost.setdefault(kind, []).append(f"{one}: {error}")
    task = dl.tasks.get(task_id=held["tasks"][0])
    item = dl.items.get(item_id=held["items"][0])
    if item.status(task_id=task.id) != "completed":
        lost["status"] = [str(item.metadata["system"]["refs"])]
    item.update_status(status="discard", task_id=held["tasks"][0])
    return lost


def main() -> None:
    what, gate, folder, held = sys.argv[1:]
    login(gate)
    place = Path(held)
    if what == "edit":
        place.write_text(json.dumps(edit(Path(folder))))
    told = look(json.loads(place.read_text())) if what == "look" else {}
    sys.stdout.write(f"TOLD {json.dumps(told)}\n")


if __name__ == "__main__":
    main()
