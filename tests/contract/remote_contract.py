"""What every adapter of the ``Remote`` port keeps: a subclass gives ``remote`` on an empty platform."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from localloop_schema.kinds import EntityKind
from localloop_sync.errors import RemoteNotFoundError
from localloop_sync.moments import earlier
from localloop_sync.ports import Cursor, Key, Remote, RemoteEntity, Scope, Span

K = EntityKind
ABSENT = "0" * 24


def box(label: str = "Person", **system: Any) -> dict[str, Any]:
    """An annotation's document."""
    corners = [{"x": 1, "y": 2, "z": 0}, {"x": 3, "y": 4, "z": 0}]
    return {"type": "box", "label": label, "coordinates": corners, "metadata": {"system": system}}


def holds(entity: RemoteEntity, data: bytes) -> bool:
    """Whether an item is said to have this content: by its size, and by its digest where the platform tells one."""
    content = entity.document["content"]
    return content["size"] == len(data) and content.get("digest") in {None, blake3(data).hexdigest()}


class RemoteContract:
    """The suite. Nothing in it assumes more of a platform than docs/platform/wire.md tells."""

    @pytest.fixture
    def remote(self) -> Remote:
        """The adapter under test."""
        raise NotImplementedError

    @pytest.fixture
    def project(self, remote: Remote) -> RemoteEntity:
        return remote.create(K.PROJECT, Scope(), [{"name": "Field work"}])[0]

    @pytest.fixture
    def dataset(self, remote: Remote, project: RemoteEntity) -> RemoteEntity:
        return remote.create(K.DATASET, Scope(project=project.id), [{"name": "Faces"}])[0]

    @pytest.fixture
    def scope(self, dataset: RemoteEntity) -> Scope:
        return Scope(project=dataset.parents[K.PROJECT], dataset=dataset.id)

    @pytest.fixture
    def put(self, remote: Remote, scope: Scope, tmp_path: Path):
        """Uploads bytes to a path and returns the item."""

        def put(path: str, data: bytes = b"abc", **rest: Any) -> RemoteEntity:
            local = tmp_path / "content"
            local.write_bytes(data)
            return remote.upload(scope, {"filename": path, **rest}, local)[0]

        return put

    def of(self, remote: Remote, kind: EntityKind, scope: Scope, *, limit: int = 1000) -> list[RemoteEntity]:
        """Everything, by id, page after page."""
        found: list[RemoteEntity] = []
        more = True
        while more:
            page = remote.page(kind, scope, Cursor(found[-1].id if found else ""), limit)
            found += page.entities
            more = page.more
        return found

    # Projects and members

    def test_account_says_who_is_logged_in(self, remote):
        account = remote.account()
        assert account.email
        assert account.gate.startswith("http")

    def test_the_platform_s_time_is_told_by_its_answers(self, remote, scope, put):
        made = put("/a.bin")
        told = remote.now()
        assert made.updated_at <= earlier(told, -timedelta(seconds=2))
        assert earlier(told, timedelta()) == told

    def test_a_created_project_is_got_found_and_listed(self, remote, project):
        assert project.document == {"name": "Field work"}
        assert remote.get(K.PROJECT, project.id) == project
        assert [e.id for e in remote.find(K.PROJECT, Scope(), ["Field work", "nothing"])] == [project.id]
        assert project.id in [e.id for e in remote.list(K.PROJECT, Scope())]

    def test_a_project_is_renamed(self, remote, project):
        renamed = remote.update(K.PROJECT, project.id, {"name": "Home work"}, project.document)
        assert renamed.document == {"name": "Home work"}
        assert remote.get(K.PROJECT, project.id).document == {"name": "Home work"}

    def test_a_member_is_added_changed_and_removed(self, remote, project):
        scope = Scope(project=project.id)
        bob = {"email": "bob@example.test", "role": "engineer"}
        (member,) = remote.create(K.MEMBER, scope, [bob])
        assert member.id == f"{project.id}/bob@example.test"
        assert member.document == bob
        assert member.parents == {K.PROJECT: project.id}
        assert remote.get(K.MEMBER, member.id).document == bob
        assert [e.id for e in remote.find(K.MEMBER, scope, ["bob@example.test"])] == [member.id]
        changed = remote.update(K.MEMBER, member.id, {**bob, "role": "annotator"}, bob)
        assert changed.document["role"] == "annotator"
        remote.delete(K.MEMBER, member.id)
        assert member.id not in [e.id for e in remote.list(K.MEMBER, scope)]
        assert remote.get(K.MEMBER, member.id) is None

    # Datasets, recipes, ontologies

    def test_a_dataset_without_recipes_gets_a_default_one(self, remote, dataset, scope):
        (recipe,) = remote.list(K.RECIPE, scope)
        assert dataset.document["recipes"] == [recipe.id]
        (ontology,) = remote.list(K.ONTOLOGY, scope)
        assert recipe.document["ontologies"] == [ontology.id]
        assert ontology.document["labels"] == {}

    def test_a_dataset_with_recipes_keeps_them(self, remote, project):
        scope = Scope(project=project.id)
        (ontology,) = remote.create(
            K.ONTOLOGY, scope, [{"title": "O", "labels": {"a": {"color": "#000001"}}}]
        )
        (recipe,) = remote.create(K.RECIPE, scope, [{"title": "R", "ontologies": [ontology.id]}])
        assert recipe.document["ontologies"] == [ontology.id]
        (dataset,) = remote.create(K.DATASET, scope, [{"name": "D", "recipes": [recipe.id]}])
        assert dataset.document["recipes"] == [recipe.id]
        assert [e.id for e in remote.list(K.ONTOLOGY, Scope(dataset=dataset.id))] == [ontology.id]

    def test_a_dataset_is_got_found_listed_and_renamed(self, remote, project, dataset):
        scope = Scope(project=project.id)
        assert dataset.document["name"] == "Faces"
        assert dataset.parents == {K.PROJECT: project.id}
        assert remote.get(K.DATASET, dataset.id).document == dataset.document
        assert [e.id for e in remote.find(K.DATASET, scope, ["Faces"])] == [dataset.id]
        assert remote.find(K.DATASET, scope, ["Face"]) == []
        assert dataset.id in [e.id for e in remote.list(K.DATASET, scope)]
        renamed = remote.update(
            K.DATASET, dataset.id, {**dataset.document, "name": "Heads"}, dataset.document
        )
        assert renamed.document["name"] == "Heads"
        assert renamed.document["recipes"] == dataset.document["recipes"]

    def test_labels_are_added_changed_and_removed_by_tag(self, remote, scope):
        (ontology,) = remote.list(K.ONTOLOGY, scope)
        hand = {"color": "#010203", "displayLabel": "Hand", "attributes": [], "displayData": {}}
        person = {"color": "#0214a7", "displayLabel": "Person", "attributes": [], "displayData": {}}
        one = {**ontology.document, "labels": {"person": person, "person.hand": hand, "car": person}}
        added = remote.update(K.ONTOLOGY, ontology.id, one, ontology.document)
        assert added.document["labels"].keys() == {"person", "person.hand", "car"}
        assert added.document["labels"]["person.hand"]["color"] == "#010203"
        two = {**one, "labels": {"person": {**person, "color": "#ffffff"}, "person.hand": hand}}
        changed = remote.update(K.ONTOLOGY, ontology.id, two, one)
        assert changed.document["labels"].keys() == {"person", "person.hand"}
        assert changed.document["labels"]["person"]["color"] == "#ffffff"
        assert remote.get(K.ONTOLOGY, ontology.id).document["labels"] == changed.document["labels"]

    def test_a_label_that_someone_else_added_survives_a_removal(self, remote, scope):
        (ontology,) = remote.list(K.ONTOLOGY, scope)
        label = {"color": "#010203", "displayLabel": "x", "attributes": [], "displayData": {}}
        mine = {**ontology.document, "labels": {"mine": label}}
        both = {**ontology.document, "labels": {"mine": label, "theirs": label}}
        remote.update(K.ONTOLOGY, ontology.id, both, ontology.document)
        left = remote.update(K.ONTOLOGY, ontology.id, {**mine, "labels": {}}, mine)
        assert left.document["labels"].keys() == {"theirs"}

    def test_attributes_are_added_and_removed_by_key(self, remote, scope):
        (ontology,) = remote.list(K.ONTOLOGY, scope)
        colour = {"title": "Colour", "key": "color", "type": "freeText", "scope": ["*"]}
        one = {**ontology.document, "attributes": {"color": colour}}
        added = remote.update(K.ONTOLOGY, ontology.id, one, ontology.document)
        assert added.document["attributes"]["color"]["title"] == "Colour"
        gone = remote.update(K.ONTOLOGY, ontology.id, {**one, "attributes": {}}, one)
        assert gone.document["attributes"] == {}

    def test_a_recipe_is_retitled(self, remote, scope):
        (recipe,) = remote.list(K.RECIPE, scope)
        changed = remote.update(K.RECIPE, recipe.id, {**recipe.document, "title": "Rules"}, recipe.document)
        assert changed.document["title"] == "Rules"
        assert changed.document["ontologies"] == recipe.document["ontologies"]
        assert [e.id for e in remote.find(K.RECIPE, scope, ["Rules"])] == [recipe.id]

    # Items and content

    def test_an_uploaded_item_is_got_found_and_downloaded(self, remote, dataset, put):
        item = put("/train/cat 1.jpg", b"0123456789", metadata={"user": {"k": 1}})
        assert item.parents == {K.DATASET: dataset.id}
        assert item.document["type"] == "file"
        assert item.document["filename"] == "/train/cat 1.jpg"
        assert holds(item, b"0123456789")
        assert item.document["metadata"]["user"] == {"k": 1}
        assert item.facts["created_at"].endswith("Z")
        assert item.updated_at
        assert item.facts["derived"]["size"] == 10
        assert remote.get(K.ITEM, item.id).document == item.document
        found = remote.find(K.ITEM, Scope(dataset=dataset.id), ["/train/cat 1.jpg", "/train/none.jpg"])
        assert [e.id for e in found] == [item.id]
        assert b"".join(remote.download(item.id)) == b"0123456789"

    def test_a_download_goes_on_from_an_offset(self, remote, put):
        item = put("/a.bin", bytes(range(256)))
        assert b"".join(remote.download(item.id, 200)) == bytes(range(200, 256))
        assert b"".join(remote.download(item.id, 256)) == b""

    def test_an_empty_file_comes_back_empty(self, remote, put):
        item = put("/empty.bin", b"")
        assert holds(item, b"")
        assert b"".join(remote.download(item.id)) == b""

    def test_an_upload_leaves_an_existing_path_alone_and_a_replacement_keeps_the_item(
        self, remote, scope, tmp_path
    ):
        local = tmp_path / "file"
        local.write_bytes(b"one")
        first, wrote = remote.upload(scope, {"filename": "/x.bin"}, local)
        assert wrote
        local.write_bytes(b"second")
        there, wrote = remote.upload(scope, {"filename": "/x.bin"}, local)
        assert not wrote
        assert there.id == first.id
        assert b"".join(remote.download(first.id)) == b"one"
        after = remote.replace(first.id, there.document, local)
        assert after.id == first.id
        assert holds(after, b"second")
        assert b"".join(remote.download(first.id)) == b"second"
        assert remote.count(K.ITEM, scope) == 1

    def test_an_item_update_merges_and_removes_keys(self, remote, put):
        item = put("/a.jpg", metadata={"user": {"keep": 1, "gone": 2, "deep": {"a": 1, "b": 2}}})
        wanted = {**item.document, "filename": "/b/c.jpg", "description": "moved"}
        wanted["metadata"] = {**item.document["metadata"], "user": {"keep": 1, "deep": {"a": 1, "b": 3}}}
        changed = remote.update(K.ITEM, item.id, wanted, item.document)
        assert changed.id == item.id
        assert changed.document["filename"] == "/b/c.jpg"
        assert changed.document["description"] == "moved"
        assert changed.document["metadata"]["user"] == {"keep": 1, "deep": {"a": 1, "b": 3}}
        assert changed.updated_at > item.updated_at

    def test_an_update_sends_only_what_differs_from_its_base(self, remote, put):
        item = put("/a.jpg", metadata={"user": {"mine": 1}})
        theirs = {
            **item.document,
            "metadata": {**item.document["metadata"], "user": {"mine": 1, "theirs": 2}},
        }
        remote.update(K.ITEM, item.id, theirs, item.document)
        mine = {**item.document, "metadata": {**item.document["metadata"], "user": {"mine": 3}}}
        merged = remote.update(K.ITEM, item.id, mine, item.document)
        assert merged.document["metadata"]["user"] == {"mine": 3, "theirs": 2}

    def test_an_update_to_what_is_there_already_changes_nothing(self, remote, put):
        item = put("/a.jpg")
        same = remote.update(K.ITEM, item.id, item.document, item.document)
        assert same.updated_at == item.updated_at

    def test_an_update_ignores_content(self, remote, put):
        item = put("/a.jpg", b"abc")
        wanted = {**item.document, "content": {"size": 9, "digest": "f" * 64}}
        assert holds(remote.update(K.ITEM, item.id, wanted, item.document), b"abc")

    def test_system_metadata_that_people_edit_is_written(self, remote, put):
        item = put("/a.jpg")
        system = {**item.document["metadata"].get("system", {}), "tags": {"train": True}}
        wanted = {**item.document, "metadata": {**item.document["metadata"], "system": system}}
        changed = remote.update(K.ITEM, item.id, wanted, item.document)
        assert changed.document["metadata"]["system"]["tags"] == {"train": True}
        assert holds(changed, b"abc")

    def test_a_directory_is_created_and_listed(self, remote, scope):
        (directory,) = remote.create(K.ITEM, scope, [{"type": "dir", "filename": "/photos"}])
        assert directory.document["type"] == "dir"
        assert directory.document["filename"] == "/photos"
        assert directory.id in [e.id for e in self.of(remote, K.ITEM, scope)]

    # Annotations

    def test_annotations_are_created_in_order_with_ids_of_their_own(self, remote, dataset, scope, put):
        item = put("/a.jpg")
        inside = Scope(scope.project, scope.dataset, item.id)
        documents = [box(f"L{n}", clientId=f"{n:024x}") for n in range(230)]
        made = remote.create(K.ANNOTATION, inside, documents)
        assert [e.document["label"] for e in made] == [d["label"] for d in documents]
        assert len({e.id for e in made}) == 230
        assert all(e.parents == {K.DATASET: dataset.id, K.ITEM: item.id} for e in made)
        assert remote.count(K.ANNOTATION, scope) == 230
        assert remote.count(K.ANNOTATION, inside) == 230

    def test_annotations_are_found_by_client_id(self, remote, scope, put):
        item, other = put("/a.jpg"), put("/b.jpg")
        inside = Scope(scope.project, scope.dataset, item.id)
        made = remote.create(K.ANNOTATION, inside, [box(clientId="c" * 24), box(clientId="d" * 24), box()])
        assert [e.id for e in remote.find(K.ANNOTATION, inside, ["c" * 24, "e" * 24])] == [made[0].id]
        assert remote.find(K.ANNOTATION, Scope(scope.project, scope.dataset, other.id), ["c" * 24]) == []

    def test_every_type_of_annotation_is_counted_and_listed(self, remote, scope, put):
        item = put("/a.jpg")
        note = {"box": [{"x": 1, "y": 1, "z": 0}, {"x": 2, "y": 2, "z": 0}], "note": {"messages": []}}
        documents = [
            {"type": "note", "label": "n", "coordinates": note, "metadata": {}},
            {"type": "class", "label": "c", "metadata": {}},
            {"type": "text", "label": "t", "coordinates": "free", "metadata": {}},
        ]
        remote.create(K.ANNOTATION, Scope(scope.project, scope.dataset, item.id), documents)
        listed = self.of(remote, K.ANNOTATION, scope)
        assert {e.document["type"]: e.document.get("coordinates") for e in listed} == {
            "note": note,
            "class": None,
            "text": "free",
        }
        assert remote.count(K.ANNOTATION, scope) == 3

    def test_an_annotation_is_updated_and_deleted(self, remote, scope, put):
        item = put("/a.jpg")
        (made,) = remote.create(K.ANNOTATION, Scope(scope.project, scope.dataset, item.id), [box()])
        system = {**made.document["metadata"].get("system", {}), "attributes": {"1": "red"}}
        wanted = {**made.document, "label": "Adult", "metadata": {"system": system}}
        changed = remote.update(K.ANNOTATION, made.id, wanted, made.document)
        assert changed.document["label"] == "Adult"
        assert changed.document["metadata"]["system"]["attributes"] == {"1": "red"}
        assert changed.document["coordinates"] == made.document["coordinates"]
        remote.delete(K.ANNOTATION, made.id)
        assert remote.get(K.ANNOTATION, made.id) is None
        assert remote.count(K.ANNOTATION, scope) == 0

    # Pages

    def test_pages_by_id_bring_everything_once_in_order(self, remote, scope, put):
        made = [put(f"/{n}.bin").id for n in range(5)]
        listed = [e.id for e in self.of(remote, K.ITEM, scope, limit=2) if e.document["type"] == "file"]
        assert listed == sorted(made)

    def test_pages_by_time_bring_what_changed_since(self, remote, scope, put):
        items = [put(f"/{n}.bin") for n in range(4)]
        mark = max(items, key=lambda e: (e.updated_at, e.id))
        cursor = Cursor(mark.id, mark.updated_at)
        touched = [
            remote.update(K.ITEM, e.id, {**e.document, "description": "seen"}, e.document)
            for e in (items[2], items[0], items[1])
        ]
        seen: list[RemoteEntity] = []
        more = True
        while more:
            page = remote.page(K.ITEM, scope, cursor, 2)
            seen += page.entities
            more = page.more
            cursor = Cursor(seen[-1].id, seen[-1].updated_at)
        fresh = [e.id for e in seen if e.document["type"] == "file"]
        assert fresh == [e.id for e in sorted(touched, key=lambda e: (e.updated_at, e.id))]

    def test_counts_of_spans_of_ids_add_up(self, remote, scope, put):
        for number in range(5):
            put(f"/{number}.bin")
        ids = [e.id for e in self.of(remote, K.ITEM, scope)]
        everything = remote.count(K.ITEM, scope)
        assert everything == len(ids) == remote.count(K.ITEM, scope, Span())
        for number, one in enumerate(ids, 1):
            assert remote.count(K.ITEM, scope, Span(upto=one)) == number
            assert remote.count(K.ITEM, scope, Span(after=one)) == everything - number
        assert remote.count(K.ITEM, scope, Span(Key.ID, ids[0], ids[2])) == 2
        assert remote.count(K.ITEM, scope, Span(Key.ID, ids[2], ids[2])) == 0
        assert remote.count(K.ANNOTATION, scope, Span(upto=ids[-1])) == 0

    def test_counts_of_spans_of_times_part_what_changed_from_what_did_not(self, remote, scope, put):
        first, second = put("/1.bin"), put("/2.bin")
        before = remote.newest(K.ITEM, scope)
        remote.update(K.ITEM, first.id, {**first.document, "description": "seen"}, first.document)
        everything = remote.count(K.ITEM, scope)
        assert remote.count(K.ITEM, scope, Span(Key.UPDATED_AT, after=before)) == 1
        assert remote.count(K.ITEM, scope, Span(Key.UPDATED_AT, upto=before)) == everything - 1
        assert remote.count(K.ITEM, scope, Span(Key.UPDATED_AT, before, remote.newest(K.ITEM, scope))) == 1
        assert second.updated_at <= before

    def test_a_filter_narrows_pages_counts_and_looks_to_what_matches_and_its_annotations(
        self, remote, scope, put
    ):
        items = [
            put(f"/{n}.bin", metadata={"user": {"site": "north" if n % 2 else "south"}}) for n in range(5)
        ]
        for item in items:
            remote.create(K.ANNOTATION, Scope(scope.project, scope.dataset, item.id), [box(item.id)])
        north = replace(scope, where='{"metadata.user.site": "north"}')
        wanted = sorted([items[1].id, items[3].id])
        assert [e.id for e in self.of(remote, K.ITEM, north, limit=1)] == wanted
        assert sorted(e.document["label"] for e in self.of(remote, K.ANNOTATION, north, limit=1)) == wanted
        for kind in (K.ITEM, K.ANNOTATION):
            assert remote.count(kind, north) == 2
            last = self.of(remote, kind, north)[-1]
            assert remote.count(kind, north, Span(after=last.id)) == 0
            assert remote.count(kind, north, Span(Key.UPDATED_AT, upto=last.updated_at)) > 0
            assert remote.newest(kind, north) == max(e.updated_at for e in self.of(remote, kind, north))
            since = remote.page(kind, north, Cursor("", last.updated_at), 10).entities
            assert {e.id for e in since} <= {e.id for e in self.of(remote, kind, north)}
            everything = [e.id for e in self.of(remote, kind, scope)]
            assert remote.present(kind, north, everything) == 2
            assert len(remote.several(kind, north, everything)) == 2
            assert len(remote.several(kind, scope, everything)) == len(everything)

    def test_of_some_ids_those_that_are_present_are_counted(self, remote, scope, put):
        one, two = put("/1.bin"), put("/2.bin")
        assert remote.present(K.ITEM, scope, [one.id, two.id, ABSENT]) == 2
        assert remote.present(K.ITEM, scope, [two.id]) == 1
        assert remote.present(K.ITEM, scope, [ABSENT]) == 0
        assert remote.present(K.ANNOTATION, scope, [one.id]) == 0
        many = [f"{number:024x}" for number in range(1100)]
        assert remote.present(K.ITEM, scope, [*many, one.id]) == 1

    def test_newest_is_the_largest_time_or_empty(self, remote, scope, put):
        assert remote.newest(K.ANNOTATION, scope) == ""
        item = put("/a.bin")
        changed = remote.update(K.ITEM, item.id, {**item.document, "description": "x"}, item.document)
        assert remote.newest(K.ITEM, scope) == changed.updated_at

    # Tasks

    def test_a_task_is_created_with_its_assignments(self, remote, scope, put):
        put("/a.bin")
        me = remote.account().email
        query = '{"filter": {"$and": [{"hidden": false}, {"type": "file"}]}, "resource": "items"}'
        document = {
            "name": "first pass",
            "spec": {"type": "annotation"},
            "query": query,
            "dueDate": 1878768000000.0,
            "workload": [{"assigneeId": me, "load": 100}],
        }
        (task,) = remote.create(K.TASK, scope, [document])
        assert task.document["name"] == "first pass"
        assert task.parents[K.DATASET] == scope.dataset
        assert task.parents[K.PROJECT] == scope.project
        assert [e.id for e in remote.find(K.TASK, scope, ["first pass"])] == [task.id]
        assert [e.id for e in remote.list(K.TASK, scope)] == [task.id]
        assignments = remote.list(K.ASSIGNMENT, scope)
        assert [e.document["annotator"] for e in assignments] == [me]
        assert assignments[0].parents[K.TASK] == task.id
        renamed = remote.update(K.TASK, task.id, {**task.document, "name": "second"}, task.document)
        assert renamed.document["name"] == "second"
        remote.delete(K.TASK, task.id)
        assert remote.get(K.TASK, task.id) is None

    # Items by id, and their work

    @pytest.mark.parametrize("kind", [K.ITEM, K.ANNOTATION])
    def test_several_are_those_that_are_there(self, remote, scope, put, kind):
        items = [put(f"/{number}.bin") for number in range(3)]
        there = items
        if kind is K.ANNOTATION:
            inside = Scope(scope.project, scope.dataset, items[0].id)
            there = list(remote.create(K.ANNOTATION, inside, [box("a"), box("b"), box("c")]))
        asked = [there[2].id, ABSENT, there[0].id]
        found = {one.id: one for one in remote.several(kind, scope, asked)}
        assert found.keys() == {there[0].id, there[2].id}
        assert found[there[2].id].document == remote.get(kind, there[2].id).document
        assert list(remote.several(kind, scope, [])) == []

    def test_several_are_of_one_dataset(self, remote, project, scope, put):
        (other,) = remote.create(K.DATASET, Scope(project=project.id), [{"name": "Other"}])
        item = put("/a.bin")
        assert list(remote.several(K.ITEM, Scope(project.id, other.id), [item.id])) == []

    @pytest.fixture
    def task(self, remote: Remote, scope: Scope) -> RemoteEntity:
        """A task without items, with one assignment."""
        query = '{"filter": {"$and": [{"filename": "/nothing"}]}, "resource": "items"}'
        workload = [{"assigneeId": remote.account().email, "load": 100}]
        document = {"name": "work", "spec": {"type": "annotation"}, "query": query, "workload": workload}
        return remote.create(K.TASK, scope, [document])[0]

    def test_items_go_into_a_task_get_statuses_and_leave_it(self, remote, scope, task, put):
        one, two, other = put("/1.bin"), put("/2.bin"), put("/3.bin")
        (share,) = remote.list(K.ASSIGNMENT, scope)
        ids, entry = [two.id, one.id], {"assignment": share.id}

        def assign(tasks: dict[str, Any], base: dict[str, Any]) -> None:
            answer = remote.assign(scope, ids, tasks, base)
            assert [item.id for item in answer] == ids
            for item in [*answer, *remote.several(K.ITEM, scope, ids)]:
                assert item.document.get("tasks", {}) == tasks

        assign({task.id: entry}, {})
        assign({task.id: {**entry, "status": "completed"}}, {task.id: entry})
        assign({task.id: {**entry, "status": "approved"}}, {task.id: {**entry, "status": "completed"}})
        assign({task.id: entry}, {task.id: {**entry, "status": "approved"}})
        assign({}, {task.id: entry})
        assert "tasks" not in remote.get(K.ITEM, other.id).document

    def test_an_assignment_comes_to_be_for_whom_items_are_given_to(self, remote, scope, task, put):
        item = put("/1.bin")
        (first,) = remote.list(K.ASSIGNMENT, scope)
        remote.assign(scope, [item.id], {task.id: {"assignment": first.id}}, {})
        (moved,) = remote.assign(
            scope,
            [item.id],
            {task.id: {"assignment": "new@example.test", "status": "completed"}},
            {task.id: {"assignment": first.id}},
        )
        shares = {one.id: one.document["annotator"] for one in remote.list(K.ASSIGNMENT, scope)}
        assert sorted(shares.values()) == sorted([remote.account().email, "new@example.test"])
        entry = moved.document["tasks"][task.id]
        assert (shares[entry["assignment"]], entry["status"]) == ("new@example.test", "completed")

    def test_what_is_the_same_in_base_and_document_is_not_sent(self, remote, scope, task, put):
        item = put("/1.bin")
        (share,) = remote.list(K.ASSIGNMENT, scope)
        entry = {"assignment": share.id}
        remote.assign(scope, [item.id], {task.id: {**entry, "status": "completed"}}, {})
        remote.assign(scope, [item.id], {task.id: entry}, {task.id: entry})
        assert remote.get(K.ITEM, item.id).document["tasks"] == {task.id: {**entry, "status": "completed"}}

    def test_an_item_that_is_gone_gets_no_task(self, remote, scope, task, put):
        item = put("/1.bin")
        with pytest.raises(RemoteNotFoundError):
            remote.assign(scope, [item.id, ABSENT], {task.id: {}}, {})

    # Deletions

    def test_a_deleted_item_takes_its_annotations_with_it(self, remote, scope, put):
        item = put("/a.jpg")
        remote.create(K.ANNOTATION, Scope(scope.project, scope.dataset, item.id), [box()])
        remote.delete(K.ITEM, item.id)
        assert remote.get(K.ITEM, item.id) is None
        assert remote.count(K.ANNOTATION, scope) == 0

    def test_deleting_twice_is_deleting_once(self, remote, scope, put):
        item = put("/a.jpg")
        remote.delete(K.ITEM, item.id)
        remote.delete(K.ITEM, item.id)
        remote.delete(K.DATASET, scope.dataset)
        remote.delete(K.DATASET, scope.dataset)
        assert remote.get(K.DATASET, scope.dataset) is None

    @pytest.mark.parametrize(
        "kind", [K.DATASET, K.ITEM, K.ANNOTATION, K.RECIPE, K.ONTOLOGY, K.TASK, K.ASSIGNMENT]
    )
    def test_what_is_not_there_is_none(self, remote, kind):
        assert remote.get(kind, ABSENT) is None

    def test_an_update_of_what_is_not_there_is_an_error(self, remote):
        with pytest.raises(RemoteNotFoundError):
            remote.update(K.ITEM, ABSENT, {"description": "x"}, {})
