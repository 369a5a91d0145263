"""Attributes of ontologies: on the wire two lists, in the store one map by key.

The older list holds names, the newer one objects (docs/platform/wire.md, 6.2). A map merges attribute by attribute,
so two people who add different ones never collide. A name alone is kept as ``{"key": name}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from localloop.errors import BadRequest

Attribute = dict[str, Any]
Attributes = Mapping[str, Mapping[str, Any]]

#: What clients look for a second time, at ``scriptData``.
_REPEATED = ("title", "optional")


def attributes_of(listed: Iterable[Any] | Attributes) -> dict[str, Attribute]:
    """The map of attributes that were listed as on the wire.

    Args:
        listed: Names and objects.

    Returns:
        Key → attribute, in the order of the list.

    Raises:
        BadRequest: One is neither, or has no key.
    """
    if isinstance(listed, Mapping):
        return {key: dict(one) for key, one in listed.items()}
    found: dict[str, Attribute] = {}
    for one in listed:
        key = one if isinstance(one, str) else one.get("key") if isinstance(one, Mapping) else None
        if not isinstance(key, str) or not key:
            raise BadRequest("400", "An attribute needs a key")
        found[key] = {"key": key} if isinstance(one, str) else stored(one)
    return found


def stored(attribute: Mapping[str, Any]) -> Attribute:
    """An attribute without a ``scriptData`` that only repeats what it says anyway."""
    own = dict(attribute)
    if "scriptData" in own and own["scriptData"] == _script(own):
        del own["scriptData"]
    return own


def is_name(key: str, attribute: Mapping[str, Any]) -> bool:
    """Whether an attribute is no more than its name."""
    return dict(attribute) == {"key": key}


def shown(attributes: Attributes) -> tuple[list[str], list[Attribute]]:
    """The two lists of a map: those that are names, and those that are objects."""
    names = [key for key, one in attributes.items() if is_name(key, one)]
    objects = [
        {"scriptData": _script(one), **one} for key, one in attributes.items() if not is_name(key, one)
    ]
    return names, objects


def replaced(current: Attributes, listed: Any, inner: Any) -> dict[str, Attribute]:
    """The attributes after an ontology was sent whole.

    A client sends both lists, and puts into the first what it took for the attributes: the objects if there are
    any, else the names. What is sent as it was shown changes nothing.

    Args:
        current: The attributes as they are.
        listed: ``attributes`` as sent; None if it was not.
        inner: ``metadata.attributes`` as sent; None if it was not.

    Returns:
        The attributes as they shall be.

    Raises:
        BadRequest: One has no key.
    """
    names, objects = shown(current)
    if listed is not None and listed not in (names, objects or names):
        return attributes_of(listed)
    if inner is not None and inner != objects:
        return {**{name: {"key": name} for name in names}, **attributes_of(inner)}
    return {key: dict(one) for key, one in current.items()}


def _script(attribute: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: attribute[key] for key in _REPEATED if attribute.get(key) is not None}
    return {"title": attribute.get("key"), **said}
