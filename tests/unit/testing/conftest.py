from __future__ import annotations

import pytest
import requests

from localloop.testing.faults import Fault, FaultProxy, Rule, Schedule
from tests.unit.testing.upstream import running


@pytest.fixture
def upstream():
    with running() as server:
        yield server


@pytest.fixture
def behind(upstream):
    """Makes proxies in front of the server that follow rules; waiting takes no time, and is counted."""
    proxies = []

    def make(*rules: Rule | Fault, **options):
        rules = tuple(Rule(one) if isinstance(one, Fault) else one for one in rules)
        options.setdefault("wait", lambda _seconds: None)
        proxies.append(FaultProxy(upstream.gate, schedule=Schedule(rules), **options))
        proxies[-1].start()
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.stop()


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session
