"""A hub on loopback with two users, and their clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localloop.testing.hub import Hub, running_hub
from tests.integration.server.client import Client

USERS = {"alice@example.test": "pw", "bob@example.test": "pw2"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running_hub(tmp_path_factory.mktemp("hub") / "store", USERS) as hub:
        yield hub


@pytest.fixture
def alice(hub: Hub) -> Iterator[Client]:
    client = Client(hub)
    yield client
    client.close()


@pytest.fixture
def bob(hub: Hub) -> Iterator[Client]:
    client = Client(hub, "bob@example.test", "pw2")
    yield client
    client.close()


@pytest.fixture
def project(alice: Client, request: pytest.FixtureRequest) -> str:
    return alice.project(request.node.nodeid)


@pytest.fixture
def dataset(alice: Client, project: str) -> str:
    return alice.dataset(project)["id"]
