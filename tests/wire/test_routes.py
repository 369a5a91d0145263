"""The document names exactly the routes that the server has."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.routing import Mount, Route

from localloop.server import Accounts, build_app
from localloop.store import Store
from tests.wire.checking import document


def routes(tmp_path) -> set[tuple[str, str]]:
    with Store.create(tmp_path / "store") as store:
        app = build_app(store, Accounts.beside(store.path))
    found = set()
    for route in app.routes:
        inner = [(route.path, one) for one in route.routes] if isinstance(route, Mount) else [("", route)]
        for prefix, one in inner:
            assert isinstance(one, Route)
            path = re.sub(r"\{(\w+):\w+\}", r"{\1}", prefix + one.path)
            found |= {(method, path) for method in one.methods or () if method != "HEAD"}
    return found


def test_the_document_names_exactly_the_routes_that_there_are(tmp_path):
    named = {
        (method.upper(), path)
        for path, item in document()["paths"].items()
        for method in item
        if method != "parameters"
    }
    there = routes(tmp_path)
    assert (sorted(there - named), sorted(named - there)) == ([], [])


def test_every_parameter_of_a_path_is_declared():
    for path, item in document()["paths"].items():
        declared = [one["name"] for one in item.get("parameters", ())]
        assert declared == re.findall(r"\{(\w+)\}", path), path


def test_every_call_that_was_measured_is_there():
    """What dtlpy 1.126.5 was seen to send, as paths of the document."""
    measured = (Path(__file__).parent / "recorded.txt").read_text(encoding="utf-8").split("\n")
    calls = [tuple(line.split(" ", 1)) for line in measured if line]
    assert len(calls) > 60
    paths = document()["paths"]
    assert [(method, path) for method, path in calls if method.lower() not in paths.get(path, {})] == []
