"""Conflicts, as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from localloop.cli import human, places
from localloop.cli.comparing import Column, lines_of
from localloop.cli.standing import by_kind, names
from localloop.errors import BadRequest
from localloop.store.conflicts import datasets_of
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_rows
from localloop_sync.core.reconcile import Sort

if TYPE_CHECKING:
    from localloop.store import Store

#: The fewest characters of an id's end that are shown.
SHORT = 8

#: What each sort of conflict is, as one sentence.
SORTS: Final[dict[str, str]] = {
    Sort.FIELD.value: "Both sides changed the same field.",
    Sort.CONTENT.value: "Both sides want one path, so both are kept.",
    Sort.DELETED_THERE.value: "It was edited here, and deleted on the platform.",
    Sort.DELETED_HERE.value: "It was deleted here, and edited on the platform.",
}

#: How each sort is decided: the words after ``localloop resolve ID``, and what they do.
WAYS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    Sort.FIELD.value: (
        ("--mine", "what is here stands"),
        ("--theirs", "what the platform has stands"),
        ("--value FILE", "a third value stands"),
    ),
    Sort.CONTENT.value: (),
    Sort.DELETED_THERE.value: (
        ("--restore", "it stays here, and is made anew on the platform (as --mine)"),
        ("--accept", "it is deleted here too (as --theirs)"),
    ),
    Sort.DELETED_HERE.value: (
        ("--restore", "it comes back here as the platform has it (as --theirs)"),
        ("--accept", "it is deleted on the platform too (as --mine)"),
    ),
}

#: The three versions: their keys, their titles, and which sort of conflict says that one was deleted.
_SIDES: Final = (
    ("base", "agreed before", None),
    ("mine", "here", Sort.DELETED_HERE.value),
    ("theirs", "on the platform", Sort.DELETED_THERE.value),
)


def describe_all(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Conflicts with the names of what they are about.

    Args:
        store: The store.
        rows: Rows of the table of conflicts.
    """
    now = store.clock.now()
    with store.reading() as connection:
        called = names(connection, by_kind(rows))
        homes = datasets_of(connection, rows)
        datasets = get_rows(connection, EntityKind.DATASET, sorted(set(homes.values())))
        projects = get_rows(
            connection, EntityKind.PROJECT, sorted({row["project_id"] for row in datasets.values()})
        )
    within = {one: f"{projects[row['project_id']]['name']}/{row['name']}" for one, row in datasets.items()}
    return [
        {
            "id": row["id"],
            "short_id": row["id"][-SHORT:],
            "kind": row["kind"],
            "entity_id": row["entity_id"],
            "name": called[row["kind"], row["entity_id"]],
            "dataset": within.get(homes.get((row["kind"], row["entity_id"]), "")),
            "sort": row["sort"],
            "path": row["path"],
            "what": ".".join(row["path"]) if row["path"] else row["sort"],
            "values": row["values"],
            "state": row["state"],
            "resolution": row["resolution"],
            "created_at": row["created_at"],
            "age_seconds": human.seconds_between(row["created_at"], now),
            "resolved_at": row["resolved_at"],
        }
        for row in rows
    ]


def columns_of(told: Mapping[str, Any]) -> list[Column]:
    """The three versions that a conflict is about, to be shown: base, mine, theirs.

    Args:
        told: A conflict as :func:`describe_all` tells it.
    """
    found = []
    for key, title, deleted in _SIDES:
        if key in told["values"]:
            value = told["values"][key]
            lines = _content(value) if told["path"] == ["content"] else lines_of(value)
            found.append(Column(title, lines))
        else:
            found.append(Column(title, instead="deleted" if told["sort"] == deleted else "nothing"))
    return found


def _content(value: Any) -> list[str]:
    """What is known of a content: its bytes are no value that could be shown."""
    if not isinstance(value, Mapping):
        return ["no content"]
    digest = value.get("digest") or "not known, because its content is not here"
    return [f"size    {value['size']:,} bytes ({human.size(value['size'])})", f"digest  {digest}"]


def dataset_named(store: Store, text: str | None) -> str | None:
    """The local id of the dataset that an option names; None where there is none.

    Raises:
        BadRequest: It is no dataset.
        NotFound: There is no such dataset.
    """
    if text is None:
        return None
    with store.reading() as connection:
        place = places.find(connection, text)
    if place.dataset is None or place.path:
        raise BadRequest("400", f"A dataset is PROJECT/DATASET, not {text!r}.")
    return str(place.dataset["id"])


def kind_named(text: str | None) -> EntityKind | None:
    """The kind that an option names; None where there is none.

    Raises:
        BadRequest: There is no such kind.
    """
    if text is None:
        return None
    try:
        return EntityKind(text)
    except ValueError:
        kinds = ", ".join(kind.value for kind in EntityKind)
        raise BadRequest("400", f"There is no kind {text!r}; kinds are: {kinds}.") from None
