"""Errors as answers: every failure is ``{"status": n, "message": "..."}``, and no traceback gets out.

The platform declares no error body; this is the one its clients read (docs/platform/wire.md, 1.6).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from localloop.errors import BlobMissingError, LocalLoopError, PlatformError
from localloop.server.refusals import TooMany

#: Seconds after which a client may ask again while another process writes for long.
BUSY_RETRY = 1


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a request that failed.

    Args:
        status: The HTTP status.
        message: What is wrong, as one sentence.
        headers: More headers.

    Returns:
        The response.
    """
    return JSONResponse({"status": status, "message": message}, status_code=status, headers=headers)


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in {404, 405} and error.detail in {"Not Found", "Method Not Allowed"}:
        # The router's own words, for what no handler has seen.
        unknown = f"{request.method} {request.url.path} is not served here."
        return failure(error.status_code, unknown, error.headers)
    return failure(error.status_code, str(error.detail), error.headers)


def _of_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, LocalLoopError)
    if isinstance(error, PlatformError):
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        if isinstance(error, TooMany):
            headers = {"Retry-After": str(error.retry_after)}
        return failure(error.status, error.message, headers)
    if isinstance(error, BlobMissingError):
        return failure(404, error.message)
    raise error


def _of_database(_request: Request, error: Exception) -> Response:
    assert isinstance(error, OperationalError)
    if "locked" not in str(error.orig):
        raise error
    busy = "Another process is writing to the store. Try again."
    return failure(503, busy, {"Retry-After": str(BUSY_RETRY)})


def _of_hang_up(_request: Request, _error: Exception) -> Response:
    """Nobody is left to read this; the work had not begun, since the body never came whole."""
    return failure(400, "The request ended before its body was complete.")


#: For :class:`starlette.applications.Starlette`. What these raise again ends in the guard's 500.
HANDLERS: Mapping[type[Exception] | int, ExceptionHandler] = {
    HTTPException: _of_http,
    LocalLoopError: _of_error,
    OperationalError: _of_database,
    ClientDisconnect: _of_hang_up,
}
