"""Items whose content lies in a storage of its own and was never here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop.errors import BadRequest, Conflict
from localloop.store.items import find_item
from localloop.store.patch import json_text
from localloop.store.paths import is_hidden, mimetype_of, normal_path
from localloop.store.transaction import Transaction
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

_LARGEST = 2**63


def add_external(tx: Transaction, dataset: Row, entry: Mapping[str, Any]) -> Row:
    """Register one file of a storage as an item (docs/platform/wire.md, 4.1).

    Args:
        tx: The user action.
        dataset: The dataset's row.
        entry: ``filename``, ``storageId`` and perhaps ``size``.

    Returns:
        The item's row. Importing the same again finds it.

    Raises:
        BadRequest: A value makes no sense.
        Conflict: Something else is at the path.
    """
    path = normal_path(json_text(entry.get("filename"), "filename"))
    storage_id = json_text(entry.get("storageId"), "storageId")
    size = entry.get("size")
    size = 0 if size is None else size
    if not 0 <= size < _LARGEST or size != int(size):
        raise BadRequest("400", f"A size is a whole number from 0, not {size!r}")
    there = find_item(tx.connection, dataset["id"], path)
    if there is not None:
        if _storage_id(there) == storage_id:
            return there
        raise Conflict("409", f"Something is at {path!r} already")
    mimetype = mimetype_of(path)
    document = {
        "type": "file",
        "filename": path,
        "metadata": {"system": {"storageId": storage_id}},
        "content": {"size": int(size)},
    }
    derived = {
        "originalname": path.rpartition("/")[2],
        "size": int(size),
        "encoding": "7bit",
        "mimetype": mimetype,
        "isBinary": True,
        "refs": [],
        "taskStatusLog": [],
    }
    facts = {"hidden": is_hidden(path), "mimetype": mimetype, "derived": derived}
    return tx.create(EntityKind.ITEM, document, {EntityKind.DATASET: dataset["id"]}, facts=facts)


def _storage_id(item: Row) -> Any:
    return ((item["metadata"] or {}).get("system") or {}).get("storageId")
