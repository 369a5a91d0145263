"""What a store mirrors: all of a project, a dataset, or the items that match a filter. Leaving is never a deletion."""

from __future__ import annotations

import json
from random import Random

import pytest

from localloop.syncing import subscribe
from localloop.testing.narrowing import matching
from localloop_schema.kinds import EntityKind as K
from localloop_sync import comparing, pulling
from localloop_sync.errors import PermanentError
from localloop_sync.ports import Scope
from tests.integration.sync.harness import Laptop, agree
from tests.integration.sync.test_comparing import later

BOTH_WAYS = True

NORTH = {"metadata.user.site": "north"}
SOUTH = {"metadata.user.site": "south"}


def add(platform, path, **user):
    [dataset] = [one for one in platform.entities[K.DATASET].values() if one.document["name"] == "D"]
    document = {"type": "file", "filename": path, "content": {"size": 1}, "metadata": {"user": user}}
    item = platform.add(K.ITEM, document, {K.DATASET: dataset.id}, by="bob@example.test")
    platform.contents[item.id] = b"x"
    platform.annotate(path, f"of {path}")
    return item


def move(platform, path, site):
    """Give an item another site, as another client would."""
    item = platform.at(path)
    platform.edit(K.ITEM, item.id, metadata={"user": {**item.document["metadata"]["user"], "site": site}})


@pytest.fixture
def sites(alone, platform):
    """A dataset with ten items in the north and ten in the south, each with an annotation."""
    alone.sync()
    for number in range(10):
        add(platform, f"/n{number}", site="north")
        add(platform, f"/s{number}", site="south")
    return platform


@pytest.fixture
def north(sites, tmp_path):
    """A laptop that mirrors only the north."""
    laptop = Laptop(tmp_path, "north", sites)
    subscribe(laptop.store, laptop.remote, "P", "D", items=NORTH)
    laptop.sync()
    laptop.sync()
    yield laptop
    laptop.store.close()


def paths(letter, *numbers):
    return [f"/{letter}{number}" for number in (numbers or range(10))]


def unfollowed(laptop):
    names = {row["id"]: row["filename"] for row in laptop.store.rows(K.ITEM)}
    with laptop.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT item_id FROM unfollowed").scalars().all()
    return sorted(names[one] for one in rows)


def refilter(laptop, items, *, content=False):
    row = laptop.dataset()
    laptop.journal.subscribe(row["project_id"], row["id"], content=content, items=items)


def count(laptop):
    """How many requests a sync without changes takes."""
    assert laptop.sync().quiet
    return len(laptop.requests)


def test_only_what_matches_comes_and_only_its_annotations(north):
    assert north.paths() == paths("n")
    assert north.labels() == [f"of /n{number}" for number in range(10)]


def test_only_what_matches_is_asked_for(north):
    north.sync()
    scopes = [args[1] for method, *args in north.requests if method in ("page", "count")]
    assert {scope.where for scope in scopes} == {json.dumps(NORTH)}


def test_what_comes_to_match_comes_with_its_annotations_whatever_their_age(north, sites):
    move(sites, "/s3", "north")
    north.sync()
    assert north.paths() == sorted([*paths("n"), "/s3"])
    assert "of /s3" in north.labels()
    assert north.sync().quiet


def test_what_matches_no_more_stays_and_is_not_asked_for_again(north, sites):
    usual = count(north)
    move(sites, "/n3", "south")
    assert north.sync().deleted_here == {}
    assert (north.paths(), unfollowed(north)) == (paths("n"), ["/n3"])
    assert north.user("/n3")["site"] == "south"  # the edit by which it left
    assert "of /n3" in north.labels()
    assert count(north) == usual
    sites.edit(K.ITEM, sites.at("/n3").id, description="not seen")
    assert north.sync().quiet
    assert not north.item("/n3")["description"]


