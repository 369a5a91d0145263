"""Logging in, and who one is (docs/platform/wire.md, 1.3 and 1.4)."""

from __future__ import annotations

from functools import partial
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localloop.errors import BadRequest, Forbidden, NotFound, Unauthorized
from localloop.server.accounts_file import ApiKey
from localloop.server.calls import Call, read_body, route
from localloop.server.context import Context
from localloop.server.shapes import TEXT, Shape

API_KEY: Shape = {"userId": TEXT, "description": TEXT}

#: The largest log-in request, in bytes; it comes from anybody.
LIMIT = 64 << 10


async def token(request: Request) -> Response:
    """``POST {gate}/token?default``: tokens for a password or for a refresh token."""
    context: Context = request.app.state.context
    body = await read_body(request, LIMIT)
    if not isinstance(body, dict):
        raise BadRequest("400", "The body must be a JSON object.")
    kind = body.get("type", "user_credentials")
    if kind == "user_credentials":
        tokens = await log_in(request, _text(body, "username"), _text(body, "password"))
    elif kind == "refresh_token":
        work = partial(context.accounts.refresh, _text(body, "refresh_token"))
        tokens = await to_thread.run_sync(work, limiter=context.hashers)
    else:
        raise BadRequest("400", "The type of a log-in is user_credentials or refresh_token.")
    return JSONResponse(tokens, headers={"Cache-Control": "no-store"})


async def log_in(request: Request, email: str, password: str) -> dict[str, str]:
    """Tokens for who knows the password.

    Raises:
        Unauthorized: This is not it.
        TooMany: Too many tries have failed.
    """
    context: Context = request.app.state.context
    address = request.client.host if request.client else ""

    def work() -> dict[str, str]:
        context.limits.log_in(email, address)
        try:
            return context.accounts.log_in(email, password)
        except Unauthorized:
            context.limits.log_in_failed(email, address)
            raise

    return await to_thread.run_sync(work, limiter=context.hashers)


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise BadRequest("400", f"A log-in needs the text {key!r}.")
    return value


def me(call: Call) -> Any:
    """``GET /users/me``."""
    with call.reading() as (_connection, wire):
        return wire.user(call.user, "owner")


def api_key(call: Call) -> Any:
    """``POST /apikeys``: a key that is valid for a year; it is shown this once."""
    body = call.object(API_KEY)
    wanted = str(body.get("userId") or call.user)
    if wanted.casefold() != call.user.casefold():
        raise Forbidden("403", "An API key can be made for oneself only.")
    key, jwt = call.context.accounts.api_key(call.user, str(body.get("description") or ""))
    return {"jwt": jwt, "key": _shown(call, key)}


def api_keys(call: Call) -> Any:
    """``GET /apikeys``: the caller's own."""
    return [_shown(call, key) for key in call.context.accounts.api_keys(call.user)]


def get_key(call: Call) -> Any:
    """``GET /apikeys/{id}``."""
    for key in call.context.accounts.api_keys(call.user):
        if key.id == call.path["id"]:
            return _shown(call, key)
    raise NotFound("404", f"API key not found. Id: {call.path['id']!r}")


def revoke_key(call: Call) -> None:
    """``DELETE /apikeys/{id}``: refused from then on."""
    call.context.accounts.revoke_key(call.user, call.path["id"])


def _shown(call: Call, key: ApiKey) -> dict[str, Any]:
    """A key as the platform declares it; times are numbers there, of milliseconds."""
    return {
        "id": key.id,
        "url": f"{call.api}/apikeys/{key.id}",
        "createdAt": key.created * 1000,
        "updatedAt": key.created * 1000,
        "creator": key.user,
        "description": key.description,
        "expiresAt": key.expires * 1000,
        "type": "user",
        "userId": key.user,
    }


#: On the gate itself, not under the API base.
GATE_ROUTES = [Route("/token", token, methods=["POST"])]

ROUTES = [
    route("/users/me", "GET", me),
    *(
        route(f"/{name}{path}", method, handler)
        # The client writes the first, the platform declares the second.
        for name in ("apiKeys", "apikeys")
        for path, method, handler in (
            ("", "POST", api_key),
            ("", "GET", api_keys),
            ("/{id}", "GET", get_key),
            ("/{id}", "DELETE", revoke_key),
        )
    ),
]
