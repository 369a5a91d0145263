from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from localloop.store import Store
from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.items import find_item, update_item
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import update_row
from localloop_sync.core.operation import State
from localloop_sync.drivers.journal import SqliteJournal

ANN = "ann@example.test"
BOB = "bob@example.test"


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", {ANN: "ann's", BOB: "bob's"}) as running:
        yield running


@pytest.fixture
def log_in(ok, hub, monkeypatch):
    def invoke(email: str = ANN, *words: str | Path):
        monkeypatch.setenv("LOCALLOOP_PASSWORD", f"{email.partition('@')[0]}'s")
        try:
            return ok("login", "--gate", hub.gate, "--email", email, *words)
        finally:
            monkeypatch.delenv("LOCALLOOP_PASSWORD")

    return invoke


@pytest.fixture
def synced(ok, photos, log_in):
    """The photos in Fruit/Apples, here and on the hub, as ann."""
    ok("init", "--device", "laptop")
    ok("add", photos, "--to", "Fruit/Apples", "--create")
    log_in()
    ok("sync")
    return photos.parent / ".localloop"


@pytest.fixture
def elsewhere(ok, hub, synced, home):
    """Another machine of ann's that mirrors Fruit."""
    ok("clone", "Fruit", "elsewhere", "--gate", hub.gate)
    return home / "elsewhere" / ".localloop"


def describe(path: Path, text: str) -> None:
    """Edit the description of /photos/a.txt in a store."""
    with Store.open(path) as store, store.transaction("describe") as tx:
        [dataset] = [row for row in tx.rows(EntityKind.DATASET) if row["name"] == "Apples"]
        item = find_item(tx.connection, dataset["id"], "/photos/a.txt")
        assert item is not None
        update_item(tx, item, {"description": text})


@pytest.fixture
def disputed(ok, synced, elsewhere):
    """A conflict about the description of /photos/a.txt: mine here, theirs on the hub."""
    describe(elsewhere, "theirs")
    ok("sync", "--store", elsewhere)
    describe(synced, "mine")
    return synced


# logging in and out


def test_a_log_in_is_kept_and_gives_the_store_its_author(ok, log_in, photos, hub):
    ok("init")
    ok("add", photos, "--to", "Fruit/Apples", "--create")
    assert "Logged in" in log_in().out
    told = ok("status", "--json").json
    assert (told["author"], told["gate"], told["account"]) == (ANN, hub.gate, None)
    assert ok("show", "Fruit", "--json").json["members"] == [f"{ANN} (owner)"]


def test_one_can_log_in_before_there_is_a_store(log_in, hub):
    assert log_in(ANN, "--json").json == {"gate": hub.gate, "account": ANN, "profile": None, "store": None}


def test_a_wrong_password_is_refused_and_changes_nothing(run, ok, hub, monkeypatch):
    ok("init")
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "wrong")
    assert run("login", "--gate", hub.gate, "--email", ANN).code == 6
    assert ok("status", "--json").json["gate"] is None


def test_a_password_is_nowhere_but_in_the_request(synced, home, tmp_path):
    for folder in (synced, tmp_path / "config"):
        for file in folder.rglob("*"):
            assert not file.is_file() or b"ann's" not in file.read_bytes(), file


def test_one_can_log_in_with_an_api_key(ok, hub, monkeypatch):
    ok("init")
    monkeypatch.setenv("LOCALLOOP_API_KEY", hub.accounts.api_key(BOB)[1])
    assert ok("login", "--gate", hub.gate, "--api-key", "--json").json["account"] == BOB


def test_a_store_refuses_another_account_before_anything_is_sent(run, synced, hub, monkeypatch):
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "bob's")
    ran = run("login", "--gate", hub.gate, "--email", BOB)
    assert ran.code == 12
    assert ANN in ran.err
    monkeypatch.setenv("LOCALLOOP_API_KEY", hub.accounts.api_key(BOB)[1])
    assert run("login", "--api-key").code == 12
    assert run("login", "--gate", "http://127.0.0.1:9", "--email", ANN).code == 12


def test_after_a_log_out_a_sync_needs_a_log_in_and_work_goes_on(run, ok, synced, photos):
    assert ok("logout", "--json").json["logged_out"] is True
    assert ok("logout", "--json").json["logged_out"] is False
    (photos / "later.txt").write_text("later")
    ok("add", photos, "--to", "Fruit/Apples")
    assert run("sync").code == 6


# syncing


def test_a_sync_sends_everything_and_the_next_one_nothing(ok, photos, log_in, hub):
    ok("init")
    ok("add", photos, "--to", "Fruit/Apples", "--create")
    log_in()
    first = ok("sync", "--json").json
    assert (first["pushed"]["item"], first["unsent"], first["exit_code"]) == (3, 0, 0)
    second = ok("sync", "--json").json
    assert second["quiet"] is True
    told = ok("status", "--json").json
    assert (told["pending"], told["account"]) == ({}, ANN)
    assert told["last_sync"]["age_seconds"] >= 0
    states = {item["state"] for item in ok("ls", "Fruit/Apples", "--json").json["items"]}
    assert states == {"in sync"}


