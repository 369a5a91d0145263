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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    TableValuedAlias,
    and_,
    case,
    exists,
    false,
    func,
    literal_column,
    select,
)

from localloop.store.query.model import (
    AllOf,
    Clause,
    Compares,
    Condition,
    ElementMatches,
    Equals,
    Exists,
    Not,
    OneOf,
    Path,
    Scalar,
    Test,
)
from localloop.store.query.sql import Predicate, all_of, any_of, as_number, compares, no, text_in


def _constant(text: str) -> ColumnElement[str]:
    return literal_column(f"'{text}'", String)


# Constants of our own are written out: SQLite keeps each bound parameter apart, so that preparing a statement of
# thousands of equal ones takes minutes.
ARRAY = _constant("array")
OBJECT = _constant("object")
TEXT = _constant("text")
TRUE = _constant("true")
FALSE = _constant("false")
NULL = _constant("null")
_NUMERIC = (_constant("integer"), _constant("real"))
_BOOLEAN = (TRUE, FALSE)
_ROOT = _constant("$")
_ONE: ColumnElement[int] = literal_column("1", Integer)

#: One element that is no object: what is passed through where there is no array.
_NO_ARRAY = _constant("[0]")

#: Of how many texts a row may be asked for one before its JSON is walked.
_MOST_TEXTS = 4

#: From which number on Python writes a whole fraction with an exponent.
_EXPONENT_FROM = 10**16

_SHORT_CUT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Node:
    """One JSON value in SQL: its ``value`` as ``json_each`` gives it (containers as text), and its type."""

    value: ColumnElement[Any]
    type: ColumnElement[str]


NodePredicate = Callable[[Node], Predicate]

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
        texts = None if self._column is None else texts_of(condition)
        if texts is None:
            return self._matches(condition)
        # Looking for the text is many times faster than walking the JSON of every row that does not have it.
        return and_(any_of([func.instr(self._column, text) > 0 for text in texts]), self._matches(condition))

    def _matches(self, condition: Exists | Equals | OneOf | Compares | ElementMatches) -> Predicate:
        if isinstance(condition, Exists):
            return self._some_value(lambda node: node.type != NULL)
        if isinstance(condition, ElementMatches):
            return self._found(lambda node: self._element_matches(node, condition), whole=False)
        if isinstance(condition, Compares):
            return self._some_scalar(lambda node: _compares(node, condition))
        wanted = (condition.value,) if isinstance(condition, Equals) else condition.values
        lists = [value for value in wanted if isinstance(value, list)]
        others = [value for value in wanted if not isinstance(value, list)]
        predicates = [self._some_value(partial(_is, value=value)) for value in lists]
        if others:
            predicates.append(self._some_scalar(lambda node: _equals_any(node, others)))
        return any_of(predicates)

    def sort_keys(self, *, descending: bool) -> tuple[ColumnElement[Any], ...]:
        """The type and the value to sort by: of all values here the first in the order asked for.

        Types rank: missing (also objects and empty arrays), numbers, texts, booleans.
        """
        rank, value = self._first(descending=descending)
        short_cut = self._short_cut()
        if short_cut is None:
            return rank, value
        parent, leaf = short_cut
        direct = and_(parent.type == OBJECT, func.coalesce(leaf.type, NULL) != ARRAY)
        leaf_rank = _rank(leaf.type)
        return (
            case((direct, leaf_rank), else_=rank),
            case((direct, case((leaf_rank > 0, leaf.value))), else_=value),
        )

    def _some_value(self, satisfied: NodePredicate) -> Predicate:
        """Some value as a whole satisfies a predicate."""
        short_cut = self._short_cut()
        if short_cut is None:
            return self._found(satisfied, whole=True)
        parent, leaf = short_cut
        walked = self._found(satisfied, whole=True)
        return case((parent.type == OBJECT, satisfied(leaf)), else_=walked)

    def _some_scalar(self, satisfied: NodePredicate) -> Predicate:
        """Some value, or element of a value that is an array, satisfies a predicate that no array does."""
        short_cut = self._short_cut()
        if short_cut is None:
            return self._found(satisfied, whole=False)
        parent, leaf = short_cut
        direct = and_(parent.type == OBJECT, func.coalesce(leaf.type, NULL) != ARRAY)
        return case((direct, satisfied(leaf)), else_=self._found(satisfied, whole=False))

    def _found(self, satisfied: NodePredicate, *, whole: bool) -> Predicate:
        """Walking the path finds a value (unless ``whole``: or an element of one) that satisfies."""
        if whole and not self._path:
            return satisfied(self._root)
        tables, wheres, node = self._walk()
        if not whole:
            node = _spread(node, tables)
        return exists(_select(_ONE, tables, *wheres, satisfied(node)))

    def _element_matches(self, node: Node, condition: ElementMatches) -> Predicate:
        inner = JsonValue(node, (), self._compile_clause)
        return and_(node.type == OBJECT, self._compile_clause(condition.clause, inner))

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
        """The rank and the value of the first scalar at the path in the order asked for.

        By aggregates, not by ORDER BY: there SQLite does not know the columns of the row around a subquery.
        """
        outermost = func.max if descending else func.min
        ranks = self._scalars(lambda node: outermost(_rank(node.type)), lambda node: _rank(node.type) > 0)
        values = self._scalars(lambda node: outermost(node.value), lambda node: _rank(node.type) == ranks)
        return func.coalesce(ranks, 0), values

    def _scalars(
        self, aggregate: Callable[[Node], ColumnElement[Any]], wanted: NodePredicate
    ) -> ColumnElement[Any]:
        """An aggregate over the values at the path, and the elements of those that are arrays."""
        tables, wheres, node = self._walk()
        node = _spread(node, tables)
        return _select(aggregate(node), tables, *wheres, wanted(node)).scalar_subquery()

    def _walk(self) -> tuple[list[FromClause], list[Predicate], Node]:
        """The tables, their conditions, and the node that stands for each value at the path."""
        tables: list[FromClause] = []
        wheres: list[Predicate] = []
        node = self._root
        for key in self._path:
            element = _elements(node)
            tables.append(element)
            members = case(
                (node.type == OBJECT, node.value),
                (element.c.type == OBJECT, element.c.value),
            )
            member = _each(members)
            tables.append(member)
            wheres.append(member.c.key == key)
            node = Node(member.c.value, member.c.type)
        return tables, wheres, node


