from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from localloop import errors
from localloop._version import __version__
from localloop.cli.advice import EXIT_CODES, ExitCode, advise
from localloop.cli.reference import commands
from localloop_schema.sqlite import store_error

NAMES = [name for name, _ in commands()]


def test_nothing_to_do_shows_the_help(ok):
    assert "Commands:" in ok().out


def test_the_version_is_told(ok):
    assert ok("--version").out == f"localloop {__version__}\n"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself_with_examples(ok, name):
    out = ok(*name.split(), "--help").out
    assert "Examples:" in out
    assert f"localloop {name}" in out.partition("Examples:")[2]


def test_help_and_version_load_neither_database_nor_network(home):
    script = """
import sys
from contextlib import closing
from localloop.cli.app import program
for words in (["--version"], ["--help"], *([*name.split(), "--help"] for name in NAMES)):
    assert program().main(words, standalone_mode=False) == 0, words
heavy = {"sqlmodel", "sqlalchemy", "requests", "alembic", "keyring", "uvicorn", "starlette", "rich"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
""".replace("NAMES", repr(NAMES))
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=True,
    )
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_a_terminal_of_80_columns(run, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert [line for line in run(*name.split(), "--help").out.splitlines() if len(line) > 80] == []


def test_an_unknown_command_is_a_usage_error_with_advice(run):
    ran = run("frobnicate")
    assert (ran.code, ran.out) == (2, "")
    assert "localloop --help" in ran.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("frobnicate", "--json"), 2),
        (("ls", "--limit", "x", "--json"), 2),
        (("status", "--json"), 3),
        (("sync", "--json"), 3),
        (("clone", "P", "--json"), 6),
        (("login", "--email", "a@example.test", "--json"), 2),
    ],
)
def test_errors_are_one_json_object_too(run, words, code):
    ran = run(*words)
    assert ran.code == code
    assert ran.err == ""
    assert ran.json["error"].keys() == {"code", "message", "advice"}
    assert ran.json["error"]["code"] == code


@pytest.mark.parametrize(
    "gate", ["", "nonsense", "ftp://x", "http://", "http://[::1", "http://h:99999", "h:80"]
)
@pytest.mark.parametrize("words", [("login", "--email", "a@example.test"), ("logout",), ("clone", "P")])
def test_a_gate_that_is_no_url_is_a_usage_error(run, words, gate, monkeypatch):
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "never sent")
    ran = run(*words, "--gate", gate)
    assert ran.code == 2
    assert "A gate is a URL" in ran.err


@pytest.mark.parametrize(
    ("words", "shown"), [(["status"], False), (["--debug", "status"], True), (["status", "--debug"], True)]
)
def test_an_unforeseen_error_is_one_sentence_and_debug_shows_where(home, fruit, words, shown):
    script = f"from localloop.cli import human, main; human.age = None; main({words!r})"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        check=False,
    )
    assert ran.returncode == 1
    assert "Error: Something unforeseen happened: TypeError" in ran.stderr
    assert ("Traceback" in ran.stderr) is shown


def test_a_reader_that_goes_away_is_no_error(process, home, ok, photos):
    ok("init")
    for number in range(3000):
        (photos / f"{number:05d}-{'x' * 60}").write_text("")
    ok("add", photos, "--to", "P/D", "--create")
    for extra in ((), ("--json",)):
        running = process("ls", "P/D", "--limit", "0", *extra)
        running.stdout.read(10)
        running.stdout.close()
        assert running.stderr.read() == ""
        running.stderr.close()
        assert running.wait() == ExitCode.PIPE


def test_names_come_out_in_any_locale(process, fruit):
    running = process("ls", "Fruit/Apples", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    out, err = running.communicate()
    assert (running.returncode, err) == (0, "")
    assert "/photos/mai/\\xe4 \\xf6.txt" in out
    running = process("ls", "Fruit/Apples", "--json", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    out, _ = running.communicate()
    assert json.loads(out)["items"][2]["filename"] == "/photos/mai/ä ö.txt"


def test_a_name_cannot_steer_a_terminal(ok, photos):
    ok("init")
    (photos / "x\x1b[31m\n.txt").write_text("x")
    ok("add", photos, "--to", "P/D", "--create")
    out = ok("ls", "P/D").out
    assert "\x1b" not in out
    assert "/photos/x\\x1b[31m\\n.txt" in out


def test_ctrl_c_stops_a_server_cleanly(process, home):
    running = process(
        "serve",
        "--hub",
        "--data",
        "hub",
        "--port",
        "0",
        "--user",
        "a@example.test",
        "--json",
        env={"LOCALLOOP_PASSWORD": "pw"},
    )
    told = json.loads(running.stdout.readline())
    assert told["users"] == ["a@example.test"]
    assert told["gate"].startswith("http://127.0.0.1:")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert (running.returncode, out, err) == (0, "", "")


def test_a_server_that_nobody_could_log_in_to_does_not_start(run):
    assert run("serve", "--hub", "--data", "hub", "--port", "0").code == 2
    assert run("serve", "--hub", "hub2", "--port", "0").code == 2


def test_a_directory_to_serve_is_named_once(run):
    ran = run("serve", "--hub", "hub", "--data", "hub", "--port", "0")
    assert ran.code == 2
    assert "once" in ran.err


def test_every_error_has_an_exit_code_with_a_sentence():
    kinds = [
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.LocalLoopError)
    ]
    assert len(kinds) > 20
    assert {kind.exit_code for kind in kinds} <= {int(code) for code in EXIT_CODES}
    assert set(EXIT_CODES) == set(ExitCode)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.StoreNotFoundError("x"), 3),
        (errors.NotFound("404", "x"), 3),
        (errors.OfflineError("x"), 5),
        (errors.ThrottledError("x"), 5),
        (errors.AuthError("x"), 6),
        (errors.MassDeletionHalt("x", side="here", entities=["item /a.jpg"]), 7),
        (errors.LockedError("x"), 8),
        (errors.PermanentError("x"), 9),
        (errors.StoreTooNewError("x"), 10),
        (errors.StoreDamagedError("x"), 11),
        (errors.OtherAccountHalt("x"), 12),
        (KeyboardInterrupt(), 130),
        (FileNotFoundError(2, "No such file", "x"), 3),
        (PermissionError(13, "Permission denied", "x"), 1),
        (ValueError("x"), 1),
    ],
)
def test_each_kind_of_error_has_its_code(error, code):
    assert advise(error).code == code


def test_a_full_disk_is_told_to_have_room_made_on_it():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as full:
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    for error in (full.value, store_error(Path("store.db"), full.value)):
        assert (advise(error).code, "disk is full;" in advise(error).advice) == (1, True)
    assert advise(sqlite3.OperationalError("no such table: t")).advice == ""


def test_a_halt_lists_what_it_is_about():
    names = [f"item /{number}.jpg" for number in range(30)]
    told = advise(errors.MassDeletionHalt("Too much.", side="here", entities=names))
    assert "item /0.jpg" in told.to_text()
    assert "and 10 more" in told.to_text()
    assert "--allow-deletions" in told.to_text()
    assert told.to_json()["error"]["details"] == names
