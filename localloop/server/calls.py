"""A request as handlers see it. Handlers are plain functions; what is asynchronous ends here.

A handler runs in a worker thread, after its caller is known and its body has been read whole.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from anyio import to_thread
from sqlalchemy import Connection
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localloop.errors import BadRequest, Forbidden
from localloop.server.access import entity_of
from localloop.server.commands import step
from localloop.server.context import Context
from localloop.server.refusals import TooLarge
from localloop.server.roles import LEAST, Role, least_of
from localloop.server.shapes import Shape, check
from localloop.server.versions import Tag
from localloop.server.wire import Wire
from localloop.store import Store, Transaction
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: Answers shorter than this are not worth compressing.
GZIP_FROM = 1400

#: The last page that can be asked for: SQLite cannot count further than 64 bits.
LAST_PAGE = 10**12

#: How deep a JSON body may be nested. What is deeper no client could show, and much of Python could not walk.
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request.

    Attributes:
        context: What all requests share.
        user: Whose token it carries.
        api: The API base as this caller addressed it.
        path: The path's parameters.
        query: The query string.
        headers: The headers.
        body: The JSON body, or a form as an object; None when there is none.
        least: The least role that may do this, in the project of every entity that the call looks up.
        tag: The version of the entity that the path names; None on a plain server.
    """

    context: Context
    user: str
    api: str
    path: dict[str, Any]
    query: QueryParams
    headers: Headers
    body: Any = None
    least: Role = Role.OWNER
    tag: Tag | None = None
    _judged: list[Role] = field(default_factory=list, repr=False)

    @property
    def store(self) -> Store:
        """What is served."""
        return self.context.store

    @property
    def system(self) -> bool:
        """Whether ``metadata.system`` may be written (docs/platform/wire.md, 4.3)."""
        return self.query.get("system", "").casefold() == "true"

    def object(self, shape: Shape | None = None) -> dict[str, Any]:
        """The body, which must be a JSON object.

        Args:
            shape: What its values must be.

        Raises:
            BadRequest: It is not.
        """
        if not isinstance(self.body, dict):
            raise BadRequest("400", "The body must be a JSON object.")
        if shape is not None:
            check(self.body, shape)
        return self.body

    def flag(self, name: str) -> bool:
        """Whether the body or the query string says true."""
        said = self.body.get(name) if isinstance(self.body, dict) else None
        return said is True or self.query.get(name, "").casefold() == "true"

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, Wire]]:
        """One unchanging view of the store, and how to show it."""
        with self.store.reading() as connection:
            yield connection, self.wire(connection)
            if self.tag is not None:
                self.tag.renew(connection)

    @contextmanager
    def writing(self, action: str) -> Iterator[Transaction]:
        """A transaction of this user; see :meth:`localloop.store.Store.transaction`.

        What is in a read-only or locked dataset cannot be changed in it, and a command that was aborted commits
        nothing.

        Raises:
            Forbidden: Nothing was looked up under the caller's role, so that nobody judged whether they may
                write. Then nothing is written.
        """
        with self.store.transaction(action, author=self.user) as tx:
            tx.guard = self.context.locks.guard(tx.connection)
            yield tx
            if self.tag is not None:
                self.tag.renew(tx.connection)
            step()
            if self.least > Role.ACCOUNT and not any(one >= self.least for one in self._judged):
                raise Forbidden("403", "No role may do this here.")

    def taking(self, action: str) -> Call:
        """The same call, as one for which another row of the table stands (:data:`localloop.server.roles.LEAST`).

        Args:
            action: The row.
        """
        return replace(self, least=LEAST[action])

    def wire(self, connection: Connection) -> Wire:
        """Rows as JSON, for this caller."""
        marks = not self.context.settings.plain
        return Wire(
            connection,
            self.api,
            self.user,
            self.context.accounts.name_of,
            self.context.locks.holder,
            marks=marks,
        )

    def entity(self, connection: Connection, kind: EntityKind, any_id: Any) -> Row:
        """The live row with this id, if the caller's role allows what is asked; see :func:`entity_of`."""
        row = entity_of(connection, self.user, kind, any_id, self.least)
        self._judged.append(self.least)
        return row

    def target(self, tx: Transaction | Connection, kind: EntityKind, name: str = "id") -> Row:
        """The entity that the path names."""
        connection = tx.connection if isinstance(tx, Transaction) else tx
        row = self.entity(connection, kind, self.path[name])
        if self.tag is not None and name == "id":
            self.tag.meet(connection, kind, row["id"])
        return row


Handler = Callable[[Call], Any]


def route(path: str, method: str, handler: Handler) -> Route:
    """A route below the API base. Which role may use it is said by its row in :mod:`localloop.server.roles`.

    Args:
        path: The path after ``/api/v1``.
        method: The HTTP method.
        handler: Returns JSON, or a response. None answers 204.

    Returns:
        The route.
    """

    async def endpoint(request: Request) -> Response:
        context: Context = request.app.state.context
        user = caller(request)
        body = await read_body(request, context.settings.json_limit)
        return await answer(handler, call_of(request, user, body))

    return Route(path, endpoint, methods=[method], name=f"{method} {path}")


