"""Where a store, a platform and the engine are put together."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Lock, Timer
from weakref import WeakValueDictionary

from localloop import config
from localloop.blobs import BlobCache
from localloop.errors import AuthError, NotFound, RemoteError
from localloop.halting import remembering
from localloop.owner import Owner, chosen
from localloop.platform import CredentialStore, DataloopRemote, PlatformSession, transport_to
from localloop.store import ANONYMOUS, Store
from localloop.store.keeping import trim
from localloop_schema.documents import Document, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import rows_where
from localloop_schema.session import DATABASE
from localloop_sync.drivers.identity import SystemClock
from localloop_sync.drivers.journal import SqliteJournal
from localloop_sync.drivers.lock import Holder, SyncLock
from localloop_sync.drivers.retrying import Patience, RetryingRemote
from localloop_sync.drivers.traffic import Traffic
from localloop_sync.engine import Options, sync
from localloop_sync.errors import OutOfTimeError, TransientError
from localloop_sync.ports import Account, Clock, Remote, RemoteEntity, Scope
from localloop_sync.report import Progress, SyncReport


@contextmanager
def connected(
    store: Store,
    credentials: CredentialStore,
    *,
    limit_rate: float | None = None,
) -> Iterator[DataloopRemote]:
    """A connection to the store's platform as the store's account, closed at the end.

    Args:
        store: The store.
        credentials: Where the tokens are.
        limit_rate: How many bytes of contents a second may pass; what the environment says when left out.

    Raises:
        AuthError: The store has no platform yet.
    """
    owner = Owner.of(store.settings())
    if not owner.gate:
        raise AuthError(
            "This store has no platform yet.",
            advice="Log in first: `localloop login --gate URL --email YOU`.",
        )
    transport = transport_to(owner.gate, limit_rate=limit_rate)
    session = PlatformSession(transport, credentials, email=owner.account)
    try:
        yield DataloopRemote(session)
    finally:
        session.close()


def sync_store(
    store: Store,
    remote: Remote,
    *,
    options: Options | None = None,
    progress: Progress | None = None,
    patience: Patience | None = None,
    entropy: Random | None = None,
    command: str = "A script",
) -> SyncReport:
    """Reconcile a store with its platform once.

    Args:
        store: The store.
        remote: The platform.
        options: How to sync; with as many workers as the environment says when left out. A dry run works on a copy
            of the database and sends nothing.
        progress: Hears how far it is.
        patience: How long to keep trying a request.
        entropy: Where the pauses between tries come from; the system's by default.
        command: What syncs, as a person would call it: told to whoever finds the store locked.

    Returns:
        What was done and what is left.

    Raises:
        LockedError: Another process is syncing this store.
        Halt: Going on would do damage.
        RemoteError: The platform stopped answering, or does not accept the credentials.
    """
    patience = patience or Patience()
    options = replace(options or Options(workers=config.workers()), patience=patience.budget)
    patient = RetryingRemote(
        remote,
        store.clock,
        patience,
        entropy,
        traffic=traffic_to(remote, store.clock),
        time_limit=options.time_limit,
    )
    before = getattr(remote, "request_count", 0)
    with remembering(store, options), _ending(patient, options.time_limit):
        if options.dry_run:
            report = _rehearse(store, patient, options, progress)
        else:
            store.tidy()
            report = sync(
                patient,
                SqliteJournal(store.engine, store.identity, store.clock),
                store.blobs,
                store.clock,
                holding(store, command),
                options=options,
                progress=progress,
            )
            trim(store)
    report.requests = getattr(remote, "request_count", 0) - before
    return report


#: What is known of each host, as long as anybody in this process talks to it.
_TRAFFIC: WeakValueDictionary[str, Traffic] = WeakValueDictionary()
_TRAFFIC_LOCK = Lock()


def traffic_to(remote: Remote, clock: Clock) -> Traffic:
    """Pauses and limits of the host of a platform, shared by all in this process that talk to it.

    Args:
        remote: The platform. One without a gate shares with nobody.
        clock: Time. Only the machine's own is the same for everybody.
    """
    gate = getattr(remote, "gate", None)
    if gate is None or type(clock) is not SystemClock:
        return Traffic(clock)
    with _TRAFFIC_LOCK:
        return _TRAFFIC.setdefault(gate, Traffic(clock))


@contextmanager
def _ending(remote: RetryingRemote, time_limit: float | None) -> Iterator[None]:
    """Break off what is still under way when the time is over; what was not begun by then is not begun at all."""
    if time_limit is None:
        yield
        return
    over = Event()

    def end() -> None:
        over.set()
        remote.break_off()

    timer = Timer(time_limit, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except TransientError as error:
        if over.is_set() and not isinstance(error, OutOfTimeError):
            raise remote.out_of_time() from error  # it broke because it was broken off
        raise
    finally:
        timer.cancel()


def holding(store: Store, command: str) -> SyncLock:
    """The lock that keeps others from syncing a store, for a ``with`` block.

    Args:
        store: The store.
        command: What takes it, as a person would call it.
    """
    return SyncLock(store.path, Holder(os.getpid(), socket.gethostname(), command, store.clock.now()))


def _rehearse(store: Store, remote: Remote, options: Options, progress: Progress | None) -> SyncReport:
    """Sync a copy of the database, so that what a sync would do is found out by doing it where it does not count."""
    with TemporaryDirectory(prefix="localloop-dry-run-") as folder:
        copy = Path(folder)
        source = sqlite3.connect(store.path / DATABASE)
        target = sqlite3.connect(copy / DATABASE)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()
        with Store(copy, clock=store.clock, identity=store.identity) as rehearsal:
            journal = SqliteJournal(rehearsal.engine, rehearsal.identity, rehearsal.clock)
            blobs = BlobCache(copy / "blobs")
            return sync(
                remote, journal, blobs, store.clock, nullcontext(), options=options, progress=progress
            )


def adopt(store: Store, account: Account) -> None:
    """Have a store belong to an account that logged in for it, until its first sync makes that last.

    Args:
        store: The store.
        account: Who logged in, and where.
    """
    store.set_settings(chosen(account.gate, account.email))
    adopt_author(store, account.email)


def adopt_author(store: Store, email: str) -> None:
    """Record edits under an account from now on, and replace the anonymous author where one was used before.

    Args:
        store: The store.
        email: The account.
    """
    if store.settings().get("author") not in (None, ANONYMOUS):
        return
    store.set_settings({"author": email})
    with store.transaction("log in") as tx:
        for row in rows_where(
            tx.connection, EntityKind.MEMBER, email=ANONYMOUS, remote_id=None, deleted_at=None
        ):
            twin = tx.rows(EntityKind.MEMBER, project_id=row["project_id"], email=email)
            if twin:
                tx.delete(EntityKind.MEMBER, row)
            else:
                tx.update(EntityKind.MEMBER, row, {"email": email, "role": row["role"]})
        for row in rows_where(tx.connection, EntityKind.TASK, remote_id=None, deleted_at=None):
            tx.update(EntityKind.TASK, row, _owned_by(email, to_document(EntityKind.TASK, row)))
        anonymous = {"annotator": ANONYMOUS, "remote_id": None, "deleted_at": None}
        for row in rows_where(tx.connection, EntityKind.ASSIGNMENT, **anonymous):
            document = {**to_document(EntityKind.ASSIGNMENT, row), "annotator": email}
            tx.update(EntityKind.ASSIGNMENT, row, document)


def _owned_by(email: str, task: Document) -> Document:
    """A task's document with an account in the place of the anonymous author."""
    owner = email if task.get("taskOwner") == ANONYMOUS else task.get("taskOwner")
    shares = [
        {**share, "assigneeId": email} if share.get("assigneeId") == ANONYMOUS else share
        for share in task.get("workload", [])
    ]
    return {**task, "taskOwner": owner, "workload": shares}


