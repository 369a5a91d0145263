"""The measured requests of dtlpy beyond the guide, replayed in order: each gets an answer of the class it got then.

Each is also what the document of the wire says: the document asks nothing that dtlpy does not send.
Where another class is right, the file says ``why``, as it does of the calls that it leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests

from localloop.testing.hub import running_hub
from tests.integration.server.client import Client
from tests.integration.server.commanding import finished
from tests.media import image
from tests.wire.checking import check_request

PROBES = json.loads((Path(__file__).parent / "probe_requests.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def alice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    users = {f"{name}@example.test": "pw" for name in ("alice", "bob", "carol")}
    with running_hub(tmp_path_factory.mktemp("probes") / "store", users) as hub:
        client = Client(hub)
        yield client
        client.close()


def prepared(alice: Client, project: str) -> dict[str, str]:
    """What the requests speak of and did not make themselves: datasets with items in them."""
    known = {}
    for name in "NLTG":
        dataset = alice.dataset(project, name)
        known |= {
            f"{name}_dataset": dataset["id"],
            f"{name}_recipe": dataset["metadata"]["system"]["recipes"][0],
        }
    known["N_item"] = alice.upload(known["N_dataset"], "/i.png", image())["id"]
    known["N_film"] = alice.upload(known["N_dataset"], "/v.webm", b"no real film")["id"]
    known["T_first"] = alice.upload(known["T_dataset"], "/1.txt")["id"]
    known["T_second"] = alice.upload(known["T_dataset"], "/2.txt")["id"]
    for number in range(5):
        alice.upload(known["G_dataset"], f"/{number}.txt")
    known["K_dataset"] = alice.dataset(alice.project("K"), "K")["id"]
    return known


def filled(value: Any, known: dict[str, str]) -> Any:
    """A value with every ``{x}`` replaced."""
    text = json.dumps(value).replace('"$types"', json.dumps(PROBES["types"]))
    for name, found in known.items():
        text = text.replace(f"{{{name}}}", found)
    return json.loads(text)


def send(alice: Client, call: dict[str, Any]) -> requests.Response:
    url = call["path"] if call["path"].startswith("http") else alice.hub.api + call["path"]
    if "query" in call:
        url += f"?{call['query']}"
    how: dict[str, Any] = {key: call[key] for key in ("json",) if key in call}
    if "form" in call:
        how["data"] = call["form"]
    if "upload" in call:
        how["files"] = {name: (None, value) for name, value in call["upload"].items()}
        if "file" in call:
            content = b"x" * call["file"] if isinstance(call["file"], int) else call["file"].encode()
            how["files"]["file"] = (call["upload"]["path"].rpartition("/")[2], BytesIO(content))
    return alice.session.request(call["method"], url, allow_redirects=False, **how)


def settled(alice: Client, reply: requests.Response) -> Any:
    """What a reply says; a command when it is final, since the next requests count on what it did."""
    if not reply.headers.get("Content-Type", "").startswith("application/json"):
        return None
    answer = reply.json()
    if isinstance(answer, dict) and {"spec", "progress", "report"} <= answer.keys():
        return finished(alice, answer)
    return answer


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def test_every_measured_request_is_answered_as_it_was_then(alice: Client):
    known = {"api": alice.hub.api, "gate": alice.hub.gate}
    step, wrong = "", []
    for recorded in PROBES["calls"]:
        step = recorded.get("step", step)
        call = filled(recorded, known)
        if "json" in call and "why" not in call:
            path = call["path"].removeprefix(alice.hub.gate)
            path = path if path == "/token" else f"/api/v1{path}"
            check_request(call["method"], path, "application/json", json.dumps(call["json"]))
        reply = send(alice, call)
        if reply.status_code // 100 != recorded.get("status", 2):
            wrong.append(f"{step}: {call['method']} {call['path']}: {reply.status_code} {reply.text[:200]}")
            continue
        answer = settled(alice, reply)
        known |= {name: at(answer, path) for name, path in call.get("keep", {}).items()}
        if step.startswith("P01"):
            [project] = call["keep"]
            known |= prepared(alice, known[project])
    assert not wrong, "\n".join(wrong)


def test_the_replay_leaves_out_only_what_it_says():
    left = sum(number for one in PROBES["left_out"] for number in one["calls"].values())
    assert (left, len(PROBES["calls"])) == (68, 295)
    assert all(one["why"] for one in PROBES["left_out"])
