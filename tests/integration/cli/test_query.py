"""``localloop query`` and ``localloop completion``."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest


@pytest.fixture
def labelled(ok, fruit):
    ok("labels", "add", "Fruit/Apples", "Ripe")
    ok("annotate", "Fruit/Apples/photos/a.txt", "--label", "Ripe")
    return fruit


def test_a_text_finds_items_everywhere_or_in_a_place(ok, run, labelled):
    assert "photos/a.txt" in ok("query", "label:Ripe").out
    assert ok("query", "name:*.txt", "--count").out == "3\n"
    assert ok("query", "name:*.txt", "--in", "Fruit", "--count", "--json").json == {"totalItemsCount": 3}
    assert ok("query", "name:*.txt", "--in", "Fruit/Apples", "--count").out == "3\n"
    assert run("query", "name:*", "--in", "Fruit/Apples/photos").code == 2
    assert run("query", "name:*", "--in", "Nuts").code == 3
    assert "Nothing was found" in ok("query", "name:none").err


def test_json_asks_for_any_resource_and_is_answered_as_the_platform_would(ok, labelled, tmp_path):
    asked = {"resource": "annotations", "filter": {"label": "Ripe"}, "select": {"label": 1}}
    found = ok("query", json.dumps(asked), "--json").json
    assert (found["totalItemsCount"], found["hasNextPage"]) == (1, False)
    assert [one.keys() for one in found["items"]] == [{"id", "label"}]
    (tmp_path / "q.json").write_text(json.dumps({"filter": {"name": "*.txt"}, "pageSize": 2}))
    paged = ok("query", f"@{tmp_path / 'q.json'}")
    assert "3 results in all" in paged.err
    assert len(paged.out.splitlines()) == 3
    assert ok("query", '{"resource": "datasets"}').out.splitlines()[1].endswith("Apples")
    assert "Ripe (class)" in ok("query", '{"resource": "annotations"}').out


def test_a_text_is_explained_as_the_json_it_stands_for(ok, home):
    explained = ok("query", "label:Ripe", "--explain", "--json").json["query"]
    assert explained["join"]["filter"]
    assert json.loads(ok("query", "label:Ripe", "--explain").out) == explained


@pytest.mark.parametrize("asked", ['{"filter"', '{"delete": true}', "(", "@none", '{"resource": "moons"}'])
def test_what_makes_no_sense_is_said(run, fruit, asked):
    refused = run("query", asked)
    assert refused.code == 2
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(ok, home, shell):
    script = ok("completion", shell).out
    assert "_LOCALLOOP_COMPLETE" in script
    assert ok("completion", shell, "--json").json["script"].strip() == script.strip()
    program = shutil.which(shell)
    if program is not None:
        assert subprocess.run([program, "-n"], input=script, text=True, check=False).returncode == 0
