"""The outermost layer: who may address this server, request ids, and the answer to what nobody expected."""

from __future__ import annotations

import logging
from ipaddress import ip_address
from secrets import token_hex
from urllib.parse import urlsplit

from anyio import fail_after
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localloop.server.failures import failure
from localloop.server.limiting import Limits
from localloop.server.refusals import TooMany, TooSlow
from localloop.server.settings import ServerSettings

_LOG = logging.getLogger(__name__)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """Middleware around the whole application.

    Only method and path are ever logged: query strings, headers and bodies may hold secrets.

    Args:
        app: What is guarded.
        settings: Under which names the server may be addressed, and how long it waits for a body.
        limits: How often one address may ask.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._patience = settings.patience
        self._hosts = _LOOPBACK | {host.casefold() for host in settings.hosts}
        self._any_address = settings.any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = token_hex(8)
        started = False

        async def tagged(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        refusal = self._refusal(Headers(scope=scope)) or self._too_many(scope)
        if refusal is not None:
            await refusal(scope, receive, tagged)
            return
        try:
            await self._app(scope, self._waiting(receive), tagged)
        except Exception:
            _LOG.exception("request %s failed: %s %s", request_id, scope["method"], scope["path"])
            if started:
                raise
            answer = failure(
                500, f"Something went wrong on the server. Its log says more: request {request_id}."
            )
            await answer(scope, receive, tagged)

    def _refusal(self, headers: Headers) -> Response | None:
        """Refuse names that are not ours, so that no web page of another site can reach us under its own."""
        host = headers.get("host", "")
        if not self._ours(host):
            return failure(
                400, "The server does not go by this name. Start it with this host, or use its address."
            )
        origin = headers.get("origin")
        if origin is not None and _netloc(origin) != host.casefold():
            return failure(403, "Requests from web pages of other sites are refused.")
        return None

    def _too_many(self, scope: Scope) -> Response | None:
        """Refuse an address that asks too often."""
        try:
            self._limits.request("address", (scope.get("client") or ("",))[0])
        except TooMany as error:
            return failure(429, error.message, {"Retry-After": str(error.retry_after)})
        return None

    def _waiting(self, receive: Receive) -> Receive:
        """What receives a body, but does not wait for ever for one that stopped coming."""
        more = True

        async def patient() -> Message:
            nonlocal more
            if not more:  # what comes next is the end of the connection, whenever that is
                return await receive()
            try:
                with fail_after(self._patience):
                    message = await receive()
            except TimeoutError as error:
                raise TooSlow("408", f"The body did not come for {self._patience:g} s.") from error
            more = message["type"] == "http.request" and message.get("more_body", False)
            return message

        return patient

    def _ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name.casefold() in self._hosts:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return self._any_address


def _netloc(origin: str) -> str | None:
    """Host and port of an origin; None when it is no address."""
    try:
        return urlsplit(origin).netloc.casefold()
    except ValueError:
        return None
