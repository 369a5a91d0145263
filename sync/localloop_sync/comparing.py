"""What a delta cannot tell: deletions, and what was missed. Counts say where to look, and an id decides.

Comparing costs one count when both sides agree, and about ``log2`` of what there is for each difference. A sweep
counts every known id, a thousand a request, so that no deletion can hide behind a creation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from localloop_schema.kinds import EntityKind
from localloop_sync.bisecting import LEAF, differing
from localloop_sync.errors import PermanentError, RemoteNotFoundError, TransientError
from localloop_sync.ports import Cursor, Journal, Key, Mark, Remote, RemoteEntity, Scope, Span

#: So many missing ids are asked for one by one. Of more, so many spread ones are: a 404 is the platform's own word,
#: a query's silence is that of an index. Only when all of them are gone, the silence about the others is believed.
PROOFS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A dataset by its local and platform id, and the filter of the items that are mirrored (empty: all)."""

    local: str
    remote: str
    where: str = ""

    @property
    def scope(self) -> Scope:
        """Where to look on the platform."""
        return Scope(dataset=self.remote, where=self.where or None)

    @property
    def whole(self) -> Scope:
        """All of the dataset, whatever the filter."""
        return Scope(dataset=self.remote)


class Taking(Protocol):
    """What the pull lends for this: taking in, and burying under its limits."""

    def take(self, kind: EntityKind, entities: Sequence[RemoteEntity], mark: Mark | None = None) -> None:
        """Reconcile entities with the store, and move the mark along in the same transaction."""
        ...

    def guard(self, kind: EntityKind, ids: Sequence[str], total: int) -> None:
        """Stop when so many must not be deleted here unasked."""
        ...

    def bury(self, kind: EntityKind, ids: Sequence[str], total: int) -> None:
        """Take over that the platform has entities no more."""
        ...


