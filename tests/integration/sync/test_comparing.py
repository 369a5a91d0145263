"""Deletions on a plain platform are found by counting, and an id decides; a sweep finds what counts hide."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop.errors import MassDeletionHalt
from localloop_schema.kinds import EntityKind as K
from localloop_sync import comparing, pulling
from localloop_sync.ports import Scope, Span
from tests.integration.sync.harness import agree
from tests.integration.sync.test_cost import QUIET, fill

#: What every pull gets by itself: the project, a recipe and an ontology.
GOT = 3

LONG_AGO = "2020-01-01T00:00:00.000Z"


@pytest.fixture
def many(alone, platform):
    """A laptop that knows 200 items of the platform; what is small is cut further than usual."""
    alone.sync()
    fill(platform, 200, spread=timedelta(hours=1))
    alone.sync(content=False)
    alone.sync(content=False)
    return alone


@pytest.fixture(autouse=True)
def small_leaves(monkeypatch):
    monkeypatch.setattr(comparing, "LEAF", 4)


def put_back(platform, path):
    """An item that no delta shows: it comes with a time that is long past."""
    [dataset] = platform.entities[K.DATASET]
    document = {"type": "file", "filename": path, "content": {"size": 1}}
    item = platform.add(K.ITEM, document, {K.DATASET: dataset}, by="bob", facts={"updated_at": LONG_AGO})
    platform.contents[item.id] = b"x"
    return item


def later(laptop, pulls):
    """As if a laptop had pulled so often."""
    for kind in (K.ITEM, K.ANNOTATION):
        mark = laptop.journal.mark(laptop.dataset()["id"], kind)
        laptop.journal.observe(kind, [], pulling.replace(mark, pulls=pulls))


def test_one_deletion_costs_a_few_counts_one_short_listing_and_a_look_by_id(many, platform):
    platform.remove(K.ITEM, platform.at("/77.txt").id)
    report = many.sync(content=False)
    assert report.deleted_here == {"item": 1}
    # 200 are cut in two until there are no more than four.
    assert len(many.requests) == QUIET + 6 + 1 + 1 + 1
    assert (many.calls["several"], many.calls["get"]) == (1, 1 + GOT)
    listings = [args[3] for method, *args in many.requests if method == "page" and args[2].updated_at is None]
    assert listings == [3]  # two that are there, and the one after them
    assert many.paths() == platform.paths()


def test_what_is_there_and_was_missed_is_taken_in(many, platform):
    put_back(platform, "/missed.txt")
    many.sync(content=False)
    assert many.paths() == platform.paths()


def test_several_differences_are_found_in_one_pull(many, platform):
    for number in (3, 90, 91, 92, 150):
        platform.remove(K.ITEM, platform.at(f"/{number}.txt").id)
    assert many.sync(content=False).deleted_here == {"item": 5}
    assert many.paths() == platform.paths()


def test_a_deletion_that_hides_behind_a_creation_is_found_by_the_sweep(many, platform):
    platform.remove(K.ITEM, platform.at("/77.txt").id)
    put_back(platform, "/missed.txt")
    assert many.sync(content=False).quiet
    later(many, pulling.SWEEP_EVERY - 1)
    report = many.sync(content=False)
    assert report.deleted_here == {"item": 1}
    assert many.paths() == platform.paths()


@pytest.mark.parametrize(("page", "asked"), [(1000, 1), (50, 4)])
def test_a_sweep_lists_nothing_and_counts_a_page_of_ids_with_one_request(many, monkeypatch, page, asked):
    monkeypatch.setattr(pulling, "PAGE", page)
    later(many, pulling.SWEEP_EVERY - 1)
    many.sync(content=False)  # the first sweep looks at the times of what there was before as well
    later(many, pulling.SWEEP_EVERY - 1)
    many.sync(content=False)
    assert many.calls["present"] == asked
    assert len(many.requests) == QUIET + asked


def test_thousands_that_are_gone_are_not_asked_for_one_by_one(many, platform, monkeypatch):
    monkeypatch.setattr(comparing, "PROOFS", 10)
    for number in range(150):
        platform.remove(K.ITEM, platform.at(f"/{number}.txt").id)
    many.sync(content=False, limits=None)
    assert many.paths() == platform.paths()
    assert 8 <= many.calls["get"] - GOT <= 10
    assert many.calls["several"] == 1


def silent_about(laptop, platform, hidden):
    """An index that has lost some items, which are there all the same."""
    honest = laptop.remote._contents_of

    def shown(kind, scope):
        return [one for one in honest(kind, scope) if one.document.get("filename") not in hidden]

    laptop.remote._contents_of = shown


@pytest.mark.parametrize("number", [1, 18])
def test_what_a_query_is_silent_about_but_is_there_by_its_id_stays(many, platform, monkeypatch, number):
    monkeypatch.setattr(comparing, "PROOFS", 5)
    before = many.dump()["items"]
    silent_about(many, platform, {f"/{one}.txt" for one in range(20, 20 + number)})
    assert many.sync(content=False).deleted_here == {}
    assert many.dump()["items"] == before


def test_one_that_is_there_by_its_id_has_all_the_others_asked_for(many, platform, monkeypatch):
    monkeypatch.setattr(comparing, "PROOFS", 5)
    hidden = {f"/{one}.txt" for one in range(20, 38)}
    gone = {f"/{one}.txt" for one in range(22, 38) if one % 2}
    for path in gone:
        platform.remove(K.ITEM, platform.at(path).id)
    silent_about(many, platform, hidden)
    assert many.sync(content=False).deleted_here == {"item": len(gone)}
    assert many.paths() == platform.paths()


def test_more_than_the_limits_allow_halts_before_each_is_asked_for(many, platform):
    for number in range(100, 150):
        platform.remove(K.ITEM, platform.at(f"/{number}.txt").id)
    with pytest.raises(MassDeletionHalt) as halt:
        many.sync(content=False)
    assert len(halt.value.entities) == 50
    assert many.calls["get"] == GOT
    assert len(many.paths()) == 200


def test_what_is_written_while_it_is_counted_costs_nothing_that_is_there(many, platform):
    removed = iter(range(60, 80))

    def before(method, *args):
        if method == "count" and args[0] is K.ITEM and (number := next(removed, None)) is not None:
            platform.remove(K.ITEM, platform.at(f"/{number}.txt").id)
            put_back(platform, f"/new{number}.txt")

    platform.remove(K.ITEM, platform.at("/10.txt").id)
    many.listen(before)
    many.sync(content=False)
    assert set(many.paths()) >= set(platform.paths()) - {f"/new{one}.txt" for one in range(60, 80)}
    many.listen()
    later(many, pulling.SWEEP_EVERY - 1)
    agree(many)


def test_annotations_are_compared_like_items(many, platform):
    for number in range(30):
        platform.annotate(f"/{number}.txt", f"l{number}")
    many.sync(content=False)
    [one] = [one for one in platform.entities[K.ANNOTATION].values() if one.document["label"] == "l7"]
    platform.remove(K.ANNOTATION, one.id)
    assert many.sync(content=False).deleted_here == {"annotation": 1}
    assert many.labels() == platform.labels()


def test_an_open_question_about_a_deletion_costs_nothing_each_time(many, platform):
    item = platform.at("/5.txt")
    many.edit("/5.txt", x=1)
    platform.remove(K.ITEM, item.id)
    assert many.sync(content=False).conflicts_new == 1
    many.sync(content=False)
    assert len(many.requests) == QUIET
    scope = Scope(dataset=item.parents[K.DATASET])
    assert many.remote.count(K.ITEM, scope, Span()) == many.journal.known_count(K.ITEM, many.dataset()["id"])
