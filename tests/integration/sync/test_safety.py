"""A sync stops before damage, and what cannot be known changes nothing."""

from __future__ import annotations

import pytest

from localloop.errors import AuthError, MassDeletionHalt, OtherAccountHalt
from localloop.syncing import sync_store
from localloop.testing.remote import MemoryRemote
from localloop_schema.kinds import EntityKind as K
from localloop_sync import pulling
from localloop_sync.core.safety import Limits
from localloop_sync.errors import OfflineError, ThrottledError, TransientError
from localloop_sync.ports import Account
from tests.integration.sync.harness import Laptop, agree

ALICE = "alice@example.test"
MANY = [f"/many/{number:02}.txt" for number in range(40)]


@pytest.fixture
def many(pair):
    """Both laptops have forty items more, each with an annotation."""
    for path in MANY:
        pair.a.add(path, path.encode())
        pair.a.annotate(path, "cat")
    agree(pair.a, pair.b)
    return pair


def remove_there(pair, paths):
    for path in paths:
        pair.platform.remove(K.ITEM, pair.platform.at(path).id)


def test_much_that_is_gone_there_is_not_deleted_here_unasked(many):
    remove_there(many, MANY[:25])
    before = many.b.dump()
    with pytest.raises(MassDeletionHalt) as halt:
        many.b.sync()
    assert halt.value.side == "here"
    assert halt.value.entities == MANY[:25]
    after = many.b.dump()
    assert {name for name in before if before[name] != after[name]} <= {"checkpoints"}
    with pytest.raises(MassDeletionHalt):
        many.b.sync()
    report = many.b.sync(limits=None)
    assert report.deleted_here == {"item": 25, "annotation": 25}
    assert len(many.b.paths()) == 16


def test_much_that_was_deleted_here_is_not_deleted_there_unasked(many):
    many.a.delete(*MANY[:25])
    many.a.edit("/a.txt", x="not sent either")
    before = dict(many.platform.entities[K.ITEM])
    for _ in range(2):
        with pytest.raises(MassDeletionHalt) as halt:
            many.a.sync()
        assert halt.value.side == "platform"
        assert halt.value.entities == MANY[:25]
        assert many.platform.entities[K.ITEM] == before
        assert not [one for one in many.a.requests if one[0] in ("delete", "update")]
    assert many.a.sync(limits=None).deleted_there == {"item": 25}
    many.b.sync(limits=None)
    assert many.b.paths() == many.a.paths()


def test_a_few_deletions_pass_and_so_does_a_small_share_of_many(many):
    many.a.delete(*MANY[:20])
    assert many.a.sync().deleted_there == {"item": 20}
    many.b.sync()
    assert len(many.b.paths()) == 21
    limits = Limits(share=0.9, count=2)
    many.a.delete(*MANY[20:30])
    assert many.a.sync(limits=limits).deleted_there == {"item": 10}


def test_annotations_that_go_with_their_items_are_counted_with_these(many):
    for path in MANY[:10]:
        many.a.annotate(path, "one", "two", "three")
    agree(many.a, many.b)
    many.a.delete(*MANY[:10])  # 10 items of 41, but 40 annotations of 72
    assert many.a.sync().deleted_there == {"item": 10}
    assert many.b.sync().deleted_here == {"item": 10, "annotation": 40}


def test_many_annotations_deleted_by_themselves_are_counted(many):
    with many.a.store.transaction("delete") as tx:
        for row in tx.rows(K.ANNOTATION, label="cat")[:25]:
            tx.delete(K.ANNOTATION, row)
    with pytest.raises(MassDeletionHalt):
        many.a.sync()


def test_an_empty_listing_with_status_200_halts(many):
    many.b.remote._contents_of = lambda kind, scope: []
    with pytest.raises(MassDeletionHalt):
        many.b.sync()
    assert len(many.b.paths()) == 41
    del many.b.remote._contents_of
    assert many.b.sync().deleted_here == {}


def test_a_dataset_that_a_listing_lacks_is_pulled_before_anything_is_pushed_to_it(pair):
    pair.b.edit("/a.txt", x="theirs")
    pair.b.sync()
    pair.a.edit("/a.txt", x="mine")
    honest = pair.a.remote._listed
    pair.a.remote._listed = lambda kind, scope: [] if kind is K.DATASET else honest(kind, scope)
    pair.a.sync()
    assert pair.a.conflict()["values"] == {"base": 1, "mine": "mine", "theirs": "theirs"}
    assert pair.platform.at("/a.txt").document["metadata"]["user"]["x"] == "theirs"


def test_a_dataset_that_was_emptied_halts(many):
    remove_there(many, ["/a.txt", *MANY])
    with pytest.raises(MassDeletionHalt):
        many.b.sync()
    assert len(many.b.paths()) == 41


