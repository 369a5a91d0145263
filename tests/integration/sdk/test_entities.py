from __future__ import annotations

import datetime as dt
import json

import pytest

import localloop as dl
from localloop.errors import BadRequest, BlobMissingError, Conflict, Forbidden, NotFound


def annotate(item, *labels):
    builder = item.annotations.builder()
    builder.add([dl.Classification(label) for label in labels])
    return builder.upload()


@pytest.fixture
def many(dataset):
    return dataset.items.upload(
        [bytes([n]) for n in range(7)], remote_name=[f"{n}.bin" for n in range(7)], return_as_list=True
    )


class TestItems:
    def test_two_who_change_different_keys_do_not_collide(self, dataset, item):
        other = dataset.items.get(item_id=item.id)
        item.metadata["user"] = {"a": 1}
        item.update()
        other.metadata["user"] = {"b": 2}
        other.update()
        assert other.metadata["user"] == {"a": 1, "b": 2}

    def test_a_removed_key_is_gone(self, dataset, item):
        item.metadata["user"] = {"a": 1, "b": 2}
        item.update()
        del item.metadata["user"]["a"]
        assert item.update().metadata["user"] == {"b": 2}

    def test_no_change_writes_nothing(self, item):
        before = item.updated_at
        assert item.update().updated_at == before

    @pytest.mark.parametrize("value", [dt.datetime.now(tz=dt.UTC), float("nan"), {1, 2}])
    def test_metadata_that_json_cannot_carry_is_refused(self, dataset, item, value):
        item.metadata["user"] = {"k": value}
        with pytest.raises(BadRequest):
            item.update()
        assert "user" not in dataset.items.get(item_id=item.id).metadata

    def test_system_metadata_changes_only_when_meant(self, item):
        item.metadata["system"]["tags"] = {"t": True}
        assert "tags" not in item.update().metadata["system"]
        item.metadata["system"]["tags"] = {"t": True}
        assert item.update(system_metadata=True).metadata["system"]["tags"] == {"t": True}

    def test_a_description_is_stored_at_once(self, dataset, item):
        item.metadata["user"] = {"unsaved": 1}
        item.description = "d"
        assert dataset.items.get(item_id=item.id).description == "d"
        assert item.update().metadata["user"] == {"unsaved": 1}

    def test_a_moved_item_keeps_its_id(self, dataset, item):
        assert item.move("/x/").filename == "/x/a.jpg"
        assert item.move("/y/b.jpg").filename == "/y/b.jpg"
        dataset.items.make_dir("/dir")
        assert item.move("/dir").filename == "/dir/b.jpg"
        assert dataset.items.get(filepath="/dir/b.jpg").id == item.id
        assert dataset.items.get(filepath="/dir", is_dir=True).type == "dir"

    def test_nothing_moves_onto_something_else(self, dataset, item):
        dataset.items.upload(b"x", remote_name="b.jpg")
        with pytest.raises(Conflict):
            item.move("/b.jpg")

    def test_many_move_or_none(self, dataset, many):
        dataset.items.upload(b"x", remote_path="/to", remote_name="6.bin")
        with pytest.raises(Conflict):
            dataset.items.move_items("/to", items=many)
        assert dataset.items.get(filepath="/0.bin").id == many[0].id
        assert dataset.items.move_items("/to", filters=dl.Filters("name", "0.bin"))
        assert dataset.items.get(filepath="/to/0.bin").id == many[0].id

    def test_a_deleted_item_is_gone(self, dataset, item):
        assert item.delete()
        with pytest.raises(NotFound):
            item.delete()
        with pytest.raises(NotFound):
            item.update_status("completed", task_id="x" * 24)

    def test_items_are_deleted_by_path_id_or_filter(self, dataset, many):
        dataset.items.delete(filename="0.bin")
        dataset.items.delete(item_id=many[1].id)
        dataset.items.delete(filters=dl.Filters("name", ["2.bin", "3.bin"], dl.FiltersOperations.IN))
        assert [item.name for item in dataset.items.list().all()] == ["4.bin", "5.bin", "6.bin"]
        with pytest.raises(BadRequest):
            dataset.items.delete()

    def test_a_filter_for_annotations_finds_no_items(self, dataset):
        wrong = dl.Filters(resource=dl.FiltersResource.ANNOTATION)
        for act in (dataset.items.list, lambda filters: dataset.items.delete(filters=filters)):
            with pytest.raises(BadRequest, match="ITEM"):
                act(filters=wrong)

    @pytest.mark.parametrize(
        "arguments",
        [{}, {"filters": dl.Filters()}, {"filters": dl.Filters(), "update_values": {}}],
    )
    def test_an_update_that_says_nothing_is_refused(self, dataset, arguments):
        with pytest.raises(BadRequest):
            dataset.items.update(**arguments)

    def test_system_values_by_filter_need_to_be_meant(self, dataset, item):
        values = {"system_update_values": {"tags": {"t": True}}, "filters": dl.Filters()}
        dataset.items.update(**values)
        assert "tags" not in dataset.items.get(item_id=item.id).system
        dataset.items.update(**values, system_metadata=True)
        assert dataset.items.get(item_id=item.id).system["tags"] == {"t": True}


