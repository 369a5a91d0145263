"""Logging in from the command line: by browser, with profiles, and where secrets go."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from localloop.platform import Credentials, CredentialStore
from localloop.store import Store
from localloop.testing.hub import running_hub
from tests.integration.platform.recorder import recording

ANN, BOB = "ann@example.test", "bob@example.test"
PASSWORD = "pa55word-that-nobody-sees"


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", {ANN: PASSWORD, BOB: PASSWORD}) as hub:
        yield hub


@pytest.fixture
def password(monkeypatch, home):
    monkeypatch.setenv("LOCALLOOP_PASSWORD", PASSWORD)


@pytest.fixture
def credentials(tmp_path, home):
    return CredentialStore(tmp_path / "config")


def browse(gate, said, email=ANN):
    """Do what a browser does that somebody logs in with; returns the last page."""
    page = re.search(r"http://\S+/login\S+", said)[0]
    callback = parse_qs(urlsplit(page).query)["callback"][0]
    session = requests.Session()
    assert session.get(page, timeout=10).ok
    form = {"callback": callback, "email": email, "password": PASSWORD}
    return session.post(f"{gate}/login", data=form, headers={"Origin": gate}, timeout=10)


def started(process, hub, *more):
    words = ("login", "--browser", "--no-open", "--callback-port", "0", "--gate", hub.gate)
    running = process(*words, *more)
    said = running.stderr.readline() + running.stderr.readline()
    assert "Open this in a browser" in said
    return running, said


def test_a_browser_logs_in(process, hub, credentials):
    running, said = started(process, hub)
    last = browse(hub.gate, said)
    assert "close this page" in last.text
    assert "token" not in last.url
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert f"Logged in as {ANN}" in out
    kept = credentials.load(hub.gate)
    assert kept.email == ANN
    assert kept.refresh_token
    assert kept.token not in out + err


def test_a_browser_that_logs_in_as_somebody_else_changes_nothing(process, hub, credentials):
    running, said = started(process, hub, "--email", ANN)
    browse(hub.gate, said, BOB)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (6, "")
    assert f"logs in {BOB}, not {ANN}" in err
    assert credentials.accounts() == []


def test_profiles_keep_several_accounts_apart(ok, run, hub, password, credentials):
    assert "Nobody is logged in" in ok("profiles").out
    ok("login", "--gate", hub.gate, "--email", ANN, "--profile", "field")
    ok("login", "--gate", hub.gate, "--email", BOB, "--profile", "office")
    told = ok("profiles", "--json").json["profiles"]
    assert [(one["names"], one["account"], one["current"]) for one in told] == [
        (["field"], ANN, False),
        (["office"], BOB, True),
    ]
    assert {one["token"] for one in told} == {"valid for 23 hours"}
    assert "field" in ok("profiles").out
    ok("login", "--profile", "field")
    assert [one.current for one in credentials.accounts()] == [True, False]
    ok("logout", "--profile", "office")
    assert [one.profiles for one in credentials.accounts()] == [("field",)]
    assert "no profile 'office'" in run("logout", "--profile", "office").err
    assert run("clone", "P", "--profile", "office").code == 6


def test_a_store_can_be_cloned_as_a_profile(ok, hub, password, home):
    ok("login", "--gate", hub.gate, "--email", ANN, "--profile", "field")
    ok("init", home / "first", "--author", ANN)
    ok("projects", "create", "P", "--store", home / "first")
    ok("login", "--profile", "field", "--store", home / "first")
    ok("sync", "--store", home / "first")
    ok("login", "--gate", hub.gate, "--email", BOB)
    ok("clone", "P", home / "second", "--profile", "field")
    assert ok("status", "--json", "--store", home / "second").json["account"] == ANN


@pytest.fixture
def for_ann(ok, hub, password, home):
    """Ann has logged in for the store, which was never synced; Bob has logged in for another one since."""
    ok("init", "--author", ANN)
    ok("projects", "create", "P")
    ok("login", "--gate", hub.gate, "--email", ANN)
    ok("init", home / "elsewhere", "--author", BOB)
    ok("login", "--gate", hub.gate, "--email", BOB, "--store", home / "elsewhere")


def test_a_store_that_was_never_synced_uses_the_account_that_logged_in_for_it(ok, hub, for_ann, credentials):
    assert credentials.load(hub.gate).email == BOB
    assert f"{ANN} at" in ok("doctor").out
    ok("sync")
    assert ok("status", "--json").json["account"] == ANN
    assert [row["creator"] for row in hub.store.rows("project")] == [ANN]


def test_a_log_out_is_the_one_of_the_stores_account(ok, for_ann, credentials):
    told = ok("logout", "--json").json
    assert (told["account"], told["logged_out"]) == (ANN, True)
    assert [one.email for one in credentials.accounts()] == [BOB]


def test_a_store_never_takes_the_token_of_another_account(ok, run, hub, for_ann):
    ok("logout")
    refused = run("sync")
    assert refused.code == 6
    assert f"{ANN} is not logged in" in refused.err
    assert f"--email {ANN}" in refused.err
    assert hub.store.rows("project") == []


def test_a_store_that_was_never_synced_may_change_its_account(ok, hub, for_ann):
    ok("login", "--email", BOB)
    ok("sync")
    assert ok("status", "--json").json["account"] == BOB


def test_a_key_that_does_not_say_whose_it_is_is_not_kept_for_a_store_of_somebody_else(
    run, ok, home, credentials, monkeypatch
):
    ok("init", "--author", ANN)
    monkeypatch.setenv("LOCALLOOP_API_KEY", jwt.encode({"exp": time.time() + 999}, "k" * 32))
    with recording() as platform:
        platform.answer = lambda _asked: {"id": BOB, "email": BOB}
        with Store.open(home / ".localloop") as store:
            store.set_settings({"gate": platform.gate, "account": ANN})
        refused = run("login", "--api-key")
        assert len(platform.asked) == 1
    assert refused.code == 12
    assert f"belongs to {ANN}" in refused.err
    assert credentials.accounts() == []


def test_without_a_keyring_it_is_said_once_where_the_token_is(ok, hub, password, monkeypatch):
    silent = ok("login", "--gate", hub.gate, "--email", ANN)
    assert silent.err.count("keyring") == 0
    monkeypatch.delenv("LOCALLOOP_NO_KEYRING")
    monkeypatch.setattr("localloop.platform.system_keyring", lambda: None)
    monkeypatch.setattr("localloop.platform.credentials.system_keyring", lambda: None)
    assert "no keyring here" in ok("login", "--gate", hub.gate, "--email", ANN).err


def test_a_password_is_never_taken_from_the_command_line_nor_asked_of_nobody(run, hub):
    assert run("login", "--gate", hub.gate, "--email", ANN, "--password", PASSWORD).code == 2
    refused = run("login", "--gate", hub.gate, "--email", ANN)
    assert refused.code == 2
    assert "$LOCALLOOP_PASSWORD" in refused.err


@pytest.fixture
def synced(ok, hub, password, home):
    ok("init", "--author", ANN)
    ok("projects", "create", "P")
    ok("login", "--gate", hub.gate, "--email", ANN)
    ok("sync")
    ok("projects", "create", "Q")
    return home


def spoil(credentials, hub, *, corrupt):
    """Have the platform refuse what is kept."""
    kept = credentials.load(hub.gate)
    foreign = jwt.encode({"email": ANN, "exp": time.time() + 3600}, "k" * 32)
    with credentials.lock():
        credentials.save(
            Credentials(hub.gate, ANN, "no token" if corrupt else foreign, kept.refresh_token[:-9])
        )


@pytest.mark.parametrize("corrupt", [True, False])
def test_a_token_that_is_refused_asks_for_a_log_in_and_touches_nothing(
    run, ok, hub, synced, credentials, corrupt
):
    spoil(credentials, hub, corrupt=corrupt)
    before = credentials.path.read_bytes(), ok("log", "--json").out
    refused = run("sync")
    assert refused.code == 6
    assert "localloop login" in refused.err
    assert (credentials.path.read_bytes(), ok("log", "--json").out) == before
    ok("login", "--gate", hub.gate, "--email", ANN)
    ok("sync")
    assert {row["name"] for row in hub.store.rows("project")} == {"P", "Q"}


def test_a_log_in_outlives_the_network(run, ok, hub, synced, credentials):
    before = credentials.path.read_bytes()
    hub.stop()
    assert run("sync", "--patience", "0").code == 5
    assert run("login", "--email", ANN).code == 5
    assert credentials.path.read_bytes() == before
    hub.start()
    ok("sync")


def test_no_secret_is_printed_or_kept_anywhere_but_in_the_file_for_them(
    run, ok, hub, synced, credentials, monkeypatch, tmp_path
):
    key = jwt.encode({"email": ANN, "exp": time.time() + 999, "jti": "key"}, "k" * 32)
    monkeypatch.setenv("LOCALLOOP_API_KEY", key)
    ran = [run("login", "--api-key", "--json"), run("--debug", "login", "--api-key")]
    kept = credentials.load(hub.gate)
    ran += [
        run(*words)
        for words in (["sync"], ["sync", "--json"], ["status", "--json"], ["doctor"], ["profiles"])
    ]
    spoil(credentials, hub, corrupt=False)
    spoiled = credentials.load(hub.gate)
    ran += [
        run("--debug", "sync"),
        run("sync", "--json"),
        run("sync", "--cron", "--jitter", "0"),
        run("doctor", "--json"),
    ]
    ran += [
        run("profiles", "--json"),
        run("cron", "line"),
        run("service", "install", "--print"),
        run("logout", "--json"),
    ]
    secrets = {PASSWORD, key, kept.token, kept.refresh_token, spoiled.token, spoiled.refresh_token}
    printed = "".join(one.out + one.err for one in ran)
    assert len(ran) == 15
    assert [secret for secret in secrets if secret in printed] == []
    files = [path for path in tmp_path.rglob("*") if path.is_file() and "hub" not in path.parts]
    assert any(path.name == "store.db" for path in files)
    leaky = [
        str(path)
        for path in files
        if path != credentials.path and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]
    assert leaky == []
    assert json.loads(credentials.path.read_bytes())["gates"][hub.gate]["accounts"] == {}
