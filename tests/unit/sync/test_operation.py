"""Operations, their states, and what a run of them amounts to."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from localloop.store import Store
from localloop.store.projects import create_project
from localloop_schema.kinds import EntityKind as K
from localloop_schema.tables import Operation as Row
from localloop_sync.core.change import Change
from localloop_sync.core.leaves import MISSING
from localloop_sync.core.operation import (
    OUTSTANDING,
    SENTENCES,
    TRANSITIONS,
    Delta,
    Effect,
    Operation,
    State,
    Verb,
    difference,
    fold,
    outstanding,
    verb_for,
)
from localloop_sync.drivers import oplog

NAME, TAG = ("name",), ("tag",)


def ops(*entries, state=State.PENDING):
    """Operations of one entity from ``(verb, changes...)``."""
    return [
        Operation(seq, K.ITEM, "e", verb, tuple(changes), state)
        for seq, (verb, *changes) in enumerate(entries, 1)
    ]


CREATE = (Verb.CREATE, Change(NAME, MISSING, 1))
DELETE = (Verb.DELETE,)


@pytest.mark.parametrize(
    ("operations", "delta"),
    [
        pytest.param([], Delta(Effect.NOTHING), id="no operations are nothing"),
        pytest.param([CREATE], Delta(Effect.CREATE, (Change(NAME, MISSING, 1),)), id="a create is itself"),
        pytest.param(
            [CREATE, (Verb.SET, Change(NAME, 1, 2))],
            Delta(Effect.CREATE, (Change(NAME, MISSING, 2),)),
            id="create and set of the same are a create of the last value",
        ),
        pytest.param(
            [CREATE, (Verb.SET, Change(TAG, MISSING, 9))],
            Delta(Effect.CREATE, (Change(NAME, MISSING, 1), Change(TAG, MISSING, 9))),
            id="create and set of another field are a create of both",
        ),
        pytest.param(
            [CREATE, (Verb.SET, Change(NAME, 1, MISSING))],
            Delta(Effect.CREATE),
            id="a field created and removed again is not created",
        ),
        pytest.param(
            [(Verb.SET, Change(NAME, 1, 2)), (Verb.SET, Change(NAME, 2, 3))],
            Delta(Effect.SET, (Change(NAME, 1, 3),)),
            id="two sets of one field are one set from the first to the last",
        ),
        pytest.param(
            [(Verb.SET, Change(NAME, 1, 2)), (Verb.SET, Change(TAG, MISSING, 3))],
            Delta(Effect.SET, (Change(NAME, 1, 2), Change(TAG, MISSING, 3))),
            id="sets of two fields are one set of both",
        ),
        pytest.param(
            [(Verb.SET, Change(NAME, 1, 2)), (Verb.SET, Change(NAME, 2, 1))],
            Delta(Effect.NOTHING),
            id="a field set back to where it was is nothing",
        ),
        pytest.param(
            [(Verb.SET, Change(NAME, MISSING, 2)), (Verb.SET, Change(NAME, 2, MISSING))],
            Delta(Effect.NOTHING),
            id="a field added and removed again is nothing",
        ),
        pytest.param(
            [
                (Verb.SET, Change(NAME, MISSING, 2)),
                (Verb.SET, Change(NAME, 2, MISSING)),
                (Verb.SET, Change(NAME, 3, 4)),
            ],
            Delta(Effect.SET, (Change(NAME, 3, 4),)),
            id="what was taken back is no part of an edit of what others wrote since",
        ),
        pytest.param([CREATE, DELETE], Delta(Effect.NOTHING), id="create and delete are nothing"),
        pytest.param(
            [(Verb.SET, Change(NAME, 1, 2)), DELETE],
            Delta(Effect.DELETE),
            id="set and delete are a delete",
        ),
        pytest.param([DELETE], Delta(Effect.DELETE), id="a delete is itself"),
        pytest.param([DELETE, DELETE], Delta(Effect.DELETE), id="deleted twice is deleted"),
        pytest.param(
            [DELETE, (Verb.CREATE, Change(NAME, 1, 2))],
            Delta(Effect.SET, (Change(NAME, 1, 2),)),
            id="delete and create anew are a set of what differs",
        ),
        pytest.param(
            [DELETE, (Verb.CREATE, Change(NAME, 1, 1))],
            Delta(Effect.NOTHING),
            id="delete and create of the same are nothing",
        ),
        pytest.param(
            [CREATE, DELETE, CREATE],
            Delta(Effect.CREATE, (Change(NAME, MISSING, 1),)),
            id="created, deleted and created again is created",
        ),
        pytest.param(
            [(Verb.PUT_CONTENT, Change(("content",), {"size": 1}, {"size": 2}))],
            Delta(Effect.SET, (Change(("content",), {"size": 1}, {"size": 2}),)),
            id="new content is a set of the content",
        ),
    ],
)
def test_folding(operations, delta):
    assert fold(ops(*operations)) == delta


def test_the_log_s_order_counts_and_not_the_list_s():
    first, second = ops((Verb.SET, Change(NAME, 1, 2)), (Verb.SET, Change(NAME, 2, 3)))
    assert fold([second, first]) == Delta(Effect.SET, (Change(NAME, 1, 3),))


def test_what_separates_a_base_from_a_mirror():
    one, other = {"filename": "/a"}, {"filename": "/b"}
    assert difference(K.ITEM, None, None) == Delta(Effect.NOTHING)
    assert difference(K.ITEM, one, None) == Delta(Effect.DELETE)
    assert difference(K.ITEM, None, one) == Delta(Effect.CREATE, (Change(("filename",), MISSING, "/a"),))
    assert difference(K.ITEM, one, other) == Delta(Effect.SET, (Change(("filename",), "/a", "/b"),))
    assert difference(K.ITEM, one, dict(one)) == Delta(Effect.NOTHING)


def test_a_delta_is_logged_under_the_verb_that_says_what_it_does():
    content = Change(("content",), {"size": 1}, {"size": 2})
    assert verb_for(Delta(Effect.CREATE, (content,))) is Verb.CREATE
    assert verb_for(Delta(Effect.DELETE)) is Verb.DELETE
    assert verb_for(Delta(Effect.SET, (content,))) is Verb.PUT_CONTENT
    assert verb_for(Delta(Effect.SET, (content, Change(NAME, 1, 2)))) is Verb.SET


def test_every_state_has_a_sentence_and_a_row_in_the_table():
    assert set(SENTENCES) == set(TRANSITIONS) == set(State)


def test_what_is_done_is_done():
    assert not TRANSITIONS[State.ACKNOWLEDGED]
    assert not TRANSITIONS[State.SUPERSEDED]


def test_from_every_outstanding_state_there_is_a_way_to_be_sent():
    for state in OUTSTANDING - {State.IN_FLIGHT}:
        reachable = {state}
        while State.IN_FLIGHT not in reachable:
            wider = reachable | {to for one in reachable for to in TRANSITIONS[one]}
            assert wider != reachable, state
            reachable = wider


def test_only_what_the_platform_does_not_have_is_outstanding():
    every = [Operation(1, K.ITEM, "e", Verb.SET, (), state) for state in State]
    assert {one.state for one in outstanding(every)} == OUTSTANDING
    assert {State.ACKNOWLEDGED, State.SUPERSEDED}.isdisjoint(OUTSTANDING)


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "store", author="ann@x") as opened:
        with opened.transaction("set up") as tx:
            create_project(tx, "P")
        yield opened


def seqs_and_states(store):
    with store.reading() as connection:
        return dict(connection.execute(select(Row.seq, Row.state)).all())


@pytest.mark.parametrize("to", State)
@pytest.mark.parametrize("start", State)
def test_an_operation_moves_only_where_the_table_lets_it(store, start, to):
    [seq, _] = seqs_and_states(store)
    with store.transaction("place") as tx:
        tx.connection.exec_driver_sql("UPDATE operations SET state = ? WHERE seq = ?", (start.value, seq))
    allowed = to in TRANSITIONS[start] or to is start
    with store.transaction("move") as tx:
        if allowed:
            oplog.move(tx.connection, [seq], to)
        else:
            with pytest.raises(ValueError, match=f"may not become {to.value}"):
                oplog.move(tx.connection, [seq], to)
    assert seqs_and_states(store)[seq] == (to if allowed else start).value


def test_one_that_may_not_move_holds_the_others_back(store):
    first, second = seqs_and_states(store)
    with store.transaction("move") as tx:
        oplog.move(tx.connection, [first], State.SUPERSEDED)
    with pytest.raises(ValueError, match="may not become"), store.transaction("move") as tx:
        oplog.move(tx.connection, [first, second], State.IN_FLIGHT)
    assert seqs_and_states(store)[second] == "pending"
