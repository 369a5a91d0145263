"""One sync as a command runs it: with progress, a summary and an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from localloop.cli import human
from localloop.cli.advice import LISTED, ExitCode
from localloop.cli.opening import credentials
from localloop.cli.output import Output
from localloop.cli.progress import sync_progress
from localloop.cli.standing import OPERATIONS
from localloop.cli.stopping import stoppable
from localloop.syncing import connected, sync_store
from localloop_sync.core.operation import State
from localloop_sync.drivers.retrying import Patience
from localloop_sync.engine import Options

if TYPE_CHECKING:
    from localloop.store import Store
    from localloop_sync.report import SyncReport


#: How long a request is tried again when nobody says, in seconds.
PATIENCE = 120.0


def run(
    store: Store,
    out: Output,
    *,
    options: Options | None = None,
    patience: float = PATIENCE,
    limit_rate: float | None = None,
    quiet: bool = False,
    command: str = "`localloop sync`",
) -> SyncReport:
    """Sync a store with its platform.

    Args:
        store: The store.
        out: Where progress may be shown.
        options: How to sync.
        patience: How long to try one request again, in seconds.
        limit_rate: How many bytes of contents a second may pass; what the environment says when left out.
        quiet: Whether to show no progress.
        command: Which command it is, for whoever finds the store locked.

    Returns:
        What was done.
    """
    with (
        stoppable(),
        connected(store, credentials(), limit_rate=limit_rate) as remote,
        sync_progress(quiet=quiet or out.as_json) as progress,
    ):
        return sync_store(
            store,
            remote,
            options=options,
            progress=progress,
            patience=Patience(budget=patience),
            command=command,
        )


def tell(
    store: Store, report: SyncReport, out: Output, more: dict[str, Any] | None = None, *, quiet: bool = False
) -> ExitCode:
    """Print what a sync did.

    Args:
        store: The store.
        report: The sync's report.
        out: Where to print.
        more: Further keys of the JSON object.
        quiet: Whether to print only what needs somebody's attention.

    Returns:
        The exit code.
    """
    refused = _refused(store)
    code = _code(report, refused)
    out.result({**(more or {}), **report.to_json(), "refused": refused, "exit_code": int(code)})
    if report.dry_run:
        out.lines(f"would {line}" for line in report.planned)
    if report.lost_there:
        what = human.listed(report.lost_there)
        again = "would be sent" if report.dry_run else "are sent"
        out.note(f"The platform went back to an earlier state and lost {what}; they {again} again.")
    for rejection in report.rejected[:LISTED]:
        out.note(f"Refused: {rejection.kind} {rejection.name}: {rejection.reason}")
    if len(report.rejected) > LISTED:
        out.note(f"Refused: and {len(report.rejected) - LISTED} more")
    for one in report.postponed[:LISTED]:
        out.note(f"Not got through: {one.kind} {one.name}: {one.reason}")
    if len(report.postponed) > LISTED:
        out.note(f"Not got through: and {len(report.postponed) - LISTED} more")
    if not quiet or code is not ExitCode.OK:
        out.line(summary(report, refused))
    return code


def _code(report: SyncReport, refused: int) -> ExitCode:
    if report.dry_run:
        return ExitCode.OK
    if report.rejected or report.postponed or refused:
        return ExitCode.PARTIAL
    return ExitCode.CONFLICTS if report.conflicts_open else ExitCode.OK


def attention(store: Store, report: SyncReport) -> tuple[ExitCode, str]:
    """The exit code of a sync, and one line that says what needs somebody's attention; empty when nothing does.

    Args:
        store: The store.
        report: The sync's report.
    """
    refused = _refused(store)
    code = _code(report, refused)
    parts = []
    if refused:
        parts.append(f"the platform refused {human.count(refused, 'edit')} (`localloop status`)")
    elif report.rejected:
        one = report.rejected[0]
        parts.append(f"{one.kind} {one.name} could not be read: {one.reason}")
    if report.postponed:
        parts.append(
            f"{human.count(len(report.postponed), 'edit')} did not get through and will be tried again"
        )
    if report.conflicts_open:
        parts.append(f"{human.count(report.conflicts_open, 'conflict')} open (`localloop conflicts`)")
    text = "; ".join(parts)
    return code, f"{text}." if text else ""


def summary(report: SyncReport, refused: int) -> str:
    """What a sync did, as one sentence.

    Args:
        report: Its report.
        refused: How many edits the platform refused, in this sync or before it.
    """
    parts = _moved(report)
    done = "Would do nothing" if report.dry_run else "Nothing changed on either side"
    if parts:
        text = ", ".join(parts)
        done = f"A sync would do this: {text}" if report.dry_run else text[0].upper() + text[1:]
    left = []
    if report.conflicts_decided:
        decided = human.count(report.conflicts_decided, "conflict")
        left.append(f"{decided} decided by policy (`localloop conflicts --all`)")
    if report.conflicts_open:
        left.append(f"{human.count(report.conflicts_open, 'conflict')} open (`localloop conflicts`)")
    if refused:
        left.append(f"{human.count(refused, 'edit')} refused (`localloop status`)")
    if report.unsent and not report.dry_run:
        left.append(f"{human.count(report.unsent, 'edit')} not sent")
    return "; ".join([f"{done} ({report.seconds:.1f} s)", *left]) + "."


def _moved(report: SyncReport) -> list[str]:
    parts = []
    if report.pulled:
        parts.append(f"fetched {human.listed(report.pulled)}")
    if report.deleted_here:
        parts.append(f"deleted {human.listed(report.deleted_here)} here")
    if report.dry_run:
        if report.planned:
            parts.append(f"send {human.count(len(report.planned), 'edit')}")
        return parts
    if report.pushed:
        parts.append(f"sent {human.listed(report.pushed)}")
    if report.deleted_there:
        parts.append(f"deleted {human.listed(report.deleted_there)} on the platform")
    if report.downloaded_files:
        files = human.count(report.downloaded_files, "file")
        parts.append(f"fetched {files} ({human.size(report.downloaded_bytes)})")
    if report.uploaded_bytes:
        parts.append(f"uploaded {human.size(report.uploaded_bytes)}")
    return parts


def _refused(store: Store) -> int:
    """How many entities have edits that the platform refused."""
    query = (
        select(OPERATIONS.c.kind, OPERATIONS.c.entity_id)
        .where(OPERATIONS.c.state == State.REJECTED.value)
        .distinct()
    )
    with store.reading() as connection:
        return len(connection.execute(query).all())
