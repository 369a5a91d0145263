"""Stores with policies come to agree with the platform, and what loses is written down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.change import equal
from localloop_sync.core.leaves import MISSING, same
from localloop_sync.core.policy import Dispute, Policy, Rule, Side, decide, policy_for
from localloop_sync.core.reconcile import Action, Sort
from tests.property.sync.documents import entities
from tests.property.sync.model import Platform, Replica, value_at

paths = st.lists(st.sampled_from(["a", "b", "metadata", "user", "labels"]), max_size=4).map(tuple)
patterns = st.lists(st.sampled_from(["a", "b", "metadata", "user", "*", "**"]), min_size=1, max_size=4).map(
    tuple
)
rules = st.lists(
    st.builds(
        Rule,
        st.sampled_from(Policy),
        kind=st.none() | st.sampled_from(K),
        field=st.none() | patterns,
        dataset=st.none() | st.sampled_from("de"),
    ),
    max_size=5,
)
observed = st.sampled_from(list(K)).flatmap(
    lambda kind: st.tuples(st.just(kind), *[st.none() | entities(kind)] * 3)
)


@given(rules, st.sampled_from(K), paths, st.none() | st.sampled_from("de"))
def test_a_rule_that_is_set_last_and_is_most_specific_is_the_one(rules, kind, path, dataset):
    policy = policy_for(rules, kind, path, dataset)
    meaning = [one for one in rules if one.means(kind, path, dataset)]
    assert policy in {one.policy for one in meaning} | ({Policy.MANUAL} if not meaning else set())
    exact = Rule(Policy.OURS, kind=kind, field=path, dataset=dataset)
    if path and not any(key in ("*", "**") for key in path) and dataset is not None:
        assert policy_for([*rules, exact], kind, path, dataset) is Policy.OURS
    assert policy_for([*rules, Rule(Policy.OURS, field=("nowhere",))], kind, path, dataset) is policy


@given(observed, rules, st.booleans())
def test_a_store_with_policies_and_the_platform_come_to_agree(drawn, rules, later):
    kind, base, mirror, remote = drawn
    platform = Platform(kind, remote)
    store = Replica(platform, base, mirror)

    def judged(path, sort):
        times = (2.0, 1.0) if later else (None, 1.0)
        return decide(rules, Dispute(kind, "d", path, sort, *times))[1]

    before = store.sync()
    for path, clash in list(store.open.items()):
        side = judged(path, Sort.FIELD)
        if side is None:
            continue
        store.resolve_field(path, side is Side.MINE)
        kept = clash.mine if side is Side.MINE else clash.theirs
        found = value_at(store.mirror, path)
        assert (found is MISSING and kept is MISSING) or same(found, kept)
    assert all(judged(path, Sort.FIELD) is None for path in store.open)
    if store.sort is not None and (side := judged((), store.sort)) is not None:
        assert before.action is Action.CONFLICT
        store.resolve_whole(side is Side.MINE)
    store.sync()
    if store.open or store.sort is not None:  # what no rule decides waits, and nothing else does
        store.resolve(mine=True)
        store.sync()
    assert store.sync().action is Action.NOTHING
    assert equal(kind, store.mirror, platform.document)
