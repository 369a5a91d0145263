"""Logging in and out, where credentials are kept, and that no secret shows."""

from __future__ import annotations

import json
import logging
import stat
import traceback

import keyring.errors
import pytest
from keyring.backend import KeyringBackend

from localloop.platform import (
    Credentials,
    CredentialStore,
    PlatformSession,
    Transport,
    login_api_key,
    login_m2m,
    logout,
    normal_gate,
)
from localloop_sync.errors import AuthError, RemoteError, TransientError
from tests.integration.platform.recorder import Reply, token

ME = "alice@example.test"
JWT = token()


def test_a_log_in_with_a_password_keeps_the_tokens(platform, transport, store):
    platform.answer = lambda _asked: {"id_token": JWT, "refresh_token": "r-1", "access_token": "a"}
    account = login_m2m(transport, store, ME, "pw")
    assert (account.gate, account.email) == (platform.gate, ME)
    asked = {"username": ME, "password": "pw", "type": "user_credentials"}
    assert platform.forms == [("POST", "/token?default", asked)]
    assert platform.asked[0].headers["content-type"] == "application/json"
    assert store.load(platform.gate) == Credentials(platform.gate, ME, JWT, "r-1")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refused_log_in_changes_nothing(platform, transport, store, status):
    before = Credentials(platform.gate, ME, JWT, "r-0")
    store.save(before)
    platform.answer = lambda _asked: Reply({"message": "wrong password"}, status)
    with pytest.raises(AuthError, match="wrong password"):
        login_m2m(transport, store, ME, "pw")
    assert store.load(platform.gate) == before


@pytest.mark.parametrize("reply", [{}, [], {"id_token": "x"}, Reply({}, 500)])
def test_a_log_in_without_a_proper_reply_may_be_tried_again(platform, transport, store, reply):
    platform.answer = lambda _asked: reply
    with pytest.raises(TransientError):
        login_m2m(transport, store, ME, "pw")
    assert store.load(platform.gate) is None


def test_an_api_key_is_shown_to_the_platform_before_it_is_kept(platform, transport, store):
    platform.answer = lambda _asked: {"id": ME, "email": ME}
    assert login_api_key(transport, store, f" {JWT}\n").email == ME
    assert platform.forms == [("GET", "/api/v1/users/me", None)]
    assert platform.asked[0].headers["authorization"] == f"Bearer {JWT}"
    assert store.load(platform.gate) == Credentials(platform.gate, ME, JWT, None)


def test_a_refused_api_key_is_not_kept(platform, transport, store):
    platform.answer = lambda _asked: Reply({"message": "no"}, 401)
    with pytest.raises(AuthError):
        login_api_key(transport, store, JWT)
    assert store.load(platform.gate) is None


@pytest.mark.parametrize("key", ["", "abc", token(expires=1), "a.b.c", "ü"])
def test_what_is_no_valid_key_is_not_even_sent(platform, transport, store, key):
    with pytest.raises(AuthError):
        login_api_key(transport, store, key)
    assert platform.asked == []


def test_a_log_out_asks_nobody(platform, store):
    store.save(Credentials(platform.gate, ME, JWT, None))
    assert logout(store, platform.gate)
    assert not logout(store, platform.gate)
    assert store.load(platform.gate) is None
    assert platform.asked == []


def test_the_file_and_its_directory_are_the_owners_alone(store):
    store.save(Credentials("http://h", ME, JWT, None))
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    with store.lock():
        modes = [stat.S_IMODE(path.stat().st_mode) for path in store.path.parent.iterdir()]
    assert all(mode & 0o077 == 0 for mode in modes)


