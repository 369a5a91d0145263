"""Whatever is asked, the server answers as the document says: never a 5xx, never without an end.

``make fuzz`` asks more: ``LOCALLOOP_FUZZ_EXAMPLES`` is how many requests each call is tried with.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

import pytest
import requests
from hypothesis import HealthCheck, Phase, settings

from localloop.testing.hub import Hub, running_hub
from tests.wire.checking import check_answer, document

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of what schemathesis itself stands on
    import schemathesis

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the same
]

EXAMPLES = int(os.environ.get("LOCALLOOP_FUZZ_EXAMPLES", "8"))
OWNER = "owner@example.test"

SCHEMA = schemathesis.openapi.from_dict(document())


class World:
    """A hub with one of everything, and its owner's bearer."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        body = {"type": "user_credentials", "username": OWNER, "password": "pw"}
        reply = requests.post(f"{hub.gate}/token?default", json=body, timeout=60)
        self.bearer = {"Authorization": f"Bearer {reply.json()['id_token']}"}
        project = self.ask("POST", "/projects", data={"name": "P"})["id"]
        dataset = self.ask("POST", "/datasets", json={"name": "D", "projects": [project]})["id"]
        files = {"type": (None, "file"), "path": (None, "/a.txt"), "file": ("a.txt", b"abc")}
        item = self.ask("POST", f"/datasets/{dataset}/items", files=files)["id"]
        self.ask("POST", f"/items/{item}/annotations", json={"type": "class", "label": "cat"})
        self.ids = {"datasets": dataset, "items": item, "projects": project}

    def ask(self, method: str, path: str, **how):
        reply = requests.request(method, self.hub.api + path, headers=self.bearer, timeout=60, **how)
        assert reply.ok, reply.text
        return reply.json()


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    with running_hub(tmp_path_factory.mktemp("fuzz") / "store", {OWNER: "pw"}) as hub:
        yield World(hub)


def calm(case, world):
    """Aim half of the requests at something that is there; a made-up id only ever meets a 404."""
    kind = case.path.split("/")[3] if case.path.startswith("/api/v1/") else ""
    if kind in world.ids and len(str(case.path_parameters.get("id", ""))) % 2:
        case.path_parameters["id"] = world.ids[kind]
    if "dataset" in case.path_parameters:
        case.path_parameters["dataset"] = world.ids["datasets"]
    return case


@SCHEMA.exclude(path=["/token", "/login"]).parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_asked_is_answered_as_the_document_says(case, world):
    keep = case.method == "DELETE" and "/annotations/" not in case.path
    case = case if keep else calm(case, world)  # what all others need is not deleted
    reply = case.call(base_url=world.hub.gate, headers=world.bearer, timeout=30)
    assert reply.status_code < 500, reply.text
    kind = reply.headers.get("content-type", [""])
    kind = kind[0] if isinstance(kind, list) else kind
    check_answer(case.method, case.path, reply.status_code, kind, reply.content)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method.upper(), path)
        for path, item in document()["paths"].items()
        for method in item
        if method != "parameters" and path not in {"/token", "/login"}
    ],
)
def test_without_a_token_everything_is_401(world, method, path):
    url = world.hub.gate + path.replace("{", "").replace("}", "")
    reply = requests.request(method, url, timeout=30)
    assert (reply.status_code, reply.json()["status"]) == (401, 401)
