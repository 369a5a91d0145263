"""Logging in and out, and syncing.

Working offline needs no log-in. A store that is connected to no platform never needs one, so that a script which
begins with ``if dl.token_expired(): dl.login()`` runs there without a connection.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from functools import partial
from getpass import getpass
from typing import TYPE_CHECKING, Any

from localloop import config
from localloop.errors import AuthError, BadRequest, OfflineError
from localloop.owner import Owner
from localloop.sdk.context import current
from localloop.sdk.shape import gate_of
from localloop.store import Store
from localloop_schema.kinds import EntityKind
from localloop_sync.ports import Account

if TYPE_CHECKING:
    from localloop.platform.credentials import CredentialStore
    from localloop_sync.report import SyncReport

#: The gate that :func:`setenv` chose.
_environment: str | None = None

_OFFLINE = "Go on working offline, and log in before `localloop sync`."


def login(
    audience: str | None = None,
    auth0_url: str | None = None,
    client_id: str | None = None,
    callback_port: int | None = None,
    gate: str | None = None,
) -> bool:
    """Log in at the platform's page in a browser; where none can be shown, at the terminal.

    A store that is connected to no platform needs no log-in: True at once.

    Args:
        audience: Not used; scripts pass it.
        auth0_url: Not used; scripts pass it.
        client_id: Not used; scripts pass it.
        callback_port: The port of this machine that the browser comes back to; 0 for any free one. When it is given,
            the page's address is printed where no browser can be shown.
        gate: The platform's root URL; the store's own when left out.

    Returns:
        True.

    Raises:
        AuthError: Nobody logged in, there is no terminal to ask at, or the platform refused.
        BadRequest: The port is taken.
        OfflineError: The platform cannot be reached.
        OtherAccountHalt: The store belongs to another account.
    """
    del audience, auth0_url, client_id
    if gate is None and not _connected(current()):
        return True
    if callback_port is not None or config.has_display():
        return _in_a_browser(_gate(gate), callback_port)
    if not (sys.stdin and sys.stdin.isatty()):
        raise AuthError(
            "There is no browser and no terminal to log in at.",
            advice="Use dl.login_m2m(email, password) or dl.login_api_key(api_key).",
        )
    sys.stderr.write("E-mail: ")
    sys.stderr.flush()
    email = sys.stdin.readline().strip()
    return login_m2m(email, getpass("Password: "), gate=gate)


def _in_a_browser(gate: str, port: int | None) -> bool:
    from localloop.platform.auth import login_tokens  # noqa: PLC0415 - only a log-in pays for HTTP
    from localloop.platform.browser import PORT, Callback, show  # noqa: PLC0415 - the same
    from localloop.platform.way import transport_to  # noqa: PLC0415 - the same

    store = current()
    with closing(transport_to(gate)) as transport:
        with Callback(PORT if port is None else port) as callback:
            page = callback.page_of(transport.gate)
            if not show(page):
                sys.stderr.write(f"Open this in a browser on this machine, and log in there: {page}\n")
                sys.stderr.flush()
            tokens = callback.wait()

        fits = partial(_refuse_other, store, gate)
        account = login_tokens(transport, _credentials(), tokens["id_token"], tokens["refresh_token"], fits)
    _remember(store, account.gate, account.email)
    return True


def login_m2m(
    email: str,
    password: str,
    client_id: str | None = None,
    client_secret: str | None = None,
    force: bool = False,
    gate: str | None = None,
) -> bool:
    """Log in with e-mail and password. The password is sent and forgotten.

    When the platform cannot be reached, a log-in of the same account that is stored already is kept.

    Args:
        email: The e-mail.
        password: The password.
        client_id: Not used; scripts pass it.
        client_secret: Not used; scripts pass it.
        force: Whether to ask the platform even when this account is logged in.
        gate: The platform's root URL; the store's own when left out.

    Returns:
        True.

    Raises:
        AuthError: The platform refused; a log-in that is stored stays.
        OfflineError: The platform cannot be reached, and no log-in of this account is stored.
        OtherAccountHalt: The store belongs to another account.
    """
    del client_id, client_secret
    from localloop.platform.auth import login_m2m as ask  # noqa: PLC0415 - only a log-in pays for HTTP
    from localloop.platform.way import transport_to  # noqa: PLC0415 - the same

    store, target = current(), _gate(gate)
    _refuse_other(store, target, email)
    credentials = _credentials()
    if not force and _valid(credentials, target, email):
        _remember(store, target, email)
        return True
    with closing(transport_to(target)) as transport:
        try:
            email = ask(transport, credentials, email, password).email
        except OfflineError as error:
            if credentials.load(target, email) is None:
                raise OfflineError(error.message, advice=_OFFLINE) from error
    _remember(store, target, email)
    return True


def login_api_key(api_key: str, gate: str | None = None) -> bool:
    """Log in with an API key.

    Args:
        api_key: The key.
        gate: The platform's root URL; the store's own when left out.

    Returns:
        True.

    Raises:
        AuthError: The platform refused; a log-in that is stored stays.
        OfflineError: The platform cannot be reached, and this key is not stored yet.
        OtherAccountHalt: The store belongs to another account.
    """
    from localloop.platform.auth import login_api_key as ask  # noqa: PLC0415 - only a log-in pays for HTTP
    from localloop.platform.way import transport_to  # noqa: PLC0415 - the same

    store, target = current(), _gate(gate)
    credentials = _credentials()
    with closing(transport_to(target)) as transport:
        try:
            email = ask(transport, credentials, api_key, partial(_refuse_other, store, target)).email
        except OfflineError as error:
            stored = credentials.load(target, Owner.of(store.settings()).account_at(target))
            if stored is None or stored.token != api_key.strip():
                raise OfflineError(error.message, advice=_OFFLINE) from error
            email = stored.email
    _remember(store, target, email)
    return True


def logout(gate: str | None = None) -> bool:
    """Forget the tokens of the store's account; the platform is not asked. Work in the store goes on.

    Args:
        gate: The platform's root URL; the store's own when left out.

    Returns:
        True.
    """
    from localloop.platform.auth import logout as forget  # noqa: PLC0415 - only a log-out pays for HTTP

    target = _gate(gate)
    forget(_credentials(), target, Owner.of(current().settings()).account_at(target))
    return True


def token_expired(t: float = 60) -> bool:
    """Whether a log-in is needed before the next sync. Nothing is asked but the stored token itself.

    Args:
        t: How many seconds before its end a token counts as expired.

    Returns:
        False for a store that is connected to no platform. A token that can be renewed is not expired.
    """
    store = current()
    if not _connected(store):
        return False
    gate = _gate(None)
    return not _valid(_credentials(), gate, Owner.of(store.settings()).account_at(gate), margin=t)


def info(with_token: bool = True) -> dict[str, Any]:
    """Who works where.

    Args:
        with_token: Whether to say when the token ends; the token itself is never shown.
    """
    store = current()
    settings = store.settings()
    facts: dict[str, Any] = {
        "store": str(store.path),
        "environment": f"{_gate(None)}/api/v1" if _connected(store) else None,
        "user_email": settings.get("account") or settings.get("author"),
    }
    if with_token:
        facts["token_expired"] = token_expired()
    return facts


def setenv(env: str) -> None:
    """Choose the platform that a log-in of this process is at, for stores that belong to none yet.

    A store that was synced, or logged in, stays with its platform, whatever a script says.

    Args:
        env: ``prod`` for the hosted platform, or the root URL of another or of a hub.

    Raises:
        BadRequest: It is neither.
    """
    global _environment  # noqa: PLW0603 - what dtlpy calls its environment is one for the process
    from localloop.platform.transport import normal_gate  # noqa: PLC0415 - only those who name one pay for it

    if env == "prod":
        _environment = config.PLATFORM_GATE
    elif env.startswith(("http://", "https://")):
        _environment = normal_gate(env.removesuffix("/").removesuffix("/api/v1"))
    else:
        raise BadRequest(
            "400",
            f"There is no environment {env!r}.",
            advice="Name 'prod', or the root URL of a platform or a hub.",
        )


def checkout_state() -> dict[str, Any]:
    """What is checked out: ``project`` and ``dataset``, each with its id and name, where there is one."""
    store = current()
    settings = store.settings()
    found: dict[str, Any] = {}
    for name, kind in (("project", EntityKind.PROJECT), ("dataset", EntityKind.DATASET)):
        row = (
            store.get(kind, settings[f"checked_out_{name}"]) if settings.get(f"checked_out_{name}") else None
        )
        if row is not None:
            found[name] = {"id": row["id"], "name": row["name"]}
    return found


def sync(*, dry_run: bool = False, allow_deletions: bool = False, push: bool = True) -> SyncReport:
    """Reconcile the store with its platform.

    Args:
        dry_run: Whether to find out only what would be sent.
        allow_deletions: Whether to delete what the last sync halted at. What it did not list halts again.
        push: Whether to send what changed here.

    Returns:
        What was done and what is left.

    Raises:
        AuthError: Nobody is logged in.
        Halt: Going on would do damage.
        LockedError: Another process is syncing this store.
        RemoteError: The platform cannot be reached, or refused.
    """
    from localloop.halting import with_agreement  # noqa: PLC0415 - the same
    from localloop.syncing import connected, sync_store  # noqa: PLC0415 - only a sync pays for HTTP
    from localloop_sync.engine import Options  # noqa: PLC0415 - the same

    store = current()
    options = Options(dry_run=dry_run, push=push, workers=config.workers())
    if allow_deletions:
        options = with_agreement(store, options)
    with connected(store, _credentials()) as remote:
        return sync_store(store, remote, options=options)


def _connected(store: Store) -> bool:
    """Whether a platform is meant to be behind this store: it has a gate, or the environment names one."""
    return gate_of(store) is not None or config.gate_is_configured()


def _gate(gate: str | None) -> str:
    from localloop.platform.transport import normal_gate  # noqa: PLC0415 - see above

    return normal_gate(gate or gate_of(current()) or _environment or config.default_gate())


def _refuse_other(store: Store, gate: str, email: str) -> None:
    """A store that was synced belongs to one account; another one's log-in would mix the two."""
    advice = "Choose another store for this account with dl.use(path)."
    Owner.of(store.settings()).refuse_other(gate, email, advice=advice)


def _credentials() -> CredentialStore:
    from localloop.platform.credentials import own_credentials  # noqa: PLC0415 - see above

    return own_credentials()


def _valid(credentials: CredentialStore, gate: str, email: str | None, *, margin: float = 60) -> bool:
    """Whether this account is logged in and will stay so for a while."""
    from localloop.platform.tokens import Token  # noqa: PLC0415 - see above

    stored = credentials.load(gate, email)
    if stored is None:
        return False
    token = Token.read(stored.token)
    return bool(stored.refresh_token) or (token is not None and not token.expired(time.time() + margin))


def _remember(store: Store, gate: str, email: str) -> None:
    """The store knows where it is logged in, and an anonymous author gets a name."""
    from localloop.syncing import adopt  # noqa: PLC0415 - see above

    _refuse_other(store, gate, email)
    adopt(store, Account(gate, email))
