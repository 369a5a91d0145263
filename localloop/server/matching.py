"""Queries of what is no entity of its own: the filters of :mod:`localloop.store.query`, over a few JSON objects.

Only for lists that are short by nature, such as the labels of one ontology.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from operator import ge, gt, le, lt
from typing import Any

from localloop.server.calls import page
from localloop.store.query import parse
from localloop.store.query.clauses import parse_filter
from localloop.store.query.model import (
    AllOf,
    AnyOf,
    Clause,
    Compares,
    Condition,
    ElementMatches,
    Equals,
    Exists,
    Not,
    OneOf,
    Order,
    Path,
)

_ORDERS: Mapping[Order, Callable[[Any, Any], bool]] = {
    Order.GREATER: gt,
    Order.GREATER_OR_EQUAL: ge,
    Order.LESS: lt,
    Order.LESS_OR_EQUAL: le,
}


def found_page(body: Mapping[str, Any], objects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The page of a query over JSON objects.

    Args:
        body: The query: ``filter``, ``sort``, ``page``, ``pageSize``.
        objects: What is asked about, in the order of an unsorted answer.

    Returns:
        The page.

    Raises:
        BadRequest: The query is malformed.
        UnprocessableEntity: It uses an operator that is not supported.
    """
    asked = parse({key: body[key] for key in ("sort", "page", "pageSize") if key in body})
    where = parse_filter(body.get("filter"))
    found = [one for one in objects if holds(where, one)]
    for key in reversed(asked.sort):
        found.sort(key=partial(_rank, path=key.path), reverse=key.descending)
    size = asked.page_size
    chosen = found[asked.page * size : (asked.page + 1) * size]
    more = size > 0 and (asked.page + 1) * size < len(found)
    return page(chosen, total=len(found), pages=-(-len(found) // size) if size else 0, more=more)


def holds(clause: Clause, value: Mapping[str, Any]) -> bool:
    """Whether an object satisfies a clause."""
    if isinstance(clause, AllOf):
        return all(holds(one, value) for one in clause.clauses)
    if isinstance(clause, AnyOf):
        return any(holds(one, value) for one in clause.clauses)
    return _satisfied(clause.condition, list(_values(value, clause.path)))


def _satisfied(condition: Condition, values: Sequence[Any]) -> bool:
    match condition:
        case Not(inner):
            return not _satisfied(inner, values)
        case Exists():
            return bool(values)
        case Equals(wanted):
            return any(_equal(one, wanted) for value in values for one in _with_elements(value, wanted))
        case OneOf(wanted):
            return any(_satisfied(Equals(one), values) for one in wanted)
        case Compares(order, limit):
            return any(
                _ORDERS[order](one, limit)
                for value in values
                for one in _with_elements(value, limit)
                if _kind(one) == _kind(limit)
            )
        case ElementMatches(clause):
            elements = [one for value in values for one in (value if isinstance(value, list) else [value])]
            return any(holds(clause, one) for one in elements if isinstance(one, Mapping))


def _values(value: Any, path: Path) -> Iterator[Any]:
    if not path:
        if value is not None:
            yield value
    elif isinstance(value, list):
        for one in value:
            yield from _values(one, path)
    elif isinstance(value, Mapping):
        yield from _values(value.get(path[0]), path[1:])


def _with_elements(value: Any, wanted: Any) -> list[Any]:
    """A value, and its elements where a single one is asked for."""
    return [value, *value] if isinstance(value, list) and not isinstance(wanted, list) else [value]


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return _pattern(wanted).fullmatch(value) is not None
    return _kind(value) == _kind(wanted) and bool(value == wanted)


@lru_cache(maxsize=128)
def _pattern(wanted: str) -> re.Pattern[str]:
    """What a text with ``*`` and ``?`` stands for.

    What lies between two stars is found where it is first, and never looked for again: any later place would leave
    less to match. So the time stays small however many stars there are.
    """
    first, *rest = (
        "".join("." if one == "?" else re.escape(one) for one in part) for part in wanted.split("*")
    )
    inner = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    return re.compile(f"{first}{inner}.*{rest[-1]}" if rest else first, re.DOTALL)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _rank(value: Mapping[str, Any], path: Path) -> tuple[int, Any]:
    """Missing first, then numbers, texts and flags; each among themselves."""
    for one in _values(value, path):
        if isinstance(one, bool):
            return 3, one
        if isinstance(one, int | float):
            return 1, one
        if isinstance(one, str):
            return 2, one
    return 0, 0
