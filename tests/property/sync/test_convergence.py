"""Outcomes that are written down and sent make all sides equal, whoever comes first, and lose nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.change import diff, equal
from localloop_sync.core.leaves import MISSING, below, flatten, same
from localloop_sync.core.reconcile import Action, Observation, Sort, reconcile
from localloop_sync.core.rules import RULES
from tests.property.sync.documents import entities, kinds_and_entities
from tests.property.sync.model import Platform, Replica, value_at

#: After this many syncs of each side, once everything is decided, nothing is left to do.
ROUNDS = 3


def maybe(kind: K):
    """A document, or that there is none."""
    return st.none() | entities(kind)


#: A kind, and what base, mirror and remote are of an entity of it.
observed = st.sampled_from(list(K)).flatmap(lambda kind: st.tuples(st.just(kind), *[maybe(kind)] * 3))


def agree(left, right):
    return left is right if MISSING in (left, right) else same(left, right)


def related(path, other):
    return below(path, other) or below(other, path)


@given(kinds_and_entities(1))
def test_three_equal_entities_are_nothing_to_do(drawn):
    kind, one = drawn
    outcome = reconcile(Observation(kind, one, one, one))
    assert (outcome.action, outcome.conflicts, outcome.aside) == (Action.NOTHING, (), None)
    platform = Platform(kind, one)
    assert Replica(platform, one, one).sync().action is Action.NOTHING
    assert platform.writes == 0


@given(observed)
def test_what_is_equal_on_both_sides_is_never_a_conflict(drawn):
    kind, base, mirror, _ = drawn
    outcome = reconcile(Observation(kind, base, mirror, mirror))
    assert outcome.conflicts == ()
    assert outcome.sort is None
    assert outcome.aside is None
    assert equal(kind, outcome.mirror, mirror) or outcome.action is Action.FORGET
    platform = Platform(kind, mirror)
    Replica(platform, base, mirror).sync()
    assert platform.writes == 0


@given(kinds_and_entities(3))
def test_fields_that_only_one_side_changed_survive(drawn):
    kind, base, mirror, remote = drawn
    outcome = reconcile(Observation(kind, base, mirror, remote))
    mine, theirs = diff(kind, base, mirror), diff(kind, base, remote)
    for own, others in ((mine, theirs), (theirs, mine)):
        for one in own:
            if any(related(one.path, other.path) for other in others) or hollow(one.new):
                continue
            if hollow(one.old):
                continue  # it was filled, and what it was filled with is looked at itself
            if any(related(one.path, clash.path) for clash in outcome.conflicts):
                continue  # inside what stands or falls as one
            found = value_at(outcome.mirror, one.path)
            gone = one.new is MISSING and not agree(found, one.old)  # an object may have come in its place
            assert gone or agree(found, one.new), one.path


def hollow(value):
    """Whether a value is an empty object, which comes and goes with what is in it."""
    return isinstance(value, dict) and not value


@given(observed, st.booleans())
def test_one_store_and_the_platform_come_to_agree(drawn, mine):
    kind, base, mirror, remote = drawn
    platform = Platform(kind, remote)
    store = Replica(platform, base, mirror)
    for _ in range(ROUNDS):
        store.sync()
        store.resolve(mine)
    before = platform.writes
    outcome = store.sync()
    assert outcome.action is Action.NOTHING
    assert platform.writes == before
    assert equal(kind, store.mirror, platform.document)
    assert equal(kind, store.base, platform.document)


@given(observed, st.booleans(), st.booleans())
def test_two_stores_and_the_platform_come_to_agree(drawn, second_first, mine):
    kind, base, one, other = drawn
    platform = Platform(kind, base)
    stores = [Replica(platform, base, one), Replica(platform, base, other)]
    for _ in range(ROUNDS):
        for store in stores[::-1] if second_first else stores:
            store.sync()
            store.resolve(mine)
    before = platform.writes
    for store in stores:
        assert store.sync().action is Action.NOTHING
        assert equal(kind, store.mirror, platform.document)
        assert equal(kind, store.base, platform.document)
    assert platform.writes == before


@given(observed)
def test_the_order_in_which_stores_sync_changes_no_value(drawn):
    """Whoever comes first: the same values outside conflicts, the same conflicts with their sides swapped."""
    kind, base, one, other = drawn
    ends = []
    for first in (0, 1):
        platform = Platform(kind, base)
        stores = [Replica(platform, base, one), Replica(platform, base, other)]
        for _ in range(ROUNDS):
            for store in (stores[first], stores[1 - first]):
                store.sync()
        ends.append((platform.document, stores[first], stores[1 - first]))
    (there, _, late), (again, _, other_late) = ends
    assert (late.sort is None) == (other_late.sort is None)
    if late.sort is not None:
        assert {late.sort, other_late.sort} == {Sort.DELETED_THERE, Sort.DELETED_HERE}
        edited = one if other is None else other
        for platform, first, store in ends:  # nothing moves, and the edit is where it was made
            assert (platform is None) == (store.sort is Sort.DELETED_THERE)
            assert equal(kind, store.mirror if platform is None else platform, edited)
            assert equal(kind, first.mirror, platform)
        return
    # Where both founded it, whoever comes second guessed, and takes what the first one's guess became.
    guesses = RULES[kind].platform_first if base is None else ()
    firm, other_firm = (
        {path: one for path, one in clashes.items() if not any(below(guess, path) for guess in guesses)}
        for clashes in (late.open, other_late.open)
    )
    assert firm.keys() == other_firm.keys()
    for path, clash in firm.items():
        assert agree(clash.mine, other_firm[path].theirs)
        assert agree(clash.theirs, other_firm[path].mine)
    loose = [*late.open, *guesses, *([("content",)] if late.aside or late.beside else [])]
    if not late.beside:  # two files at one path: the first one keeps it, and each keeps its own fields
        assert outside(kind, there, loose) == outside(kind, again, loose)
    files = (
        [
            sorted(
                content["digest"]
                for content in [
                    *store.aside,
                    *((document or {}).get("content") for document in [*store.beside, platform]),
                ]
                if content
            )
            for platform, _, store in ends
        ]
        if kind is K.ITEM
        else [0, 0]
    )
    assert files[0] == files[1]


def outside(kind, document, loose):
    """The leaves of a document that are not at one of these places; whom an item is dealt to is the platform's."""
    dealt = {path[-1] for path in RULES[kind].dealt}
    return sorted(
        (path, repr(value))
        for path, value in flatten(document or {}, RULES[kind].atoms).items()
        if not hollow(value) and path[-1] not in dealt and not any(related(path, place) for place in loose)
    )


@given(*[maybe(K.ITEM)] * 3)
def test_every_content_that_anybody_gave_an_item_is_kept_somewhere(base, one, other):
    platform = Platform(K.ITEM, base)
    stores = [Replica(platform, base, one), Replica(platform, base, other)]
    for store in stores * 2:
        store.sync()
    kept = [platform.document, *(side for store in stores for side in (store.mirror, *store.beside))]
    digests = {document["content"]["digest"] for document in kept if document is not None}
    digests |= {content["digest"] for store in stores for content in store.aside}
    for document in (one, other):
        changed = document is not None and (base is None or document["content"] != base["content"])
        assert not changed or document["content"]["digest"] in digests
