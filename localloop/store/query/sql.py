"""Small pieces of SQL that every predicate is made of.

A predicate is true, false or null; null counts as false. Only :func:`no` negates, and it settles null first,
so that no predicate needs to care. User input reaches SQLite as bound parameters only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, UnaryExpression, and_, false, func, not_, or_, select, true
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.operators import custom_op

from localloop.store.query.model import Order, Scalar

Predicate = ColumnElement[bool]

#: A number as JSON writes it; what a text must look like to be compared with numbers as well.
_NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?", re.ASCII)

#: How many clauses stay in one flat AND or OR. SQLite parses those as a chain, and allows a depth of 1000.
_CHAIN = 64


def no(predicate: Predicate) -> Predicate:
    """The negation, true also where the predicate is null."""
    return not_(func.coalesce(predicate, false(), type_=Boolean))


def unindexed(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value behind a plus sign, which SQLite looks up in no index and splits into no parts."""
    return UnaryExpression(value, operator=custom_op("+"), type_=value.type)


def all_of(predicates: Sequence[Predicate]) -> Predicate:
    """The conjunction of any number of predicates; true for none."""
    if len(predicates) <= _CHAIN:
        return and_(true(), *predicates)
    return _halved("AND", all_of, predicates)


def any_of(predicates: Sequence[Predicate]) -> Predicate:
    """The disjunction of any number of predicates; false for none."""
    if len(predicates) <= _CHAIN:
        return or_(false(), *predicates)
    return _halved("OR", any_of, predicates)


def _halved(
    operator: str, combine: Callable[[Sequence[Predicate]], Predicate], predicates: Sequence[Predicate]
) -> Predicate:
    """Both halves in parentheses, under an operator that SQLAlchemy does not know and so does not flatten.

    The plus sign before the whole keeps SQLite from taking it apart again.
    """
    middle = len(predicates) // 2
    left, right = combine(predicates[:middle]), combine(predicates[middle:])
    return unindexed(Grouping(left.bool_op(operator, precedence=100)(right)))


def is_pattern(text: str) -> bool:
    """Whether a text has wildcards."""
    return "*" in text or "?" in text


def text_is(value: ColumnElement[str], text: str) -> Predicate:
    """``value`` equals ``text``, in which ``*`` stands for any characters and ``?`` for one."""
    if not is_pattern(text):
        return value == text
    pattern = re.sub(r"\*+", "*", text.replace("[", "[[]"))
    return value.op("GLOB", is_comparison=True)(pattern)


def text_in(value: ColumnElement[str], texts: Sequence[str]) -> Predicate:
    """``value`` equals at least one of ``texts``. The plain ones travel as one parameter, however many."""
    plain = [text for text in texts if not is_pattern(text)]
    predicates = [text_is(value, text) for text in texts if is_pattern(text)]
    if len(plain) == 1:
        predicates.append(value == plain[0])
    elif plain:
        members = func.json_each(json.dumps(plain)).table_valued("value", joins_implicitly=True)
        predicates.append(value.in_(select(members.c.value)))
    return any_of(predicates)


def compares(
    value: ColumnElement[Scalar], order: Order, operand: Scalar | ColumnElement[Scalar]
) -> Predicate:
    """``value`` stands in ``order`` to ``operand``; both must be of one type."""
    return value.bool_op(order.value)(operand)


def as_number(operand: object) -> int | float | None:
    """The number that an operand is or, being a text, spells; None when it is neither."""
    if isinstance(operand, str):
        if not _NUMBER.fullmatch(operand):
            return None
        number: int | float = int(operand) if operand.lstrip("-").isdigit() else float(operand)
    elif isinstance(operand, bool) or not isinstance(operand, int | float):
        return None
    else:
        number = operand
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        return _as_float(number)
    return number


def _as_float(number: int) -> float:
    """As SQLite reads an integer that does not fit in 64 bits."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
