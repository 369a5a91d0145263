"""What the platform refused: why, when it is tried again, and doing so at once."""

from __future__ import annotations

import re

import pytest

from localloop.testing.faults import Fault, FaultProxy, Rule, Schedule
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind

ANN = "ann@example.test"
FORBIDDEN = Schedule((Rule(Fault.FORBIDDEN, method="POST", path="*/datasets/*/items", times=1),))


@pytest.fixture
def refused(tmp_path, run, ok, photos, monkeypatch):
    """Three files, one of which was refused; gives the proxy."""
    with (
        running_hub(tmp_path / "hub", {ANN: "ann's"}) as hub,
        FaultProxy(hub.gate, schedule=FORBIDDEN) as proxy,
    ):
        proxy.hub = hub
        ok("init", "--device", "laptop")
        ok("add", photos, "--to", "Fruit/Apples", "--create")
        monkeypatch.setenv("LOCALLOOP_PASSWORD", "ann's")
        ok("login", "--gate", proxy.gate, "--email", ANN)
        assert run("sync", "--workers", "1").code == 9
        yield proxy


def test_the_status_tells_why_and_when_it_is_tried_again(ok, refused):
    said = ok("status").out
    assert "You may not do this." in said
    assert re.search(r"\(a sync in 5\d minutes or later tries it again\)", said)
    assert "`localloop retry`" in said
    [told] = ok("status", "--json").json["rejected"]
    assert told["tries"] == 1
    assert told["next_try"] > ok("status", "--json").json["last_sync"]["at"]


def test_a_sync_does_not_try_it_again_before_and_still_says_so(run, refused):
    again = run("sync", "--json")
    assert (again.code, again.json["refused"], again.json["unsent"]) == (9, 1, 0)
    assert len(refused.faults) == 1


@pytest.mark.parametrize("by", ["id", "place", "all"])
def test_it_goes_with_the_next_sync_when_told_to(ok, refused, by):
    [told] = ok("status", "--json").json["rejected"]
    word = {"id": told["id"], "place": f"Fruit/Apples{told['name']}", "all": "--all"}[by]
    assert ok("retry", word).out == "1 refused edit will go with the next sync.\n"
    assert ok("sync", "--json").json["unsent"] == 0
    assert len(refused.hub.store.rows(EntityKind.ITEM, type="file")) == 3
    assert ok("retry", "--all", "--json").json == {"retried": 0}


def test_what_was_not_refused_cannot_be_tried_again(run, refused):
    nothing = run("retry", "Fruit")
    assert nothing.code == 3
    assert "Nothing of that was refused." in nothing.err
    assert run("retry").code == run("retry", "Fruit", "--all").code == 2
