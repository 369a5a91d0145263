"""Moving and renaming."""

from __future__ import annotations

from dataclasses import dataclass

from localloop.cli import places
from localloop.errors import BadRequest, Conflict
from localloop.store import Transaction
from localloop.store.datasets import update_dataset
from localloop.store.items import find_item, move_item
from localloop.store.projects import update_project


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved, from where to where, by names; ``items`` is 0 for a dataset or project."""

    source: str
    target: str
    items: int = 0


def move(tx: Transaction, source: str, target: str) -> Moved:
    """Move or rename what a place names.

    Args:
        tx: The user action.
        source: An item, a folder, a dataset or a project.
        target: Its new place.

    Raises:
        BadRequest: The target is no place for it.
        Conflict: Something else is there.
        NotFound: There is no such source.
    """
    _, _, place = places.find_any(tx.connection, source)
    if place is None:
        raise BadRequest("400", f"Only projects, datasets and items have a place: {source!r}.")
    address = places.parse(target)
    if place.dataset is None:
        return _rename_project(tx, place, address)
    _require_same_project(tx, place, address)
    if not place.path:
        return _rename_dataset(tx, place, address)
    return _move_items(tx, place, address, into=target.endswith("/"))


def _rename_project(tx: Transaction, place: places.Place, address: places.Address) -> Moved:
    if address.dataset:
        raise BadRequest("400", f"A project cannot go into another one: {address.text!r}.")
    update_project(tx, place.project, {"name": address.project})
    return Moved(place.text, address.project)


def _rename_dataset(tx: Transaction, place: places.Place, address: places.Address) -> Moved:
    assert place.dataset is not None
    if address.path or not address.dataset:
        raise BadRequest("400", f"A dataset's new place is PROJECT/NAME, not {address.text!r}.")
    update_dataset(tx, place.dataset, {"name": address.dataset})
    return Moved(place.text, f"{place.project['name']}/{address.dataset}")


def _require_same_project(tx: Transaction, place: places.Place, address: places.Address) -> None:
    project = places.find(tx.connection, address.project).project
    if project["id"] != place.project["id"]:
        raise BadRequest("400", "Nothing can be moved to another project; add it there, then delete it here.")


def _move_items(tx: Transaction, place: places.Place, address: places.Address, *, into: bool) -> Moved:
    assert place.dataset is not None
    if not address.dataset:
        raise BadRequest("400", f"An item's new place is PROJECT/DATASET/PATH, not {address.text!r}.")
    dataset = places.find(tx.connection, f"{address.project}/{address.dataset}").dataset
    if dataset is None or dataset["id"] != place.dataset["id"]:
        raise BadRequest("400", "Nothing can be moved to another dataset; add it there, then delete it here.")
    path = address.path
    if into or not path or _is_folder(tx, places.Place(place.project, dataset, path)):
        path = f"{path}/{place.path.rpartition('/')[2]}"
    if f"{path}/".startswith(f"{place.path}/") and path != place.path:
        raise BadRequest("400", f"A folder cannot go into itself: {path!r}.")
    if place.item is None and find_item(tx.connection, dataset["id"], path) is not None:
        raise Conflict("409", f"Something is at {path!r} already")
    rows = list(places.items_in(tx.connection, place))
    if path != place.path:
        for row in rows:
            move_item(tx, row, path + row["filename"][len(place.path) :])
    return Moved(place.text, places.Place(place.project, dataset, path).text, len(rows))


def _is_folder(tx: Transaction, place: places.Place) -> bool:
    """Whether a folder is at a path: an explicit one, or one that paths of files imply."""
    assert place.dataset is not None
    at_path = find_item(tx.connection, place.dataset["id"], place.path)
    if at_path is not None:
        return bool(at_path["type"] == "dir")
    return next(places.items_in(tx.connection, place, step=1), None) is not None
