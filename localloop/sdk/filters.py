"""Filters: queries, written as the SDK's users do, and their form on the wire (docs/platform/wire.md, 4.5)."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from enum import StrEnum
from posixpath import splitext
from typing import Any

from localloop.errors import BadRequest
from localloop.sdk.entity import text_of
from localloop.sdk.phrasing import phrase
from localloop.sdk.platform_only import WithPlatformOnly
from localloop.sdk.printing import show

Json = dict[str, Any]

_PAGE_SIZE = 1000
_HIGHEST_PAGE_SIZE = 1000


class FiltersResource(StrEnum):
    """What a filter finds."""

    ITEM = "items"
    ANNOTATION = "annotations"
    DATASET = "datasets"
    TASK = "tasks"
    RECIPE = "recipe"
    ONTOLOGY = "ontology"


class FiltersOperations(StrEnum):
    """How a field is compared."""

    OR = "or"
    AND = "and"
    IN = "in"
    NOT_EQUAL = "ne"
    EQUAL = "eq"
    GREATER_THAN = "gt"
    LESS_THAN = "lt"
    EXISTS = "exists"
    MATCH = "match"
    NIN = "nin"
    GREATER_THAN_OR_EQUAL = "gte"
    LESS_THAN_OR_EQUAL = "lte"


class FiltersMethod(StrEnum):
    """How clauses are combined."""

    OR = "or"
    AND = "and"


class FiltersOrderByDirection(StrEnum):
    """Which end comes first."""

    DESCENDING = "descending"
    ASCENDING = "ascending"


class FiltersKnownFields(StrEnum):
    """Fields that items are often filtered by."""

    DIR = "dir"
    ANNOTATED = "annotated"
    FILENAME = "filename"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"
    LABEL = "label"
    NAME = "name"
    HIDDEN = "hidden"
    TYPE = "type"


#: The annotation types that a filter for annotations asks for by default; notes and a few others are not among
#: them (docs/platform/wire.md, 4.5.1).
DEFAULT_ANNOTATION_TYPES = (
    "box",
    "cube",
    "cube_3d",
    "class",
    "comparison",
    "ellipse",
    "point",
    "segment",
    "polyline",
    "pose",
    "binary",
    "subtitle",
    "text_mark",
    "gis",
    "ref_semantic_3d",
    "polyline_3d",
    "text",
    "ref_image",
)

_JOINS = {
    FiltersResource.ITEM: {"resource": "annotations", "local": "itemId", "forigen": "id"},
    FiltersResource.ANNOTATION: {"resource": "items", "local": "id", "forigen": "itemId"},
}


class Filters(WithPlatformOnly):
    """A query for items, annotations, datasets or tasks.

    Args:
        field: A first field to filter by, as for :meth:`add`.
        values: Its value or values.
        operator: How it is compared.
        method: How the first clause is combined.
        custom_filter: A query to send as it is, instead of one built from clauses.
        resource: What to find.
        use_defaults: Whether to leave hidden items and directories out, and to ask only for the usual types of
            annotations.
        context: Where to look, beyond the dataset.
        page_size: How many results a page has, at most 1000.
    """

    def __init__(
        self,
        field: str | None = None,
        values: Any = None,
        operator: FiltersOperations | str | None = None,
        method: FiltersMethod | str | None = None,
        custom_filter: Json | None = None,
        resource: FiltersResource | str = FiltersResource.ITEM,
        use_defaults: bool = True,
        context: Json | None = None,
        page_size: int | None = None,
    ) -> None:
        self.resource = FiltersResource(resource)
        self.custom_filter = custom_filter
        self.page = 0
        self.page_size = _PAGE_SIZE if page_size is None else page_size
        self.method = FiltersMethod.AND
        self.context = context
        self.recursive = True
        self._use_defaults = use_defaults
        self.reset()
        if field is not None:
            self.add(field, values, operator, method)

    def reset(self) -> None:
        """Forget every clause, the join and the order; the defaults come back."""
        self.and_filter_list: list[tuple[str, Any, str | None]] = []
        self.or_filter_list: list[tuple[str, Any, str | None]] = []
        self.join: Json | None = None
        self.sort: Json = {}
        self._replaced: set[str] = set()
        if not self._use_defaults:
            return
        if self.resource is FiltersResource.ITEM:
            self._replaced = {"type", "hidden"}
            self.add("hidden", False)
            self.add("type", "file")
        elif self.resource is FiltersResource.ANNOTATION:
            self._replaced = {"type"}
            self.add("type", list(DEFAULT_ANNOTATION_TYPES), FiltersOperations.IN)

    def add(
        self,
        field: str,
        values: Any,
        operator: FiltersOperations | str | None = None,
        method: FiltersMethod | str | None = None,
    ) -> None:
        """Add a clause. A second clause on a field with a default replaces the first.

        Args:
            field: A dotted path, such as ``metadata.user.k``.
            values: The value, or values, to compare with.
            operator: How; equality when left out.
            method: Whether all ``and`` clauses have to hold, or one of the ``or`` clauses.

        Raises:
            BadRequest: There is no such method.
        """
        clause = (str(text_of(field)), values, _optional(operator))
        chosen = text_of(method or self.method)
        if chosen == "or":
            self.or_filter_list.append(clause)
        elif chosen == "and":
            if field in self._replaced:
                self.and_filter_list = [one for one in self.and_filter_list if one[0] != field]
            self.and_filter_list.append(clause)
        else:
            raise BadRequest("400", f"Unknown method {chosen}, please select from: or/and")

    def add_join(
        self,
        field: str,
        values: Any,
        operator: FiltersOperations | str | None = None,
        method: FiltersMethod | str = FiltersMethod.AND,
    ) -> None:
        """Add a clause on the other side: on annotations for a filter of items, and the reverse.

        All ``and`` clauses have to hold for one and the same annotation.

        Args:
            field: A dotted path.
            values: The value, or values, to compare with.
            operator: How; equality when left out.
            method: How the clauses of the join are combined.

        Raises:
            BadRequest: The filter finds neither items nor annotations.
        """
        if self.resource not in _JOINS:
            raise BadRequest("400", f"Cannot join to {self.resource} filters")
        if self.join is None:
            self.join = {"on": dict(_JOINS[self.resource]), "filter": {}}
        clauses = self.join["filter"].setdefault(f"${text_of(method)}", [])
        clauses.append(_clause((str(text_of(field)), values, _optional(operator)), recursive=False))

    def sort_by(
        self, field: str, value: FiltersOrderByDirection | str = FiltersOrderByDirection.ASCENDING
    ) -> None:
        """Order the results by a field; a second call orders what is equal by the first.

        Args:
            field: A dotted path.
            value: Which end comes first.

        Raises:
            BadRequest: There is no such direction.
        """
        if text_of(value) not in set(FiltersOrderByDirection):
            raise BadRequest(
                "400", f"Unknown order {text_of(value)!r}, please select from: ascending/descending"
            )
        self.sort[str(text_of(field))] = str(text_of(value))

    def has_field(self, field: str) -> bool:
        """Whether some clause is on this field."""
        return any(clause[0] == field for clause in (*self.and_filter_list, *self.or_filter_list))

    def pop(self, field: str) -> None:
        """Take every clause on this field out."""
        self.and_filter_list = [clause for clause in self.and_filter_list if clause[0] != field]
        self.or_filter_list = [clause for clause in self.or_filter_list if clause[0] != field]

    def pop_join(self, field: str) -> None:
        """Take every clause of the join on this field out."""
        if self.join is None:
            return
        for method, clauses in self.join["filter"].items():
            self.join["filter"][method] = [clause for clause in clauses if field not in clause]

    def prepare(
        self,
        operation: str | None = None,
        update: Json | None = None,
        query_only: bool = False,
        system_update: Json | None = None,
        system_metadata: bool = False,
    ) -> Json:
        """The query as it is sent.

        Args:
            operation: ``update`` or ``delete``, to change what is found.
            update: What goes under ``metadata.user`` of each result.
            query_only: Whether to leave the page, the order and the resource out.
            system_update: What goes under ``metadata.system`` of each result.
            system_metadata: Whether ``system_update`` is meant.

        Raises:
            BadRequest: There is no such operation, or the page is too large.
        """
        if self.custom_filter is not None:
            return self._custom()
        query: Json = {"filter": self._clauses()}
        if not query_only:
            if self.sort:
                query["sort"] = dict(self.sort)
            if self.page_size > _HIGHEST_PAGE_SIZE:
                raise BadRequest("400", f"page_size cannot be larger than {_HIGHEST_PAGE_SIZE}")
            query |= {"page": self.page, "pageSize": self.page_size, "resource": str(self.resource)}
        if self.join is not None:
            query["join"] = copy.deepcopy(self.join)
        if operation == "update":
            query["update"] = self._update(update, system_update if system_metadata else None)
            if system_metadata and system_update:
                query["systemSpace"] = True
        elif operation == "delete":
            query["delete"] = True
            dropped = {"sort"} | ({"page", "pageSize"} if self.resource is FiltersResource.ITEM else set())
            query = {key: value for key, value in query.items() if key not in dropped}
        elif operation is not None:
            raise BadRequest("400", f"Unknown operation: {operation}")
        if self.context is not None:
            query["context"] = copy.deepcopy(self.context)
        return query

    def __str__(self) -> str:
        """The query as one line for people."""
        return phrase(self.prepare())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def print(self, indent: int = 2) -> None:
        """Show the query."""
        show(json.dumps(self.prepare(), indent=indent))

    def _clauses(self) -> Json:
        recursive = self.recursive and self.resource is FiltersResource.ITEM
        both = {"$or": self.or_filter_list, "$and": self.and_filter_list}
        return {
            method: [_clause(clause, recursive=recursive) for clause in clauses]
            for method, clauses in both.items()
            if clauses
        }

    def _custom(self) -> Json:
        custom = copy.deepcopy(self.custom_filter or {})
        query: Json = custom if "filter" in custom else {"filter": custom}
        for key, value in (
            ("resource", str(self.resource)),
            ("page", self.page),
            ("pageSize", self.page_size),
        ):
            query.setdefault(key, value)
        if self.join is not None:
            query.setdefault("join", copy.deepcopy(self.join))
        if "join" in query and self.resource in _JOINS:
            query["join"].setdefault("on", dict(_JOINS[self.resource]))
        return query

    @staticmethod
    def _update(user: Json | None, system: Json | None) -> Json:
        metadata = {}
        if user:
            metadata["user"] = user
        if system:
            metadata["system"] = system
        return {"metadata": metadata} if metadata else {}


def _optional(operator: FiltersOperations | str | None) -> str | None:
    return None if operator is None else str(text_of(operator))


def _clause(clause: tuple[str, Any, str | None], *, recursive: bool) -> Json:
    field, values, operator = clause
    values = _sendable(values)
    if recursive and field == "filename":
        values = [_below(one) for one in values] if isinstance(values, list) else _below(values)
    return {field: values if operator is None else {f"${operator}": values}}


def _sendable(values: Any) -> Any:
    """Values without enums and tuples in them."""
    if isinstance(values, (list, tuple)):
        return [_sendable(one) for one in values]
    if isinstance(values, Mapping):
        return {key: _sendable(value) for key, value in values.items()}
    return text_of(values)


def _below(value: Any) -> Any:
    """What looks like a directory stands for everything below it (docs/platform/wire.md, 4.5.1)."""
    if not isinstance(value, str) or value.endswith("*") or splitext(value)[1]:
        return value
    return f"{value}**" if value.endswith("/") else f"{value}/**"