class TestDownload:
    def test_a_path_with_an_extension_is_a_file(self, item, machine):
        assert item.download("x/here.jpg") == "x/here.jpg"
        assert (machine / "x/here.jpg").read_bytes() == b"abc"

    def test_a_directory_keeps_the_items_path(self, dataset, item, machine):
        item.move("/deep/er/")
        assert item.download(str(machine / "out")) == str(machine / "out/items/deep/er/a.jpg")
        assert list(dataset.download(local_path=machine / "flat", to_items_folder=False)) == [
            str(machine / "flat/deep/er/a.jpg")
        ]

    def test_what_is_there_stays_unless_overwritten(self, item, machine):
        (machine / "a.jpg").write_bytes(b"mine")
        item.download("a.jpg")
        assert (machine / "a.jpg").read_bytes() == b"mine"
        item.download("a.jpg", overwrite=True)
        assert (machine / "a.jpg").read_bytes() == b"abc"

    def test_a_directory_has_no_content(self, dataset):
        with pytest.raises(BadRequest):
            dataset.items.make_dir("/d").download()

    def test_content_that_is_elsewhere_is_said_so(self, item):
        for digest in list(item._store.blobs.digests()):
            item._store.blobs.remove(digest)
        with pytest.raises(BlobMissingError, match="only on the platform") as caught:
            item.download()
        assert "localloop fetch" in caught.value.advice
        item.delete()

    def test_a_path_of_somebody_elses_never_leads_out(self, item, machine):
        with item._store.transaction("as a pull may bring it") as tx:
            tx.connection.exec_driver_sql("UPDATE items SET filename = '/../../x'")
            tx.connection.exec_driver_sql(
                "UPDATE operations SET changes = replace(changes, '/a.jpg', '/../../x') WHERE kind = 'item'"
            )
        with pytest.raises(BadRequest, match="leads out"):
            item.download(machine)


class TestPages:
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
    def test_pages_hold_everything_once(self, dataset, many, size):
        pages = dataset.items.list(page_size=size)
        assert (pages.items_count, len(pages)) == (7, 7)
        assert [len(page) for page in pages] == [min(size, 7 - n) for n in range(0, 7, size)]
        assert [item.id for item in pages.all()] == [item.id for item in many]
        assert pages.items_count == 7  # iterating does not change it

    def test_a_loop_may_change_what_the_query_finds(self, dataset, many):
        filters = dl.Filters(field="metadata.user.seen", values=False, operator="exists", page_size=2)
        for item in dataset.items.list(filters).all():
            item.metadata["user"] = {"seen": True}
            item.update()
        assert dataset.items.list(filters).items_count == 0

    def test_pages_in_an_order_of_ones_own(self, dataset, many):
        filters = dl.Filters(page_size=3)
        filters.sort_by("name", dl.FiltersOrderByDirection.DESCENDING)
        pages = dataset.items.list(filters)
        assert [item.name[0] for item in pages.all()] == list("6543210")

    def test_one_walks_between_pages(self, dataset, many):
        pages = dataset.items.list(page_size=3)
        pages.next_page()
        assert ([item.name[0] for item in pages.items], pages.has_next_page) == (list("345"), True)
        pages.go_to_page(2)
        assert ([item.name[0] for item in pages.items], pages.has_next_page) == (["6"], False)
        pages.prev_page()
        assert [item.name[0] for item in pages[0]] == list("012")
        assert pages.total_pages_count == 3

    def test_a_page_offset_is_where_one_begins(self, dataset, many):
        assert [item.name[0] for item in dataset.items.list(page_offset=1, page_size=4).all()] == list("456")

    def test_a_page_prints_as_a_table(self, dataset, item, capsys):
        dataset.items.list().print(columns="filename")
        assert "/a.jpg" in capsys.readouterr().out


