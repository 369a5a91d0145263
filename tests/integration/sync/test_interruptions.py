"""What an interrupted sync leaves: queued requests unsent, lost replies looked up in bulk, whole pages."""

from __future__ import annotations

from threading import Event

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import TransientError
from tests.integration.sync.harness import Laptop, Platform, agree
from tests.sim.world import VirtualClock


def test_an_interrupt_keeps_what_is_queued_from_being_sent(alone):
    for number in range(20):
        alone.add(f"/{number}", b"%d" % number)
    later = Event()

    def after(method, *args):
        if method == "upload" and alone.calls["upload"] == 1:
            raise KeyboardInterrupt
        if method == "upload":
            later.wait(1)  # the upload that had begun meanwhile goes on for a while

    alone.listen(after=after)
    with pytest.raises(KeyboardInterrupt):
        alone.sync()
    assert alone.calls["upload"] <= 2
    alone.listen()
    agree(alone)
    assert len(alone.platform.paths()) == 20


def test_drawings_whose_reply_was_lost_are_looked_up_together(alone):
    alone.add("/a.txt")
    alone.annotate("/a.txt", *[f"label {number}" for number in range(150)])

    def after(method, *args):
        if method == "create" and args[0] is K.ANNOTATION:
            raise KeyboardInterrupt

    alone.listen(after=after)
    with pytest.raises(KeyboardInterrupt):
        alone.sync()
    alone.listen()
    alone.sync()
    looks = [one for one in alone.requests if one[:2] == ("find", K.ANNOTATION)]
    assert len(looks) == 1
    agree(alone)
    assert len(alone.platform.labels()) == 150


def test_a_file_that_could_not_be_compared_is_compared_by_the_next_sync(tmp_path):
    """Both sides replaced it by other bytes of one length; the pull broke just when it fetched theirs."""
    platform = Platform(VirtualClock(), keeps_marks=False)
    laptop = Laptop(tmp_path, "a", platform)
    laptop.found()
    laptop.add("/a.txt", b"short")
    laptop.add("/b.txt", b"other")
    agree(laptop)
    theirs = platform.at("/a.txt")
    platform.contents[theirs.id] = b"their bytes"
    platform.edit(K.ITEM, theirs.id, content={"size": 11})
    platform.clock.sleep(1000)
    platform.edit(K.ITEM, platform.at("/b.txt").id, metadata={"user": {"later": True}})
    laptop.put("/a.txt", b"mine, edits")

    def before(method, *args):
        if method == "download":
            raise TransientError("the connection broke")

    laptop.listen(before)
    with pytest.raises(TransientError):
        laptop.sync()
    laptop.listen()
    agree(laptop)
    assert platform.contents[theirs.id] == b"their bytes"
    assert sorted(platform.contents.values()) == [b"mine, edits", b"other", b"their bytes"]
    laptop.store.close()


def test_a_download_is_not_resumed_into_a_newer_content(tmp_path):
    platform = Platform(VirtualClock(), keeps_marks=False)
    first, second = (Laptop(tmp_path, name, platform) for name in "ab")
    first.found()
    first.add("/a.txt", b"0123456789")
    first.sync()
    second.remote._chunk_size = 4

    def before(method, *args):
        if method == "chunk" and args[1]:
            raise TransientError("the connection broke")

    second.listen(before)
    second.clone()
    item = platform.at("/a.txt")
    platform.contents[item.id] = b"ABCDEFGHIJ"
    platform.edit(K.ITEM, item.id, content={"size": 10})
    second.listen()
    second.sync()
    assert second.bytes("/a.txt") == b"ABCDEFGHIJ"
    for laptop in (first, second):
        laptop.store.close()
