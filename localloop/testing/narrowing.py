"""What a platform in memory is asked for: a span, or the items that match a filter and their annotations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from localloop.server.matching import holds
from localloop.store.query.clauses import parse_filter
from localloop_schema.kinds import EntityKind
from localloop_sync.ports import Key, RemoteEntity, Span


def is_in(span: Span, entity: RemoteEntity) -> bool:
    """Whether an entity is in a span.

    Args:
        span: The span.
        entity: The entity.
    """
    key = entity.id if span.key is Key.ID else entity.updated_at
    return span.after < key and (span.upto is None or key <= span.upto)


def matching(
    there: Sequence[RemoteEntity], items: Mapping[str, RemoteEntity], where: str
) -> list[RemoteEntity]:
    """Those items that match a filter, or those annotations whose items do.

    Args:
        there: Items or annotations.
        items: All items, by id.
        where: The filter as JSON text.
    """
    wanted = parse_filter(json.loads(where))
    of = {one.id: one.parents.get(EntityKind.ITEM, one.id) for one in there}
    found = {name for name in set(of.values()) if name in items and holds(wanted, _wire(items[name]))}
    return [one for one in there if of[one.id] in found]


def _wire(item: RemoteEntity) -> dict[str, Any]:
    """What a filter sees of an item."""
    document, facts = item.document, item.facts
    system = {**(facts.get("derived") or {}), **(document.get("metadata", {}).get("system") or {})}
    folder, _, name = str(document["filename"]).rpartition("/")
    return {
        **{key: value for key, value in document.items() if key not in ("content", "tasks", "metadata")},
        "id": item.id,
        "dir": folder or "/",
        "name": name,
        "hidden": bool(facts.get("hidden")),
        "creator": facts.get("creator"),
        "createdAt": facts.get("created_at"),
        "updatedAt": item.updated_at,
        "metadata": {**document.get("metadata", {}), "system": system},
    }
