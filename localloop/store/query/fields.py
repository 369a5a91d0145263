"""Fields: how one name of the wire is tested and sorted by in SQL, by what its column holds.

Each field answers the conditions of :mod:`localloop.store.query.model`; a condition on a value of another
type is false. Which names there are is in :mod:`localloop.store.query.names`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, FromClause, Table, and_, false, func, or_, select, true

from localloop.store.query.model import Compares, Condition, Equals, Exists, Not, OneOf, Order
from localloop.store.query.sql import (
    Predicate,
    any_of,
    as_number,
    compares,
    is_pattern,
    no,
    text_in,
)


class Field(Protocol):
    """One field of a resource."""

    def matches(self, condition: Condition) -> Predicate:
        """Whether the field's value satisfies a condition."""
        ...

    def sort_keys(self, *, descending: bool) -> tuple[ColumnElement[Any], ...]:
        """What to sort by, the weightiest first."""
        ...


class MissingField:
    """A name that the resource does not have: a value that is always missing."""

    def matches(self, condition: Condition) -> Predicate:
        """Only a negated condition holds."""
        return true() if isinstance(condition, Not) else false()

    def sort_keys(self, *, descending: bool) -> tuple[ColumnElement[Any], ...]:  # noqa: ARG002 - all are equal
        """Nothing: all values are equal."""
        return ()


class ColumnField:
    """A field that is one SQL expression.

    Args:
        column: The expression; null is a missing value.
    """

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column

    def matches(self, condition: Condition) -> Predicate:
        """Whether the column's value satisfies the condition."""
        if isinstance(condition, Not):
            return no(self.matches(condition.condition))
        if isinstance(condition, Exists):
            return self.column.is_not(None)
        if isinstance(condition, Equals):
            return self.equals_any((condition.value,))
        if isinstance(condition, OneOf):
            return self.equals_any(condition.values)
        if isinstance(condition, Compares):
            return self.compares(condition)
        return false()

    def sort_keys(self, *, descending: bool) -> tuple[ColumnElement[Any], ...]:  # noqa: ARG002 - one value only
        """The column itself; SQLite puts null below everything."""
        return (self.column,)

    def equals_any(self, values: tuple[Any, ...]) -> Predicate:
        """Whether the column equals one of the values of its own type."""
        raise NotImplementedError

    def compares(self, condition: Compares) -> Predicate:
        """Whether the column, if the operand is of its type, stands in the order asked for."""
        raise NotImplementedError


class TextField(ColumnField):
    """Text."""

    def equals_any(self, values: tuple[Any, ...]) -> Predicate:
        """Plain and wildcard equality."""
        return text_in(self.column, [value for value in values if isinstance(value, str)])

    def compares(self, condition: Compares) -> Predicate:
        """By code points."""
        if not isinstance(condition.value, str):
            return false()
        return compares(self.column, condition.order, condition.value)


class TimeField(TextField):
    """A time. Columns hold UTC with milliseconds; a query may say the same moment in any ISO-8601 form."""

    def equals_any(self, values: tuple[Any, ...]) -> Predicate:
        """The same moment; a pattern is compared with the text of the time."""
        texts = [value for value in values if isinstance(value, str)]
        return super().equals_any(tuple(moment for text in texts for moment in _exact(text)))

    def compares(self, condition: Compares) -> Predicate:
        """By time, exact to the microsecond of the operand."""
        if not isinstance(condition.value, str):
            return false()
        moment = _moment(condition.value)
        if moment is None:
            return super().compares(condition)
        order = condition.order
        if moment.microsecond % 1000:
            # The column's milliseconds lie on one side or the other of such a moment, never upon it.
            order = {Order.GREATER_OR_EQUAL: Order.GREATER, Order.LESS: Order.LESS_OR_EQUAL}.get(order, order)
        return compares(self.column, order, _stamp(moment))


class BooleanField(ColumnField):
    """True or false."""

    def equals_any(self, values: tuple[Any, ...]) -> Predicate:
        """Equality with booleans only: 1 is not true."""
        return any_of([self.column == int(value) for value in values if isinstance(value, bool)])

    def compares(self, condition: Compares) -> Predicate:
        """False lies below true."""
        if not isinstance(condition.value, bool):
            return false()
        return compares(self.column, condition.order, int(condition.value))


