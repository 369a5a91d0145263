"""The bytes of items: uploads and downloads, both streamed (docs/platform/wire.md, 4.1 and 4.3)."""

from __future__ import annotations

import json
import mimetypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from posixpath import basename
from typing import Any, BinaryIO
from urllib.parse import quote

import requests
from requests_toolbelt import MultipartEncoder

from localloop.platform.faults import border, decoded
from localloop.platform.mapping import from_wire
from localloop.platform.reading import entity_path
from localloop.platform.session import PlatformSession
from localloop.platform.steps import begun
from localloop_schema.documents import Document, content_mark
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import PermanentError, TransientError
from localloop_sync.ports import Heard, RemoteEntity, Scope

CHUNK = 1 << 20

_TEXT = "text/plain; charset=utf-8"


class _Watched:
    """A file that is read as it is sent: it waits as the limit on speed says, and tells how far it is.

    The encoder asks for the length before each piece; what is behind the file's own place was handed out.
    """

    def __init__(self, file: BinaryIO, session: PlatformSession, heard: Heard | None) -> None:
        self._file = file
        self._session = session
        self._heard = heard
        self.fileno = file.fileno
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._file.read(size)
        self._session.moving(len(data))
        if self._heard is not None:
            self._heard(self._file.tell())
        return data


def upload(
    session: PlatformSession,
    scope: Scope,
    document: Document,
    content: Path,
    heard: Heard | None = None,
) -> tuple[RemoteEntity, bool]:
    """Send a new file to a path of a dataset. What is there already is left alone.

    Args:
        session: The logged-in connection.
        scope: The dataset.
        document: The item's document.
        content: The file; it must not change meanwhile.
        heard: Hears how many bytes of it are sent.

    Returns:
        The item that is then at the path, and whether this call wrote it.

    Raises:
        TransientError: The file cannot be read, or did not arrive whole. Nothing is deleted because of that.
    """
    path = f"/datasets/{quote(scope.dataset or '', safe='')}/items"
    fields = list(_fields(document))
    reply, item, size = _post(session, path, fields, document, content, {"mode": "skip"}, heard)
    written = reply.headers.get("x-item-op") in {"created", "overwrite"}
    if written:
        _whole(item, size)
    return item, written


def replace(
    session: PlatformSession,
    remote_id: str,
    document: Document,
    content: Path,
    heard: Heard | None = None,
) -> RemoteEntity:
    """Give an item new content, as a new revision: its id and its annotations stay.

    Not ``mode=overwrite`` of its path, which may clear the annotations.

    Args:
        session: The logged-in connection.
        remote_id: The item's id.
        document: The item's document.
        content: The file; it must not change meanwhile.
        heard: Hears how many bytes of it are sent.

    Returns:
        The item as it then is.

    Raises:
        TransientError: The file cannot be read, or did not arrive whole.
    """
    path = f"{entity_path(EntityKind.ITEM, remote_id)}/revisions"
    _reply, item, size = _post(session, path, [], document, content, {}, heard)
    _whole(item, size)
    mark = _mark(document)
    if mark is None:
        return item
    # Last, so that a mark is never ahead of its content; until it is there, the replacement counts as not done.
    patch = {"metadata": {"system": {"localloop": mark}}}
    where = entity_path(EntityKind.ITEM, remote_id)
    with begun():
        return from_wire(EntityKind.ITEM, session.json("PATCH", where, params={"system": "true"}, json=patch))


def _post(
    session: PlatformSession,
    path: str,
    fields: list[tuple[str, Any]],
    document: Document,
    content: Path,
    params: Mapping[str, str],
    heard: Heard | None,
) -> tuple[requests.Response, RemoteEntity, int]:
    """Send a multipart form whose last part is the file; also says how many bytes the file has."""
    sizes: list[int] = []

    @contextmanager
    def body() -> Iterator[MultipartEncoder]:
        try:
            file = content.open("rb")
        except OSError as error:
            raise TransientError(f"The content of {document['filename']} cannot be read.") from error
        with file:
            sizes.append(os.fstat(file.fileno()).st_size)
            watched = _Watched(file, session, heard)
            yield MultipartEncoder([*fields, ("file", _part(document["filename"], watched))])

    reply = session.request("POST", path, params=params, body=body)
    return reply, from_wire(EntityKind.ITEM, decoded(reply)), sizes[-1]


def _whole(item: RemoteEntity, size: int) -> None:
    if item.document.get("content", {}).get("size") != size:
        name = item.document["filename"]
        raise TransientError(f"{name} has {size} bytes here and did not arrive whole.")


def _fields(document: Document) -> Iterator[tuple[str, Any]]:
    """The text parts, in the order that the platform wants; the file comes after them."""
    yield "type", (None, "file", _TEXT)
    yield "path", (None, document["filename"], _TEXT)
    metadata = {**(document.get("metadata") or {})}
    mark = _mark(document)
    if mark:
        metadata["system"] = {**(metadata.get("system") or {}), "localloop": mark}
    if metadata:
        yield "metadata", (None, json.dumps(metadata), _TEXT)
    if document.get("description"):
        yield "description", (None, document["description"], _TEXT)


def _mark(document: Document) -> Document | None:
    """The mark that tells other stores which bytes these are, where the document knows it."""
    content = document.get("content") or {}
    return content_mark(content["digest"], content["size"]) if content.get("digest") else None


def _part(filename: str, file: Any) -> tuple[str, Any, str]:
    name = basename(filename)
    return name, file, mimetypes.guess_type(name)[0] or "application/octet-stream"


def download(session: PlatformSession, remote_id: str, offset: int) -> Iterator[bytes]:
    """The content of an item from a byte offset on.

    Args:
        session: The logged-in connection.
        remote_id: The item's id.
        offset: The first byte wanted.

    Yields:
        The chunks.

    Raises:
        TransientError: The connection broke, or the platform sent another range.
    """
    path = f"/items/{quote(remote_id, safe='')}/stream"
    # Compressed bytes have other offsets.
    headers = {"Range": f"bytes={offset}-", "x-dl-sanitize": "0", "Accept-Encoding": "identity"}
    try:
        response = session.request("GET", path, headers=headers, stream=True)
    except PermanentError as error:
        if error.status == 416:
            return
        raise
    with response:
        for chunk in _from_offset(response, offset):
            session.moving(len(chunk))
            yield chunk


def _from_offset(response: requests.Response, offset: int) -> Iterator[bytes]:
    """The chunks of a reply, without those bytes before the offset that a plain 200 begins with."""
    skip = offset if response.status_code == 200 else 0
    began = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if response.status_code == 206 and began.isdecimal() and int(began) != offset:
        raise TransientError(f"The platform sent the bytes from {began} on, not from {offset}.")
    with border(response.url):
        for chunk in response.iter_content(CHUNK):
            if len(chunk) > skip:
                yield chunk[skip:]
            skip = max(0, skip - len(chunk))
