"""What a document refers to: what is on its way is waited for, what is not there holds nothing back."""

from __future__ import annotations

from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.datasets import update_dataset
from localloop.store.recipes import create_ontology
from localloop.store.tasks import create_task
from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import TransientError

GONE = "f" * 24


def names(platform, kind, key="name"):
    return sorted(one.document[key] for one in platform.entities[kind].values())


def test_a_drawing_goes_up_though_its_parent_was_deleted_before_the_first_sync(alone, platform):
    alone.add("/a.txt")
    with alone.store.transaction("draw") as tx:
        item = tx.row(K.ITEM, alone.item("/a.txt")["id"])
        [parent] = add_annotations(tx, item, [{"type": "class", "label": "parent"}])
        below = {"system": {"parentId": parent["id"]}}
        add_annotations(tx, item, [{"type": "class", "label": "child", "metadata": below}])
    with alone.store.transaction("delete") as tx:
        tx.delete(K.ANNOTATION, tx.row(K.ANNOTATION, parent["id"]))
    assert alone.sync().unsent == 0
    assert platform.labels() == ["child"]


def test_an_edit_goes_up_though_the_platform_itself_has_lost_the_parent(pair):
    drawn = pair.platform.annotate("/a.txt", "old")
    orphaned = {"system": {"clientId": "c-old", "parentId": GONE}}
    pair.platform.edit(K.ANNOTATION, drawn.id, metadata=orphaned)
    pair.a.sync()
    with pair.a.store.transaction("edit") as tx:
        [row] = tx.rows(K.ANNOTATION, label="old")
        update_annotation(tx, row, {"label": "new"})
    assert pair.a.sync().unsent == 0
    assert pair.platform.entities[K.ANNOTATION][drawn.id].document["label"] == "new"
    assert pair.platform.entities[K.ANNOTATION][drawn.id].document["metadata"] == orphaned


def test_a_dataset_is_renamed_though_it_names_a_recipe_that_is_gone(pair):
    [dataset] = pair.platform.entities[K.DATASET].values()
    recipes = [*dataset.document["recipes"], GONE]
    pair.platform.edit(K.DATASET, dataset.id, recipes=recipes)
    pair.a.sync()
    with pair.a.store.transaction("rename") as tx:
        update_dataset(tx, tx.row(K.DATASET, pair.a.dataset()["id"]), {"name": "E"})
    assert pair.a.sync().unsent == 0
    assert pair.platform.entities[K.DATASET][dataset.id].document["name"] == "E"
    assert pair.platform.entities[K.DATASET][dataset.id].document["recipes"] == recipes


def test_a_dataset_deleted_with_its_recipe_goes_first(pair):
    with pair.a.store.transaction("delete") as tx:
        dataset = tx.row(K.DATASET, pair.a.dataset()["id"])
        [recipe] = dataset["recipes"]
        [ontology] = tx.row(K.RECIPE, recipe)["ontologies"]
        tx.delete(K.ONTOLOGY, tx.row(K.ONTOLOGY, ontology))
        tx.delete(K.RECIPE, tx.row(K.RECIPE, recipe))
        tx.delete(K.DATASET, dataset)
    assert pair.a.sync().unsent == 0
    deleted = [one[1] for one in pair.a.requests if one[0] == "delete"]
    assert deleted == [K.DATASET, K.RECIPE, K.ONTOLOGY]


def test_a_second_ontology_or_task_of_the_same_name_is_made(alone, platform):
    alone.sync()
    with alone.store.transaction("make") as tx:
        [known] = tx.rows(K.ONTOLOGY)
        create_ontology(tx, known["project_id"], known["title"])
    for _ in range(2):
        with alone.store.transaction("make") as tx:
            create_task(tx, tx.row(K.DATASET, alone.dataset()["id"]), "T", {})
        assert alone.sync().unsent == 0
    assert names(platform, K.ONTOLOGY, "title") == ["D Default Ontology"] * 2
    assert names(platform, K.TASK) == ["T", "T"]
    assert alone.sync().quiet


def test_a_second_task_of_the_same_name_whose_reply_was_lost_is_not_made_twice(alone, platform):
    for _ in range(2):
        with alone.store.transaction("make") as tx:
            create_task(tx, tx.row(K.DATASET, alone.dataset()["id"]), "T", {})
        alone.listen(after=lose_a_task)
        try:
            alone.sync()
        except TransientError:
            alone.listen()
            assert alone.sync().unsent == 0
    assert names(platform, K.TASK) == ["T", "T"]


def lose_a_task(method, *args):
    if method == "create" and args[0] is K.TASK:
        raise TransientError("the reply was lost")