def texts_of(condition: Condition) -> tuple[str, ...] | None:
    """Texts of which the JSON of every document that satisfies a condition has at least one.

    Args:
        condition: The condition.

    Returns:
        The texts, as JSON spells them; None when nothing can be said.
    """
    if isinstance(condition, ElementMatches):
        return _texts_of_clause(condition.clause)
    if not isinstance(condition, Equals | OneOf):
        return None
    values = (condition.value,) if isinstance(condition, Equals) else condition.values
    if not 1 <= len(values) <= _MOST_TEXTS:
        return None
    spelled = [_spelling(value) for value in values]
    return None if None in spelled else tuple(text for text in spelled if text is not None)


def _spelling(value: Any) -> str | None:
    """What stands in every JSON that has a value; None for a value that JSON spells in several ways.

    A whole number may be there as a fraction too (``7.0``), which is longer; only from 1e16 on Python writes an
    exponent instead. A text that spells a number also finds the number, which is a part of it then.
    """
    number = as_number(value)
    if number is None:
        return f'"{value}"' if isinstance(value, str) and _SHORT_CUT.fullmatch(value) else None
    if not isinstance(number, int) or abs(number) >= _EXPONENT_FROM:
        return None
    return str(number) if not isinstance(value, str) or str(number) in value else None


def _texts_of_clause(clause: Clause) -> tuple[str, ...] | None:
    if isinstance(clause, Test):
        return texts_of(clause.condition)
    if isinstance(clause, AllOf):
        return next((texts for texts in map(_texts_of_clause, clause.clauses) if texts is not None), None)
    return None


def json_column(column: ColumnElement[Any], path: Path, compile_clause: ClauseCompiler) -> JsonValue:
    """The values at a path below a JSON column.

    Args:
        column: The column, which may be null.
        path: The keys below it.
        compile_clause: How to compile the clause of an element match.

    Returns:
        The values.
    """
    root = Node(func.json_extract(column, _ROOT), func.json_type(column))
    return JsonValue(root, path, compile_clause, column=column)


