"""What can be queried in a dataset: which metadata there is, and what is not searchable.

A path that somebody declared unsearchable cannot be filtered or sorted by, nor can anything below it. A query that
does so all the same is refused by name: an empty result would look like an answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection, text

from localloop.errors import BadRequest, UnprocessableEntity
from localloop.store.query import Query, Resource
from localloop.store.query.model import Clause, ElementMatches, Not, Path, Test
from localloop.store.transaction import Transaction
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, table

#: How many of the newest entities are looked at, and how many keys are told.
SAMPLE: Final = 1000
KEYS: Final = 2000

#: Where the paths are in the facts of a dataset. They are this store's own; no sync carries them.
_FACT = "unsearchablePaths"
_VERSION = "schemaVersion"

_TYPES = {"text": "string", "integer": "number", "real": "number", "true": "boolean", "false": "boolean"}
_STEP = re.compile(r'\.("(?:[^"\\]|\\.)*"|[^.\[]+)|\[\d+\]')


def keys_of(connection: Connection, kind: EntityKind, dataset_id: str) -> dict[str, str]:
    """The keys that the metadata of a dataset's items or annotations has, and the type of their values.

    Args:
        connection: A transaction.
        kind: Items or annotations.
        dataset_id: The dataset's local id.

    Returns:
        Types (``string``, ``number``, ``boolean``) by dotted path. Of several types at one path the most
        frequent counts; the elements of an array count for its path.
    """
    query = text(
        f"""
        SELECT tree.fullkey, tree.type, count(*)
        FROM (SELECT metadata FROM {table(kind).name}
              WHERE dataset_id = :dataset AND deleted_at IS NULL ORDER BY id DESC LIMIT :sample) AS some,
             json_tree(some.metadata) AS tree
        WHERE tree.atom IS NOT NULL
        GROUP BY 1, 2 ORDER BY 1 LIMIT :keys
        """  # noqa: S608 - the name of one of our own tables
    )
    found: dict[str, Counter[str]] = {}
    for fullkey, kind_of_value, number in connection.execute(
        query, {"dataset": dataset_id, "sample": SAMPLE, "keys": KEYS}
    ):
        path = ".".join(("metadata", *_steps(fullkey)))
        found.setdefault(path, Counter())[_TYPES[kind_of_value]] += number
    return {path: types.most_common(1)[0][0] for path, types in found.items()}


def _steps(fullkey: str) -> Iterator[str]:
    for match in _STEP.finditer(fullkey):
        step = match.group(1)
        if step is not None:
            yield step[1:-1] if step.startswith('"') else step


def unsearchable(dataset: Row) -> list[str]:
    """The paths of a dataset's items that cannot be queried."""
    return list((dataset["facts"] or {}).get(_FACT) or [])


def version(dataset: Row) -> int:
    """How often the searchable paths of a dataset were changed, from 1."""
    return int((dataset["facts"] or {}).get(_VERSION) or 1)


def change_unsearchable(tx: Transaction, dataset: Row, add: Iterable[str], remove: Iterable[str]) -> Row:
    """Declare paths unsearchable, or searchable again.

    Raises:
        BadRequest: A path is not one of metadata.
    """
    added, gone = list(add), set(remove)
    for path in added:
        if not path.startswith("metadata.") or "" in path.split("."):
            raise BadRequest("400", f"Only what is in metadata can be unsearchable, not {path!r}")
    before = unsearchable(dataset)
    after = list(dict.fromkeys(path for path in (*before, *added) if path not in gone))
    if after == before:
        return dataset
    facts = {**(dataset["facts"] or {}), _FACT: after, _VERSION: version(dataset) + 1}
    return tx.set_facts(EntityKind.DATASET, dataset, {"facts": facts})


def check_searchable(dataset: Row, query: Query) -> None:
    """Refuse a query by something that is not searchable.

    Raises:
        UnprocessableEntity: It names such a path.
    """
    closed = [tuple(path.split(".")) for path in unsearchable(dataset)]
    if not closed:
        return
    for path in _named(query):
        for one in closed:
            if path[: len(one)] == one:
                raise UnprocessableEntity("422", f"{'.'.join(one)!r} is not searchable in this dataset.")


def _named(query: Query) -> Iterator[Path]:
    """The paths of items that a query filters or sorts by."""
    if query.resource is Resource.ITEMS:
        yield from _paths(query.where)
        yield from (key.path for key in query.sort)
    elif query.join is not None:
        yield from _paths(query.join.where)
    for inner in (query.intersect, query.except_):
        if inner is not None:
            yield from _named(inner)


def _paths(clause: Clause, before: Path = ()) -> Iterator[Path]:
    if not isinstance(clause, Test):
        for part in clause.clauses:
            yield from _paths(part, before)
        return
    path = (*before, *clause.path)
    yield path
    condition = clause.condition.condition if isinstance(clause.condition, Not) else clause.condition
    if isinstance(condition, ElementMatches):
        yield from _paths(condition.clause, path)