def test_accounts_are_kept_apart_by_gate_and_e_mail(store):
    one = Credentials("http://one", ME, JWT, "r-1")
    two = Credentials("http://two", ME, JWT, "r-2")
    bob = Credentials("http://one", "bob@example.test", JWT, "r-3")
    for credentials in (one, two, bob):
        store.save(credentials)
    assert store.load("http://one") == bob
    assert store.load("http://one", ME) == one
    assert store.load("http://two/api/v1/") == two
    assert store.delete("http://one")
    assert store.load("http://one") == one
    assert store.load("http://three") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"version": 99, "gates": {}}',
        b'{"version": 1, "gates": {"http://h": {"accounts": {"a": {"token": 3}}}}}',
    ],
)
def test_a_file_that_cannot_be_understood_is_left_alone(store, content):
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    for work in (
        lambda: store.load("http://h"),
        lambda: store.save(Credentials("http://h", ME, JWT, None)),
        lambda: store.delete("http://h"),
    ):
        with pytest.raises(AuthError) as caught:
            work()
        assert "localloop login" in caught.value.advice
    assert store.path.read_bytes() == content
    assert [path.name for path in store.path.parent.iterdir()] == ["credentials.json"]


class Ring(KeyringBackend):
    """A keyring that keeps passwords in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service, username):
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        if self.locked:
            raise keyring.errors.KeyringLocked
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError
        del self.kept[service, username]


def test_a_keyring_keeps_the_tokens_out_of_the_file(tmp_path):
    ring = Ring()
    store = CredentialStore(tmp_path, backend=ring)
    kept = Credentials("http://h", ME, JWT, "r-1")
    store.save(kept)
    assert store.load("http://h") == kept
    text = store.path.read_text()
    assert JWT not in text
    assert "r-1" not in text
    assert store.delete("http://h")
    assert ring.kept == {}


def test_a_keyring_that_takes_nothing_is_no_reason_not_to_log_in(tmp_path):
    ring = Ring()
    ring.locked = True
    store = CredentialStore(tmp_path, backend=ring)
    store.save(Credentials("http://h", ME, JWT, "r-1"))
    assert store.load("http://h").token == JWT


def test_a_token_in_a_keyring_that_cannot_be_opened_is_an_auth_error(tmp_path):
    ring = Ring()
    CredentialStore(tmp_path, backend=ring).save(Credentials("http://h", ME, JWT, "r-1"))
    ring.locked = True
    for backend in (ring, None):
        with pytest.raises(AuthError, match="keyring"):
            CredentialStore(tmp_path, backend=backend).load("http://h")


@pytest.mark.parametrize(
    "gate",
    ["https://h.example", "https://h.example/", "https://h.example/api/v1", " https://h.example/api/v1/ "],
)
def test_a_gate_has_one_form(gate):
    assert normal_gate(gate) == "https://h.example"


def test_no_secret_shows_anywhere(platform, store, caplog):
    """In no representation, log line, message or traceback, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    transport = Transport(platform.gate)
    old, new = token(expires=2e9, nonce="old"), token(expires=9e9, nonce="new")
    password = "pass-secret"
    replies = [
        {"id_token": old, "refresh_token": "refresh-secret"},
        Reply({"message": "no"}, 401),
        {"id_token": new},
        Reply({"message": "no"}, 403),
        Reply(b"<html>"),
        Reply({"message": "wrong"}, 401),
        Reply({"message": "wrong"}, 401),
        Reply({"message": "wrong"}, 400),
    ]
    platform.answer = lambda _asked: replies.pop(0)
    shown: list[str] = []
    login_m2m(transport, store, ME, password)
    session = PlatformSession(transport, store)
    broken = CredentialStore(store.path.parent / "broken")
    broken.path.parent.mkdir()
    broken.path.write_text(json.dumps({"token": old, "refresh_token": "refresh-secret"}))
    for work in (
        lambda: session.json("GET", "/x"),
        lambda: session.json("GET", "/x"),
        lambda: login_m2m(transport, store, ME, password),
        lambda: login_api_key(transport, store, new),
        lambda: login_api_key(transport, store, new + "\nx-secret"),
        lambda: broken.load(platform.gate),
        lambda: transport.send("GET", "/x", headers={"Authorization": f"Bearer {new}\n"}),
    ):
        with pytest.raises(RemoteError) as caught:
            work()
        shown += [repr(caught.value), str(caught.value), *traceback.format_exception(caught.value)]
    shown += [repr(one) for one in (transport, store, session, store.load(platform.gate), session._token)]
    shown += [record.getMessage() for record in caplog.records]
    text = "\n".join(shown)
    for secret in (old, new, old.split(".")[2], new.split(".")[2], "refresh-secret", "pass-secret"):
        assert secret not in text
    transport.close()
