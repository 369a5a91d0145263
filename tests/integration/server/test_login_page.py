"""Logging in with a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from localloop.errors import BadRequest
from localloop.server.login_page import callback_of

CALLBACK = "http://localhost:3001"
EMAIL = "alice@example.test"


def post(hub, *, headers=None, **fields):
    fields = {"callback": CALLBACK, "email": EMAIL, "password": "pw", **fields}
    return requests.post(f"{hub.gate}/login", data=fields, headers=headers, timeout=30, allow_redirects=False)


def test_the_page_needs_nothing_from_elsewhere_and_no_script(hub):
    reply = requests.get(f"{hub.gate}/login?callback={CALLBACK}&domain=x", timeout=30)
    assert reply.status_code == 200
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"form-action 'self' {CALLBACK};" in policy
    (style,) = re.findall(r"<style>(.*?)</style>", reply.text, re.DOTALL)
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert not re.search(r"<script|<link|<img|src=|url\(|@import|\son\w+=", reply.text)
    assert reply.headers["Cache-Control"] == "no-store"


def test_who_knows_the_password_goes_back_to_the_program_with_tokens(hub):
    reply = post(hub, headers={"Origin": hub.gate})
    assert reply.status_code == 303
    target = urlsplit(reply.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{CALLBACK}/"
    query = parse_qs(target.query)
    assert set(query) == {"id_token", "access_token", "refresh_token"}
    headers = {"Authorization": f"Bearer {query['id_token'][0]}"}
    assert requests.get(f"{hub.api}/users/me", headers=headers, timeout=30).json()["email"] == EMAIL
    body = {"type": "refresh_token", "refresh_token": query["refresh_token"][0]}
    assert requests.post(f"{hub.gate}/token", json=body, timeout=30).ok
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_wrong_password_shows_one_sentence_and_keeps_the_address(hub):
    reply = post(hub, password="<b>wrong</b>", email='"><b>x@x.test')
    assert reply.status_code == 401
    assert reply.text.count('role="alert"') == 1
    assert "That e-mail and password do not fit together." in reply.text
    assert "<b>" not in reply.text
    assert "wrong" not in reply.text
    assert "&quot;&gt;&lt;b&gt;x@x.test" in reply.text


@pytest.mark.parametrize("origin", ["http://evil.test", "null", CALLBACK])
def test_a_form_of_another_site_is_refused(hub, origin):
    reply = post(hub, headers={"Origin": origin})
    assert reply.status_code == 403
    assert "Location" not in reply.headers


@pytest.mark.parametrize(
    "callback",
    [
        "",
        "http://evil.test",
        "http://evil.test:3001",
        "https://localhost:3001",
        "http://localhost",
        "http://localhost:0",
        "http://localhost:65536",
        "http://localhost:3001@evil.test",
        "http://localhost:3001.evil.test",
        "http://localhost.evil.test:3001",
        "http://user@localhost:3001",
        "http://localhost:3001\\@evil.test",
        "http://localhost:3001/?x=1",
        "http://localhost:3001/#x",
        "http://localhost:3001/\r\nSet-Cookie: x=1",
        "http://localhost:3001\n",
        "http://LOCALHOST:3001",
        "//localhost:3001",
        "javascript:alert(1)",
        "http://127.0.0.1.evil.test:1",
        "http://[::2]:3001",
        "http://2130706433:3001",
        "http://localhost:\uff13\uff10\uff10\uff11",
    ],
)
def test_tokens_go_to_no_other_machine(hub, callback):
    with pytest.raises(BadRequest):
        callback_of(callback)
    reply = requests.get(f"{hub.gate}/login", params={"callback": callback}, timeout=30)
    assert reply.status_code == 400
    reply = post(hub, callback=callback)
    assert reply.status_code == 400
    assert "Location" not in reply.headers


@pytest.mark.parametrize(
    "callback", ["http://127.0.0.1:1", "http://[::1]:65535/", "http://localhost:3001/a/b"]
)
def test_a_program_on_this_machine_may_name_its_own_address(callback):
    assert callback_of(callback) == callback


def test_a_body_that_is_no_form_is_refused(hub):
    for body in ([], "x", None, {"callback": 1}):
        assert requests.post(f"{hub.gate}/login", json=body, timeout=30).status_code == 400
