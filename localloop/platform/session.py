"""Requests to the platform's API in the name of an account."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import requests

from localloop.platform.credentials import Credentials, CredentialStore
from localloop.platform.faults import LOG_IN, decoded
from localloop.platform.tokens import Token
from localloop.platform.transport import OpenBody, Transport
from localloop_sync.errors import AuthError, PermanentError, RemoteError, TransientError

#: Where the API is below the gate.
API = "/api/v1"

#: After a refresh ahead of time failed, the token in hand is used this many seconds before the next attempt.
_PAUSE = 30.0


def post_token(transport: Transport, body: Mapping[str, str]) -> dict[str, Any]:
    """Ask the gate for a token (docs/platform/wire.md, 1.3 and 1.4).

    Args:
        transport: The way to the gate.
        body: What proves who is asking.

    Returns:
        The reply, with an ``id_token`` that is a JWT.

    Raises:
        AuthError: The gate refused.
        TransientError: There was no proper reply.
    """
    try:
        # The query is the bare word: requests would write "default=".
        reply = decoded(transport.send("POST", "/token?default", json=dict(body)))
    except PermanentError as error:
        raise AuthError(error.message, status=error.status, advice=LOG_IN) from None
    text = reply.get("id_token") if isinstance(reply, dict) else None
    if not isinstance(text, str) or Token.read(text) is None:
        raise TransientError(f"{transport.gate} answered without a token.")
    return dict(reply)


class PlatformSession:
    """A logged-in connection to one gate; thread-safe, and safe beside other processes of the same account.

    Args:
        transport: The way to the gate.
        store: Where the account's credentials are.
        email: The account; the one that logged in last when left out.
    """

    def __init__(self, transport: Transport, store: CredentialStore, *, email: str | None = None) -> None:
        self._transport = transport
        self._store = store
        self._email = email
        self._token: Token | None = None
        self._renewal = threading.Lock()
        self._pause_until = 0.0

    def __repr__(self) -> str:
        """The gate and the account; never a token."""
        return f"{type(self).__name__}({self.gate!r}, email={self._email!r})"

    @property
    def request_count(self) -> int:
        """How many requests were sent so far, refused ones and those for tokens included."""
        return self._transport.request_count

    @property
    def announced(self) -> str:
        """Where the last answer said that additions to the platform's API are described; empty when nowhere."""
        return self._transport.announced

    @property
    def told(self) -> str:
        """The time at the platform, as its last answer told it; empty when it told none."""
        return self._transport.told

    @property
    def gate(self) -> str:
        """The platform's root URL."""
        return self._transport.gate

    @property
    def email(self) -> str:
        """The account's e-mail, as its token says, or as it logged in.

        Raises:
            AuthError: Nobody is logged in.
        """
        return self._current().email or self._load().email

    def request(
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
        """Send one request with the bearer; a refused one is renewed once.

        Args:
            method: The HTTP method.
            path: The path below the API's root, with its leading slash.
            json: A body to send as JSON.
            data: A body to send as a form.
            body: Opens a body with a ``content_type`` of its own, afresh for each attempt.
            params: The query.
            headers: Further headers.
            stream: Whether the caller reads the body bit by bit.

        Returns:
            A successful reply.

        Raises:
            RemoteError: Anything else.
        """

        def attempt(token: Token) -> requests.Response:
            bearer = {"Authorization": f"Bearer {token.text}"}
            return self._transport.send(
                method,
                API + path,
                json=json,
                data=data,
                body=body,
                params=params,
                headers={**(headers or {}), **bearer},
                stream=stream,
            )

        token = self._fresh()
        try:
            return attempt(token)
        except AuthError:
            # A 401 is refused before anything is applied, so the request may be sent again.
            return attempt(self._renew(refused=token))

    def json(self, method: str, path: str, **how: Any) -> Any:
        """Send one request and decode the reply.

        Args:
            method: The HTTP method.
            path: The path below the API's root.
            **how: As for :meth:`request`.

        Returns:
            The reply's JSON; None for an empty body.

        Raises:
            RemoteError: The request was refused, or the reply is not JSON.
        """
        return decoded(self.request(method, path, **how))

    def moving(self, number: int) -> None:
        """So many bytes of a content are about to be sent, or were just fetched: wait as the limit says.

        Args:
            number: How many.
        """
        self._transport.moving(number)

    def break_off(self) -> None:
        """Break all connections, also those that other threads wait for, and make none any more."""
        self._transport.break_off()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _load(self) -> Credentials:
        credentials = self._store.load(self.gate, self._email)
        if credentials is None:
            who, named = "Nobody is", ""
            if self._email:
                who, named = f"{self._email} is not", f" --email {self._email}"
            raise AuthError(
                f"{who} logged in at {self.gate}.",
                advice=f"Log in: `localloop login --gate {self.gate}{named}`.",
            )
        return credentials

    def _current(self) -> Token:
        """The token in hand, or the stored one. From then on the account is fixed, whoever else logs in."""
        if self._token is None:
            credentials = self._load()
            self._email, self._token = credentials.email, self._stored(credentials)
        return self._token

    def _stored(self, credentials: Credentials) -> Token:
        token = Token.read(credentials.token)
        if token is None:
            raise AuthError(f"The stored token of {credentials.email} is not a token.", advice=LOG_IN)
        return token

    def _fresh(self) -> Token:
        """A token that the platform will take for some time yet."""
        token, now = self._current(), self._transport.now()
        if not token.stale(now) or (now < self._pause_until and not token.expired(now)):
            return token
        try:
            return self._renew(refused=None)
        except RemoteError:
            # Being offline, or a refusal, throws no token away: the one in hand is good until it ends.
            if token.expired(self._transport.now()):
                raise
            self._pause_until = now + _PAUSE
            return token

    def _renew(self, *, refused: Token | None) -> Token:
        """A new token: one call at a time, over all threads and processes of the account.

        Whoever comes second finds the token that the first one stored, and asks for none.
        """
        with self._renewal, self._store.lock():
            credentials = self._load()
            stored = self._stored(credentials)
            refused_text = refused.text if refused else None
            if stored.text != refused_text and not stored.stale(self._transport.now()):
                self._token = stored
                return stored
            if not credentials.refresh_token:
                # An API key cannot be renewed; until it ends it may still be good.
                if refused is None and not stored.expired(self._transport.now()):
                    self._token = stored
                    return stored
                raise AuthError(f"The token of {credentials.email} is no longer accepted.", advice=LOG_IN)
            asking = {"type": "refresh_token", "refresh_token": credentials.refresh_token}
            text = post_token(self._transport, asking)["id_token"]
            self._store.save(
                Credentials(credentials.gate, credentials.email, text, credentials.refresh_token),
                current=False,
            )
            self._token = self._stored(self._load())
            return self._token
