"""Subsets of a dataset for training: a tag of each item (docs/platform/wire.md, 3.9)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from localloop.errors import BadRequest
from localloop.store.bulk import STEP, matching
from localloop.store.items import patched
from localloop.store.query import apart, compile_ids, parse
from localloop.store.transaction import Transaction
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks, get_rows

#: The subsets of a split, in the order in which they are filled.
SUBSETS: Final = ("train", "validation", "test")


def tags_of(subset: str | None) -> dict[str, Any]:
    """The merge patch that puts an item into a subset, and into no other; None takes it out of all.

    Raises:
        BadRequest: There is no such subset.
    """
    if subset is not None and subset not in SUBSETS:
        raise BadRequest("400", f"The subsets are {', '.join(SUBSETS)}, and not {subset!r}.")
    tags = {name: True if name == subset else None for name in SUBSETS}
    return {"metadata": {"system": {"tags": tags}}}


def subset_of(metadata: Mapping[str, Any]) -> str:
    """The subset that an item is in; empty when it is in none."""
    tags = (metadata.get("system") or {}).get("tags") or {}
    return next((name for name in SUBSETS if isinstance(tags, Mapping) and tags.get(name)), "")


def assign(tx: Transaction, dataset: Row, query: Mapping[str, Any], subset: str | None) -> int:
    """Put all items that a query finds into a subset.

    Args:
        tx: The user action.
        dataset: The dataset's row.
        query: Which items.
        subset: The subset; None takes them out of all.

    Returns:
        How many items were found.

    Raises:
        BadRequest: There is no such subset, or the query makes no sense.
    """
    patch, number = tags_of(subset), 0
    for rows in matching(tx.connection, {**query, "resource": "items"}, dataset):
        tx.update_many(EntityKind.ITEM, [(row, patched(row, patch, system=True)) for row in rows])
        number += len(rows)
    return number


def parts(
    tx: Transaction, dataset: Row, query: Mapping[str, Any], shares: Mapping[str, float]
) -> tuple[dict[str, int], Iterator[list[Row]]]:
    """Split the files that a query finds, each into exactly one subset, always the same way.

    Args:
        tx: The user action.
        dataset: The dataset's row.
        query: Which items.
        shares: Per cent by subset.

    Returns:
        How many each subset gets, and the work: each step tags some items and yields them.

    Raises:
        BadRequest: The shares make no sense, or the query does not.
    """
    check_shares(shares)
    where, join = apart(query)
    only_files = {**query, "resource": "items", "filter": {"$and": [where or {}, {"type": "file"}]}}
    only_files = {key: value for key, value in {**only_files, "join": join}.items() if value is not None}
    found = compile_ids(parse({**only_files, "sort": {"id": "ascending"}}), [dataset["id"]])
    # Ids alone are few bytes each. By their hash the order is as good as random, and always the same.
    ids = sorted(tx.connection.execute(found).scalars(), key=_rank)
    sizes = sizes_of(len(ids), shares)
    return sizes, _tagged(tx, ids, sizes)


def check_shares(shares: Mapping[str, float]) -> None:
    """Shares are of known subsets, and 100 together.

    Raises:
        BadRequest: They are not.
    """
    if not shares or set(shares) - set(SUBSETS):
        raise BadRequest("400", f"The subsets of a split are {', '.join(SUBSETS)}.")
    if sum(shares.values()) != 100 or any(share < 0 for share in shares.values()):
        raise BadRequest("400", "The shares of a split are from 0, and are 100 together.")


def sizes_of(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """How many items each subset gets: its share rounded down, and one more where the rest was largest."""
    exact = {name: total * shares[name] / 100 for name in SUBSETS if name in shares}
    sizes = {name: int(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: (sizes[name] - exact[name], SUBSETS.index(name)))
    for name in by_rest[: total - sum(sizes.values())]:
        sizes[name] += 1
    return sizes


def _tagged(tx: Transaction, ids: Sequence[str], sizes: Mapping[str, int]) -> Iterator[list[Row]]:
    begun = 0
    for subset, size in sizes.items():
        patch = tags_of(subset)
        for part in chunks(ids[begun : begun + size], STEP):
            rows = list(get_rows(tx.connection, EntityKind.ITEM, part).values())
            tx.update_many(EntityKind.ITEM, [(row, patched(row, patch, system=True)) for row in rows])
            yield rows
        begun += size


def _rank(item_id: str) -> bytes:
    return hashlib.sha256(item_id.encode()).digest()