@pytest.mark.parametrize("sweep", [False, True])
def test_any_number_may_leave_without_a_halt(north, sites, sweep):
    for path in paths("n"):
        move(sites, path, "south")
    for number in range(30):
        add(sites, f"/n1{number}", site="north")
    north.sync()
    for number in range(30):
        move(sites, f"/n1{number}", "south")
    if sweep:
        later(north, pulling.SWEEP_EVERY - 1)
    assert north.sync().deleted_here == {}
    assert len(north.paths()) == len(unfollowed(north)) == 40
    assert north.sync().quiet


def test_what_left_and_comes_back_is_followed_again(north, sites):
    move(sites, "/n3", "south")
    north.sync()
    sites.edit(K.ITEM, sites.at("/n3").id, description="seen later")
    sites.annotate("/n3", "meanwhile")
    move(sites, "/n3", "north")
    north.sync()
    assert (unfollowed(north), north.item("/n3")["description"]) == ([], "seen later")
    assert "meanwhile" in north.labels()


def test_what_is_deleted_there_while_it_matches_goes_here(north, sites):
    sites.remove(K.ITEM, sites.at("/n4").id)
    assert north.sync().deleted_here == {"item": 1, "annotation": 1}
    assert north.paths() == paths("n", 0, 1, 2, 3, 5, 6, 7, 8, 9)


def test_what_is_deleted_there_after_it_left_stays_here(north, sites):
    move(sites, "/n3", "south")
    north.sync()
    sites.remove(K.ITEM, sites.at("/n3").id)
    for _ in range(2):
        assert north.sync().quiet
    later(north, pulling.SWEEP_EVERY - 1)
    assert north.sync().quiet
    assert north.paths() == paths("n")


def test_an_annotation_deleted_there_goes_here_only_when_its_item_is_followed(north, sites):
    move(sites, "/n3", "south")
    north.sync()
    for one in list(sites.entities[K.ANNOTATION].values()):
        if one.document["label"] in ("of /n3", "of /n4"):
            sites.remove(K.ANNOTATION, one.id)
    assert north.sync().deleted_here == {"annotation": 1}
    assert "of /n3" in north.labels()


def test_an_edit_here_of_what_left_there_is_sent_and_then_it_is_followed_no_more(north, sites):
    north.edit("/n3", mine=1)
    move(sites, "/n3", "south")
    north.sync()
    assert sites.at("/n3").document["metadata"]["user"] == {"site": "south", "mine": 1}
    north.sync()
    assert (north.unsent(), unfollowed(north)) == ([], ["/n3"])


def test_an_edit_of_what_is_not_followed_is_compared_with_what_is_there_before_it_is_sent(north, sites):
    move(sites, "/n3", "south")
    north.sync()
    sites.edit(K.ITEM, sites.at("/n3").id, metadata={"user": {"site": "east", "theirs": 2}})
    north.edit("/n3", mine=1, site="west")
    assert north.sync().conflicts_new == 1
    assert sites.at("/n3").document["metadata"]["user"] == {"site": "east", "theirs": 2, "mine": 1}
    assert north.conflict()["path"] == ["metadata", "user", "site"]


def test_an_annotation_on_what_is_not_followed_is_sent(north, sites):
    move(sites, "/n3", "south")
    north.sync()
    north.annotate("/n3", "mine")
    north.sync()
    assert "mine" in sites.labels()
    assert (north.unsent(), unfollowed(north)) == ([], ["/n3"])


@pytest.mark.parametrize("edited", ["the item", "an annotation"])
def test_an_edit_of_what_is_not_followed_and_was_deleted_there_is_a_conflict(north, sites, edited):
    move(sites, "/n3", "south")
    north.sync()
    sites.remove(K.ITEM, sites.at("/n3").id)
    if edited == "the item":
        north.edit("/n3", mine=1)
    else:
        north.annotate("/n3", "mine")
    assert north.sync().conflicts_new == 1
    assert north.conflict()["sort"] == "deleted on the platform"
    assert north.paths() == paths("n")


