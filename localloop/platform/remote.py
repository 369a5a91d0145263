"""The platform as the ``Remote`` port of the engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from localloop.platform.assigning import Assigner
from localloop.platform.content import download, replace, upload
from localloop.platform.feed import feed_of
from localloop.platform.reading import Reader
from localloop.platform.session import PlatformSession
from localloop.platform.writing import Writer
from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import PermanentError
from localloop_sync.ports import Account, Cursor, Feed, Heard, RemoteEntity, RemotePage, Scope, Span


class DataloopRemote:
    """A platform behind its REST API; thread-safe. Its methods are documented on the port.

    Args:
        session: The logged-in connection.
        sleep: How to wait for a command of the platform.
    """

    def __init__(self, session: PlatformSession, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._session = session
        self._reader = Reader(session)
        self._assigner = Assigner(session, self._reader, sleep)
        self._writer = Writer(session, self._reader, self._assigner, sleep)

    def __repr__(self) -> str:
        """The gate."""
        return f"{type(self).__name__}({self._session.gate!r})"

    @property
    def gate(self) -> str:
        """The platform's root URL."""
        return self._session.gate

    @property
    def request_count(self) -> int:
        """How many requests were sent so far."""
        return self._session.request_count

    def account(self) -> Account:
        """Who is logged in, as the platform says."""
        return self._reader.account()

    def feed(self) -> Feed | None:
        """The change feed, when an earlier answer has announced one."""
        return feed_of(self._session)

    def now(self) -> str:
        """The platform's own time, as its last answer told it."""
        return self._session.told

    def page(self, kind: EntityKind, scope: Scope, cursor: Cursor, limit: int = 1000) -> RemotePage:
        """One page of items or annotations of ``scope.dataset``, ordered as the cursor says."""
        return self._reader.page(kind, scope, cursor, limit)

    def newest(self, kind: EntityKind, scope: Scope) -> str:
        """The largest ``updatedAt`` among items or annotations of a dataset."""
        return self._reader.newest(kind, scope)

    def count(self, kind: EntityKind, scope: Scope, span: Span | None = None) -> int:
        """How many items or annotations a dataset has, or has of a span."""
        return self._reader.count(kind, scope, span)

    def present(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> int:
        """How many of these ids items or annotations of a dataset have."""
        return self._reader.present(kind, scope, ids)

    def list(self, kind: EntityKind, scope: Scope) -> Sequence[RemoteEntity]:
        """All entities of a kind in a scope."""
        return self._reader.listed(kind, scope)

    def get(self, kind: EntityKind, remote_id: str) -> RemoteEntity | None:
        """One entity, or None."""
        return self._reader.get(kind, remote_id)

    def find(self, kind: EntityKind, scope: Scope, keys: Sequence[str]) -> Sequence[RemoteEntity]:
        """Entities by natural key."""
        return self._reader.find(kind, scope, keys)

    def create(self, kind: EntityKind, scope: Scope, documents: Sequence[Document]) -> Sequence[RemoteEntity]:
        """Create entities of one kind in one parent."""
        return self._writer.create(kind, scope, documents)

    def update(self, kind: EntityKind, remote_id: str, document: Document, base: Document) -> RemoteEntity:
        """Send the smallest patch that turns ``base`` into ``document``."""
        return self._writer.update(kind, remote_id, document, base)

    def several(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> Sequence[RemoteEntity]:
        """Those items or annotations of a dataset that have one of these ids."""
        return self._reader.several(kind, scope, ids)

    def assign(
        self, scope: Scope, items: Sequence[str], tasks: Document, base: Document
    ) -> Sequence[RemoteEntity]:
        """Put items into tasks, take them out, and set their statuses."""
        return self._assigner.assign(scope, items, tasks, base)

    def delete(self, kind: EntityKind, remote_id: str) -> None:
        """Delete; an entity that is already gone is success."""
        self._writer.delete(kind, remote_id)

    def upload(
        self, scope: Scope, document: Document, content: Path, heard: Heard | None = None
    ) -> tuple[RemoteEntity, bool]:
        """Send a new file to the path ``document["filename"]`` of a dataset, streamed."""
        try:
            return upload(self._session, scope, document, content, heard)
        except PermanentError as error:
            # A platform may also refuse to touch what is there (docs/platform/wire.md, 4.1).
            there = self.find(EntityKind.ITEM, scope, [document["filename"]]) if error.status == 409 else ()
            if not there:
                raise
            return there[0], False

    def replace(
        self, remote_id: str, document: Document, content: Path, heard: Heard | None = None
    ) -> RemoteEntity:
        """Give an existing item new content, streamed; its id and annotations stay."""
        return replace(self._session, remote_id, document, content, heard)

    def download(self, remote_id: str, offset: int = 0) -> Iterator[bytes]:
        """The content of an item from a byte offset on, in chunks."""
        return download(self._session, remote_id, offset)

    def break_off(self) -> None:
        """End what is under way in other threads, and send nothing more."""
        self._session.break_off()
