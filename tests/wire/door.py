"""Checks what arrives at the servers in this process, from this process or another, and what they answer.

A server runs in threads of its own, where an exception would reach nobody; so what is wrong is kept, and
:func:`complain` raises it in the test.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from localloop.testing import hub
from tests.wire.checking import AGENT, DeviationError, check_answer, check_request, is_for_another

#: Longer answers are listings of what shorter ones hold too; to check all of them would take most of a run.
LONGEST = 64 << 10


class Door:
    """Middleware around a server.

    Args:
        app: The server.
        wrong: Where to note what is wrong.

    Attributes:
        state: The server's own.
    """

    def __init__(self, app: Starlette, wrong: list[str]) -> None:
        self._app = app
        self._wrong = wrong
        self.state = app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http" or is_for_another(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        ours = headers.get("user-agent", "").startswith(AGENT)
        body, answer = bytearray(), bytearray()
        seen: dict[str, Any] = {"whole": False, "start": None, "length": 0}

        async def received() -> Message:
            message = await receive()
            if ours and message["type"] == "http.request":
                body.extend(message.get("body", b""))
                seen["whole"] = not message.get("more_body")
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["start"] = message
            else:
                seen["length"] += len(message.get("body", b""))
                if seen["length"] <= LONGEST:
                    answer.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, received, sent)
        try:
            if ours and seen["whole"]:
                check_request(scope["method"], scope["path"], headers.get("content-type", ""), bytes(body))
            if seen["start"] is not None:
                whole = bytes(answer) if seen["length"] <= LONGEST else None
                _check_answer(scope, seen["start"], whole)
        except DeviationError as error:
            self._wrong.append(str(error))


def _check_answer(scope: Scope, start: Message, content: bytes | None) -> None:
    headers = Headers(raw=start["headers"])
    if content and headers.get("content-encoding") == "gzip":
        content = gzip.decompress(content)
    kind = headers.get("content-type", "")
    check_answer(scope["method"], scope["path"], start["status"], kind, content)


@contextmanager
def doors() -> Iterator[list[str]]:
    """Put a door before each hub that is started while the block runs.

    Yields:
        What was wrong.
    """
    wrong: list[str] = []
    build = hub.build_app
    hub.build_app = lambda *args, **how: Door(build(*args, **how), wrong)  # type: ignore[assignment, return-value]
    try:
        yield wrong
    finally:
        hub.build_app = build


def complain(wrong: list[str]) -> None:
    """Raise what was wrong, once.

    Raises:
        DeviationError: Something was.
    """
    if wrong:
        said = "; ".join(dict.fromkeys(wrong))
        wrong.clear()
        raise DeviationError(said)