class TestAnnotations:
    def test_a_built_annotation_is_uploaded_with_its_values(self, item):
        builder = item.annotations.builder()
        builder.add(
            dl.Box(left=1, top=2, right=3, bottom=4, label="L", attributes={"k": True}),
            object_id=7,
            metadata={"user": {"u": 1}},
            model_info={"confidence": 0.5, "name": "m"},
        )
        (annotation,) = builder.upload()
        assert annotation.id is not None
        assert annotation.attributes == {"k": True}
        assert annotation.metadata["system"]["objectId"] == "7"
        model = {"confidence": 0.5, "name": "m", "model_id": None}
        assert annotation.metadata["user"] == {"u": 1, "model": model}
        assert annotation.coordinates == [{"x": 1.0, "y": 2.0, "z": 0.0}, {"x": 3.0, "y": 4.0, "z": 0.0}]

    @pytest.mark.parametrize(
        "arguments",
        [{"object_id": "x"}, {"model_info": {}}, {"model_info": {"confidence": 2}}],
    )
    def test_what_makes_no_sense_is_not_built(self, item, arguments):
        with pytest.raises(ValueError, match=r"Object id|confidence"):
            item.annotations.builder().add(dl.Classification("L"), **arguments)

    def test_an_annotation_is_changed(self, item):
        (annotation,) = annotate(item, "L")
        annotation.label = "M"
        annotation.attributes = {"k": 1}
        annotation.update()
        again = item.annotations.get(annotation.id)
        assert (again.label, again.attributes) == ("M", {"k": 1})

    def test_the_status_of_an_annotation_comes_and_goes(self, item):
        (annotation,) = annotate(item, "L")
        changed = item.annotations.update_status(annotation, status=dl.AnnotationStatus.ISSUE)
        assert changed.status == "issue"
        changed = item.annotations.update_status(annotation_id=annotation.id, status="clear")
        assert changed.status is None
        with pytest.raises(ValueError, match="status must be"):
            item.annotations.update_status(annotation, status="wrong")

    @pytest.mark.parametrize("form", ["one", "json", "list", "collection", "file"])
    def test_annotations_are_taken_in_any_form(self, item, machine, form):
        wire = {"type": "class", "label": "L", "coordinates": None}
        (machine / "x.json").write_text(json.dumps({"annotations": [wire]}))
        one = dl.Annotation.new(item, dl.Classification("L"))
        given = {
            "one": one,
            "json": wire,
            "list": [wire],
            "collection": {"annotations": [wire]},
            "file": "x.json",
        }[form]
        assert [annotation.label for annotation in item.annotations.upload(given)] == ["L"]
        assert len(item.annotations.list()) == 1

    def test_if_one_makes_no_sense_none_is_stored(self, item):
        with pytest.raises(BadRequest):
            item.annotations.upload([{"type": "class", "label": "L"}, {"type": "class"}])
        assert len(item.annotations.list()) == 0

    def test_annotations_are_deleted_one_by_one_by_id_by_filter_or_all(self, dataset, item):
        a, b, c, *_ = annotate(item, *"abcdef")
        assert a.delete()
        assert item.annotations.delete(annotation_id=b.id)
        assert item.annotations.delete(annotation=c)
        wanted = dl.Filters(resource=dl.FiltersResource.ANNOTATION, field="label", values="d")
        assert item.annotations.delete(filters=wanted)
        assert not wanted.has_field("itemId")
        assert sorted(annotation.label for annotation in item.annotations.list()) == ["e", "f"]
        ids = [annotation.id for annotation in item.annotations.list()]
        assert item.annotations.delete(annotation_id=ids[:1])
        assert item.annotations.delete("all")
        assert dataset.annotations.list().items_count == 0
        with pytest.raises(BadRequest):
            item.annotations.delete()
        with pytest.raises(NotFound):
            item.annotations.delete(annotation_id=a.id)

    def test_notes_are_left_out_and_left_alone_unless_asked_for(self, item):
        item.annotations.upload({"type": "note", "label": "n", "coordinates": {}})
        assert len(item.annotations.list()) == 0
        item.annotations.delete("all")
        every = dl.Filters(resource=dl.FiltersResource.ANNOTATION, use_defaults=False)
        assert [annotation.type for annotation in item.annotations.list(every)] == ["note"]

    def test_a_dataset_lists_the_annotations_of_all_its_items(self, dataset, many):
        for item in many[:3]:
            annotate(item, item.name)
        pages = dataset.annotations.list(page_size=2)
        assert [annotation.label for annotation in pages.all()] == ["0.bin", "1.bin", "2.bin"]

    def test_deleting_one_items_annotations_leaves_the_others(self, dataset, many):
        for item in many[:2]:
            annotate(item, "L")
        many[0].annotations.delete(
            filters=dl.Filters(resource=dl.FiltersResource.ANNOTATION, field="label", values="L")
        )
        assert dataset.annotations.list().items_count == 1


