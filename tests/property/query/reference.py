"""The query language once more, in plain Python over plain documents: slow, obvious, and written from its description.

An entity is a dictionary of wire names. ``ids`` beside it says under which ids an id field may be looked up.
"""

from __future__ import annotations

import re
from typing import Any

Document = dict[str, Any]

#: Which fields hold ids that are known by a second name, and the key under which documents keep that name.
ALIASES = {"id": "remote:id", "annotationId": "remote:id", "itemId": "remote:itemId"}

NUMERIC_TEXT = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


def select(
    entities: list[Document], query: dict[str, Any], partners: dict[str, list[Document]]
) -> list[Document]:
    """What a query finds among entities, in order.

    Args:
        entities: All there are, of the kind asked for.
        query: The body of the query.
        partners: For each id, the entities that a join may look at.
    """
    kept = [entity for entity in entities if is_result(entity, entities, query, partners)]
    keys = list(query.get("sort", {}).items()) or [("type", "ascending"), ("createdAt", "descending")]
    if "id" not in dict(keys):
        keys.append(("id", keys[-1][1]))
    for field, direction in reversed(keys):
        descending = direction == "descending"
        kept.sort(key=lambda entity, f=field, d=descending: sort_key(entity, f, d), reverse=descending)
    return kept


def is_result(
    entity: Document, entities: list[Document], query: dict[str, Any], partners: dict[str, list[Document]]
) -> bool:
    if not holds(entity, query.get("filter", {})):
        return False
    join = query.get("join")
    if join and not any(holds(partner, join["filter"]) for partner in partners[entity["id"]]):
        return False
    if "intersect" in query and not is_result(entity, entities, query["intersect"]["query"], partners):
        return False
    return "except" not in query or not is_result(entity, entities, query["except"]["query"], partners)


def holds(document: Any, condition: dict[str, Any], *, in_match: bool = False, prefix: str = "") -> bool:
    outcomes = []
    for key, value in condition.items():
        if key == "$and":
            outcomes.append(all(holds(document, part, in_match=in_match, prefix=prefix) for part in value))
        elif key == "$or":
            parts = [holds(document, part, in_match=in_match, prefix=prefix) for part in value]
            outcomes.append(any(parts) or not parts)
        else:
            outcomes.append(field_holds(document, prefix + key, value, in_match))
    return all(outcomes)


def field_holds(document: Any, field: str, value: Any, in_match: bool) -> bool:
    if isinstance(value, dict) and in_match and not any(key.startswith("$") for key in value):
        return holds(document, value, in_match=True, prefix=field + ".")
    if isinstance(value, dict) and any(key.startswith("$") for key in value):
        return all(operator_holds(document, field, operator, operand) for operator, operand in value.items())
    return equal(document, field, value)


def operator_holds(document: Any, field: str, operator: str, operand: Any) -> bool:
    if operator in {"$ne", "$nin"}:
        return not operator_holds(document, field, {"$ne": "$eq", "$nin": "$in"}[operator], operand)
    if operator == "$in":
        return any(equal(document, field, each) for each in operand)
    if operator == "$exists":
        return bool(values_at(document, field.split("."))) == operand
    if operator == "$match" and isinstance(operand, dict):
        elements = [each for each in candidates(document, field) if isinstance(each, dict)]
        return any(holds(element, operand, in_match=True) for element in elements)
    if operator in {"$eq", "$match"}:
        return equal(document, field, operand)
    return any(in_order(each, operator, operand) for each in candidates(document, field))


def values_at(node: Any, keys: list[str]) -> list[Any]:
    """The values at a path: through objects by key, through arrays to each object in them. Null is none."""
    if not keys:
        return [] if node is None else [node]
    if isinstance(node, list):
        return [value for each in node if isinstance(each, dict) for value in values_at(each, keys)]
    if isinstance(node, dict):
        return values_at(node.get(keys[0]), keys[1:])
    return []


def candidates(document: Any, field: str) -> list[Any]:
    """Every value at a path, and every element of those that are arrays."""
    found = []
    for value in values_at(document, field.split(".")):
        found.extend(value if isinstance(value, list) else [value])
    return found


def equal(document: Any, field: str, wanted: Any) -> bool:
    if wanted is None:
        return not values_at(document, field.split("."))
    if isinstance(wanted, list):
        return any(same(value, wanted) for value in values_at(document, field.split(".")))
    found = candidates(document, field)
    if isinstance(wanted, str) and not set(wanted) & set("*?") and field in ALIASES and "id" in document:
        found.append(document.get(ALIASES[field]))
    return any(scalar_equal(each, wanted) for each in found)


def scalar_equal(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, str):
        return same(value, wanted)
    if isinstance(value, str):
        parts = {"*": ".*", "?": "."}
        pattern = "".join(parts.get(character) or re.escape(character) for character in wanted)
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    return (
        is_number(value) and NUMERIC_TEXT.fullmatch(wanted) is not None and as_stored(value) == number(wanted)
    )


def same(left: Any, right: Any) -> bool:
    """Exact equality: 1 is 1.0 and is not true; an object's nulls are not there."""
    if isinstance(left, dict) and isinstance(right, dict):
        left = {key: value for key, value in left.items() if value is not None}
        right = {key: value for key, value in right.items() if value is not None}
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if is_number(left) and is_number(right):
        return as_stored(left) == as_stored(right)
    return type(left) is type(right) and left == right


def in_order(value: Any, operator: str, operand: Any) -> bool:
    if is_number(value) and isinstance(operand, str) and NUMERIC_TEXT.fullmatch(operand):
        value, operand = as_stored(value), number(operand)
    elif is_number(value) and is_number(operand):
        value, operand = as_stored(value), as_stored(operand)
    elif type(value) is not type(operand) or not isinstance(value, str | bool):
        return False
    if operator == "$gt":
        return value > operand
    if operator == "$gte":
        return value >= operand
    return value < operand if operator == "$lt" else value <= operand


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(text: str) -> int | float:
    return as_stored(int(text)) if text.lstrip("-").isdigit() else float(text)


def as_stored(value: float) -> int | float:
    """Integers beyond 64 bits are kept as floating-point numbers."""
    return value if -(2**63) <= value < 2**63 else float(value)


def sort_key(document: Document, field: str, descending: bool) -> tuple[int, Any]:
    """Missing, numbers, texts, booleans; of several values the first in the direction."""
    ranked = [(0, 0)]
    for value in candidates(document, field):
        if isinstance(value, bool):
            ranked.append((3, value))
        elif isinstance(value, str):
            ranked.append((2, value))
        elif is_number(value):
            ranked.append((1, as_stored(value)))
    present = [key for key in ranked if key[0]]
    return (max(present) if descending else min(present)) if present else (0, 0)
