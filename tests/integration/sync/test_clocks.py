"""Clocks may be a day wrong, on the platform's machines and on this one: no change is missed or read for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync import contents, pulling
from localloop_sync.drivers.identity import iso
from localloop_sync.errors import TransientError
from localloop_sync.ports import RemotePage
from tests.integration.sync.harness import Laptop, Platform, agree
from tests.integration.sync.test_comparing import later
from tests.integration.sync.test_cost import QUIET, fill
from tests.sim.world import VirtualClock

DAY = timedelta(days=1)
DAYS = pytest.mark.parametrize("wrong", [-DAY, DAY], ids=["a day behind", "a day ahead"])


@pytest.fixture(params=[True, False], ids=["told", "untold"])
def platform(request):
    """A platform that has to be asked, and tells the time with its answers or does not."""
    return Platform(VirtualClock(), tells_time=request.param)


@pytest.fixture
def laptop(alone, platform):
    """A laptop that knows 40 items, an hour apart, whose clock has stood still for a while."""
    alone.sync()
    fill(platform, 40, spread=timedelta(hours=1))
    alone.sync(content=False)
    platform.clock.moment += timedelta(hours=1)
    alone.sync(content=False)
    return alone


def edit(platform, path, text, wrong=timedelta(), kind=K.ITEM):
    """An edit by a machine whose clock is wrong."""
    entity = platform.at(path)
    at = iso(platform.clock.moment + wrong)
    document = {**entity.document, "description": text}
    platform.now()
    platform.change(entity, document, by="bob@example.test", facts={"updated_at": at})


@DAYS
def test_an_edit_by_a_machine_whose_clock_is_wrong_is_seen_at_once(laptop, platform, wrong):
    edit(platform, "/5.txt", "wrong", wrong)
    laptop.sync(content=False)
    assert laptop.item("/5.txt")["description"] == "wrong"


@DAYS
def test_what_is_edited_after_such_an_edit_is_seen_at_once_too(laptop, platform, wrong):
    edit(platform, "/5.txt", "wrong", wrong)
    laptop.sync(content=False)
    for number in range(3):
        platform.clock.moment += timedelta(minutes=10)
        edit(platform, "/6.txt", f"right {number}")
        edit(platform, "/7.txt", f"wrong {number}", wrong)
        laptop.sync(content=False)
        assert laptop.item("/6.txt")["description"] == f"right {number}"
        assert laptop.item("/7.txt")["description"] == f"wrong {number}"


@DAYS
def test_so_are_edits_behind_the_back_of_a_first_listing(alone, platform, tmp_path, monkeypatch, wrong):
    alone.sync()
    fill(platform, 30, spread=timedelta(hours=1))
    edit(platform, "/29.txt", "before", wrong)
    monkeypatch.setattr(pulling, "PAGE", 10)
    fresh = Laptop(tmp_path, "b", platform)

    def before(method, *args):
        if method == "page" and args[0] is K.ITEM and args[2].updated_at is None and args[2].id:
            platform.clock.moment += timedelta(minutes=5)
            edit(platform, "/3.txt", f"behind {args[2].id}")
            edit(platform, "/4.txt", "wrongly behind", wrong)

    fresh.listen(before)
    fresh.clone()
    assert fresh.item("/3.txt")["description"] == platform.at("/3.txt").document["description"] != ""
    assert fresh.item("/4.txt")["description"] == "wrongly behind"
    fresh.store.close()


def test_a_new_item_of_tomorrow_is_read_again_until_tomorrow_and_nothing_else_is(laptop, platform):
    if not platform.tells_time:
        pytest.skip("without the platform's time nobody knows what is of tomorrow")
    edit(platform, "/5.txt", "of tomorrow", DAY)
    platform.clock.moment += timedelta(minutes=10)
    edit(platform, "/6.txt", "of today")

    def read() -> list[str]:
        answers = []
        honest = laptop.remote.page

        def page(kind, scope, cursor, limit=1000):
            answer = honest(kind, scope, cursor, limit)
            answers.extend(one.document["filename"] for one in answer.entities if kind is K.ITEM)
            return answer

        laptop.remote.page = page
        laptop.sync(content=False)
        del laptop.remote.page
        return answers

    for _ in range(3):  # the one that was the last by the platform's time is always read again
        assert read()[-2:] == ["/6.txt", "/5.txt"]
    assert read() == ["/6.txt", "/5.txt"]
    platform.clock.moment += 2 * DAY
    assert read() == ["/6.txt", "/5.txt"]
    assert read() == ["/5.txt"]


def test_edits_a_day_back_among_those_of_the_day_are_found_at_the_latest_by_the_sweep(laptop, platform):
    edit(platform, "/39.txt", "once")
    laptop.sync(content=False)
    edit(platform, "/39.txt", "twice", -timedelta(hours=2))
    laptop.sync(content=False)
    assert laptop.item("/39.txt")["description"] == "once"  # as many changed lately as are known to have
    later(laptop, pulling.SWEEP_EVERY - 1)
    laptop.sync(content=False)
    assert laptop.item("/39.txt")["description"] == "twice"
    laptop.sync(content=False)
    assert len(laptop.requests) == QUIET


def test_a_sweep_reads_what_changed_since_the_last_one_and_a_day_and_not_everything(laptop, platform):
    later(laptop, pulling.SWEEP_EVERY - 1)
    laptop.sync(content=False)
    later(laptop, 2 * pulling.SWEEP_EVERY - 1)
    platform.clock.moment += 7 * DAY
    edit(platform, "/1.txt", "new")
    starts = []
    laptop.listen(
        lambda method, *args: starts.append(args) if method == "page" and args[0] is K.ITEM else None
    )
    laptop.sync(content=False)
    [(_, scope, cursor, _)] = starts
    assert 23 <= len(laptop.remote.page(K.ITEM, scope, cursor).entities) <= 26


class Wrong:
    """A clock of this machine that is wrong."""

    def __init__(self, clock, wrong):
        self._clock, self._wrong = clock, wrong
        self.monotonic, self.sleep = clock.monotonic, clock.sleep

    def now(self):
        return iso(datetime.fromisoformat(self._clock.now()) + self._wrong)


@DAYS
def test_the_clock_of_this_machine_does_not_matter(pair, platform, wrong):
    pair.b.store.clock = Wrong(platform.clock, wrong)
    for number in range(3):
        pair.a.edit("/a.txt", x=number)
        pair.b.edit("/a.txt", y=number)
        pair.a.annotate("/a.txt", f"a{number}")
        pair.b.annotate("/a.txt", f"b{number}")
        pair.b.add(f"/b{number}.txt", b"b")
        pair.a.sync()
        pair.b.sync()
    pair.a.sync()
    pair.b.delete("/b1.txt")
    agree(pair.b, pair.a)
    assert (pair.b.user("/a.txt"), pair.b.paths()) == ({"x": 2, "y": 2}, ["/a.txt", "/b0.txt", "/b2.txt"])
    assert pair.a.conflicts(None) == pair.b.conflicts(None) == []


@pytest.mark.parametrize("seed", range(3))
def test_pages_in_any_order_with_twins_while_others_write_lose_nothing(laptop, platform, monkeypatch, seed):
    """What a page holds is right, but in no order, and twice; and somebody edits between any two."""
    random = Random(seed)
    monkeypatch.setattr(pulling, "PAGE", 7)
    honest = laptop.remote.page

    def page(kind, scope, cursor, limit=1000):
        answer = honest(kind, scope, cursor, limit)
        there = [*answer.entities, *random.choices(answer.entities or [None], k=2)]
        random.shuffle(there)
        return RemotePage([one for one in there if one is not None], answer.more)

    edits = iter(range(40))

    def before(method, *args):
        if method in ("page", "count") and (number := next(edits, None)) is not None:
            wrong = random.choice([-DAY, timedelta(), timedelta(), DAY])
            edit(platform, f"/{random.randrange(40)}.txt", f"edit {number}", wrong)

    laptop.remote.page = page
    laptop.listen(before)
    for _ in range(4):
        laptop.sync(content=False)
    laptop.listen()
    later(laptop, pulling.SWEEP_EVERY - 1)
    laptop.sync(content=False)
    del laptop.remote.page
    for one in platform.entities[K.ITEM].values():
        row = laptop.item(one.document["filename"])
        assert (row["description"] or "") == one.document.get("description", "")


def test_a_listing_that_does_not_get_on_ends_in_an_error_and_not_never(laptop, monkeypatch):
    honest = laptop.remote.page
    first = {}

    def page(kind, scope, cursor, limit=1000):
        answer = first.setdefault(kind, honest(kind, scope, cursor, 3))
        return RemotePage(answer.entities, more=True)

    laptop.remote.page = page
    with pytest.raises(TransientError, match="repeats a page"):
        laptop.sync(content=False)


def test_the_overlap_is_part_of_the_skew():
    assert contents.OVERLAP < DAY < contents.SKEW
