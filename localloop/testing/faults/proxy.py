"""The proxy itself: a thread for each connection, and bodies that pass through without being held."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from random import Random
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from localloop.testing.faults.exchange import Exchange
from localloop.testing.faults.kinds import Fault
from localloop.testing.faults.messages import HELD, Asked, Incoming, MalformedError, target_of
from localloop.testing.faults.moments import Moment, Stage
from localloop.testing.faults.schedule import Dice, Schedule

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Event:
    """One request, and what the proxy made of it.

    Attributes:
        number: Its place among all requests, from 1.
        method: Its method.
        path: Its path, without the query, which may hold secrets.
        fault: What went wrong; None when nothing did.
        status: The status that the client was sent; 0 when it was sent none.
    """

    number: int
    method: str
    path: str
    fault: Fault | None
    status: int

    def __str__(self) -> str:
        """A line for a person."""
        fault = self.fault.value if self.fault else "-"
        return f"{self.number:>6}  {fault:<24} {self.status or '---'} {self.method} {self.path}"


class FaultProxy:
    """A server in front of another one that fails as a schedule says.

    Requests keep the ``Host`` that the client wrote when the server is on loopback, so that addresses in its
    replies lead through the proxy again.

    Args:
        upstream: The root URL of the server.
        schedule: What goes wrong: a schedule, or the name of one that is shipped.
        seed: Which of the schedule's possible courses is taken.
        host: The address to bind.
        port: The port; 0 takes a free one.
        pause: Seconds between the pieces of a slow reply.
        timeout: Seconds that the server, and an idle client, may be silent.
        wait: Waits for a number of seconds; a test may give one that does not.
        on_event: Hears of every request just before its reply, one at a time.
        on_moment: Hears how far each request is (:class:`localloop.testing.faults.moments.Moment`), while that
            request waits; several may be told of at once. A test can kill either side at any point with it.

    Raises:
        ValueError: The URL is none, or there is no such schedule.
    """

    def __init__(
        self,
        upstream: str,
        *,
        schedule: Schedule | str = "mixed",
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        pause: float = 0.05,
        timeout: float = 120.0,
        wait: Callable[[float], object] | None = None,
        on_event: Callable[[Event], object] | None = None,
        on_moment: Callable[[Moment], object] | None = None,
    ) -> None:
        url = urlsplit(upstream.rstrip("/"))
        if url.scheme not in {"http", "https"} or not url.hostname or url.path or url.query:
            raise ValueError(
                f"The upstream must be a root URL such as http://127.0.0.1:8080, not {upstream!r}."
            )
        self.upstream = url
        self.pause, self.timeout = pause, timeout
        self.stopping = threading.Event()
        self.wait = wait or self.stopping.wait
        self.keeps_host = _is_loopback(url.hostname)
        self._seed = seed
        self._dice = Dice(_schedule(schedule), seed)
        self._bind = (host, port)
        self._log: list[Event] = []
        self._lock = threading.Lock()
        self._on_event = on_event
        self._on_moment = on_moment
        self._sockets: set[socket.socket] = set()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def gate(self) -> str:
        """The proxy's own root URL, while it runs.

        Raises:
            RuntimeError: It does not run.
        """
        if self._server is None:
            raise RuntimeError("the proxy is stopped")
        host, port = self._server.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    @property
    def log(self) -> list[Event]:
        """What happened so far, in the order of the replies."""
        with self._lock:
            return list(self._log)

    @property
    def faults(self) -> list[Event]:
        """Those of :attr:`log` where something went wrong."""
        return [event for event in self.log if event.fault]

    def follow(self, schedule: Schedule | str, *, seed: int | None = None) -> None:
        """Take another schedule from the next request on, with fresh dice.

        Args:
            schedule: A schedule, or the name of one that is shipped.
            seed: Another seed.
        """
        self._seed = self._seed if seed is None else seed
        self._dice = Dice(_schedule(schedule), self._seed)

    def start(self) -> None:
        """Take requests.

        Raises:
            OSError: The address cannot be bound.
        """
        if self._server is not None:
            return
        self.stopping.clear()
        self._server = _Server(self._bind, self)
        self._bind = self._server.server_address[:2]  # type: ignore[assignment]  # the same port after a restart
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="fault-proxy", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Break off what is going on and take nothing more; all threads have ended on return."""
        if self._server is None or self._thread is None:
            return
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            going = list(self._sockets)
        for one in going:
            _break_off(one)
        self._server.server_close()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def decide(self, asked: Asked) -> tuple[Fault | None, Random, Callable[[bool, int], None]]:
        """What a request meets, the chance for what that leaves open, and whom to tell how it ended."""
        dice = self._dice
        decided = dice.decide(asked)
        number, fault, chance = decided or (-1, None, Random(0))  # noqa: S311 - unused without a fault

        def settle(happened: bool, status: int) -> None:
            if fault and not happened:
                dice.take_back(number, asked)
            self._record(asked, fault if happened else None, status)

        return fault, chance, settle

    def _record(self, asked: Asked, fault: Fault | None, status: int) -> None:
        with self._lock:
            event = Event(len(self._log) + 1, asked.method, asked.path, fault, status)
            self._log.append(event)
            if self._on_event is not None:
                self._on_event(event)

    def reached(self, stage: Stage, asked: Asked, size: int = 0) -> None:
        """A request has come so far; whoever wants to know is told.

        Args:
            stage: How far.
            asked: The request.
            size: How many bytes of a body were passed on just now.
        """
        if self._on_moment is not None:
            self._on_moment(Moment(stage, asked.method, asked.path, asked.uploads, size))

    def holding(self, one: socket.socket) -> None:
        """A connection is open: a stop breaks it off."""
        with self._lock:
            self._sockets.add(one)
        if self.stopping.is_set():
            _break_off(one)

    def released(self, one: socket.socket) -> None:
        """A connection is closed."""
        with self._lock:
            self._sockets.discard(one)


