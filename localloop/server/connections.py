"""Connections: encrypted or not, and for how long one may hold a place without asking for anything."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from localloop.errors import BadRequest

#: How long the head of a request may take to arrive, in seconds.
HEAD_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Tls:
    """What connections are encrypted with.

    Attributes:
        certificate: The certificate in PEM, with those that vouch for it after it.
        key: Its private key in PEM, without a password.
    """

    certificate: Path
    key: Path

    def check(self) -> None:
        """See that both can be used, before anything is bound.

        Raises:
            BadRequest: They cannot be read, or do not belong together.
        """

        def no_password() -> str:
            raise BadRequest("400", f"The key {self.key} has a password; only one without can be used.")

        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                self.certificate, self.key, password=no_password
            )
        except (OSError, ssl.SSLError) as error:
            raise BadRequest(
                "400",
                f"The certificate {self.certificate} and the key {self.key} cannot be used together: "
                f"{error.strerror or error}.",
            ) from error


class Patient(H11Protocol):
    """A connection that is closed when the head of a request does not come in time.

    Whoever opens connections and says nothing, or a byte now and then, would else keep others out. Bodies are
    bounded in the guard. Nothing bounds how slowly an answer may be read.
    """

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; what is not yet the head of a request does not begin the wait anew."""
        super().data_received(data)
        if self._idle():
            self._wait()
        else:
            self._stop()

    def _idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_PATIENCE, self._give_up)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if self._idle() and not self.transport.is_closing():
            self.transport.close()
