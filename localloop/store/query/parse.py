"""The envelope of a query: from the JSON body of a request to a ``Query`` (docs/platform/wire.md, 4.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from localloop.errors import BadRequest, UnprocessableEntity
from localloop.store.query.clauses import SUBQUERY_DEPTH, check_depth, check_text, parse_filter, parse_path
from localloop.store.query.model import MAX_PAGE_SIZE, Context, Join, Path, Query, Resource, SortKey
from localloop.store.query.projection import parse_select

#: The resource at the other end of a join (docs/platform/wire.md, 4.5.2).
_JOINED = {Resource.ITEMS: Resource.ANNOTATIONS, Resource.ANNOTATIONS: Resource.ITEMS}

#: Spellings of resources that dtlpy uses beside the plural.
_ALIASES = {"recipe": Resource.RECIPES, "ontology": Resource.ONTOLOGIES}

_DIRECTIONS = {"ascending": False, "descending": True}

#: Context keys of dataset queries and of task queries name the same thing (docs/platform/wire.md, 3.4).
_PROJECT_KEYS = ("projects", "projectIds")
_DATASET_KEYS = ("datasets", "datasetIds")

#: How many keys a sort may have. SQLite's time to plan one grows much faster than their number.
_MAX_SORT_KEYS = 16

#: The largest offset that SQLite can count to, shared by what is skipped and the pages before.
_MAX_ROWS = 2**62
_MAX_PAGE = _MAX_ROWS // MAX_PAGE_SIZE - 1

#: Keys that ask for what is not done here, with the values that ask for nothing (docs/platform/wire.md, 4.5).
#: ``queryEngine`` says how to find and not what, and ``sign`` asks for URLs that need no token, which there are none
#: of here: both are let through and change nothing.
_UNSUPPORTED: Mapping[str, tuple[Any, ...]] = {"collectMetrics": (None, False), "user": (None, "")}


def parse(query: Mapping[str, Any]) -> Query:
    """Parse the body of a query.

    Keys that do not say what to find (``update``, ``delete``, ``references``, ...) are left to the caller.

    Args:
        query: The JSON object as received.

    Returns:
        The query; what is absent has the platform's default.

    Raises:
        BadRequest: If the body is malformed.
        UnprocessableEntity: If it asks for a resource, an operator or a join that is not supported.
    """
    return _query(query, Resource.ITEMS, depth=0)


def _query(body: Any, default: Resource, depth: int) -> Query:
    if not isinstance(body, Mapping):
        raise BadRequest("400", f"A query must be an object, not {body!r}")
    check_depth(depth)
    for key, harmless in _UNSUPPORTED.items():
        if body.get(key) not in harmless:
            raise UnprocessableEntity("422", f"Unsupported key {key!r} of a query")
    resource = _resource(body.get("resource"), default)
    where, join = apart(body)
    return Query(
        resource=resource,
        where=parse_filter(where, depth),
        join=_join(join, resource, depth),
        sort=_sort(body.get("sort")),
        page=_page(body.get("page")),
        page_size=_page_size(body.get("pageSize")),
        skip=_number("skip", body.get("skip")) or 0,
        limit=_number("limit", body.get("limit")),
        count_total=body.get("countTotal") is None or _flag("countTotal", body["countTotal"]),
        select=parse_select(body.get("select")),
        intersect=_operand("intersect", body.get("intersect"), resource, depth),
        except_=_operand("except", body.get("except"), resource, depth),
        context=_context(body.get("context"), body),
        system_space=_flag("systemSpace", body.get("systemSpace")),
    )


def apart(body: Mapping[str, Any]) -> tuple[Any, Any]:
    """Filter and join. dtlpy puts the join of a saved query into the filter when it loads it.

    Args:
        body: A query as received.

    Returns:
        Its filter without a join, and its join, wherever it stands; None for what it does not have.
    """
    where, join = body.get("filter"), body.get("join")
    if join is None and isinstance(where, Mapping) and isinstance(where.get("join"), Mapping):
        inside = where["join"]
        if inside.keys() <= {"on", "filter"}:
            return {key: value for key, value in where.items() if key != "join"}, inside
    return where, join


def _resource(name: Any, default: Resource) -> Resource:
    if name is None:
        return default
    if not isinstance(name, str):
        raise BadRequest("400", f"resource must be a text, not {name!r}")
    try:
        return _ALIASES.get(name) or Resource(name)
    except ValueError:
        known = ", ".join(Resource)
        raise UnprocessableEntity("422", f"Unsupported resource {name!r}. Supported are: {known}") from None


def _join(body: Any, resource: Resource, depth: int) -> Join | None:
    """The join. Its keys follow from the two resources, so ``local`` and ``forigen`` are not needed."""
    if not _object("join", body):
        return None
    joined = _JOINED.get(resource)
    if joined is None:
        raise UnprocessableEntity("422", f"Cannot join to {resource} queries")
    target = _resource(_object("join.on", body.get("on")).get("resource"), joined)
    if target is not joined:
        raise UnprocessableEntity("422", f"Cannot join {target} to {resource}")
    return Join(joined, parse_filter(body.get("filter"), depth + SUBQUERY_DEPTH))


def _sort(body: Any) -> tuple[SortKey, ...]:
    keys = tuple(_sort_keys(_object("sort", body), ()))
    if len(keys) > _MAX_SORT_KEYS:
        raise BadRequest("400", f"sort has more than {_MAX_SORT_KEYS} keys")
    return keys


def _sort_keys(body: Mapping[str, Any], prefix: Path) -> Iterator[SortKey]:
    """The keys in their order; a nested object is read as a dotted path."""
    for key, direction in body.items():
        path = parse_path(".".join((*prefix, key)))
        if isinstance(direction, Mapping):
            yield from _sort_keys(direction, path)
        elif isinstance(direction, str) and direction in _DIRECTIONS:
            yield SortKey(path, _DIRECTIONS[direction])
        else:
            raise BadRequest("400", f"sort takes 'ascending' or 'descending' for {key!r}, not {direction!r}")


def _whole(name: str, value: Any) -> int:
    """A number that is whole and not negative; JSON does not tell ``2.0`` from ``2``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1 or value < 0:
        raise BadRequest("400", f"{name} must be a whole number from 0, not {value!r}")
    return int(value)


