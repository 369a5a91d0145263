"""The filter grammar: from the JSON of a ``filter`` to a tree of clauses (docs/platform/wire.md, 4.5.1)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from localloop.errors import BadRequest, UnprocessableEntity
from localloop.store.query.merging import all_clause, any_clause
from localloop.store.query.model import (
    AllOf,
    AnyOf,
    Clause,
    Compares,
    ElementMatches,
    Equals,
    Exists,
    Not,
    OneOf,
    Order,
    Path,
    Test,
)

#: How deep a query may nest, in rough units of the stack of SQLite's parser, of which it has 100 and the
#: statement around the filter needs some. Below are the units that each kind of nesting takes.
MAX_DEPTH = 78
COMBINED_DEPTH = 3
MATCH_DEPTH = 16
LITERAL_DEPTH = 14
SUBQUERY_DEPTH = 12

#: How many tests a filter may make. SQLite plans each for itself, so that many thousands would take minutes;
#: one of metadata takes it as long as four others.
MAX_TESTS = 4000
METADATA_TESTS = 4

#: How many keys a dotted path may have. Each costs up to two tables of a join, of which SQLite allows 64.
MAX_SEGMENTS = 24

#: How many bytes a wildcard pattern may have; SQLite refuses 50,000 and quoting may treble the length.
MAX_PATTERN = 16_000


def parse_path(field: str) -> Path:
    """The keys of a dotted field name.

    Args:
        field: The name as on the wire, ``metadata.user.k``.

    Returns:
        Its keys.

    Raises:
        BadRequest: If the path is absurdly long or no text that can be stored.
    """
    check_text(field)
    path = tuple(field.split("."))
    if len(path) > MAX_SEGMENTS:
        raise BadRequest("400", f"The field has more than {MAX_SEGMENTS} parts: {field!r}")
    return path


def check_text(text: str) -> None:
    """Refuse text that no stored value can equal: NUL characters and lone surrogates.

    Args:
        text: Text from a query.

    Raises:
        BadRequest: If the text cannot be stored.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadRequest("400", f"Not a valid text: {text!r}")


def check_depth(depth: int) -> int:
    """Refuse what nests deeper than one statement can.

    Args:
        depth: The units of nesting so far.

    Returns:
        The same.

    Raises:
        BadRequest: If they are too many.
    """
    if depth > MAX_DEPTH:
        raise BadRequest("400", "The query is nested too deeply")
    return depth


def parse_filter(body: Any, depth: int = 0) -> Clause:
    """Parse a filter.

    Args:
        body: The value of a ``filter`` key.
        depth: The units of nesting around it.

    Returns:
        Its clause; an empty or absent filter matches everything.

    Raises:
        BadRequest: If the filter is malformed.
        UnprocessableEntity: If it uses an operator that is not supported.
    """
    clause = _filter({} if body is None else body, prefix=(), depth=depth, nested=False)
    if _tests(clause) > MAX_TESTS:
        raise BadRequest("400", "The filter has too many clauses; say the alternatives of one field with $in")
    return clause


def _tests(clause: Clause) -> int:
    """How many tests a clause makes; values that are asked for together make one, but each pattern makes its own."""
    if isinstance(clause, AllOf | AnyOf):
        return sum(map(_tests, clause.clauses))
    condition = clause.condition.condition if isinstance(clause.condition, Not) else clause.condition
    number = 1
    if isinstance(condition, ElementMatches):
        number += _tests(condition.clause)
    if isinstance(condition, OneOf):
        number += sum(_is_own_test(value) for value in condition.values)
    return number * (METADATA_TESTS if clause.path[:1] == ("metadata",) else 1)


def _is_own_test(value: Any) -> bool:
    return "*" in value or "?" in value if isinstance(value, str) else isinstance(value, list | Mapping)


def _filter(body: Any, *, prefix: Path, depth: int, nested: bool) -> Clause:
    """All keys of one filter object, conjoined. In a ``nested`` filter (``$match``) objects are paths."""
    if not isinstance(body, Mapping):
        raise BadRequest("400", f"A filter must be an object, not {body!r}")
    check_depth(depth)
    clauses: list[Clause] = []
    for key, value in body.items():
        if key in {"$and", "$or"}:
            clauses.append(_combined(key, value, prefix=prefix, depth=depth, nested=nested))
        elif key.startswith("$"):
            raise _unsupported(key)
        else:
            clauses.append(_field(prefix + parse_path(key), value, depth=depth, nested=nested))
    return all_clause(clauses)


def _combined(key: str, value: Any, *, prefix: Path, depth: int, nested: bool) -> Clause:
    """``$and`` or ``$or``. An empty list of either constrains nothing."""
    if not isinstance(value, list):
        raise BadRequest("400", f"{key} takes a list of filters, not {value!r}")
    clauses = tuple(
        _filter(part, prefix=prefix, depth=depth + COMBINED_DEPTH, nested=nested) for part in value
    )
    return any_clause(clauses) if key == "$or" and clauses else all_clause(clauses)


