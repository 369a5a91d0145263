"""Content as a response, whole or a range of it, so that a broken download can go on.

See docs/platform/wire.md, 4.3.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from io import BufferedReader
from urllib.parse import quote

from anyio import to_thread
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from localloop.server.failures import failure

CHUNK = 1 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class ContentResponse(StreamingResponse):
    """Bytes of an open file, which is closed when they are sent, or when nobody wants them any more.

    Args:
        reader: The file, at the first byte to send.
        length: How many bytes to send.
        status: 200 or 206.
        headers: The headers.
    """

    def __init__(self, reader: BufferedReader, length: int, status: int, headers: dict[str, str]) -> None:
        self._reader = reader
        super().__init__(self._chunks(length), status_code=status, headers=headers)

    async def _chunks(self, length: int) -> AsyncIterator[bytes]:
        left = length
        while left:
            chunk = await to_thread.run_sync(self._reader.read, min(left, CHUNK))
            if not chunk:
                # Ending the body short of Content-Length tells the client that something broke.
                raise EOFError(f"the content ended {left} bytes early")
            left -= len(chunk)
            yield chunk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._reader.close()


def content(reader: BufferedReader, size: int, *, name: str, mimetype: str, wanted: str | None) -> Response:
    """The response to a request for content.

    Args:
        reader: The open content; it is closed in any case.
        size: Its size.
        name: The file's name.
        mimetype: What it is.
        wanted: The ``Range`` header.

    Returns:
        200 with all of it, 206 with the range, or 416 when nothing of the range is there.
    """
    try:
        span = byte_range(wanted, size)
    except ValueError:
        reader.close()
        message = f"There is nothing in this range; the content has {size} bytes."
        return failure(416, message, {"Content-Range": f"bytes */{size}"})
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": mimetype or "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        # What a stranger uploaded must not run as a page of this server.
        "X-Content-Type-Options": "nosniff",
    }
    if span is None:
        return ContentResponse(reader, size, 200, {**headers, "Content-Length": str(size)})
    start, end = span
    reader.seek(start)
    headers |= {"Content-Length": str(end - start), "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return ContentResponse(reader, end - start, 206, headers)


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last that a ``Range`` header asks for.

    Args:
        header: The header. None, several ranges, and what is no range all ask for everything.
        size: The size of the content. All of nothing is not a range of it: a download that starts at 0
            gets an empty file rather than an error.

    Returns:
        The range; None for everything.

    Raises:
        ValueError: Nothing of the range is there.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    else:
        start, end = max(size - int(last), 0), size
    if not size and not start and first:
        return None
    if start >= size or start >= end:
        raise ValueError(f"{header} of {size} bytes")
    return start, end
