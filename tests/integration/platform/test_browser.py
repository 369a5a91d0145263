"""A browser that comes back with tokens, and what else may come to the port meanwhile."""

from __future__ import annotations

import socket
import threading
import time

import pytest
import requests

from localloop.errors import AuthError, BadRequest
from localloop.platform.browser import Callback

TOKENS = {"id_token": "i.i.i", "access_token": "acc-ess", "refresh_token": "ref-resh"}


@pytest.fixture
def callback():
    with Callback(0) as callback:
        yield callback


def go(callback, path="/", *, headers=None, follow=True, **query):
    address = f"http://127.0.0.1:{callback.port}{path}"
    return requests.get(address, params=query, headers=headers, allow_redirects=follow, timeout=10)


def test_the_tokens_are_taken_and_leave_the_address_bar(callback):
    reply = go(callback, **TOKENS)
    assert callback.wait(5) == TOKENS
    assert reply.url == f"http://127.0.0.1:{callback.port}/done"
    assert "close this page" in reply.text
    assert [one.status_code for one in reply.history] == [303]
    for one in (reply, *reply.history):
        assert one.headers["Cache-Control"] == "no-store"
        assert one.headers["Referrer-Policy"] == "no-referrer"
    assert not any(value in reply.text for value in TOKENS.values())


def test_what_has_not_all_tokens_does_not_end_the_waiting(callback):
    assert go(callback).status_code == 400
    assert go(callback, id_token="x").status_code == 400
    assert go(callback, "/favicon.ico", **TOKENS).status_code == 404
    assert go(callback, "/done").status_code == 404
    assert requests.post(f"http://127.0.0.1:{callback.port}/", timeout=10).status_code == 501
    with pytest.raises(AuthError, match="Nobody logged in"):
        callback.wait(0.1)


def test_neither_another_name_nor_a_picture_hands_in_tokens(callback):
    assert go(callback, headers={"Host": f"evil.test:{callback.port}"}, **TOKENS).status_code == 403
    assert go(callback, headers={"Sec-Fetch-Mode": "no-cors"}, **TOKENS).status_code == 400
    with pytest.raises(AuthError):
        callback.wait(0.1)


def test_the_first_tokens_count(callback):
    go(callback, **TOKENS)
    assert go(callback, **{**TOKENS, "id_token": "other"}).status_code == 400
    assert callback.wait(5) == TOKENS


def test_a_port_that_is_taken_is_said(callback):
    with pytest.raises(BadRequest, match="is taken") as refused:
        Callback(callback.port)
    assert "--callback-port" in refused.value.advice


def test_it_listens_on_loopback_alone(callback):
    own = socket.gethostbyname(socket.gethostname())
    if not own.startswith("127."):
        with pytest.raises(OSError, match=r".*"):
            socket.create_connection((own, callback.port), timeout=2).close()
    assert callback.page_of("http://gate.test") == (
        f"http://gate.test/login?callback=http%3A%2F%2Flocalhost%3A{callback.port}"
    )


def test_the_waiting_ends_as_soon_as_the_last_page_was_fetched(callback):
    began = time.monotonic()
    thread = threading.Thread(target=go, args=(callback,), kwargs=TOKENS)
    thread.start()
    callback.wait(60)
    thread.join()
    assert time.monotonic() - began < 30
