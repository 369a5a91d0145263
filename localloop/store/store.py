"""A store: one directory with ``store.db`` and ``blobs/``, mirroring one account at one gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, insert, select

from localloop.blobs import BlobCache
from localloop.errors import StoreExistsError, StoreNotFoundError
from localloop.store import readonly
from localloop.store.query import Page, parse, run_page
from localloop.store.transaction import Transaction
from localloop_schema import migrate
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, live_rows, resolve
from localloop_schema.session import DATABASE, open_engine, reading, writing
from localloop_schema.tables import Setting
from localloop_sync.drivers.identity import Identity, SystemClock
from localloop_sync.drivers.oplog import Stamp
from localloop_sync.ports import Clock

#: Who edits when nobody has logged in yet; the first log-in or ``init --author`` replaces it.
ANONYMOUS = "me@localhost"

#: How old a file that was half taken in has to be before it is a leftover, in seconds.
DRAFTS_KEPT = 86_400.0

#: How long ago a part of a download last grew before nobody is expected to go on with it, in seconds.
PARTS_KEPT = 14 * 86_400.0


class Store:
    """An open store. Use :meth:`create` or :meth:`open`; close it, or use it in a ``with`` block.

    Many threads may share one; many processes may open the same directory.

    Args:
        path: The store's directory; ``store.db`` in it is of the newest version.
        clock: Time; the machine's by default.
        identity: Makes ids; random by default.
    """

    def __init__(self, path: Path, *, clock: Clock | None = None, identity: Identity | None = None) -> None:
        self.path = path
        self.clock: Clock = clock or SystemClock()
        self.identity = identity or Identity(self.clock)
        self.engine = open_engine(path / DATABASE)
        self.blobs = BlobCache(path / "blobs")

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        author: str = ANONYMOUS,
        device: str = "",
        clock: Clock | None = None,
        identity: Identity | None = None,
    ) -> Self:
        """Make a new store in a directory, which may exist and be empty of a store.

        Args:
            path: The directory.
            author: The e-mail that local edits are recorded under.
            device: This machine's name, for the log and for conflict copies.
            clock: Time; the machine's by default.
            identity: Makes ids; random by default.

        Raises:
            StoreExistsError: There is a store already.
        """
        if (path / DATABASE).exists():
            raise StoreExistsError(
                f"There is a store in {path} already.", advice="Use it, or choose another folder."
            )
        path.mkdir(parents=True, exist_ok=True)
        migrate.create(path / DATABASE)
        store = cls(path, clock=clock, identity=identity)
        store.set_settings({"author": author, "device": device})
        return store

    @classmethod
    def open(cls, path: Path, *, clock: Clock | None = None, identity: Identity | None = None) -> Self:
        """Open a store, bringing an older one up to date first (a copy of the database is kept beside it).

        Raises:
            StoreNotFoundError: There is no store in the directory.
            StoreTooNewError: A newer program wrote it.
            StoreDamagedError: It is not a SQLite database.
        """
        if not (path / DATABASE).is_file():
            raise StoreNotFoundError(
                f"There is no store in {path}.", advice="Make one with `localloop init` or `localloop clone`."
            )
        migrate.upgrade(path / DATABASE)
        return cls(path, clock=clock, identity=identity)

    def tidy(self) -> int:
        """Remove temporary files that processes left behind which were killed; what is in use stays.

        Returns:
            How many were removed.
        """
        return self.blobs.sweep_temporary(DRAFTS_KEPT) + self.blobs.sweep_partial(PARTS_KEPT)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: one unchanging view."""
        with reading(self.engine) as connection:
            yield connection

    @contextmanager
    def transaction(
        self, action: str, *, author: str | None = None, batch: str | None = None, dry_run: bool = False
    ) -> Iterator[Transaction]:
        """One user action: all its mutations are committed together at the end, or none.

        Args:
            action: What the user did, in the words of ``localloop log`` (``add 12 items``).
            author: Who does it, when it is not the store's own author (a hub serves many).
            batch: The id of the action, where one action is so long that it is committed in parts.
            dry_run: Whether everything is taken back at the end, to see what it would come to.
        """
        with writing(self.engine) as connection:
            settings = _settings(connection)
            stamp = Stamp(
                batch=batch or self.identity.operation_id(),
                action=action,
                author=author or str(settings.get("author") or ANONYMOUS),
                device=str(settings.get("device") or ""),
                at=self.clock.now(),
            )
            tx = Transaction(connection, self.identity, stamp)
            tx.has_blob = self.blobs.has
            tx.guard = readonly.guard(connection)
            yield tx
            if dry_run:
                connection.rollback()

    def get(self, kind: EntityKind, any_id: str) -> Row | None:
        """The live row with this local or platform id, or None."""
        with self.reading() as connection:
            row = resolve(connection, kind, any_id)
        return row if row is not None and row["deleted_at"] is None else None

    def rows(self, kind: EntityKind, **equal: Any) -> list[Row]:
        """The live rows whose columns have these values, in id order."""
        with self.reading() as connection:
            return live_rows(connection, kind, **equal)

    def query(self, query: Mapping[str, Any], dataset_ids: Sequence[str] | None = None) -> Page:
        """Run a DQL query (docs/concepts/queries.md) over datasets given by local id; None means all.

        Raises:
            UnprocessableEntity: The query uses an operator that is not supported.
            BadRequest: It is malformed.
        """
        parsed = parse(query)
        with self.reading() as connection:
            return run_page(connection, parsed, dataset_ids)

    def settings(self) -> dict[str, Any]:
        """The store's settings: ``author``, ``device``, ``gate``, ``account``, ..."""
        with self.reading() as connection:
            return _settings(connection)

    def set_settings(self, values: Mapping[str, Any]) -> None:
        """Set some settings; others stay."""
        with writing(self.engine) as connection:
            connection.execute(
                insert(Setting).prefix_with("OR REPLACE"),
                [{"key": key, "value": value} for key, value in values.items()],
            )


_SETTINGS: Any = Setting.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_ALL_SETTINGS = select(_SETTINGS.c.key, _SETTINGS.c.value)


def _settings(connection: Connection) -> dict[str, Any]:
    return {row.key: row.value for row in connection.execute(_ALL_SETTINGS)}
