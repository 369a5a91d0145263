"""Resolving conflicts: a person's decision, written as new operations. What loses stays in the conflict row."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import select

from localloop_schema.documents import derived_system, to_columns, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, live_rows, update_row
from localloop_schema.tables import Conflict
from localloop_sync.core.change import equal, put
from localloop_sync.core.leaves import MISSING, Path
from localloop_sync.core.reconcile import Sort
from localloop_sync.core.rules import RULES
from localloop_sync.drivers import conflicts, states
from localloop_sync.drivers.burying import Undertaker
from localloop_sync.drivers.reverting import Reverter
from localloop_sync.drivers.scribe import Scribe
from localloop_sync.drivers.states import EntityState

_TABLE: Any = Conflict.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


class Choice(StrEnum):
    """Which side stands."""

    MINE = "mine"
    THEIRS = "theirs"
    VALUE = "value"


class ContentMissing(Exception):
    """An item cannot be made again on the platform, because its content is not here."""


class PathTaken(Exception):
    """Another item is at the path that an item is to get, or another task has the name of one that is to come back.

    Args:
        path: The path, or the name.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Resolver(Scribe):
    """Resolves conflicts within one transaction."""

    def resolve(
        self, conflict_id: str, choice: Choice, value: Any = MISSING, *, resolution: str | None = None
    ) -> Row | None:
        """Resolve one open conflict.

        Args:
            conflict_id: Which.
            choice: Which side stands; ``VALUE`` only for a field.
            value: The value that is to stand, for ``VALUE``.
            resolution: What the record is to say of how it was decided; the choice when it is None.

        Returns:
            The conflict, or None when there is no open one of this id. Nothing was written when this raises.

        Raises:
            ContentMissing: ``MINE`` for an item deleted on the platform whose content is not here.
            PathTaken: Another item is here at the path that is chosen, or of the item that is to come back.
            ValueError: ``VALUE`` for a whole entity.
        """
        query = select(_TABLE).where(_TABLE.c.id == conflict_id, _TABLE.c.state == "open")
        found = self._connection.execute(query).mappings().first()
        if found is None:
            return None
        row = dict(found)
        kind = EntityKind(row["kind"])
        state = states.load(self._connection, kind, [row["entity_id"]])[row["entity_id"]]
        path, sort = tuple(row["path"]), Sort(row["sort"])
        if sort is Sort.FIELD:
            stands = row["values"].get("theirs", MISSING) if choice is Choice.THEIRS else value
            self._check_field(state, path, choice, stands)
        else:
            self._check_whole(state, sort, choice)
        # Somebody may have gone on editing: what loses is what stands here now.
        conflicts.refresh(self._connection, conflict_id, {**row["values"], **_mine(state, path)})
        conflicts.close(self._connection, conflict_id, resolution or choice.value, self._stamp.at)
        state.conflicts = [one for one in state.conflicts if one["id"] != conflict_id]
        if sort is Sort.FIELD:
            self._field(state, path, choice, stands)
        elif sort is Sort.DELETED_THERE:
            self._deleted_there(state, choice)
        else:
            self._deleted_here(state, choice)
        return row

    def _check_field(self, state: EntityState, path: Path, choice: Choice, stands: Any) -> None:
        if choice is not Choice.MINE and state.kind is EntityKind.ITEM and path == RULES[state.kind].key:
            self._check_free(state, stands)

    def _check_whole(self, state: EntityState, sort: Sort, choice: Choice) -> None:
        if choice is Choice.VALUE:
            raise ValueError("a conflict about a whole entity has two sides and no third value")
        if sort is Sort.DELETED_THERE and choice is Choice.MINE:
            if state.kind is EntityKind.TASK and state.row is not None:
                self._check_only(state, "name", dataset_id=state.row["dataset_id"])
            for one in self._tree(state):
                if one.mirror is not None and states.remote_only(self._connection, one):
                    raise ContentMissing(one.id)
        if sort is Sort.DELETED_HERE and choice is Choice.THEIRS and state.kind is EntityKind.ITEM:
            self._check_free(state, (state.base_document or {}).get("filename"))

    def _tree(self, state: EntityState) -> list[EntityState]:
        """An entity after everything below it."""
        undertaker = Undertaker(self._connection, self._identity, self._stamp)
        return [*undertaker.below(state.kind, state.id), state]

    def _field(self, state: EntityState, path: Path, choice: Choice, stands: Any) -> None:
        mirror = state.mirror
        if mirror is not None and choice is not Choice.MINE:
            mirror = put(state.kind, mirror, path, stands)
            self._write(state, mirror)
        self._relog(state, state.base_document, mirror)

    def _check_free(self, state: EntityState, path: Any) -> None:
        assert state.row is not None
        at_path = live_rows(
            self._connection, EntityKind.ITEM, dataset_id=state.row["dataset_id"], filename=path
        )
        if any(row["id"] != state.id for row in at_path):
            raise PathTaken(path)

    def _check_only(self, state: EntityState, key: str, **within: Any) -> None:
        """Nothing else here has its name: another store has made it again, and that came in meanwhile."""
        assert state.row is not None
        rows = live_rows(self._connection, state.kind, **{key: state.row[key]}, **within)
        if any(row["id"] != state.id for row in rows):
            raise PathTaken(state.row[key])

    def _write(self, state: EntityState, document: dict[str, Any], **columns: Any) -> None:
        assert state.row is not None
        derived = derived_system(state.kind, state.row.get("metadata") or {})
        columns |= to_columns(state.kind, document, derived)
        columns |= {"updated_at": self._stamp.at, "updated_by": self._stamp.author}
        update_row(self._connection, state.kind, state.id, columns)
        state.row = {**state.row, **columns}

    def _deleted_there(self, state: EntityState, choice: Choice) -> None:
        if choice is Choice.THEIRS:
            undertaker = Undertaker(self._connection, self._identity, self._stamp)
            undertaker.bury_tree(state.kind, state.id, origin="platform")
        else:
            reverter = Reverter(self._connection, self._identity, self._stamp)
            reverter.make_anew(state.kind, [state.id])

    def _deleted_here(self, state: EntityState, choice: Choice) -> None:
        if choice is Choice.MINE:
            self._relog(state, state.base_document, None)
            return
        assert state.row is not None
        since = state.row["deleted_at"]
        for one in Undertaker(self._connection, self._identity, self._stamp).below(state.kind, state.id):
            if one.row is not None and one.row["deleted_at"] == since:  # it went with its parent
                self._revive(one)
        self._revive(state)

    def _revive(self, state: EntityState) -> None:
        """Take a deletion back: the platform's document stands. What was edited here before it is kept as a record."""
        last = to_document(state.kind, state.row or {})
        document = state.base_document or last
        if not equal(state.kind, last, document):
            conflicts.add(
                self._connection,
                self._identity.object_id(),
                state.kind,
                state.id,
                Sort.DELETED_HERE,
                at=self._stamp.at,
                values={"mine": last, "theirs": document},
                resolution=Choice.THEIRS.value,
            )
        self._write(state, document, deleted_at=None)
        self._relog(state, state.base_document, state.mirror)


def _mine(state: EntityState, path: Path) -> dict[str, Any]:
    """The local value that a conflict is about, as it is now; nothing when there is none."""
    value: Any = MISSING if state.mirror is None else state.mirror
    for key in path:
        value = value.get(key, MISSING) if isinstance(value, dict) else MISSING
    return {} if value is MISSING else {"mine": value}
