"""A limit on speed holds for what is sent and for what is fetched, and not for the rest."""

from __future__ import annotations

import pytest

from localloop.platform import Credentials, CredentialStore, DataloopRemote, PlatformSession, Transport
from localloop.platform.pace import TokenBucket
from localloop_schema.kinds import EntityKind as K
from localloop_sync.ports import Scope
from tests.integration.platform import wire
from tests.integration.platform.recorder import Reply, token

SIZE = 1_000_000
RATE = 100_000


class Clock:
    at = 0.0

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limited(platform, tmp_path, clock):
    """A platform to which a tenth of the file goes in a second."""
    store = CredentialStore(tmp_path / "config")
    store.save(Credentials(platform.gate, "alice@example.test", token(), "refresh"))
    transport = Transport(platform.gate, bucket=TokenBucket(RATE, clock.now, clock.sleep))
    yield DataloopRemote(PlatformSession(transport, store))
    transport.close()


def test_an_upload_takes_as_long_as_the_limit_says_and_tells_how_far_it_is(
    limited, platform, tmp_path, clock
):
    file = tmp_path / "cat.jpg"
    file.write_bytes(b"x" * SIZE)
    platform.answer = lambda _asked: Reply(wire.item(size=SIZE), headers={"x-item-op": "created"})
    heard: list[int] = []
    document = {"type": "file", "filename": "/train/cat.jpg", "content": {"size": SIZE}}
    limited.upload(Scope(dataset=wire.D), document, file, heard.append)
    assert clock.at == pytest.approx(9, abs=0.5)  # the first second's worth goes at once
    assert heard == sorted(heard)
    assert heard[-1] == SIZE


def test_a_download_does_too(limited, platform, clock):
    platform.answer = lambda _asked: Reply("x" * (SIZE - 2))  # with its quotes it is a megabyte
    assert sum(map(len, limited.download(wire.IT))) == SIZE
    assert clock.at == pytest.approx(9, abs=0.5)


def test_what_is_no_content_is_not_held_up(limited, platform, clock):
    platform.answer = lambda _asked: {**wire.item(), "description": "x" * SIZE}
    assert limited.get(K.ITEM, wire.IT) is not None
    assert clock.at == 0
