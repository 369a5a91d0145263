"""A pool of connections that can be broken off from another thread, while somebody waits for them."""

from __future__ import annotations

import socket
import threading
import weakref
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from localloop_sync.errors import OfflineError


class Connections:
    """The sockets that are open, and whether there may be any more. Thread-safe."""

    def __init__(self) -> None:
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._over = False

    def check(self) -> None:
        """Make sure that nobody has broken off.

        Raises:
            OfflineError: Somebody has; what asks this has sent nothing yet, or does not care.
        """
        if self._over:
            raise OfflineError("The connection was broken off on purpose.")

    def opened(self, connection: HTTPConnection) -> None:
        """A connection has its socket, and nothing was sent on it yet.

        Raises:
            ConnectionAbortedError: All was broken off before.
        """
        with self._lock:
            self._open.add(connection)
        if self._over:
            connection.close()
            raise ConnectionAbortedError("broken off on purpose")

    def break_off(self) -> None:
        """Shut every socket down: whoever sends or waits on it meets an error at once."""
        self._over = True
        with self._lock:
            connections = list(self._open)
        for one in connections:
            if one.sock is None:
                continue
            try:
                one.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is closed already


class Adapter(HTTPAdapter):
    """An adapter of requests whose connections are known to :class:`Connections`.

    Args:
        connections: Who is told of them.
        pool_size: How many connections to a host are kept open.
    """

    def __init__(self, connections: Connections, pool_size: int) -> None:
        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                connections.opened(self)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                connections.opened(self)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self._pools = {"http": PlainPool, "https": SecurePool}
        super().__init__(pool_connections=4, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Have pools made of our connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """The same for connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager
