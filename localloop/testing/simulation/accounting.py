"""Where every value is that anybody ever entered.

A value may be on the platform, in a conflict row, or in a tombstone; or somebody who knew it replaced it. And a value
that is not where it was entered must have met another edit of the same field, or a deletion: edits of different fields
never cost each other anything.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from blake3 import blake3

from localloop.testing.simulation.broken import require
from localloop.testing.simulation.laptop import Laptop
from localloop.testing.simulation.ledger import Entry, Ledger, texts
from localloop.testing.world import MemoryWorld
from localloop_sync.core.leaves import Path
from localloop_sync.core.rules import CONTENT, TASKS

#: Values that nothing else has: tokens, paths made of one, digests.
_OWN = re.compile(r"t\d+|/(moved|web)/t\d+\.txt|[0-9a-f]{64}")

#: A file that gives way to another at its path is renamed; what becomes of that is told by its conflict row.
_RENAMED: Path = ("filename",)


def nothing_lost(laptops: Sequence[Laptop], platform: MemoryWorld, ledger: Ledger) -> None:
    """Account for every value.

    Args:
        laptops: All stores, at rest.
        platform: The platform.
        ledger: What others did.

    Raises:
        BrokenError: A value is lost.
    """
    final = {blake3(content).hexdigest() for content in platform.contents.values()}
    for there in platform.entities.values():
        for one in there.values():
            final.update(texts(one.document))
    kept, seen = set(), set(ledger.seen)
    entries = list(ledger.entries)
    same = _Same()
    deleted = set(ledger.deleted)
    for laptop in laptops:
        kept |= _kept(laptop)
        for local, remotes in laptop.known_as.items():
            for remote in remotes:
                same.join(f"{laptop.name} {local}", remote)
        for _, entity, verb, changes in laptop.user_operations():
            subject = f"{laptop.name} {entity}"
            if verb == "delete":
                deleted.add(subject)
            for change in changes:
                seen.update(texts(change.get("old")))
                path = tuple(
                    f"{laptop.name} {key}" if key in laptop.known_as else key for key in change["path"]
                )
                entries.append(Entry(subject, path, frozenset(texts(change.get("new")))))
    entered = {text for entry in entries for text in entry.texts if _OWN.fullmatch(text)}
    lost = entered - final - kept - seen
    sizes = {(same.root(subject), size) for laptop in laptops for subject, size in _unmarked(laptop)}
    lost -= {
        text
        for entry in ledger.entries
        for text in entry.texts
        if (same.root(entry.subject), ledger.sizes.get(text)) in sizes
    }
    require(not lost, f"lost: {sorted(lost)}")
    _independent(entries, {same.root(one) for one in deleted}, final, same, platform)


def _kept(laptop: Laptop) -> set[str]:
    rows = laptop.look('SELECT "values" FROM conflicts UNION ALL SELECT document FROM tombstones')
    return {text for (row,) in rows for text in texts(json.loads(row))}


def _unmarked(laptop: Laptop) -> Iterator[tuple[str, int]]:
    """Contents that a store knew by their size alone, and that were replaced or deleted there: whose, and the size.

    Nothing marks what was uploaded on the platform's own pages, and it may have been replaced before it was fetched.
    """
    documents = [
        *(
            (entity, {"content": change.get("old")})
            for _, entity, _, changes in laptop.user_operations()
            for change in changes
            if tuple(change["path"]) == CONTENT
        ),
        *(
            (entity, json.loads(document))
            for entity, document in laptop.look(
                "SELECT entity_id, document FROM tombstones WHERE kind = 'item'"
            )
        ),
        *(
            (entity, value if not json.loads(path) else {"content": value})
            for entity, path, values in laptop.look('SELECT entity_id, path, "values" FROM conflicts')
            for value in json.loads(values).values()
        ),
    ]
    for entity, document in documents:
        content = document.get("content") if isinstance(document, dict) else None
        if isinstance(content, dict) and "size" in content and "digest" not in content:
            yield f"{laptop.name} {entity}", content["size"]


def _independent(
    entries: Sequence[Entry], deleted: set[str], final: set[str], same: _Same, platform: MemoryWorld
) -> None:
    """A value that is gone met another edit of its field, or a deletion."""
    by_subject: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        path = tuple(map(same.root, entry.path))
        by_subject[same.root(entry.subject)].append(replace(entry, path=path))
    for subject, edits in by_subject.items():
        if subject in deleted or not _lives(subject, same, platform):
            continue
        for entry in edits:
            gone = {text for text in entry.texts if _OWN.fullmatch(text)} - final
            if not gone or entry.path == _RENAMED:
                continue
            others = [one for one in edits if one is not entry and _related(one.path, entry.path)]
            require(
                others,
                f"nobody else touched {'.'.join(entry.path)} of {subject}, but {sorted(gone)} is gone",
            )


def _lives(subject: str, same: _Same, platform: MemoryWorld) -> bool:
    """Whether something is on the platform still; what is not went with what it was in."""
    return any(same.root(one) == subject for there in platform.entities.values() for one in there)


def _related(path: Path, other: Path) -> bool:
    if path[0] == other[0] == TASKS[0]:  # what an item has of a task stands or falls as one
        path, other = path[:2], other[:2]
    shorter = min(len(path), len(other))
    return path[:shorter] == other[:shorter]


class _Same:
    """Which ids are of one thing: a store's local id, and every id it ever had on the platform."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def root(self, one: str) -> str:
        """The id that stands for all of a thing."""
        while one in self._above:
            one = self._above[one]
        return one

    def join(self, one: str, other: str) -> None:
        """Two ids are of one thing."""
        first, second = self.root(one), self.root(other)
        if first != second:
            self._above[first] = second
