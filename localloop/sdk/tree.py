"""The directories of a dataset, as a tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from localloop.sdk.shape import shaped
from localloop.store import Store
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import table


@dataclass(slots=True)
class SingleDirectory:
    """A directory.

    Attributes:
        id: Its local id; None for one that only the paths of files imply.
        name: Its name.
        parent: The path of the directory that it is in; None for the root.
        path: Its path.
        metadata: Its metadata.
        children: The directories in it, in the order of their names.
    """

    id: str | None
    name: str
    parent: str | None
    path: str
    metadata: dict[str, Any] = field(default_factory=dict)
    children: list[SingleDirectory] = field(default_factory=list)


class DirectoryTree:
    """The directories of a dataset: those that were made, and those that paths of files imply.

    Args:
        store: Where the dataset is.
        dataset_id: Its local id.
    """

    def __init__(self, store: Store, dataset_id: str) -> None:
        items = table(EntityKind.ITEM)
        live = (items.c.dataset_id == dataset_id, items.c.deleted_at.is_(None))
        with store.reading() as connection:
            made = [
                dict(row)
                for row in connection.execute(select(items).where(*live, items.c.type == "dir")).mappings()
            ]
            implied = set(connection.execute(select(items.c.dir).where(*live).distinct()).scalars())
        known = {one["filename"]: one for one in shaped(store, EntityKind.ITEM, made)}
        #: All directories, by path.
        self._by_path: dict[str, SingleDirectory] = {}
        for path in sorted({"/", *known, *implied}):
            self._add(path, known)
        #: The directory that all others are in.
        self.root = self._by_path["/"]

    @property
    def dirs(self) -> list[SingleDirectory]:
        """All directories, those that others are in last."""
        found: list[SingleDirectory] = []

        def visit(one: SingleDirectory) -> None:
            for child in one.children:
                visit(child)
            found.append(one)

        visit(self.root)
        return found

    @property
    def dir_names(self) -> list[str]:
        """The paths of all directories, those that others are in last."""
        return [one.path for one in self.dirs]

    def _add(self, path: str, known: dict[str, dict[str, Any]]) -> SingleDirectory:
        if path in self._by_path:
            return self._by_path[path]
        parent = None if path == "/" else path.rpartition("/")[0] or "/"
        told = known.get(path, {})
        name = path.rpartition("/")[2] or "/"
        made = SingleDirectory(told.get("id"), name, parent, path, dict(told.get("metadata") or {}))
        self._by_path[path] = made
        if parent is not None:
            self._add(parent, known).children.append(made)
        return made

    def __str__(self) -> str:
        """The tree, a line for each directory."""
        lines: list[str] = []

        def visit(one: SingleDirectory, depth: int) -> None:
            lines.append("  " * depth + (one.name if one.name == "/" else f"{one.name}/"))
            for child in one.children:
                visit(child, depth + 1)

        visit(self.root, 0)
        return "\n".join(lines)
