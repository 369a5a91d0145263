"""Annotations of items."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, select

from localloop.errors import BadRequest
from localloop.store.patch import json_object, merge_patch, patch_metadata, plain
from localloop.store.transaction import Transaction
from localloop_schema.documents import Document, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, listed, mapped, table

#: The part of ``metadata.system`` that is the annotation itself, so that it may be changed without asking for
#: system metadata: a change of a video annotation or of attributes comes as a plain update
#: (docs/platform/wire.md, 5.1 and 5.4).
OWN_SYSTEM: Final = frozenset(
    {
        "attributes",
        "automated",
        "endFrame",
        "endTime",
        "frame",
        "isOpen",
        "objectId",
        "parentId",
        "snapshots_",
        "startTime",
    }
)


def add_annotations(tx: Transaction, item: Row, annotations: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Add annotations to an item.

    An annotation that says the same as one the item has, with the same ``metadata.system.clientId``, is that
    one: the request was sent again because its reply was lost.

    Args:
        tx: The user action.
        item: The item's row.
        annotations: Annotations as on the wire; the nulls of an unsent one (docs/platform/wire.md, 5.2) count
            as absent, and what the server assigns is ignored.

    Returns:
        The rows, in the order of ``annotations``.

    Raises:
        BadRequest: One has no type, no label, or metadata that is no object.
    """
    documents = [_document(wire) for wire in annotations]
    client_ids = [_client_id(document["metadata"]) for document in documents]
    known = _with_client_ids(tx.connection, item, client_ids)
    found: dict[int, Row] = {}
    fresh: list[tuple[int, Document]] = []
    taken = set(known)
    for place, (document, client_id) in enumerate(zip(documents, client_ids, strict=True)):
        if client_id is None:
            fresh.append((place, document))
            continue
        if client_id in known and _same(document, known[client_id]):
            found[place] = known[client_id]
            continue
        if client_id in taken:  # a copy of another annotation: it gets a client id of its own
            document["metadata"] = merge_patch(document["metadata"], {"system": {"clientId": None}})
        taken.add(client_id)
        fresh.append((place, document))
    rows = tx.create_many(
        EntityKind.ANNOTATION,
        [(document, {"hash": content_hash(document)}) for _, document in fresh],
        {EntityKind.DATASET: item["dataset_id"], EntityKind.ITEM: item["id"]},
    )
    found.update(zip((place for place, _ in fresh), rows, strict=True))
    return [found[place] for place in range(len(annotations))]


def _with_client_ids(connection: Connection, item: Row, client_ids: Sequence[str | None]) -> dict[str, Row]:
    """The annotations of an item that have one of these client ids; nothing is read when there are none."""
    asked = [one for one in client_ids if one is not None]
    if not asked:
        return {}
    columns = table(EntityKind.ANNOTATION).c
    query = (
        select(table(EntityKind.ANNOTATION))
        .where(
            columns.item_id == item["id"],
            columns.deleted_at.is_(None),
            func.json_extract(columns.metadata, "$.system.clientId").in_(listed("client_ids")),
        )
        .order_by(columns.id)
    )
    rows = mapped(connection.execute(query, {"client_ids": json.dumps(asked)}))
    return {row["metadata"]["system"]["clientId"]: row for row in rows}


def update_annotation(
    tx: Transaction, annotation: Row, patch: Mapping[str, Any], *, system: bool = False
) -> Row:
    """Change an annotation by a merge patch of its wire object; see :func:`update_annotations`."""
    return update_annotations(tx, [annotation], patch, system=system)[0]


def update_annotations(
    tx: Transaction, annotations: Sequence[Row], patch: Mapping[str, Any], *, system: bool = False
) -> list[Row]:
    """Change annotations by one merge patch of their wire objects.

    Args:
        tx: The user action.
        annotations: Their rows.
        patch: ``type``, ``label``, ``coordinates``, ``attributes``, ``description``, ``source`` and
            ``metadata``; all other keys are read-only and ignored.
        system: Whether all of ``metadata.system`` may be touched; else only :data:`OWN_SYSTEM`.

    Returns:
        The rows as they then are.

    Raises:
        BadRequest: A value makes no sense.
    """
    rows = tx.update_many(
        EntityKind.ANNOTATION, [(row, patched(row, patch, system=system)) for row in annotations]
    )
    result = []
    for row in rows:
        new = content_hash(to_document(EntityKind.ANNOTATION, row))
        changed = row["hash"] != new
        result.append(tx.set_facts(EntityKind.ANNOTATION, row, {"hash": new}) if changed else row)
    return result


def delete_annotations(tx: Transaction, annotations: Sequence[Row]) -> int:
    """Delete annotations.

    Returns:
        How many there were.
    """
    return sum(tx.delete(EntityKind.ANNOTATION, row) for row in annotations)


def patched(annotation: Row, patch: Mapping[str, Any], *, system: bool) -> Document:
    """The document that an annotation has after a patch; see :func:`update_annotations`.

    Raises:
        BadRequest: A value makes no sense.
    """
    document = to_document(EntityKind.ANNOTATION, annotation)
    for key in ("type", "label"):
        if patch.get(key) is not None:
            document[key] = _text(patch[key], key)
    for key in ("coordinates", "description"):
        if key in patch:
            document[key] = merge_patch(document.get(key), patch[key])
    for key in ("attributes", "source"):
        if patch.get(key) is not None:
            document[key] = patch[key]
    change = json_object(patch.get("metadata"), "metadata")
    if change.get("system") is not None:
        own = json_object(change["system"], "metadata.system")
        own.pop("clientId", None)  # what an annotation is found by after a lost reply never changes
        change["system"] = own if system else {key: own[key] for key in own.keys() & OWN_SYSTEM}
    else:
        change.pop("system", None)
    document["metadata"] = patch_metadata(document["metadata"], change, system=True)
    return document


def content_hash(document: Mapping[str, Any]) -> str:
    """The hash of what an annotation says: 40 hex digits over a canonical form.

    The platform's own input to it is not known (docs/platform/wire.md, 5.2), so the two are never compared.
    """
    said = {key: document.get(key) for key in ("type", "label", "coordinates", "attributes", "description")}
    system = (document.get("metadata") or {}).get("system") or {}
    said["system"] = {key: system[key] for key in sorted(system.keys() & OWN_SYSTEM)}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _document(wire: Mapping[str, Any]) -> Document:
    given: dict[str, Any] = plain(json_object(wire, "an annotation"))  # a copy, so that nothing is shared
    document: Document = {
        "type": _text(given.get("type"), "type"),
        "label": _text(given.get("label"), "label"),
        "attributes": _without_nulls(given.get("attributes") or []),
        "source": given.get("source") or "sdk",
        "metadata": json_object(given.get("metadata"), "metadata"),
    }
    for key in ("coordinates", "description"):
        if given.get(key) is not None:
            document[key] = given[key]  # an atom: a null in it is part of it
    return document


def _without_nulls(attributes: Any) -> Any:
    return merge_patch(None, attributes) if isinstance(attributes, Mapping) else attributes


def _same(document: Document, row: Row) -> bool:
    return content_hash(document) == content_hash(to_document(EntityKind.ANNOTATION, row))


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadRequest("400", f"An annotation needs a {what}")
    return value


def _client_id(metadata: Mapping[str, Any]) -> str | None:
    system = metadata.get("system") or {}
    return system.get("clientId") or None
