"""What does not get in: other sites' pages, paths out of the store, too much, too often, too slow."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from localloop.errors import BadRequest
from localloop.server import ServerSettings, ServerThread, build_app
from localloop.server import connections as connections_module
from localloop.server.connections import Tls
from localloop.server.run import for_host
from localloop.testing.hub import running_hub
from tests.integration.server.client import Client

EMAIL, PASSWORD = "alice@example.test", "pw"


@pytest.fixture
def strict(tmp_path):
    """A hub with limits that are soon reached, in a window that no test outlives."""
    settings = ServerSettings(requests="20/hour", log_ins="3/hour", patience=0.05)
    with running_hub(
        tmp_path / "store", {EMAIL: PASSWORD, "bob@example.test": "pw2"}, settings=settings
    ) as hub:
        yield hub


def raw(gate: str, data: bytes) -> bytes:
    """What the server says to some bytes, until it hangs up."""
    parts = urlsplit(gate)
    answer = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(data)
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test", "127.0.0.1@evil.test"]
)
def test_a_name_that_was_bound_to_our_address_elsewhere_is_refused(hub, alice, host):
    """DNS rebinding: a page of ``evil.test`` whose name now resolves to us is of its own origin."""
    port = urlsplit(hub.gate).port
    headers = {"Host": f"{host}:{port}", "Origin": f"http://{host}:{port}"}
    for method, path in (("GET", "/users/me"), ("POST", "/projects")):
        assert alice.send(method, path, headers=headers, json={"name": "x"}).status_code == 400
    reply = requests.post(f"{hub.gate}/token", headers=headers, json={}, timeout=30)
    assert reply.status_code == 400


@pytest.mark.parametrize(
    "origin", ["http://evil.test", "https://evil.test", "null", "http://localhost:1", "file://"]
)
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", "name=x"),
        ("text/plain", json.dumps({"name": "forged"})),
        ("application/json", json.dumps({"name": "forged"})),
    ],
)
def test_a_page_of_another_site_changes_nothing_even_with_a_token(alice, origin, kind, body):
    before = len(alice.ask("GET", "/projects"))
    reply = alice.send("POST", "/projects", data=body, headers={"Origin": origin, "Content-Type": kind})
    assert reply.status_code == 403
    assert len(alice.ask("GET", "/projects")) == before


def test_no_answer_lets_another_sites_page_read_it(alice):
    asked = alice.send("OPTIONS", "/projects", headers={"Access-Control-Request-Method": "POST"})
    assert asked.status_code in {403, 405}
    for reply in (asked, alice.send("GET", "/projects")):
        assert not [name for name in reply.headers if name.casefold().startswith("access-control-")]


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/a/../../outside.txt",
        "..",
        "/..",
        "/a/..",
        "/%2e%2e/outside.txt",
        "..\\outside.txt",
        "/a\\..\\..\\outside.txt",
        "/nul\0.txt",
        "/" + "../" * 40 + "etc/outside.txt",
        "C:\\outside.txt",
        "//outside.txt",
    ],
)
def test_a_path_is_a_name_in_the_store_and_never_a_place_on_the_disk(hub, alice, dataset, path):
    root = hub.path.parent
    before = {one for one in root.rglob("*") if "blobs" not in one.parts}
    parts = {"type": (None, "file"), "path": (None, path), "file": ("x", b"outside")}
    reply = alice.send("POST", f"/datasets/{dataset}/items", files=parts)
    assert reply.status_code in {200, 400}, reply.text
    assert {one for one in root.rglob("*") if "blobs" not in one.parts} == before
    if reply.ok:
        name = reply.json()["filename"]
        assert name.startswith("/")
        assert ".." not in name.split("/")
        assert alice.send("GET", f"/items/{reply.json()['id']}/stream").content == b"outside"


@pytest.mark.parametrize(
    "odd",
    [
        "..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%5c",
        "a%00b",
        "%ff",
        "..\\..",
        "%252e%252e",
        "x" * 5000,
    ],
)
def test_an_id_is_an_id_and_never_a_path(hub, alice, dataset, odd):
    token = alice.session.headers["Authorization"]
    for path in (
        f"/items/{odd}",
        f"/items/{odd}/stream",
        f"/datasets/{odd}",
        f"/apikeys/{odd}",
        f"/commands/{odd}",
    ):
        host = urlsplit(hub.gate).netloc
        head = f"GET /api/v1{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
        status = int(raw(hub.gate, head.encode("latin-1")).split(b" ", 2)[1])
        assert status in {400, 404, 405}, (path, status)


def test_a_range_reaches_nothing_but_the_content(alice, dataset):
    for size in (0, 1, 10):
        item = alice.upload(dataset, f"/{size}.bin", b"x" * size)["id"]
        for wanted in (
            "bytes=0-",
            "bytes=5-",
            "bytes=-5",
            "bytes=9999999999999999999-",
            "bytes=-0",
            "bytes=3-1",
            "bytes=a-b",
            "bytes=0-1,2-3",
            "lines=0-1",
            "bytes=",
            "bytes=--1",
            "bytes=0-99999999999999999999",
        ):
            reply = alice.send("GET", f"/items/{item}/stream", headers={"Range": wanted})
            assert reply.status_code in {200, 206, 416}, (size, wanted)
            assert len(reply.content) <= max(size, 0) or reply.status_code == 416


def test_a_body_that_is_nested_too_deeply_is_refused(alice, dataset):
    for depth, status in ((90, 200), (101, 400), (5000, 400), (200_000, 400)):
        nested = '{"user": ' + '{"a":' * depth + "1" + "}" * depth + "}"
        item = alice.upload(dataset, "/deep.txt", mode="overwrite")["id"]
        reply = alice.send(
            "PATCH",
            f"/items/{item}",
            data='{"metadata": ' + nested + "}",
            headers={"Content-Type": "application/json"},
        )
        assert reply.status_code == status, depth
        form = {"path": (None, "/d.txt"), "metadata": (None, nested), "file": ("d.txt", b"x")}
        reply = alice.send("POST", f"/datasets/{dataset}/items?mode=overwrite", files=form)
        assert reply.status_code == status, depth


def test_a_head_that_is_too_large_is_refused(hub):
    host = urlsplit(hub.gate).netloc
    answer = raw(hub.gate, f"GET /api/v1/projects HTTP/1.1\r\nHost: {host}\r\nX: {'y' * 100_000}".encode())
    assert answer.split(b" ", 2)[1] == b"400"
    answer = raw(hub.gate, f"GET /{'y' * 100_000} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.split(b" ", 2)[1] in {b"400", b"404"}


def test_too_many_failed_log_ins_are_refused_before_the_password_is_looked_at(strict):
    def log_in(email, password):
        body = {"username": email, "password": password, "type": "user_credentials"}
        return requests.post(f"{strict.gate}/token?default", json=body, timeout=30)

    assert [log_in(EMAIL, PASSWORD).status_code for _ in range(5)] == [200] * 5
    assert [log_in(EMAIL, "wrong").status_code for _ in range(3)] == [401] * 3
    reply = log_in(EMAIL, PASSWORD)
    assert reply.status_code == 429
    assert 1 <= int(reply.headers["Retry-After"]) <= 3600
    assert reply.json()["message"].startswith("Too many log-ins have failed.")
    # The address has failed as often, so that it cannot go on with another name.
    assert log_in("bob@example.test", "pw2").status_code == 429


def test_a_user_and_an_address_may_ask_so_often(strict):
    client = Client(strict)
    statuses = [client.send("GET", "/users/me").status_code for _ in range(25)]
    assert statuses[0] == 200
    assert set(statuses) == {200, 429}
    assert statuses == sorted(statuses)
    reply = client.send("GET", "/users/me")
    assert int(reply.headers["Retry-After"]) >= 1
    client.close()


def test_a_body_that_stops_coming_is_answered_and_leaves_nothing(strict):
    client = Client(strict)
    dataset = client.dataset(client.project())["id"]
    host = urlsplit(strict.gate).netloc
    token = client.session.headers["Authorization"]
    head = (
        f"POST /api/v1/datasets/{dataset}/items HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n"
        "Connection: close\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
    )
    before = sorted((strict.path / "blobs").rglob("*"))
    answer = raw(strict.gate, head.encode())
    assert answer.split(b" ", 2)[1] == b"408"
    assert sorted((strict.path / "blobs").rglob("*")) == before
    answer = raw(strict.gate, f"POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n{{".encode())
    assert answer.split(b" ", 2)[1] == b"408"
    client.close()


@pytest.mark.parametrize("said", [b"", b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\nX: "])
def test_a_connection_that_asks_for_nothing_is_closed(hub, monkeypatch, said):
    monkeypatch.setattr(connections_module, "HEAD_PATIENCE", 0.05)
    assert raw(hub.gate, said) == b""


def test_a_second_request_may_not_dawdle_either(hub, monkeypatch):
    monkeypatch.setattr(connections_module, "HEAD_PATIENCE", 0.05)
    first = f"GET /x HTTP/1.1\r\nHost: {urlsplit(hub.gate).netloc}\r\n\r\n"
    answer = raw(hub.gate, (first + "GET /y").encode())
    assert answer.startswith(b"HTTP/1.1 404")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.fixture
def certificate(tmp_path) -> tuple[Tls, str]:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(str(tmp_path / "cert.pem"), append=number > 0)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return Tls(tmp_path / "cert.pem", tmp_path / "key.pem"), str(tmp_path / "ca.pem")


def test_a_server_with_a_certificate_speaks_tls_and_says_so_in_its_urls(tmp_path, certificate):
    tls, authority = certificate
    tls.check()
    with running_hub(tmp_path / "store", {EMAIL: PASSWORD}) as hub:
        app = build_app(hub.store, hub.accounts, settings=for_host(None, "127.0.0.1"))
        server = ServerThread(app, tls=tls)
        server.start()
        try:
            assert server.gate.startswith("https://127.0.0.1:")
            body = {"username": EMAIL, "password": PASSWORD, "type": "user_credentials"}
            reply = requests.post(f"{server.gate}/token", json=body, verify=authority, timeout=30)
            headers = {"Authorization": f"Bearer {reply.json()['id_token']}"}
            made = requests.post(
                f"{server.gate}/api/v1/projects",
                json={"name": "P"},
                headers=headers,
                verify=authority,
                timeout=30,
            ).json()
            assert made["url"].startswith(f"{server.gate}/api/v1/projects/")
            with pytest.raises(requests.exceptions.SSLError):
                requests.get(server.gate, timeout=30)
            origin = {**headers, "Origin": server.gate}
            me = requests.get(f"{server.gate}/api/v1/users/me", headers=origin, verify=authority, timeout=30)
            assert me.ok
        finally:
            server.stop()


def test_a_certificate_and_a_key_that_do_not_belong_together_are_one_sentence(tmp_path, certificate):
    tls, _ = certificate
    other = trustme.CA().issue_cert("localhost")
    other.private_key_pem.write_to_path(str(tmp_path / "other.pem"))
    for key in (tmp_path / "other.pem", tmp_path / "absent.pem", tls.certificate):
        with pytest.raises(BadRequest, match="cannot be used together"):
            Tls(tls.certificate, key).check()
