"""Links: small JSON files that stand for content elsewhere (docs/platform/wire.md, 4.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

#: No link is larger.
LARGEST: Final = 64 << 10


def link_facts(path: Path) -> dict[str, Any]:
    """What a link says of itself.

    Args:
        path: A JSON file.

    Returns:
        ``shebang``, with ``linkInfo`` in it, and the ``mimetype`` of what is linked, where the link says that;
        nothing of a file that is no link.
    """
    if path.stat().st_size > LARGEST:
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get("shebang") != "dataloop" or found.get("type") != "link":
        return {}
    metadata = found.get("metadata")
    info = metadata.get("linkInfo") if isinstance(metadata, dict) else None
    if not isinstance(info, dict) or not isinstance(info.get("ref"), str):
        return {}
    own = {key: value for key, value in info.items() if isinstance(value, str)}
    facts: dict[str, Any] = {"shebang": {"dltype": "link", "linkInfo": own}}
    mimetype = own.get("mimetype", "")
    if mimetype and mimetype.isprintable() and mimetype.isascii():
        facts["mimetype"] = mimetype
    return facts
