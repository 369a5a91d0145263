"""What the platform refuses for good is set aside with its reason, and the rest goes on."""

from __future__ import annotations

from localloop.store.conflicts import Choice
from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import PermanentError
from tests.integration.sync.harness import agree


def refusing(method, condition, reason="Not this one."):
    def before(name, *args):
        if name == method and condition(*args):
            raise PermanentError(reason, status=422)

    return before


def bad_path(_scope, document, *_rest):
    return document["filename"] == "/bad.txt"


def test_a_refused_item_is_set_aside_and_the_others_go_on(alone, platform):
    for name in ("/1.txt", "/bad.txt", "/2.txt"):
        alone.add(name)
    alone.annotate("/bad.txt", "cat")
    alone.listen(refusing("upload", bad_path))
    report = alone.sync()
    [rejection] = report.rejected
    assert (rejection.kind, rejection.name, rejection.reason) == ("item", "/bad.txt", "Not this one.")
    assert platform.paths() == ["/1.txt", "/2.txt"]
    [row] = alone.operations("rejected")
    assert row["reason"] == "Not this one."


def test_it_is_not_sent_again_and_what_is_below_it_waits(alone):
    alone.add("/bad.txt")
    alone.annotate("/bad.txt", "cat")
    alone.listen(refusing("upload", bad_path))
    alone.sync()
    report = alone.sync()
    assert alone.calls["upload"] == alone.calls["create"] == 0
    assert report.rejected == []
    assert report.unsent == 1


def test_an_edit_arms_it_again(alone, platform):
    alone.add("/bad.txt")
    alone.annotate("/bad.txt", "cat")
    alone.listen(refusing("upload", bad_path))
    alone.sync()
    alone.move("/bad.txt", "/good.txt")
    agree(alone)
    assert platform.paths() == ["/good.txt"]
    assert platform.labels() == ["cat"]


def bad_value(_kind, _id, document, _base):
    return (document["metadata"].get("user") or {}).get("x") == "bad"


def test_a_refused_field_is_set_aside_and_the_others_go_on(pair):
    pair.a.edit("/a.txt", x="bad")
    pair.a.listen(refusing("update", bad_value))
    assert len(pair.a.sync().rejected) == 1
    pair.a.edit("/a.txt", y="good")
    assert pair.a.sync().rejected == []
    assert pair.platform.at("/a.txt").document["metadata"]["user"] == {"x": 1, "y": "good"}
    assert pair.a.user("/a.txt") == {"x": "bad", "y": "good"}
    assert [one["state"] for one in pair.a.unsent()] == ["rejected"]


def test_another_edit_of_a_refused_field_arms_it_again(pair):
    pair.a.edit("/a.txt", x="bad")
    pair.a.listen(refusing("update", bad_value))
    pair.a.sync()
    pair.a.edit("/a.txt", x="good")
    agree(pair.a, pair.b)
    assert pair.b.user("/a.txt")["x"] == "good"


def test_a_second_refusal_is_one_too(pair):
    pair.a.edit("/a.txt", x="bad", z=1)
    pair.a.listen(refusing("update", bad_value))
    pair.a.sync()
    pair.a.edit("/a.txt", z=2)
    assert len(pair.a.sync().rejected) == 1
    assert pair.a.sync().rejected == []
    pair.a.edit("/a.txt", x=None)
    agree(pair.a, pair.b)
    assert pair.b.user("/a.txt") == {"y": 1, "z": 2}


def test_the_reason_stays_when_the_base_moves(pair):
    pair.a.edit("/a.txt", x="bad")
    pair.a.listen(refusing("update", bad_value, "X must not be bad."))
    pair.a.sync()
    pair.b.edit("/a.txt", y=2)
    pair.b.sync()
    pair.a.sync()
    pair.b.edit("/a.txt", x=5)
    pair.b.sync()
    pair.a.sync()
    [row] = [one for one in pair.a.operations() if one["state"] == "rejected"] or [None]
    assert row is None or row["reason"] == "X must not be bad."
    reasons = {one["reason"] for one in pair.a.operations() if one["reason"]}
    assert reasons == {"X must not be bad."}


def test_a_refused_deletion_is_set_aside(pair):
    pair.a.delete("/a.txt")
    pair.a.listen(refusing("delete", lambda kind, _id: kind is K.ITEM))
    assert len(pair.a.sync().rejected) == 1
    pair.a.sync()
    assert pair.platform.paths() == ["/a.txt"]
    assert pair.a.sync().rejected == []


def test_what_was_refused_is_tried_again_when_it_is_restored(pair):
    pair.b.edit("/a.txt", x="bad")
    pair.b.listen(refusing("update", bad_value))
    pair.b.sync()
    pair.a.delete("/a.txt")
    pair.a.sync()
    pair.b.sync()
    pair.b.resolve(Choice.MINE)
    agree(pair.b, pair.a)
    assert pair.a.user("/a.txt")["x"] == "bad"


def test_content_that_is_missing_from_the_cache_is_a_refusal_of_our_own(alone):
    alone.add("/a.txt", b"lost")
    alone.add("/b.txt", b"here")
    alone.store.blobs.path(alone.item("/a.txt")["digest"]).unlink()
    report = alone.sync(sound=False)
    assert [one.name for one in report.rejected] == ["/a.txt"]
    assert "not in the cache" in report.rejected[0].reason