def test_a_sync_ends_with_one_sentence_and_tells_its_phases_beside(run, ok, synced, photos):
    (photos / "later.txt").write_text("later")
    ok("add", photos, "--to", "Fruit/Apples")
    ran = run("sync")
    assert len(ran.out.splitlines()) == 1
    assert "sent 1 item" in ran.out.lower()
    assert "Sending what changed here." in ran.err.splitlines()


def test_a_quiet_sync_says_nothing_when_nothing_needs_attention(run, synced):
    ran = run("sync", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_a_rehearsal_sends_nothing(ok, photos, log_in, hub):
    ok("init")
    ok("add", photos, "--to", "Fruit/Apples", "--create")
    log_in()
    told = ok("sync", "--dry-run", "--json").json
    assert "create item /photos/a.txt" in told["planned"]
    assert hub.store.rows(EntityKind.PROJECT) == []
    assert ok("status", "--json").json["account"] is None


def test_a_mass_deletion_halts_with_its_list_and_goes_on_when_told_so(run, ok, log_in, home):
    many = home / "many"
    many.mkdir()
    for number in range(30):
        (many / f"{number}.txt").write_text(str(number))
    ok("init")
    ok("add", many, "--to", "Fruit/Apples", "--create")
    log_in()
    ok("sync")
    ok("rm", "Fruit/Apples/many", "--yes")
    ran = run("sync", "--json")
    assert ran.code == 7
    assert len(ran.json["error"]["details"]) == 30
    assert "--allow-deletions" in run("sync").err
    told = ok("sync", "--allow-deletions", "--json").json
    assert told["deleted_there"] == {"item": 30}


# cloning and getting


def test_a_clone_mirrors_a_project_without_its_files(ok, elsewhere):
    told = ok("status", "--store", elsewhere, "--json").json
    assert (told["author"], told["remote_only"]) == (ANN, {"files": 3, "bytes": 6})
    items = ok("ls", "Fruit/Apples", "--store", elsewhere, "--json").json["items"]
    assert {item["content"] for item in items} == {"remote-only"}


def test_a_clone_with_content_has_the_files(ok, hub, synced):
    ok("clone", "Fruit/Apples", "--content", "--gate", hub.gate)
    assert ok("status", "--store", "Apples", "--json").json["remote_only"]["files"] == 0


def test_what_is_not_here_is_fetched_and_then_stays(ok, hub, elsewhere, home):
    told = ok("get", "Fruit/Apples", "--store", elsewhere, "--out", "out", "--json").json
    assert (told["files"], told["fetched"]) == (3, 3)
    assert (home / "out" / "Apples" / "photos" / "mai" / "ä ö.txt").read_text() == "ccc"
    hub.stop()
    again = ok("get", "Fruit/Apples", "--store", elsewhere, "--out", "again", "--json").json
    assert (again["files"], again["fetched"]) == (3, 0)
    assert ok("fsck", "--store", elsewhere, "--json").json["sound"] is True


def test_what_the_platform_does_not_have_cannot_be_cloned_and_leaves_nothing(run, hub, synced, home):
    assert run("clone", "Nuts", "--gate", hub.gate).code == 3
    assert not (home / "Nuts").exists()
    (home / "mine").mkdir()
    (home / "mine" / "file").write_text("x")
    assert run("clone", "Nuts", "mine", "--gate", hub.gate).code == 3
    assert [path.name for path in (home / "mine").iterdir()] == ["file"]


def test_a_clone_needs_a_log_in(run, hub):
    assert run("clone", "Fruit", "--gate", hub.gate).code == 6


# conflicts


def test_a_conflict_is_listed_shown_and_changes_the_exit_code(run, ok, disputed):
    ran = run("sync", "--json")
    assert (ran.code, ran.json["conflicts_open"]) == (4, 1)
    assert "localloop conflicts" in run("sync").out
    [conflict] = ok("conflicts", "--json").json["conflicts"]
    assert (conflict["name"], conflict["what"]) == ("/photos/a.txt", "description")
    assert (conflict["values"]["mine"], conflict["values"]["theirs"]) == ("mine", "theirs")
    shown = ok("conflicts", "show", conflict["short_id"]).out
    assert '"mine"' in shown
    assert '"theirs"' in shown
    assert ok("status", "--json").json["conflicts"] == 1
    assert ok("show", "Fruit/Apples/photos/a.txt", "--json").json["conflicts"] == [conflict["id"]]
    states = {item["filename"]: item["state"] for item in ok("ls", "Fruit/Apples", "--json").json["items"]}
    assert states["/photos/a.txt"] == "conflict"


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        (["--mine"], "mine"),
        (["--theirs"], "theirs"),
        (["--value-json", '"third"'], "third"),
        (["--value", "third.json"], "third"),
    ],
)
def test_a_decision_reaches_the_platform(run, ok, disputed, elsewhere, words, outcome, home):
    (home / "third.json").write_text(json.dumps("third"))
    run("sync")
    [conflict] = ok("conflicts", "--json").json["conflicts"]
    ok("resolve", conflict["short_id"], *words)
    assert ok("sync", "--json").json["conflicts_open"] == 0
    ok("sync", "--store", elsewhere)
    for store in (disputed, elsewhere):
        told = ok("show", "Fruit/Apples/photos/a.txt", "--store", store, "--json").json
        assert told["description"] == outcome
    assert run("resolve", conflict["short_id"], "--mine").code == 3
    assert len(ok("conflicts", "--all", "--json").json["conflicts"]) == 1


