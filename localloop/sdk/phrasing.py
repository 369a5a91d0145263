"""Queries as text for people: what ``print(filters)`` shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

_SIGNS: Final = {
    "$eq": "=",
    "$ne": "!=",
    "$gt": ">",
    "$gte": ">=",
    "$lt": "<",
    "$lte": "<=",
    "$in": "in",
    "$nin": "not in",
    "$match": "contains",
    "$glob": "like",
}

_JOINED: Final = {"items": "with an annotation where", "annotations": "of items where"}


def phrase(query: Mapping[str, Any]) -> str:
    """A query as one line of text.

    Args:
        query: The query on the wire (docs/platform/wire.md, 4.5).

    Returns:
        Such as ``items where type = "file" and hidden = false, by filename ascending``.
    """
    resource = str(query.get("resource", "items"))
    where = _condition(query.get("filter") or {})
    text = f"{resource} where {where}" if where else f"all {resource}"
    join = _condition((query.get("join") or {}).get("filter") or {})
    if join:
        text += f", {_JOINED.get(resource, 'joined where')} {join}"
    order = ", ".join(f"{field} {direction}" for field, direction in (query.get("sort") or {}).items())
    if order:
        text += f", by {order}"
    if query.get("page"):
        text += f", page {query['page']} of {query.get('pageSize')} each"
    return text


def _condition(clauses: Mapping[str, Any]) -> str:
    parts = []
    for key, value in clauses.items():
        if key in {"$and", "$or"}:
            inner = [text for text in map(_condition, value) if text]
            joined = f" {key[1:]} ".join(inner)
            parts.append(f"({joined})" if len(inner) > 1 and (key == "$or" or len(clauses) > 1) else joined)
        elif key == "$not":
            parts.append(f"not ({_condition(value)})")
        else:
            parts.append(_field(key, value))
    return " and ".join(part for part in parts if part)


def _field(name: str, value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"{name} = {_said(value)}"
    return " and ".join(_compared(name, sign, one) for sign, one in value.items())


def _compared(name: str, sign: str, value: Any) -> str:
    if sign == "$exists":
        return f"{name} is there" if value else f"{name} is not there"
    return f"{name} {_SIGNS.get(sign, sign.lstrip('$'))} {_said(value)}"


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
