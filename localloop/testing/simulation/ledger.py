"""What was entered into a simulated world from outside the stores, and what outsiders saw and replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from blake3 import blake3

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import diff
from localloop_sync.core.leaves import MISSING, Path
from localloop_sync.core.rules import CONTENT


@dataclass(frozen=True, slots=True)
class Entry:
    """One field that was given a value: of what (an id), where in it, and which texts that brought."""

    subject: str
    path: Path
    texts: frozenset[str]


@dataclass(slots=True)
class Ledger:
    """What a colleague on the platform's own pages did.

    Attributes:
        entries: The values that were entered.
        seen: Texts that the colleague replaced or deleted, knowing them.
        deleted: Platform ids of what was deleted, with all below it.
        sizes: How many bytes each content has that was uploaded, by its digest.
    """

    entries: list[Entry] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)

    def edit(self, kind: EntityKind, subject: str, before: Document, after: Document) -> None:
        """Write down an edit.

        Args:
            kind: What was edited.
            subject: Its platform id.
            before: Its document before; empty for a creation.
            after: Its document after.
        """
        for change in diff(kind, before, after):
            self.seen.update(texts(None if change.old is MISSING else change.old))
            new = frozenset(texts(None if change.new is MISSING else change.new))
            self.entries.append(Entry(subject, change.path, new))

    def content(self, subject: str, old: bytes | None, new: bytes | None) -> None:
        """Write down that a file's bytes were replaced.

        Args:
            subject: The item's platform id.
            old: The bytes before; None when the file is new.
            new: The bytes after; None when it is deleted.
        """
        if old is not None:
            self.seen.add(blake3(old).hexdigest())
        if new is not None:
            digest = blake3(new).hexdigest()
            self.sizes[digest] = len(new)
            self.entries.append(Entry(subject, CONTENT, frozenset({digest})))

    def delete(self, subject: str, document: Document) -> None:
        """Write down a deletion.

        Args:
            subject: The platform id of what was deleted.
            document: Its last document.
        """
        self.deleted.add(subject)
        self.seen.update(texts(document))


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value
