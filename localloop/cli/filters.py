"""The filter of items that a command line gives, as JSON or in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

FilterOption = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="JSON",
        help="Mirror only the dataset's items that match this filter, in the platform's query language, and their "
        "annotations. @FILE reads it from a file.",
        show_default=False,
    ),
]

#: What a saved query may say beside its filter without meaning anything else for items.
_HARMLESS: dict[str, Any] = {"resource": "items", "page": 0, "pageSize": 1000}


def text_of(said: str, what: str) -> str:
    """What was typed, or what is in the file whose name was typed after ``@``.

    Args:
        said: What was typed.
        what: What it is called in a message.

    Raises:
        BadRequest: The file cannot be read.
    """
    from localloop.errors import BadRequest

    if not said.startswith("@"):
        return said
    path = Path(said[1:]).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest("400", f"The {what} in {path} cannot be read: {error}") from None


def read(text: str | None) -> dict[str, Any] | None:
    """A filter as it was given.

    Args:
        text: JSON, or ``@`` and the path of a file that holds it: a filter, or a whole query with one.

    Returns:
        The filter; None when none was given.

    Raises:
        BadRequest: It cannot be read, is no filter, or holds what cannot be asked of a platform.
        UnprocessableEntity: It has an operator that is not known.
    """
    from localloop.errors import BadRequest
    from localloop.store.query.clauses import parse_filter

    if text is None:
        return None
    text = text_of(text, "filter")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadRequest(
            "400",
            f"The filter is no JSON: {error}.",
            advice='Give an object such as \'{"metadata.user.site": "north"}\', or @FILE.',
        ) from None
    if isinstance(found, dict) and "filter" in found:
        more = {key for key in found if key != "filter" and found[key] != _HARMLESS.get(key, found)}
        if more:
            raise BadRequest("400", f"A store mirrors by a filter alone, without {', '.join(sorted(more))}.")
        found = found["filter"]
    if not isinstance(found, dict) or not found:
        raise BadRequest("400", "A filter is a JSON object with at least one condition.")
    parse_filter(found)
    return found
