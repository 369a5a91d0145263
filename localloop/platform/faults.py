"""The border: what can happen to a request, as errors of :mod:`localloop_sync.errors`.

This is the only place that knows the exceptions of requests and urllib3. No message is made from theirs,
because theirs may quote a header, and a header holds the token.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as low

from localloop_sync.errors import (
    AuthError,
    OfflineError,
    PermanentError,
    RemoteError,
    RemoteNotFoundError,
    ThrottledError,
    TransientError,
)

#: What to do about a refused token.
LOG_IN = "Log in again with `localloop login`."

#: What to do about a certificate that nobody vouches for.
TRUST = (
    "Check the network and the clock. A certificate that the server's people made themselves is trusted when "
    "$REQUESTS_CA_BUNDLE names a file of it: get it from them, not from the server."
)

#: What to do about a server that does not speak TLS as it was asked to.
ENCRYPTION = "Check the gate: it may be http:// rather than https://, or another port."

#: How OpenSSL calls an answer that is not TLS.
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"})

#: Statuses that a middlebox (captive portal, company proxy) likes to answer with a page of its own. Believing
#: such a 404 would mean believing a deletion.
_OFTEN_FORGED = frozenset({401, 403, 404, 410, 451})

_NOTHING_SENT = (low.NewConnectionError, low.ConnectTimeoutError, low.ProxyError)


@contextmanager
def border(url: str) -> Iterator[None]:
    """Turn what requests and urllib3 raise inside the block into the project's errors.

    Args:
        url: Where the request goes; only its host is quoted.

    Yields:
        Nothing.

    Raises:
        OfflineError: No connection could be made, so nothing was sent.
        TransientError: The connection broke, or took too long.
        PermanentError: The request could not even be put together.
    """
    try:
        yield
    except (requests.RequestException, low.HTTPError, ValueError) as error:
        # A bare ValueError comes from taking apart an address, also that of a redirect.
        raise _translated(error, _host(url)) from None


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "the platform"
    except ValueError:
        return "the platform"


def _translated(error: Exception, host: str) -> RemoteError:
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return OfflineError(f"The certificate of {host} is not trusted{_doubt(causes)}.", advice=TRUST)
    if isinstance(error, requests.ConnectTimeout) or any(isinstance(c, _NOTHING_SENT) for c in causes):
        return OfflineError(f"There is no connection to {host}.")
    if isinstance(error, requests.Timeout) or any(isinstance(c, low.TimeoutError) for c in causes):
        return TransientError(f"{host} took too long to answer.")
    if isinstance(error, ValueError | requests.TooManyRedirects | requests.exceptions.InvalidJSONError):
        return PermanentError(f"The request to {host} is not valid ({type(error).__name__}).")
    advice = ENCRYPTION if any(getattr(cause, "reason", None) in _NOT_TLS for cause in causes) else ""
    return TransientError(f"The connection to {host} broke ({type(error).__name__}).", advice=advice)


def _doubt(causes: list[BaseException]) -> str:
    """Why a certificate is not trusted, in the words of the TLS library, which know no secrets."""
    for cause in causes:
        said = getattr(cause, "verify_message", "")  # one that no handshake raised has none
        if isinstance(said, str) and said:
            return f" ({said.rstrip('.')})"
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and what it wraps: requests and urllib3 keep that in ``args`` and ``reason``.

    Not ``__context__``: that may be an earlier failure which the caller is just handling.
    """
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += [*one.args, getattr(one, "reason", None), one.__cause__]


def refusal(response: requests.Response, now: Callable[[], float]) -> RemoteError | None:
    """What a reply's status means.

    Args:
        response: The reply.
        now: The time in seconds since the epoch, for a ``Retry-After`` that names an instant.

    Returns:
        The error to raise, or None for a success.
    """
    status = response.status_code
    if 200 <= status < 300:
        return None
    message = _message(response)
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        return ThrottledError(message, status=status, retry_after=_retry_after(response, now))
    forged = status in _OFTEN_FORGED and is_page(response)
    if forged or status < 400 or status in {407, 408} or status >= 500:
        return TransientError(message, status=status)
    if status == 401:
        return AuthError(message, status=status, advice=LOG_IN)
    return (RemoteNotFoundError if status == 404 else PermanentError)(message, status=status)


def is_page(response: requests.Response) -> bool:
    """Whether a reply is a page for people, which the platform's API never sends.

    Args:
        response: The reply.

    Returns:
        True for HTML.
    """
    return "html" in response.headers.get("Content-Type", "").lower()


def decoded(response: requests.Response) -> Any:
    """The JSON of a successful reply.

    Args:
        response: The reply.

    Returns:
        The value; None for an empty body.

    Raises:
        TransientError: The body is not JSON: a page of a proxy, or cut off.
    """
    content = response.content
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        what = "a page" if is_page(response) else "something that is not JSON"
        raise TransientError(
            f"{_host(response.url)} answered {response.status_code} with {what}.",
            status=response.status_code,
        ) from None


def _message(response: requests.Response) -> str:
    """The platform's own words where it has some (docs/platform/wire.md, 1.6)."""
    host = _host(response.url)
    fallback = f"{host} answered {response.status_code} {response.reason or ''}".strip() + "."
    if 300 <= response.status_code < 400:
        return f"{host} answered {response.status_code}, a redirect to {response.headers.get('Location')}."
    if is_page(response):
        return f"Something on the way to {host} answered {response.status_code} with a page."
    try:
        body = json.loads(response.content)
    except ValueError:
        return fallback
    message = body.get("message") if isinstance(body, dict) else None
    return message if isinstance(message, str) and message else fallback


def _retry_after(response: requests.Response, now: Callable[[], float]) -> float | None:
    """``Retry-After`` in seconds; an instant is relative to the server's own clock where it tells it."""
    value = response.headers.get("Retry-After", "").strip()
    if value.replace(".", "", 1).isdecimal():
        return float(value)
    until, there = _instant(value), _instant(response.headers.get("Date", ""))
    return None if until is None else max(0.0, until - (now() if there is None else there))


def _instant(text: str) -> float | None:
    """An HTTP date in seconds since the epoch; one that names no zone is in UTC, not in this machine's."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