def journal_of(store: Store) -> SqliteJournal:
    """A store as the engine sees it.

    Args:
        store: The store.

    Returns:
        Its journal.
    """
    return SqliteJournal(store.engine, store.identity, store.clock)


def subscribe(
    store: Store,
    remote: Remote,
    project: str,
    dataset: str | None = None,
    *,
    content: bool | None = False,
    items: Document | None = None,
    all_items: bool = True,
) -> tuple[str, str | None]:
    """Find a project, or one dataset of it, on the platform, and have the store mirror it from the next sync on.

    Args:
        store: The store.
        remote: The platform.
        project: The project's name or id.
        dataset: The dataset's name or id; all datasets when left out, new ones too.
        content: Whether the next syncs fetch the files as well; None for as before.
        items: The filter that the dataset's items match.
        all_items: Whether all items are mirrored when no filter is given; else the filter stays as it was.

    Returns:
        The local ids of project and dataset.

    Raises:
        NotFound: The platform has none of this name or id.
    """
    journal = journal_of(store)
    journal.claim(remote.account())
    found = _one(remote, EntityKind.PROJECT, Scope(), project)
    chosen = None
    if dataset is not None:
        chosen = _one(remote, EntityKind.DATASET, Scope(project=found.id), dataset)
    journal.observe(EntityKind.PROJECT, [found])
    project_id = journal.known(EntityKind.PROJECT)[found.id]
    dataset_id = None
    if chosen is not None:
        for kind in (EntityKind.ONTOLOGY, EntityKind.RECIPE):
            journal.observe(kind, remote.list(kind, Scope(dataset=chosen.id)))
        journal.observe(EntityKind.DATASET, [chosen])
        dataset_id = journal.known(EntityKind.DATASET)[chosen.id]
    before = [
        one for one in journal.subscriptions() if (one.project_id, one.dataset_id) == (project_id, dataset_id)
    ]
    if content is None:
        content = any(one.content for one in before)
    if items is None and not all_items:
        items = next((one.items for one in before), None)
    journal.subscribe(project_id, dataset_id, content=content, items=items)
    return project_id, dataset_id


def _one(remote: Remote, kind: EntityKind, scope: Scope, name_or_id: str) -> RemoteEntity:
    by_name = remote.find(kind, scope, [name_or_id])
    if len(by_name) > 1:
        raise NotFound(
            "404", f"The platform has {len(by_name)} {kind.value}s named {name_or_id!r}; give an id."
        )
    if by_name:
        return by_name[0]
    try:
        entity = remote.get(kind, name_or_id)
    except RemoteError as error:
        if error.transient or isinstance(error, AuthError):
            raise
        entity = None
    if entity is None:
        raise NotFound(
            "404",
            f"{kind.value.capitalize()} not found on the platform. Name: {name_or_id!r}",
            advice="If it is there, its owner has not made this account a member of the project yet.",
        )
    return entity
