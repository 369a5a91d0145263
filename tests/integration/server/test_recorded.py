"""The measured requests of the guide, replayed one by one: each is answered with what clients need."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.integration.server.client import Client

RECORDED = json.loads((Path(__file__).parent / "guide_requests.json").read_text())
JOIN = {"resource": "annotations", "local": "itemId", "forigen": "id"}


def filled(value: Any, known: dict[str, str]) -> Any:
    """A value with every ``{X}`` replaced."""
    text = json.dumps(value)
    for name, found in known.items():
        text = text.replace(f"{{{name}}}", found)
    return json.loads(text)


def items_query(join: list[Any] | None = None, *, sort: bool = True, **more: Any) -> dict[str, Any]:
    query = {**deepcopy(RECORDED["items"]), **more}
    if join:
        query["join"] = {"on": JOIN, "filter": {"$and": join}}
    if not sort:
        del query["sort"]
    return query


def chunks(data: bytes):
    """A body without a length, so that it goes out chunked."""
    yield from (data[start : start + 100] for start in range(0, len(data), 100))


def form(path: str) -> tuple[bytes, str]:
    """The multipart form of an upload, as dtlpy writes it."""
    parts = "".join(
        f'--b0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="{name}"\r\n'
        f"\r\n{value}\r\n"
        for name, value in {"type": "file", "path": path}.items()
    )
    parts += (
        "--b0\r\nContent-Type: image/jpeg\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{path[1:]}"\r\n\r\n'
    )
    return parts.encode() + b"\xff\xd8" * 700 + b"\r\n--b0--\r\n", "multipart/form-data; boundary=b0"


def annotations_query(clauses: list[Any]) -> dict[str, Any]:
    clauses = [{"type": {"$in": RECORDED["types"]}}, *clauses]
    return {
        "filter": {"$and": clauses},
        "page": 0,
        "pageSize": 1000,
        "resource": "annotations",
        "delete": True,
    }


def body_of(call: dict[str, Any]) -> Any:
    """The JSON body of a request; None when it has none."""
    if "items" in call:
        return items_query(**call["items"])
    if "annotations" in call:
        return [{**RECORDED["annotation"], **one} for one in call["annotations"]]
    if "annotated" in call:
        return annotations_query(call["annotated"])
    if "task" in call:
        return {**call["task"], "query": json.dumps(items_query([{"label": "Adult"}], sort=False))}
    return call.get("json")


def request_of(call: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """The options of a request."""
    if "upload" in call:
        data, kind = form(call["upload"])
        return {"data": chunks(data), "headers": {"Content-Type": kind}}
    if "form" in call:
        return {"data": call["form"]}
    body = body_of(call)
    return {} if body is None else {"json": filled(body, known)}


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def test_every_recorded_request_is_answered_with_what_clients_need(alice: Client):
    known = {"api": alice.hub.api}
    for recorded in RECORDED["calls"]:
        call = filled(recorded, known)
        reply = alice.send(call["method"], call["path"], **request_of(call, known))
        assert reply.status_code == 200, (call["step"], reply.text)
        answer = reply.json()
        entity = answer[0] if call.get("many") else answer
        assert not set(call.get("has", ())) - set(entity), call["step"]
        if "count" in call:
            assert (answer["totalItemsCount"], len(answer["items"])) == (call["count"], call["count"])
            assert answer["hasNextPage"] is False
        known |= {name: at(answer, path) for name, path in call.get("keep", {}).items()}
    assert alice.ask("GET", f"/commands/{known['C']}")["status"] == "success"
    task = alice.ask("GET", f"/annotationtasks/{known['T']}")
    assert (task["totalItems"], task["dueDate"]) == (1, 1878768000000.0)
    item = alice.ask("GET", f"/items/{known['I']}")
    assert item["metadata"]["user"] == {"dateTime": "2026-01-02T03:04:05", "user": {"dateTime": "x"}}
    assert item["annotationsCount"] == 3
