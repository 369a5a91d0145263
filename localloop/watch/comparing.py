"""What happened in a folder since it was last looked at. Pure: what was taken and what is seen in, what to do out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from localloop.watch.scanning import Scan, Seen


@dataclass(frozen=True, slots=True)
class Taken:
    """A file as it was taken.

    Attributes:
        seen: As it was seen then.
        digest: Of its content.
        item: The local id of its item.
    """

    seen: Seen
    digest: str
    item: str


@dataclass(slots=True)
class Changes:
    """What happened.

    Attributes:
        new: Files that were not there.
        changed: Files whose content may be another, at a path that is known.
        moved: Files that are at another path now: the old path, and the file.
        gone: Paths that have no file any more.
    """

    new: list[Seen] = field(default_factory=list)
    changed: list[Seen] = field(default_factory=list)
    moved: list[tuple[str, Seen]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def compare(
    taken: Mapping[str, Taken], found: Scan, vanished: Callable[[str], bool] = lambda _: False
) -> Changes:
    """Compare what was taken with what is there.

    A file keeps its inode, its size and its time when it is renamed; so one that is gone and one that is new and has
    the same three is one that moved. Of what the scan does not know nothing is said.

    Args:
        taken: What was taken, by path.
        found: What is there.
        vanished: Says whether a path that the scan does not know has no file any more. It is asked of where a new file
            may have come from.
    """
    changes = Changes()
    gone = {path for path in taken if path not in found.files and found.knows(path)}
    replaced = {
        path for path, seen in found.files.items() if path in taken and _differ(taken[path].seen, seen)
    }
    origins: dict[tuple[int, int, int, int], list[str]] = {}
    for path in sorted(taken, reverse=True):
        if path in replaced or path not in found.files:
            origins.setdefault(_same(taken[path].seen), []).append(path)

    def left(path: str) -> bool:
        return path in gone or path in replaced or (path not in found.files and vanished(path))

    for path, seen in sorted(found.files.items()):
        before = taken.get(path)
        if before is not None and before.seen == seen:
            continue
        origin = _first(origins.get(_same(seen), []), left) if before is None or path in replaced else None
        if origin is not None:
            gone.discard(origin)
            changes.moved.append((origin, seen))
        elif before is None:
            changes.new.append(seen)
        else:
            changes.changed.append(seen)
    changes.gone = sorted(gone)
    return changes


def _first(paths: list[str], wanted: Callable[[str], bool]) -> str | None:
    while paths:
        path = paths.pop()
        if wanted(path):
            return path
    return None


def _differ(before: Seen, now: Seen) -> bool:
    """Whether another file is at the path now."""
    return (before.device, before.inode) != (now.device, now.inode)


def _same(seen: Seen) -> tuple[int, int, int, int]:
    return seen.device, seen.inode, seen.size, seen.changed
