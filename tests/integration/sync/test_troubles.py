"""One entity's trouble holds up nothing else; a platform that is down ends the push soon; lost replies are settled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop.store.refusals import try_again
from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import OfflineError, OutOfTimeError, PermanentError, TransientError
from localloop_sync.parcels import WINDOW
from tests.integration.sync.harness import WRITES, agree

BAD = "/bad.txt"


def failing(condition, error=lambda: TransientError("Internal error.", status=500)):
    """A hook by which requests that fit have no answer; nothing of them is applied."""

    def before(method, *args):
        if condition(method, *args):
            raise error()

    return before


def bad_upload(method, *args):
    return method == "upload" and args[1]["filename"] == BAD


def bad_update(method, *args):
    return method == "update" and args[2].get("filename") == BAD


def test_an_upload_that_never_gets_through_holds_no_other_up(alone, platform):
    for name in (BAD, *[f"/{number}.txt" for number in range(9)]):
        alone.add(name)
    alone.listen(failing(bad_upload))
    report = alone.sync()
    assert platform.paths() == [f"/{number}.txt" for number in range(9)]
    assert [(one.name, one.reason) for one in report.postponed] == [(BAD, "Internal error.")]
    assert (report.rejected, report.unsent) == ([], 1)
    alone.listen()
    agree(alone)
    assert BAD in platform.paths()


def test_an_update_that_never_gets_through_holds_no_other_up(alone, platform):
    for name in (BAD, "/a.txt", "/b.txt"):
        alone.add(name)
    agree(alone)
    for name in (BAD, "/a.txt", "/b.txt"):
        alone.edit(name, x=1)
    alone.annotate("/b.txt", "cat")
    alone.listen(failing(bad_update))
    report = alone.sync()
    assert [one.name for one in report.postponed] == [BAD]
    assert platform.at("/b.txt").document["metadata"]["user"] == {"x": 1}
    assert platform.labels() == ["cat"]
    alone.listen()
    agree(alone)


def test_nobody_moves_to_where_one_still_is_that_did_not_get_through(alone, platform):
    alone.add(BAD)
    alone.add("/b.txt")
    agree(alone)
    alone.move(BAD, "/away.txt")
    alone.move("/b.txt", BAD)
    moves = []

    def before(method, *args):
        if method == "update" and args[2].get("filename") in (BAD, "/away.txt"):
            moves.append(args[2]["filename"])
            raise TransientError("Internal error.", status=500)

    alone.listen(before)
    alone.sync()
    assert set(moves) == {"/away.txt"}
    alone.listen()
    agree(alone)
    assert platform.paths() == ["/away.txt", BAD]


def test_replies_that_are_lost_are_settled_in_the_same_sync(alone, platform):
    for number in range(30):
        alone.add(f"/{number}.txt", b"%d" % number)
    alone.annotate("/1.txt", "cat", "dog")
    seen = []

    def after(method, *_args):
        if method in WRITES:
            seen.append(method)
            if len(seen) % 3 == 0:
                raise TransientError("The reply was lost.")

    alone.listen(after=after)
    report = alone.sync()
    assert report.unsent == 0
    assert alone.calls["upload"] == 30
    assert len(platform.paths()) == 30
    assert platform.labels() == ["cat", "dog"]
    alone.listen()
    agree(alone)


def test_a_platform_that_takes_no_edit_ends_the_sync_long_before_all_were_tried(alone):
    alone.sync()
    for number in range(100):
        alone.add(f"/{number}.txt")
    clock = alone.platform.clock
    began = clock.monotonic()
    alone.listen(failing(lambda method, *_: method in WRITES))
    with pytest.raises(TransientError):
        alone.sync()
    assert clock.monotonic() - began < 60  # with 5 s of patience for each of 100 it would be 500
    alone.listen()
    agree(alone)


def test_a_platform_that_went_away_ends_the_sync(alone, platform):
    for number in range(100):
        alone.add(f"/{number}.txt")

    def before(method, *_args):
        if len(platform.paths()) >= 10:
            raise OfflineError("There is no connection.")

    alone.listen(before)
    with pytest.raises(OfflineError):
        alone.sync()
    assert len(platform.paths()) == 10
    assert alone.operations("in flight") == []
    alone.listen()
    agree(alone)


def test_an_outage_shorter_than_patience_is_waited_for(alone, platform):
    for number in range(20):
        alone.add(f"/{number}.txt", b"%d" % number)
    began = []

    def before(method, *_args):
        if len(platform.paths()) >= 10:
            began.append(platform.clock.monotonic())
            if began[-1] - began[0] < 3:
                raise TransientError("Bad gateway.", status=502)

    alone.listen(before)
    assert alone.sync().unsent == 0
    agree(alone)


def test_what_is_in_flight_and_cannot_be_looked_at_ends_no_sync(alone, platform):
    alone.add("/a.txt")
    alone.add("/b.txt")
    agree(alone)
    alone.edit("/a.txt", x=1)
    one = platform.at("/a.txt").id

    def before(method, *args):
        if method in ("get", "update") and args[1] == one:
            raise TransientError("Internal error.", status=500)

    alone.listen(before)
    assert len(alone.sync().postponed) == 1
    [waiting] = alone.operations("in flight")
    alone.edit("/b.txt", x=1)
    alone.sync()
    assert platform.at("/b.txt").document["metadata"]["user"] == {"x": 1}
    assert [one["seq"] for one in alone.operations("in flight")] == [waiting["seq"]]
    alone.listen()
    agree(alone)


def test_an_edit_after_a_lost_reply_and_a_lost_connection_is_no_conflict(pair):
    pair.a.edit("/a.txt", x=2)

    def after(method, *_args):
        if method == "update":
            raise TransientError("The reply was lost.")

    pair.a.listen(after=after, gone=True)
    with pytest.raises(OfflineError):
        pair.a.sync()
    assert [one["state"] for one in pair.a.unsent()] == ["in flight"]
    pair.a.listen()
    pair.a.edit("/a.txt", x=3)
    agree(pair.a, pair.b)
    assert pair.b.user("/a.txt")["x"] == 3
    assert pair.a.conflicts(None) == []


def test_a_sync_that_is_out_of_time_keeps_what_was_done_and_the_next_one_goes_on(alone, platform):
    for number in range(50):
        alone.add(f"/{number}.txt", b"%d" % number)

    def after(method, *_args):
        if method == "upload":
            platform.clock.sleep(1)

    alone.listen(after=after)
    with pytest.raises(OutOfTimeError, match="time limit of 20 s"):
        alone.sync(time_limit=20)
    assert 15 <= len(platform.paths()) <= 20
    assert alone.operations("in flight") == []
    alone.listen()
    agree(alone)


@pytest.mark.parametrize("workers", [1, 4])
def test_no_more_is_in_flight_than_a_window_holds(alone, workers):
    for number in range(2 * WINDOW):
        alone.add(f"/{number}.txt", b"%d" % number)
    most = []
    begin = type(alone.journal).begin

    def counted(journal, jobs):
        going = begin(journal, jobs)
        most.append(len(alone.operations("in flight")))
        return going

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(alone.journal), "begin", counted)
        assert alone.sync(workers=workers).unsent == 0
    assert max(most) <= WINDOW


def test_a_content_that_never_comes_holds_no_other_up(pair):
    for name in ("/1.txt", BAD, "/2.txt"):
        pair.a.add(name, name.encode())
    pair.a.sync()
    bad = pair.platform.at(BAD).id

    def before(method, *args):
        if method == "download" and args[0] == bad:
            raise TransientError("Internal error.", status=500)

    pair.b.listen(before)
    report = pair.b.sync()
    assert [one.name for one in report.postponed] == [BAD]
    assert [pair.b.bytes(name) for name in ("/1.txt", "/2.txt")] == [b"/1.txt", b"/2.txt"]
    pair.b.listen()
    agree(pair.a, pair.b)
    assert pair.b.bytes(BAD) == BAD.encode()


# Refusals that may be mended elsewhere.


def refusing(status):
    return failing(bad_upload, lambda: PermanentError("Not now.", status=status))


def tries(alone, platform, *hours):
    """How often the bad file was sent by a sync after so many hours each."""
    found = []
    for one in hours:
        platform.clock.moment += timedelta(hours=one)
        alone.sync()
        found.append(alone.calls["upload"])
    return found


@pytest.mark.parametrize("status", [402, 403, 404, 409, 413, 423])
def test_what_may_be_mended_elsewhere_is_tried_again_after_an_hour_and_then_less_often(
    alone, platform, status
):
    alone.add(BAD)
    alone.listen(refusing(status))
    [refused] = alone.sync().rejected
    assert refused.mendable
    assert tries(alone, platform, 0.9, 0.2, 1.9, 0.2, 3.9, 0.2) == [0, 1, 0, 1, 0, 1]
    assert tries(alone, platform, *[24] * 4) == [1] * 4
    alone.listen()
    platform.clock.moment += timedelta(hours=24.1)
    agree(alone)
    assert platform.paths() == [BAD]


@pytest.mark.parametrize("status", [400, 422])
def test_a_document_that_is_wrong_is_not_tried_again_by_itself(alone, platform, status):
    alone.add(BAD)
    alone.listen(refusing(status))
    [refused] = alone.sync().rejected
    assert not refused.mendable
    assert tries(alone, platform, 2, 24, 240) == [0, 0, 0]


@pytest.mark.parametrize("status", [403, 422])
def test_it_is_tried_again_when_somebody_says_so(alone, platform, status):
    alone.add(BAD)
    alone.listen(refusing(status))
    alone.sync()
    assert try_again(alone.store, [(K.ITEM, "another")]) == 0
    assert try_again(alone.store, [(K.ITEM, alone.item(BAD)["id"])]) == 1
    alone.sound()
    assert len(alone.sync().rejected) == 1
    alone.listen()
    assert try_again(alone.store) == 1
    agree(alone)
    assert platform.paths() == [BAD]
    assert try_again(alone.store) == 0


def test_the_timer_survives_that_the_base_moves(pair):
    def refused(method, *args):
        if method == "update" and (args[2]["metadata"].get("user") or {}).get("x") == 2:
            raise PermanentError("Not now.", status=403)

    pair.a.edit("/a.txt", x=2)
    pair.a.listen(refused)
    pair.a.sync()
    [before] = pair.a.operations("rejected")
    pair.b.edit("/a.txt", y=5)
    pair.b.sync()
    pair.a.sync()
    [after] = pair.a.operations("rejected")
    assert (after["tries"], after["not_before"]) == (1, before["not_before"])
    pair.a.listen()
    pair.platform.clock.moment += timedelta(hours=1.1)
    agree(pair.a, pair.b)
    assert pair.b.user("/a.txt")["x"] == 2


def test_only_what_is_below_a_refused_item_waits_with_it(alone, platform):
    alone.add(BAD)
    alone.add("/a.txt")
    alone.annotate(BAD, "waits")
    alone.annotate("/a.txt", "goes")
    alone.listen(refusing(403))
    report = alone.sync()
    assert platform.labels() == ["goes"]
    assert report.postponed == []
    alone.listen()
    platform.clock.moment += timedelta(hours=1.1)
    agree(alone)
    assert platform.labels() == ["goes", "waits"]


def test_a_batch_for_an_item_that_is_gone_is_refused_and_ends_no_sync(pair):
    pair.a.annotate("/a.txt", "one", "two")
    pair.a.add("/b.txt")
    gone = pair.platform.at("/a.txt").id

    def before(method, *args):
        if method in ("create", "find") and args[0] is K.ANNOTATION and args[1].item == gone:
            raise PermanentError("No such item.", status=404)

    pair.a.listen(before)
    report = pair.a.sync()
    assert len(report.rejected) == 2
    assert "/b.txt" in pair.platform.paths()
