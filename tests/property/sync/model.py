"""The cycle of the engine on one entity, as a pure model: replicas that pull, decide and push, and a platform.

Nothing here fails or is lost on the way: what is tried is whether the outcomes of reconciling, written down and sent as
the engine does, bring all sides to the same values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import Change, apply, put
from localloop_sync.core.leaves import MISSING, Path
from localloop_sync.core.operation import Effect, difference
from localloop_sync.core.reconcile import Action, Observation, Outcome, Sort, reconcile


@dataclass
class Platform:
    """What the platform has of the entity, and how often it was written."""

    kind: EntityKind
    document: Any = None
    writes: int = 0

    def write(self, document: Any) -> None:
        self.document = document
        self.writes += 1


@dataclass
class Replica:
    """A store: the mirror and base of the entity, its open conflicts, and content that was kept aside."""

    platform: Platform
    base: Any = None
    mirror: Any = None
    open: dict[Path, Any] = field(default_factory=dict)
    sort: Sort | None = None
    aside: list[Any] = field(default_factory=list)
    beside: list[Any] = field(default_factory=list)

    def sync(self) -> Outcome:
        """Pull, and push what is not parked."""
        outcome = self._pull()
        self._push()
        return outcome

    def _pull(self) -> Outcome:
        seen = Observation(self.platform.kind, self.base, self.mirror, self.platform.document)
        outcome = reconcile(seen)
        action = outcome.action
        if action is Action.KEEP_BOTH:  # ours goes to another path, and is another entity from now on
            self.beside.append(self.mirror)
            self.base = self.mirror = self.platform.document
        elif action in (Action.TAKE, Action.MERGE):
            self.base, self.mirror = outcome.base, outcome.mirror
        elif action in (Action.DELETE_HERE, Action.FORGET):
            self.base = self.mirror = None
        elif action is Action.CONFLICT:
            self.sort = outcome.sort
            self.base = outcome.base
        if outcome.aside is not None:
            self.aside.append(outcome.aside)
        self.open |= {one.path: one for one in outcome.conflicts}
        return outcome

    def _push(self) -> None:
        if self.sort is not None:
            return
        kind, there = self.platform.kind, self.platform.document
        delta = difference(kind, self.base, self.mirror)
        if delta.effect is Effect.NOTHING:
            return
        if delta.effect is Effect.SET:
            changes = [one for one in delta.changes if not self._parked(one)]
            if not changes:
                return
            self.platform.write(apply(kind, there, changes))
        else:
            self.platform.write(self.mirror)
        self.base = self.platform.document

    def _parked(self, change: Change) -> bool:
        return any(
            change.path[: min(len(path), len(change.path))] == path[: min(len(path), len(change.path))]
            for path in self.open
        )

    def resolve(self, mine: bool) -> None:
        """Decide all that is open for one side, as an edit."""
        for path in list(self.open):
            self.resolve_field(path, mine)
        self.resolve_whole(mine)

    def resolve_field(self, path: Path, mine: bool) -> None:
        """Decide a field for one side."""
        one = self.open.pop(path)
        if not mine:
            self.mirror = put(self.platform.kind, self.mirror, path, one.theirs)

    def resolve_whole(self, mine: bool) -> None:
        """Decide whether the entity is to be there, where that is open."""
        if self.sort is Sort.DELETED_THERE:
            self.base, self.mirror = (None, self.mirror) if mine else (None, None)
        elif self.sort is Sort.DELETED_HERE:
            self.mirror = None if mine else self.base
        self.sort = None


def value_at(document: Any, path: Path) -> Any:
    """What stands at a path of a document, or MISSING."""
    for key in path:
        document = document.get(key, MISSING) if isinstance(document, dict) else MISSING
    return document