def test_all_conflicts_are_decided_at_once(run, ok, disputed, elsewhere):
    run("sync")
    assert len(ok("resolve", "--all", "--theirs", "--json").json["resolved"]) == 1
    ok("sync")
    assert ok("conflicts", "--json").json == {"conflicts": []}


def test_an_edit_of_what_was_deleted_elsewhere_is_decided_as_a_whole(run, ok, synced, elsewhere):
    ok("rm", "Fruit/Apples/photos/a.txt", "--store", elsewhere, "--yes")
    ok("sync", "--store", elsewhere)
    describe(synced, "mine")
    assert run("sync").code == 4
    [conflict] = ok("conflicts", "--json").json["conflicts"]
    assert run("resolve", conflict["id"], "--value-json", "1").code == 2
    ok("resolve", conflict["id"], "--mine")
    ok("sync")
    ok("sync", "--store", elsewhere)
    told = ok("show", "Fruit/Apples/photos/a.txt", "--store", elsewhere, "--json").json
    assert told["description"] == "mine"


def test_annotations_travel_too(ok, synced, elsewhere):
    with Store.open(synced) as store, store.transaction("annotate") as tx:
        dataset = next(row for row in tx.rows(EntityKind.DATASET) if row["name"] == "Apples")
        item = find_item(tx.connection, dataset["id"], "/photos/a.txt")
        assert item is not None
        [annotation] = add_annotations(tx, item, [{"type": "class", "label": "ripe"}])
    ok("sync")
    ok("sync", "--store", elsewhere)
    with Store.open(elsewhere) as store, store.transaction("correct") as tx:
        [row] = tx.rows(EntityKind.ANNOTATION)
        update_annotation(tx, row, {"label": "unripe"})
    ok("sync", "--store", elsewhere)
    ok("sync")
    [told] = ok("show", "Fruit/Apples/photos/a.txt", "--json").json["annotations"]
    assert (told["id"], told["label"]) == (annotation["id"], "unripe")


# being stopped


def test_ctrl_c_ends_a_command_with_a_sentence(process, home):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gate = f"http://127.0.0.1:{silent.getsockname()[1]}"
        running = process("login", "--gate", gate, "--email", ANN, env={"LOCALLOOP_PASSWORD": "pw"})
        connection, _ = silent.accept()
        with connection:
            connection.recv(1)  # it has sent its request, and waits
            running.send_signal(signal.SIGINT)
            out, err = running.communicate()
    assert (running.returncode, out) == (130, "")
    assert err.startswith("Error: Stopped.")
    assert "Traceback" not in err


def test_without_the_platform_everything_but_the_network_works(run, ok, synced, elsewhere, hub, monkeypatch):
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "ann's")
    hub.stop()
    ok("mv", "Fruit/Apples/photos/a.txt", "Fruit/Apples/z.txt")
    assert run("login", "--email", ANN).code == 5
    assert run("sync", "--patience", "0").code == 5
    assert run("clone", "Fruit", "another", "--gate", hub.gate).code == 5
    assert ok("status", "--json").json["pending"] == {"set": {"item": 1}}
    hub.start()
    assert ok("sync", "--json").json["pushed"] == {"item": 1}


# refusals


def test_what_the_platform_refuses_is_told_until_it_is_edited(run, ok, synced):
    describe(synced, "too rude")
    with Store.open(synced) as store:
        journal = SqliteJournal(store.engine, store.identity, store.clock)
        [job] = journal.begin(journal.jobs(State.PENDING))
        journal.reject(job, "The platform says no.")
    told = ok("status", "--json").json
    assert [(one["name"], one["reason"]) for one in told["rejected"]] == [
        ("/photos/a.txt", "The platform says no.")
    ]
    assert "The platform says no." in ok("status").out
    ran = run("sync", "--json")
    assert (ran.code, ran.json["refused"]) == (9, 1)
    assert run("sync", "--quiet").code == 9
    states = {item["filename"]: item["state"] for item in ok("ls", "Fruit/Apples", "--json").json["items"]}
    assert states["/photos/a.txt"] == "rejected"
    describe(synced, "kind")
    told = ok("sync", "--json").json
    assert (told["refused"], told["pushed"]) == (0, {"item": 1})


def test_a_file_is_not_called_another_while_the_content_at_its_path_is_not_here(ok, run, fruit):
    with Store.open(fruit) as store, store.transaction("forget") as tx:
        [item] = [row for row in tx.rows(EntityKind.ITEM) if row["filename"] == "/photos/a.txt"]
        update_row(tx.connection, EntityKind.ITEM, item["id"], {"digest": None})
    ran = run("add", "photos/a.txt", "--to", "Fruit/Apples/photos")
    assert ran.code == 9
    assert "The content at its path is not here yet to be compared" in ran.err
