"""Labels, annotations, tasks and members on the command line."""

from __future__ import annotations

import json

import pytest


def test_labels_are_added_listed_renamed_and_removed(ok, run, fruit):
    ok("labels", "add", "Fruit/Apples", "person.hand", "Rotten", "--color", "#3366ff")
    ok("annotate", "Fruit/Apples/photos/a.txt", "--label", "Rotten")
    ok("annotate", "Fruit/Apples/photos/a.txt", "--label", "Unheard of")
    told = {one["label"]: one for one in ok("labels", "ls", "Fruit/Apples", "--json").json["labels"]}
    assert {tag: (one["known"], one["annotations"]) for tag, one in told.items()} == {
        "person": (True, 0),
        "person.hand": (True, 0),
        "Rotten": (True, 1),
        "Unheard of": (False, 1),
    }
    assert told["Rotten"]["color"] == "#3366ff"
    assert ok("labels", "rename", "Fruit/Apples", "Rotten", "state.Bad", "--json").json["annotations"] == 1
    ok("labels", "rename", "Fruit/Apples", "person", "human")
    told = {one["label"]: one for one in ok("labels", "ls", "Fruit/Apples", "--json").json["labels"]}
    assert set(told) == {"human", "human.hand", "state", "state.Bad", "Unheard of"}
    assert told["state.Bad"]["annotations"] == 1
    assert ok("labels", "rm", "Fruit/Apples", "human", "--dry-run", "--json").json["removed"] == [
        "human",
        "human.hand",
    ]
    assert run("labels", "rm", "Fruit/Apples", "human").code == 2, "nobody is here to be asked"
    ok("labels", "rm", "Fruit/Apples", "human", "--yes")
    assert "human" not in ok("labels", "ls", "Fruit/Apples").out
    ok("undo")
    assert "human" in ok("labels", "ls", "Fruit/Apples").out


def test_what_is_said_of_labels_that_are_not_there_is_one_sentence(run, fruit):
    assert "There is no label 'x' in Fruit/Apples." in run("labels", "rename", "Fruit/Apples", "x", "y").err
    assert run("labels", "rm", "Fruit/Apples", "x", "--yes").code == 3
    assert "Name a dataset" in run("labels", "ls", "Fruit").err


def test_an_item_is_annotated_in_one_action(ok, run, fruit):
    place = "Fruit/Apples/photos/a.txt"
    drawn = ["--box", "1,2,3,4", "--point", "5,6", "--polygon", "0,0,9,0,9,9"]
    told = ok("annotate", place, "--label", "Ear", *drawn, "--json").json
    assert [(one["type"], one["label"]) for one in told["annotations"]] == [
        ("box", "Ear"),
        ("point", "Ear"),
        ("segment", "Ear"),
    ]
    assert told["annotations"][0]["coordinates"] == [{"x": 1, "y": 2, "z": 0}, {"x": 3, "y": 4, "z": 0}]
    ids = [one["id"] for one in told["annotations"]]
    assert ids[0] in ok("annotate", place).out
    ok("annotate", place, "--remove", ids[0], "--remove", ids[1], "--yes")
    assert [one["id"] for one in ok("annotate", place, "--json").json["annotations"]] == ids[2:]
    ok("undo")
    assert len(ok("annotate", place, "--json").json["annotations"]) == 3


