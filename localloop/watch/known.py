"""What was taken, so arranged that a look at one folder of many costs what is in that folder."""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping
from typing import TypeVar

from localloop.watch.comparing import Taken
from localloop.watch.scanning import ALL, Scan

K = TypeVar("K")


class Known(Mapping[str, Taken]):
    """Files that were taken, by path.

    Args:
        taken: The files.
    """

    def __init__(self, taken: Mapping[str, Taken]) -> None:
        self._taken: dict[str, Taken] = {}
        self._folders: dict[str, set[str]] = {}
        self._inodes: dict[tuple[int, int], set[str]] = {}
        self._items: dict[str, list[str]] = {}
        for path, one in taken.items():
            self.put(path, one)

    def __getitem__(self, path: str) -> Taken:
        return self._taken[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._taken)

    def __len__(self) -> int:
        return len(self._taken)

    def put(self, path: str, one: Taken) -> None:
        """Know a file; what was known of its path is forgotten."""
        self.drop(path)
        self._taken[path] = one
        self._folders.setdefault(_folder(path), set()).add(path)
        self._inodes.setdefault((one.seen.device, one.seen.inode), set()).add(path)
        self._items.setdefault(one.item, []).append(path)

    def drop(self, path: str) -> None:
        """Forget a file; nothing happens when it is not known."""
        one = self._taken.pop(path, None)
        if one is None:
            return
        _leave(self._folders, _folder(path), path)
        _leave(self._inodes, (one.seen.device, one.seen.inode), path)
        paths = self._items[one.item]
        paths.remove(path)
        if not paths:
            del self._items[one.item]

    @property
    def item_ids(self) -> KeysView[str]:
        """The local ids of the items that files are known of."""
        return self._items.keys()

    def of_item(self, item_id: str) -> list[Taken]:
        """The files that are known of an item, the latest last; mostly one.

        Args:
            item_id: Its local id.
        """
        return [self._taken[path] for path in self._items.get(item_id, ())]

    def concerned(self, found: Scan) -> Mapping[str, Taken]:
        """Those that a scan may say something of: what is where it looked, and what may have come from elsewhere."""
        if found.places == ALL:
            return self
        paths: set[str] = set()
        for place, deep in found.places.items():
            paths |= self._folders.get(place, set())
            if deep:
                for folder, inside in self._folders.items():
                    if not place or folder.startswith(f"{place}/"):
                        paths |= inside
        for seen in found.files.values():
            paths |= self._inodes.get((seen.device, seen.inode), set())
        return {path: self._taken[path] for path in paths}


def _leave(index: dict[K, set[str]], key: K, path: str) -> None:
    left = index[key]
    left.discard(path)
    if not left:
        del index[key]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
