"""Fetching the content of items from the platform into the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from localloop.errors import NotFound, PermanentError
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks, get_rows
from localloop_sync.drivers.journal import SqliteJournal

if TYPE_CHECKING:
    from localloop.platform import CredentialStore
    from localloop.store import Store
    from localloop_sync.ports import Remote

#: How long somebody who waits for files is kept waiting for a platform that does not answer, in seconds.
PATIENCE: Final = 10.0


@contextmanager
def patient(store: Store, credentials: CredentialStore) -> Iterator[Remote]:
    """The store's platform, asked again after transient errors; closed at the end.

    Args:
        store: The store.
        credentials: Where the tokens are.

    Raises:
        AuthError: The store has no platform, or nobody is logged in.
    """
    from localloop.syncing import connected, traffic_to  # noqa: PLC0415 - who fetches nothing needs no client
    from localloop_sync.drivers.retrying import Patience, RetryingRemote  # noqa: PLC0415 - the same

    with connected(store, credentials) as remote:
        traffic = traffic_to(remote, store.clock)
        yield RetryingRemote(remote, store.clock, Patience(budget=PATIENCE), traffic=traffic)


def has_to_come(store: Store, row: Row) -> bool:
    """Whether the content of an item is on the platform only."""
    return row["remote_id"] is not None and not store.blobs.has(row["digest"] or "")


def fetch_contents(
    store: Store,
    remote: Remote,
    ids: Iterable[str],
    came: Callable[[Row], None],
    failed: Callable[[Row, str], None],
) -> None:
    """Fetch the contents of items; what another process fetched meanwhile is not fetched twice.

    Args:
        store: The store.
        remote: The platform.
        ids: The local ids of the items; one that is deleted meanwhile is passed over.
        came: Told of each item whose content is here then.
        failed: Told of each that the platform refused, and why.

    Raises:
        TransientError: The platform cannot be reached. What came until then is here.
        AuthError: It does not accept the credentials.
    """
    journal = SqliteJournal(store.engine, store.identity, store.clock)
    for part in chunks(ids):
        with store.reading() as connection:
            rows = get_rows(connection, EntityKind.ITEM, part)
        for row in (rows[one] for one in part if one in rows):
            try:
                came(_hydrated(store, journal, remote, row))
            except (NotFound, PermanentError) as error:
                failed(row, error.message)


def _hydrated(store: Store, journal: SqliteJournal, remote: Remote, row: Row) -> Row:
    if row["digest"] is not None and store.blobs.has(row["digest"]):  # another process was faster
        return row
    key = f"item-{row['remote_id']}-{row['updated_at']}"
    digest = store.blobs.fetch(key, row["size"], partial(remote.download, row["remote_id"]))
    if row["digest"] not in (None, digest):
        raise PermanentError("The platform has other content; sync first.")
    journal.hydrated(row["id"], digest, row["size"])
    return {**row, "digest": digest}
