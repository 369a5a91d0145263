"""Checks what goes over the wire in tests against the files in ``openapi``.

:func:`checking` hears everything that ``requests`` sends in this process. Requests of this project's own client are
checked, whoever the server is; so is each answer of a real server of ours (those have an ``x-request-id``). What other
processes send is checked at the door of the servers in this one (:mod:`tests.wire.door`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from python_multipart.multipart import FormParser, parse_options_header
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

#: One file for each resource.
DOCUMENT = Path(__file__).parent / "openapi"

#: The project's own client.
AGENT = "localloop/"


#: What tests of the transport itself ask for, of servers that know no calls at all.
MADE_UP = "/api/v1/x"


class DeviationError(AssertionError):
    """Something on the wire is not as the document says."""


@cache
def document() -> dict[str, Any]:
    """The whole document: the file ``common``, with the paths and schemas of all others."""
    whole = yaml.safe_load((DOCUMENT / "common.yaml").read_text(encoding="utf-8"))
    schemas = whole["components"]["schemas"]
    for file in sorted(set(DOCUMENT.glob("*.yaml")) - {DOCUMENT / "common.yaml"}):
        part = yaml.safe_load(file.read_text(encoding="utf-8"))
        for known, more in (
            (schemas, part["components"]["schemas"]),
            (whole["paths"], part.get("paths", {})),
        ):
            twice = known.keys() & more.keys()
            if twice:
                raise ValueError(f"{file.name} says again what another file says: {sorted(twice)}")
            known.update(more)
    return whole


@cache
def _registry() -> Registry:
    return Registry().with_resource("wire:", Resource(document(), DRAFT202012))


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Each path as a pattern; those with fewer parameters first, as the more precise ones."""
    paths = sorted(document()["paths"], key=lambda path: (path.count("{"), path))
    patterns = [
        (re.sub(r"\\{name\\}", ".+", re.escape(path)), path) for path in paths
    ]  # a name may have slashes
    return [(re.compile(re.sub(r"\\{\w+\\}", "[^/]+", pattern)), path) for pattern, path in patterns]


def operation(method: str, path: str) -> tuple[str, Mapping[str, Any]] | None:
    """The operation of a request, and its path in the document; None when there is none."""
    method = "GET" if method == "HEAD" else method
    for pattern, name in _patterns():
        found = document()["paths"][name].get(method.lower())
        if found is not None and pattern.fullmatch(path):
            return name, found
    return None


@cache
def _validator(where: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"wire:#{where}"}, registry=_registry())


def _wrong(value: Any, where: str) -> str | None:
    """What is wrong with a value by the schema at a place of the document; None when nothing is."""
    first = best_match(_validator(where).iter_errors(value))
    if first is None:
        return None
    return f"{'.'.join(map(str, first.absolute_path)) or 'the body'}: {first.message[:300]}"


def _pointer(*keys: str) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def check_answer(method: str, path: str, status: int, kind: str, content: bytes | None) -> None:
    """Check an answer.

    Args:
        method: The request's method.
        path: Its path.
        status: The answer's status.
        kind: Its content type.
        content: Its body; None when that is not known.

    Raises:
        DeviationError: The document says otherwise.
    """
    found = operation(method, path)
    said = f"{method} {path} answered {status}"
    if found is None:
        if status in {404, 405, 421} or status == 400:
            return  # what is no route at all
        raise DeviationError(f"{said}, and the document has no such call")
    name, one = found
    if str(status) in one["responses"]:
        verb = "get" if method == "HEAD" else method.lower()
        place = ("paths", name, verb, "responses", str(status))
        answer = one["responses"][str(status)]
    elif status < 400:
        raise DeviationError(f"{said}, a status that the document does not have")
    else:
        place, answer = (
            ("components", "responses", "Failure"),
            document()["components"]["responses"]["Failure"],
        )
    media = answer.get("content", {})
    if not media:
        if content:
            raise DeviationError(f"{said} with a body, where the document has none")
        return
    if "application/json" not in media:
        return  # bytes
    if not kind.startswith("application/json"):
        raise DeviationError(f"{said} with {kind or 'no content type'}, not with JSON")
    if content is None or (not content and method == "HEAD"):
        return
    wrong = _wrong(json.loads(content), _pointer(*place, "content", "application/json", "schema"))
    if wrong:
        raise DeviationError(f"{said}: {wrong}")


