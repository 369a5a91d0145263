"""``undo`` and ``trash`` at the command line."""

from __future__ import annotations

import pytest

from localloop_sync.core.operation import State
from tests.integration.sync.harness import Laptop, Platform
from tests.sim.world import VirtualClock


def paths(ok):
    return [item["filename"] for item in ok("ls", "Fruit/Apples", "--json").json["items"]]


@pytest.fixture
def laptop(home, tmp_path, monkeypatch):
    """A laptop with one annotated item, /a.txt, that is in sync with a platform in memory."""
    here = Laptop(tmp_path, "here", Platform(VirtualClock()))
    here.found()
    here.add("/a.txt", b"first", x=1)
    here.annotate("/a.txt", "cat")
    here.sync()
    monkeypatch.setenv("LOCALLOOP_STORE", str(here.store.path))
    yield here
    here.store.close()


def test_the_last_action_is_undone_and_an_undo_too(ok, fruit):
    ok("rm", "Fruit/Apples/photos/mai", "--yes")
    told = ok("undo").out
    assert "Undone: delete 1 item: brought back 1 item." in told
    assert len(paths(ok)) == 3
    assert "deleted 1 item" in ok("undo").out
    assert len(paths(ok)) == 2


def test_a_rehearsal_says_what_would_be_done(ok, fruit):
    told = ok("undo", "--dry-run", "--json").json
    assert (told["deleted"]["item"], told["deleted_there"], told["undone"]) == (3, {}, False)
    assert len(paths(ok)) == 3
    assert "Nothing of it is left to send" in ok("undo").out
    assert paths(ok) == []
    ok("undo", ok("undo", "--list", "--json").json["actions"][-1]["batch"])
    assert ok("ls", "--json").json == {"projects": []}


def test_actions_are_listed_and_undone_by_their_id(ok, fruit):
    ok("mv", "Fruit/Apples/photos/a.txt", "Fruit/Apples/first.txt")
    ok("mv", "Fruit/Apples/photos/b.txt", "Fruit/Apples/second.txt")
    listed = ok("undo", "--list", "--json").json["actions"]
    assert len(listed) == 4
    lines = ok("undo", "--list").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[2].split()[0] == listed[1]["batch"][-8:]
    ok("undo", listed[1]["batch"][-8:])
    assert paths(ok) == ["/photos/a.txt", "/photos/mai/ä ö.txt", "/second.txt"]


def test_files_that_were_added_together_are_undone_together(ok, home):
    many = home / "many"
    many.mkdir()
    for number in range(250):
        (many / f"{number}.txt").write_text(str(number))
    ok("init")
    ok("add", many, "--to", "Fruit/Apples", "--create")
    told = ok("undo", "--json").json
    assert (told["action"], told["deleted"]) == ("add files to Fruit/Apples", {"item": 250})


def test_what_was_edited_since_is_told_in_one_sentence(run, ok, fruit):
    ok("mv", "Fruit/Apples/photos/a.txt", "Fruit/Apples/first.txt")
    [batch, *_] = [one["batch"] for one in ok("undo", "--list", "--json").json["actions"]]
    ok("mv", "Fruit/Apples/first.txt", "Fruit/Apples/again.txt")
    ran = run("undo", batch)
    assert ran.code == 1
    assert "was edited since: filename" in ran.err
    assert "--force" in ran.err
    ok("undo", batch, "--force")
    assert "/photos/a.txt" in paths(ok)


def test_what_is_not_in_the_log_is_told(run, fruit):
    for words in (["0" * 8], ["Fruit/Apples/none.txt"], ["--list", "x"]):
        ran = run("undo", *words)
        assert ran.code in (2, 3)
        assert "Traceback" not in ran.err


def test_deleting_on_the_platform_is_asked_about(run, ok, laptop):
    laptop.add("/b.txt")
    laptop.sync()
    ran = run("undo")
    assert ran.code == 2
    assert "delete 1 item on the platform too? Nobody is here to be asked: use --yes." in ran.err
    assert laptop.paths() == ["/a.txt", "/b.txt"]
    assert "The next sync carries that" in ok("undo", "--yes").out
    laptop.sync()
    assert laptop.platform.paths() == ["/a.txt"]


def test_what_was_refused_has_a_way_back_that_status_names(ok, laptop):
    laptop.delete("/a.txt")
    for job in laptop.journal.begin(laptop.journal.jobs(State.PENDING)):
        laptop.journal.reject(job, "The platform says no.")
    [entry] = [one for one in ok("status", "--json").json["rejected"] if one["kind"] == "item"]
    assert (entry["verb"], entry["undo"]) == ("delete", f"localloop undo {entry['id']}")
    told = ok("status").out
    assert "rejected: delete item /a.txt: The platform says no." in told
    assert entry["undo"] in told
    assert "localloop rm" not in told
    assert "brought back 1 item and 1 annotation" in ok("undo", entry["id"]).out
    assert (laptop.unsent(), laptop.labels()) == ([], ["cat"])
    laptop.delete("/a.txt")
    assert "brought back" in ok("undo", "P/D/a.txt").out  # by where it was


def test_the_trash_is_listed_restored_and_emptied(run, ok, laptop):
    assert ok("trash", "ls").out == "The trash is empty.\n"
    laptop.delete("/a.txt")
    assert "here, not sent" in ok("trash", "ls").out
    laptop.sync()
    [told] = ok("trash", "ls", "--json").json["trash"]
    assert (told["place"], told["counts"], told["sent"]) == ("P/D/a.txt", {"item": 1, "annotation": 1}, True)
    lines = ok("trash", "ls").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert ok("trash", "restore", "P/D/a.txt", "--dry-run", "--json").json["restored"] == told["counts"]
    laptop.add("/a.txt", b"another")
    ran = run("trash", "restore", told["id"][-8:])
    assert ran.code == 0
    assert "/a.txt is taken by now: it came back as /a (restored).txt." in ran.err
    laptop.delete("/a.txt")
    laptop.sync()
    assert ok("trash", "empty", "--older-than", "1w", "--yes", "--json").json["dropped"] == 1
    assert run("trash", "empty").code == 0
    assert ok("trash", "ls", "--json").json["trash"] == []


def test_emptying_asks_and_an_age_is_a_number_with_a_unit(run, ok, laptop):
    laptop.delete("/a.txt")
    laptop.sync()
    assert run("trash", "empty").code == 2
    for age in ("30", "d", "-1d", "1y", "1.5d"):
        assert run("trash", "empty", "--older-than", age, "--yes").code == 2
    assert "Would drop" in ok("trash", "empty", "--dry-run").out
    assert len(ok("trash", "ls", "--json").json["trash"]) == 1


def test_how_long_the_trash_is_kept_can_be_said(run, ok, laptop):
    assert ok("trash", "ls", "--json").json["kept_days"] == 30
    ok("trash", "keep", "90")
    assert ok("trash", "ls", "--json").json["kept_days"] == 90
    assert run("trash", "keep", "-1").code == 2


def test_what_is_not_in_the_trash_is_told(run, laptop):
    for what in ("P/D/a.txt", "P/D/none.txt", "X/Y/z", "ffffffff", "P", "P/D"):
        ran = run("trash", "restore", what)
        assert ran.code == 3, what
        assert "localloop trash ls" in ran.err
