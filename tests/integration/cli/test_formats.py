"""``localloop export`` and ``import``, as they are typed."""

from __future__ import annotations

import pytest
from PIL import Image


@pytest.fixture
def drawn(ok, home):
    """A store with an annotated image and a text in Fruit/Apples."""
    (home / "in" / "items").mkdir(parents=True)
    (home / "in" / "json").mkdir()
    Image.new("RGB", (20, 10)).save(home / "in" / "items" / "ä b.png")
    (home / "in" / "items" / "c.txt").write_text("c")
    box = '{"type": "box", "label": "cat", "coordinates": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}'
    point = '{"type": "point", "label": "nose", "coordinates": {"x": 1, "y": 2}}'
    (home / "in" / "json" / "ä b.png.json").write_text(f'{{"annotations": [{box}, {point}]}}')
    ok("init", "--author", "ann@example.test")
    ok("import", "in", "--to", "Fruit/Apples", "--create")
    return home


def test_what_is_exported_is_imported_without_saying_what_it_is(ok, drawn):
    told = ok("export", "Fruit/Apples", "out", "--json").json
    assert (told["items"], told["annotations"], told["files"], told["left_out"]) == (2, 2, 2, [])
    told = ok("import", "out", "--to", "Fruit/Pears", "--create", "--json").json
    assert (told["items"], told["annotations"], told["failures"]) == (2, 2, [])


def test_what_is_not_exported_is_told_and_gives_another_exit_code(run, drawn):
    ran = run("export", "Fruit/Apples", "out", "--format", "coco")
    assert ran.code == 9
    assert "Left out: 1 annotation of type point: COCO has no such shape." in ran.err
    assert "Not exported: /c.txt: It is no image, and coco has nothing else." in ran.err
    assert "Exported 1 item with 1 annotation and 1 file" in ran.out
    told = run("export", "Fruit/Apples", "more", "--format", "coco", "--json").json
    assert told["left_out"] == [{"type": "point", "reason": "COCO has no such shape", "count": 1}]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("export", "Fruit/Apples", "in"), "in has something in it already."),
        (("export", "Fruit", "out"), "Name a dataset, PROJECT/DATASET, and not 'Fruit'."),
        (("import", "nowhere", "--to", "Fruit/Apples"), "There is no folder nowhere."),
        (("import", ".", "--to", "Fruit/Apples"), ". is in none of the formats that can be imported."),
        (
            ("import", "in", "--to", "Fruit/Apples", "--format", "yolo"),
            "does not say what the classes are called",
        ),
    ],
)
def test_a_mistake_is_one_sentence(run, drawn, words, sentence):
    ran = run(*words)
    assert ran.code in (2, 3)
    assert sentence in ran.err.replace("\n", " ")
    assert not (drawn / "out").exists()
