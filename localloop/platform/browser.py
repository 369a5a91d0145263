"""Logging in with a browser: the platform's page sends it back here with the tokens (docs/platform/wire.md, 1.3)."""

from __future__ import annotations

import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from errno import EADDRINUSE
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from localloop import config
from localloop.errors import AuthError, BadRequest

#: Where dtlpy waits when nobody says.
PORT: Final = 3001

#: How long somebody may take to log in, in seconds.
PATIENCE: Final = 300.0

#: How long the browser has to fetch the last page, in seconds: that takes the tokens out of its address bar.
_LINGERS: Final = 3.0

_TOKENS: Final = ("id_token", "access_token", "refresh_token")
_LONGEST: Final = 64 << 10

_STYLE: Final = """\
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 }
main { padding: 2rem; max-width: 24rem }
h1 { font-size: 1.25rem; margin: 0 0 .5rem }
p { margin: 0; opacity: .8 }
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>LocalLoop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


class Callback:
    """Waits on loopback for a browser that comes back with tokens; used in a ``with`` block.

    Args:
        port: The port; 0 for any free one.

    Raises:
        BadRequest: The port is taken.
    """

    def __init__(self, port: int = PORT) -> None:
        waiting = self
        self._tokens: dict[str, str] | None = None
        self._came = threading.Event()
        self._left = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                waiting._answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
                """The first line of a request has tokens in it."""

        Handler.timeout = 10
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            if error.errno != EADDRINUSE:
                raise
            message = f"Port {port}, where the browser is to come back to, is taken."
            advice = "Choose another one with --callback-port; 0 takes a free one."
            raise BadRequest("400", message, advice=advice) from None
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="log-in", daemon=True)

    @property
    def url(self) -> str:
        """Where the browser comes back to, in the platform's own form."""
        return f"http://localhost:{self.port}"

    def page_of(self, gate: str) -> str:
        """The page of a gate to log in at.

        Args:
            gate: The platform's root URL.
        """
        return f"{gate}/login?{urlencode({'callback': self.url})}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(
        self, seconds: float = PATIENCE, monotonic: Callable[[], float] = time.monotonic
    ) -> dict[str, str]:
        """Wait for the tokens.

        Args:
            seconds: How long at most.
            monotonic: Seconds of a clock that nobody sets.

        Returns:
            ``id_token``, ``access_token`` and ``refresh_token``.

        Raises:
            AuthError: Nobody came.
        """
        end = monotonic() + seconds
        while not self._came.wait(0.2):  # in short pieces, so that Ctrl-C is heard
            if monotonic() >= end:
                raise AuthError(
                    f"Nobody logged in within {seconds:.0f} seconds.",
                    advice="Run it again, and log in there.",
                )
        self._left.wait(_LINGERS)
        assert self._tokens is not None
        return self._tokens

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        hosts = {f"localhost:{self.port}", f"127.0.0.1:{self.port}"}
        if request.headers.get("Host", "").lower() not in hosts:
            # A name of somebody else's that leads here must not be able to hand in tokens.
            _reply(
                request, HTTPStatus.FORBIDDEN, "Not for here", "This page is for a log-in at this machine."
            )
            return
        if parts.path == "/done" and self._came.is_set():
            _reply(
                request, HTTPStatus.OK, "Logged in", "You can close this page and go back to the terminal."
            )
            self._left.set()
            return
        if parts.path not in {"", "/"} or len(request.path) > _LONGEST:
            _reply(request, HTTPStatus.NOT_FOUND, "Not found", "There is no such page.")
            return
        told = {name: values[0] for name, values in parse_qs(parts.query).items() if name in _TOKENS}
        # A page of anywhere may have a picture here; only a browser that goes here brings tokens.
        goes = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        if set(told) != set(_TOKENS) or not goes or self._came.is_set():
            text = "The platform has sent no tokens along. Log in again from the terminal."
            _reply(request, HTTPStatus.BAD_REQUEST, "Not logged in", text)
            return
        self._tokens = told
        # The address with the tokens is left behind by going on: no page shows it, though a browser may keep it in
        # its own files.
        request.send_response(HTTPStatus.SEE_OTHER)
        request.send_header("Location", "/done")
        _safe(request)
        request.send_header("Content-Length", "0")
        request.end_headers()
        self._came.set()


def show(page: str) -> bool:
    """Open a page in a browser of this machine; says whether one was found.

    Args:
        page: Its address.
    """
    if not config.has_display():  # else a browser of the terminal would take it over
        return False
    try:
        return webbrowser.open(page)
    except (webbrowser.Error, OSError):
        return False


def _reply(request: BaseHTTPRequestHandler, code: HTTPStatus, title: str, text: str) -> None:
    body = _PAGE.format(title=title, text=text, style=_STYLE).encode()
    with suppress(ConnectionError):  # who does not wait for the page does without
        request.send_response(code)
        request.send_header("Content-Type", "text/html; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        _safe(request)
        request.end_headers()
        request.wfile.write(body)


def _safe(request: BaseHTTPRequestHandler) -> None:
    request.send_header("Cache-Control", "no-store")
    request.send_header("Referrer-Policy", "no-referrer")
    request.send_header("Content-Security-Policy", _POLICY)
