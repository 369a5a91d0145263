"""Which store the names of ``localloop`` work on."""

from __future__ import annotations

import atexit
from pathlib import Path
from threading import RLock

from localloop import config
from localloop.store import ANONYMOUS, Store
from localloop_schema.session import DATABASE

_lock = RLock()
_opened: dict[Path, Store] = {}
_chosen: Store | None = None


def open_store(path: str | Path) -> Store:
    """Open the store in a directory, and make one when there is none.

    A store that is open already in this process is shared, so that its connections are.

    Args:
        path: The store's directory.

    Returns:
        The store. It is closed when the process ends.

    Raises:
        StoreTooNewError: A newer program wrote it.
        StoreDamagedError: It is not a SQLite database.
    """
    directory = Path(path).expanduser().resolve()
    with _lock:
        store = _opened.get(directory)
        if store is None:
            store = _open(directory)
            _opened[directory] = store
        return store


def _open(directory: Path) -> Store:
    if (directory / DATABASE).exists():
        return Store.open(directory)
    return Store.create(directory, author=config.default_author() or ANONYMOUS, device=config.device_name())


def use(store: Store | str | Path | None) -> Store:
    """Choose the store that everything after this works on.

    Objects that were fetched before keep the store they came from.

    Args:
        store: A store or its directory; None goes back to the default (see :mod:`localloop.config`).

    Returns:
        The store.
    """
    global _chosen  # noqa: PLW0603 - the module is the one place that holds the choice
    with _lock:
        _chosen = store if isinstance(store, Store) or store is None else open_store(store)
        return current()


def current() -> Store:
    """The store in use: the chosen one, else the default one, which is made on first use."""
    with _lock:
        return _chosen or open_store(config.store_directory())


@atexit.register
def close_all() -> None:
    """Close every store that :func:`open_store` opened."""
    global _chosen  # noqa: PLW0603 - see above
    with _lock:
        _chosen = None
        while _opened:
            _opened.popitem()[1].close()
