"""Content that is asked for comes in whole, each content once."""

from __future__ import annotations

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import PermanentError, TransientError
from tests.integration.sync.harness import Laptop, Platform, agree
from tests.sim.world import VirtualClock


@pytest.fixture
def plain(tmp_path):
    """A platform that keeps no digests, with one item of eight bytes, and a laptop that mirrors it by chunks."""
    platform = Platform(VirtualClock(), keeps_marks=False)
    a, b = Laptop(tmp_path, "a", platform), Laptop(tmp_path, "b", platform)
    a.found()
    a.add("/a.txt", b"12345678")
    a.sync()
    b.remote._chunk_size = 4
    yield a, b, platform
    a.store.close()
    b.store.close()


def breaking(laptop):
    """Every download breaks after its first chunk."""

    def before(method, *args):
        if method == "chunk" and args[1] >= 4:
            raise TransientError("The connection broke.")

    laptop.listen(before)


def test_a_download_that_broke_goes_on_where_it_broke(plain):
    _, b, _ = plain
    breaking(b)
    b.clone()
    b.listen()
    b.sync()
    assert b.bytes("/a.txt") == b"12345678"
    assert [one[2] for one in b.requests if one[0] == "download"] == [4]


def test_parts_of_two_contents_are_never_put_together(plain):
    _, b, platform = plain
    breaking(b)
    b.clone()
    item = platform.at("/a.txt")
    platform.edit(K.ITEM, item.id)
    platform.contents[item.id] = b"abcdefgh"
    b.listen()
    b.sync()
    assert b.bytes("/a.txt") == b"abcdefgh"


def test_equal_contents_are_fetched_once(pair):
    pair.a.add("/one.txt", b"equal")
    pair.a.add("/two.txt", b"equal")
    pair.a.sync()
    report = pair.b.sync()
    assert pair.b.bytes("/one.txt") == pair.b.bytes("/two.txt") == b"equal"
    assert report.downloaded_files == 1


def test_a_download_that_is_refused_does_not_stop_the_others(pair):
    pair.a.add("/one.txt", b"one")
    pair.a.add("/two.txt", b"two")
    pair.a.sync()
    refused = pair.platform.at("/one.txt").id

    def before(method, *args):
        if method == "download" and args[0] == refused:
            raise PermanentError("Not yours.", status=403)

    pair.b.listen(before)
    report = pair.b.sync()
    assert [(one.name, one.reason) for one in report.rejected] == [("/one.txt", "Not yours.")]
    assert pair.b.bytes("/two.txt") == b"two"
    pair.b.listen()
    agree(pair.b, pair.a)
    assert pair.b.bytes("/one.txt") == b"one"
