"""JSON files that say what they are: links to content elsewhere, prompts (docs/platform/wire.md, 4.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

#: A larger file is not looked at.
LARGEST: Final = 1 << 20


def link_facts(path: Path) -> dict[str, Any]:
    """What a file says that it is.

    Args:
        path: A JSON file.

    Returns:
        ``shebang``, with ``dltype`` and for a link ``linkInfo`` in it, and the ``mimetype`` of what is linked, where
        the link says that; nothing of a file that does not say what it is.
    """
    if path.stat().st_size > LARGEST:
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get("shebang") != "dataloop":
        return {}
    metadata = found.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if found.get("type") == "link":
        return _link(metadata.get("linkInfo"))
    kind = metadata.get("dltype")
    return {"shebang": {"dltype": kind}} if isinstance(kind, str) and kind != "link" else {}


def _link(info: Any) -> dict[str, Any]:
    if not isinstance(info, dict) or not isinstance(info.get("ref"), str):
        return {}
    own = {key: value for key, value in info.items() if isinstance(value, str)}
    facts: dict[str, Any] = {"shebang": {"dltype": "link", "linkInfo": own}}
    mimetype = own.get("mimetype", "")
    if mimetype and mimetype.isprintable() and mimetype.isascii():
        facts["mimetype"] = mimetype
    return facts