def test_annotations_come_from_a_file_and_from_a_pipe(ok, run, home, fruit):
    place = "Fruit/Apples/photos/b.txt"
    found = [{"type": "class", "label": "ä"}]
    (home / "found.json").write_text(json.dumps({"annotations": found}))
    ok("annotate", place, "--from", "found.json")
    ran = run("annotate", place, "--from", "-", "--json", stdin=json.dumps(found))
    assert [one["label"] for one in ran.json["annotations"]] == ["ä", "ä"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--box", "1,2,3,4"), "Say what it is: --label."),
        (
            ("--label", "x", "--box", "1,2,3"),
            "--box needs 4 numbers with commas between them, and not '1,2,3'.",
        ),
        (("--label", "x", "--polygon", "1,2,3,4"), "--polygon needs three points or more"),
        (("--from", "nothing.json"), "nothing.json cannot be read"),
        (("--remove", "x", "--yes"), "has no annotation x."),
    ],
)
def test_a_mistake_annotates_nothing(run, ok, fruit, words, sentence):
    ran = run("annotate", "Fruit/Apples/photos/a.txt", *words)
    assert ran.code in (2, 3)
    assert sentence in ran.err.replace("\n", " ")
    assert ok("annotate", "Fruit/Apples/photos/a.txt", "--json").json["annotations"] == []


def test_work_is_given_out_done_and_taken_back(ok, run, fruit):
    made = ok(
        "tasks", "create", "Fruit/Apples", "Sort", "--assignee", "a@x", "--assignee", "b@x", "--json"
    ).json
    assert made["items"] == 3
    assert sorted(one["items"] for one in made["assignments"]) == [1, 2]
    ok("tasks", "status", "Sort", "completed", "/photos/a.txt", "photos/b.txt")
    told = ok("tasks", "show", "Sort", "--json").json
    assert (told["done"], told["place"]) == (2, "Fruit/Apples")
    assert "2 of 3 items have a status." in ok("tasks", "show", "Sort").out
    ok("tasks", "status", "Sort", "completed", "/photos/a.txt", "--clear")
    [listed] = ok("tasks", "ls", "Fruit/Apples", "--json").json["tasks"]
    assert (listed["name"], listed["done"]) == ("Sort", 1)
    assert "1/3" in ok("tasks", "ls").out
    assert ok("tasks", "rm", "Sort", "--dry-run", "--json").json["statuses"] == 1
    ok("tasks", "rm", "Sort", "--yes")
    assert run("tasks", "show", "Sort").code == 3
    one = '{"filename": "/photos/a.txt"}'
    assert ok("tasks", "create", "Fruit/Apples", "One", "--filter", one, "--json").json["items"] == 1
    ran = run("tasks", "status", "One", "completed", "/photos/b.txt")
    assert "1 of these items are not in the task One" in ran.err


def test_members_come_and_go(ok, run, fruit):
    ok("members", "add", "Fruit", "bob@example.test", "--role", "engineer")
    ok("members", "role", "Fruit", "bob@example.test", "annotator")
    told = ok("members", "ls", "Fruit", "--json").json["members"]
    assert told == [
        {"email": "ann@example.test", "role": "owner"},
        {"email": "bob@example.test", "role": "annotator"},
    ]
    assert run("members", "rm", "Fruit", "bob@example.test").code == 2
    ok("members", "rm", "Fruit", "bob@example.test", "--yes")
    assert "bob" not in ok("members", "ls", "Fruit").out
    assert run("members", "add", "Fruit", "eve@example.test", "--role", "king").code == 2
    assert "Members are a project's" in run("members", "ls", "Fruit/Apples").err


def test_projects_and_datasets_are_made_and_protected(ok, run, fruit):
    ok("projects", "create", "Nuts")
    ok("datasets", "create", "Nuts/Wal", "--label", "Ripe")
    assert [one["name"] for one in ok("projects", "ls", "--json").json["projects"]] == ["Fruit", "Nuts"]
    assert [one["name"] for one in ok("datasets", "ls", "Nuts", "--json").json["datasets"]] == ["Wal"]
    assert "Ripe" in ok("labels", "ls", "Nuts/Wal").out
    assert ok("datasets", "readonly", "Nuts/Wal", "--json").json["readonly"] is True
    assert ok("datasets", "readonly", "Nuts/Wal", "--off", "--json").json["readonly"] is False
    assert run("projects", "create", "Nuts").code == 1
    assert run("datasets", "create", "Nuts").code == 2
    assert run("datasets", "create", "Nowhere/D").code == 3
