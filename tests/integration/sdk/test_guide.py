"""The getting-started guide is run block by block, and says what it promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import localloop as dl

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "getting-started.md"


@pytest.fixture
def files(machine):
    for name in ("test1.jpg", "test2.jpg", "folder/a.jpg", "folder/sub/b.jpg"):
        path = machine / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


@pytest.fixture
def names(machine, files, offline):
    """What every name of the guide stands for after its last block."""
    blocks = re.findall(
        r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    known: dict = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{GUIDE.name}, block {number + 1}", "exec"), known)
    return known


def labels(item):
    return sorted((annotation.type, annotation.label) for annotation in item.annotations.list())


def test_the_guide_runs_offline_and_leaves_what_it_says(names, capsys):
    dataset = names["dataset"]
    found = {item.filename: item for item in dataset.items.list().all()}
    assert list(found) == ["/test1.jpg", "/more/a.jpg", "/more/sub/b.jpg", "/test2.jpg"]
    assert labels(found["/test1.jpg"]) == [("class", "Adult"), ("point", "Ear"), ("point", "Ear")]
    assert labels(found["/test2.jpg"]) == [("class", "Person"), ("point", "Eye"), ("point", "Eye")]
    assert labels(found["/more/a.jpg"]) == [("class", "Person")]
    assert [item.filename for item in names["eye_items"]] == ["/test2.jpg"]


def test_the_guides_metadata_is_where_the_platform_would_put_it(names):
    dataset = names["dataset"]
    user = dataset.items.get(filepath="/test1.jpg").metadata["user"]
    assert set(user) == {"dateTime", "date"}
    assert dataset.items.get(filepath="/test2.jpg").metadata["user"] == {"user": {"dateTime": names["now"]}}


def test_the_guides_tasks_hold_what_their_filters_found(names):
    task, adult_task = names["task"], names["adult_task"]
    assert (task.total_items, adult_task.total_items) == (3, 1)
    assert task.due_date == names["datetime"].datetime(2032, 7, 15).timestamp() * 1000
    assert [one.annotator for one in task.assignments] == ["ann@example.test"]


def test_the_guides_members_are_gone_again(names):
    assert [member.role for member in names["project"].list_members()] == ["owner"]


def test_the_guides_labels_are_in_the_recipe(names):
    assert [label.tag for label in names["dataset"].labels] == ["Person", "Ear", "Face", "Eye", "Adult"]


def test_everything_the_guide_does_is_in_the_log(names):
    with dl.open_store(dl.info()["store"]).reading() as connection:
        actions = connection.exec_driver_sql("SELECT DISTINCT action FROM operations").scalars().all()
    assert {"create project My-First-Project", "upload /test1.jpg", "label Ear", "create task test"} <= set(
        actions
    )


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda project: project.datasets.get(dataset_name="My-First-Dataset"),
            """('404', "Dataset not found. Name: 'My-First-Dataset'")""",
        ),
        (
            lambda project: project.datasets.create("D").items.upload(local_path=r"C:\UploadDemo\test1.jpg"),
            r"""('404', 'Unknown local path: C:\\UploadDemo\\test1.jpg')""",
        ),
        (
            lambda project: project.datasets.create("D").items.get(filepath="/no"),
            """('404', 'Item not found. filepath= "/no"')""",
        ),
        (
            lambda project: project.datasets.create("D").items.get(item_id="632dadf7b28a0c0da317dfc8"),
            """('404', "Item not found. Id: '632dadf7b28a0c0da317dfc8'")""",
        ),
        (lambda project: dl.projects.get(project_name="X"), """('404', "Project not found. Name: 'X'")"""),
        (
            lambda project: project.datasets.create("D").tasks.get(task_name="T"),
            """('404', "Task not found. Name: 'T'")""",
        ),
    ],
)
def test_what_is_not_there_is_said_in_the_words_that_scripts_expect(project, act, message):
    with pytest.raises(dl.exceptions.NotFound) as caught:
        act(project)
    assert str(caught.value) == message
    assert isinstance(caught.value, dl.exceptions.PlatformException)
    assert caught.value.status_code == "404"
