from __future__ import annotations

import pytest

from localloop.errors import BadRequest, NotFound
from localloop.store.annotations import add_annotations
from localloop.store.datasets import DatasetCounts, counts_of, create_dataset, find_dataset, update_dataset
from localloop.store.items import add_item
from localloop.store.labels import delete_attributes, delete_labels, upsert_attributes, upsert_labels
from localloop.store.recipes import create_recipe, ontology_of, replace_ontology, update_recipe
from localloop_schema.kinds import EntityKind


def test_a_dataset_comes_with_a_recipe_and_an_ontology(world):
    recipe = world.store.get(EntityKind.RECIPE, world.dataset["recipes"][0])
    ontology = world.store.get(EntityKind.ONTOLOGY, recipe["ontologies"][0])
    assert (recipe["title"], ontology["title"]) == ("Apples Default Recipe", "Apples Default Ontology")
    assert recipe["settings"]["uiSettings"] == {"allowObjectIdAutoAssign": True, "studioV2App": True}


def test_two_datasets_of_one_name_in_a_project_are_refused(world):
    with pytest.raises(BadRequest, match="already exists"), world.store.transaction("create") as tx:
        create_dataset(tx, world.project, "Apples")


def test_a_dataset_may_share_a_recipe(world):
    with world.store.transaction("create") as tx:
        other = create_dataset(tx, world.project, "Pears", recipe_id=world.dataset["recipes"][0])
    assert other["recipes"] == world.dataset["recipes"]


def test_a_dataset_without_a_recipe_has_no_labels(world):
    with world.store.transaction("create") as tx:
        bare = create_dataset(tx, world.project, "Bare", default_recipe=False)
        with pytest.raises(NotFound):
            ontology_of(tx.connection, bare)


def test_labels_and_attributes_are_given_at_creation(world):
    with world.store.transaction("create") as tx:
        made = create_dataset(
            tx,
            world.project,
            "Pears",
            labels=[{"tag": "a.b"}],
            attributes=[{"key": "ripe", "type": "boolean"}],
        )
        ontology = ontology_of(tx.connection, made)
    assert list(ontology["labels"]) == ["a", "a.b"]
    assert ontology["attributes"] == {"ripe": {"key": "ripe", "type": "boolean"}}


def test_the_recipes_of_a_dataset_are_system_metadata(world):
    with world.store.transaction("switch recipe") as tx:
        other = create_recipe(tx, world.project["id"], "Other", [])
        patch = {"metadata": {"system": {"recipes": [other["id"]], "scope": "x"}, "user": {"k": 1}}}
        unmoved = update_dataset(tx, world.dataset, patch)
        assert unmoved["recipes"] == world.dataset["recipes"]
        moved = update_dataset(tx, unmoved, patch, system=True)
    assert moved["recipes"] == [other["id"]]
    assert moved["metadata"] == {"user": {"k": 1}, "system": {"scope": "x"}}


def test_a_dataset_is_found_by_its_name(world):
    with world.store.transaction("rename") as tx:
        update_dataset(tx, world.dataset, {"name": "Plums"})
        assert find_dataset(tx.connection, world.project["id"], "Plums")["id"] == world.dataset["id"]
        assert find_dataset(tx.connection, world.project["id"], "Apples") is None


def test_a_dataset_counts_files_and_annotations(world):
    blob = world.store.blobs.add_bytes(b"x")
    with world.store.transaction("add") as tx:
        first, _ = add_item(tx, world.dataset, "/a.jpg", blob)
        add_item(tx, world.dataset, "/b.jpg", blob)
        add_item(tx, world.dataset, "/folder", None)
        add_annotations(tx, first, [{"type": "class", "label": "L"}] * 3)
        counts = counts_of(tx.connection, [world.dataset["id"], "none"])
    assert counts == {world.dataset["id"]: DatasetCounts(2, 1, 3), "none": DatasetCounts(0, 0, 0)}