class Comparer:
    """Compares what both sides have of the items or annotations of a dataset.

    Args:
        remote: The platform.
        journal: The store.
        pull: Takes in and buries.
        page: How many entities a page of a listing has at most.
    """

    def __init__(self, remote: Remote, journal: Journal, pull: Taking, page: int) -> None:
        self._remote = remote
        self._journal = journal
        self._pull = pull
        self._page = page

    def take(
        self, kind: EntityKind, place: Place, entities: Sequence[RemoteEntity], mark: Mark | None = None
    ) -> None:
        """Take in what a listing brought; by that, items match the filter.

        Args:
            kind: Items or annotations.
            place: The dataset.
            entities: What the listing brought.
            mark: Where it stands after them.
        """
        if place.where and kind is EntityKind.ITEM and entities:
            self._journal.follow([one.id for one in entities])
        self._pull.take(kind, entities, mark)

    def take_unlisted(
        self, kind: EntityKind, place: Place, span: Span, listed: Sequence[RemoteEntity]
    ) -> bool:
        """Take in what was known before the first listing and is missing from it.

        Such a one counts on both sides, and no delta reaches back to what was changed before the listing, so that a
        change that the listing did not show would never come.

        Args:
            kind: Items or annotations.
            place: The dataset.
            span: The ids that were listed.
            listed: What the listing brought of these.

        Returns:
            Whether each of them is there.
        """
        whole = True
        there = {one.id for one in listed}
        while known := self._journal.known_span(kind, place.local, span, self._page):
            missing = [one for one in known if one not in there]
            if missing:
                found = self._remote.several(kind, place.scope, missing)
                self.take(kind, place, found)
                whole = whole and {one.id for one in found} >= set(missing)
            span = replace(span, after=list(known)[-1])
        return whole

    def compare(self, kind: EntityKind, place: Place) -> None:
        """Find by counts what one side has and the other has not.

        Args:
            kind: Items or annotations.
            place: The dataset.

        Raises:
            MassDeletionHalt: Too much would be deleted here; nothing was.
        """
        missing: dict[str, str] = {}
        spans = differing(
            Span(),
            lambda span: self._remote.count(kind, place.scope, span if span != Span() else None),
            lambda span: self._journal.known_count(kind, place.local, span),
            lambda span: self._journal.known_middle(kind, place.local, span),
            leaf=LEAF,
        )
        for span, number in spans:
            known = self._journal.known_span(kind, place.local, span)
            seen: set[str] = set()
            for entities in self._listed(kind, place.scope, span, number):
                seen.update(one.id for one in entities)
                self.take(kind, place, entities)  # what is known may have changed, if the delta kept it back
            missing.update((remote, local) for remote, local in known.items() if remote not in seen)
        self._missing(kind, place, missing)

    def sweep(self, kind: EntityKind, place: Place) -> None:
        """Look for every known id, and then compare: what is left to differ is only what is not known here.

        Args:
            kind: Items or annotations.
            place: The dataset.

        Raises:
            MassDeletionHalt: Too much would be deleted here; nothing was.
        """
        missing: dict[str, str] = {}
        after = ""
        while known := self._journal.known_span(kind, place.local, Span(after=after), self._page):
            after = list(known)[-1]
            missing.update((one, known[one]) for one in self._absent(kind, place.scope, list(known)))
        self._missing(kind, place, missing)
        self.compare(kind, place)

    def compare_times(self, kind: EntityKind, place: Place, after: str, *, settled: str) -> bool:
        """Find by counts what was changed after a time and is known here with another time; it is taken in.

        Args:
            kind: Items or annotations.
            place: The dataset.
            after: The time; empty for all times.
            settled: Up to this time nothing new should come any more.

        Returns:
            Whether something new came with a time up to that: a clock is wrong there.
        """
        wrong = False
        spans = differing(
            Span(Key.UPDATED_AT, after),
            lambda span: self._remote.count(kind, place.scope, span),
            lambda span: self._journal.known_count(kind, place.local, span),
            lambda span: self._journal.known_middle(kind, place.local, span),
            leaf=LEAF,
        )
        for span, number in spans:
            known = self._journal.known_span(kind, place.local, span)
            for entities in self._listed(kind, place.scope, span, number):
                wrong = wrong or any(one.id not in known and one.updated_at <= settled for one in entities)
                self.take(kind, place, entities)
        return wrong

    def _listed(
        self, kind: EntityKind, scope: Scope, span: Span, number: int
    ) -> Iterator[list[RemoteEntity]]:
        """A span page after page; one entity more than there should be shows that the span is through."""
        by_time = span.key is Key.UPDATED_AT
        cursor = Cursor("", span.after) if by_time else Cursor(span.after)
        while True:
            page = self._remote.page(kind, scope, cursor, min(self._page, number + 1))
            keys = [(one.updated_at if by_time else one.id, one.id) for one in page.entities]
            yield [
                one
                for one, (key, _) in zip(page.entities, keys, strict=True)
                if span.after < key and (span.upto is None or key <= span.upto)
            ]
            if not page.more or not keys or (span.upto is not None and max(keys)[0] > span.upto):
                return
            key, name = max(keys)
            must_move((key, name) > ((cursor.updated_at or "") if by_time else cursor.id, cursor.id))
            cursor = Cursor(name, key) if by_time else Cursor(name)

    def _absent(self, kind: EntityKind, scope: Scope, ids: list[str]) -> list[str]:
        """Those of some ids that a query does not find; it counts them, and cuts them in two while that pays."""
        lacking = len(ids) - self._remote.present(kind, scope, ids)
        if lacking <= 0:
            return []
        if len(ids) <= LEAF * lacking:
            found = self._remote.several(kind, scope, ids)
            self._pull.take(kind, found)  # they may have changed, if the delta kept that back
            there = {one.id for one in found}
            return [one for one in ids if one not in there]
        half = len(ids) // 2
        return self._absent(kind, scope, ids[:half]) + self._absent(kind, scope, ids[half:])

    def _missing(self, kind: EntityKind, place: Place, missing: Mapping[str, str]) -> None:
        """What is known here and was not found: asked for again, by id, before anything comes of it."""
        if not missing:
            return
        total = self._journal.known_count(kind, place.local)
        found = self._remote.several(kind, place.whole, list(missing))
        self._pull.take(kind, found)
        there = {one.id for one in found}
        if (
            place.where and kind is EntityKind.ITEM
        ):  # they match no more, which says nothing about their being there
            self._journal.unfollow([missing[one] for one in sorted(there)])
        left = sorted(one for one in missing if one not in there)
        self._pull.guard(kind, [missing[one] for one in left], total)
        gone = self._proved(kind, left)
        self._pull.bury(kind, [missing[one] for one in gone], total)

    def _proved(self, kind: EntityKind, ids: Sequence[str]) -> list[str]:
        """Those that the platform says it has no more, when they are asked for by id."""
        step = max(1, -(-len(ids) // PROOFS))
        sample, others = ids[::step], [one for number, one in enumerate(ids) if number % step]
        there = self._there(kind, sample)
        if there:  # a query was silent about what is there: its silence is worth nothing
            there |= self._there(kind, others)
        return [one for one in ids if one not in there]

    def _there(self, kind: EntityKind, ids: Sequence[str]) -> set[str]:
        seen = {name: peek(self._remote, kind, name) for name in ids}
        self._pull.take(kind, [one for one in seen.values() if isinstance(one, RemoteEntity)])
        return {name for name, one in seen.items() if one is not None}


class Hidden(Enum):
    """What may not be looked at: whether it is there is not known, so nothing comes of it."""

    HIDDEN = "hidden"


def peek(remote: Remote, kind: EntityKind, remote_id: str) -> RemoteEntity | Hidden | None:
    """One entity, by its id; None when the platform says that it is not there.

    Args:
        remote: The platform.
        kind: What it is.
        remote_id: Its id.
    """
    try:
        return remote.get(kind, remote_id)
    except RemoteNotFoundError:
        return None
    except PermanentError:  # it is refused to us, which is no reason to stop looking at everything else
        return Hidden.HIDDEN


def must_move(moves: bool) -> None:
    """A listing that does not get on would have no end.

    Raises:
        TransientError: It does not.
    """
    if not moves:
        raise TransientError("The platform repeats a page of a listing.")
