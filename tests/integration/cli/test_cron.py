"""A sync that nobody watches: what it says, when it says nothing, and the line of the crontab that runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from localloop.cli import crontab
from localloop.cli.advice import ExitCode
from localloop.cli.unattended import FILE
from localloop.store import Store
from localloop.store.items import update_item
from localloop.syncing import holding
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind

CRON = ("sync", "--cron", "--jitter", "0")


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", users={"ann@example.test": "pw", "bob@example.test": "pw"}) as running:
        yield running


@pytest.fixture
def synced(ok, fruit, hub, monkeypatch):
    """The store of the working directory, which has a platform."""
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
    ok("login", "--gate", hub.gate, "--email", "ann@example.test")
    ok("sync")
    return fruit


def test_it_says_nothing_when_all_is_well(ok, synced, photos):
    ok("add", photos / "a.txt", "--to", "Fruit/Apples/more")
    ran = ok(*CRON)
    assert (ran.out, ran.err) == ("", "")
    assert ok("status", "--json").json["pending"] == {}


def test_it_says_nothing_when_there_is_no_connection(run, synced, hub):
    hub.stop()
    ran = run(*CRON, "--patience", "0")
    assert (ran.code, ran.out, ran.err) == (ExitCode.OFFLINE, "", "")


def test_it_says_nothing_while_another_sync_is_at_work(run, synced):
    with Store.open(synced) as store, holding(store, "a test"):
        ran = run(*CRON)
    assert (ran.code, ran.out, ran.err) == (ExitCode.LOCKED, "", "")


def test_what_needs_somebody_is_one_line_and_said_once_a_day(run, ok, synced, hub):
    with Store.open(synced) as store, store.transaction("here") as tx:
        edit(tx, 1)
    with hub.store.transaction("there") as tx:
        edit(tx, 2)
    ran = run(*CRON)
    assert (ran.code, ran.out) == (ExitCode.CONFLICTS, "")
    assert ran.err == "localloop sync: 1 conflict open (`localloop conflicts`).\n"
    ran = run(*CRON)
    assert (ran.code, ran.out, ran.err) == (ExitCode.CONFLICTS, "", "")
    note = synced / FILE
    told = json.loads(note.read_text())
    told["at"] = (datetime.fromisoformat(told["at"]) - timedelta(days=1)).isoformat()
    note.write_text(json.dumps(told))
    assert run(*CRON).err.count("\n") == 1
    ok("resolve", "--all", "--mine")
    assert ok(*CRON).err == ""
    assert not note.exists()


def edit(tx, value):
    """Change a field of the one item of a path."""
    [row] = tx.rows(EntityKind.ITEM, filename="/photos/a.txt")
    update_item(tx, row, {"metadata": {"user": {"k": value}}})


def test_a_log_in_that_is_needed_is_one_line(run, fruit):
    ran = run(*CRON)
    assert ran.code == ExitCode.AUTH
    assert re.fullmatch(r"localloop sync: .*Log in first: `localloop login .*`\.\n", ran.err)


def test_where_there_is_no_store_that_is_one_line(run, home):
    ran = run(*CRON)
    assert ran.code == ExitCode.NOT_FOUND
    assert ran.err.count("\n") == 1


def test_one_that_hangs_is_ended():
    block = "import time; from localloop.cli.unattended import *\nwith ending_by_itself(0.2): time.sleep(60)"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.OFFLINE
    assert "did not end within" in done.stderr
    assert time.monotonic() - began < 40


@pytest.mark.parametrize("words", [("--dry-run",), ("--json",)])
def test_what_does_not_go_with_it_is_said(run, fruit, words):
    assert run("sync", "--cron", *words).code == ExitCode.USAGE


def test_jitter_is_for_cron_alone(run, fruit):
    assert run("sync", "--jitter", "5s").code == ExitCode.USAGE


def test_the_line_of_the_crontab_works_in_crons_own_environment(ok, synced, tmp_path):
    line = ok("cron", "line", "--every", "30m").out.strip()
    minutes, rest = line.split(" ", 1)
    assert re.fullmatch(r"\d+-59/30", minutes)
    command = rest.removeprefix("* * * * ").replace(r"\%", "%") + " --jitter 0"
    environment = {"HOME": os.environ["HOME"], "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "ann"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[3])
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nothing_secret_is_in_the_line(ok, fruit, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:hush-hush@proxy.example.test:3128")
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "hush-hush")
    assert "hush-hush" not in ok("cron", "line").out


def test_a_percent_sign_and_a_space_in_a_path_survive(tmp_path):
    line = crontab.entry(tmp_path / "a b%c", "1h")
    assert r"a b\%c'" in line


@pytest.mark.parametrize(
    ("every", "times"),
    [
        ("1m", r"\* \* \* \* \*"),
        ("5m", r"[0-4]-59/5 \* \* \* \*"),
        ("1h", r"\d+ \* \* \* \*"),
        ("6h", r"\d+ [0-5]-23/6 \* \* \*"),
        ("24h", r"\d+ \d+-23/24 \* \* \*"),
    ],
)
def test_how_often_becomes_times_that_cron_knows(tmp_path, every, times):
    assert re.match(f"{times} LANG=", crontab.entry(tmp_path, every))


@pytest.mark.parametrize("every", ["7m", "90m", "5h", "30s", "48h"])
def test_steps_that_cron_cannot_count_are_refused(run, fruit, every):
    ran = run("cron", "line", "--every", every)
    assert ran.code == ExitCode.USAGE
    assert "Cron cannot count" in ran.err


def test_monitoring_hears_of_a_sync_that_is_too_long_ago(run, ok, synced):
    assert run("status", "--max-age", "2h").code == ExitCode.OK
    with Store.open(synced) as store:
        past = (datetime.fromisoformat(store.clock.now()) - timedelta(hours=3)).isoformat()
        store.set_settings({"last_sync": {**store.settings()["last_sync"], "at": past}})
    ran = run("status", "--max-age", "2h")
    assert ran.code == ExitCode.STALE
    assert "longer ago than 2h" in ran.err
    assert run("status", "--max-age", "4h").code == ExitCode.OK


def test_monitoring_hears_of_a_store_that_was_never_synced(run, fruit):
    assert run("status", "--max-age", "2h", "--json").code == ExitCode.STALE