class _Server(ThreadingHTTPServer):
    """Waits for its threads at the end, so that nothing is left over after a stop."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: FaultProxy) -> None:
        self.address_family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        self.proxy = proxy
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for this host's name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error; everything else is shown."""
        del request, client_address
        raise  # noqa: PLE0704 - called by socketserver inside its except clause


class _Handler(BaseHTTPRequestHandler):
    """One client connection, request after request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        """Let a stop know of the connection."""
        super().setup()
        self.connection.settimeout(self.server.proxy.timeout)
        self.server.proxy.holding(self.connection)

    def handle(self) -> None:
        """Serve until either side is done; a client that hangs up is no error."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def finish(self) -> None:
        """Close, whatever became of the client."""
        self.server.proxy.released(self.connection)
        try:
            super().finish()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def serve(self) -> None:
        """One request."""
        proxy = self.server.proxy
        asked = Asked(self.command, target_of(self.path), self.headers)
        try:
            incoming = Incoming(self.headers, self.rfile)  # type: ignore[arg-type]  # a buffered reader
            if _is_held(asked, incoming):
                asked.body = b"".join(incoming.pieces())
            proxy.reached(Stage.ASKED, asked, len(asked.body or b""))
            fault, chance, settle = proxy.decide(asked)
            old = self.request_version == "HTTP/1.0"
            exchange = Exchange(proxy, asked, incoming, self.connection, settle, old=old)
            try:
                exchange.run(fault, chance)
            finally:
                self.close_connection = self.close_connection or exchange.over
        except MalformedError as error:
            self.close_connection = True
            self.send_error(400, str(error))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Nothing: what happens is in the proxy's own log."""


for _method in _METHODS:
    setattr(_Handler, f"do_{_method}", _Handler.serve)


def _is_held(asked: Asked, incoming: Incoming) -> bool:
    kind = asked.headers.get("Content-Type", "").lower()
    return incoming.length is not None and incoming.length <= HELD and kind.startswith("application/json")


def _schedule(said: Schedule | str) -> Schedule:
    return said if isinstance(said, Schedule) else Schedule.named(said)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _break_off(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already