def _field(path: Path, value: Any, *, depth: int, nested: bool) -> Clause:
    """One field and what is asked of it: a bare value, or an object of operators (all of which must hold)."""
    if not isinstance(value, Mapping):
        return _equals(path, value, depth)
    operators = [key for key in value if key.startswith("$")]
    if not operators:
        if nested:
            return _filter(value, prefix=path, depth=depth + COMBINED_DEPTH, nested=True)
        return _equals(path, value, depth)
    if len(operators) < len(value):
        raise BadRequest("400", f"Operators and plain keys are mixed in the filter of {'.'.join(path)!r}")
    clauses = tuple(_operator(path, key, operand, depth) for key, operand in value.items())
    return all_clause(clauses)


def _operator(path: Path, key: str, operand: Any, depth: int) -> Clause:
    if key == "$match" and isinstance(operand, Mapping):
        return Test(path, ElementMatches(_filter(operand, prefix=(), depth=depth + MATCH_DEPTH, nested=True)))
    build = _OPERATORS.get(key)
    if build is None:
        raise _unsupported(key)
    return build(path, operand, depth)


def _unsupported(key: str) -> UnprocessableEntity:
    known = ", ".join(sorted(["$and", "$or", *_OPERATORS]))
    return UnprocessableEntity(
        "422", f"Unsupported filter operator {key!r}. The supported operators are: {known}"
    )


def _equals(path: Path, value: Any, depth: int) -> Clause:
    if value is None:
        return Test(path, Not(Exists()))
    _check_literal(value, path, depth)
    return Test(path, Equals(value))


def _differs(path: Path, value: Any, depth: int) -> Clause:
    if value is None:
        return Test(path, Exists())
    _check_literal(value, path, depth)
    return Test(path, Not(Equals(value)))


def _members(path: Path, key: str, operand: Any, depth: int) -> tuple[OneOf, bool]:
    """The values of a membership test that are not null, and whether null was among them."""
    if not isinstance(operand, list):
        raise BadRequest("400", f"{key} takes a list, not {operand!r}")
    values = tuple(value for value in operand if value is not None)
    for value in values:
        _check_literal(value, path, depth)
    return OneOf(values), len(values) < len(operand)


def _in(path: Path, operand: Any, depth: int) -> Clause:
    members, missing = _members(path, "$in", operand, depth)
    test = Test(path, members)
    return AnyOf((test, Test(path, Not(Exists())))) if missing else test


def _not_in(path: Path, operand: Any, depth: int) -> Clause:
    members, missing = _members(path, "$nin", operand, depth)
    test = Test(path, Not(members))
    return AllOf((test, Test(path, Exists()))) if missing else test


def _exists(path: Path, operand: Any, _depth: int) -> Clause:
    if not isinstance(operand, bool):
        raise BadRequest("400", f"$exists takes true or false, not {operand!r}")
    return Test(path, Exists() if operand else Not(Exists()))


def _range(order: Order) -> Callable[[Path, Any, int], Clause]:
    def build(path: Path, operand: Any, depth: int) -> Clause:
        if not isinstance(operand, str | int | float):
            raise BadRequest("400", f"{order} takes a text, a number or a boolean, not {operand!r}")
        _check_literal(operand, path, depth)
        return Test(path, Compares(order, operand))

    return build


_OPERATORS: dict[str, Callable[[Path, Any, int], Clause]] = {
    "$eq": _equals,
    "$ne": _differs,
    "$in": _in,
    "$nin": _not_in,
    "$gt": _range(Order.GREATER),
    "$gte": _range(Order.GREATER_OR_EQUAL),
    "$lt": _range(Order.LESS),
    "$lte": _range(Order.LESS_OR_EQUAL),
    "$exists": _exists,
    "$match": _equals,
}


def _check_literal(value: Any, path: Path, depth: int) -> None:
    """Refuse literals that are no JSON, hide operators, or nest too deep to compare in one statement."""
    check_depth(depth)
    if isinstance(value, str):
        check_text(value)
        if ("*" in value or "?" in value) and len(value.encode()) > MAX_PATTERN:
            raise BadRequest("400", f"The pattern for {'.'.join(path)!r} is longer than {MAX_PATTERN} bytes")
    elif isinstance(value, list):
        for element in value:
            _check_literal(element, path, depth + LITERAL_DEPTH)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str) or key.startswith("$"):
                raise BadRequest("400", f"An object to compare with cannot have the key {key!r}")
            check_text(key)
            _check_literal(inner, path, depth + LITERAL_DEPTH)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise BadRequest("400", f"Not a finite number: {value!r}")
    elif not isinstance(value, int | None):
        raise BadRequest("400", f"Not a JSON value: {value!r}")