def test_an_item_made_here_that_does_not_match_is_sent_and_stays(north, sites):
    north.add("/mine", b"x", site="here")
    north.sync()
    assert "/mine" in sites.paths()
    for _ in range(2):
        assert north.sync().deleted_here == {}
    assert (north.paths(), unfollowed(north)) == (sorted(["/mine", *paths("n")]), ["/mine"])


def test_another_filter_brings_what_matches_it_and_deletes_nothing(north):
    refilter(north, SOUTH)
    assert north.sync().deleted_here == {}
    assert (north.paths(), unfollowed(north)) == (sorted(paths("n") + paths("s")), paths("n"))
    assert north.sync().quiet
    refilter(north, {"$or": [NORTH, SOUTH]})
    north.sync()
    assert unfollowed(north) == []


def test_no_filter_any_more_brings_everything(north):
    refilter(north, None, content=True)
    agree(north)
    assert (north.paths(), unfollowed(north)) == (sorted(paths("n") + paths("s")), [])


def test_a_filter_for_a_dataset_that_was_mirrored_whole_deletes_nothing(sites, alone):
    alone.sync()
    refilter(alone, NORTH)
    for _ in range(2):
        assert alone.sync().deleted_here == {}
    assert (alone.paths(), unfollowed(alone)) == (sorted(paths("n") + paths("s")), paths("s"))


def test_the_same_filter_again_lists_nothing_anew(north):
    refilter(north, dict(NORTH))
    north.sync()
    assert [args for method, *args in north.requests if method == "page" and args[2].updated_at is None] == []


def test_a_filter_that_is_refused_stops_its_dataset_alone_and_deletes_nothing(north):
    def before(method, *args):
        if method in ("page", "count") and args[1].where:
            raise PermanentError("The filter is not supported.", status=400)

    north.listen(before)
    report = north.sync()
    assert [one.reason for one in report.rejected] == ["The filter is not supported."]
    assert north.paths() == paths("n")


def test_a_listing_that_is_suddenly_empty_deletes_nothing(north, sites, monkeypatch):
    honest = north.remote._contents_of
    north.remote._contents_of = lambda kind, scope: [] if scope.where else honest(kind, scope)
    assert north.sync().deleted_here == {}
    del north.remote._contents_of
    north.sync()
    assert (north.paths(), unfollowed(north)) == (paths("n"), [])


def test_a_dataset_that_was_left_stays_and_nothing_of_it_is_asked_for(sites, alone):
    agree(alone)
    row = alone.dataset()
    alone.journal.leave(row["project_id"], row["id"])
    sites.remove(K.ITEM, sites.at("/n1").id)
    add(sites, "/new", site="north")
    sites.remove(K.DATASET, row["remote_id"])
    for _ in range(3):
        assert alone.sync().quiet
        assert not [one for one in alone.requests if one[0] == "page"]
    assert len(alone.paths()) == 20


def test_what_is_unsent_in_a_dataset_that_was_left_is_sent_after_a_look(sites, alone):
    agree(alone)
    row = alone.dataset()
    alone.journal.leave(row["project_id"], row["id"])
    sites.edit(K.ITEM, sites.at("/n1").id, metadata={"user": {"site": "east"}})
    alone.edit("/n1", mine=1, site="west")
    alone.annotate("/n2", "mine")
    alone.add("/mine")
    assert alone.sync().conflicts_new == 1
    assert sites.at("/n1").document["metadata"]["user"] == {"site": "east", "mine": 1}
    assert "/mine" in sites.paths()
    assert "mine" in sites.labels()


def test_a_project_that_was_left_is_not_asked_for_and_comes_back_when_wanted(sites, alone):
    agree(alone)
    row = alone.dataset()
    alone.journal.leave(row["project_id"], None)
    add(sites, "/new", site="north")
    sites.remove(K.ITEM, sites.at("/n1").id)
    assert alone.sync().quiet
    assert {one[0] for one in alone.requests} == {"account"}
    alone.journal.subscribe(row["project_id"], None, content=True)
    agree(alone)
    assert "/new" in alone.paths()
    assert "/n1" not in alone.paths()