def _page(value: Any) -> int:
    page = 0 if value is None else _whole("page", value)
    if page > _MAX_PAGE:
        raise BadRequest("400", f"There is no page {page}")
    return page


def _page_size(value: Any) -> int:
    return MAX_PAGE_SIZE if value is None else min(_whole("pageSize", value), MAX_PAGE_SIZE)


def _number(name: str, value: Any) -> int | None:
    number = None if value is None else _whole(name, value)
    if number is not None and number > _MAX_ROWS:
        raise BadRequest("400", f"{name} is too large: {number}")
    return number


def _operand(name: str, body: Any, resource: Resource, depth: int) -> Query | None:
    """The inner query of a set operation, which must find the same resource as the outer one."""
    outer = _object(name, body)
    if not outer:
        return None
    for key in ("limit", "skip"):
        if isinstance(outer.get("query"), Mapping) and outer["query"].get(key) is not None:
            raise UnprocessableEntity("422", f"Unsupported key {key!r} in the query of {name}")
    inner = _query(outer.get("query"), resource, depth + SUBQUERY_DEPTH)
    if inner.resource is not resource:
        raise BadRequest("400", f"{name} must query {resource}, not {inner.resource}")
    return inner


def _context(body: Any, outer: Mapping[str, Any]) -> Context:
    """The confinement, which a query may spell in two places."""
    context = _object("context", body)
    beside = {key: outer.get(key) for key in ("projects", "datasets")}
    return Context(
        projects=_ids(context, _PROJECT_KEYS) + _ids(beside, ("projects",)),
        datasets=_ids(context, _DATASET_KEYS) + _ids(beside, ("datasets",)),
    )


def _ids(context: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for key in keys:
        ids = context.get(key) or []
        if not isinstance(ids, list) or not all(isinstance(value, str) for value in ids):
            raise BadRequest("400", f"{key} must be a list of ids, not {ids!r}")
        for value in ids:
            check_text(value)
        found.extend(ids)
    return tuple(found)


def _flag(name: str, value: Any) -> bool:
    if value is not None and not isinstance(value, bool):
        raise BadRequest("400", f"{name} must be true or false, not {value!r}")
    return bool(value)


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadRequest("400", f"{name} must be an object, not {value!r}")
    return value
