"""The requests of a push, one method an errand. They only call the platform, and may run in any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.plan import Errand, Job, Stage
from localloop_sync.core.rules import CONTENT, TASKS
from localloop_sync.errors import UnsendableError
from localloop_sync.metering import Meter
from localloop_sync.parcels import BULK, Answer, Parcel
from localloop_sync.ports import Blobs, Journal, Remote


class Messenger:
    """Sends parcels. Nothing is written down here.

    Args:
        remote: The platform.
        journal: Says which platform ids are known; it is only read.
        blobs: Where content is.
        meter: Hears how far contents are.
    """

    def __init__(self, remote: Remote, journal: Journal, blobs: Blobs, meter: Meter) -> None:
        self._remote = remote
        self._journal = journal
        self._blobs = blobs
        self._meter = meter

    def send(self, stage: Stage, parcel: Parcel) -> Answer:
        """Send one parcel.

        Args:
            stage: What it is about.
            parcel: The parcel.

        Raises:
            RemoteError: The platform refused it, or did not answer.
            UnsendableError: It cannot be sent from here.
        """
        if stage.errand is Errand.CREATE:
            return self._creator(stage.kind)(parcel)
        errands: Mapping[Errand, Callable[[Parcel], Answer]] = {
            Errand.DELETE: self._delete,
            Errand.UPDATE: self._update,
            Errand.ASSIGN: self._assign,
            Errand.OPEN: self._update,
            Errand.CLOSE: self._update,
        }
        return errands[stage.errand](parcel)

    def _creator(self, kind: EntityKind) -> Callable[[Parcel], Answer]:
        if kind is EntityKind.ITEM:
            return self._upload
        return self._create if kind in BULK else self._create_if_absent

    def _delete(self, parcel: Parcel) -> Answer:
        [job] = parcel.jobs
        assert job.remote_id is not None
        self._remote.delete(job.kind, job.remote_id)
        return Answer()

    def _create(self, parcel: Parcel) -> Answer:
        return Answer(self._remote.create(parcel.jobs[0].kind, parcel.scope, parcel.documents))

    def _create_if_absent(self, parcel: Parcel) -> Answer:
        [job] = parcel.jobs
        found = self._remote.find(job.kind, parcel.scope, [job.key])
        # Only some kinds have names of their own: another ontology or task may be called the same.
        known = self._journal.known(job.kind) if found else {}
        found = [one for one in found if one.id not in known]
        if job.found_only and not found:
            return Answer(waits=True)
        return Answer(found=found) if found else self._create(parcel)

    def _upload(self, parcel: Parcel) -> Answer:
        [job], [document] = parcel.jobs, parcel.documents
        if document.get("type") == "dir":
            return self._create(parcel)
        size = document["content"]["size"]
        heard = self._meter.of(job)
        entity, wrote = self._remote.upload(parcel.scope, document, self._content(job, document), heard)
        return Answer([entity], sent_bytes=size) if wrote else Answer(found=[entity])

    def _update(self, parcel: Parcel) -> Answer:
        [job], [document], [base] = parcel.jobs, parcel.documents, parcel.bases
        assert job.remote_id is not None
        entity, sent = None, 0
        content = document.get(CONTENT[0])
        if content != base.get(CONTENT[0]):
            heard = self._meter.of(job)
            entity = self._remote.replace(job.remote_id, document, self._content(job, document), heard)
            sent = content["size"] if content else 0
        without = {key: value for key, value in document.items() if key != CONTENT[0]}
        before = {key: value for key, value in base.items() if key != CONTENT[0]}
        if entity is None or without != before:
            entity = self._remote.update(job.kind, job.remote_id, without, before)
        return Answer([entity], sent_bytes=sent)

    def _assign(self, parcel: Parcel) -> Answer:
        items = [job.remote_id for job in parcel.jobs if job.remote_id is not None]
        tasks, base = (side[0].get(TASKS[0]) or {} for side in (parcel.documents, parcel.bases))
        return Answer(self._remote.assign(parcel.scope, items, tasks, base))

    def _content(self, job: Job, document: Document) -> Path:
        digest = (document.get(CONTENT[0]) or {}).get("digest")
        path = self._blobs.path(digest) if digest else None
        if path is None:
            raise UnsendableError(f"The content of {job.name} is not in the cache.")
        return path
