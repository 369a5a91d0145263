"""Predicates and sort keys over JSON columns.

A path is walked with ``json_each``, key by key, and not with SQLite's path language: there a key is compared
with its escaped spelling in the stored text, so that ``é`` or a quote would never be found. Only keys of
plain ASCII take the short cut of ``json_extract``, and only where no array lies on the way.

An array on the way is passed through: the path goes on from each object in it. A null is an absent value.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, false, func, literal, or_, select

from localloop.store.query.model import (
    Compares,
    Condition,
    ElementMatches,
    Equals,
    Exists,
    Not,
    OneOf,
    Path,
    Scalar,
)
from localloop.store.query.sql import Predicate, all_of, any_of, as_number, compares, no, text_in, text_is

_NUMERIC = ("integer", "real")
_BOOLEAN = ("true", "false")
_SHORT_CUT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

#: One element that is no object: what stands for "here is no array to pass through".
_NO_ARRAY = "[0]"


@dataclass(frozen=True, slots=True)
class Node:
    """One JSON value in SQL: its ``value`` as ``json_each`` gives it (containers as text), and its type."""

    value: ColumnElement[Any]
    type: ColumnElement[str]


#: Compiles the clause of an element match with a node in the place of the document.
ClauseCompiler = Callable[[Any, "JsonValue"], Predicate]


class JsonValue:
    """The values at a path below a JSON column or node.

    Args:
        root: The node where the path starts.
        path: The remaining keys.
        compile_clause: How to compile the clause of an element match.
        column: The column whose JSON object ``root`` is, when it is one; allows the short cut.
    """

    def __init__(
        self,
        root: Node,
        path: Path,
        compile_clause: ClauseCompiler,
        *,
        column: ColumnElement[Any] | None = None,
    ) -> None:
        self._root = root
        self._path = path
        self._compile_clause = compile_clause
        self._column = column

    def below(self, path: Path) -> JsonValue:
        """The values at ``path`` below this one."""
        return JsonValue(self._root, self._path + path, self._compile_clause, column=self._column)

    def matches(self, condition: Condition) -> Predicate:
        """Whether some value at the path satisfies the condition (none, for a negated one)."""
        if isinstance(condition, Not):
            return no(self.matches(condition.condition))
        if not self._path:
            return self._satisfies(self._root, condition)
        short_cut = self._short_cut()
        if short_cut is None:
            return self._walk_matches(condition)
        parent, leaf = short_cut
        return case(
            (parent.type == "object", self._satisfies(leaf, condition)), else_=self._walk_matches(condition)
        )

    def sort_keys(self, *, descending: bool) -> tuple[ColumnElement[Any], ...]:
        """The type and the value to sort by: of all values here the first in the order asked for.

        Types rank: missing (also objects and empty arrays), numbers, texts, booleans.
        """
        rank, value = self._first(descending=descending)
        short_cut = self._short_cut()
        if short_cut is None:
            return rank, value
        parent, leaf = short_cut
        direct = and_(parent.type == "object", func.coalesce(leaf.type, "null") != "array")
        leaf_rank = _rank(leaf.type)
        return (
            case((direct, leaf_rank), else_=rank),
            case((direct, case((leaf_rank > 0, leaf.value))), else_=value),
        )

    def _short_cut(self) -> tuple[Node, Node] | None:
        """The parent and the leaf of a path of plain keys, if it is one and starts at a column.

        Where the parent is an object, no array is on the way, so the leaf is the only value.
        """
        if self._column is None or not self._path or not all(map(_SHORT_CUT.fullmatch, self._path)):
            return None
        keys = [f'."{key}"' for key in self._path]
        parent, leaf = "$" + "".join(keys[:-1]), "$" + "".join(keys)
        return (
            Node(func.json_extract(self._column, parent), func.json_type(self._column, parent)),
            Node(func.json_extract(self._column, leaf), func.json_type(self._column, leaf)),
        )

    def _first(self, *, descending: bool) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """The rank and the value of the first scalar at the path in the order asked for."""
        tables, wheres, node = self._walk()
        element = _elements(node, otherwise=_NO_ARRAY)
        is_array = node.type == "array"
        rank = _rank(case((is_array, element.c.type), else_=node.type))
        value = case((is_array, element.c.value), else_=node.value)
        order = [rank.desc(), value.desc()] if descending else [rank, value]
        first = (
            select(rank, value)
            .select_from(*tables, element)
            .where(*wheres, rank > 0)
            .order_by(*order)
            .limit(1)
        )
        return (
            func.coalesce(first.with_only_columns(rank).scalar_subquery(), 0),
            first.with_only_columns(value).scalar_subquery(),
        )

    def _walk_matches(self, condition: Condition) -> Predicate:
        tables, wheres, node = self._walk()
        return exists(
            select(literal(1)).select_from(*tables).where(*wheres, self._satisfies(node, condition))
        )

    def _walk(self) -> tuple[list[FromClause], list[Predicate], Node]:
        """The tables, their conditions, and the node that stands for each value at the path."""
        tables: list[FromClause] = []
        wheres: list[Predicate] = []
        node = self._root
        for key in self._path:
            element = _elements(node, otherwise=_NO_ARRAY)
            members = case(
                (node.type == "object", node.value),
                (element.c.type == "object", element.c.value),
            )
            member = func.json_each(members).table_valued("key", "value", "type", joins_implicitly=True)
            tables += [element, member]
            wheres.append(member.c.key == key)
            node = Node(member.c.value, member.c.type)
        return tables, wheres, node

    def _satisfies(self, node: Node, condition: Condition) -> Predicate:
        """Whether a node, or an element of the array that it is, satisfies a condition."""
        if isinstance(condition, Exists):
            return node.type != "null"
        if isinstance(condition, Equals) and isinstance(condition.value, list):
            return _is(node, condition.value)
        if isinstance(condition, OneOf):
            return self._one_of(node, condition)
        return _itself_or_element(node, lambda each: self._single(each, condition))

    def _one_of(self, node: Node, condition: OneOf) -> Predicate:
        lists = [value for value in condition.values if isinstance(value, list)]
        others = OneOf(tuple(value for value in condition.values if not isinstance(value, list)))
        predicates = [_is(node, value) for value in lists]
        if others.values:
            predicates.append(_itself_or_element(node, lambda each: self._single(each, others)))
        return any_of(predicates)

    def _single(self, node: Node, condition: Condition) -> Predicate:
        if isinstance(condition, Equals):
            return _equals(node, condition.value)
        if isinstance(condition, OneOf):
            return _equals_any(node, condition.values)
        if isinstance(condition, Compares):
            return _compares(node, condition)
        assert isinstance(condition, ElementMatches)
        inner = JsonValue(node, (), self._compile_clause)
        return and_(node.type == "object", self._compile_clause(condition.clause, inner))


def json_column(column: ColumnElement[Any], path: Path, compile_clause: ClauseCompiler) -> JsonValue:
    """The values at a path below a JSON column.

    Args:
        column: The column, which may be null.
        path: The keys below it.
        compile_clause: How to compile the clause of an element match.

    Returns:
        The values.
    """
    root = Node(func.json_extract(column, "$"), func.json_type(column))
    return JsonValue(root, path, compile_clause, column=column)


def _elements(node: Node, *, otherwise: str | None = None) -> Any:
    """A table of the elements of the array that a node is; of ``otherwise`` when it is none."""
    array = case((node.type == "array", node.value), else_=otherwise)
    return func.json_each(array).table_valued("key", "value", "type", joins_implicitly=True)


def _itself_or_element(node: Node, predicate: Callable[[Node], Predicate]) -> Predicate:
    element = _elements(node)
    found = predicate(Node(element.c.value, element.c.type))
    return or_(predicate(node), exists(select(literal(1)).select_from(element).where(found)))


def _equals(node: Node, value: Any) -> Predicate:
    """A scalar or object literal against one node; a text also equals the number that it spells."""
    if not isinstance(value, str):
        return _is(node, value)
    predicate = and_(node.type == "text", text_is(node.value, value))
    number = as_number(value)
    return predicate if number is None else or_(predicate, _is(node, number))


def _equals_any(node: Node, values: tuple[Any, ...]) -> Predicate:
    texts = [value for value in values if isinstance(value, str)]
    numbers = [number for number in map(as_number, values) if number is not None]
    others = [value for value in values if isinstance(value, bool | Mapping)]
    predicates = [_is(node, value) for value in others]
    if texts:
        predicates.append(and_(node.type == "text", text_in(node.value, texts)))
    if numbers:
        predicates.append(and_(node.type.in_(_NUMERIC), node.value.in_(_number_list(numbers))))
    return any_of(predicates)


def _number_list(numbers: list[int | float]) -> Any:
    listed = ",".join(map(_json_number, numbers))
    members = func.json_each(f"[{listed}]").table_valued("value", joins_implicitly=True)
    return select(members.c.value)


def _compares(node: Node, condition: Compares) -> Predicate:
    operand = condition.value
    if isinstance(operand, bool):
        return and_(node.type.in_(_BOOLEAN), compares(node.value, condition.order, int(operand)))
    predicates: list[Predicate] = []
    if isinstance(operand, str):
        predicates.append(and_(node.type == "text", compares(node.value, condition.order, operand)))
    number = as_number(operand)
    if number is not None:
        compared = compares(node.value, condition.order, _bound(number))
        predicates.append(and_(node.type.in_(_NUMERIC), compared))
    return any_of(predicates)


def _bound(number: float) -> Scalar | ColumnElement[Any]:
    """A number as SQLite reads it from JSON, which for fractions may differ from Python's in the last bit."""
    if isinstance(number, int):
        return number
    return func.json_extract(_json_number(number), "$")


