"""Policies of a store: who wins a conflict without being asked. The rules themselves are ``core/policy.py``'s."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, insert, select

from localloop.errors import NotFound
from localloop.store.store import Store
from localloop_schema.kinds import EntityKind
from localloop_schema.session import writing
from localloop_schema.tables import Setting
from localloop_sync.core.leaves import Path
from localloop_sync.core.policy import Policy, Rule, with_rule

__all__ = ["Policy", "Rule", "list_policies", "set_policy", "unset_policy"]

#: The setting that holds the rules, as the journal reads it.
KEY = "policies"

_SETTINGS: Any = Setting.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


def list_policies(store: Store) -> list[Rule]:
    """The rules of a store, in the order in which they were set."""
    return _read(store.settings().get(KEY))


def set_policy(store: Store, rule: Rule) -> Rule | None:
    """Set a rule. It is for conflicts that later syncs find; what is open already stays open.

    Args:
        store: The store.
        rule: The rule. It replaces the one for the same kind, field and dataset, and counts as the last that was set.

    Returns:
        The rule that it replaces, or None.
    """
    with _rules(store) as rules:
        before = next((one for one in rules if one.scope == rule.scope), None)
        rules[:] = with_rule(rules, rule)
    return before


def unset_policy(
    store: Store, *, kind: EntityKind | None = None, field: Path | None = None, dataset: str | None = None
) -> Rule:
    """Remove the rule for exactly this kind, field and dataset (local id); less specific ones are for it again.

    Returns:
        The rule as it was.

    Raises:
        NotFound: There is none.
    """
    with _rules(store) as rules:
        found = next((one for one in rules if one.scope == (kind, field, dataset)), None)
        if found is None:
            raise NotFound("404", "No policy is set for exactly this; see `localloop policy`.")
        rules.remove(found)
    return found


@contextmanager
def _rules(store: Store) -> Iterator[list[Rule]]:
    """The rules, to be changed in place, in one write transaction."""
    with writing(store.engine) as connection:
        rules = _read(_stored(connection))
        yield rules
        row = {"key": KEY, "value": [one.to_json() for one in rules]}
        connection.execute(insert(Setting).prefix_with("OR REPLACE"), [row])


def _stored(connection: Connection) -> Any:
    return connection.execute(select(_SETTINGS.c.value).where(_SETTINGS.c.key == KEY)).scalar()


def _read(stored: Sequence[Any] | None) -> list[Rule]:
    return [Rule.from_json(one) for one in stored or ()]
