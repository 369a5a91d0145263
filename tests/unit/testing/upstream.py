"""A server that knows a file and a listing, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FILE = bytes(range(256)) * 40
ROWS = [
    {"id": f"{n}", "updatedAt": "2026-03-01T10:00:00.123Z", "metadata": {"updatedAt": "2026-03-01T10:00:00Z"}}
    for n in range(5)
]
PAGE = {"items": ROWS, "totalItemsCount": 5, "totalPagesCount": 1, "hasNextPage": True}


class Upstream(ThreadingHTTPServer):
    """Attributes: what was ``asked``, as (method, path, headers, body)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.first_bytes = threading.Event()
        self.gate = f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def paths(self) -> list[str]:
        return [path for _method, path, _headers, _body in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def answer(self) -> None:
        body = self.whole_body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, headers, body))
        path = self.path.partition("?")[0]
        if path.endswith("/stream"):
            self.send_file()
        elif path.endswith("/query"):
            self.reply(200, json.dumps(PAGE).encode())
        elif path.endswith("/list"):
            self.reply(200, json.dumps(ROWS).encode())
        elif path.endswith("/chunked"):
            self.send_chunks()
        elif path.endswith("/short"):
            self.send_short()
        elif path.endswith("/gone"):
            self.reply(204, b"")
        else:
            self.reply(200, json.dumps({"size": len(body), "host": self.headers["Host"]}).encode())

    def whole_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
            self.server.first_bytes.set()
        self.rfile.readline()
        return body

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    def send_file(self) -> None:
        asked = self.headers.get("Range", "")
        if not asked:
            self.reply(200, FILE, ETag='"one"')
            return
        start = int(asked.removeprefix("bytes=").partition("-")[0])
        span = f"bytes {start}-{len(FILE) - 1}/{len(FILE)}"
        self.reply(206, FILE[start:], Content_Range=span, ETag='"one"')

    def send_chunks(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"one", b"two", b"three"):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def send_short(self) -> None:
        """Less than was promised: this server itself breaks."""
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Nothing."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler.answer)


@contextmanager
def running() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
