"""What every adapter of the ``Feed`` port keeps: a subclass gives ``remote`` on an empty platform with a feed."""

from __future__ import annotations

from pathlib import Path

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import RemoteNotFoundError
from localloop_sync.ports import Change, Feed, Place, Remote, RemoteEntity, Scope
from tests.contract.remote_contract import box


class FeedContract:
    """The suite."""

    @pytest.fixture
    def remote(self) -> Remote:
        """The adapter under test."""
        raise NotImplementedError

    @pytest.fixture
    def feed(self, remote: Remote) -> Feed:
        remote.account()
        found = remote.feed()
        assert found is not None
        return found

    @pytest.fixture
    def project(self, remote: Remote) -> str:
        return remote.create(K.PROJECT, Scope(), [{"name": "Field work"}])[0].id

    @pytest.fixture
    def dataset(self, remote: Remote, project: str) -> str:
        return remote.create(K.DATASET, Scope(project=project), [{"name": "Faces"}])[0].id

    @pytest.fixture
    def put(self, remote: Remote, dataset: str, tmp_path: Path):
        def put(path: str, into: str = "") -> RemoteEntity:
            local = tmp_path / "content"
            local.write_bytes(b"abc")
            return remote.upload(Scope(dataset=into or dataset), {"filename": path}, local)[0]

        return put

    def told(self, feed: Feed, project: str, since: Place, **how) -> list[Change]:
        """All changes since a place, page after page."""
        found: list[Change] = []
        more = True
        while more:
            page = feed.changes(project, since, **how)
            assert page is not None
            found += page.changes
            since, more = page.place, page.more
        return found

    def test_nothing_changed_since_the_head(self, feed, project):
        page = feed.changes(project, feed.head(project))
        assert (list(page.changes), page.more) == ([], False)

    def test_a_change_comes_as_the_entity_that_is_got(self, remote, feed, project, dataset, put):
        since = feed.head(project)
        item = put("/a.bin")
        remote.update(K.ITEM, item.id, {**item.document, "description": "seen"}, item.document)
        [change] = self.told(feed, project, since)
        assert (change.kind, change.id, change.dataset) == (K.ITEM, item.id, dataset)
        assert change.entity == remote.get(K.ITEM, item.id)

    def test_deletions_come_with_what_went_along(self, remote, feed, project, dataset, put):
        item = put("/a.bin")
        [drawn] = remote.create(K.ANNOTATION, Scope(project, dataset, item.id), [box()])
        since = feed.head(project)
        remote.delete(K.ITEM, item.id)
        gone = self.told(feed, project, since)
        assert {(one.kind, one.id, one.entity) for one in gone} == {
            (K.ITEM, item.id, None),
            (K.ANNOTATION, drawn.id, None),
        }

    def test_members_go_by_the_id_that_they_are_listed_under(self, remote, feed, project):
        since = feed.head(project)
        document = {"email": "bob@example.test", "role": "annotator"}
        [bob] = remote.create(K.MEMBER, Scope(project=project), [document])
        [change] = self.told(feed, project, since)
        assert (change.id, change.entity) == (bob.id, remote.get(K.MEMBER, bob.id))
        remote.delete(K.MEMBER, bob.id)
        [change] = self.told(feed, project, since)
        assert (change.kind, change.id, change.entity) == (K.MEMBER, bob.id, None)

    def test_pages_leave_no_gap(self, feed, project, put):
        since = feed.head(project)
        made = [put(f"/{number}.bin").id for number in range(5)]
        assert [one.id for one in self.told(feed, project, since, limit=2)] == made

    def test_contents_can_be_narrowed_to_datasets(self, remote, feed, project, dataset, put):
        other = remote.create(K.DATASET, Scope(project=project), [{"name": "Other"}])[0].id
        since = feed.head(project)
        put("/a.bin", into=other)
        mine = put("/b.bin")
        narrowed = self.told(feed, project, since, datasets=[dataset])
        assert [one.id for one in narrowed if one.kind is K.ITEM] == [mine.id]

    def test_other_projects_are_not_told_of(self, remote, feed, project, put):
        put("/a.bin")
        other = remote.create(K.PROJECT, Scope(), [{"name": "Other"}])[0].id
        since = feed.head(other)
        put("/b.bin")
        assert self.told(feed, other, since) == []

    def test_a_place_of_another_feed_is_not_known(self, feed, project):
        place = feed.head(project)
        assert feed.changes(project, Place("another", place.seq)) is None
        assert feed.changes(project, Place(place.epoch, place.seq + 1)) is None

    def test_a_project_that_is_not_shown_is_not_found(self, feed, project):
        place = feed.head(project)
        nowhere = "00000000-0000-4000-8000-000000000000"
        with pytest.raises(RemoteNotFoundError):
            feed.head(nowhere)
        with pytest.raises(RemoteNotFoundError):
            feed.changes(nowhere, place)