def check_request(method: str, path: str, kind: str, body: Any) -> None:
    """Check a request of our own.

    Args:
        method: Its method.
        path: Its path.
        kind: Its content type.
        body: Its body: bytes, text, None, or something that is read piece by piece and not looked at.

    Raises:
        DeviationError: The document says otherwise.
    """
    said = f"{method} {path}"
    found = operation(method, path)
    if found is None:
        raise DeviationError(f"{said} is sent, and the document has no such call")
    name, one = found
    media = one.get("requestBody", {}).get("content", {})
    if body is None or body == b"":
        return
    sort = kind.partition(";")[0]
    if sort not in media:
        raise DeviationError(f"{said} is sent with {sort or 'a body'}, where the document has {list(media)}")
    if sort == "multipart/form-data" and not isinstance(body, bytes):
        return  # it is read piece by piece, and is looked at where it arrives
    value = _parts(kind, body) if sort == "multipart/form-data" else _value(sort, body)
    where = _pointer("paths", name, method.lower(), "requestBody", "content", sort, "schema")
    wrong = _wrong(value, where)
    if wrong:
        raise DeviationError(f"{said} is sent with a wrong body: {wrong}")


def _value(sort: str, body: Any) -> Any:
    text = body.decode() if isinstance(body, bytes) else str(body)
    return dict(parse_qsl(text)) if sort == "application/x-www-form-urlencoded" else json.loads(text)


def _parts(kind: str, body: bytes) -> dict[str, str]:
    """The parts of a form by name; of the file only that it is there, and last, as the platform needs it."""
    found: dict[str, str] = {}
    order: list[str] = []

    def field(part: Any) -> None:
        name = part.field_name.decode()
        order.append(name)
        found[name] = part.value.decode()

    def file(part: Any) -> None:
        order.append(part.field_name.decode())
        found[order[-1]] = ""

    boundary = parse_options_header(kind)[1][b"boundary"]
    parser = FormParser(
        "multipart/form-data", field, file, boundary=boundary, config={"MAX_MEMORY_FILE_SIZE": 1 << 30}
    )
    parser.write(body)
    parser.finalize()
    if "file" in order[:-1]:
        raise DeviationError(f"a form is sent with parts after its file: {order}")
    return found


def _look(request: requests.PreparedRequest, reply: requests.Response | None, *, streamed: bool) -> None:
    method, path = str(request.method), unquote(urlsplit(str(request.url)).path)
    if reply is None:
        agent = str(request.headers.get("User-Agent", ""))
        if agent.startswith(AGENT) and not is_for_another(path):
            check_request(method, path, str(request.headers.get("Content-Type", "")), request.body)
    elif "x-request-id" in reply.headers and not is_for_another(path):
        content = None if streamed else reply.content
        check_answer(method, path, reply.status_code, reply.headers.get("Content-Type", ""), content)


def is_for_another(path: str) -> bool:
    """Whether a path is neither the API's nor the gate's: other pages are no part of the interface."""
    return path == MADE_UP or not (path.startswith("/api/v1/") or path == "/token")


@contextmanager
def checking() -> Iterator[None]:
    """Check everything while the block runs.

    Raises:
        DeviationError: In the code that sent or received what is not as the document says.
    """
    send = requests.Session.send

    def checked(self: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        _look(request, None, streamed=False)
        reply = send(self, request, **how)
        _look(reply.request, reply, streamed=bool(how.get("stream")))
        return reply

    requests.Session.send = checked  # type: ignore[method-assign]
    try:
        yield
    finally:
        requests.Session.send = send  # type: ignore[method-assign]
