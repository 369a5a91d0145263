"""Imports files with what is said of them into a dataset, whatever format said it.

What is imported is new: no id of the export is used again, because the platform it came from may still have its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from localloop.blobs import BlobRef
from localloop.errors import BadRequest, BlobError, LocalLoopError, NotFound
from localloop.formats.samples import Described, batches
from localloop.media import probe
from localloop.store import Store, Transaction
from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.items import add_item, find_item, own_metadata
from localloop.store.labels import upsert_labels
from localloop.store.patch import json_object
from localloop.store.paths import mimetype_of, normal_path
from localloop.store.recipes import ontology_of
from localloop_schema.documents import derived_system
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: How many items one transaction imports, with their annotations; their bytes are durable before it.
BATCH: Final = 100

#: Derived metadata that names entities of the dataset of origin, or that only the bytes here can tell.
FOREIGN: Final = frozenset(
    {
        "annotationQueryCount",
        "annotationStatus",
        "deleted",
        "executionLogs",
        "refs",
        "size",
        "snapshotPartition",
        "taskStatusLog",
        "thumbnailAnnotationsId",
        "thumbnailId",
    }
)

#: ``metadata.system`` keys of an annotation that name entities of the dataset of origin.
FOREIGN_ANNOTATION: Final = frozenset(
    {"assignmentId", "clientId", "clientParentId", "parentId", "recipeId", "taskId"}
)

#: The keys of a described annotation that are taken over.
_SAID: Final = ("type", "label", "coordinates", "attributes", "description", "source", "metadata")


@dataclass(slots=True)
class Imported:
    """What an import did.

    Attributes:
        items: How many items are new.
        annotations: How many annotations are new.
        labels: How many labels were added to the recipe.
        existing: How many items were there already, with the same bytes; nothing of them was touched.
        bytes: The size of the new items.
        failures: What was not imported: path in the export, and the reason.
    """

    items: int = 0
    annotations: int = 0
    labels: int = 0
    existing: int = 0
    bytes: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)


class Importer:
    """Imports batches into one dataset, each of which appears whole.

    Args:
        store: The store.
        dataset: The dataset's row.
        below: A folder of the dataset to put everything into; empty for its root.
        place: The folder that paths in failures begin with.
    """

    def __init__(self, store: Store, dataset: Row, below: str, place: str) -> None:
        self._store = store
        self._dataset = dataset
        self._below = below
        self._place = place
        self.done = Imported()

    def run(self, found: Iterator[Described], progress: Callable[[int, int | None], None] | None) -> Imported:
        """Import files; one that cannot be imported stops no other, and running it again imports nothing twice.

        Args:
            found: The files.
            progress: Told how many are through.
        """
        through = 0
        for batch in batches(found, BATCH):
            self._batch(batch)
            through += len(batch)
            if progress is not None:
                progress(through, None)
        return self.done

    def _batch(self, files: list[Described]) -> None:
        """Import files: first their bytes, then everything else in one transaction."""
        taken = self._take(files)
        if not taken:
            return
        # Before the transaction: others need not wait for it.
        told = {
            one.file: probe(self._store.blobs.path(blob.digest), mimetype_of(one.name)) for one, blob in taken
        }
        with self._store.transaction(f"import {len(taken)} items") as tx:
            labels: dict[str, None] = {}
            for one, blob in taken:
                try:
                    found = checked(one.told())
                    labels.update(dict.fromkeys(self._item(tx, one, blob, found, told[one.file])))
                except LocalLoopError as error:
                    self._fail(one, error.message)
            self._label(tx, labels)

    def _fail(self, one: Described, reason: str) -> None:
        self.done.failures.append((f"{self._place}/{one.name}", reason))

    def _take(self, files: list[Described]) -> list[tuple[Described, BlobRef]]:
        taken: list[tuple[Described, BlobRef]] = []
        found = self._store.blobs.add_each([one.file for one in files])
        for one, blob in zip(files, found, strict=True):
            if isinstance(blob, BlobRef):
                taken.append((one, blob))
            elif isinstance(blob, FileNotFoundError):
                self._fail(one, "There is no such file in the export.")
            elif isinstance(blob, BlobError | PermissionError):
                self._fail(one, str(blob))
            else:
                raise blob
        return taken

    def _item(
        self,
        tx: Transaction,
        one: Described,
        blob: BlobRef,
        found: Mapping[str, Any],
        told: Mapping[str, Any],
    ) -> list[str]:
        """Import one item with its annotations; returns the labels it uses.

        Everything that may be refused is looked at before the first row is written.
        """
        path = normal_path(f"{self._below}/{found.get('filename') or _unicode(one.name)}")
        there = find_item(tx.connection, self._dataset["id"], path)
        if there is not None:
            if there["digest"] != blob.digest:
                raise BadRequest("400", f"Other content is at {path!r} already.")
            self.done.existing += 1
            return []
        metadata = json_object(found.get("metadata"), "metadata")
        annotations = [_annotation(wire) for wire in found.get("annotations") or ()]
        derived = derived_system(EntityKind.ITEM, metadata)
        row, _ = add_item(
            tx,
            self._dataset,
            path,
            blob,
            metadata=own_metadata(metadata),
            description=found.get("description"),
            mimetype=derived.get("mimetype"),
            derived={**{key: value for key, value in derived.items() if key not in FOREIGN}, **told},
        )
        self._annotate(tx, row, found, annotations)
        self.done.items += 1
        self.done.bytes += blob.size
        return [str(wire["label"]) for wire in annotations]

    def _annotate(
        self, tx: Transaction, item: Row, found: Mapping[str, Any], annotations: list[dict[str, Any]]
    ) -> None:
        rows = add_annotations(tx, item, annotations)
        self.done.annotations += len(rows)
        described = found.get("annotations") or ()
        ids = {wire.get("id"): row["id"] for wire, row in zip(described, rows, strict=True)}
        for wire, row in zip(described, rows, strict=True):
            parent = ids.get(_system(wire).get("parentId"))
            if parent is not None:
                update_annotation(tx, row, {"metadata": {"system": {"parentId": parent}}})

    def _label(self, tx: Transaction, labels: Iterable[str]) -> None:
        """Add the labels that the recipe does not have yet; a dataset without a recipe has no place for them."""
        wanted = [label for label in labels if all(part.strip() for part in label.split("."))]
        if not wanted:
            return
        try:
            ontology = ontology_of(tx.connection, self._dataset)
        except NotFound:
            return
        missing = [label for label in wanted if label not in ontology["labels"]]
        if missing:
            upserted = upsert_labels(tx, ontology, [{"tag": label} for label in missing])
            self.done.labels += len(upserted["labels"]) - len(ontology["labels"])


def checked(found: Any) -> dict[str, Any]:
    """What is said of an item, once its form is as it should be.

    Raises:
        BadRequest: It is not.
    """
    said: dict[str, Any] = json_object(found, "a description")
    annotations = [] if said.get("annotations") is None else said["annotations"]
    if not isinstance(annotations, list) or not all(isinstance(wire, dict) for wire in annotations):
        raise BadRequest("400", "The annotations of a description have to be a list of objects.")
    if not isinstance(said.get("description") or "", str):
        raise BadRequest("400", "The description of an item has to be text.")
    return said


def _unicode(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise BadRequest("400", "Its name is not Unicode.") from None
    return name


def _annotation(wire: Mapping[str, Any]) -> dict[str, Any]:
    """An annotation without what names entities of the dataset it came from.

    Raises:
        BadRequest: It has no type or no label.
    """
    for key in ("type", "label"):
        if not isinstance(wire.get(key), str) or not wire[key]:
            raise BadRequest("400", f"An annotation needs a {key}.")
    said = {key: wire[key] for key in _SAID if wire.get(key) is not None}
    metadata = json_object(said.get("metadata"), "metadata")
    system = {key: value for key, value in _system(wire).items() if key not in FOREIGN_ANNOTATION}
    return {**said, "metadata": {**metadata, "system": system}}


def _system(wire: Mapping[str, Any]) -> dict[str, Any]:
    metadata = json_object(wire.get("metadata"), "metadata")
    return json_object(metadata.get("system"), "metadata.system")
