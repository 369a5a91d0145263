"""One request and its reply, with at most one fault in between."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from random import Random
from typing import TYPE_CHECKING, Any

from localloop.testing.faults.kinds import CLOCKS, PAGES, REFUSALS, ROWS, Fault
from localloop.testing.faults.messages import HELD, PIECE, Asked, Incoming, chunk, head, passed_on
from localloop.testing.faults.moments import Stage
from localloop.testing.faults.rewriting import changed_rows, moved_date, shifted

if TYPE_CHECKING:
    from localloop.testing.faults.proxy import FaultProxy

#: How many bytes of a slow reply come one by one.
_SLOW_BYTES = 64

#: Seconds that a throttled client is asked to wait.
_RETRY_AFTER = 1

#: How much of a file is read before an upload is refused.
_FIRST_BYTES = 1024

#: Each byte as another one.
_OTHER_BYTES = bytes(byte ^ 0xFF for byte in range(256))

Headers = list[tuple[str, str]]


class Exchange:
    """Serves one request.

    Args:
        proxy: Whose request it is.
        asked: The request.
        incoming: Its body, where it is not held.
        client: The client's connection.
        settle: Told whether the fault took place and which status the client is sent (0 for none), before the
            client has anything of the reply: who has a reply finds it in the log.
        old: Whether the client speaks HTTP/1.0, which knows no chunks.

    Attributes:
        over: Whether the connection cannot be used again.
    """

    def __init__(
        self,
        proxy: FaultProxy,
        asked: Asked,
        incoming: Incoming,
        client: socket.socket,
        settle: Callable[[bool, int], None],
        *,
        old: bool,
    ) -> None:
        self._proxy = proxy
        self._asked = asked
        self._incoming = incoming
        self._client = client
        self._old = old
        self._settle = settle
        self._slowly = 0
        self.over = old

    def run(self, fault: Fault | None, chance: Random) -> None:
        """Serve the request.

        Args:
            fault: What goes wrong; a reply may be one that it can do nothing to.
            chance: Decides what the fault leaves open.
        """
        if fault in REFUSALS:
            self._refuse(fault)
            return
        if fault is Fault.DROP_BEFORE:
            self._drain()
            self._drop()
            return
        upstream = self._connection()
        try:
            try:
                reply = self._forward(upstream, fault)
            except (OSError, HTTPException) as error:
                self._unreachable(error)
                return
            self._proxy.reached(Stage.ANSWERED, self._asked)
            with reply:
                self._reply(reply, fault, chance)
            self._drain()  # unread bytes would turn the end into a reset, and lose the reply
        finally:
            if upstream.sock is not None:
                self._proxy.released(upstream.sock)
            upstream.close()

    def _body(self) -> Iterator[bytes]:
        """The request's body as it comes, where it is not held. May be gone on with."""
        for piece in self._incoming.pieces():
            self._proxy.reached(Stage.SENT, self._asked, len(piece))
            yield piece

    def _drain(self) -> None:
        """Read the rest of the body and forget it."""
        for _piece in self._body():
            pass

    def _drop(self) -> None:
        """End the connection; the client gets nothing."""
        self._settle(True, 0)
        self.over = True

    # -- What the proxy says itself --

    def _refuse(self, fault: Fault) -> None:
        status, message = REFUSALS[fault]
        if fault is Fault.UNAUTHORIZED_MID_UPLOAD:
            read = 0
            for piece in self._body():
                read += len(piece)
                if read >= _FIRST_BYTES:
                    break
            self.over = True  # as a server would that does not want the rest
            self._say(status, message)
            self._drain()  # unread bytes would turn the end into a reset, and lose the reply
            return
        self._drain()
        headers: Headers = []
        if fault is Fault.THROTTLED_SECONDS:
            headers = [("Retry-After", str(_RETRY_AFTER))]
        elif fault is Fault.THROTTLED_DATE:
            headers = [("Retry-After", formatdate(time.time() + _RETRY_AFTER, usegmt=True))]
        self._say(status, message, headers, page=fault in PAGES)

    def _say(
        self,
        status: int,
        message: str,
        more: Headers | None = None,
        *,
        page: bool = False,
        happened: bool = True,
    ) -> None:
        if page:
            text = (
                f"<html><head><title>{status} {message}</title></head><body><h1>{message}</h1></body></html>"
            )
        else:
            text = json.dumps({"status": status, "message": message})
        body = text.encode()
        headers = [
            ("Date", formatdate(usegmt=True)),
            ("Content-Type", "text/html" if page else "application/json"),
            ("Content-Length", str(len(body))),
            *(more or []),
        ]
        self._settle(happened, status)
        self._write(head(status, message, self._closing(headers)))
        if self._asked.method != "HEAD":
            self._write(body)

    def _unreachable(self, error: Exception) -> None:
        """The server itself failed: that is nobody's fault here, and said so."""
        if self._proxy.stopping.is_set():
            self.over = True
            return
        self._drain()
        where = self._proxy.upstream.netloc.rpartition("@")[2]
        self._say(502, f"The fault proxy got no reply from {where} ({type(error).__name__}).", happened=False)

    # -- To the server --

    def _connection(self) -> HTTPConnection:
        url = self._proxy.upstream
        assert url.hostname is not None
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        return kind(url.hostname, url.port, timeout=self._proxy.timeout)

    def _forward(self, upstream: HTTPConnection, fault: Fault | None) -> HTTPResponse:
        asked, days = self._asked, CLOCKS.get(fault) if fault else None
        body = asked.body
        if days and body:
            value = asked.json()
            body = body if value is None else json.dumps(shifted(value, -days)).encode()
        upstream.connect()
        assert upstream.sock is not None
        self._proxy.holding(upstream.sock)
        upstream.putrequest(asked.method, asked.target, skip_host=True, skip_accept_encoding=True)
        for name, value in self._onward(fault):
            upstream.putheader(name, value)
        if body is not None:
            upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body)
        else:
            self._pass_body(upstream)
        return upstream.getresponse()

    def _onward(self, fault: Fault | None) -> Iterator[tuple[str, str]]:
        readable = fault in ROWS or fault in CLOCKS
        for name, value in self._asked.forwarded():
            lower = name.lower()
            if lower == "host" and not self._proxy.keeps_host:
                yield name, self._proxy.upstream.netloc.rpartition("@")[2]
            elif not (lower == "accept-encoding" and readable) and not (
                lower in {"range", "if-range"} and fault is Fault.WHOLE_FOR_RANGE
            ):
                yield name, value
        if readable:
            yield "Accept-Encoding", "identity"
        yield "Connection", "close"

    def _pass_body(self, upstream: HTTPConnection) -> None:
        """The body as it comes: with its length, or in chunks."""
        length = self._incoming.length
        if length is None:
            upstream.putheader("Transfer-Encoding", "chunked")
        elif length or self._asked.method in {"POST", "PUT", "PATCH"}:
            upstream.putheader("Content-Length", str(length))
        upstream.endheaders()
        for piece in self._body():
            if not self._handed(upstream, piece if length is not None else chunk(piece)):
                return
        if length is None:
            self._handed(upstream, chunk(b""))

    def _handed(self, upstream: HTTPConnection, data: bytes) -> bool:
        """Whether the server took it. One that answers before it has the whole body may not."""
        try:
            upstream.send(data)
        except (BrokenPipeError, ConnectionResetError):
            self.over = True
            return False
        return True

    # -- Back to the client --

    def _reply(self, reply: HTTPResponse, fault: Fault | None, chance: Random) -> None:
        if fault is Fault.DROP_AFTER:
            while reply.read(PIECE):
                pass
            self._drop()
        elif fault is not None and (fault in ROWS or fault in CLOCKS):
            self._rewritten(reply, fault, chance)
        elif fault is Fault.TRUNCATED:
            self._cut_off(reply)
        elif fault is Fault.CHANGED_CONTENT and reply.status == 206:
            other = [(n, '"another"' if n.lower() == "etag" else v) for n, v in passed_on(reply.headers)]
            changed = (piece.translate(_OTHER_BYTES) for piece in _pieces(reply))
            self._answer(reply, changed, other, happened=True)
        else:
            slow = fault is Fault.SLOW
            self._slowly = _SLOW_BYTES if slow else 0
            whole = fault is Fault.WHOLE_FOR_RANGE and reply.status == 200
            self._answer(reply, _pieces(reply), happened=slow or whole)

    def _answer(
        self, reply: HTTPResponse, pieces: Iterable[bytes], headers: Headers | None = None, *, happened: bool
    ) -> None:
        """Head and body; without a length the body goes out in chunks, or ends with the connection."""
        headers = passed_on(reply.headers) if headers is None else headers
        bare = self._asked.method == "HEAD" or reply.status in {204, 304}
        sized = bare or any(name.lower() == "content-length" for name, _value in headers)
        chunked = not sized and not self._old
        if chunked:
            headers = [*headers, ("Transfer-Encoding", "chunked")]
        self._settle(happened, reply.status)
        self._write(head(reply.status, reply.reason, self._closing(headers)))
        if bare:
            return
        try:
            for piece in pieces:
                self._write(chunk(piece) if chunked else piece)
        except (OSError, HTTPException):
            self.over = True  # the server broke off in the middle, and so does the proxy
            return
        if chunked:
            self._write(chunk(b""))

    def _cut_off(self, reply: HTTPResponse) -> None:
        """Half of the bytes under the head of all of them."""
        said = reply.headers.get("Content-Length", "")
        if self._asked.method == "HEAD" or not said.isdecimal() or not int(said):
            self._answer(reply, _pieces(reply), happened=False)
            return
        self._settle(True, reply.status)
        self.over = True
        self._write(head(reply.status, reply.reason, passed_on(reply.headers)))
        left = int(said) // 2
        for piece in _pieces(reply):
            self._write(piece[:left])
            left -= len(piece)
            if left <= 0:
                break

    def _rewritten(self, reply: HTTPResponse, fault: Fault, chance: Random) -> None:
        headers, days = passed_on(reply.headers), CLOCKS.get(fault)
        if days:
            headers = [(n, moved_date(v, days) if n.lower() == "date" else v) for n, v in headers]
        data = _held(reply)
        changed = None if isinstance(data, list) else self._change(reply, data, fault, chance)
        if changed is None:
            whole = data if isinstance(data, list) else [data]
            self._answer(reply, _chain(whole, _pieces(reply)), headers, happened=days is not None)
            return
        body = json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode()
        headers = [(n, v) for n, v in headers if n.lower() not in {"content-length", "etag"}]
        self._answer(reply, [body], [*headers, ("Content-Length", str(len(body)))], happened=True)

    def _change(self, reply: HTTPResponse, data: bytes, fault: Fault, chance: Random) -> Any:
        if "json" not in reply.headers.get("Content-Type", "") or reply.headers.get("Content-Encoding"):
            return None
        try:
            value = json.loads(data)
        except ValueError:
            return None
        if fault in ROWS:
            return changed_rows(fault, value, chance) if reply.status == 200 else None
        return shifted(value, CLOCKS[fault])

    def _closing(self, headers: Headers) -> Headers:
        return [*headers, ("Connection", "close")] if self.over else headers

    def _write(self, data: bytes) -> None:
        while self._slowly and data:
            self._client.sendall(data[:1])
            data = data[1:]
            self._slowly -= 1
            self._proxy.wait(self._proxy.pause)
            if self._proxy.stopping.is_set():
                raise ConnectionAbortedError
        if data:
            self._client.sendall(data)
        self._proxy.reached(Stage.REPLIED, self._asked, len(data))


def _pieces(reply: HTTPResponse) -> Iterator[bytes]:
    """The body as it comes.

    Raises:
        HTTPException: It ended early.
    """
    left = reply.length
    while left is None or left > 0:
        piece = reply.read1(PIECE if left is None else min(PIECE, left))
        if not piece:
            if left:
                raise IncompleteRead(b"", left)
            return
        left = None if left is None else left - len(piece)
        yield piece


def _held(reply: HTTPResponse) -> bytes | list[bytes]:
    """The whole body; where it is too large for that, its first pieces as a list."""
    pieces, size = [], 0
    for piece in _pieces(reply):
        pieces.append(piece)
        size += len(piece)
        if size > HELD:
            return pieces
    return b"".join(pieces)


def _chain(first: Iterable[bytes], then: Iterable[bytes]) -> Iterator[bytes]:
    for piece in first:
        if piece:
            yield piece
    yield from then
