"""Items: files and directories of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from localloop.blobs import BlobRef
from localloop.errors import BadRequest, BlobMissingError, Conflict
from localloop.store.patch import json_object, patch_metadata, plain
from localloop.store.paths import is_hidden, mimetype_of, normal_path
from localloop.store.transaction import Transaction
from localloop_schema.documents import (
    DERIVED_ITEM_METADATA,
    MEASURED_ITEM_SYSTEM,
    Document,
    derived_system,
    to_columns,
    to_document,
)
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks, live_rows, table
from localloop_schema.tables import Blob

Outcome = Literal["created", "overwrite", "exist"]


def add_item(
    tx: Transaction,
    dataset: Row,
    filename: str,
    blob: BlobRef | None,
    *,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
    mimetype: str | None = None,
    overwrite: bool = False,
    derived: Mapping[str, Any] | None = None,
) -> tuple[Row, Outcome]:
    """Put a file into a dataset.

    Args:
        tx: The user action.
        dataset: The dataset's row.
        filename: The full path in the dataset.
        blob: The content, which is in the store's cache already; None makes an empty directory.
        metadata: The item's metadata, as on the wire; values that only the platform derives are left out.
        description: Free text; an empty one is none.
        mimetype: The media type; told by the path otherwise.
        overwrite: Whether an item that is at this path gets the new content. Its annotations are then
            deleted, as on the platform (tombstones keep them), and ``metadata`` is merged into what it has.
        derived: Further derived ``metadata.system`` values, such as ``width`` and ``height``.

    Returns:
        The row that is then at the path, and what happened: ``created``, ``overwrite``, or ``exist`` when
        something was there and was left as it is.

    Raises:
        BadRequest: The path or the metadata makes no sense.
        Conflict: A directory is at the path.
    """
    if blob is None:
        return make_directory(tx, dataset, filename)
    path = normal_path(filename)
    existing = find_item(tx.connection, dataset["id"], path)
    if existing is None:
        facts = _facts(path, blob, mimetype, derived)
        document = _new_document(path, blob, metadata, description)
        _know_blob(tx, blob)
        row = tx.create(EntityKind.ITEM, document, {EntityKind.DATASET: dataset["id"]}, facts=facts)
        return row, "created"
    if existing["type"] != "file":
        raise Conflict("409", f"A directory is at {path!r}")
    if not overwrite:
        return existing, "exist"
    row = put_content(tx, existing, blob, mimetype=mimetype, derived=derived)
    own = own_metadata(plain(json_object(metadata, "metadata")))  # not what others measured in other content
    patch = {"metadata": own, "description": description or row["description"]}
    return update_item(tx, row, patch, system=True), "overwrite"


def put_content(
    tx: Transaction,
    item: Row,
    blob: BlobRef,
    *,
    mimetype: str | None = None,
    derived: Mapping[str, Any] | None = None,
    keep_annotations: bool = False,
) -> Row:
    """Replace an item's content; its annotations are deleted, since they described something else.

    Args:
        tx: The user action.
        item: The item's row.
        blob: The new content, which is in the store's cache already.
        mimetype: The media type; told by the path otherwise.
        derived: Further derived ``metadata.system`` values.
        keep_annotations: Whether they stay: for a new revision of the same thing.

    Returns:
        The row as it then is.
    """
    _know_blob(tx, blob)
    content = {"size": blob.size, "digest": blob.digest}
    row = tx.update(EntityKind.ITEM, item, {**to_document(EntityKind.ITEM, item), "content": content})
    for annotation in [] if keep_annotations else tx.rows(EntityKind.ANNOTATION, item_id=item["id"]):
        tx.delete(EntityKind.ANNOTATION, annotation)
    facts = _facts(item["filename"], blob, mimetype, derived)
    kept = derived_system(EntityKind.ITEM, item["metadata"])
    books = {key: kept[key] for key in ("refs", "taskStatusLog", "originalname") if key in kept}
    old = {key: value for key, value in kept.items() if key not in MEASURED_ITEM_SYSTEM}
    known = {**old, **facts.pop("derived"), **books}
    columns = to_columns(EntityKind.ITEM, to_document(EntityKind.ITEM, row), known)
    changed = {"updated_at": tx.stamp.at, "updated_by": tx.stamp.author}
    return tx.set_facts(EntityKind.ITEM, row, {**facts, **changed, "metadata": columns["metadata"]})


@dataclass(frozen=True, slots=True)
class NewItem:
    """A file on its way into a dataset; the fields are the arguments of :func:`add_item`."""

    filename: str
    blob: BlobRef
    metadata: Mapping[str, Any] | None = None
    description: str | None = None
    mimetype: str | None = None
    derived: Mapping[str, Any] | None = None


def add_items(
    tx: Transaction, dataset: Row, entries: Sequence[NewItem], *, overwrite: bool = False
) -> list[tuple[Row, Outcome]]:
    """Put many files into a dataset: as :func:`add_item` for each, in a few statements for all.

    Args:
        tx: The user action.
        dataset: The dataset's row.
        entries: The files. Of two with one path the first is made and the second finds it there.
        overwrite: See :func:`add_item`.

    Returns:
        For each entry the row that is then at its path, and what happened.

    Raises:
        BadRequest: A path or metadata makes no sense.
        Conflict: A directory is at a path.
    """
    paths = [normal_path(entry.filename) for entry in entries]
    taken = occupied(tx.connection, dataset["id"], paths)
    first = {path: number for number, path in reversed(list(enumerate(paths))) if path not in taken}
    fresh = sorted(first.values())
    documents = [
        (
            _new_document(paths[number], entry.blob, entry.metadata, entry.description),
            _facts(paths[number], entry.blob, entry.mimetype, entry.derived),
        )
        for number, entry in ((number, entries[number]) for number in fresh)
    ]
    _know_blobs(tx, [entries[number].blob for number in fresh])
    rows = tx.create_many(EntityKind.ITEM, documents, {EntityKind.DATASET: dataset["id"]})
    made = dict(zip(fresh, rows, strict=True))
    return [
        (made[number], "created") if number in made else _add(tx, dataset, entry, overwrite=overwrite)
        for number, entry in enumerate(entries)
    ]


def _add(tx: Transaction, dataset: Row, entry: NewItem, *, overwrite: bool) -> tuple[Row, Outcome]:
    return add_item(
        tx,
        dataset,
        entry.filename,
        entry.blob,
        metadata=entry.metadata,
        description=entry.description,
        mimetype=entry.mimetype,
        overwrite=overwrite,
        derived=entry.derived,
    )


def occupied(connection: Connection, dataset_id: str, paths: Sequence[str]) -> set[str]:
    """Those of the paths at which something is."""
    items = table(EntityKind.ITEM).c
    found: set[str] = set()
    for part in chunks(dict.fromkeys(paths)):
        query = select(items.filename).where(
            items.dataset_id == dataset_id, items.filename.in_(part), items.deleted_at.is_(None)
        )
        found.update(connection.execute(query).scalars())
    return found


def make_directory(tx: Transaction, dataset: Row, path: str) -> tuple[Row, Outcome]:
    """Make an explicit directory. Those that paths of files imply are no entities of their own.

    Returns:
        The directory's row, and ``created``, or ``exist`` when it was there.

    Raises:
        BadRequest: The path makes no sense.
        Conflict: A file is at the path.
    """
    normal = normal_path(path)
    existing = find_item(tx.connection, dataset["id"], normal)
    if existing is not None:
        if existing["type"] != "dir":
            raise Conflict("409", f"A file is at {normal!r}")
        return existing, "exist"
    row = tx.create(
        EntityKind.ITEM,
        {"type": "dir", "filename": normal, "metadata": {}},
        {EntityKind.DATASET: dataset["id"]},
        facts={"hidden": is_hidden(normal)},
    )
    return row, "created"


def find_item(connection: Connection, dataset_id: str, path: str) -> Row | None:
    """The live item at exactly this path, which is in normal form, or None."""
    return next(iter(live_rows(connection, EntityKind.ITEM, dataset_id=dataset_id, filename=path)), None)


def move_item(tx: Transaction, item: Row, filename: str) -> Row:
    """Give an item another path.

    Raises:
        BadRequest: The path makes no sense.
        Conflict: Something else is there.
    """
    return update_item(tx, item, {"filename": filename})


def update_item(tx: Transaction, item: Row, patch: Mapping[str, Any], *, system: bool = False) -> Row:
    """Change an item by a merge patch of its wire object.

    Args:
        tx: The user action.
        item: The item's row.
        patch: ``filename``, ``description`` and ``metadata``; all other keys are read-only and ignored.
        system: Whether ``metadata.system`` may be touched; of what the platform derives there only what is
            measured in the content, such as ``width``.

    Returns:
        The row as it then is.

    Raises:
        BadRequest: A value makes no sense.
        Conflict: Something else is at the new path.
    """
    document = patched(item, patch, system=system)
    path = document["filename"]
    if path != item["filename"]:
        occupant = find_item(tx.connection, item["dataset_id"], path)
        if occupant is not None and occupant["id"] != item["id"]:
            raise Conflict("409", f"Something is at {path!r} already")
    row = tx.update(EntityKind.ITEM, item, document)
    if row["hidden"] != is_hidden(path):
        row = tx.set_facts(EntityKind.ITEM, row, {"hidden": is_hidden(path)})
    return _measure(tx, row, json_object(patch.get("metadata"), "metadata"), system=system)


def _measure(tx: Transaction, item: Row, metadata: Mapping[str, Any], *, system: bool) -> Row:
    """Take over what a client measured itself, such as the size of an image that was not understood here.

    It is a fact and not logged, like what is measured here. A null takes it away.
    """
    given = {key: metadata[key] for key in DERIVED_ITEM_METADATA & metadata.keys()}
    if system:
        said = json_object(metadata.get("system"), "metadata.system")
        given = {key: said[key] for key in MEASURED_ITEM_SYSTEM & said.keys()} | given
    derived = derived_system(EntityKind.ITEM, item["metadata"] or {})
    known = {key: value for key, value in {**derived, **plain(given)}.items() if value is not None}
    if known == derived:
        return item
    columns = to_columns(EntityKind.ITEM, to_document(EntityKind.ITEM, item), known)
    changed = {"updated_at": tx.stamp.at, "updated_by": tx.stamp.author}
    return tx.set_facts(EntityKind.ITEM, item, {**changed, "metadata": columns["metadata"]})


def patched(item: Row, patch: Mapping[str, Any], *, system: bool) -> Document:
    """The document that an item has after a patch; see :func:`update_item`.

    Raises:
        BadRequest: A value makes no sense.
    """
    document = to_document(EntityKind.ITEM, item)
    if patch.get("filename") is not None:
        document["filename"] = normal_path(patch["filename"])
    if "description" in patch:
        description = patch["description"]
        if description is not None and not isinstance(description, str):
            raise BadRequest("400", "A description has to be text")
        # As at the upload, an empty one is none.
        document["description"] = description or None
    metadata = patch_metadata(document["metadata"], patch.get("metadata"), system=system)
    document["metadata"] = own_metadata(metadata)
    return document


def own_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata without what only the platform derives."""
    own = {key: value for key, value in metadata.items() if key not in DERIVED_ITEM_METADATA}
    system = json_object(own.pop("system", None), "metadata.system")
    derived = derived_system(EntityKind.ITEM, {"system": system})
    kept = {key: value for key, value in system.items() if key not in derived}
    return {**own, "system": kept} if kept else own


