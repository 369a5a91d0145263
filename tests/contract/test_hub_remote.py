"""The platform client keeps the contract against a real hub."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localloop.platform.auth import login_m2m
from localloop.platform.credentials import CredentialStore
from localloop.platform.remote import DataloopRemote
from localloop.platform.session import PlatformSession
from localloop.platform.transport import Transport
from localloop.testing.hub import running_hub
from localloop_sync.ports import Remote
from tests.contract.remote_contract import RemoteContract


class TestHubRemote(RemoteContract):
    @pytest.fixture
    def remote(self, tmp_path) -> Iterator[Remote]:
        with running_hub(tmp_path / "hub", {"alice@example.test": "pw"}) as hub:
            transport = Transport(hub.gate)
            store = CredentialStore(tmp_path / "config")
            login_m2m(transport, store, "alice@example.test", "pw")
            yield DataloopRemote(PlatformSession(transport, store), sleep=lambda _seconds: None)
            transport.close()
