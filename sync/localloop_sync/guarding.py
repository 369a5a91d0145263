"""What keeps a push from deleting much on the platform without somebody having said so."""

from __future__ import annotations

from collections.abc import Sequence

from localloop_schema.kinds import EntityKind
from localloop_sync.core.plan import Errand, Job, Stage
from localloop_sync.core.safety import Limits, listing, too_many
from localloop_sync.errors import MassDeletionHalt
from localloop_sync.ports import Journal, Remote, Scope

_COUNTED = (EntityKind.ITEM, EntityKind.ANNOTATION)


def guard(plan: Sequence[Stage], limits: Limits, journal: Journal, remote: Remote) -> None:
    """Look at what a push would delete before anything of it is sent.

    Args:
        plan: What there is to send.
        limits: How much may be deleted without asking.
        journal: The store.
        remote: The platform.

    Raises:
        MassDeletionHalt: It is too much.
        RemoteError: The platform did not say what is in a project that would go.
    """
    _guard_projects([job for stage in plan for job in stage.jobs], limits, journal, remote)
    going = {(job.kind, job.entity_id) for stage in plan for job in stage.jobs if job.target is None}
    for stage in plan:
        if stage.errand is not Errand.DELETE or stage.kind not in _COUNTED:
            continue
        by_dataset: dict[str, list[Job]] = {}
        for job in stage.jobs:
            if (EntityKind.ITEM, job.parents.get(EntityKind.ITEM)) in going:
                continue  # it goes with its item, which is counted
            by_dataset.setdefault(job.parents.get(EntityKind.DATASET, ""), []).append(job)
        for dataset, jobs in by_dataset.items():
            total = journal.known_count(stage.kind, dataset)
            listed = listing("platform", stage.kind.value, [job.entity_id for job in jobs])
            if too_many(len(jobs), total, limits) and not limits.allow(listed):
                [name] = journal.names(EntityKind.DATASET, [dataset]) or [dataset]
                raise MassDeletionHalt(
                    f"{len(jobs)} of {total} {stage.kind.value}s of the dataset {name} would be deleted "
                    "on the platform.",
                    side="platform",
                    entities=[job.name for job in jobs],
                    listed=listed,
                )


def _guard_projects(jobs: Sequence[Job], limits: Limits, journal: Journal, remote: Remote) -> None:
    """A project goes with all its datasets: also with those that are not mirrored here."""
    for job in jobs:
        if job.kind is not EntityKind.PROJECT or job.errand is not Errand.DELETE or job.remote_id is None:
            continue
        known = journal.known(EntityKind.DATASET, project=job.entity_id)
        there = remote.list(EntityKind.DATASET, Scope(project=job.remote_id))
        unknown = [one for one in there if one.id not in known and not one.facts.get("system")]
        listed = listing("platform", EntityKind.DATASET.value, [one.id for one in unknown])
        if unknown and not limits.allow(listed):
            raise MassDeletionHalt(
                f"With the project {job.name}, {len(unknown)} datasets that are not mirrored here "
                "would be deleted on the platform.",
                side="platform",
                entities=[str(one.document["name"]) for one in unknown],
                listed=listed,
            )