def _new_document(
    path: str, blob: BlobRef, metadata: Mapping[str, Any] | None, description: str | None
) -> Document:
    document: Document = {
        "type": "file",
        "filename": path,
        "metadata": own_metadata(plain(json_object(metadata, "metadata"))),
        "content": {"size": blob.size, "digest": blob.digest},
    }
    if description:
        document["description"] = description
    return document


def _facts(
    path: str, blob: BlobRef, mimetype: str | None, derived: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What the platform derives from a file (docs/platform/wire.md, 4.2), as far as it can be told here."""
    kind = mimetype or (derived or {}).get("mimetype") or mimetype_of(path)
    return {
        "hidden": is_hidden(path),
        "mimetype": kind,
        "derived": {
            "originalname": path.rpartition("/")[2],
            "size": blob.size,
            "encoding": "7bit",
            "mimetype": kind,
            "isBinary": not kind.startswith("text/"),
            "refs": [],
            "taskStatusLog": [],
            **(derived or {}),
        },
    }


def _know_blob(tx: Transaction, blob: BlobRef) -> None:
    _know_blobs(tx, [blob])


def _know_blobs(tx: Transaction, blobs: Sequence[BlobRef]) -> None:
    """Note that the cache has these bytes, and that they were used now.

    Whoever removes bytes from the cache does so in a write transaction, so what is here now stays.
    """
    now = tx.stamp.at
    for blob in blobs:
        if tx.has_blob is not None and not tx.has_blob(blob.digest):
            raise BlobMissingError(
                f"The bytes of {blob.digest} are not in the cache any more.",
                digest=blob.digest,
                advice="Add the file again, or get it with `localloop fetch`, and try again.",
            )
    rows = [
        {"digest": blob.digest, "size": blob.size, "created_at": now, "last_used_at": now, "pinned": False}
        for blob in blobs
    ]
    if rows:
        tx.connection.execute(_KNOW_BLOB, rows)


_NEW_BLOB = insert(Blob)
_KNOW_BLOB = _NEW_BLOB.on_conflict_do_update(
    index_elements=["digest"], set_={"last_used_at": _NEW_BLOB.excluded.last_used_at}
)