def _select(column: ColumnElement[Any], tables: Sequence[FromClause], *wheres: Predicate) -> Select[Any]:
    """A select from exactly these tables; every other column in it belongs to a row around it.

    SQLAlchemy by itself only looks one level up for such rows, and would scan a whole table for those further up.
    """
    return select(column).select_from(*tables).where(*wheres).correlate_except(*tables)


def _each(container: ColumnElement[Any]) -> TableValuedAlias:
    """A table of the elements or members of a JSON container; empty for null."""
    return func.json_each(container).table_valued("key", "value", "type", joins_implicitly=True)


def _elements(node: Node) -> TableValuedAlias:
    """A table of the elements of a node that is an array; of one meaningless element for any other node."""
    return _each(case((node.type == ARRAY, node.value), else_=_NO_ARRAY))


def _spread(node: Node, tables: list[FromClause]) -> Node:
    """The node itself, or each of its elements where it is an array; adds the table that this takes."""
    element = _elements(node)
    tables.append(element)
    is_array = node.type == ARRAY
    return Node(
        case((is_array, element.c.value), else_=node.value),
        case((is_array, element.c.type), else_=node.type),
    )


def _equals_any(node: Node, values: Sequence[Any]) -> Predicate:
    """Some scalar or object literal equals one node; a text also equals the number that it spells."""
    texts = [value for value in values if isinstance(value, str)]
    numbers = [number for number in map(as_number, values) if number is not None]
    predicates = [_is(node, value) for value in values if isinstance(value, bool | Mapping)]
    if texts:
        predicates.append(and_(node.type == TEXT, text_in(node.value, texts)))
    if len(numbers) == 1:
        predicates.append(_is(node, numbers[0]))
    elif numbers:
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
        predicates.append(and_(node.type == TEXT, compares(node.value, condition.order, operand)))
    number = as_number(operand)
    if number is not None:
        compared = compares(node.value, condition.order, _bound(number))
        predicates.append(and_(node.type.in_(_NUMERIC), compared))
    return any_of(predicates)


def _bound(number: float) -> Scalar | ColumnElement[Any]:
    """A number as SQLite reads it from JSON, which for fractions may differ from Python's in the last bit."""
    if isinstance(number, int):
        return number
    return func.json_extract(_json_number(number), _ROOT)


def _json_number(number: float) -> str:
    """A number as JSON that SQLite reads; infinities come from numbers too large for a double."""
    if number in (math.inf, -math.inf):
        return "1e999" if number > 0 else "-1e999"
    return json.dumps(number)


def _is(node: Node, value: Any) -> Predicate:
    """Exact, structural equality of a node with a literal. Nulls in objects are absent keys."""
    if value is None:
        return node.type == NULL
    if isinstance(value, bool):
        return node.type == (TRUE if value else FALSE)
    if isinstance(value, str):
        return and_(node.type == TEXT, node.value == value)
    if isinstance(value, list):
        return _is_array(node, value)
    if isinstance(value, Mapping):
        return _is_object(node, value)
    number = as_number(value)
    return false() if number is None else and_(node.type.in_(_NUMERIC), node.value == _bound(number))


def _is_array(node: Node, value: list[Any]) -> Predicate:
    array = case((node.type == ARRAY, node.value))
    predicates = [func.json_array_length(array) == len(value)]
    predicates += [_has_member(array, index, literal_element) for index, literal_element in enumerate(value)]
    return all_of(predicates)


def _is_object(node: Node, value: Mapping[str, Any]) -> Predicate:
    members = case((node.type == OBJECT, node.value))
    present = {key: inner for key, inner in value.items() if inner is not None}
    every = _each(members)
    count = _select(func.count(), [every], every.c.type != NULL).scalar_subquery()
    predicates = [node.type == OBJECT, count == len(present)]
    predicates += [_has_member(members, key, inner) for key, inner in present.items()]
    return all_of(predicates)


def _has_member(container: ColumnElement[Any], key: str | int, value: Any) -> Predicate:
    member = _each(container)
    same = _is(Node(member.c.value, member.c.type), value)
    return exists(_select(_ONE, [member], member.c.key == key, same))


def _rank(kind: ColumnElement[str]) -> ColumnElement[int]:
    return case((kind.in_(_NUMERIC), 1), (kind == TEXT, 2), (kind.in_(_BOOLEAN), 3), else_=0)
