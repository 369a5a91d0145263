"""What a notebook shows of entities: HTML with small pictures, made of what is here; nothing is fetched for it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

from localloop.media import MIMETYPE, Thumbnails, as_jpeg
from localloop.store import Store
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_rows

if TYPE_CHECKING:
    from localloop.sdk.entity import Entity

#: How many entities are shown at most; the rest is counted.
MOST: Final = 24

#: The box that a small picture fits into, in pixels.
_SMALL: Final = 128
_LARGE: Final = 512

_CARD: Final = (
    "display:inline-block;vertical-align:top;width:136px;margin:4px;padding:4px;border:1px solid #8884;"
    "border-radius:4px;font:12px sans-serif;overflow:hidden"
)
_NAME: Final = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
_BLANK: Final = (
    "display:flex;width:128px;height:96px;align-items:center;justify-content:center;text-align:center;"
    "background:#8882;color:#888"
)


def facts(title: str, values: Mapping[str, Any]) -> str:
    """A table of what an entity says of itself.

    Args:
        title: What it is.
        values: Names and values; what is None is left out.
    """
    rows = "".join(
        f"<tr><th style='text-align:left'>{_text(name)}</th><td style='text-align:left'>{_text(value)}</td></tr>"
        for name, value in values.items()
        if value is not None
    )
    return f"<table><caption><b>{_text(title)}</b></caption><tbody>{rows}</tbody></table>"


def listing(names: Sequence[str], rows: Sequence[Sequence[Any]], total: int) -> str:
    """A table of many entities.

    Args:
        names: The columns.
        rows: Their values, an entity a row; no more than :data:`MOST` are shown.
        total: How many there are in all.
    """
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{_text(cell)}</td>" for cell in row) + "</tr>"
        for row in rows[:MOST]
    )
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{_rest(total - len(rows[:MOST]))}"
    )


def cards(store: Store, items: Sequence[Entity], total: int) -> str:
    """Small pictures of items, with their names.

    Args:
        store: Where they are.
        items: The items; no more than :data:`MOST` are shown.
        total: How many there are in all.
    """
    shown = items[:MOST]
    with store.reading() as connection:
        rows = get_rows(connection, EntityKind.ITEM, [one.id for one in shown])
    pictures = Thumbnails(store.blobs)
    made = "".join(_card(pictures, store, rows[one.id]) for one in shown if one.id in rows)
    return f"<div>{made}</div>{_rest(total - len(shown))}"


def figure(store: Store, item_id: str) -> str:
    """A picture of one item; words where there is none."""
    with store.reading() as connection:
        row = get_rows(connection, EntityKind.ITEM, [item_id]).get(item_id)
    return "" if row is None else _picture(Thumbnails(store.blobs), store, row, _LARGE)


def _card(pictures: Thumbnails, store: Store, row: Row) -> str:
    name = _text(row["filename"])
    return (
        f"<div style='{_CARD}' title='{name}'>{_picture(pictures, store, row, _SMALL)}"
        f"<div style='{_NAME}'>{_text(row['name'])}</div></div>"
    )


def _picture(pictures: Thumbnails, store: Store, row: Row, side: int) -> str:
    digest = row["digest"]
    picture = pictures.picture(digest, row["mimetype"], (side, side)) if digest else None
    if picture is not None:
        data = base64.b64encode(as_jpeg(picture)).decode()
        return f"<img alt='{_text(row['name'])}' src='data:{MIMETYPE};base64,{data}'>"
    if row["type"] != "file":
        said = "directory"
    elif digest and store.blobs.has(digest):
        said = row["mimetype"] or "file"
    else:
        said = "not here: localloop fetch"
    return f"<div style='{_BLANK}'>{_text(said)}</div>"


def _rest(number: int) -> str:
    return f"<div>and {number:,} more</div>" if number > 0 else ""


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return escape(text if len(text) <= 200 else f"{text[:199]}…", quote=True)
