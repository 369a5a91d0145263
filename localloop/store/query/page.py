"""One page of a query's results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from localloop.store.query.compile import compile_count, compile_select
from localloop.store.query.model import Query
from localloop_schema.rows import mapped


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page and where it stands among all results.

    Attributes:
        rows: One mapping per row, columns by their database names.
        total: How many results the query has on all pages; how many are known, when the query counts no total.
        pages: How many pages that makes; 0 for a query that only counts.
        has_next: Whether a page follows this one.
    """

    rows: list[dict[str, Any]]
    total: int
    pages: int
    has_next: bool


def run_page(connection: Connection, query: Query, dataset_ids: Sequence[str] | None) -> Page:
    """Run a query and fetch its page.

    Whether a page follows is seen by asking for one row more than fits, so it is right also when other
    processes write between the statements. The total is counted only where the rows do not tell it.

    Args:
        connection: An open connection to the store.
        query: What to find.
        dataset_ids: Local ids of the datasets to look in, or None for all.

    Returns:
        The page.
    """
    size = query.page_size
    if not size:
        return Page([], _total(connection, query, dataset_ids), 0, has_next=False)
    start = query.page * size
    # How many rows the page may have, and one more that tells whether another page follows.
    room = size if query.limit is None else max(min(size, query.limit - start), 0)
    more = query.limit is None or query.limit > start + size
    statement = compile_select(query, dataset_ids, paged=False).limit(room + more).offset(query.skip + start)
    rows = mapped(connection.execute(statement)) if room else []
    has_next = len(rows) > room
    is_last = not has_next and (bool(rows) or not start)
    known = start + len(rows)
    total = known if is_last or not query.count_total else _total(connection, query, dataset_ids)
    return Page(rows[:room], total, -(-total // size), has_next)


def _total(connection: Connection, query: Query, dataset_ids: Sequence[str] | None) -> int:
    number = int(connection.execute(compile_count(query, dataset_ids)).scalar_one()) - query.skip
    return max(number if query.limit is None else min(number, query.limit), 0)