class TestDatasets:
    def test_labels_are_given_in_any_form(self, project):
        made = project.datasets.create("E", labels={"x": (1, 2, 3)})
        made.add_labels(
            ["a.b", dl.Label("c", children=[dl.Label("d")]), {"label_name": "e", "color": "#ff0000"}]
        )
        flat = made.labels_flat_dict
        assert list(flat) == ["x", "a", "a.b", "c", "c.d", "e"]
        assert (flat["x"].color, flat["e"].rgb) == ("#010203", (255, 0, 0))

    def test_labels_are_changed_and_deleted(self, dataset):
        dataset.add_label("a.b", attributes=["big"])
        dataset.update_label("a.b", color="#ffffff", display_label="B")
        label = dataset.labels_flat_dict["a.b"]
        assert (label.color, label.display_label, label.attributes) == ("#ffffff", "B", ["big"])
        with pytest.raises(NotFound):
            dataset.update_label("no")
        dataset.delete_labels("a")
        assert dataset.labels == []

    def test_a_whole_label_goes_back_in(self, dataset):
        dataset.add_label("a.b", color="#123456")
        dataset.add_label(label=dataset.labels[0])
        assert dataset.labels_flat_dict["a.b"].color == "#123456"

    def test_two_of_one_name_are_refused(self, project, dataset):
        with pytest.raises(BadRequest, match="exists"):
            project.datasets.create("D")

    def test_a_dataset_is_renamed_listed_and_checked_out(self, project, dataset):
        dataset.name = "E"
        dataset.update()
        assert [one.name for one in project.datasets.list()] == ["E"]
        with pytest.raises(BadRequest):
            dl.datasets.get()
        project.datasets.get("E", checkout=True)
        assert dl.datasets.get() == dataset
        assert dl.datasets.get(dataset_id=dataset.id).project == project

    def test_the_platforms_own_datasets_are_not_listed(self, project, dataset):
        from localloop.store.datasets import create_dataset

        with dataset._store.transaction("as a hub does") as tx:
            row = tx.row(project.kind, project.id)
            create_dataset(tx, row, "Binaries", default_recipe=False, system=True)
        assert [one.name for one in project.datasets.list()] == ["D"]
        with pytest.raises(NotFound):
            project.datasets.get("Binaries")

    def test_deleting_needs_to_be_meant(self, project, dataset, item):
        with pytest.raises(Forbidden):
            dataset.delete()
        with pytest.raises(Forbidden):
            project.delete(sure=True)
        assert dataset.delete(sure=True, really=True)
        with pytest.raises(NotFound):
            dl.items.get(item_id=item.id)
        assert project.delete(sure=True, really=True)
        assert dl.projects.list() == []

    def test_a_recipe_can_be_shared_renamed_and_looked_at(self, project, dataset):
        other = project.datasets.create("E", recipe_id=dataset.get_recipe_ids()[0])
        dataset.add_label("a")
        assert [label.tag for label in other.labels] == ["a"]
        (recipe,) = other.recipes.list()
        recipe.title = "R"
        assert recipe.update().title == "R"
        (ontology,) = recipe.ontologies
        ontology.title = "O"
        assert (ontology.update().title, [label.tag for label in ontology.labels]) == ("O", ["a"])
        third = project.datasets.create("F")
        assert third.switch_recipe(recipe.id).get_recipe_ids() == [recipe.id]


