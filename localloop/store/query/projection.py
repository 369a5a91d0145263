"""Projections: which keys of each result are shown (docs/platform/wire.md, 4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop.errors import BadRequest

#: What a projection always shows, unless it says otherwise: a result without an id is of no use.
_ID = "id"

#: How many keys a projection may have, and how many parts each of them.
_MOST = 200


def parse_select(body: Any) -> Mapping[str, bool] | None:
    """Parse the ``select`` of a query.

    Args:
        body: ``{"name": 1, "metadata.user": 1}`` shows these and the id; ``{"metadata": 0}`` all but that.

    Returns:
        Dotted paths, all shown or all left out, but for the id; None when everything is shown.

    Raises:
        BadRequest: It is malformed, or mixes both.
    """
    if body is None or body == {}:
        return None
    if not isinstance(body, Mapping):
        raise BadRequest("400", f"select must be an object, not {body!r}")
    wanted: dict[str, bool] = {}
    for path, said in body.items():
        if said not in (0, 1) or not path or path.count(".") > _MOST:
            raise BadRequest("400", f"select takes 0 or 1 for {path[:100]!r}, not {said!r}")
        wanted[path] = bool(said)
    if len({said for path, said in wanted.items() if path != _ID}) > 1 or len(wanted) > _MOST:
        raise BadRequest(
            "400", "select either names what is shown or what is left out, and not too much of it"
        )
    return wanted


def project(shown: Mapping[str, Any], wanted: Mapping[str, bool] | None) -> dict[str, Any]:
    """A result as a projection shows it.

    Args:
        shown: The whole result.
        wanted: The projection; see :func:`parse_select`.

    Returns:
        A new object. A path that goes through an array concerns each of its objects.
    """
    if wanted is None:
        return dict(shown)
    paths = [path.split(".") for path in wanted if path != _ID]
    named = next((said for path, said in wanted.items() if path != _ID), wanted.get(_ID, True))
    if named:
        rest = _only(shown, paths) if paths else {}
        return {_ID: shown[_ID], **rest} if wanted.get(_ID, True) and _ID in shown else rest
    left: dict[str, Any] = _without(shown, paths)
    if wanted.get(_ID) is False:
        left.pop(_ID, None)
    return left


def _heads(paths: list[list[str]]) -> dict[str, list[list[str]]]:
    heads: dict[str, list[list[str]]] = {}
    for head, *rest in paths:
        heads.setdefault(head, []).append(rest)
    return heads


def _only(value: Any, paths: list[list[str]]) -> Any:
    if isinstance(value, list):
        return [_only(one, paths) for one in value if isinstance(one, Mapping | list)]
    kept = {}
    for head, rests in _heads(paths).items():
        if head not in value:
            continue
        inner = value[head]
        if [] in rests:
            kept[head] = inner
        elif isinstance(inner, Mapping | list):
            kept[head] = _only(inner, rests)
    return kept


def _without(value: Any, paths: list[list[str]]) -> Any:
    if isinstance(value, list):
        return [_without(one, paths) if isinstance(one, Mapping | list) else one for one in value]
    heads = _heads(paths)
    kept = {}
    for key, inner in value.items():
        rests = heads.get(key)
        if rests is None:
            kept[key] = inner
        elif [] not in rests:
            kept[key] = _without(inner, rests) if isinstance(inner, Mapping | list) else inner
    return kept
