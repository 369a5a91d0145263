"""Pulling by a change feed: it costs what changed, and comes to what a plain pull comes to."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from localloop.errors import MassDeletionHalt
from localloop.store.datasets import create_dataset
from localloop.store.fsck import Level, check
from localloop.syncing import subscribe
from localloop.testing.feed import ChangeLog
from localloop_schema.kinds import EntityKind as K
from localloop_sync import pulling
from tests.integration.sync.harness import Laptop, Platform, agree
from tests.integration.sync.test_cost import fill
from tests.integration.sync.test_work import ANN, entry, give
from tests.sim.world import PowerCut, VirtualClock


@pytest.fixture
def platform() -> Platform:
    return Platform(VirtualClock(), feed=True)


def asked(laptop) -> list[str]:
    return [one[0] for one in laptop.requests]


def position(laptop):
    [project] = laptop.store.rows(K.PROJECT, name="P")
    return laptop.journal.position(project["id"])


def dataset_there(platform, name):
    """A dataset that another client makes in the project."""
    [project] = platform.entities[K.PROJECT]
    return platform.add(K.DATASET, {"name": name}, {K.PROJECT: project}, by="bob@example.test")


def item_there(platform, dataset, path):
    document = {"type": "file", "filename": path, "content": {"size": 1}}
    item = platform.add(K.ITEM, document, {K.DATASET: dataset}, by="bob@example.test")
    platform.contents[item.id] = b"x"
    return item


def test_the_first_pull_is_plain_and_the_next_ones_ask_only_what_changed(pair):
    agree(pair.a, pair.b)
    pair.b.sync()
    assert asked(pair.b) == ["account", "feed", "changes"]
    pair.a.edit("/a.txt", x=2)
    pair.a.sync()
    pair.b.sync()
    assert asked(pair.b) == ["account", "feed", "changes"]
    assert pair.b.user("/a.txt") == {"x": 2, "y": 1}


@pytest.mark.parametrize("datasets", [1, 7])
def test_a_sync_without_changes_costs_the_same_however_many_datasets_there_are(alone, platform, datasets):
    alone.sync()
    for number in range(datasets):
        item_there(platform, dataset_there(platform, f"E{number}").id, "/x.txt")
    alone.sync()
    assert len(alone.store.rows(K.DATASET)) == datasets + 1
    report = alone.sync()
    assert report.quiet
    assert len(alone.requests) == 3


def test_everything_that_changes_there_arrives(pair):
    a, b = pair.a, pair.b
    agree(a, b)
    a.add("/new.txt", b"new")
    a.annotate("/new.txt", "fox")
    a.move("/a.txt", "/b.txt")
    a.put("/b.txt", b"second")
    a.sync()
    b.sync()
    assert "page" not in asked(b)
    assert b.paths() == ["/b.txt", "/new.txt"]
    assert b.labels() == ["cat", "dog", "fox"]
    assert b.bytes("/b.txt") == b"second"
    a.delete("/new.txt")
    a.sync()
    b.sync()
    assert (b.paths(), b.labels()) == (["/b.txt"], ["cat", "dog"])
    agree(a, b)


def test_members_and_tasks_come_and_go(alone, platform):
    alone.add("/a.txt")
    alone.sync()
    alone.sync()
    [project] = platform.entities[K.PROJECT]
    bob = {"email": "bob@example.test", "role": "annotator"}
    name = f"{project}/bob@example.test"
    platform.add(K.MEMBER, bob, {K.PROJECT: project}, by="bob@example.test", entity_id=name)
    [dataset] = platform.entities[K.DATASET]
    parents = {K.PROJECT: project, K.DATASET: dataset}
    task = platform.add(K.TASK, {"name": "T"}, parents, by="bob@example.test")
    share = {"name": "T (bob)", "annotator": "bob@example.test"}
    platform.add(K.ASSIGNMENT, share, {**parents, K.TASK: task.id}, by="bob@example.test")
    alone.sync()
    assert "list" not in asked(alone)
    assert [row["name"] for row in alone.store.rows(K.TASK)] == ["T"]
    assert [row["annotator"] for row in alone.store.rows(K.ASSIGNMENT)] == ["bob@example.test"]
    platform.remove(K.TASK, task.id)
    platform.remove(K.MEMBER, name)
    alone.sync()
    assert alone.store.rows(K.TASK) == alone.store.rows(K.ASSIGNMENT) == []
    assert [row["email"] for row in alone.store.rows(K.MEMBER)] == ["alice@example.test"]


def test_an_assignment_may_come_a_page_before_its_task(alone, platform):
    alone.add("/a.txt")
    alone.sync()
    alone.sync()
    platform.feed.largest = 1
    [project], [dataset] = platform.entities[K.PROJECT], platform.entities[K.DATASET]
    parents = {K.PROJECT: project, K.DATASET: dataset}
    task = platform.add(K.TASK, {"name": "T"}, parents, by="bob@example.test")
    share = {"name": "T (bob)", "annotator": "bob@example.test"}
    platform.add(K.ASSIGNMENT, share, {**parents, K.TASK: task.id}, by="bob@example.test")
    platform.edit(K.TASK, task.id, priority=1)
    alone.sync()
    assert [row["annotator"] for row in alone.store.rows(K.ASSIGNMENT)] == ["bob@example.test"]
    assert [row["priority"] for row in alone.store.rows(K.TASK)] == [1]


def test_an_item_may_come_a_page_before_the_task_that_it_names(pair):
    agree(pair.a, pair.b)
    pair.platform.feed.largest = 1
    give(pair.a, "T", "/a.txt")
    agree(pair.a)
    for kind in (K.ASSIGNMENT, K.TASK):
        for one in list(pair.platform.entities[kind].values()):
            pair.platform.feed.append(one)
    pair.b.sync()
    assert entry(pair.b, "/a.txt") == [ANN, None]
    agree(pair.a, pair.b)


def test_a_recipe_that_changes_brings_the_ontology_that_it_names_now(alone, platform):
    alone.sync()
    [project], [recipe] = platform.entities[K.PROJECT], platform.entities[K.RECIPE]
    other = platform.add(K.ONTOLOGY, {"title": "Other"}, {K.PROJECT: project}, by="bob@example.test")
    alone.sync()
    assert "Other" not in [row["title"] for row in alone.store.rows(K.ONTOLOGY)]
    platform.edit(K.RECIPE, recipe, ontologies=[other.id])
    alone.sync()
    [ours] = alone.store.rows(K.ONTOLOGY, title="Other")
    assert [row["ontologies"] for row in alone.store.rows(K.RECIPE)] == [[ours["id"]]]


class TestDeletions:
    def test_many_at_once_halt_however_they_are_paged(self, alone, platform):
        alone.sync()
        fill(platform, 100)
        alone.sync()
        platform.feed.largest = 5
        before = position(alone).place
        for number in range(30):
            platform.remove(K.ITEM, platform.at(f"/{number}.txt").id)
        platform.edit(K.ITEM, platform.at("/99.txt").id, description="seen")
        for _ in range(2):
            with pytest.raises(MassDeletionHalt) as halt:
                alone.sync()
        assert len(halt.value.entities) == 30
        assert len(alone.paths()) == 100
        assert alone.item("/99.txt")["description"] == "seen"
        assert position(alone).place == before
        alone.sync(limits=None)
        assert len(alone.paths()) == 70

    def test_an_edit_here_stands_against_them(self, pair):
        agree(pair.a, pair.b)
        pair.a.delete("/a.txt")
        pair.a.sync()
        pair.b.edit("/a.txt", x=7)
        pair.b.sync()
        assert pair.b.conflict()["sort"] == "deleted on the platform"
        assert pair.b.user("/a.txt")["x"] == 7
        pair.b.sync()
        assert len(pair.b.conflicts()) == 1

    def test_a_dataset_with_anything_in_it_is_not_deleted_unasked(self, alone, platform):
        alone.sync()
        fill(platform, 2)
        alone.sync()
        [dataset] = platform.entities[K.DATASET]
        platform.remove(K.DATASET, dataset)
        with pytest.raises(MassDeletionHalt):
            alone.sync()
        assert len(alone.paths()) == 2
        alone.sync(limits=None)
        assert alone.store.rows(K.DATASET) == []

    def test_losing_sight_of_a_project_is_not_one(self, alone, platform):
        alone.sync()
        fill(platform, 2)
        alone.sync()
        [project] = platform.entities[K.PROJECT]
        platform.entities[K.PROJECT].pop(project)  # it is there, and not shown any more
        with pytest.raises(MassDeletionHalt, match="does not show it to you"):
            alone.sync()
        assert len(alone.paths()) == 2


class TestSubscriptions:
    def test_one_dataset_of_many_stays_one(self, alone, platform, tmp_path):
        alone.sync()
        other = dataset_there(platform, "E").id
        b = Laptop(tmp_path, "b", platform)
        subscribe(b.store, b.remote, "P", "D", content=True)
        b.sync()
        item_there(platform, other, "/not-mine.txt")
        item_there(platform, alone.dataset()["remote_id"], "/0.txt")
        b.sync()
        [(_, _, _, datasets, _)] = [one[:5] for one in b.requests if one[0] == "changes"]
        assert len(datasets) == 1
        assert b.paths() == ["/0.txt"]
        assert [row["name"] for row in b.store.rows(K.DATASET)] == ["D"]
        subscribe(b.store, b.remote, "P", content=True)
        b.sync()
        assert b.paths() == ["/0.txt", "/not-mine.txt"]
        b.store.close()

    def test_what_is_in_a_new_dataset_comes_even_if_the_listing_was_cut_short(self, alone, platform):
        alone.sync()
        alone.sync()
        platform.feed.largest = 1
        other = dataset_there(platform, "E")
        item_there(platform, other.id, "/x.txt")
        platform.edit(K.DATASET, other.id, name="F")  # now it comes a page after what is in it

        def cut(method, *args):
            if method == "page":
                raise PowerCut("here")

        alone.listen(before=cut)
        with pytest.raises(PowerCut):
            alone.sync()
        alone.listen()
        alone.sync()
        assert alone.paths() == ["/x.txt"]
        alone.sync()
        assert asked(alone) == ["account", "feed", "changes"]

    def test_a_dataset_that_is_found_by_its_name_is_read_whole(self, alone, platform, tmp_path):
        alone.sync()
        b = Laptop(tmp_path, "b", platform)
        subscribe(b.store, b.remote, "P", "D", content=True)
        b.sync()
        item_there(platform, dataset_there(platform, "E").id, "/there.txt")
        b.sync()
        assert b.paths() == []
        [project] = b.store.rows(K.PROJECT)
        with b.store.transaction("found") as tx:
            create_dataset(tx, project, "E")
        b.sync()
        assert "changes" in asked(b)
        assert b.paths() == ["/there.txt"]
        b.store.close()


class TestPositions:
    def test_one_that_is_not_known_any_more_means_a_plain_pull(self, pair):
        agree(pair.a, pair.b)
        pair.platform.feed.epoch = "put back"
        pair.a.edit("/a.txt", x=5)
        pair.a.sync()
        pair.b.sync()
        assert {"changes", "head", "page"} <= set(asked(pair.b))
        assert pair.b.user("/a.txt")["x"] == 5
        pair.b.sync()
        assert asked(pair.b) == ["account", "feed", "changes"]

    def test_a_platform_that_stops_telling_is_asked_again_and_one_that_begins_is_heard(self, pair):
        agree(pair.a, pair.b)
        log, pair.platform.feed = pair.platform.feed, None
        pair.a.edit("/a.txt", x=5)
        pair.a.sync()
        pair.b.sync()
        assert pair.b.user("/a.txt")["x"] == 5
        assert "feed" not in asked(pair.b)
        pair.platform.feed = log
        log.append(pair.platform.at("/a.txt"))
        pair.a.edit("/a.txt", x=6)
        pair.a.sync()
        pair.b.sync()
        assert pair.b.user("/a.txt")["x"] == 6

    def test_a_store_with_the_checkpoints_of_before_goes_on_from_them(self, tmp_path):
        platform = Platform(VirtualClock())
        older = Laptop(tmp_path, "a", platform)
        older.found()
        older.add("/a.txt")
        for _ in range(3):
            older.sync()
        assert position(older) is None
        platform.feed = ChangeLog()
        for kind in K:
            for one in platform.entities[kind].values():
                platform.feed.append(one)
        older.sync()
        assert [one for one in older.requests if one[0] == "page" and one[3].updated_at is None] == []
        [project] = platform.entities[K.PROJECT]
        assert position(older).place == older.remote.feed().head(project)
        older.sync()
        assert asked(older) == ["account", "feed", "changes"]
        older.store.close()

    def test_every_fiftieth_pull_does_without_the_feed(self, alone, platform, monkeypatch):
        monkeypatch.setattr(pulling, "SWEEP_EVERY", 2)
        alone.sync()
        plain = []
        for _ in range(6):
            alone.sync()
            plain.append("page" in asked(alone))
        assert plain == [True, False, False, True, False, False]

    def test_the_one_without_the_feed_is_a_sweep(self, alone, platform, monkeypatch):
        alone.sync()
        alone.sync()
        fill(platform, 3)
        alone.sync()
        monkeypatch.setattr(pulling, "SWEEP_EVERY", 2)
        # Neither the feed nor a count shows that one went while another came.
        twin = platform.at("/1.txt")
        del platform.entities[K.ITEM][twin.id]
        moved = {**twin.document, "filename": "/other.txt"}
        platform.entities[K.ITEM]["f" * 24] = replace(twin, id="f" * 24, document=moved)
        platform.contents["f" * 24] = b"x"
        assert alone.sync().quiet
        assert alone.sync().deleted_here == {"item": 1}
        assert alone.paths() == platform.paths()

    def test_it_moves_with_what_was_read_and_not_before(self, alone, platform):
        alone.sync()
        alone.sync()
        platform.feed.largest = 2
        fill(platform, 6)
        pages = []

        def third(method, *args):
            if method == "changes":
                pages.append(args[1].seq)
                if len(pages) == 3:
                    raise PowerCut("here")

        alone.listen(before=third)
        with pytest.raises(PowerCut):
            alone.sync()
        assert alone.paths() == [f"/{number}.txt" for number in range(4)]
        assert position(alone).place.seq == pages[2]
        alone.listen()
        alone.sync()
        assert len(alone.paths()) == 6


@pytest.mark.parametrize("call", range(1, 9))
def test_killed_at_any_request_or_reply_it_goes_on(pair, call):
    a, b = pair.a, pair.b
    agree(a, b)
    pair.platform.feed.largest = 2
    a.add("/new.txt", b"new")
    a.annotate("/new.txt", "fox", "hen", "owl")
    a.annotate("/a.txt", "ant")
    a.delete("/a.txt")
    a.sync(limits=None)
    number = 0

    def die(*_):
        nonlocal number
        number += 1
        if number == call:
            raise PowerCut("here")

    b.remote.after = die
    with suppress(PowerCut):
        b.sync(limits=None)
    b.listen()
    assert [one for one in check(b.store) if one.level is not Level.INFO] == []
    agree(a, b)