class TestTasks:
    def test_items_are_shared_and_get_a_status(self, dataset, many):
        task = dataset.tasks.create("t", assignee_ids=["a@x", "b@x", "c@x"])
        assert [share["load"] for share in json.loads(json.dumps(task._json["workload"]))] == [34, 33, 33]
        assert [one.total_items for one in task.assignments] == [2, 3, 2]
        first, *_ = task.get_items().all()
        first.update_status(dl.ItemStatus.COMPLETED)
        assert dataset.tasks.get("t").item_status == {
            "completed": 1,
            "remaining": 6,
            "actions": {"completed": 1},
        }
        first.update_status("completed", clear=True)
        assert dataset.tasks.get(task_id=task.id).progress == 0
        assert task.set_status("approved", "create", [item.id for item in many])
        assert task.progress == 100

    def test_a_task_of_named_items(self, dataset, many):
        task = dataset.tasks.create("t", items=many[:2], priority=dl.TASK_PRIORITY_HIGH)
        assert (task.total_items, task.priority) == (2, 3)
        assert task.add_items(items=many).total_items == 7
        assert task.remove_items(filters=dl.Filters("name", "0.bin")).total_items == 6
        task.name = "u"
        assert task.update().name == "u"
        assert dataset.tasks.list(task_name="u") == [task]
        assert task.delete()
        with pytest.raises(NotFound):
            dataset.tasks.get("u")

    def test_without_a_date_a_task_is_due_in_a_week(self, dataset):
        task = dataset.tasks.create("t")
        made = dt.datetime.fromisoformat(task.created_at).timestamp()
        assert task.due_date / 1000 - made == pytest.approx(7 * 24 * 3600, abs=60)

    def test_an_apostrophe_in_a_filter_survives(self, dataset, many):
        task = dataset.tasks.create("t", filters=dl.Filters("metadata.user.k", "o'clock"))
        assert "o'clock" in json.loads(task.query)["filter"]["$and"][2].values()


class TestStores:
    def test_a_store_can_be_chosen(self, machine, offline, tmp_path):
        dl.projects.create("here")
        dl.use(tmp_path / "other")
        dl.projects.create("there")
        assert [project.name for project in dl.projects.list()] == ["there"]
        dl.use(None)
        assert [project.name for project in dl.projects.list()] == ["here"]

    def test_the_nearest_local_store_is_used(self, machine, offline, monkeypatch, tmp_path):
        monkeypatch.delenv("LOCALLOOP_STORE")
        dl.open_store(machine / ".localloop")
        (machine / "deep" / "er").mkdir(parents=True)
        monkeypatch.chdir(machine / "deep" / "er")
        assert dl.info()["store"] == str((machine / ".localloop").resolve())

    def test_objects_keep_the_store_they_came_from(self, dataset, tmp_path):
        dl.use(tmp_path / "other")
        assert dataset.items.upload(b"x", remote_name="x").filename == "/x"
        assert dl.projects.list() == []
        dl.use(None)