def test_many_labels_are_one_operation(world):
    with world.store.transaction("add labels") as tx:
        ontology = ontology_of(tx.connection, world.dataset)
        batch = tx.stamp.batch
        upsert_labels(tx, ontology, [{"tag": "a.b.c"}, {"tag": "d", "color": (1, 2, 3)}])
    with world.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT kind FROM operations WHERE batch = ?", (batch,)).all()
        labels = ontology_of(connection, world.dataset)["labels"]
    assert rows == [("ontology",)]
    assert list(labels) == ["a", "a.b", "a.b.c", "d"]
    assert (labels["a.b.c"]["displayLabel"], labels["d"]["color"]) == ("c", "#010203")


def test_changing_a_label_keeps_what_is_not_named(world):
    with world.store.transaction("labels") as tx:
        ontology = ontology_of(tx.connection, world.dataset)
        image = {"displayImage": {"itemId": "i", "datasetId": "d"}}
        node = {"tag": "a", "color": "#FFFFFF", "attributes": ["big"], "displayData": image}
        ontology = upsert_labels(tx, ontology, [node])
        ontology = upsert_labels(tx, ontology, [{"tag": "a", "displayLabel": "A", "displayData": {}}])
    assert ontology["labels"]["a"] == {
        "color": "#FFFFFF",
        "displayLabel": "A",
        "attributes": ["big"],
        "displayData": image,
    }


def test_updating_a_label_that_is_not_there_is_an_error(world):
    with world.store.transaction("labels") as tx, pytest.raises(NotFound, match="Label not found"):
        upsert_labels(tx, ontology_of(tx.connection, world.dataset), [{"tag": "no"}], upsert=False)


@pytest.mark.parametrize("node", [{"tag": ""}, {"tag": "a..b"}, {}, {"tag": "a", "color": "green"}])
def test_a_label_that_makes_no_sense_is_refused(world, node):
    with world.store.transaction("labels") as tx, pytest.raises(BadRequest):
        upsert_labels(tx, ontology_of(tx.connection, world.dataset), [node])


def test_deleting_a_label_deletes_those_below_it(world):
    with world.store.transaction("labels") as tx:
        ontology = ontology_of(tx.connection, world.dataset)
        ontology = upsert_labels(tx, ontology, [{"tag": "a", "children": [{"tag": "b"}]}, {"tag": "ab"}])
        assert list(ontology["labels"]) == ["a", "a.b", "ab"]
        assert list(delete_labels(tx, ontology, ["a", "unknown"])["labels"]) == ["ab"]


def test_attributes_are_kept_by_key(world):
    with world.store.transaction("attributes") as tx:
        ontology = ontology_of(tx.connection, world.dataset)
        ontology = upsert_attributes(tx, ontology, [{"key": "x", "type": "boolean"}, {"key": "y"}])
        ontology = upsert_attributes(tx, ontology, [{"key": "y", "type": "freeText"}])
        ontology = delete_attributes(tx, ontology, ["x"])
        assert ontology["attributes"] == {"y": {"key": "y", "type": "freeText"}}
        with pytest.raises(BadRequest):
            upsert_attributes(tx, ontology, [{"title": "no key"}])


def test_replacing_an_ontology_takes_its_tree(world):
    with world.store.transaction("replace") as tx:
        ontology = upsert_labels(tx, ontology_of(tx.connection, world.dataset), [{"tag": "old"}])
        tree = [{"value": {"tag": "a", "color": "#000000"}, "children": [{"value": {"tag": "b"}}]}]
        wire = {"roots": tree, "title": "T", "id": "ignored", "metadata": {"attributes": [{"key": "k"}]}}
        ontology = replace_ontology(tx, ontology, wire)
    assert (list(ontology["labels"]), ontology["title"]) == (["a", "a.b"], "T")
    assert ontology["attributes"] == {"k": {"key": "k"}}


def test_a_recipe_is_patched(world):
    with world.store.transaction("recipe") as tx:
        recipe = tx.row(EntityKind.RECIPE, world.dataset["recipes"][0])
        patch = {"title": "New", "uiSettings": {"a": 1}, "metadata": {"system": {"s": 1}, "user": {"u": 1}}}
        recipe = update_recipe(tx, recipe, patch, system=True)
    assert recipe["title"] == "New"
    assert recipe["settings"]["uiSettings"] == {"allowObjectIdAutoAssign": True, "studioV2App": True, "a": 1}
    assert recipe["metadata"] == {"user": {"u": 1}, "system": {"s": 1}}
