"""Running a query of any resource, and printing what it finds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from localloop.cli import filters, human, places
from localloop.cli.output import Output, dumps
from localloop.errors import BadRequest
from localloop.sdk.shape import shaped
from localloop.store.query import Resource, parse, project, run_page
from localloop.store.query.text import read_text
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import live_rows

if TYPE_CHECKING:
    from localloop.store import Store

#: What each resource of a query is.
_KINDS = {
    Resource.ITEMS: EntityKind.ITEM,
    Resource.ANNOTATIONS: EntityKind.ANNOTATION,
    Resource.DATASETS: EntityKind.DATASET,
    Resource.TASKS: EntityKind.TASK,
    Resource.ASSIGNMENTS: EntityKind.ASSIGNMENT,
    Resource.RECIPES: EntityKind.RECIPE,
    Resource.ONTOLOGIES: EntityKind.ONTOLOGY,
}

#: The keys of an entity that say what it is, the first that it has.
_NAMES = ("filename", "label", "name", "title", "id")


def read_query(asked: str) -> dict[str, Any]:
    """A query as it was typed.

    Args:
        asked: Text, JSON, or ``@`` and the path of a file with either. JSON may be only a filter.

    Raises:
        BadRequest: It cannot be read, or makes no sense.
        UnprocessableEntity: It has an operator or a resource that is not known.
    """
    asked = filters.text_of(asked, "query")
    if not asked.lstrip().startswith("{"):
        return read_text(asked, datetime.now(UTC))
    try:
        query: dict[str, Any] = json.loads(asked)
    except ValueError as error:
        raise BadRequest("400", f"The query is not JSON: {error}.") from None
    changing = query.keys() & {"update", "delete", "references"}
    if changing:
        raise BadRequest("400", f"A query finds and changes nothing; leave {min(changing)} out.")
    if not query.keys() & {"filter", "join", "intersect", "except", "resource", "sort", "select"}:
        query = {"filter": query}
    parse(query)
    return query


def explain(out: Output, query: dict[str, Any]) -> None:
    """Print a query as JSON.

    Args:
        out: Where to print.
        query: The query.
    """
    out.result({"query": query})
    out.lines(dumps(query, indent=2).splitlines())


def run(out: Output, store: Store, query: dict[str, Any], place: str | None, *, only_count: bool) -> None:
    """Run a query, and print a page of what it finds.

    Args:
        out: Where to print.
        store: The store.
        query: The query.
        place: ``PROJECT[/DATASET]``; None for all.
        only_count: Whether only the number is wanted.

    Raises:
        BadRequest: The place is no project or dataset.
        NotFound: There is no such place.
    """
    parsed = parse({**query, "pageSize": 0} if only_count else query)
    with store.reading() as connection:
        page = run_page(connection, parsed, _datasets(connection, place))
    if only_count:
        out.result({"totalItemsCount": page.total})
        out.line(f"{page.total:,}")
        return
    found = [project(one, parsed.select) for one in shaped(store, _KINDS[parsed.resource], page.rows)]
    out.result(
        {
            "totalItemsCount": page.total,
            "totalPagesCount": page.pages,
            "hasNextPage": page.has_next,
            "items": found,
        }
    )
    rows = [[str(one.get("id", "")), _called(one)] for one in found]
    if rows:
        out.table(("ID", "NAME"), rows)
    if page.has_next:
        out.note(
            f"{human.count(page.total, 'result')} in all; `pageSize` and `page` in the query show others."
        )
    elif not rows:
        out.note("Nothing was found.")


def _called(one: dict[str, Any]) -> str:
    name = next((str(one[key]) for key in _NAMES if one.get(key)), "")
    return f"{name} ({one['type']})" if "label" in one and one.get("type") else name


def _datasets(connection: Connection, place: str | None) -> list[str] | None:
    if place is None:
        return None
    found = places.find(connection, place)
    if found.path:
        raise BadRequest(
            "400", f"Name a project or a dataset, not {place!r}; `dir` and `path` find by folders."
        )
    if found.dataset is not None:
        return [found.dataset["id"]]
    return [row["id"] for row in live_rows(connection, EntityKind.DATASET, project_id=found.project["id"])]
