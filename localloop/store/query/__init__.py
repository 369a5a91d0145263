"""Queries: the platform's query language over the store's tables, compiled to SQL.

``parse`` reads the JSON of a query; ``compile_select``, ``compile_count`` and ``compile_ids`` turn it into
SQLAlchemy statements, and ``run_page`` runs it. Where the platform's documents are silent
(docs/platform/wire.md, 4.5), the language means this:

* A field has *values*: none, one, or several where an array of objects lies on its path. Null is no value.
* A scalar asked for matches a value, or an element of a value that is an array. A list literal matches an
  array that equals it exactly; an object literal an object (or element) that equals it, in any order of keys.
* ``*`` (any characters, ``/`` too) and ``?`` (one) are wildcards in every text that is compared for equality,
  not inside list and object literals.
* Only values of one type compare: texts by code point, numbers, booleans (false below true; 1 is not true). A
  text in a query that spells a number is also compared with numbers, so ``{"$gt": "0"}`` finds both.
* ``$ne``, ``$nin`` and ``$exists: false`` hold where no value satisfies their opposite; so a missing field
  differs from everything. Null as an operand stands for "missing".
* ``$match`` with an object holds when one single element satisfies all of it. Nested objects in it are paths.
* Paths are split at dots and name keys only, never positions. A name the resource does not have is missing.
* Ids are found by local or platform id; ranges, patterns and order see the local one.
* Times are compared as moments, whatever zone and precision they are written in; without a zone they are UTC.
* Sorting ranks missing, then numbers, texts, booleans; of several values the first in the sort's direction
  counts. The id settles what is left, so pages never overlap.
"""

from __future__ import annotations

from localloop.store.query.compile import compile_count, compile_ids, compile_select
from localloop.store.query.model import Context, Join, Query, Resource, SortKey
from localloop.store.query.page import Page, run_page
from localloop.store.query.parse import apart, parse
from localloop.store.query.projection import project

__all__ = [
    "Context",
    "Join",
    "Page",
    "Query",
    "Resource",
    "SortKey",
    "apart",
    "compile_count",
    "compile_ids",
    "compile_select",
    "parse",
    "project",
    "run_page",
]