class NumberField(ColumnField):
    """A number."""

    def equals_any(self, values: tuple[Any, ...]) -> Predicate:
        """Equality with numbers, or texts that spell them."""
        numbers = [number for number in map(as_number, values) if number is not None]
        return any_of([self.column == number for number in numbers])

    def compares(self, condition: Compares) -> Predicate:
        """Order among numbers, or texts that spell them."""
        number = as_number(condition.value)
        return false() if number is None else compares(self.column, condition.order, number)


class IdField(TextField):
    """The id of the entity itself: presented and ordered as the local id, found by the platform's as well.

    Args:
        table: The table, or an alias of it.
    """

    def __init__(self, table: FromClause) -> None:
        super().__init__(table.c.id)
        self._remote_id = table.c.remote_id

    def equals_any(self, values: tuple[Any, ...]) -> Predicate:
        """Either id equals. Patterns are compared with the presented id."""
        plain = tuple(value for value in values if isinstance(value, str) and not is_pattern(value))
        either = super().equals_any(values)
        return or_(either, text_in(self._remote_id, plain)) if plain else either


class ReferenceField(TextField):
    """The id of another entity, named by its local or its platform id.

    Args:
        column: The column that refers.
        target: The table that it refers to.
    """

    def __init__(self, column: ColumnElement[Any], target: Table) -> None:
        super().__init__(column)
        self._target = target

    def equals_any(self, values: tuple[Any, ...]) -> Predicate:
        """The reference is to an entity that has one of these ids."""
        target = self._target.alias()
        return self.column.in_(select(target.c.id).where(IdField(target).equals_any(values)))


class ListField(ColumnField):
    """A reference that the wire shows as an array of exactly one id.

    Args:
        column: The column that refers.
        target: The table that it refers to.
    """

    def __init__(self, column: ColumnElement[Any], target: Table) -> None:
        super().__init__(column)
        self._reference = ReferenceField(column, target)

    def equals_any(self, values: tuple[Any, ...]) -> Predicate:
        """Membership for a scalar, equality as a whole for a list."""
        flat = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in values]
        return self._reference.equals_any(tuple(flat))

    def compares(self, condition: Compares) -> Predicate:
        """As the one id compares."""
        return self._reference.compares(condition)


#: Makes the field of a table (or an alias of it).
FieldFactory = Callable[[FromClause], Field]


def exists_annotation(items: FromClause, annotations: Table) -> ColumnField:
    """Whether an item has annotations.

    Args:
        items: The items table, or an alias of it.
        annotations: The annotations table.

    Returns:
        The field; it equals true or false and never a text such as ``discarded``.
    """
    alias = annotations.alias()
    return BooleanField(select(alias.c.id).where(belongs(alias, items)).exists())


def count_annotations(items: FromClause, annotations: Table) -> ColumnField:
    """How many annotations an item has.

    Args:
        items: The items table, or an alias of it.
        annotations: The annotations table.

    Returns:
        The field.
    """
    alias = annotations.alias()
    return NumberField(select(func.count()).select_from(alias).where(belongs(alias, items)).scalar_subquery())


def belongs(annotations: FromClause, items: FromClause) -> Predicate:
    """That a live annotation is one of a live item.

    The dataset, which the item implies, is not compared: SQLite would follow an index that begins with it, and so look
    at all annotations of the dataset for each item.

    Args:
        annotations: The annotations table, or an alias of it.
        items: The items table, or an alias of it.

    Returns:
        The condition.
    """
    return and_(
        annotations.c.item_id == items.c.id,
        annotations.c.deleted_at.is_(None),
        items.c.deleted_at.is_(None),
    )


def _moment(text: str) -> datetime | None:
    """The moment in UTC that an ISO-8601 text names, of which none is needed to name a time zone."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _stamp(moment: datetime) -> str:
    """A moment as columns hold it, cut off below the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _exact(text: str) -> tuple[str, ...]:
    """What a column must hold to equal this time: nothing can, if it is finer than a millisecond."""
    moment = None if is_pattern(text) else _moment(text)
    if moment is None:
        return (text,)
    return () if moment.microsecond % 1000 else (_stamp(moment),)
