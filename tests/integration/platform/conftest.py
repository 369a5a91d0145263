"""A recording platform, and an account that is logged in there."""

from __future__ import annotations

import pytest

from localloop.platform import Credentials, CredentialStore, DataloopRemote, PlatformSession, Transport
from tests.integration.platform.recorder import Recorder, recording, token


@pytest.fixture
def platform():
    with recording() as recorder:
        yield recorder


@pytest.fixture
def transport(platform: Recorder):
    transport = Transport(platform.gate, connect_timeout=5, read_timeout=5)
    yield transport
    transport.close()


@pytest.fixture
def store(tmp_path) -> CredentialStore:
    return CredentialStore(tmp_path / "config")


@pytest.fixture
def session(platform: Recorder, transport: Transport, store: CredentialStore) -> PlatformSession:
    store.save(Credentials(platform.gate, "alice@example.test", token(), "refresh-1"))
    return PlatformSession(transport, store)


@pytest.fixture
def remote(session: PlatformSession) -> DataloopRemote:
    return DataloopRemote(session, sleep=lambda _seconds: None)
