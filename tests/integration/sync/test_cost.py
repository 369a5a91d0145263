"""What a sync costs: requests grow with what changed, not with what is there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop.store import work
from localloop.store.labels import upsert_labels
from localloop.store.projects import add_member
from localloop.store.recipes import ontology_of
from localloop.store.tasks import create_task
from localloop_schema.kinds import EntityKind as K
from localloop_sync import pulling
from localloop_sync.ports import Scope
from tests.integration.sync.harness import Laptop, Platform, agree
from tests.sim.world import VirtualClock

#: account; project, members, datasets, ontologies, recipes; then items and annotations: what changed, how many there
#: are, how many changed lately; tasks and assignments.
QUIET = 14

#: By a change feed: account; what the platform offers; what changed.
QUIET_BY_FEED = 3


def fill(platform, number, *, spread=timedelta()):
    """Put items into the one dataset, as another client would."""
    [dataset] = platform.entities[K.DATASET]
    for index in range(number):
        platform.clock.moment += spread
        document = {"type": "file", "filename": f"/{index}.txt", "content": {"size": 1}}
        item = platform.add(K.ITEM, document, {K.DATASET: dataset}, by="bob@example.test")
        platform.contents[item.id] = b"x"


@pytest.mark.parametrize("number", [10, 500])
def test_a_sync_without_changes_costs_the_same_however_much_there_is(alone, platform, number):
    alone.sync()
    fill(platform, number)
    alone.sync(content=False)
    report = alone.sync(content=False)
    assert report.quiet
    assert len(alone.requests) == QUIET


@pytest.mark.parametrize("number", [10, 500])
def test_by_a_feed_it_costs_three_requests_and_a_page_of_changes_one_more(tmp_path, number):
    platform = Platform(VirtualClock(), feed=True)
    platform.feed.largest = 100
    alone = Laptop(tmp_path, "a", platform)
    alone.found()
    alone.sync()
    alone.sync(content=False)
    fill(platform, number)
    alone.sync(content=False)
    assert len(alone.requests) == QUIET_BY_FEED + -(-number // 100) - 1
    report = alone.sync(content=False)
    assert report.quiet
    assert len(alone.requests) == QUIET_BY_FEED
    alone.store.close()


def test_a_recipe_that_datasets_share_is_fetched_once(alone, platform):
    alone.sync()
    [project] = platform.entities[K.PROJECT]
    [recipe] = platform.entities[K.RECIPE]
    for number in range(5):
        alone.remote.create(K.DATASET, Scope(project=project), [{"name": f"E{number}", "recipes": [recipe]}])
    alone.sync()
    alone.sync()
    got = [args[0] for method, *args in alone.requests if method == "get"]
    assert sorted(got) == [K.ONTOLOGY, K.PROJECT, K.RECIPE]


def test_one_change_costs_one_request_more(pair):
    agree(pair.a, pair.b)
    pair.a.edit("/a.txt", x=2)
    pair.a.sync()
    assert len(pair.a.requests) == QUIET + 1
    pair.b.sync()
    assert len(pair.b.requests) == QUIET


def test_many_new_annotations_of_an_item_go_in_batches(alone):
    alone.add("/a.txt")
    alone.sync()
    alone.annotate("/a.txt", *[f"l{number}" for number in range(250)])
    alone.sync()
    assert alone.calls["create"] == 3


def test_new_labels_of_an_ontology_go_in_one_request(alone):
    alone.sync()
    with alone.store.transaction("label") as tx:
        ontology = ontology_of(tx.connection, tx.row(K.DATASET, alone.dataset()["id"]))
        upsert_labels(tx, ontology, [{"tag": f"l{number}"} for number in range(20)])
    alone.sync()
    assert alone.calls["update"] == 1


def test_statuses_of_items_that_change_alike_go_in_one_request(alone):
    for number in range(12):
        alone.add(f"/{number}.txt")
    with alone.store.transaction("give") as tx:
        create_task(tx, tx.row(K.DATASET, alone.dataset()["id"]), "T", {}, assignee_ids=["ann@example.test"])
    agree(alone)
    with alone.store.transaction("work") as tx:
        rows = tx.rows(K.ITEM)
        work.set_item_status(tx, tx.rows(K.TASK)[0], rows[:8], "completed")
        work.set_item_status(tx, tx.rows(K.TASK)[0], rows[8:], "approved")
    alone.sync()
    assert (alone.calls["assign"], alone.calls["several"]) == (2, 1)


def test_members_go_one_by_one(alone):
    alone.sync()
    with alone.store.transaction("invite") as tx:
        for name in "bcd":
            add_member(tx, tx.rows(K.PROJECT)[0], f"{name}@example.test", "annotator")
    alone.sync()
    assert alone.calls["create"] == 3


def test_paths_of_new_files_are_looked_up_many_at_a_time(alone):
    alone.sync()
    for number in range(70):
        alone.add(f"/{number}.txt")
    alone.sync()
    assert (alone.calls["find"], alone.calls["upload"]) == (2, 70)


@pytest.mark.parametrize(("number", "pages"), [(10, 1), (11, 2), (35, 4)])
def test_a_first_pull_takes_one_request_a_page(alone, platform, tmp_path, monkeypatch, number, pages):
    monkeypatch.setattr(pulling, "PAGE", 10)
    alone.sync()
    fill(platform, number, spread=timedelta(minutes=2))
    fresh = Laptop(tmp_path, "b", platform)
    fresh.clone()
    by_id = [
        one for one in fresh.requests if one[0] == "page" and one[1] is K.ITEM and one[3].updated_at is None
    ]
    delta = [one for one in fresh.requests if one[0] == "page" and one[1] is K.ITEM and one[3].updated_at]
    assert len(by_id) == pages
    assert len(delta) == 1
    assert {one[4] for one in by_id} == {10}  # no page is larger, whatever there is
    assert len(fresh.paths()) == number
    fresh.store.close()


def test_a_page_is_a_thousand():
    assert pulling.PAGE == 1000


def test_equal_counts_hide_a_pair_only_until_the_next_sweep(alone, platform, monkeypatch):
    monkeypatch.setattr(pulling, "SWEEP_EVERY", 3)
    alone.sync()
    fill(platform, 3)
    alone.sync()
    platform.clock.moment += timedelta(hours=1)
    gone = platform.at("/0.txt")
    old = platform.at("/1.txt")
    platform.remove(K.ITEM, gone.id)
    # One that appears with an old timestamp, as a late index shows it, makes the counts equal.
    twin = platform.add(K.ITEM, {**old.document, "filename": "/late.txt"}, old.parents, by="bob@example.test")
    platform.contents[twin.id] = b"x"
    platform.entities[K.ITEM][twin.id] = type(twin)(
        twin.kind,
        twin.id,
        twin.document,
        twin.parents,
        {**twin.facts, "updated_at": "2025-01-01T00:00:00.000Z"},
    )
    for _ in range(3):
        alone.sync()
    assert alone.paths() == ["/1.txt", "/2.txt", "/late.txt"]


def test_an_annotation_that_is_listed_before_its_item_comes_in(alone, platform):
    alone.sync()
    fill(platform, 1)
    listing = alone.remote._contents_of
    calls = []

    def late(kind, scope):
        calls.append(kind)
        found = listing(kind, scope)
        return [] if kind is K.ITEM else found

    platform.annotate("/0.txt", "cat")
    alone.remote._contents_of = late
    alone.sync()
    assert alone.labels() == ["cat"]
    assert alone.paths() == ["/0.txt"]
