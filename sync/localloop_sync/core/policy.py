"""Who wins a conflict without being asked: rules as data, and what follows from them.

A rule says a policy, and what it is for: all of the store, a dataset, fields, fields in a dataset, each perhaps of one
kind of entity only. The most specific rule that is for a conflict decides; among equals the one that was set last.
Whatever loses is kept in the conflict's record: no policy destroys a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import Path
from localloop_sync.core.reconcile import Sort


class Policy(StrEnum):
    """How a conflict is decided. :data:`WINNERS` says each in words."""

    MANUAL = "manual"
    OURS = "ours"
    THEIRS = "theirs"
    NEWEST = "newest"


class Side(StrEnum):
    """Who wins."""

    MINE = "mine"
    THEIRS = "theirs"


#: Who wins a field that both sides changed, and who wins where one side edited what the other deleted.
WINNERS: dict[Policy, tuple[str, str]] = {
    Policy.MANUAL: (
        "nobody: the local value stands, parked, until somebody decides",
        "nobody: it waits until somebody decides",
    ),
    Policy.OURS: (
        "the local value",
        "what was done here: an edit makes it anew there, a deletion goes on",
    ),
    Policy.THEIRS: (
        "the platform's value",
        "what was done there: a deletion is taken over, an edit brings it back",
    ),
    Policy.NEWEST: (
        "the local value if it was entered after the platform's last change of the entity, else the platform's",
        "nobody: it waits until somebody decides",
    ),
}

#: Any number of keys in a pattern, none included; ``*`` is one key.
DEEP = "**"

#: Whose deletion is always a person's to decide: who lost access to a project or dataset gets the same answer from
#: the platform as when it was deleted.
UNDECIDED = frozenset({EntityKind.PROJECT, EntityKind.DATASET})


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy, and what it is for; what is None narrows nothing.

    Attributes:
        policy: How such conflicts are decided.
        kind: Only of entities of this kind.
        field: Only of fields whose path is like this: ``*`` is any one key, ``**`` any number of keys.
        dataset: Only of a dataset (its local id) and what is in it.
    """

    policy: Policy
    kind: EntityKind | None = None
    field: Path | None = None
    dataset: str | None = None

    @property
    def scope(self) -> tuple[EntityKind | None, Path | None, str | None]:
        """What it is for; a rule replaces an earlier one with the same scope."""
        return self.kind, self.field, self.dataset

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """How specific it is: field and dataset before dataset before field before store, one kind before all."""
        return self.dataset is not None, self.field is not None, self.kind is not None

    def means(self, kind: EntityKind, path: Path, dataset: str | None) -> bool:
        """Whether it is for a conflict.

        Args:
            kind: What the entity is.
            path: The field; empty for the whole entity, which only ``**`` and a rule without a field mean.
            dataset: The dataset that it is in, or None.
        """
        return (
            self.kind in (None, kind)
            and self.dataset in (None, dataset)
            and (self.field is None or fits(self.field, path))
        )

    def to_json(self) -> dict[str, Any]:
        """The form in the settings: what narrows nothing is an absent key."""
        record: dict[str, Any] = {"policy": self.policy.value}
        if self.kind is not None:
            record["kind"] = self.kind.value
        if self.field is not None:
            record["field"] = list(self.field)
        if self.dataset is not None:
            record["dataset"] = self.dataset
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Rule:
        """The rule that :meth:`to_json` wrote."""
        return cls(
            Policy(record["policy"]),
            kind=EntityKind(record["kind"]) if "kind" in record else None,
            field=tuple(record["field"]) if "field" in record else None,
            dataset=record.get("dataset"),
        )


@dataclass(frozen=True, slots=True)
class Dispute:
    """A conflict, as far as policies look at it.

    Attributes:
        kind: What the entity is.
        dataset: The local id of the dataset that it is in, or is; None where there is none.
        path: The field; empty for the whole entity.
        sort: What the conflict is about.
        mine_at: When the local value was entered, by this machine's clock, in seconds from any one moment; None when
            that is not known.
        theirs_at: When the platform says that the entity last changed, in seconds from that moment; None when it does
            not say.
    """

    kind: EntityKind
    dataset: str | None
    path: Path
    sort: Sort
    mine_at: float | None = None
    theirs_at: float | None = None


def policy_for(rules: Sequence[Rule], kind: EntityKind, path: Path, dataset: str | None) -> Policy:
    """The policy of the most specific rule that is for a conflict; ``manual`` when there is none.

    Args:
        rules: All rules, in the order in which they were set.
        kind: What the entity is.
        path: The field; empty for the whole entity.
        dataset: The dataset that it is in, or None.
    """
    found = [(rule.rank, number) for number, rule in enumerate(rules) if rule.means(kind, path, dataset)]
    return rules[max(found)[1]].policy if found else Policy.MANUAL


def decide(rules: Sequence[Rule], dispute: Dispute) -> tuple[Policy, Side | None]:
    """Who wins a conflict.

    Args:
        rules: All rules, in the order in which they were set.
        dispute: The conflict.

    Returns:
        The policy that is for it, and the side that wins by it; None when a person has to decide. Content is never
        disputed here: both files are kept, whatever the policy.
    """
    policy = policy_for(rules, dispute.kind, dispute.path, dispute.dataset)
    if policy is Policy.MANUAL or dispute.sort is Sort.CONTENT:
        return policy, None
    if dispute.sort is not Sort.FIELD and (policy is Policy.NEWEST or dispute.kind in UNDECIDED):
        return policy, None
    if policy is Policy.NEWEST:
        mine, theirs = dispute.mine_at, dispute.theirs_at
        later = mine is not None and theirs is not None and mine > theirs
        return policy, Side.MINE if later else Side.THEIRS
    return policy, Side.MINE if policy is Policy.OURS else Side.THEIRS


def with_rule(rules: Sequence[Rule], rule: Rule) -> list[Rule]:
    """The rules after one was set: it replaces the one with the same scope, and counts as the last."""
    return [*(one for one in rules if one.scope != rule.scope), rule]


def fits(pattern: Path, path: Path) -> bool:
    """Whether a path is one that a pattern means: ``*`` is any one key, ``**`` any number of keys, also none."""
    if not pattern:
        return not path
    if pattern[0] == DEEP:
        return any(fits(pattern[1:], path[start:]) for start in range(len(path) + 1))
    return bool(path) and pattern[0] in ("*", path[0]) and fits(pattern[1:], path[1:])


def parse_field(text: str) -> Path:
    r"""The pattern that a text says: keys with dots between them; a dot inside a key is written ``\.``.

    Raises:
        ValueError: A key is empty.
    """
    keys = [key.replace("\0", ".") for key in text.replace("\\.", "\0").split(".")]
    if "" in keys:
        raise ValueError(f"{text!r} is no path: a key in it is empty")
    return tuple(keys)


def field_text(field: Path) -> str:
    """A pattern as :func:`parse_field` reads it."""
    return ".".join(key.replace(".", "\\.") for key in field)
