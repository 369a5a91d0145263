"""Collections: up to ten named sets of a dataset's items (docs/platform/wire.md, 3.8).

Names are in ``metadata.system.collections`` of the dataset, by key; membership is in the same place of each item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from localloop.errors import BadRequest, NotFound
from localloop.store.items import patched
from localloop.store.transaction import Transaction
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: The keys that there are.
KEYS: Final = tuple(f"c{number}" for number in range(10))


def names_of(dataset: Row) -> dict[str, str]:
    """The names of a dataset's collections, by key."""
    system = (dataset["metadata"] or {}).get("system") or {}
    found = system.get("collections") or {}
    if not isinstance(found, Mapping):
        return {}
    return {
        key: str(one["name"])
        for key, one in sorted(found.items())
        if isinstance(one, Mapping) and isinstance(one.get("name"), str)
    }


def key_of(dataset: Row, name: str) -> str:
    """The key of the collection with a name.

    Raises:
        NotFound: There is none.
    """
    for key, known in names_of(dataset).items():
        if known == name:
            return key
    raise NotFound("404", f"Collection not found. Name: {name!r}")


def create(tx: Transaction, dataset: Row, name: str) -> Row:
    """Make a collection.

    Raises:
        BadRequest: The name is empty or taken, or there are ten already.
    """
    _check(dataset, name)
    names = names_of(dataset)
    free = next((key for key in KEYS if key not in names), None)
    if free is None:
        raise BadRequest("400", f"A dataset has at most {len(KEYS)} collections.")
    return _put(tx, dataset, {**names, free: name})


def rename(tx: Transaction, dataset: Row, name: str, new: str) -> Row:
    """Give a collection another name.

    Raises:
        NotFound: There is none of that name.
        BadRequest: The new name is empty or taken.
    """
    key = key_of(dataset, name)
    if new != name:
        _check(dataset, new)
    return _put(tx, dataset, {**names_of(dataset), key: new})


def remove(tx: Transaction, dataset: Row, name: str) -> Row:
    """Remove a collection's name; the items are taken out of it by :func:`assign`.

    Raises:
        NotFound: There is none of that name.
    """
    key = key_of(dataset, name)
    return _put(tx, dataset, {known: one for known, one in names_of(dataset).items() if known != key})


def assign(tx: Transaction, rows: Sequence[Row], keys: Sequence[str], *, member: bool) -> None:
    """Put items into collections, or take them out.

    Args:
        tx: The user action.
        rows: The items.
        keys: The collections' keys.
        member: Whether they are in afterwards.
    """
    value = True if member else None
    patch: dict[str, Any] = {"metadata": {"system": {"collections": dict.fromkeys(keys, value)}}}
    tx.update_many(EntityKind.ITEM, [(row, patched(row, patch, system=True)) for row in rows])


def _check(dataset: Row, name: str) -> None:
    if not name.strip():
        raise BadRequest("400", "A collection needs a name.")
    if name in names_of(dataset).values():
        raise BadRequest("400", f"Collection already exists. Name: {name!r}")


def _put(tx: Transaction, dataset: Row, names: Mapping[str, str]) -> Row:
    document = to_document(EntityKind.DATASET, dataset)
    system = dict(document["metadata"].get("system") or {})
    system["collections"] = {key: {"name": name} for key, name in names.items()}
    if not names:
        del system["collections"]
    metadata = {**document["metadata"], "system": system}
    if not system:
        del metadata["system"]
    return tx.update(EntityKind.DATASET, dataset, {**document, "metadata": metadata})