def _json_number(number: float) -> str:
    """A number as JSON that SQLite reads; infinities come from numbers too large for a double."""
    if number in (math.inf, -math.inf):
        return "1e999" if number > 0 else "-1e999"
    return json.dumps(number)


def _is(node: Node, value: Any) -> Predicate:
    """Exact, structural equality of a node with a literal. Nulls in objects are absent keys."""
    if value is None:
        return node.type == "null"
    if isinstance(value, bool):
        return node.type == ("true" if value else "false")
    if isinstance(value, str):
        return and_(node.type == "text", node.value == value)
    if isinstance(value, list):
        return _is_array(node, value)
    if isinstance(value, Mapping):
        return _is_object(node, value)
    number = as_number(value)
    return false() if number is None else and_(node.type.in_(_NUMERIC), node.value == _bound(number))


def _is_array(node: Node, value: list[Any]) -> Predicate:
    guarded = case((node.type == "array", node.value))
    predicates = [node.type == "array", func.json_array_length(guarded) == len(value)]
    for index, literal_element in enumerate(value):
        element = _elements(node)
        same = _is(Node(element.c.value, element.c.type), literal_element)
        predicates.append(exists(select(literal(1)).select_from(element).where(element.c.key == index, same)))
    return all_of(predicates)


def _is_object(node: Node, value: Mapping[str, Any]) -> Predicate:
    guarded = case((node.type == "object", node.value))
    present = {key: inner for key, inner in value.items() if inner is not None}
    every = func.json_each(guarded).table_valued("key", "value", "type", joins_implicitly=True)
    count = select(func.count()).select_from(every).where(every.c.type != "null").scalar_subquery()
    predicates = [node.type == "object", count == len(present)]
    for key, literal_value in present.items():
        member = func.json_each(guarded).table_valued("key", "value", "type", joins_implicitly=True)
        same = _is(Node(member.c.value, member.c.type), literal_value)
        predicates.append(exists(select(literal(1)).select_from(member).where(member.c.key == key, same)))
    return all_of(predicates)


def _rank(kind: ColumnElement[str]) -> ColumnElement[int]:
    return case((kind.in_(_NUMERIC), 1), (kind == "text", 2), (kind.in_(_BOOLEAN), 3), else_=0)