def caller(request: Request) -> str:
    """Whose request this is; it counts as one of theirs.

    Raises:
        Unauthorized: It carries no token that is accepted.
        TooMany: The user has made too many.
    """
    context: Context = request.app.state.context
    user = context.accounts.bearer(request.headers.get("authorization", ""))
    context.limits.request("user", user.casefold())
    return user


def call_of(request: Request, user: str, body: Any = None) -> Call:
    """The call that a request makes."""
    context: Context = request.app.state.context
    return Call(
        context=context,
        user=user,
        api=f"{request.url.scheme}://{request.url.netloc}/api/v1",
        path=request.path_params,
        query=request.query_params,
        headers=request.headers,
        body=body,
        least=least_of(request),
        tag=None if context.settings.plain else Tag(request.headers.get("if-match")),
    )


async def answer(handler: Handler, call: Call) -> Response:
    """What a handler answers; it runs in a worker thread, and its JSON is made there too."""
    return await to_thread.run_sync(partial(_respond, handler, call), limiter=call.context.workers)


def _respond(handler: Handler, call: Call) -> Response:
    value = handler(call)
    if isinstance(value, Response):
        return value
    return Response(status_code=204) if value is None else show(call, value)


def show(call: Call, value: Any, *, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer, compressed for who asked for that and where it pays."""
    content = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    own = {"Vary": "Accept-Encoding", **(headers or {})}
    if call.tag is not None:
        own |= call.tag.header(value)
    if len(content) >= GZIP_FROM and _accepts_gzip(call.headers.get("accept-encoding", "")):
        content = gzip.compress(content, compresslevel=5, mtime=0)
        own["Content-Encoding"] = "gzip"
    return Response(content, media_type="application/json", headers=own)


def _accepts_gzip(accepted: str) -> bool:
    for choice in accepted.split(","):
        name, _, quality = choice.partition(";")
        if name.strip().casefold() == "gzip":
            return quality.replace(" ", "") not in {"q=0", "q=0.0"}
    return False


def page(items: Sequence[Any], *, total: int, pages: int, more: bool) -> dict[str, Any]:
    """A page of a listing (docs/platform/wire.md, 4.5)."""
    return {
        "totalItemsCount": total,
        "totalPagesCount": pages,
        "hasNextPage": more,
        "items": list(items),
    }


def window(call: Call) -> tuple[int, int]:
    """Which page ``pageOffset`` (from 0) asks for, and how many rows ``pageSize`` makes it have.

    Raises:
        BadRequest: They are not numbers.
    """
    try:
        offset, size = int(call.query.get("pageOffset", 0)), int(call.query.get("pageSize", 100))
    except ValueError as error:
        raise BadRequest("400", "pageOffset and pageSize must be numbers.") from error
    return min(max(offset, 0), LAST_PAGE), min(max(size, 1), 1000)


def slice_page(
    call: Call, rows: Sequence[Row], present: Callable[[Sequence[Row]], list[Any]]
) -> dict[str, Any]:
    """The page of a short listing that ``pageOffset`` (from 0) and ``pageSize`` ask for.

    Only that page is presented.

    Raises:
        BadRequest: They are not numbers.
    """
    offset, size = window(call)
    chosen = rows[offset * size : (offset + 1) * size]
    more = (offset + 1) * size < len(rows)
    return page(present(chosen), total=len(rows), pages=-(-len(rows) // size), more=more)


async def read_body(request: Request, limit: int) -> Any:
    """The body of a request: JSON, or a form as an object of texts.

    Args:
        request: The request.
        limit: The most bytes it may have.

    Returns:
        The value; None when there is no body.

    Raises:
        TooLarge: It is larger.
        BadRequest: It is not what it says it is.
    """
    data, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            data += chunk
        elif size > 2 * limit:
            break
    if size > limit:
        # What is a little too large was received to its end: many clients read no answer before that.
        raise TooLarge("413", f"The body is larger than {limit} bytes.")
    if not data.strip():
        return None
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return parse_form(bytes(data))
    return parse_json(bytes(data))


def parse_form(data: bytes) -> dict[str, str]:
    """A form-urlencoded body as an object; the last of equal names wins.

    Raises:
        BadRequest: It is not UTF-8.
    """
    try:
        return dict(parse_qsl(data.decode(), keep_blank_values=True, errors="strict", max_num_fields=1000))
    except ValueError as error:
        raise BadRequest("400", "The form is malformed.") from error


def parse_json(data: bytes) -> Any:
    """A JSON value that can be stored and sent again: no NaN, no 1e999, no lone surrogates, no deep nesting.

    Raises:
        BadRequest: It is none.
    """
    try:
        value = json.loads(data, parse_constant=_no_constant, parse_float=_finite)
        if b"\\ud" in data or b"\\uD" in data:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadRequest("400", "The body is not valid JSON.") from error
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        raise BadRequest("400", f"The body is nested deeper than {MAX_DEPTH} levels.")
    return value


def _deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested deeper than so many levels. It goes by levels, never recurses."""
    level = [value]
    for _ in range(levels):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """A number; one that is too large for a float would become infinity, which is not JSON any more."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is out of range")
    return value
