"""The pull of what is in a dataset: items and annotations, each by itself, page by page.

A page and its mark are one transaction, so a pull that was killed goes on at the page that it was at. The next delta
starts no later than the platform's own time when this one began: what carries a later time is read again each time
until the clock has passed it, so that a time of tomorrow hides nothing that is written today.
"""

from __future__ import annotations

from dataclasses import replace

from localloop_schema.kinds import EntityKind
from localloop_sync.comparing import Comparer, Place, Taking, must_move
from localloop_sync.moments import OVERLAP, SKEW, bounded, earlier
from localloop_sync.ports import Cursor, Journal, Mark, Remote, Span
from localloop_sync.report import Progress


class Contents:
    """Pulls items or annotations of a dataset, without a feed.

    Args:
        remote: The platform.
        journal: The store.
        pull: Takes in and buries.
        progress: Hears how far it is.
        page: How many entities a page has at most.
        sweep_every: After so many pulls nothing is trusted that counts and times say.
    """

    def __init__(
        self,
        remote: Remote,
        journal: Journal,
        pull: Taking,
        progress: Progress,
        *,
        page: int,
        sweep_every: int,
    ) -> None:
        self._remote = remote
        self._journal = journal
        self._progress = progress
        self._page = page
        self._sweep_every = sweep_every
        self._comparer = Comparer(remote, journal, pull, page)

    def pull(self, kind: EntityKind, place: Place, *, sweep: bool = False) -> None:
        """The first time everything by id, then what changed; then what the other side has no more.

        Args:
            kind: Items or annotations.
            place: The dataset.
            sweep: Whether it is time for a sweep, also when the pulls of this dataset do not say so.

        Raises:
            MassDeletionHalt: Too much would be deleted here; what else changed came in.
            RemoteError: The platform could not be asked; what came in so far is kept.
        """
        mark = self._journal.mark(place.local, kind)
        if mark is None:
            since = bounded(self._remote.newest(kind, place.scope), self._remote.now())
            mark = Mark(place.local, kind, Cursor(), since, swept=self._remote.now() or since)
        first = mark.cursor.updated_at is None
        if first:
            mark = self._bootstrap(kind, place, mark)
        due = (sweep and not first) or mark.pulls % self._sweep_every == self._sweep_every - 1
        # One that was cut short goes on in the middle, and looks at nothing before that: the next pull sweeps.
        sweep = due and not first and not mark.cursor.id
        mark = self._delta(kind, place, mark, sweep=sweep)
        if sweep:
            self._comparer.sweep(kind, place)
        else:
            self._comparer.compare(kind, place)
        # A machine whose clock is behind writes times that the delta has passed already. They show in how many
        # changed lately, but for what it writes twice. So once one has shown itself, deltas reach back as far.
        if self._comparer.compare_times(
            kind, place, earlier(mark.since, SKEW), settled=earlier(mark.since, OVERLAP)
        ):
            mark = replace(mark, wary=earlier(max(mark.since, self._remote.now()), -SKEW))
        pulls = mark.pulls + 1
        if due and not sweep:
            pulls += -(pulls + 1) % self._sweep_every
        self._journal.observe(kind, [], replace(mark, pulls=pulls))

    def _bootstrap(self, kind: EntityKind, place: Place, mark: Mark) -> Mark:
        done = 0
        while True:
            page = self._remote.page(kind, place.scope, mark.cursor, self._page)
            more = page.more and bool(page.entities)
            if more:
                cursor = Cursor(max(one.id for one in page.entities))
                must_move(cursor.id > mark.cursor.id)
            else:  # what changed behind the listing's back is newer than what was the newest when it began
                cursor = Cursor("", mark.since)
            listed = Span(after=mark.cursor.id, upto=cursor.id if more else None)
            mark = replace(mark, cursor=cursor)
            if not self._comparer.take_unlisted(kind, place, listed, page.entities):
                # What is gone and what a page left out would make up for one another in a count: the next pull sweeps.
                mark = replace(mark, pulls=self._sweep_every - 1)
            self._comparer.take(kind, place, page.entities, mark)
            done += len(page.entities)
            self._progress.advance(f"{kind.value}s pulled", done, None)
            if not more:
                return mark

    def _delta(self, kind: EntityKind, place: Place, mark: Mark, *, sweep: bool) -> Mark:
        """What changed, in the order of times; a sweep goes back to the last one, as far as clocks may be wrong."""
        before = ""
        if not mark.cursor.id:
            horizon = self._remote.now()
            before = bounded(mark.since, horizon)
            wary = max(before, horizon) < mark.wary
            start = earlier(before, SKEW if wary else OVERLAP)
            if sweep:
                start = min(start, earlier(mark.swept, SKEW))
            mark = replace(mark, cursor=Cursor("", start), since=horizon)
        done = 0
        while True:
            page = self._remote.page(kind, place.scope, mark.cursor, self._page)
            more = page.more and bool(page.entities)
            if page.entities:
                updated_at, name = max((one.updated_at, one.id) for one in page.entities)
                must_move(not more or (updated_at, name) > (mark.cursor.updated_at or "", mark.cursor.id))
                mark = replace(mark, cursor=Cursor(name, updated_at))
            if not more:
                mark = _through(mark, before, sweep=sweep)
            self._comparer.take(kind, place, page.entities, mark)
            done += len(page.entities)
            self._progress.advance(f"{kind.value}s checked", done, None)
            if not more:
                return mark


def _through(mark: Mark, before: str, *, sweep: bool) -> Mark:
    """The mark after a delta: the next one starts at what was the newest, and not beyond when this one began."""
    reached = (mark.cursor.updated_at or "") if mark.cursor.id else ""
    since = bounded(max(reached, before), mark.since)
    swept = (mark.since or since) if sweep else mark.swept
    return replace(mark, cursor=Cursor("", since), since=since, swept=swept)
