"""A query as data: what parsing produces and compiling consumes.

A filter is a tree of :class:`AllOf` and :class:`AnyOf` over :class:`Test` leaves. Every operator of the wire
is reduced here to five conditions and their negation, so that the compiler has one case for each and no
spelling of the wire left to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Path = tuple[str, ...]
Scalar = str | int | float | bool

#: The most rows that one page may hold; more is clamped, as the platform does (docs/platform/wire.md, 4.5).
MAX_PAGE_SIZE = 1000


class Resource(StrEnum):
    """What a query looks for."""

    ITEMS = "items"
    ANNOTATIONS = "annotations"
    DATASETS = "datasets"
    TASKS = "tasks"
    ASSIGNMENTS = "assignments"
    RECIPES = "recipes"
    ONTOLOGIES = "ontologies"


class Order(StrEnum):
    """How a value must stand to the operand of a range operator."""

    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a value other than null."""


@dataclass(frozen=True, slots=True)
class Equals:
    """A value equals ``value``: text (with ``*`` and ``?``), number, boolean, or a whole list or object."""

    value: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value equals at least one of ``values``, none of which is null."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Compares:
    """A value of the operand's type stands in ``order`` to ``value``."""

    order: Order
    value: Scalar


@dataclass(frozen=True, slots=True)
class ElementMatches:
    """One single object, by itself or in an array, satisfies the whole of ``clause``."""

    clause: Clause


@dataclass(frozen=True, slots=True)
class Not:
    """No value satisfies ``condition``; so it also holds where there is no value at all."""

    condition: Exists | Equals | OneOf | Compares | ElementMatches


Condition = Exists | Equals | OneOf | Compares | ElementMatches | Not


@dataclass(frozen=True, slots=True)
class Test:
    """The values at ``path`` satisfy ``condition``."""

    __test__ = False  # the name is no invitation to pytest

    path: Path
    condition: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every clause holds; without clauses, everything does."""

    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one clause holds."""

    clauses: tuple[Clause, ...]


Clause = AllOf | AnyOf | Test


@dataclass(frozen=True, slots=True)
class Join:
    """At least one entity of ``resource`` that belongs to the result satisfies the whole of ``where``."""

    resource: Resource
    where: Clause


@dataclass(frozen=True, slots=True)
class SortKey:
    """One sort key; earlier keys of a query weigh more."""

    path: Path
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """The projects and datasets that a query is confined to; an empty tuple confines nothing."""

    projects: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One parsed query.

    ``page_size`` is 0 for a query that only counts. ``skip`` and ``limit`` cut the results before they are paged.
    ``count_total`` says whether somebody wants to know how many there are beyond the page. ``select`` is the
    projection: it concerns how rows are presented and changes no result. ``system_space`` includes system
    datasets, otherwise left out.
    """

    resource: Resource = Resource.ITEMS
    where: Clause = field(default_factory=AllOf)
    join: Join | None = None
    sort: tuple[SortKey, ...] = ()
    page: int = 0
    page_size: int = MAX_PAGE_SIZE
    skip: int = 0
    limit: int | None = None
    count_total: bool = True
    select: Mapping[str, bool] | None = None
    intersect: Query | None = None
    except_: Query | None = None
    context: Context = field(default_factory=Context)
    system_space: bool = False
