"""The feed of a hub and the feed in memory keep one contract; who offers none is not asked for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localloop.platform.auth import login_m2m
from localloop.platform.credentials import CredentialStore
from localloop.platform.remote import DataloopRemote
from localloop.platform.session import PlatformSession
from localloop.platform.transport import Transport
from localloop.server import ServerSettings
from localloop.testing.hub import running_hub
from localloop.testing.remote import MemoryRemote
from localloop.testing.world import MemoryWorld
from localloop_sync.ports import Remote
from tests.contract.feed_contract import FeedContract


@contextmanager
def hub_remote(folder: Path, *, plain: bool) -> Iterator[DataloopRemote]:
    with running_hub(
        folder / "hub", {"alice@example.test": "pw"}, settings=ServerSettings(plain=plain)
    ) as hub:
        transport = Transport(hub.gate)
        store = CredentialStore(folder / "config")
        login_m2m(transport, store, "alice@example.test", "pw")
        yield DataloopRemote(PlatformSession(transport, store), sleep=lambda _seconds: None)
        transport.close()


class TestMemoryFeed(FeedContract):
    @pytest.fixture
    def remote(self) -> Remote:
        return MemoryRemote(world=MemoryWorld(feed=True))


class TestHubFeed(FeedContract):
    @pytest.fixture
    def remote(self, tmp_path) -> Iterator[Remote]:
        with hub_remote(tmp_path, plain=False) as remote:
            yield remote


def test_a_world_without_a_feed_is_not_asked():
    asked = []
    remote = MemoryRemote(before=lambda method, *_: asked.append(method))
    assert remote.feed() is None
    assert asked == []


def test_a_plain_server_gets_no_request_that_the_platform_does_not_have(tmp_path):
    with hub_remote(tmp_path, plain=True) as remote:
        remote.account()
        sent = remote.request_count
        assert remote.feed() is None
        assert remote.request_count == sent
