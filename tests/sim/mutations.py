"""The engine broken on purpose, to see that the simulated world notices: ``python -m tests.sim.mutations``.

Each mutation is a mistake that somebody might make. The table names the first seed that notices.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import Any
from unittest.mock import patch

from localloop.blobs.publish import Publisher
from localloop.testing.simulation import Failure, Foundry, Shape, play
from localloop_sync import contents, pulling
from localloop_sync.comparing import Comparer
from localloop_sync.core.change import put
from localloop_sync.core.operation import Delta, State
from localloop_sync.core.reconcile import reconcile
from localloop_sync.drivers import observing, oplog, relog
from localloop_sync.drivers.observing import Observer
from localloop_sync.drivers.retrying import RetryingRemote
from localloop_sync.drivers.sending import Sender
from localloop_sync.errands import Messenger
from localloop_sync.pulling import Puller
from localloop_sync.settling import Settler

Mutated = Callable[..., Any]


@dataclass(frozen=True)
class Mutation:
    """One way to break the engine: what stands in the place of what, and some seeds that noticed.

    A change of the engine changes what happens in a seed's world, so that others may have to notice instead.
    """

    name: str
    changes: tuple[tuple[Any, str, Any], ...]
    seeds: tuple[int, ...]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The engine is broken inside of this."""
        with ExitStack() as stack:
            for owner, name, new in self.changes:
                stack.enter_context(patch.object(owner, name, new))
            yield


def _acknowledge_without_base(self: Sender, job: Any, _entity: Any) -> None:
    oplog.move(self._connection, job.seqs, State.ACKNOWLEDGED)


def _release_unseen(self: Settler) -> None:
    self._journal.release(self._journal.jobs(State.IN_FLIGHT))


def _bury_unproved(self: Comparer, kind: Any, place: Any, missing: Any) -> None:
    self._pull.bury(kind, list(missing.values()), len(missing))


def _bury_what_is_not_listed(
    self: Puller, kind: Any, scope: Any, target: Any, *, dataset: Any = None
) -> None:
    entities = self._remote.list(kind, scope)
    self.take(kind, entities)
    listed = {one.id for one in entities}
    project = None if dataset else target.project_id
    known = self._journal.known(kind, dataset=dataset, project=project)
    self.bury(kind, [local for remote, local in known.items() if remote not in listed], len(known))


_try = RetryingRemote._try


def _always_again(self: RetryingRemote, call: Any, *, repeatable: bool = True, **more: Any) -> Any:
    return _try(self, call, **more)


def _mirror_as_base(seen: Any, *more: Any, **named: Any) -> Any:
    return reconcile(replace(seen, base=seen.mirror), *more, **named)


def _theirs_without_a_trace(seen: Any, *more: Any, **named: Any) -> Any:
    outcome = reconcile(seen, *more, **named)
    mirror = outcome.mirror
    for one in outcome.conflicts:
        mirror = put(seen.kind, mirror, one.path, one.theirs)
    return replace(outcome, mirror=mirror, conflicts=())


def _unmarked(_self: Sender, jobs: Any) -> Any:
    return list(jobs)


_split = relog.split


def _one_change_less(*args: Any, **more: Any) -> Any:
    return {
        state: Delta(delta.effect, delta.changes[:-1]) if len(delta.changes) > 1 else delta
        for state, delta in _split(*args, **more).items()
    }


_update = Messenger._update


def _whole_document(self: Messenger, parcel: Any) -> Any:
    [job], [base] = parcel.jobs, parcel.bases
    there = self._remote.get(job.kind, job.remote_id)
    if there is None:
        return _update(self, parcel)
    content = {key: value for key, value in base.items() if key == "content"}
    current = {key: value for key, value in there.document.items() if key not in {"content", "tasks"}}
    kept = {key: value for key, value in base.items() if key == "tasks"}
    return _update(self, replace(parcel, bases=({**current, **content, **kept},)))


def _nothing(*_args: Any, **_more: Any) -> None:
    """What is left out."""


