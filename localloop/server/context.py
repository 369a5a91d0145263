"""What every request of one server shares."""

from __future__ import annotations

from dataclasses import dataclass

from anyio import CapacityLimiter

from localloop.server.accounts import Accounts
from localloop.server.commands import Commands
from localloop.server.history_file import History
from localloop.server.limiting import Limits
from localloop.server.locks import Locks
from localloop.server.outputs import Outputs
from localloop.server.settings import ServerSettings
from localloop.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """The server's parts.

    Attributes:
        store: What is served.
        accounts: Who may log in.
        commands: Asynchronous work.
        outputs: Files that commands made for download.
        locks: Which datasets are locked.
        exports: Which exports were made.
        settings: How the server behaves.
        workers: Bounds the threads that use the store, so that none waits for a connection.
        receivers: Bounds the threads that receive uploads; slow ones must not hold up everybody else.
        limits: How often one may ask.
        hashers: Bounds password hashing, which takes much memory on purpose.
    """

    store: Store
    accounts: Accounts
    commands: Commands
    outputs: Outputs
    locks: Locks
    exports: History
    settings: ServerSettings
    workers: CapacityLimiter
    receivers: CapacityLimiter
    hashers: CapacityLimiter
    limits: Limits

    def close(self) -> None:
        """End what runs beside the requests; the store is closed next."""
        self.commands.close()
        self.outputs.close()
