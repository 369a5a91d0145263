"""Logging in with a browser: a page that hands tokens to a program on this machine (docs/platform/wire.md, 1.3).

The page needs nothing from elsewhere and no script. Tokens go to loopback addresses only, so that no link to this
page can send them to another machine; a post from another site's page is refused by the guard, which sees its origin.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from localloop.errors import BadRequest, Unauthorized
from localloop.server.auth import LIMIT, log_in
from localloop.server.calls import read_body
from localloop.server.refusals import TooMany

#: Where tokens may go. Nothing of it is left to how a browser reads an address.
_CALLBACK = re.compile(
    r"(http://(?:localhost|127\.0\.0\.1|\[::1\]):([0-9]{1,5}))(?:/[A-Za-z0-9._~/-]{0,200})?"
)

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center;
  background: light-dark(#f4f5f7, #16181d); color: light-dark(#1d2129, #e8eaee); }
main { width: min(22rem, calc(100vw - 4rem)); padding: 2rem; border-radius: 12px;
  background: light-dark(#fff, #20232a); box-shadow: 0 2px 16px rgb(0 0 0 / .12); }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; }
p { margin: 0 0 1.25rem; color: light-dark(#555d6b, #a5acba); font-size: .9rem; }
p.error { color: light-dark(#b3261e, #ffb4ab); }
label { display: block; font-size: .9rem; margin-bottom: 1rem; }
input { box-sizing: border-box; width: 100%; font: inherit; margin-top: .25rem; padding: .5rem .75rem;
  border: 1px solid light-dark(#b9c0cc, #4a505c); border-radius: 8px; background: transparent; color: inherit; }
button { width: 100%; font: inherit; font-weight: 600; padding: .6rem; border: 0; border-radius: 8px;
  background: #2557d6; color: #fff; cursor: pointer; }
input:focus-visible, button:focus-visible { outline: 3px solid #7aa2ff; outline-offset: 1px; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in · LocalLoop</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Log in</h1>
<p>A program on this machine, at {place}, asks for access to the store that is served here.</p>
{message}<form method="post" action="login">
<input type="hidden" name="callback" value="{callback}">
<label>E-mail
<input type="email" name="email" value="{email}" autocomplete="username" required{focus_email}>
</label>
<label>Password
<input type="password" name="password" autocomplete="current-password" required{focus_password}>
</label>
<button type="submit">Log in</button>
</form>
</main>
</body>
</html>
"""

_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()


async def show(request: Request) -> Response:
    """``GET {gate}/login?callback=http://localhost:PORT``: the page."""
    return _page(callback_of(request.query_params.get("callback", "")))


async def take(request: Request) -> Response:
    """``POST {gate}/login``: back to the program with tokens, or the page again with what is wrong."""
    body = await read_body(request, LIMIT)
    fields = body if isinstance(body, dict) else {}
    callback = callback_of(str(fields.get("callback", "")))
    email, password = str(fields.get("email", "")).strip(), str(fields.get("password", ""))
    try:
        tokens = await log_in(request, email, password)
    except Unauthorized:
        return _page(
            callback, status=401, email=email, message="That e-mail and password do not fit together."
        )
    except TooMany as error:
        page = _page(callback, status=429, email=email, message=error.message)
        page.headers["Retry-After"] = str(error.retry_after)
        return page
    target = callback if callback.count("/") > 2 else f"{callback}/"
    names = ("id_token", "access_token", "refresh_token")
    query = urlencode({name: tokens[name] for name in names})
    return RedirectResponse(f"{target}?{query}", status_code=303, headers=_headers(callback))


def callback_of(said: str) -> str:
    """The address that tokens go to.

    Raises:
        BadRequest: It is not one on this machine.
    """
    found = _CALLBACK.fullmatch(said)
    if found is None or not 0 < int(found[2]) < 65536:
        raise BadRequest("400", "The callback of a log-in is an address like http://localhost:3001.")
    return said


def _headers(callback: str) -> dict[str, str]:
    """What keeps the page to itself. A browser follows the redirect only to where its form may go."""
    found = _CALLBACK.fullmatch(callback)
    assert found is not None
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' {found[1]}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        # A browser that sends no referrer to anybody sends no origin with a form either, and is refused.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _page(callback: str, *, status: int = 200, email: str = "", message: str = "") -> HTMLResponse:
    found = _CALLBACK.fullmatch(callback)
    assert found is not None
    content = _PAGE.format(
        style=_STYLE,
        place=escape(found[1].removeprefix("http://")),
        callback=escape(callback),
        email=escape(email),
        message=f'<p class="error" role="alert">{escape(message)}</p>\n' if message else "",
        focus_email="" if email else " autofocus",
        focus_password=" autofocus" if email else "",
    )
    return HTMLResponse(content, status_code=status, headers=_headers(callback))


#: On the gate itself, not under the API base.
GATE_ROUTES = [Route("/login", show, methods=["GET"]), Route("/login", take, methods=["POST"])]
