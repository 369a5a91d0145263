"""A hub on loopback, in this process: for tests and demonstrations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from localloop.server import Accounts, ServerSettings, ServerThread, build_app
from localloop.store import Store
from localloop_schema.session import DATABASE


class Hub:
    """A hub that can be stopped and started again, on the same port and store.

    Args:
        path: The store's directory; a store is made when there is none.
        users: Passwords by e-mail.
        settings: How the server behaves.
        owner: Whose store it is, where it is to be a gateway.

    Attributes:
        gate: The gate's URL; the same after a restart.
        accounts: Who may log in.
    """

    def __init__(
        self,
        path: Path,
        users: Mapping[str, str] | None = None,
        *,
        settings: ServerSettings | None = None,
        owner: str | None = None,
    ) -> None:
        self.path = path
        self.gate = ""
        # Cheap hashes: nothing here is a secret, and log-ins are many.
        hasher = PasswordHasher.from_parameters(CHEAPEST)
        self.accounts = Accounts.beside(path, hasher=hasher, owner=owner)
        self._settings = settings
        self._store: Store | None = None
        self._server: ServerThread | None = None
        if not (path / DATABASE).exists():
            Store.create(path).close()
        for email, password in (users or {}).items():
            self.accounts.add_user(email, password)

    @property
    def api(self) -> str:
        """The API base."""
        return f"{self.gate}/api/v1"

    @property
    def store(self) -> Store:
        """The store that is being served.

        Raises:
            RuntimeError: The hub is stopped.
        """
        if self._store is None:
            raise RuntimeError("the hub is stopped")
        return self._store

    def start(self) -> None:
        """Open the store and take requests; nothing happens when that is so already."""
        if self._server is not None:
            return
        self._store = Store.open(self.path)
        app = build_app(self._store, self.accounts, settings=self._settings)
        server = ServerThread(app, port=urlsplit(self.gate).port or 0)
        try:
            server.start()
        except BaseException:
            self._store.close()
            self._store = None
            raise
        self._server = server
        self.gate = server.gate

    def stop(self) -> None:
        """Answer what came in, take nothing more, and close the store."""
        if self._server is None:
            return
        self._server.stop()
        self._server = None
        self.store.close()
        self._store = None


@contextmanager
def running_hub(
    path: Path,
    users: Mapping[str, str] | None = None,
    *,
    settings: ServerSettings | None = None,
    owner: str | None = None,
) -> Iterator[Hub]:
    """A hub that runs while the block does.

    Args:
        path: The store's directory; a store is made when there is none.
        users: Passwords by e-mail.
        settings: How the server behaves.
        owner: Whose store it is, where it is to be a gateway.

    Yields:
        The hub; ``hub.gate`` is its URL.
    """
    hub = Hub(path, users, settings=settings, owner=owner)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()
