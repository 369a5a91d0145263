"""Results in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from localloop.sdk.entity import Entity, EntityList, shown_as_html
from localloop.sdk.filters import Filters
from localloop.store import Store
from localloop.store.query import Page
from localloop_schema.rows import Row

E = TypeVar("E", bound=Entity)


class PagedEntities(Generic[E]):
    """What a query finds, page by page. The first page is fetched at once, the others when they are asked for.

    Iterating gives pages, and :meth:`all` gives the entities one by one. Without an order of one's own this goes
    by id, so that nothing is skipped or seen twice when the loop changes what the query finds.

    Args:
        store: Where to look.
        filters: The query; its page and page size say where to begin.
        dataset_ids: The datasets to look in; None for all.
        build: Makes entities of rows.
    """

    def __init__(
        self,
        store: Store,
        filters: Filters,
        dataset_ids: Sequence[str] | None,
        build: Callable[[Sequence[Row]], list[E]],
    ) -> None:
        self._store = store
        self._query = filters.prepare()
        self._dataset_ids = dataset_ids
        self._build = build
        self.filters = filters
        self.page_offset: int = self._query["page"]
        self.page_size: int = self._query["pageSize"]
        self.get_page()

    def get_page(self, page_offset: int | None = None, page_size: int | None = None) -> None:
        """Fetch a page: this one again, or another."""
        self.page_offset = self.page_offset if page_offset is None else page_offset
        self.page_size = self.page_size if page_size is None else page_size
        page = self._run({**self._ordered(), "page": self.page_offset, "pageSize": self.page_size})
        self.items: EntityList[E] = EntityList(self._build(page.rows))
        self.items_count = page.total
        self.total_pages_count = page.pages
        self.has_next_page = page.has_next

    def return_page(self, page_offset: int | None = None, page_size: int | None = None) -> EntityList[E]:
        """The entities of one page, without going there."""
        page = self._run(
            {
                **self._ordered(),
                "page": self.page_offset if page_offset is None else page_offset,
                "pageSize": self.page_size if page_size is None else page_size,
            }
        )
        return EntityList(self._build(page.rows))

    def next_page(self) -> None:
        """Go to the next page."""
        self.get_page(self.page_offset + 1)

    def prev_page(self) -> None:
        """Go to the page before, or stay on the first."""
        self.get_page(max(0, self.page_offset - 1))

    def go_to_page(self, page: int = 0) -> None:
        """Go to a page."""
        self.get_page(page)

    def all(self) -> Iterator[E]:
        """Every entity that the query finds, fetched page by page."""
        for page in self:
            yield from page

    def print(self, columns: str | Sequence[str] | None = None) -> None:
        """Show this page as a table."""
        self.items.print(columns=columns)

    def __iter__(self) -> Iterator[EntityList[E]]:
        """The pages, from the one the query begins with."""
        if self._query.get("sort") or self._query["page"]:
            yield from self._by_offset()
        else:
            yield from self._by_id()

    def __len__(self) -> int:
        return self.items_count

    def __getitem__(self, place: int) -> EntityList[E]:
        """A page by its number."""
        return self.return_page(place)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(items_count={self.items_count}, "
            f"total_pages_count={self.total_pages_count}, page_offset={self.page_offset})"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: this page."""
        return shown_as_html(self.items, self.items_count)

    def _by_offset(self) -> Iterator[EntityList[E]]:
        offset, more = self._query["page"], True
        while more:
            page = self._run({**self._ordered(), "page": offset, "pageSize": self.page_size})
            more, offset = page.has_next, offset + 1
            if page.rows:
                yield EntityList(self._build(page.rows))

    def _by_id(self) -> Iterator[EntityList[E]]:
        query = {**self._ordered(), "page": 0, "pageSize": self.page_size}
        own, more = query.get("filter") or {}, True
        while more:
            page = self._run(query)
            more = page.has_next
            if page.rows:
                after = {"id": {"$gt": page.rows[-1]["id"]}}
                query["filter"] = {"$and": [own, after] if own else [after]}
                yield EntityList(self._build(page.rows))

    def _ordered(self) -> dict[str, Any]:
        """The query in its own order, else by id."""
        return {**self._query, "sort": self._query.get("sort") or {"id": "ascending"}}

    def _run(self, query: dict[str, Any]) -> Page:
        return self._store.query(query, self._dataset_ids)