def _publish_unsynced(self: Publisher, drafts: Any) -> None:
    fresh = {draft.ref.digest: draft for draft in drafts if not self._holds(draft.ref)}
    for draft in fresh.values():
        self._move(draft)
    self._sync({self._place(draft.ref).parent for draft in drafts})


#: Without these no delta is trusted: a second look by counts, and one at everything from time to time, heal it.
_TRUSTED = (
    (Comparer, "compare_times", lambda *_args, **_more: False),
    (pulling, "SWEEP_EVERY", 1_000_000),
)

MUTATIONS = (
    Mutation(
        "an acknowledgement is dropped: done, but the base stays",
        ((Sender, "acknowledge", _acknowledge_without_base),),
        (0, 2, 3),
    ),
    Mutation(
        "what is in flight is sent again without a look",
        ((Settler, "settle", _release_unseen),),
        (75, 109, 200),
    ),
    Mutation(
        "a creation whose reply was lost is repeated at once",
        ((RetryingRemote, "_try", _always_again),),
        (108, 109, 112),
    ),
    Mutation(
        "requests are not written down before they are sent", ((Sender, "begin", _unmarked),), (18, 29, 41)
    ),
    Mutation(
        "what a listing lacks is deleted without asking by id",
        ((Comparer, "_missing", _bury_unproved),),
        (127, 166),
    ),
    Mutation(
        "what a partial or empty listing lacks is deleted",
        ((Puller, "_listed", _bury_what_is_not_listed),),
        (1, 7),
    ),
    Mutation("the base is ignored", ((observing, "reconcile", _mirror_as_base),), (1, 2, 3)),
    Mutation(
        "theirs is taken without a conflict", ((observing, "reconcile", _theirs_without_a_trace),), (6, 7, 8)
    ),
    Mutation("a changed document is sent whole", ((Messenger, "_update", _whole_document),), (13, 50, 80)),
    Mutation(
        "a delta begins where the last one ended, and is trusted",
        ((contents, "OVERLAP", timedelta(0)), *_TRUSTED),
        (104, 202, 219),
    ),
    Mutation("the log loses a change when it is folded", ((relog, "split", _one_change_less),), (27, 42, 48)),
    Mutation("of two contents only one is kept", ((Observer, "_keep_aside", _nothing),), (75, 110)),
    Mutation(
        "bytes are not synced before a file is visible",
        ((Publisher, "publish", _publish_unsynced),),
        (4, 7, 12),
    ),
    Mutation("names are not synced before they are relied on", ((Publisher, "_sync", _nothing),), (4, 7, 34)),
)


def foundry_in(folder: Path) -> Foundry:
    """A foundry whose beginnings were all made by an engine that is not broken."""
    foundry = Foundry(folder)
    shape = Shape.drawn(0)
    for apart in (False, True):
        for feed in (False, True):
            for marks in (False, True):
                foundry.beginning(replace(shape, apart=apart, feed=feed, marks=marks))
    return foundry


def noticed(mutation: Mutation, foundry: Foundry, seeds: Iterable[int]) -> Failure | None:
    """The first failure among some seeds of a broken engine."""
    with mutation.applied():
        return next(filter(None, (play(seed, foundry).failure for seed in seeds)), None)


def main() -> int:
    """Print the table; the exit code is 1 when a mutation is not noticed among as many seeds as the first word says."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    unseen = 0
    with tempfile.TemporaryDirectory() as folder:
        foundry = foundry_in(Path(folder))
        for mutation in MUTATIONS:
            began = process_time()
            failure = noticed(mutation, foundry, range(most))
            unseen += failure is None
            told = (
                f"not among {most} seeds"
                if failure is None
                else f"seed {failure.seed}: {failure.reason[:100]}"
            )
            sys.stdout.write(f"{mutation.name:62} {process_time() - began:6.1f} s  {told}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(MUTATIONS) - unseen} of {len(MUTATIONS)} mutations were noticed.\n")
    return int(unseen > 0)


if __name__ == "__main__":
    sys.exit(main())
