"""Logging in, without a platform and with one that cannot be reached."""

from __future__ import annotations

import io
import socket
import time

import jwt
import pytest

import localloop as dl
from localloop.errors import AuthError, OfflineError
from localloop.platform.credentials import Credentials, CredentialStore


@pytest.fixture
def nobody():
    """The address of a gate where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def connected(machine, nobody, monkeypatch):
    """A machine whose platform cannot be reached."""
    monkeypatch.setenv("LOCALLOOP_GATE", nobody)
    return nobody


def logged_in(machine, gate, *, ends_in=3600.0, refresh=None):
    token = jwt.encode({"email": "ann@x", "exp": time.time() + ends_in}, "k" * 32)
    CredentialStore(machine.parent / "config").save(Credentials(gate, "ann@x", token, refresh))
    return token


def test_a_store_without_a_platform_needs_no_log_in(machine, offline, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert not dl.token_expired()
    assert dl.login()
    assert dl.logout()
    assert dl.info() == {
        "store": str(machine.parent / "store"),
        "environment": None,
        "user_email": "me@localhost",
        "token_expired": False,
    }


def test_a_log_in_that_cannot_be_sent_says_what_to_do(connected):
    for log_in in (lambda: dl.login_m2m("ann@x", "pw"), lambda: dl.login_api_key(_key())):
        with pytest.raises(OfflineError) as caught:
            log_in()
        assert "localloop sync" in caught.value.advice


def _key():
    return jwt.encode({"email": "ann@x", "exp": time.time() + 3600}, "k" * 32)


def test_a_log_in_that_is_stored_is_kept_while_offline(machine, connected):
    logged_in(machine, connected, ends_in=-10)
    assert dl.login_m2m("ann@x", "pw")
    assert dl.login_m2m("ann@x", "pw", force=True)
    assert dl.info()["user_email"] == "ann@x"
    with pytest.raises(OfflineError):
        dl.login_m2m("bob@x", "pw")


def test_a_key_that_is_stored_is_kept_while_offline(machine, connected):
    key = logged_in(machine, connected)
    assert dl.login_api_key(key)


def test_the_first_log_in_names_the_author(machine, connected):
    logged_in(machine, connected)
    dl.login_m2m("ann@x", "pw")
    assert dl.projects.create("P").creator == "ann@x"


def test_without_a_terminal_nobody_is_asked(connected, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(AuthError) as caught:
        dl.login()
    assert "login_m2m" in caught.value.advice
    assert "login_api_key" in caught.value.advice


@pytest.mark.parametrize(
    ("ends_in", "refresh", "expired"),
    [(3600, None, False), (30, None, True), (-10, None, True), (-10, "r", False)],
)
def test_a_token_is_expired_when_it_ends_and_cannot_be_renewed(machine, connected, ends_in, refresh, expired):
    assert dl.token_expired()  # nobody has logged in
    logged_in(machine, connected, ends_in=ends_in, refresh=refresh)
    assert dl.token_expired() is expired


@pytest.fixture
def two(machine, connected):
    """Ann has logged in for the store, and Bob at the same gate since, for another one."""
    logged_in(machine, connected)
    dl.login_m2m("ann@x", "pw")
    credentials = CredentialStore(machine.parent / "config")
    credentials.save(Credentials(connected, "bob@x", _key(), None))
    return credentials


def test_a_log_out_is_the_one_of_the_stores_account(two, connected):
    dl.logout()
    assert [one.email for one in two.accounts()] == ["bob@x"]
    assert dl.token_expired()


def test_what_is_asked_of_a_token_is_asked_of_the_stores_account(two, connected):
    two.delete(connected, "ann@x")
    assert dl.token_expired()


def test_logging_out_forgets_the_token_and_keeps_the_work(machine, connected):
    token = logged_in(machine, connected)
    dl.login_m2m("ann@x", "pw")
    dl.projects.create("P")
    dl.logout()
    assert dl.token_expired()
    assert [project.name for project in dl.projects.list()] == ["P"]
    kept = [path.read_bytes() for path in machine.parent.rglob("*") if path.is_file()]
    assert not any(token.encode() in content for content in kept)
