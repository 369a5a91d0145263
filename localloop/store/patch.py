"""JSON merge patches (RFC 7396), the form of every update on the wire (docs/platform/wire.md, 4.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localloop.errors import BadRequest
from localloop.store.transaction import Transaction
from localloop_schema.documents import derived_system
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: How deep a value may be nested: well below what the interpreter bears, wherever the value is merged or compared.
DEEPEST = 200


def merge_patch(target: Any, patch: Any) -> Any:
    """What a value is after a merge patch: objects merge, a null removes its key, anything else replaces.

    Args:
        target: The value as it is; it is not changed.
        patch: The patch.

    Returns:
        A new value that shares nothing with either argument.

    Raises:
        BadRequest: A value is not JSON.
    """
    return _merged(plain(target), plain(patch))


def _merged(target: Any, patch: Any) -> Any:
    """The same for plain values; the first is used up."""
    if not isinstance(patch, Mapping):
        return patch
    result = target if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def plain(value: Any) -> Any:
    """A copy of a value as JSON would carry it: a tuple becomes a list, a key text.

    Raises:
        BadRequest: It holds something that JSON cannot carry, such as NaN or a date; or is nested too deep.
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except RecursionError:
        raise _too_deep() from None
    except (TypeError, ValueError) as error:
        raise BadRequest("400", f"Not a JSON value: {error}") from error
    copied = json.loads(text)
    # So few brackets cannot be nested too deep, which spares nearly every value the second look.
    if text.count("{") + text.count("[") > DEEPEST and _is_too_deep(copied):
        raise _too_deep()
    return copied


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        values = (
            one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))
        )
        level = [inner for inner_values in values for inner in inner_values]
    return any(isinstance(one, (dict, list)) for one in level)


def _too_deep() -> BadRequest:
    return BadRequest(
        "400", f"Not a JSON value that can be kept: it is nested more than {DEEPEST} levels deep"
    )


def patch_metadata(metadata: Mapping[str, Any], patch: Any, *, system: bool) -> dict[str, Any]:
    """An entity's metadata after a patch.

    Args:
        metadata: The metadata as it is.
        patch: The patch of the whole ``metadata`` object; None patches nothing.
        system: Whether ``metadata.system`` may be touched; else that part of the patch is ignored, as the
            platform ignores it without ``?system=true``.

    Returns:
        The new metadata.

    Raises:
        BadRequest: The patch, or its ``system``, is not an object.
    """
    if patch is None:
        return dict(metadata)
    own = json_object(patch, "metadata")
    if not system:
        own.pop("system", None)
    elif own.get("system") is not None:
        json_object(own["system"], "metadata.system")
    merged: dict[str, Any] = merge_patch(metadata, own)
    return merged


def patch_derived(tx: Transaction, kind: EntityKind, row: Row, patch: Any) -> Row:
    """Patch the part of ``metadata.system`` that no document of this kind holds; it is not logged.

    Args:
        tx: The user action.
        kind: What the entity is.
        row: Its row.
        patch: The patch of ``metadata.system``; keys that are the document's own are ignored.

    Returns:
        The row as it then is.
    """
    given = derived_system(kind, {"system": json_object(patch, "metadata.system")})
    if not given:
        return row
    system = merge_patch((row["metadata"] or {}).get("system") or {}, given)
    return tx.set_facts(kind, row, {"metadata": {**row["metadata"], "system": system}})


def json_text(value: Any, what: str) -> str:
    """A value that has to be text with something in it.

    Args:
        value: The value.
        what: Its name, for the error.

    Raises:
        BadRequest: It is empty, or something else.
    """
    if not isinstance(value, str) or not value.strip():
        raise BadRequest("400", f"{what} has to be text and not empty: {value!r}")
    return value


def json_object(value: Any, what: str) -> dict[str, Any]:
    """A copy of a value that has to be a JSON object; None counts as an empty one.

    Args:
        value: The value.
        what: Its name, for the error.

    Returns:
        A new ``dict``.

    Raises:
        BadRequest: It is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadRequest("400", f"{what} has to be an object, not {type(value).__name__}")
    return dict(value)
