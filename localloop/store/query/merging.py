"""Merging of tests that say together what one membership test says.

People (and SDKs) write long alternatives of one field: ``$or`` of a thousand equalities. As one ``$in`` they
travel as one parameter; as they are, each becomes its own piece of SQL, and preparing that is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from localloop.store.query.model import AllOf, AnyOf, Clause, Equals, Not, OneOf, Path, Test


def any_clause(clauses: Sequence[Clause]) -> Clause:
    """That at least one clause holds, with the equalities of each field merged into one test.

    Args:
        clauses: The alternatives, at least one.

    Returns:
        A clause that holds for exactly the same entities.
    """
    merged = _merged(clauses, _wanted, lambda path, values: Test(path, OneOf(values)))
    return merged[0] if len(merged) == 1 else AnyOf(merged)


def all_clause(clauses: Sequence[Clause]) -> Clause:
    """That all clauses hold, with the inequalities of each field merged into one test.

    Args:
        clauses: The clauses.

    Returns:
        A clause that holds for exactly the same entities.
    """
    merged = _merged(clauses, _unwanted, lambda path, values: Test(path, Not(OneOf(values))))
    return merged[0] if len(merged) == 1 else AllOf(merged)


def _wanted(clause: Clause) -> tuple[Any, ...] | None:
    """The values of which a test asks for one; None for any other clause."""
    if not isinstance(clause, Test):
        return None
    if isinstance(clause.condition, Equals):
        return (clause.condition.value,)
    return clause.condition.values if isinstance(clause.condition, OneOf) else None


def _unwanted(clause: Clause) -> tuple[Any, ...] | None:
    """The values that a test excludes; None for any other clause."""
    if isinstance(clause, Test) and isinstance(clause.condition, Not):
        return _wanted(Test(clause.path, clause.condition.condition))
    return None


def _merged(
    clauses: Sequence[Clause],
    values_of: Callable[[Clause], tuple[Any, ...] | None],
    test: Callable[[Path, tuple[Any, ...]], Test],
) -> tuple[Clause, ...]:
    """The clauses in their order, all that have values for one path as one test in the place of the first."""
    slots: dict[Path | int, list[Clause]] = {}
    for position, clause in enumerate(clauses):
        slot = clause.path if isinstance(clause, Test) and values_of(clause) is not None else position
        slots.setdefault(slot, []).append(clause)
    result: list[Clause] = []
    for slot, members in slots.items():
        if isinstance(slot, int) or len(members) == 1:
            result.extend(members)
        else:
            result.append(test(slot, tuple(value for member in members for value in values_of(member) or ())))
    return tuple(result)
