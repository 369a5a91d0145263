"""HTTP/1.1 messages, passed on bit by bit: what a request asks, and its body in whichever way it comes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

PIECE = 64 * 1024

#: JSON bodies up to this size are held in memory, because a fault may change them; all else only passes through.
HELD = 8 * 1024 * 1024

#: Concern one connection, not the message (and what the proxy decides itself).
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
    }
    | {"transfer-encoding", "upgrade", "expect"}
)

_RANGE = re.compile(r"bytes=(\d+)-")


class MalformedError(Exception):
    """The request's framing cannot be understood."""


@dataclass(slots=True)
class Asked:
    """One request, as far as faults look at it.

    Attributes:
        method: The method.
        target: Path and query, as it goes to the server.
        headers: The headers, as they came.
        body: The body, where it is held; None when it passes through.
    """

    method: str
    target: str
    headers: Message
    body: bytes | None = None

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def uploads(self) -> bool:
        """Whether it carries a file."""
        return self.headers.get("Content-Type", "").lower().startswith("multipart/form-data")

    @property
    def renews(self) -> bool:
        """Whether it asks for a new token in exchange for a refresh token."""
        value = self.json()
        return self.path == "/token" and isinstance(value, dict) and value.get("type") == "refresh_token"

    @property
    def offset(self) -> int | None:
        """Where the wanted range begins; None when all is wanted."""
        found = _RANGE.match(self.headers.get("Range", ""))
        return int(found[1]) if found else None

    def json(self) -> Any:
        """The held body's value; None when there is none, or it is not JSON."""
        try:
            return json.loads(self.body or b"")
        except ValueError:
            return None

    def forwarded(self) -> list[tuple[str, str]]:
        """The headers that go on to the server; how the body is framed is not among them."""
        return [
            (name, value)
            for name, value in self.headers.items()
            if name.lower() not in _HOP_BY_HOP | {"content-length"}
        ]


def passed_on(headers: Message) -> list[tuple[str, str]]:
    """The headers of a reply that go on to the client."""
    return [(name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP]


def target_of(said: str) -> str:
    """A request's target in ASCII: what a client sent raw is written with percent signs."""
    if not said.startswith("/"):
        url = urlsplit(said)
        said = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return quote(said, safe="".join(map(chr, range(0x21, 0x7F))), encoding="latin-1")


class Incoming:
    """A request's body, read once.

    Args:
        headers: The request's headers.
        file: Where it comes from.

    Attributes:
        length: How long it is; None when it comes in chunks.

    Raises:
        MalformedError: The headers contradict themselves.
    """

    def __init__(self, headers: Message, file: BinaryIO) -> None:
        self._file = file
        self._left = 0
        coding = headers.get("Transfer-Encoding", "").strip().lower()
        self.length: int | None = None
        if coding:
            if coding != "chunked" or "Content-Length" in headers:
                raise MalformedError("The proxy takes chunked bodies, or ones with a length.")
            return
        said = headers.get("Content-Length", "0").strip()
        if not said.isdecimal():
            raise MalformedError("The Content-Length is not a number.")
        self.length = self._left = int(said)

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they come, none of them kept. May be gone on with.

        Raises:
            MalformedError: A chunk's size is no number.
            ConnectionError: The client stopped in the middle.
        """
        if self.length is None:
            yield from self._chunks()
            return
        while self._left:
            yield self._some()

    def _some(self) -> bytes:
        piece = self._file.read1(min(PIECE, self._left))  # type: ignore[attr-defined]  # a buffered reader has it
        if not piece:
            raise ConnectionError("The request ended early.")
        self._left -= len(piece)
        return bytes(piece)

    def _chunks(self) -> Iterator[bytes]:
        """The bytes of a chunked body; after its end there are none, however often it is asked."""
        while True:
            while self._left:
                yield self._some()
                if not self._left:
                    self._line()
            size = self._line().partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,15}", size):
                raise MalformedError("A chunk's size is not a number.")
            self._left = int(size, 16)
            if not self._left:
                while self._line().strip():
                    pass
                self.length = 0
                return

    def _line(self) -> bytes:
        line = self._file.readline(PIECE)
        if not line.endswith(b"\n"):
            raise ConnectionError("The request ended early.")
        return line


def head(status: int, reason: str, headers: list[tuple[str, str]]) -> bytes:
    """A reply's head as bytes."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(piece: bytes) -> bytes:
    """A piece of a body as a chunk; the empty one ends the body."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)
