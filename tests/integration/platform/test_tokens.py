"""Tokens are renewed ahead of time and once after a refusal, by one caller for all, and never thrown away."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from localloop.platform import Credentials, PlatformSession, Transport
from localloop_sync.errors import AuthError, OfflineError, TransientError
from tests.integration.platform.recorder import Reply, recording, token

ME = "alice@example.test"
NOW = 1_800_000_000.0
FRESH = token(expires=NOW + 86_400, issued=NOW)
ENDING = token(expires=NOW + 30, issued=NOW - 86_370)
ENDED = token(expires=NOW - 30, issued=NOW - 86_430)
REFRESH = {"type": "refresh_token", "refresh_token": "refresh-1"}


@pytest.fixture
def transport(platform):
    transport = Transport(platform.gate, now=lambda: NOW)
    yield transport
    transport.close()


@pytest.fixture
def log_in(store, platform):
    def log_in(text: str, refresh: str | None = "refresh-1") -> None:
        store.save(Credentials(platform.gate, ME, text, refresh))

    return log_in


def serving(platform, accepted: str, renewed: object = None):
    """A platform that accepts one token, and renews."""

    def answer(asked):
        if asked.path == "/token":
            return renewed or {"id_token": accepted}
        if asked.headers.get("authorization") == f"Bearer {accepted}":
            return {"ok": True}
        return Reply({"message": "jwt expired"}, 401)

    platform.answer = answer


@pytest.mark.parametrize("text", [ENDING, ENDED])
def test_a_token_that_ends_is_renewed_before_the_request(platform, transport, store, log_in, text):
    log_in(text)
    serving(platform, FRESH)
    assert PlatformSession(transport, store).json("GET", "/x") == {"ok": True}
    assert platform.forms == [("POST", "/token?default", REFRESH), ("GET", "/api/v1/x", None)]
    assert "authorization" not in platform.asked[0].headers
    kept = store.load(platform.gate)
    assert (kept.token, kept.refresh_token) == (FRESH, "refresh-1")


def test_a_refused_token_is_renewed_once_and_the_request_sent_again(platform, transport, store, log_in):
    log_in(token(expires=NOW + 80_000, issued=NOW))
    serving(platform, FRESH)
    session = PlatformSession(transport, store)
    assert session.json("POST", "/x", json={"a": 1}) == {"ok": True}
    assert [form[:2] for form in platform.forms] == [
        ("POST", "/api/v1/x"),
        ("POST", "/token?default"),
        ("POST", "/api/v1/x"),
    ]


def test_a_second_refusal_is_an_auth_error_and_keeps_the_tokens(platform, transport, store, log_in):
    log_in(token(expires=NOW + 80_000, issued=NOW))
    serving(platform, "none", renewed={"id_token": FRESH})
    with pytest.raises(AuthError):
        PlatformSession(transport, store).json("GET", "/x")
    assert [asked.path for asked in platform.asked] == ["/api/v1/x", "/token", "/api/v1/x"]
    assert store.load(platform.gate).refresh_token == "refresh-1"


def test_an_api_key_that_is_refused_is_not_renewed(platform, transport, store, log_in):
    log_in(FRESH, refresh=None)
    serving(platform, "another")
    with pytest.raises(AuthError):
        PlatformSession(transport, store).json("GET", "/x")
    assert [asked.path for asked in platform.asked] == ["/api/v1/x"]


def test_an_api_key_is_used_until_it_ends(platform, transport, store, log_in):
    log_in(ENDING, refresh=None)
    serving(platform, ENDING)
    assert PlatformSession(transport, store).json("GET", "/x") == {"ok": True}


def test_an_api_key_that_has_ended_asks_for_a_log_in_without_a_request(platform, transport, store, log_in):
    log_in(ENDED, refresh=None)
    with pytest.raises(AuthError) as caught:
        PlatformSession(transport, store).json("GET", "/x")
    assert "localloop login" in caught.value.advice
    assert platform.asked == []


def test_a_renewal_that_fails_leaves_the_token_in_use_until_it_ends(platform, transport, store, log_in):
    log_in(ENDING)
    serving(platform, ENDING, renewed=Reply({"message": "later"}, 500))
    session = PlatformSession(transport, store)
    assert session.json("GET", "/x") == {"ok": True}
    assert session.json("GET", "/x") == {"ok": True}
    assert [asked.path for asked in platform.asked] == ["/token", "/api/v1/x", "/api/v1/x"]


def test_an_ended_token_is_kept_when_the_renewal_fails(platform, transport, store, log_in):
    log_in(ENDED)
    serving(platform, FRESH, renewed=Reply({"message": "later"}, 500))
    with pytest.raises(TransientError):
        PlatformSession(transport, store).json("GET", "/x")
    assert store.load(platform.gate).token == ENDED


def test_a_refused_renewal_asks_for_a_log_in(platform, transport, store, log_in):
    log_in(ENDED)
    serving(platform, FRESH, renewed=Reply({"message": "revoked"}, 400))
    with pytest.raises(AuthError) as caught:
        PlatformSession(transport, store).json("GET", "/x")
    assert caught.value.status == 400
    assert store.load(platform.gate).refresh_token == "refresh-1"


def test_being_offline_throws_no_token_away(store):
    with recording() as gone:
        gate = gone.gate
    store.save(Credentials(gate, ME, ENDED, "refresh-1"))
    transport = Transport(gate, now=lambda: NOW)
    with pytest.raises(OfflineError):
        PlatformSession(transport, store).json("GET", "/x")
    kept = store.load(gate)
    assert (kept.token, kept.refresh_token) == (ENDED, "refresh-1")
    transport.close()


def test_a_renewal_without_a_token_in_it_is_transient(platform, transport, store, log_in):
    log_in(ENDED)
    serving(platform, FRESH, renewed={"id_token": "not a token"})
    with pytest.raises(TransientError):
        PlatformSession(transport, store).json("GET", "/x")
    assert store.load(platform.gate).token == ENDED


def test_a_token_that_another_process_renewed_is_adopted(platform, transport, store, log_in):
    log_in(ENDED)
    session = PlatformSession(transport, store)
    assert session.email == ME
    log_in(FRESH)
    serving(platform, FRESH)
    session.json("GET", "/x")
    assert [asked.path for asked in platform.asked] == ["/api/v1/x"]


def test_many_threads_renew_once(platform, transport, store, log_in):
    log_in(ENDED)
    serving(platform, FRESH)
    session = PlatformSession(transport, store)
    together = threading.Barrier(8)

    def ask(_n):
        together.wait()
        return session.json("GET", "/x")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [{"ok": True}] * 8
    assert [asked.path for asked in platform.asked].count("/token") == 1


def test_many_processes_renew_once(platform, store, log_in):
    script = """
