"""The push side of the journal: which jobs there are, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from localloop_schema.documents import Document, derived_system, measured, to_columns, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, parents_of, purge_rows, rows_where, update_row
from localloop_sync.core.change import apply, equal
from localloop_sync.core.content import with_known_digest
from localloop_sync.core.echo import sent
from localloop_sync.core.merge import merge
from localloop_sync.core.operation import Effect, Operation, State, Verb, difference, rest
from localloop_sync.core.plan import Errand, Job
from localloop_sync.core.references import natural_key
from localloop_sync.core.rules import RULES
from localloop_sync.drivers import conflicts, oplog, states
from localloop_sync.drivers.burying import Undertaker, title
from localloop_sync.drivers.identity import iso
from localloop_sync.drivers.matching import bind
from localloop_sync.drivers.relog import refused, relog, split
from localloop_sync.drivers.scribe import Scribe
from localloop_sync.drivers.states import EntityState
from localloop_sync.drivers.translate import local_refs, localise
from localloop_sync.ports import RemoteEntity


class Sender(Scribe):
    """Reads jobs from the log and writes down their outcomes, within one transaction."""

    def jobs(self, waiting: State) -> list[Job]:
        """A job for each entity that has operations in the state ``pending`` or ``in flight``."""
        by_kind: dict[EntityKind, list[str]] = {}
        for kind, entity_id in oplog.entities_in(self._connection, [waiting]):
            by_kind.setdefault(kind, []).append(entity_id)
        contested = self._contested()
        found: list[Job] = []
        for kind, ids in by_kind.items():
            for state in states.load(self._connection, kind, ids).values():
                if state.lost and waiting is State.PENDING:
                    continue  # nobody knows what it would overwrite: it has to be compared first
                job = self._job(state, waiting)
                if job is not None and waiting is State.PENDING:
                    job = _parted(job, state.operations)
                if job is not None and contested.isdisjoint(job.parents.items()):
                    found.append(job)
        if any(job.kind is EntityKind.TASK and job.errand is Errand.DELETE for job in found):
            # The platform would take the work out of the items with it, and the decision would be about nothing.
            disputed = conflicts.disputed_tasks(self._connection)
            found = [job for job in found if job.entity_id not in disputed or job.errand is not Errand.DELETE]
        return found

    def _contested(self) -> set[tuple[EntityKind, str]]:
        """Entities about whose existence there is a conflict: whatever is below one waits for its resolution."""
        contested = conflicts.whole(self._connection)
        for kind, entity_id in list(contested):
            if kind is EntityKind.PROJECT:
                rows = rows_where(self._connection, EntityKind.DATASET, project_id=entity_id)
                contested |= {(EntityKind.DATASET, row["id"]) for row in rows}
        return contested

    def _job(self, state: EntityState, asked: State) -> Job | None:
        if state.row is None or _of_platform(state.row):
            return None
        base, mirror = state.base_document, state.mirror
        part = split(difference(state.kind, base, mirror), state.operations, state.contested)
        wanted = part.get(State.PENDING)
        if wanted is None:
            waiting = [one for one in state.operations if one.state in (State.PENDING, State.IN_FLIGHT)]
            if mirror is not None or base is not None:
                self._undone(state, base, mirror)
                # What is under way was taken back here meanwhile: nothing to send, but it has to be looked at.
                unsure = (
                    asked is State.IN_FLIGHT and mirror is not None and state.row["remote_id"] is not None
                )
                return replace(self._describe(state, base, waiting), target=mirror) if unsure else None
            if not waiting:
                return None
            # Created and deleted again while the creation was under way: nothing to send, if it never arrived.
            return self._describe(state, None, waiting)
        target = None if wanted.effect is Effect.DELETE else apply(state.kind, base or {}, wanted.changes)
        still = refused(state.operations, wanted.effect)
        carried = [one for one in state.operations if one.state is not State.PARKED and one not in still]
        return replace(self._describe(state, base, carried), target=target)

    def _undone(self, state: EntityState, base: Document | None, mirror: Document | None) -> None:
        """Close operations that took one another back, so that nothing of them waits to be sent."""
        nothing = difference(state.kind, base, mirror).effect is Effect.NOTHING
        if nothing and all(one.state in (State.PENDING, State.REJECTED) for one in state.operations):
            oplog.move(self._connection, [one.seq for one in state.operations], State.SUPERSEDED)

    def _describe(self, state: EntityState, base: dict[str, object] | None, carried: list[Operation]) -> Job:
        assert state.row is not None
        return Job(
            kind=state.kind,
            entity_id=state.id,
            remote_id=state.row["remote_id"],
            base=base,
            target=None,
            parents=parents_of(state.kind, state.row),
            seqs=tuple(one.seq for one in carried),
            name=title(state.kind, state.row),
            key=self._key(state),
            found_only=bool(state.row.get("system")),
        )

    def _key(self, state: EntityState) -> str:
        """The natural key by which the platform knows the entity if a creation of it arrived."""
        assert state.row is not None
        document = sent(state.kind, state.base_document, state.operations)
        return natural_key(state.kind, document or to_document(state.kind, state.row))

    def begin(self, jobs: Sequence[Job]) -> list[Job]:
        """Mark the jobs' operations as in flight; must be committed before any request of theirs is sent.

        Returns:
            The jobs that may go: one whose operations have moved on since it was planned is left out.
        """
        going = []
        for job in jobs:
            current = oplog.in_states(
                self._connection,
                [(job.kind, job.entity_id)],
                [State.PENDING, State.IN_FLIGHT, State.REJECTED],
            )
            now = {one.seq for one in current}
            if not set(job.seqs) <= now:
                continue
            rejected = [one.seq for one in current if one.state is State.REJECTED and one.seq in job.seqs]
            oplog.move(self._connection, rejected, State.PENDING)
            oplog.move(self._connection, job.seqs, State.IN_FLIGHT)
            going.append(job)
        return going

    def release(self, jobs: Sequence[Job]) -> None:
        """These were surely not applied: they wait again."""
        for job in jobs:
            oplog.move(self._connection, job.seqs, State.PENDING)
            if job.target is None and job.base is None:  # created, deleted, and never arrived
                oplog.move(self._connection, job.seqs, State.SUPERSEDED)
                purge_rows(self._connection, job.kind, [job.entity_id])

    def reject(self, job: Job, reason: str, *, mendable: bool = False) -> None:
        """The platform refused it; what is mendable elsewhere gets a timer, which rests longer each time."""
        current = oplog.in_states(self._connection, [(job.kind, job.entity_id)], [State.IN_FLIGHT])
        tries = 1 + max((one.tries for one in current if one.seq in job.seqs), default=0)
        due = (
            iso(datetime.fromisoformat(self._stamp.at) + timedelta(seconds=rest(tries))) if mendable else None
        )
        oplog.refuse(self._connection, job.seqs, reason, tries=tries, not_before=due)

    def rearm(self) -> int:
        """What was refused and whose timer has run out waits again."""
        return oplog.rearm(self._connection, due=self._stamp.at)

    def gone(self, job: Job) -> None:
        """The deletion is done there: forget the entity and everything below it here."""
        oplog.move(self._connection, job.seqs, State.ACKNOWLEDGED)
        Undertaker(self._connection, self._identity, self._stamp).bury_tree(
            job.kind, job.entity_id, origin="local"
        )

    def acknowledge(self, job: Job, entity: RemoteEntity) -> None:
        """The platform has it: move the base to its answer, and the mirror along where it was not edited since.

        Args:
            job: What was sent.
            entity: The platform's answer, in its own ids.
        """
        assert job.target is not None
        kind = job.kind
        state = states.load(self._connection, kind, [job.entity_id])[job.entity_id]
        oplog.move(self._connection, job.seqs, State.ACKNOWLEDGED)
        left = [one for one in state.operations if one.seq not in job.seqs]
        if state.row is None:
            return
        if state.row["remote_id"] is None:
            bind(self._connection, kind, job.entity_id, entity.id)
        [(document, parents)] = localise(self._connection, kind, [entity])
        document = with_known_digest(document, job.target)
        document = to_document(kind, to_columns(kind, document, {}))
        dataset_id = job.entity_id if kind is EntityKind.DATASET else parents.get(EntityKind.DATASET)
        states.write_bases(
            self._connection,
            [states.snapshot(kind, job.entity_id, entity.id, dataset_id, document, entity.updated_at)],
        )
        mirror = state.mirror
        if mirror is not None:
            # What was sent is the common ancestor: an edit made since then stands, and so does a parked value,
            # which was not sent; everything else follows the platform's answer.
            mirror = merge(kind, job.target, mirror, document).document
            derived = dict(entity.facts.get("derived") or {}) or derived_system(
                kind, state.row.get("metadata") or {}
            )
            if kind is EntityKind.ITEM and "refs" in derived:
                derived["refs"] = local_refs(self._connection, derived["refs"])
            columns = to_columns(kind, mirror, {**measured(kind, state.row, mirror), **derived})
            if not left:
                columns |= self._times(entity)
            update_row(self._connection, kind, job.entity_id, columns)
            mirror = to_document(kind, {**state.row, **columns})
        relog(
            self._connection,
            self._identity,
            self._stamp,
            kind,
            job.entity_id,
            base=document,
            mirror=mirror,
            operations=left,
            contested=state.contested,
        )

    def _times(self, entity: RemoteEntity) -> dict[str, object]:
        names = ("creator", "created_at", "updated_at", "updated_by")
        times = {name: entity.facts[name] for name in names if entity.facts.get(name)}
        if entity.kind is EntityKind.ANNOTATION and entity.facts.get("hash"):
            times["hash"] = entity.facts["hash"]
        return times


def held_paths(connection: Connection) -> set[tuple[str, str]]:
    """Where items still are on the platform that moved or went here, while that is parked or refused.

    Args:
        connection: An open transaction.

    Returns:
        Datasets (local ids) and paths.
    """
    stuck = oplog.entities_in(connection, [State.PARKED, State.REJECTED])
    ids = [entity_id for kind, entity_id in stuck if kind is EntityKind.ITEM]
    return {
        (one.row["dataset_id"], one.base_document["filename"])
        for one in states.load(connection, EntityKind.ITEM, ids).values()
        if one.row is not None
        and one.base_document is not None
        and (one.mirror is None or one.mirror["filename"] != one.base_document["filename"])
    }


def _of_platform(row: Row) -> bool:
    """Whether only the platform changes an entity: a dataset that it keeps for itself, once it is known which one."""
    return bool(row.get("system")) and (row["remote_id"] is not None or row["deleted_at"] is not None)


def _parted(job: Job, operations: Sequence[Operation]) -> Job:
    """The part of a job that goes now: what has a request of its own waits until nothing else is left to say."""
    if job.target is None:
        return job
    rules, before = RULES[job.kind], job.base or {}
    closing = [key for key in rules.closing if job.target.get(key) is True and before.get(key) is not True]
    later = (*rules.later, *closing)
    if not later:
        return job
    now = {key: value for key, value in job.target.items() if key not in later}
    now |= dict.fromkeys(closing, False) | {key: before[key] for key in later if key in before}
    if equal(job.kind, now, job.target):
        return job
    if job.base is not None and equal(job.kind, now, before):
        return replace(job, later=True)
    waits = {
        one.seq
        for one in operations
        if one.verb is Verb.SET and one.changes and all(change.path[0] in later for change in one.changes)
    }
    return replace(job, target=now, seqs=tuple(seq for seq in job.seqs if seq not in waits))
