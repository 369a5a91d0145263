"""Versions of a dataset: read-only copies beside it, called ``NAME@VERSION``, which share its files."""

from __future__ import annotations

from typing import Final

from localloop.errors import BadRequest
from localloop.sdk.copying import clone_dataset, row_of
from localloop.store import Store
from localloop.store.copies import Wish
from localloop.store.datasets import find_dataset, update_dataset
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: Between the name of a dataset and that of a version of it.
MARK: Final = "@"


def take_snapshot(store: Store, dataset_id: str, name: str) -> Row:
    """Keep a dataset as it is now, items, annotations and metadata.

    It is done in parts, so that nobody waits long for it; one that broke off goes on when it is asked for again.

    Args:
        store: The store.
        dataset_id: The dataset.
        name: What the version is called.

    Returns:
        The row of the read-only copy.

    Raises:
        BadRequest: The name is none, or there is such a version.
        BlobMissingError: What an item holds is not known here: its file was never fetched.
    """
    if not name or name != name.strip() or any(sign in name for sign in (MARK, "/")):
        raise BadRequest("400", f"A version needs a name without {MARK} and /, and not {name!r}.")
    source = row_of(store, EntityKind.DATASET, dataset_id)
    full = f"{source['name']}{MARK}{name}"
    with store.reading() as connection:
        begun = find_dataset(connection, source["project_id"], full)
    if begun is not None and begun["readonly"]:
        raise BadRequest("400", f"There is a version {name!r} of {source['name']!r} already.")
    copy = clone_dataset(
        store,
        source["id"],
        name=None if begun is not None else full,
        filters=None,
        wish=Wish(),
        into=None if begun is None else begun["id"],
        directory=None,
    )
    with store.transaction(f"snapshot {full}") as tx:
        return update_dataset(tx, tx.row(EntityKind.DATASET, copy["id"]), {"readonly": True})


def snapshots_of(store: Store, dataset_id: str) -> list[Row]:
    """The versions of a dataset, the oldest first.

    Args:
        store: The store.
        dataset_id: The dataset.
    """
    source = row_of(store, EntityKind.DATASET, dataset_id)
    rows = store.rows(EntityKind.DATASET, project_id=source["project_id"], readonly=True)
    found = [row for row in rows if row["name"].startswith(f"{source['name']}{MARK}")]
    return sorted(found, key=lambda row: (row["created_at"], row["id"]))
