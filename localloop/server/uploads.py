"""Forms with a file in them, read as they come: the file goes into the cache, none of it stays in memory.

The text parts come before the file (docs/platform/wire.md, 4.1), but any order is understood.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from localloop.blobs import BlobRef
from localloop.errors import BadRequest
from localloop.server.refusals import TooLarge

#: How many parts a form may have; the platform's clients send five.
MAX_PARTS = 32

Take = Callable[[Iterator[bytes]], BlobRef]


@dataclass(slots=True)
class Form:
    """What a form said.

    Attributes:
        fields: The text parts by name.
        content: The file, which is in the cache by now.
        filename: The file's own name, as its sender called it.
        mimetype: What its sender thinks it is.
    """

    fields: dict[str, str] = field(default_factory=dict)
    content: BlobRef | None = None
    filename: str = ""
    mimetype: str | None = None


class _Mark(Enum):
    HEADERS = "headers"
    END = "end"


class _Parts:
    """A stream of parts: headers, then data, then an end."""

    def __init__(self, chunks: Iterable[bytes], boundary: bytes) -> None:
        self._chunks = iter(chunks)
        self._events: deque[_Mark | bytes] = deque()
        self._whole = False
        self._name = b""
        self._value = b""
        self.headers: dict[str, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": lambda data, start, end: self._events.append(data[start:end]),
                "on_part_end": lambda: self._events.append(_Mark.END),
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header,
                "on_headers_finished": lambda: self._events.append(_Mark.HEADERS),
                "on_end": self._finish,
            },
        )
        self._found: deque[dict[str, bytes]] = deque()

    def _begin(self) -> None:
        self._found.append({})

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._found[-1][self._name.decode("latin-1").casefold()] = self._value
        self._name = self._value = b""

    def _finish(self) -> None:
        self._whole = True

    def _next(self) -> _Mark | bytes | None:
        """The next event; None when the form has ended as it should.

        Raises:
            BadRequest: It is malformed, or ended too early.
        """
        while not self._events:
            chunk = next(self._chunks, None)
            if chunk is None:
                if not self._whole:
                    raise BadRequest("400", "The form ended before it was complete.")
                return None
            try:
                self._parser.write(chunk)
            except MultipartParseError as error:
                raise BadRequest("400", "The form is malformed.") from error
        return self._events.popleft()

    def open(self) -> bool:
        """Go to the next part, and say whether there is one."""
        event = self._next()
        if event is None:
            return False
        assert event is _Mark.HEADERS
        self.headers = self._found.popleft()
        return True

    def data(self) -> Iterator[bytes]:
        """The data of the part that is open, to its end."""
        while True:
            event = self._next()
            if event is _Mark.END:
                return
            assert isinstance(event, bytes)
            yield event


def read_form(chunks: Iterable[bytes], content_type: str, take: Take, *, text_limit: int) -> Form:
    """Read a multipart form.

    Args:
        chunks: The body, as it comes.
        content_type: The ``Content-Type`` header, which names the boundary.
        take: Takes the file in, whole or not at all.
        text_limit: The most bytes that all text parts together may have.

    Returns:
        What it said.

    Raises:
        BadRequest: It is malformed or incomplete.
        TooLarge: It has more text than is taken.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise BadRequest("400", "The form names no boundary.")
    form = Form()
    parts = _Parts(chunks, boundary)
    number, left = 0, text_limit
    while parts.open():
        number += 1
        if number > MAX_PARTS:
            raise BadRequest("400", f"The form has more than {MAX_PARTS} parts.")
        options = parse_options_header(parts.headers.get("content-disposition", b""))[1]
        name = _text(options.get(b"name", b""))
        if b"filename" in options or name == "file":
            _take_file(form, parts, options, take)
        else:
            text = _limited(parts.data(), left)
            left -= len(text)
            form.fields[name] = _text(text)
    return form


def _take_file(form: Form, parts: _Parts, options: Mapping[bytes, bytes], take: Take) -> None:
    if form.content is not None:
        raise BadRequest("400", "The form has more than one file.")
    form.filename = options.get(b"filename", b"").decode(errors="replace")
    form.mimetype = parts.headers.get("content-type", b"").decode("latin-1").partition(";")[0].strip() or None
    form.content = take(parts.data())


def _limited(data: Iterator[bytes], limit: int) -> bytes:
    text = bytearray()
    for chunk in data:
        text += chunk
        if len(text) > limit:
            raise TooLarge("413", "The text in the form is larger than what is taken.")
    return bytes(text)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("400", "A part of the form is not UTF-8.") from error
