"""The checker finds what is wrong: a check that cannot fail is none."""

from __future__ import annotations

import json
import re
import warnings

import pytest
import requests

from localloop.platform import Transport
from localloop.server import build_app
from localloop.testing.hub import running_hub
from tests.wire.checking import DeviationError, check_answer, check_request, checking, document, operation

ID = "0" * 24
FAILURE = b'{"status": 404, "message": "Not found."}'
COMMAND = {
    "id": ID,
    "url": f"http://x/api/v1/commands/{ID}",
    "status": "success",
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-01-02T03:04:05.678Z",
    "type": "T",
    "progress": 100,
    "spec": {},
}


def answer(method, path, status, body, kind="application/json"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    check_answer(method, f"/api/v1{path}", status, kind, content)


def test_what_is_as_the_document_says_passes():
    answer("GET", f"/commands/{ID}", 200, COMMAND)
    answer("GET", f"/commands/{ID}", 404, FAILURE)
    answer("DELETE", f"/items/{ID}", 204, b"")
    answer("GET", f"/items/{ID}/stream", 206, b"\xff", "image/png")
    answer("GET", "/nowhere", 404, b"")


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", f"/commands/{ID}", 200, {**COMMAND, "id": "x"}),
        ("GET", f"/commands/{ID}", 200, {**COMMAND, "createdAt": "yesterday"}),
        ("GET", f"/commands/{ID}", 200, {key: value for key, value in COMMAND.items() if key != "spec"}),
        ("GET", f"/commands/{ID}", 201, COMMAND),
        ("GET", f"/commands/{ID}", 404, {"error": "?"}),
        ("GET", "/projects", 200, {}),
        (
            "GET",
            "/recipes",
            200,
            {"items": [{}], "totalItemsCount": 1, "totalPagesCount": 1, "hasNextPage": False},
        ),
        ("DELETE", f"/items/{ID}", 204, b"{}"),
        ("GET", "/nowhere", 200, {}),
    ],
)
def test_a_wrong_answer_is_found(method, path, status, body):
    with pytest.raises(DeviationError):
        answer(method, path, status, body)


def test_an_answer_of_another_kind_is_found():
    with pytest.raises(DeviationError, match="not with JSON"):
        answer("GET", f"/commands/{ID}", 200, b"<html>", "text/html")


@pytest.mark.parametrize(
    ("method", "path", "kind", "body"),
    [
        ("POST", "/api/v1/datasets", "application/json", b'{"projects": ["p"]}'),
        ("POST", "/api/v1/datasets", "application/json", b'{"name": "D", "projects": "p"}'),
        ("POST", "/api/v1/datasets", "text/plain", b"D"),
        ("POST", "/api/v1/projects", "application/x-www-form-urlencoded", "title=P"),
        ("GET", "/api/v1/projects", "application/json", b"{}"),
        ("PUT", "/api/v1/datasets", "application/json", b"{}"),
    ],
)
def test_a_wrong_request_is_found(method, path, kind, body):
    with pytest.raises(DeviationError):
        check_request(method, path, kind, body)


def test_the_client_s_own_requests_are_heard_and_others_are_not(tmp_path):
    with running_hub(tmp_path / "hub", {"ann@example.test": "pw"}) as hub, checking():
        transport = Transport(hub.gate)
        log_in = {"type": "user_credentials", "username": "ann@example.test", "password": "pw"}
        assert transport.send("POST", "/token?default", json=log_in).ok
        with pytest.raises(DeviationError, match="is sent"):
            transport.send("POST", "/token?default", json={"user": "ann"})
        transport.close()
        assert requests.post(f"{hub.gate}/token", json={"user": "ann"}, timeout=60).status_code == 400


def test_a_server_s_wrong_answer_is_heard(tmp_path, monkeypatch):
    # No door before this one: what is wrong on purpose must not be told of the tests that come next.
    monkeypatch.setattr("localloop.testing.hub.build_app", build_app)
    monkeypatch.setattr(
        "localloop.server.failures.JSONResponse.render", lambda _self, _content: b'{"oops": 1}'
    )
    with running_hub(tmp_path / "hub") as hub, checking(), pytest.raises(DeviationError, match="'status'"):
        requests.get(f"{hub.api}/users/me", timeout=60)


def test_the_more_precise_path_is_taken():
    found = operation("POST", "/api/v1/datasets/query")
    assert found is not None
    assert found[0] == "/api/v1/datasets/query"


def test_every_reference_in_the_document_leads_somewhere_and_every_schema_is_used():
    said = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document())))
    assert said == set(document()["components"]["schemas"])


def test_the_document_is_one_of_openapi():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what schemathesis itself stands on
        import schemathesis
    schemathesis.openapi.from_dict(document()).validate()
