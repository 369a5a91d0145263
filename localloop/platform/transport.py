"""Requests to one gate, without credentials: a connection pool, time-outs and the border of errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from localloop._version import __version__
from localloop.platform.connections import Adapter, Connections
from localloop.platform.faults import border, refusal
from localloop.platform.pace import TokenBucket

#: The header by which a server announces additions (docs/platform/additions.md, 1).
ADDITIONS = "x-localloop"

#: Opens a request's body afresh for each attempt.
OpenBody = Callable[[], AbstractContextManager[Any]]


def normal_gate(gate: str) -> str:
    """A gate in the one form that credentials are kept under.

    Args:
        gate: The gate, perhaps with a slash or the API's path at its end.

    Returns:
        The root URL without a slash at its end.
    """
    return gate.strip().rstrip("/").removesuffix("/api/v1").rstrip("/")


class Transport:
    """A pooled HTTP client of one gate; thread-safe.

    It never retries: whether to try again is a question to the error. It reads no environment: a proxy, or
    certificates of one's own, are given by the caller.

    Args:
        gate: The platform's root URL.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next bytes of a reply.
        pool_size: How many connections are kept open.
        proxies: Proxy URLs by scheme.
        verify: Whether certificates are checked, or the path of a file of trusted ones.
        now: The time in seconds since the epoch.
        bucket: Bounds how fast contents are sent and fetched; nothing does when left out.

    Attributes:
        gate: The platform's root URL.
        request_count: How many requests were sent so far.
        announced: Where the last answer said that additions to the platform's API are described
            (docs/platform/additions.md, 1); empty when nowhere.
        told: The time in the last answer's ``Date`` as ISO-8601 UTC text; empty when there was none.
    """

    def __init__(
        self,
        gate: str,
        *,
        connect_timeout: float = 10.0,
        read_timeout: float = 120.0,
        pool_size: int = 32,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str = True,
        now: Callable[[], float] = time.time,
        bucket: TokenBucket | None = None,
    ) -> None:
        self.gate = normal_gate(gate)
        self._connections = Connections()
        self._bucket = bucket
        self.now = now
        self.request_count = 0
        self.announced = ""
        self.told = ""
        self._counting = threading.Lock()
        self._timeout = (connect_timeout, read_timeout)
        self._session = requests.Session()
        # Also keeps ~/.netrc from replacing the bearer.
        self._session.trust_env = False
        self._session.verify = verify
        self._session.proxies.update(proxies or {})
        self._session.headers.update(
            {
                "User-Agent": f"localloop/{__version__}",
                "Accept-Encoding": "gzip, deflate",
                "Accept": "*/*",
            }
        )
        adapter = Adapter(self._connections, pool_size)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __repr__(self) -> str:
        """The gate; never a header."""
        return f"{type(self).__name__}({self.gate!r})"

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        body: OpenBody | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Send one request.

        Only a GET follows redirects: requests would turn a redirected POST into a GET, and a body may be a
        stream. requests drops the bearer when a redirect leads to another host.

        Args:
            method: The HTTP method.
            path: The path below the gate, with its leading slash.
            json: A body to send as JSON.
            data: A body to send as a form.
            body: Opens a body with a ``content_type`` of its own.
            params: The query.
            headers: Further headers.
            stream: Whether the caller reads the body bit by bit.

        Returns:
            A successful reply.

        Raises:
            RemoteError: Anything else, as :mod:`localloop.platform.faults` says.
        """
        url = self.gate + path
        opened: AbstractContextManager[Any] = body() if body else nullcontext(data)
        with self._counting:
            self.request_count += 1
        with opened as payload:
            extra = {"Content-Type": payload.content_type} if body else {}
            with border(url):
                response = self._session.request(
                    method,
                    url,
                    json=json,
                    data=payload,
                    params=params,
                    headers={**extra, **(headers or {})},
                    stream=stream,
                    timeout=self._timeout,
                    allow_redirects=method == "GET",
                )
                error = refusal(response, self.now)
        self.announced = response.headers.get(ADDITIONS, "")
        self.told = _moment(response.headers.get("Date", ""))
        if error is None:
            return response
        response.close()
        raise error

    def moving(self, number: int) -> None:
        """So many bytes of a content are about to be sent, or were just fetched: wait as the limit says.

        Args:
            number: How many.

        Raises:
            OfflineError: All was broken off meanwhile.
        """
        self._connections.check()
        if self._bucket is not None:
            self._bucket.take(number, self._connections.check)

    def break_off(self) -> None:
        """Break all connections, also those that other threads wait for, and make none any more."""
        self._connections.break_off()

    def close(self) -> None:
        """Close all connections."""
        self._session.close()


def _moment(date: str) -> str:
    """The time in a ``Date`` header; empty for none, and for one that is no time."""
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return ""
    # A date that names no zone is UTC all the same (RFC 9110, 5.6.7).
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
