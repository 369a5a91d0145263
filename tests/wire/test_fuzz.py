"""Whatever is asked, the server answers as the document says: never a 5xx, never without an end.

``make fuzz`` asks more: ``LOCALLOOP_FUZZ_EXAMPLES`` is how many requests each call is tried with.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import HealthCheck, Phase, settings

from tests.wire.checking import check_answer, document
from tests.wire.worlds import World, aim, running_world

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of what schemathesis itself stands on
    import schemathesis

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the same
]

EXAMPLES = int(os.environ.get("LOCALLOOP_FUZZ_EXAMPLES", "3"))

#: The same, on a gateway: what is edited there in other ways than on a hub.
ON_GATEWAY = max(EXAMPLES // 2, 1)

SCHEMA = schemathesis.openapi.from_dict(document())
OPEN = ["/token", "/login"]
OFFLINE = (
    r"/(items|annotations|annotationtasks|assignments)/\{id\}(/\w+)?$"
    r"|/datasets/\{id\}/(query|items|split|clone|annotations)$"
)


def trying(examples: int) -> settings:
    """How requests are made up: always the same ones, so that a merge is judged on its own change."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("fuzz") / "store", "hub") as world:
        yield world


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("fuzz") / "store", "gateway") as world:
        yield world


def ask(case, world: World) -> None:
    """Send a made-up request, aimed at what is there, and check what comes back."""
    world.mend()
    body = aim(world, case.method, case.path, case.path_parameters, case.body)
    case.body = body
    reply = case.call(base_url=world.hub.gate, headers=world.bearer, timeout=30)
    assert reply.status_code < 500, reply.text
    kind = reply.headers.get("content-type", [""])
    kind = kind[0] if isinstance(kind, list) else kind
    check_answer(case.method, urlsplit(reply.request.url).path, reply.status_code, kind, reply.content)


@SCHEMA.exclude(path=OPEN).parametrize()
@trying(EXAMPLES)
def test_whatever_is_asked_is_answered_as_the_document_says(case, hub):
    ask(case, hub)


@SCHEMA.include(path_regex=OFFLINE).parametrize()
@trying(ON_GATEWAY)
def test_a_gateway_answers_as_the_document_says_too(case, gateway):
    ask(case, gateway)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method.upper(), path)
        for path, item in document()["paths"].items()
        for method in item
        if method != "parameters" and path not in {"/token", "/login"}
    ],
)
def test_without_a_token_everything_is_401(hub, method, path):
    url = hub.hub.gate + path.replace("{", "").replace("}", "")
    reply = requests.request(method, url, timeout=30)
    assert (reply.status_code, reply.json()["status"]) == (401, 401)
