"""A pull goes on at the page where it was stopped, and what went wrong on the way proves nothing."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from localloop.errors import AuthError
from localloop_schema.kinds import EntityKind as K
from localloop_sync import comparing, pulling
from localloop_sync.errors import PermanentError, TransientError
from localloop_sync.ports import RemotePage
from tests.integration.sync.harness import Laptop, agree
from tests.integration.sync.test_comparing import later
from tests.integration.sync.test_cost import fill
from tests.sim.world import PowerCut

PAGE = 10
ITEMS = 45
BULK = [K.ITEM, K.ANNOTATION]


@pytest.fixture(autouse=True)
def short_pages(monkeypatch):
    monkeypatch.setattr(pulling, "PAGE", PAGE)
    monkeypatch.setattr(comparing, "LEAF", 4)


@pytest.fixture
def full(alone, platform):
    """A platform with some pages of items, an hour apart, each with an annotation."""
    alone.sync()
    fill(platform, ITEMS, spread=timedelta(hours=1))
    for number in range(ITEMS):
        platform.clock.moment += timedelta(hours=1)
        platform.annotate(f"/{number}.txt", f"l{number}")
    return platform


def pages(laptop, kind):
    """The cursors of the pages of a kind that the last sync asked for."""
    return [args[2] for method, *args in laptop.requests if method == "page" and args[0] is kind]


def stopped(laptop, kind, number, *, after=False):
    """Stop a sync before or after the answer to one page."""
    seen = count(1)

    def hook(method, *args):
        if method == "page" and args[0] is kind and next(seen) == number:
            raise PowerCut("in the middle")

    laptop.listen(None if after else hook, hook if after else None)
    with pytest.raises(PowerCut):
        laptop.sync(content=False)
    laptop.listen()


@pytest.mark.parametrize("after", [False, True], ids=["before a page", "after a page"])
@pytest.mark.parametrize("number", [1, 3, 5, 6])
@pytest.mark.parametrize("kind", BULK)
def test_a_first_listing_goes_on_at_the_page_where_it_was_killed(full, tmp_path, kind, number, after):
    laptop = Laptop(tmp_path, "b", full)
    [project] = full.entities[K.PROJECT]
    laptop.journal.observe(K.PROJECT, [full.entities[K.PROJECT][project]])
    laptop.journal.subscribe(laptop.journal.known(K.PROJECT)[project], None, content=False)
    stopped(laptop, kind, number, after=after)
    asked = pages(laptop, kind)
    laptop.sync(content=False)
    again = pages(laptop, kind)
    assert again[0] == asked[-1]
    # Five pages by id, and one of what changed since: only the page that was lost is asked for twice.
    assert len(asked) + len(again) == 5 + 1 + 1
    if kind is K.ANNOTATION:  # the items were through, and only what changed since is asked for
        assert len(pages(laptop, K.ITEM)) == 1
    assert laptop.paths() == full.paths()
    assert laptop.labels() == full.labels()
    laptop.store.close()


@pytest.mark.parametrize("after", [False, True], ids=["before a page", "after a page"])
@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize("kind", BULK)
def test_a_listing_of_changes_goes_on_at_the_page_where_it_was_killed(full, alone, kind, number, after):
    """Also when all changed within the same minute, which the next listing would read again."""
    alone.sync(content=False)
    for path in full.paths():
        full.edit(K.ITEM, full.at(path).id, description="new")
    for one in list(full.entities[K.ANNOTATION].values()):
        full.edit(K.ANNOTATION, one.id, label=f"new {one.document['label']}")
    stopped(alone, kind, number, after=after)
    asked = pages(alone, kind)
    full.edit(K.ITEM, full.at("/0.txt").id, description="newer")
    alone.sync(content=False)
    again = pages(alone, kind)
    assert again[0] == asked[-1]
    assert len(asked) + len(again) <= 5 + 1 + 1
    assert {row["description"] for row in alone.store.rows(K.ITEM)} == {"new", "newer"}
    assert alone.item("/0.txt")["description"] == "newer"
    assert alone.labels() == full.labels()


ERRORS = {
    "401": AuthError("The token has expired.", status=401),
    "500": TransientError("The server is broken.", status=500),
    "403": PermanentError("You may not.", status=403),
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("sweep", [False, True])
def test_a_request_that_fails_anywhere_deletes_nothing_that_is_there(full, alone, error, sweep):
    alone.sync(content=False)
    for number in (3, 17, 18, 40):
        full.remove(K.ITEM, full.at(f"/{number}.txt").id)
    for number in range(20, 24):
        [one] = [a for a in full.entities[K.ANNOTATION].values() if a.document["label"] == f"l{number}"]
        full.remove(K.ANNOTATION, one.id)
    if sweep:
        later(alone, pulling.SWEEP_EVERY - 1)
    for number in count(2):  # the first asks who is logged in
        seen = count(1)

        def before(method, *_args, seen=seen, number=number):
            if next(seen) >= number:
                raise ERRORS[error]

        alone.listen(before)
        with suppress(AuthError, TransientError, PermanentError):
            alone.sync(content=False, push=False)
        finished = len(alone.requests) < number
        assert set(alone.paths()) >= set(full.paths())
        assert set(alone.labels()) >= set(full.labels())
        if finished:
            break
    alone.listen()
    alone.sync(content=False)
    assert (alone.paths(), alone.labels()) == (full.paths(), full.labels())


@pytest.mark.parametrize("sweep", [False, True])
def test_pages_that_are_empty_or_cut_short_delete_nothing(full, alone, sweep):
    """The answers have status 200, and their pages lack what is there."""
    alone.sync(content=False)
    gone = full.at("/17.txt")
    full.remove(K.ITEM, gone.id)
    honest = alone.remote.page
    for kept in (0, 1):
        alone.remote.page = lambda kind, scope, cursor, limit=1000, kept=kept: RemotePage(
            honest(kind, scope, cursor, limit).entities[:kept], more=False
        )
        if sweep:
            later(alone, pulling.SWEEP_EVERY - 1)
        alone.sync(content=False)
        del alone.remote.page
        assert set(alone.paths()) >= set(full.paths())
    alone.sync(content=False)
    agree(alone)


@pytest.mark.parametrize("said", [0, 1, ITEMS - 1, ITEMS + 1, 1000])
@pytest.mark.parametrize("question", ["count", "present"])
def test_counts_that_lie_delete_nothing(full, alone, question, said):
    alone.sync(content=False)
    setattr(alone.remote, question, lambda *_: said)
    later(alone, pulling.SWEEP_EVERY - 1)
    assert alone.sync(content=False).deleted_here == {}
    delattr(alone.remote, question)
    assert alone.paths() == full.paths()


def test_a_page_that_says_more_and_holds_nothing_ends(full, alone):
    alone.sync(content=False)
    alone.remote.page = lambda *_: RemotePage([], more=True)
    assert alone.sync(content=False).deleted_here == {}
    del alone.remote.page
    agree(alone)


@pytest.mark.parametrize("kept", [0, 1])
def test_what_was_changed_before_a_first_listing_that_lacks_it_comes_all_the_same(alone, platform, kept):
    """It counts on both sides, and no delta reaches back to it."""
    for number in range(3):
        alone.add(f"/{number}.txt")
    alone.sync()
    platform.edit(K.ITEM, platform.at("/1.txt").id, metadata={"user": {"seen": True}})
    platform.clock.moment += timedelta(days=30)
    platform.edit(K.ITEM, platform.at("/2.txt").id, metadata={"user": {"new": True}})
    honest = alone.remote.page
    alone.remote.page = lambda kind, scope, cursor, limit=1000: (
        RemotePage(honest(kind, scope, cursor, limit).entities[:kept], more=False)
        if cursor.updated_at is None
        else honest(kind, scope, cursor, limit)
    )
    alone.sync()
    del alone.remote.page
    assert next(args[3] for args in alone.requests if args[0] == "page").updated_at is None
    assert alone.user("/1.txt") == {"seen": True}
    agree(alone)


def test_what_a_first_listing_leaves_out_does_not_hide_behind_what_is_gone(alone, platform):
    """One too few and one too many are as many as there should be, so the next pull looks for each."""
    for number in range(3):
        alone.add(f"/{number}.txt")
    alone.sync()
    gone = platform.at("/1.txt")
    platform.remove(K.ITEM, gone.id)
    for path in ("/new.txt", "/newest.txt"):
        platform.clock.moment += timedelta(days=3)
        made = platform.add(K.ITEM, {**gone.document, "filename": path}, gone.parents, by="bob@example.test")
        platform.contents[made.id] = b"data"
    left_out = platform.at("/new.txt").id
    page = alone.remote.page

    def without(kind, scope, cursor, limit):
        found = page(kind, scope, cursor, limit)
        return RemotePage([one for one in found.entities if one.id != left_out], found.more)

    alone.remote.page = without
    alone.sync()
    alone.remote.page = page
    assert "/new.txt" not in alone.paths()
    alone.sync()
    assert alone.paths() == ["/0.txt", "/2.txt", "/new.txt", "/newest.txt"]


def test_a_pull_that_goes_on_is_no_sweep(pair, monkeypatch):
    """It begins in the middle, so what a page left out by mistake is before it; the next pull is the sweep."""
    monkeypatch.setattr(pulling, "PAGE", 2)
    for path in ("/b.txt", "/c.txt"):
        pair.a.add(path, path.encode(), x=1)
    agree(pair.a, pair.b)
    for path in ("/a.txt", "/b.txt", "/c.txt"):
        pair.platform.edit(K.ITEM, pair.platform.at(path).id, metadata={"user": {"x": 9}})
        pair.platform.clock.moment += timedelta(hours=1)
    page, left_out = pair.b.remote.page, pair.platform.at("/a.txt").id

    def without(kind, scope, cursor, limit):
        found = page(kind, scope, cursor, limit)
        mistaken = kind is K.ITEM and cursor.updated_at is not None
        kept = [one for one in found.entities if not mistaken or one.id != left_out]
        return RemotePage(kept, found.more)

    def broken(method, *args):
        if method == "page" and args[0] is K.ITEM and args[2].id == pair.platform.at("/b.txt").id:
            raise TransientError("The network went away.")

    pair.b.remote.page = without
    pair.b.listen(broken, gone=True)
    with pytest.raises(TransientError):
        pair.b.sync()
    pair.b.remote.page = page
    pair.b.listen()
    later(pair.b, pulling.SWEEP_EVERY - 1)
    pair.b.sync()
    pair.b.sync()
    assert [pair.b.user(path)["x"] for path in ("/a.txt", "/b.txt", "/c.txt")] == [9, 9, 9]
