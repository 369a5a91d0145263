"""Running the application on a port, in this thread or in one of its own."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from threading import Event, Thread, current_thread, main_thread
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from localloop.server.accounts import Accounts
from localloop.server.app import build_app
from localloop.server.connections import Patient, Tls
from localloop.server.context import Context
from localloop.server.settings import ServerSettings
from localloop.store import Store

HOST = "127.0.0.1"
PORT = 8080

#: How long requests that are being served may take after a stop was asked for, in seconds.
GRACE = 30
_BACKLOG = 512
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    store: Store,
    accounts: Accounts,
    host: str = HOST,
    port: int = PORT,
    *,
    settings: ServerSettings | None = None,
    tls: Tls | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; then requests that came in are answered, and nothing more is taken.

    Args:
        store: What is served; it stays the caller's to close.
        accounts: Who may log in.
        host: The address to bind.
        port: The port; 0 takes a free one.
        settings: How the server behaves.
        tls: What connections are encrypted with; None for plain HTTP.
        on_ready: Told the gate's URL as soon as requests are taken.

    Raises:
        OSError: The address cannot be bound.
    """
    with bound(host, port) as listener:
        server = _Server(build_app(store, accounts, settings=for_host(settings, host)), tls)
        with _stopped_by_signals(server):
            server.on_ready = (
                (lambda: on_ready(gate_of(listener, tls, _name(host, settings)))) if on_ready else None
            )
            server.run(sockets=[listener])


class ServerThread:
    """A server in a thread of its own: for tests, demos and programs that embed a hub.

    Args:
        app: The application.
        host: The address to bind.
        port: The port; 0 takes a free one.
        tls: What connections are encrypted with; None for plain HTTP.
    """

    def __init__(self, app: Starlette, host: str = HOST, port: int = 0, *, tls: Tls | None = None) -> None:
        self._server = _Server(app, tls)
        self._tls = tls
        self._bind = (host, port)
        self._ready = Event()
        self._failure: BaseException | None = None
        self._thread: Thread | None = None
        self.gate = ""

    def start(self) -> None:
        """Start, and return when requests are taken.

        Raises:
            OSError: The address cannot be bound.
            RuntimeError: The server could not start.
        """
        listener = listen(*self._bind)
        self.gate = gate_of(listener, self._tls)
        self._server.on_ready = self._ready.set
        self._thread = Thread(target=self._run, args=(listener,), name="localloop-server", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise RuntimeError("the server could not start") from self._failure

    def _run(self, listener: socket.socket) -> None:
        try:
            self._server.run(sockets=[listener])
        except BaseException as error:
            self._failure = error
            raise
        finally:
            listener.close()
            self._ready.set()

    def stop(self) -> None:
        """Answer what came in, then stop; the port is free on return."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
            self._thread = None


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling, which would end the process after a clean stop."""

    def __init__(self, app: Starlette, tls: Tls | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Patient,
                ssl_certfile=tls.certificate if tls else None,
                ssl_keyfile=str(tls.key) if tls else None,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level=logging.WARNING,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self.on_ready: Callable[[], None] | None = None
        self._context: Context = app.state.context

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # The store is closed next, so no command may still be at work.
        await asyncio.to_thread(self._context.close)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.on_ready is not None and self.started:
            self.on_ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections already; a port that was just given up can be taken again.

    Raises:
        OSError: The address cannot be bound.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise OSError(error.errno, f"There is no address {host} to listen at") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket that is closed at the end."""
    listener = listen(host, port)
    try:
        yield listener
    finally:
        listener.close()


def _name(host: str, settings: ServerSettings | None) -> str | None:
    """What others call this server, and its certificate too; None where it is known by its address only."""
    for name in settings.hosts if settings else ():
        return name
    try:
        ip_address(host)
    except ValueError:
        return host
    return None


def gate_of(listener: socket.socket, tls: Tls | None = None, name: str | None = None) -> str:
    """The gate's URL at a listening socket, by a name if it has one."""
    host, port = listener.getsockname()[:2]
    host = name or host
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def for_host(settings: ServerSettings | None, host: str) -> ServerSettings:
    """The settings of a server that is bound to a host: it answers to that name."""
    settings = settings or ServerSettings()
    try:
        every = ip_address(host).is_unspecified
    except ValueError:
        every = False
    return replace(settings, hosts=(*settings.hosts, host), any_address=settings.any_address or every)


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Stop the server on the usual signals, where this is the thread that gets them."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    if current_thread() is not main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
