"""Logging in and out (docs/platform/wire.md, 1.3). A log-in that fails changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from localloop.platform.credentials import Credentials, CredentialStore
from localloop.platform.faults import LOG_IN, decoded
from localloop.platform.session import API, post_token
from localloop.platform.tokens import Token
from localloop.platform.transport import Transport
from localloop_sync.errors import AuthError, PermanentError
from localloop_sync.ports import Account


def login_m2m(transport: Transport, store: CredentialStore, email: str, password: str) -> Account:
    """Log in with e-mail and password; the password is sent and forgotten.

    Args:
        transport: The way to the gate.
        store: Where the tokens go.
        email: The e-mail.
        password: The password.

    Returns:
        Who is now logged in.

    Raises:
        AuthError: The platform refused.
        TransientError: There was no proper reply.
    """
    asking = {"username": email, "password": password, "type": "user_credentials"}
    reply = post_token(transport, asking)
    return _keep(transport, store, email, reply["id_token"], reply.get("refresh_token"))


def login_api_key(
    transport: Transport, store: CredentialStore, key: str, fits: Callable[[str], None] = lambda _: None
) -> Account:
    """Log in with an API key, once the platform has accepted it.

    Args:
        transport: The way to the gate.
        store: Where the key goes.
        key: The key: a JWT.
        fits: Called with the account before anything is kept; what it raises ends the log-in.

    Returns:
        Who is now logged in.

    Raises:
        AuthError: It is not a key, it has expired, or the platform refused it.
        TransientError: There was no proper reply.
    """
    token, email = _confirmed(transport, key, "an API key")
    fits(email)
    return _keep(transport, store, email, token.text, None)


def login_tokens(
    transport: Transport,
    store: CredentialStore,
    id_token: str,
    refresh_token: str,
    fits: Callable[[str], None] = lambda _: None,
) -> Account:
    """Keep tokens that a browser brought, once the platform has accepted them.

    Args:
        transport: The way to the gate.
        store: Where the tokens go.
        id_token: The bearer token.
        refresh_token: What renews it.
        fits: Called with the account before anything is kept; what it raises ends the log-in.

    Returns:
        Who is now logged in.

    Raises:
        AuthError: It is no token that is valid, or the platform refused it.
        TransientError: There was no proper reply.
    """
    token, email = _confirmed(transport, id_token, "a token")
    fits(email)
    return _keep(transport, store, email, token.text, refresh_token)


def _confirmed(transport: Transport, text: str, what: str) -> tuple[Token, str]:
    """A token, and whose it is, once the platform has accepted it."""
    token = Token.read(text)
    if token is None or token.expired(transport.now()):
        raise AuthError(f"This is not {what} that is still valid.", advice=LOG_IN)
    bearer = {"Authorization": f"Bearer {token.text}"}
    try:
        reply = decoded(transport.send("GET", f"{API}/users/me", headers=bearer))
    except PermanentError as error:
        raise AuthError(error.message, status=error.status, advice=LOG_IN) from None
    told = reply.get("email") if isinstance(reply, dict) else None
    email = token.email or (told if isinstance(told, str) else "")
    if not email:
        raise AuthError(f"The platform does not say whose {what.partition(' ')[2]} this is.", advice=LOG_IN)
    return token, email


def logout(store: CredentialStore, gate: str, email: str | None = None) -> bool:
    """Forget an account's tokens; the platform is not asked.

    Args:
        store: Where the tokens are.
        gate: The gate.
        email: The account; the current one when left out.

    Returns:
        Whether anybody was logged in.
    """
    with store.lock():
        return store.delete(gate, email)


def _keep(
    transport: Transport, store: CredentialStore, email: str, token: str, refresh: str | None
) -> Account:
    with store.lock():
        store.save(Credentials(transport.gate, email, token.strip(), refresh))
    return Account(transport.gate, email)