@pytest.mark.parametrize("kind", [K.DATASET, K.PROJECT])
def test_a_whole_that_vanished_with_much_in_it_halts(many, kind):
    many.platform.remove(kind, next(iter(many.platform.entities[kind])))
    with pytest.raises(MassDeletionHalt):
        many.b.sync()
    assert len(many.b.paths()) == 41
    many.b.sync(limits=None)
    assert many.b.paths() == []


def test_a_listing_that_breaks_off_deletes_nothing(many, monkeypatch):
    monkeypatch.setattr(pulling, "PAGE", 10)
    remove_there(many, MANY[:5])
    pages = []

    def before(method, *args):
        if method == "page":
            pages.append(args)
            if len(pages) >= 7:
                raise TransientError("The connection broke.")

    many.b.listen(before)
    with pytest.raises(TransientError):
        many.b.sync()
    assert len(many.b.paths()) == 41
    many.b.listen()
    many.b.sync()
    assert len(many.b.paths()) == 36


def test_a_first_pull_that_broke_off_goes_on_where_it_was(many, tmp_path, monkeypatch):
    monkeypatch.setattr(pulling, "PAGE", 10)
    fresh = Laptop(tmp_path, "c", many.platform)
    pages = []

    def before(method, *args):
        if method == "page" and args[0] is K.ITEM:
            pages.append(args[2])
            if len(pages) >= 4:
                raise TransientError("The connection broke.")

    fresh.listen(before)
    with pytest.raises(TransientError):
        fresh.clone()
    half, broken = fresh.paths(), pages[-1]
    pages.clear()
    assert 20 <= len(half) < 41
    many.platform.edit(K.ITEM, many.platform.at("/a.txt").id, description="changed behind the listing's back")
    remove_there(many, [half[-1]])
    fresh.listen(lambda method, *args: pages.append(args[2]) if method == "page" else None)
    fresh.sync()
    assert pages[0] == broken  # it asks again for the page that was lost, not for the first one
    agree(fresh)
    assert fresh.item("/a.txt")["description"] == "changed behind the listing's back"
    fresh.store.close()


def test_the_account_of_another_halts(pair):
    pair.a.edit("/a.txt", x=2)
    before = pair.a.dump()
    for account in (Account("https://platform.example.test", "eve@x"), Account("https://other", ALICE)):
        with pytest.raises(OtherAccountHalt):
            sync_store(pair.a.store, MemoryRemote(account, world=pair.platform))
    assert pair.a.dump() == before


@pytest.mark.parametrize("method", ["account", "get", "list", "page", "count", "update"])
def test_credentials_that_are_not_accepted_change_nothing(pair, method):
    pair.a.edit("/a.txt", x=2)
    platform = {kind: dict(those) for kind, those in pair.platform.entities.items()}
    mirror = pair.a.store.rows(K.ITEM)

    def before(name, *_args):
        if name == method:
            raise AuthError("The token has expired.", status=401)

    pair.a.listen(before)
    with pytest.raises(AuthError):
        pair.a.sync()
    assert pair.a.store.rows(K.ITEM) == mirror
    assert [one["state"] for one in pair.a.unsent()] == ["pending"]
    assert pair.platform.entities == platform
    pair.a.listen()
    agree(pair.a, pair.b)
    assert pair.b.user("/a.txt")["x"] == 2


def test_without_a_network_nothing_changes_and_the_next_sync_goes_on(pair):
    pair.a.edit("/a.txt", x=2)

    def before(name, *_args):
        raise OfflineError("The network is unreachable.")

    before_it = pair.a.dump()
    pair.a.listen(before)
    with pytest.raises(OfflineError):
        pair.a.sync()
    assert pair.a.dump() == before_it
    pair.a.listen()
    agree(pair.a, pair.b)


def test_the_platform_s_pause_is_kept(pair):
    pair.a.edit("/a.txt", x=2)
    asked = []

    def before(name, *_args):
        if name == "update" and not asked:
            asked.append(pair.platform.clock.moment)
            raise ThrottledError("Slow down.", retry_after=3.0)
        if asked and len(asked) == 1:
            asked.append(pair.platform.clock.moment)

    pair.a.listen(before)
    pair.a.sync()
    assert (asked[1] - asked[0]).total_seconds() >= 3.0
    assert pair.platform.at("/a.txt").document["metadata"]["user"]["x"] == 2


def test_a_pause_longer_than_the_patience_ends_the_sync_at_once(pair):
    pair.a.edit("/a.txt", x=2)

    def before(name, *_args):
        if name == "page":
            raise ThrottledError("Slow down.", retry_after=3600.0)

    pair.a.listen(before)
    began = pair.platform.clock.moment
    with pytest.raises(ThrottledError):
        pair.a.sync()
    assert (pair.platform.clock.moment - began).total_seconds() < 60
    assert [one["state"] for one in pair.a.unsent()] == ["pending"]
