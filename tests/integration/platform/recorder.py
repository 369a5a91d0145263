"""A platform that writes down what it is asked and answers what a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt

KEY = "a-key-that-is-long-enough-for-the-algorithm"


def token(
    email: str = "alice@example.test", *, expires: float = 9e9, issued: float = 1e9, **more: Any
) -> str:
    """A JWT as the platform makes them."""
    return jwt.encode({"email": email, "exp": int(expires), "iat": int(issued), **more}, KEY)


@dataclass
class Asked:
    """One request, as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> tuple[str, str, Any]:
        """Method, path and body: what the measured sequences list."""
        return self.method, self.path + (f"?{self.query}" if self.query else ""), self.json


@dataclass
class Reply:
    """What to answer. ``raw`` takes the connection over."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[BaseHTTPRequestHandler], None] | None = None


Answer = Callable[[Asked], Any]


class Recorder:
    """The server. ``answer`` gets each request and returns a :class:`Reply`, or a value to send as JSON.

    With ``drain``, bodies are read and forgotten.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.drain = False
        self.answer: Answer = lambda _asked: {}
        self.done = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"recorder": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def gate(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def forms(self) -> list[tuple[str, str, Any]]:
        return [asked.form for asked in self.asked]

    def routes(self, table: dict[tuple[str, str], Any]) -> None:
        """Answer by method and path; the value may be a function of the request."""

        def answer(asked: Asked) -> Any:
            found = table.get((asked.method, asked.path), Reply({"message": "no such route"}, 404))
            return found(asked) if callable(found) else found

        self.answer = answer

    def stop(self) -> None:
        self.done.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    """Writes each request down and sends the reply that the test wants."""

    protocol_version = "HTTP/1.1"
    recorder: Recorder

    def log_message(self, *args: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            left = int(self.headers.get("Content-Length") or 0)
            while self.recorder.drain and left:
                left -= len(self.rfile.read(min(left, 1 << 16)))
            return self.rfile.read(left)
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def serve(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, url.path, url.query, headers, self.read_body())
        self.recorder.asked.append(asked)
        reply = self.recorder.answer(asked)
        reply = reply if isinstance(reply, Reply) else Reply(reply)
        if reply.raw:
            self.close_connection = True
            reply.raw(self)
            return
        self.send(reply)

    def send(self, reply: Reply) -> None:
        body = reply.body
        plain = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        empty = reply.status in {204, 304}
        self.send_response(reply.status)
        for name, value in {"Content-Type": kind, **reply.headers}.items():
            self.send_header(name, value)
        if not empty:
            self.send_header("Content-Length", str(len(plain)))
        self.end_headers()
        if not empty:
            self.wfile.write(plain)


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder that is stopped at the end."""
    recorder = Recorder()
    try:
        yield recorder
    finally:
        recorder.stop()
