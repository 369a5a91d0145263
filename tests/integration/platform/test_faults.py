"""Whatever a server or a network does, only the project's own errors come out."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading

import pytest
import requests
import urllib3.exceptions as low

from localloop.errors import BadRequest
from localloop.platform import CredentialStore, PlatformSession, Transport
from localloop.platform.faults import border
from localloop.platform.way import transport_to
from localloop_sync.errors import (
    AuthError,
    OfflineError,
    PermanentError,
    RemoteError,
    RemoteNotFoundError,
    ThrottledError,
    TransientError,
)
from tests.integration.platform.recorder import Reply

PAGE = {"Content-Type": "text/html; charset=utf-8"}


def reset(handler):
    """The peer vanishes: RST instead of a reply."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def silent_end(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


def writes(data: bytes):
    def raw(handler):
        handler.wfile.write(data)
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    return raw


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

FAULTS = {
    "reset": (Reply(raw=reset), TransientError),
    "closed without a reply": (Reply(raw=silent_end), TransientError),
    "not HTTP": (Reply(raw=writes(b"SSH-2.0-OpenSSH\r\n\r\n")), TransientError),
    "body cut short": (Reply(raw=writes(OK + b'Content-Length: 99\r\n\r\n{"a"')), TransientError),
    "chunk cut short": (Reply(raw=writes(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{")), TransientError),
    "chunk size is no number": (
        Reply(raw=writes(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")),
        TransientError,
    ),
    "not gzip": (Reply(b"{}", headers={"Content-Encoding": "gzip"}), TransientError),
    "gzip cut short": (
        Reply(gzip.compress(b"{}" * 99)[:20], headers={"Content-Encoding": "gzip"}),
        TransientError,
    ),
    "truncated JSON": (Reply(b'{"items": ['), TransientError),
    "a page": (Reply(b"<html>", headers=PAGE), TransientError),
    "not UTF-8": (Reply(b"\xff\xfe\xfa"), TransientError),
    "redirect for ever": (Reply({}, 302, {"Location": "/api/v1/x"}), PermanentError),
    "redirect to nowhere": (Reply({}, 302, {"Location": "http://127.0.0.1:1/"}), OfflineError),
    "redirect to another scheme": (Reply({}, 302, {"Location": "ftp://127.0.0.1/"}), PermanentError),
    "redirect to nonsense": (Reply({}, 302, {"Location": "http://[::1"}), PermanentError),
    "304": (Reply({}, 304), TransientError),
    "400": (Reply({"message": "no such field"}, 400), PermanentError),
    "403": (Reply({"message": "not yours"}, 403), PermanentError),
    "403 of a proxy": (Reply(b"<html>", 403, PAGE), TransientError),
    "404": (Reply({"message": "gone"}, 404), RemoteNotFoundError),
    "404 of a proxy": (Reply(b"<html>", 404, PAGE), TransientError),
    "407": (Reply({}, 407), TransientError),
    "408": (Reply({}, 408), TransientError),
    "409": (Reply({"message": "there"}, 409), PermanentError),
    "413 of a proxy": (Reply(b"<html>", 413, PAGE), PermanentError),
    "422": (Reply({"message": "cannot"}, 422), PermanentError),
    "429": (Reply({"message": "slowly"}, 429), ThrottledError),
    "500": (Reply({"message": "oops"}, 500), TransientError),
    "502 page": (Reply(b"<html>", 502, PAGE), TransientError),
    "503": (Reply({}, 503), TransientError),
    "error body is a list": (Reply([1], 400), PermanentError),
    "error body is not JSON": (Reply(b"{", 400), PermanentError),
    "error message is no text": (Reply({"message": {"a": 1}}, 400), PermanentError),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_foreign_exception_escapes(session, platform, fault):
    reply, error = FAULTS[fault]
    platform.answer = lambda _asked: reply
    with pytest.raises(RemoteError) as caught:
        session.json("GET", "/x")
    assert type(caught.value) is error
    assert caught.value.message.endswith((".", "there", "slowly", "oops")) or caught.value.status


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_write_does_not_follow_a_redirect(session, platform, method):
    platform.answer = lambda _asked: Reply({}, 302, {"Location": "/api/v1/elsewhere"})
    with pytest.raises(TransientError) as caught:
        session.json(method, "/x", json={"a": 1})
    assert caught.value.status == 302
    assert len(platform.asked) == 1


def test_a_page_instead_of_a_deletion_is_not_taken_for_one(session, platform):
    platform.answer = lambda _asked: Reply(b"<html>Please accept our terms", headers=PAGE)
    with pytest.raises(TransientError):
        session.json("DELETE", "/items/1")


def test_a_platform_that_says_nothing_is_given_up_after_the_read_time_out(platform, store, session):
    platform.answer = lambda _asked: Reply(raw=lambda _handler: platform.done.wait())
    hasty = PlatformSession(Transport(platform.gate, read_timeout=0.05), store)
    with pytest.raises(TransientError) as caught:
        hasty.json("GET", "/x")
    assert not isinstance(caught.value, OfflineError)
    hasty.close()


def test_a_body_that_stops_is_given_up_after_the_read_time_out(platform, store, session):
    def stall(handler):
        handler.wfile.write(OK + b"Content-Length: 9\r\n\r\n{")
        handler.wfile.flush()
        platform.done.wait()

    platform.answer = lambda _asked: Reply(raw=stall)
    hasty = PlatformSession(Transport(platform.gate, read_timeout=0.05), store)
    with pytest.raises(TransientError):
        hasty.json("GET", "/x")
    hasty.close()


def test_a_refused_connection_means_offline():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gate = f"http://127.0.0.1:{closed.getsockname()[1]}"
        transport = Transport(gate)
        with pytest.raises(OfflineError):
            transport.send("GET", "/")
        transport.close()


def test_a_refusing_proxy_means_offline():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
        transport = Transport("http://127.0.0.1:9", proxies={"http": proxy})
        with pytest.raises(OfflineError):
            transport.send("GET", "/")
        transport.close()


@pytest.mark.parametrize(
    "gate", ["", "localhost", "ftp://localhost", "http://", "http://[::1", "http://a..b:x"]
)
def test_a_gate_that_is_no_address_is_refused_for_good(gate):
    with pytest.raises(PermanentError):
        Transport(gate).send("GET", "/x")


def test_a_value_that_json_does_not_have_is_refused_for_good(session):
    with pytest.raises(PermanentError):
        session.json("POST", "/x", json={"score": float("nan")})


UNRESOLVED = low.NameResolutionError("gate.example.test", None, socket.gaierror(-2, "unknown"))  # type: ignore[arg-type]
UNTRUSTED = low.SSLError(ssl.SSLCertVerificationError("self-signed"))


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (requests.ConnectionError(low.MaxRetryError(None, "/", UNRESOLVED)), OfflineError),  # type: ignore[arg-type]
        (requests.ConnectTimeout(), OfflineError),
        (requests.exceptions.SSLError(low.MaxRetryError(None, "/", UNTRUSTED)), OfflineError),  # type: ignore[arg-type]
        (requests.exceptions.SSLError("bad record"), TransientError),
        (requests.ReadTimeout(), TransientError),
        (low.ProtocolError("Connection broken"), TransientError),
        (requests.exceptions.InvalidHeader("'Bearer secret\\n'"), PermanentError),
    ],
)
def test_every_exception_of_the_libraries_has_a_translation(raised, error):
    with pytest.raises(RemoteError) as caught, border("https://gate.example.test/x"):
        raise raised
    assert type(caught.value) is error
    assert "secret" not in str(caught.value)


def test_what_to_do_about_a_certificate_or_a_gate_that_is_no_tls_is_said():
    doubt = ssl.SSLCertVerificationError("x")
    doubt.verify_message = "self-signed"
    wrapped = requests.exceptions.SSLError(low.MaxRetryError(None, "/", low.SSLError(doubt)))  # type: ignore[arg-type]
    with pytest.raises(OfflineError, match=r"is not trusted \(self-signed\)") as caught, border("https://h"):
        raise wrapped
    assert "$REQUESTS_CA_BUNDLE" in caught.value.advice
    with socket.create_server(("127.0.0.1", 0)) as listener:
        plain = threading.Thread(target=answer_plainly, args=(listener,))
        plain.start()
        with pytest.raises(TransientError) as wrong:
            Transport(f"https://127.0.0.1:{listener.getsockname()[1]}").send("GET", "/x")
        plain.join()
    assert "http://" in wrong.value.advice


def answer_plainly(listener: socket.socket) -> None:
    """A server that does not speak TLS."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_a_file_of_trusted_certificates_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with pytest.raises(BadRequest, match=r"ca\.pem, and there is no such file"):
        transport_to("https://127.0.0.1:9")


def test_an_earlier_offline_error_does_not_colour_a_later_failure():
    """A request that was sent must never pass for one that was not."""

    def fail(error):
        with border("http://h"):
            raise error

    try:
        fail(requests.ConnectionError(low.MaxRetryError(None, "/", UNRESOLVED)))  # type: ignore[arg-type]
    except OfflineError:
        with pytest.raises(TransientError) as caught:
            fail(requests.ConnectionError(low.ProtocolError("reset")))
    assert type(caught.value) is TransientError


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7.0),
        (503, {"Retry-After": "120"}, 120.0),
        (
            429,
            {"Retry-After": "Thu, 01 Jan 2026 00:00:30 GMT", "Date": "Thu, 01 Jan 2026 00:00:00 GMT"},
            30.0,
        ),
        (429, {"Retry-After": "Thu, 01 Jan 2015 00:00:30 GMT"}, 0.0),
        (429, {"Retry-After": "soon"}, None),
        (429, {}, None),
    ],
)
def test_the_wait_that_the_platform_asks_for_is_read(session, platform, status, headers, seconds):
    def raw(handler):
        handler.send_response_only(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    platform.answer = lambda _asked: Reply(raw=raw)
    with pytest.raises(ThrottledError) as caught:
        session.json("GET", "/x")
    assert caught.value.retry_after == seconds
    assert caught.value.status == status


def test_the_message_is_the_platforms_own(session, platform):
    platform.answer = lambda _asked: Reply({"status": 422, "message": "Unsupported filter operator"}, 422)
    with pytest.raises(PermanentError, match="Unsupported filter operator") as caught:
        session.json("GET", "/x")
    assert caught.value.status == 422


def test_nothing_is_sent_again_on_its_own(session, platform):
    platform.answer = lambda _asked: Reply(raw=reset)
    with pytest.raises(TransientError):
        session.json("POST", "/projects", data={"name": "p"})
    assert len(platform.asked) == 1


def test_requests_say_who_asks_and_take_gzip(session, platform):
    platform.answer = lambda _asked: Reply(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})
    assert session.json("GET", "/x") == {"a": 1}
    headers = platform.asked[0].headers
    assert headers["user-agent"].startswith("localloop/")
    assert headers["accept-encoding"] == "gzip, deflate"
    assert headers["authorization"].startswith("Bearer ")


def test_an_empty_reply_is_nothing(session, platform):
    platform.answer = lambda _asked: Reply(status=204)
    assert session.json("DELETE", "/x") is None


def test_nobody_logged_in_is_an_auth_error(platform, transport, tmp_path):
    with pytest.raises(AuthError, match="Nobody is logged in"):
        PlatformSession(transport, CredentialStore(tmp_path)).json("GET", "/x")
    assert platform.asked == []