import sys
from pathlib import Path
from localloop.platform import CredentialStore, PlatformSession, Transport
transport = Transport(sys.argv[1], now=lambda: float(sys.argv[3]))
print(PlatformSession(transport, CredentialStore(Path(sys.argv[2]))).json("GET", "/x"))
"""
    log_in(ENDED)
    serving(platform, FRESH)
    command = [sys.executable, "-c", script, platform.gate, str(store.path.parent), str(NOW)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert [one.communicate(timeout=60)[0] for one in started] == [b"{'ok': True}\n"] * 3
    assert [asked.path for asked in platform.asked].count("/token") == 1


def test_the_account_stays_the_same_when_another_one_logs_in(platform, transport, store, log_in):
    log_in(ENDED)
    session = PlatformSession(transport, store)
    assert session.email == ME
    store.save(Credentials(platform.gate, "bob@example.test", token("bob@example.test"), None))
    serving(platform, FRESH)
    session.json("GET", "/x")
    assert session.email == ME


def test_a_renewal_leaves_the_account_that_is_meant_at_the_gate(platform, transport, store, log_in):
    log_in(ENDING)
    session = PlatformSession(transport, store, email=ME)
    store.save(Credentials(platform.gate, "bob@example.test", FRESH, None))
    serving(platform, token(expires=NOW + 86_400, issued=NOW, email=ME))
    assert session.json("GET", "/x") == {"ok": True}
    assert store.load(platform.gate, ME).token != ENDING
    assert store.load(platform.gate).email == "bob@example.test"


def test_a_redirect_to_another_host_does_not_carry_the_bearer(platform, transport, store, log_in):
    log_in(FRESH)
    with recording() as other:
        other.answer = lambda _asked: {"ok": True}
        platform.answer = lambda _asked: Reply({}, 302, {"Location": f"{other.gate}/api/v1/x"})
        PlatformSession(transport, store).json("GET", "/x")
        assert "authorization" in platform.asked[0].headers
        assert "authorization" not in other.asked[0].headers
