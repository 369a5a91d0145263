"""Logging in, and who one is (docs/platform/wire.md, 1.3 and 1.4)."""

from __future__ import annotations

from functools import partial
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localloop.errors import BadRequest, Forbidden
from localloop.server.calls import Call, read_body, route
from localloop.server.context import Context

#: The largest log-in request, in bytes; it comes from anybody.
_LIMIT = 64 << 10


async def token(request: Request) -> Response:
    """``POST {gate}/token?default``: tokens for a password or for a refresh token."""
    context: Context = request.app.state.context
    body = await read_body(request, _LIMIT)
    if not isinstance(body, dict):
        raise BadRequest("400", "The body must be a JSON object.")
    kind = body.get("type", "user_credentials")
    if kind == "user_credentials":
        work = partial(context.accounts.log_in, _text(body, "username"), _text(body, "password"))
    elif kind == "refresh_token":
        work = partial(context.accounts.refresh, _text(body, "refresh_token"))
    else:
        raise BadRequest("400", "The type of a log-in is user_credentials or refresh_token.")
    return JSONResponse(
        await to_thread.run_sync(work, limiter=context.hashers), headers={"Cache-Control": "no-store"}
    )


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
    """``POST /apiKeys``: a key that is valid for a year; it is shown this once."""
    body = call.object()
    wanted = str(body.get("userId") or call.user)
    if wanted.casefold() != call.user.casefold():
        raise Forbidden("403", "An API key can be made for oneself only.")
    key_id, jwt = call.context.accounts.api_key(call.user)
    key = {
        "id": key_id,
        "creator": call.user,
        "description": str(body.get("description") or ""),
        "type": "user",
        "userId": call.user,
    }
    return {"jwt": jwt, "key": key}


#: On the gate itself, not under the API base.
GATE_ROUTES = [Route("/token", token, methods=["POST"])]

ROUTES = [
    route("/users/me", "GET", me),
    route("/apiKeys", "POST", api_key),
    route("/apikeys", "POST", api_key),
]
