"""What the proxy passes on untouched, and how it starts and stops."""

from __future__ import annotations

import http.client
import socket
import threading

import pytest
import requests

from localloop.testing.faults import Fault, FaultProxy, Rule, Stage
from tests.unit.testing.upstream import FILE


def test_everything_passes_when_nothing_goes_wrong(behind, upstream, session):
    proxy = behind()
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        reply = session.request(method, f"{proxy.gate}/a%20b?x=1&y=%2F", headers={"X-One": "1"}, data=b"abc")
        assert reply.status_code == 200
    assert [(method, path, body) for method, path, _headers, body in upstream.asked] == [
        (method, "/a%20b?x=1&y=%2F", b"abc") for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    ]
    assert all(headers["x-one"] == "1" for _method, _path, headers, _body in upstream.asked)
    assert session.get(f"{proxy.gate}/gone").status_code == 204


def test_the_server_is_addressed_as_the_client_addresses_the_proxy(behind, session):
    proxy = behind()
    assert f"http://{session.get(proxy.gate).json()['host']}" == proxy.gate


def test_a_reply_in_chunks_passes(behind, session):
    assert session.get(f"{behind().gate}/chunked").content == b"onetwothree"


def test_an_old_client_gets_a_reply_without_chunks(behind):
    proxy = behind()
    host, port = proxy.gate.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"GET /chunked HTTP/1.0\r\n\r\n")
        with client.makefile("rb") as file:
            reply = file.read()
    assert reply.endswith(b"\r\n\r\nonetwothree")
    assert b"chunked" not in reply


def test_an_upload_in_chunks_reaches_the_server_before_it_has_ended(behind, upstream, session):
    def body():
        yield b"first"
        assert upstream.first_bytes.wait(30), "the proxy holds the body"
        yield b"second"

    assert session.post(f"{behind().gate}/up", data=body()).json()["size"] == 11
    assert upstream.asked[0][3] == b"firstsecond"
    assert upstream.asked[0][2]["transfer-encoding"] == "chunked"


def test_a_reply_that_the_server_breaks_off_is_broken_off_here_too(behind, session):
    proxy = behind()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{proxy.gate}/short")
    assert session.get(proxy.gate).ok


def test_a_server_that_is_not_there_is_said_to_be_so(session):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with FaultProxy(f"http://127.0.0.1:{port}", schedule="calm") as proxy:
        reply = session.post(proxy.gate, data=b"x")
    assert reply.status_code == 502
    assert reply.json()["message"].startswith(f"The fault proxy got no reply from 127.0.0.1:{port}")


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: x\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
    ],
)
def test_a_request_that_cannot_be_framed_is_refused(behind, upstream, lines):
    host, port = behind().gate.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + lines)
        reply = http.client.HTTPResponse(client)
        reply.begin()
        assert reply.status == 400
        reply.close()


def test_a_client_that_hangs_up_in_the_middle_harms_nobody(behind, session):
    proxy = behind()
    host, port = proxy.gate.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
    assert session.get(proxy.gate).ok


def test_a_stop_breaks_off_what_is_going_on_and_frees_the_port(behind, session):
    proxy = behind(Rule(Fault.SLOW, path="/slow"), wait=None, pause=600)
    gate = proxy.gate
    host, port = gate.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client, client.makefile("rb") as file:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert file.read(1) == b"H"
        proxy.stop()
        assert file.read() == b""
    assert not [one for one in threading.enumerate() if "process_request" in one.name]
    proxy.start()
    assert proxy.gate == gate
    assert session.get(f"{gate}/stream").content == FILE


def test_another_schedule_can_be_followed_at_any_time(behind, session):
    proxy = behind(Fault.FORBIDDEN)
    assert session.get(proxy.gate).status_code == 403
    proxy.follow("calm")
    assert session.get(proxy.gate).status_code == 200


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://x", "http://x/path", "http://x?y"])
def test_what_is_no_root_url_is_refused(url):
    with pytest.raises(ValueError, match="must be a root URL"):
        FaultProxy(url)


def test_the_gate_of_a_stopped_proxy_is_not_known():
    with pytest.raises(RuntimeError):
        _ = FaultProxy("http://127.0.0.1:1").gate


def test_a_log_line_names_fault_and_request(behind, session):
    proxy = behind(Fault.FORBIDDEN)
    session.get(f"{proxy.gate}/a?secret=1")
    assert str(proxy.log[0]).split() == ["1", "forbidden", "403", "GET", "/a"]


def test_the_stages_of_a_request_are_told_in_order_with_the_sizes_of_both_bodies(behind, session):
    told = []
    proxy = behind(on_moment=told.append)
    files = {"file": ("a.bin", b"x" * 200_000)}
    reply = session.post(f"{proxy.gate}/up?secret=1", files=files)
    sent = int(reply.request.headers["Content-Length"])
    proxy.stop()  # its threads have said all they have to say
    stages = [moment.stage for moment in told]
    assert list(dict.fromkeys(stages)) == [Stage.ASKED, Stage.SENT, Stage.ANSWERED, Stage.REPLIED]
    assert sum(moment.size for moment in told if moment.stage is Stage.SENT) == sent
    replied = sum(moment.size for moment in told if moment.stage is Stage.REPLIED)
    assert replied > len(reply.content), "the head counts too"
    assert {(moment.method, moment.path, moment.uploads) for moment in told} == {("POST", "/up", True)}


def test_whoever_hears_of_an_answer_hears_of_it_before_the_client_has_any_of_it(behind, upstream, session):
    heard, go_on = threading.Event(), threading.Event()

    def hold(moment):
        if moment.stage is Stage.ANSWERED:
            heard.set()
            assert go_on.wait(30)

    proxy = behind(on_moment=hold)
    replies = []
    client = threading.Thread(target=lambda: replies.append(session.post(proxy.gate, data=b"x")))
    client.start()
    assert heard.wait(30)
    assert [body for _method, _path, _headers, body in upstream.asked] == [b"x"]
    assert replies == []
    go_on.set()
    client.join()
    assert replies[0].ok
