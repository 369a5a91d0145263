"""The cycle: lock → authenticate → settle → pull → push → transfer → record. Killed anywhere, it can run again.

The engine decides nothing about entities (the core does) and touches nothing itself (the ports do): it orders the
phases, and turns what stops one into a report or an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

from localloop_sync.core.plan import titled
from localloop_sync.core.safety import Limits
from localloop_sync.errors import (
    OfflineError,
    OutOfTimeError,
    PermanentError,
    ThrottledError,
    TransientError,
)
from localloop_sync.ports import Blobs, ChunkSource, Clock, Journal, Remote, Wanted
from localloop_sync.pulling import Puller
from localloop_sync.pushing import Pusher
from localloop_sync.report import Phase, Progress, Rejection, Silent, SyncReport


@dataclass(frozen=True, slots=True)
class Options:
    """How to sync.

    Attributes:
        limits: How much may be deleted without asking; None allows all.
        push: Whether to send what changed here.
        content: Whether to fetch content that was asked for.
        workers: How many requests of a push may be under way at once; how many are is found out.
        patience: For how many seconds one entity, or the platform, may be in trouble during a push.
        time_limit: After how many seconds to end, whatever is left; None is never.
        dry_run: Only say what a push would send. The ports must then be ones that keep nothing.
    """

    limits: Limits | None = field(default_factory=Limits)
    push: bool = True
    content: bool = True
    workers: int = 8
    patience: float = 120.0
    time_limit: float | None = None
    dry_run: bool = False


def sync(
    remote: Remote,
    journal: Journal,
    blobs: Blobs,
    clock: Clock,
    lock: AbstractContextManager[object],
    *,
    options: Options = Options(),
    progress: Progress | None = None,
) -> SyncReport:
    """Reconcile a store with its platform once.

    Args:
        remote: The platform.
        journal: The store.
        blobs: The content-addressed cache.
        clock: Time.
        lock: Entering it makes sure that no other process syncs the store.
        options: How to sync.
        progress: Hears how far it is.

    Returns:
        What was done, and what is left undone.

    Raises:
        LockedError: Another process is syncing.
        AuthError: The platform does not accept the credentials.
        Halt: Going on would do damage; the step that halted changed nothing.
        TransientError: The platform stopped answering; what was done is kept, and the next sync goes on.
    """
    progress = progress or Silent()
    report = SyncReport(dry_run=options.dry_run)
    started = clock.monotonic()
    progress.phase(Phase.LOCK)
    with lock:
        progress.phase(Phase.AUTHENTICATE)
        journal.claim(remote.account())
        puller = Puller(remote, journal, blobs, progress, report, options.limits)
        pusher = Pusher(
            remote,
            journal,
            blobs,
            clock,
            puller,
            progress,
            report,
            limits=options.limits,
            workers=options.workers,
            patience=options.patience,
        )
        progress.phase(Phase.SETTLE)
        pusher.settle()
        pusher.bind()
        progress.phase(Phase.PULL)
        puller.run()
        progress.phase(Phase.PUSH)
        if options.dry_run:
            report.planned = [line for stage in pusher.plan() for line in titled(stage.jobs)]
        elif options.push:
            pusher.run()
            puller.attest()
        progress.phase(Phase.TRANSFER)
        if options.content and not options.dry_run:
            transfer(remote, journal, blobs, progress, report)
        progress.phase(Phase.RECORD)
        report.seconds = clock.monotonic() - started
        journal.finish(report)
    return report


def transfer(remote: Remote, journal: Journal, blobs: Blobs, progress: Progress, report: SyncReport) -> None:
    """Fetch the content that was asked for and is not here. One that is refused, or never comes, stops no other.

    Args:
        remote: The platform.
        journal: The store.
        blobs: Where content goes.
        progress: Hears how far it is.
        report: Counts what happens.

    Raises:
        TransientError: The platform stopped answering.
    """
    wanted = journal.wanted()
    expected, before = sum(one.size for one in wanted), 0

    def heard(one: Wanted, offset: int) -> Iterator[bytes]:
        """The chunks of one content, while the progress hears how far all of them are."""
        through = before + offset
        for chunk in remote.download(one.remote_id, offset):
            through += len(chunk)
            progress.transfer("fetching", through, expected)
            yield chunk

    for number, one in enumerate(wanted, 1):
        _fetch(one, partial(heard, one), remote, journal, blobs, report)
        before += one.size
        progress.advance("files fetched", number, len(wanted))


def _fetch(
    one: Wanted, source: ChunkSource, remote: Remote, journal: Journal, blobs: Blobs, report: SyncReport
) -> None:
    if one.digest is not None and blobs.keeps(one.digest):
        # Other items brought the same bytes.
        journal.hydrated(one.item_id, one.digest, one.size)
        return
    try:
        digest = blobs.fetch(f"item-{one.remote_id}-{one.version}", one.size, source)
    except PermanentError as error:
        report.rejected.append(Rejection("item", one.item_id, one.filename, error.message))
        return
    except (OfflineError, OutOfTimeError, ThrottledError):
        raise
    except TransientError as error:
        remote.account()  # the trouble is this content's only if anything else works
        told = Rejection("item", one.item_id, one.filename, error.message, mendable=True)
        report.postponed.append(told)
        return
    report.downloaded_files += 1
    report.downloaded_bytes += one.size
    if one.digest in (None, digest):
        journal.hydrated(one.item_id, digest, one.size)
    else:  # replaced between the pull and now; the next pull brings the new digest
        report.unfetched += 1
