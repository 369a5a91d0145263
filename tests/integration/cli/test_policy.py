"""``policy``, on a store with a project and a dataset, and one that was synced."""

from __future__ import annotations

import pytest

from tests.integration.sync.harness import Laptop, Platform
from tests.sim.world import VirtualClock


@pytest.fixture
def laptop(home, tmp_path, monkeypatch):
    """A laptop with project P and dataset D that was synced, and another."""
    platform = Platform(VirtualClock())
    here, other = (Laptop(tmp_path, name, platform) for name in ("here", "other"))
    here.found()
    here.add("/a.txt", b"first", x=1)
    here.sync()
    other.clone()
    monkeypatch.setenv("LOCALLOOP_STORE", str(here.store.path))
    here.other = other
    yield here
    here.store.close()
    other.store.close()


def clash(laptop):
    laptop.edit("/a.txt", x="here")
    laptop.other.edit("/a.txt", x="there")
    laptop.other.sync()
    return laptop.sync()


def test_everything_waits_until_a_policy_is_set(ok, laptop):
    assert ok("policy").out.split() == ["POLICY", "FOR", "manual", "everything"]
    assert ok("policy", "--json").json == {"policies": []}


def test_the_list_tells_the_most_specific_first_and_what_is_left(ok, laptop):
    ok("policy", "set", "theirs", "--kind", "item")
    ok("policy", "set", "ours", "--dataset", "P/D")
    ok("policy", "set", "newest", "--field", r"ontology:labels.person\.hand.**")
    ok("policy", "set", "manual", "--dataset", "P/D", "--field", "metadata.user.*")
    lines = [line.split(maxsplit=1) for line in ok("policy").out.splitlines()]
    assert lines[1:] == [
        ["manual", "metadata.user.* in P/D"],
        ["ours", "everything in P/D"],
        ["newest", r"ontology:labels.person\.hand.**"],
        ["theirs", "every item"],
        ["manual", "everything else"],
    ]
    told = ok("policy", "--json").json["policies"]
    assert told[2] == {
        "policy": "newest",
        "kind": "ontology",
        "field": r"labels.person\.hand.**",
        "dataset": None,
        "dataset_id": None,
    }
    assert (told[1]["dataset"], told[1]["dataset_id"]) == ("P/D", laptop.dataset()["id"])


def test_a_policy_that_is_set_decides_the_next_conflict(ok, laptop):
    ran = ok("policy", "set", "theirs")
    assert ran.out == "Policy for everything: theirs.\n"
    assert ran.err == ""
    report = clash(laptop)
    assert report.conflicts_decided == 1
    assert laptop.user("/a.txt")["x"] == "there"
    [row] = ok("conflicts", "--all", "--json").json["conflicts"]
    assert (row["resolution"], row["values"]["mine"]) == ("policy: theirs", "here")


def test_setting_a_policy_says_that_open_conflicts_stay_open(ok, laptop):
    clash(laptop)
    ran = ok("policy", "set", "ours", "--field", "metadata.user.x")
    assert "What is open already stays open" in ran.err
    assert "localloop resolve --all" in ran.err
    told = ok("policy", "set", "theirs", "--field", "metadata.user.x", "--json").json
    assert (told["before"], told["conflicts_open"]) == ("ours", 1)
    assert len(ok("policy", "--json").json["policies"]) == 1


def test_a_policy_is_removed(ok, run, laptop):
    ok("policy", "set", "ours", "--dataset", "P/D", "--kind", "item")
    assert run("policy", "unset", "--dataset", "P/D").code == 3
    ran = ok("policy", "unset", "--kind", "item", "--dataset", "P/D")
    assert ran.out == "No policy for every item in P/D any more; it was ours.\n"
    assert ok("policy", "--json").json == {"policies": []}
    assert "see `localloop policy`" in run("policy", "unset").err


REFUSED = [
    (["mine"], "There is no policy 'mine'; policies are: manual, ours, theirs, newest."),
    (["ours", "--kind", "picture"], "There is no kind 'picture'"),
    (["ours", "--field", "picture:label"], "There is no kind 'picture'"),
    (["ours", "--field", "a..b"], "'a..b' is no path: a key in it is empty."),
    (["ours", "--field", "item:label", "--kind", "annotation"], "give one of them"),
    (["ours", "--dataset", "P"], "A dataset is PROJECT/DATASET, not 'P'."),
    (["ours", "--dataset", "P/None"], "None"),
]


def test_what_is_no_policy_is_refused_in_one_sentence(run, laptop):
    for words, said in REFUSED:
        ran = run("policy", "set", *words)
        assert ran.code != 0, words
        assert said in ran.err
        assert "Traceback" not in ran.err
    assert run("policy", "--json").json == {"policies": []}


def test_a_rule_for_a_dataset_that_is_gone_is_told_and_can_be_replaced(ok, laptop):
    ok("policy", "set", "ours", "--dataset", "P/D")
    dataset = laptop.dataset()["id"]
    ok("rm", "P/D", "--yes")
    laptop.sync(limits=None)
    [told] = ok("policy", "--json").json["policies"]
    assert told["dataset_id"] == dataset
    assert "gone" in told["dataset"]
