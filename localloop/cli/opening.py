"""The store, the credentials and the platform that a command works with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from localloop import config
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.platform import CredentialStore
    from localloop.server import Accounts
    from localloop.store import Store
    from localloop_sync.ports import Remote

_DATABASE = "store.db"


def directory_of(given: Path | None) -> Path:
    """The directory of the store to work on; there need not be one.

    Args:
        given: What ``--store`` says: a store's directory, or one with a ``.localloop`` in it.
    """
    found = (given or config.store_directory()).expanduser().absolute()
    inner = found / config.LOCAL_STORE
    return inner if not (found / _DATABASE).exists() and (inner / _DATABASE).exists() else found


def named_once(*said: Path | None) -> Path | None:
    """The one directory that was named, in whichever way; None when none was.

    Raises:
        BadRequest: Several were.
    """
    named = [one for one in said if one is not None]
    if len(named) > 1:
        raise BadRequest("400", "Name the directory once: with --data, with --store, or without either.")
    return named[0] if named else None


def accounts_of(directory: Path) -> Accounts:
    """The accounts of the store in a directory. The store is not opened: it may be served meanwhile.

    Raises:
        StoreNotFoundError: There is no store.
    """
    from localloop.errors import StoreNotFoundError
    from localloop.server import Accounts

    if not (directory / _DATABASE).is_file():
        raise StoreNotFoundError(
            f"There is no store in {directory}.",
            advice="`localloop init` or `localloop serve --hub` makes one.",
        )
    return Accounts.beside(directory)


@contextmanager
def opened(given: Path | None) -> Iterator[Store]:
    """The store to work on, closed at the end.

    Args:
        given: What ``--store`` says.

    Raises:
        StoreNotFoundError: There is none.
    """
    from localloop.store import Store

    with Store.open(directory_of(given)) as store:
        yield store


def credentials() -> CredentialStore:
    """Where the tokens of this machine's user are."""
    from localloop.platform import own_credentials

    return own_credentials()


@contextmanager
def platform_of(store: Store) -> Iterator[Remote]:
    """The store's platform, asked again after transient errors; closed at the end.

    Args:
        store: The store.

    Raises:
        AuthError: The store has no platform, or nobody is logged in.
    """
    from localloop.fetching import patient

    with patient(store, credentials()) as remote:
        yield remote
