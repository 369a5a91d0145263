"""What every adapter of the ``Journal`` port keeps.

A subclass gives ``journal``, whose store is empty, and ``add_item`` and ``touch``, which make and edit an item there as
a user would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.operation import State
from localloop_sync.core.plan import Errand
from localloop_sync.errors import OtherAccountHalt
from localloop_sync.ports import Account, Cursor, Journal, Key, Mark, RemoteEntity, Span
from localloop_sync.report import SyncReport

ALICE = Account("https://platform.example.test", "alice@example.test")
AT = "2026-01-01T00:00:00.000Z"
LATER = "2026-01-01T00:00:01.000Z"

#: Edits an item (local id).
Touch = Callable[[str], None]

#: Makes an item at a path of a dataset (local id) and returns its local id.
AddItem = Callable[[str, str], str]


def entity(kind: K, entity_id: str, document: dict, at: str = AT, **parents: str) -> RemoteEntity:
    named = {K(parent): one for parent, one in parents.items()}
    facts = {"creator": "bob", "created_at": AT, "updated_at": at, "updated_by": "bob", "derived": {}}
    return RemoteEntity(kind, entity_id, document, named, facts)


def item(entity_id: str, path: str, at: str = AT, **user: object) -> RemoteEntity:
    document = {"type": "file", "filename": path, "metadata": {"user": user}, "content": {"size": 1}}
    return entity(K.ITEM, entity_id, document, at, dataset="rd")


class JournalContract:
    """The suite."""

    @pytest.fixture
    def journal(self) -> Journal:
        raise NotImplementedError

    @pytest.fixture
    def add_item(self) -> AddItem:
        raise NotImplementedError

    @pytest.fixture
    def touch(self) -> Touch:
        raise NotImplementedError

    @pytest.fixture
    def dataset(self, journal: Journal) -> str:
        """The local id of the platform's dataset ``rd`` in project ``rp``."""
        journal.observe(K.PROJECT, [entity(K.PROJECT, "rp", {"name": "P"})])
        there = entity(K.DATASET, "rd", {"name": "D", "recipes": [], "readonly": False}, project="rp")
        journal.observe(K.DATASET, [there])
        return journal.known(K.DATASET)["rd"]

    def test_a_store_belongs_to_the_first_account_that_claims_it(self, journal):
        journal.claim(ALICE)
        journal.claim(ALICE)
        with pytest.raises(OtherAccountHalt):
            journal.claim(Account(ALICE.gate, "eve@example.test"))

    def test_what_was_observed_is_known(self, journal, dataset):
        observed = journal.observe(K.ITEM, [item("r1", "/1"), item("r2", "/2")])
        assert (observed.taken, observed.conflicts) == (2, 0)
        assert set(journal.known(K.ITEM, dataset=dataset)) == {"r1", "r2"}
        assert journal.known_count(K.ITEM, dataset) == 2
        assert journal.known_count(K.ANNOTATION, dataset) == 0
        assert journal.jobs(State.PENDING) == []

    def test_a_span_of_what_is_known_is_counted_told_and_cut(self, journal, dataset):
        journal.observe(
            K.ITEM, [item(f"r{number}", f"/{number}", f"{AT[:-2]}{number}Z") for number in range(6)]
        )
        known = journal.known(K.ITEM, dataset=dataset)
        whole, times = Span(), Span(Key.UPDATED_AT)
        assert list(journal.known_span(K.ITEM, dataset, whole).items()) == sorted(known.items())
        assert list(journal.known_span(K.ITEM, dataset, Span(after="r1"), 2)) == ["r2", "r3"]
        assert list(journal.known_span(K.ITEM, dataset, Span(Key.UPDATED_AT, f"{AT[:-2]}3Z"))) == ["r4", "r5"]
        assert journal.known_count(K.ITEM, dataset, Span(Key.ID, "r1", "r4")) == 3
        assert journal.known_count(K.ITEM, dataset, Span(Key.UPDATED_AT, upto=AT)) == 1
        assert journal.known_middle(K.ITEM, dataset, whole) == "r2"
        assert journal.known_middle(K.ITEM, dataset, times) == f"{AT[:-2]}2Z"
        assert journal.known_middle(K.ITEM, dataset, Span(Key.ID, "r3", "r5")) == "r4"
        assert journal.known_middle(K.ITEM, dataset, Span(Key.ID, "r4", "r5")) is None
        assert journal.known_middle(K.ANNOTATION, dataset, whole) is None

    def test_a_time_that_most_share_is_cut_off_from_the_rest(self, journal, dataset):
        journal.observe(K.ITEM, [item("r0", "/0"), *(item(f"r{n}", f"/{n}", LATER) for n in range(1, 6))])
        assert journal.known_middle(K.ITEM, dataset, Span(Key.UPDATED_AT)) == AT
        assert journal.known_middle(K.ITEM, dataset, Span(Key.UPDATED_AT, AT)) is None

    def test_what_is_followed_no_more_is_known_and_not_counted(self, journal, dataset):
        journal.observe(K.ITEM, [item(f"r{number}", f"/{number}") for number in range(4)])
        label = {"type": "class", "label": "x"}
        marks = [entity(K.ANNOTATION, f"a{n}", label, dataset="rd", item=f"r{n}") for n in range(4)]
        journal.observe(K.ANNOTATION, marks)
        known = journal.known(K.ITEM, dataset=dataset)
        journal.unfollow([known["r1"], known["r2"]])
        assert journal.known(K.ITEM, dataset=dataset) == known
        assert list(journal.known_span(K.ITEM, dataset, Span())) == ["r0", "r3"]
        assert list(journal.known_span(K.ANNOTATION, dataset, Span())) == ["a0", "a3"]
        assert journal.known_count(K.ITEM, dataset) == journal.known_count(K.ANNOTATION, dataset) == 2
        assert journal.known_count(K.ITEM, dataset, Span(after="r0", upto="r2")) == 0
        journal.follow(["r2", "unknown"])
        assert journal.known_count(K.ITEM, dataset) == journal.known_count(K.ANNOTATION, dataset) == 3
        assert journal.unwatched() == []

    def test_observing_again_is_nothing_new(self, journal, dataset):
        journal.observe(K.ITEM, [item("r1", "/1")])
        assert journal.observe(K.ITEM, [item("r1", "/1")]).taken == 0
        assert journal.observe(K.ITEM, [item("r1", "/1", LATER, x=1)]).taken == 1

    def test_what_has_no_parent_here_is_given_back(self, journal, dataset):
        lost = replace(item("r1", "/1"), parents={K.DATASET: "elsewhere"})
        assert journal.observe(K.ITEM, [lost]).orphans == [lost]
        assert journal.known(K.ITEM) == {}

    def test_a_mark_is_kept_with_what_was_pulled(self, journal, dataset):
        assert journal.mark(dataset, K.ITEM) is None
        for mark in (
            Mark(dataset, K.ITEM, Cursor("r1"), AT, 0),
            Mark(dataset, K.ITEM, Cursor("", AT), AT, 0),
            Mark(dataset, K.ITEM, Cursor("r1", LATER), LATER, 3),
            Mark(dataset, K.ITEM, Cursor("r1", LATER), AT, 3, AT, LATER),
        ):
            journal.observe(K.ITEM, [], mark)
            assert journal.mark(dataset, K.ITEM) == mark
        assert journal.mark(dataset, K.ANNOTATION) is None

    def test_what_is_absent_there_is_gone_here(self, journal, dataset):
        journal.observe(K.ITEM, [item("r1", "/1"), item("r2", "/2")])
        known = journal.known(K.ITEM, dataset=dataset)
        assert journal.absent(K.ITEM, [known["r1"]]) == ({K.ITEM: 1}, 0)
        assert set(journal.known(K.ITEM, dataset=dataset)) == {"r2"}

    def test_a_job_is_sent_and_acknowledged(self, journal, dataset, add_item):
        item_id = add_item(dataset, "/new")
        [job] = journal.jobs(State.PENDING)
        assert (job.errand, job.entity_id, job.key, job.name) == (Errand.CREATE, item_id, "/new", "/new")
        assert [one.entity_id for one in journal.begin([job])] == [item_id]
        assert journal.jobs(State.PENDING) == []
        assert [one.entity_id for one in journal.jobs(State.IN_FLIGHT)] == [item_id]
        answer = entity(K.ITEM, "r9", job.target or {}, dataset="rd")
        journal.acknowledge([(job, answer)])
        assert journal.jobs(State.IN_FLIGHT) == []
        assert journal.known(K.ITEM, dataset=dataset) == {"r9": item_id}
        assert journal.remote_ids(K.ITEM, [item_id, "unknown"]) == {item_id: "r9"}

    def test_a_job_begun_elsewhere_meanwhile_does_not_go(self, journal, dataset, add_item):
        item_id = add_item(dataset, "/new")
        [job] = journal.jobs(State.PENDING)
        journal.observe(K.ITEM, [replace(item("r1", "/new"), document=job.target or {})])
        assert journal.known(K.ITEM) == {"r1": item_id}
        assert journal.begin([job]) == []

    def test_what_was_surely_not_applied_waits_again(self, journal, dataset, add_item):
        add_item(dataset, "/new")
        [job] = journal.jobs(State.PENDING)
        journal.begin([job])
        journal.release([job])
        assert journal.jobs(State.PENDING) == [job]

    def test_what_was_refused_is_no_job_any_more(self, journal, dataset, add_item):
        add_item(dataset, "/new")
        [job] = journal.jobs(State.PENDING)
        journal.begin([job])
        journal.reject(job, "No.")
        assert journal.jobs(State.PENDING) == journal.jobs(State.IN_FLIGHT) == []

    def test_a_finished_sync_counts_what_is_left(self, journal, dataset, add_item):
        add_item(dataset, "/new")
        report = SyncReport()
        journal.finish(report)
        assert (report.unsent, report.conflicts_open) == (1, 0)

    def test_what_is_known_and_has_something_unsent_is_told(self, journal, dataset, add_item, touch):
        journal.observe(K.ITEM, [item("r1", "/1"), item("r2", "/2")])
        add_item(dataset, "/new")
        assert journal.edited(K.ITEM) == {}
        local = journal.known(K.ITEM)["r2"]
        touch(local)
        assert journal.edited(K.ITEM) == {"r2": local}

    def test_what_was_there_before_is_told_from_what_is_new(self, journal, dataset, add_item):
        new, old = add_item(dataset, "/new"), add_item(dataset, "/old")
        [job] = journal.begin([one for one in journal.jobs(State.PENDING) if one.entity_id == old])
        journal.acknowledge([(job, entity(K.ITEM, "r1", job.target or {}, dataset="rd"))])
        assert journal.reborn(K.ITEM, [new, old]) == {old}