def test_a_new_dataset_of_a_project_of_which_one_was_left_still_comes(sites, alone):
    agree(alone)
    row = alone.dataset()
    alone.journal.leave(row["project_id"], row["id"])
    [project] = sites.entities[K.PROJECT]
    alone.remote.create(K.DATASET, Scope(project=project), [{"name": "E"}])
    sites.edit(K.DATASET, row["remote_id"], name="renamed there")
    alone.sync()
    assert sorted(one["name"] for one in alone.store.rows(K.DATASET)) == ["D", "E"]


def test_files_are_kept_as_the_dataset_s_own_subscription_says(sites, alone, north):
    alone.sync()
    assert all(alone.bytes(path) == b"x" for path in paths("n"))
    assert all(north.item(path)["digest"] is None for path in paths("n"))
    row = north.dataset()
    move(sites, "/n3", "south")
    north.sync()
    north.journal.subscribe(row["project_id"], row["id"], content=True, items=NORTH)
    north.sync()
    assert [north.item(path)["digest"] is None for path in paths("n", 2, 3, 4)] == [False, True, False]


def test_deletions_among_what_matches_are_found_by_counting(north, sites, monkeypatch):
    monkeypatch.setattr(comparing, "LEAF", 2)
    move(sites, "/n3", "south")
    sites.remove(K.ITEM, sites.at("/n7").id)
    assert north.sync().deleted_here == {"item": 1, "annotation": 1}
    assert (unfollowed(north), "/n7" in north.paths()) == (["/n3"], False)


def one_step(random, north, sites, step):
    """Somebody does something, here or there."""
    there, here = sites.paths(), north.paths()
    sides = ["north", "south"]
    filters = [NORTH, SOUTH, {"$or": [NORTH, SOUTH]}]
    chosen = random.choice(
        [
            lambda: move(sites, random.choice(there), random.choice(sides)),
            lambda: move(sites, random.choice(there), random.choice(sides)),
            lambda: add(sites, f"/new{step}", site=random.choice(sides)),
            lambda: sites.remove(K.ITEM, sites.at(random.choice(there)).id),
            lambda: sites.annotate(random.choice(there), f"theirs {step}"),
            lambda: north.edit(random.choice(here), **{f"k{step}": step}),
            lambda: north.annotate(random.choice(here), f"mine {step}"),
            lambda: refilter(north, random.choice(filters)),
            lambda: north.sync(limits=None),
        ]
    )
    chosen()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_what_is_there_stays_and_what_matches_is_as_it_is_there(
    north, sites, monkeypatch, seed
):
    random = Random(seed)
    monkeypatch.setattr(pulling, "PAGE", 7)
    monkeypatch.setattr(pulling, "SWEEP_EVERY", 4)
    monkeypatch.setattr(comparing, "LEAF", 2)
    for step in range(30):
        before = set(north.paths())
        one_step(random, north, sites, step)
        assert before & set(sites.paths()) <= set(north.paths())
    for _ in range(8):  # a sweep is among them
        north.sync(limits=None)
    assert {row["sort"] for row in north.conflicts()} <= {"deleted on the platform"}
    contested = {row["entity_id"] for row in north.conflicts()}
    below = {row["id"]: row["item_id"] for row in north.store.rows(K.ANNOTATION)}
    # What is below something that waits for a decision waits with it.
    assert {below.get(one["entity_id"], one["entity_id"]) for one in north.unsent()} <= contested
    items = sites.entities[K.ITEM]
    [wanted] = [one for one in north.journal.subscriptions() if one.dataset_id]
    for one in matching(list(items.values()), items, wanted.where):
        assert north.user(one.document["filename"]) == one.document["metadata"]["user"]
    scope = Scope(dataset=north.dataset()["remote_id"], where=wanted.where)
    for kind in (K.ITEM, K.ANNOTATION):
        assert north.journal.known_count(kind, north.dataset()["id"]) == north.remote.count(kind, scope)
