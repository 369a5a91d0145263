"""Recipes and ontologies as a whole, and tasks that are searched; offline."""

from __future__ import annotations

import pytest

import localloop as dl


@pytest.fixture
def recipe(dataset):
    dataset.add_labels(["Ripe", {"tag": "Rotten", "color": "#112233"}])
    found = dataset.recipes.list()[0]
    found.ontologies[0].update_attributes("Size", "size", "freeText")
    found.description = "how to"
    return found.update()


def test_a_cloned_recipe_has_ontologies_of_its_own(recipe, dataset):
    copy = dataset.recipes.clone(recipe_id=recipe.id)
    assert copy.id != recipe.id
    assert (copy.title, copy.description) == (recipe.title, "how to")
    [mine], [theirs] = recipe.ontologies, copy.ontologies
    assert mine.id != theirs.id
    assert [label.tag for label in theirs.labels] == ["Ripe", "Rotten"]
    theirs.add_label("New")
    assert [label.tag for label in dataset.labels] == ["Ripe", "Rotten"]


def test_a_shallow_clone_shares_them(recipe):
    assert recipe.clone(shallow=True).ontology_ids == recipe.ontology_ids


def test_nothing_to_clone_is_an_error(dataset):
    with pytest.raises(dl.exceptions.BadRequest, match="recipe"):
        dataset.recipes.clone()


def test_an_ontology_takes_over_what_another_ones_json_says(recipe, project):
    [source] = recipe.ontologies
    target = dl.ontologies.create(labels=["Old"], title="Mine", project_ids=project.id)
    taken = target.copy_from(source.to_json())
    assert taken.title == "Mine"
    assert [(one.tag, one.color) for one in taken.labels][1] == ("Rotten", "#112233")
    [attribute] = taken.to_json()["metadata"]["attributes"]
    assert attribute["key"] == "size"
    assert [attribute] == source.to_json()["metadata"]["attributes"]


def test_labels_become_the_tree_of_the_wire():
    roots = dl.ontologies.labels_to_roots({"Ear": (1, 2, 3)})
    assert roots == [{"value": {"tag": "Ear", "color": "#010203", "attributes": []}, "children": []}]
    roots = dl.ontologies.labels_to_roots([dl.Label(tag="A", color="#000000"), {"tag": "B"}])
    assert [one["value"]["tag"] for one in roots] == ["A", "B"]
    assert roots[1]["value"]["color"] == "#FFFFFF"


def test_tasks_are_searched_by_a_filter(dataset, item):
    for name in ("one", "two"):
        dataset.tasks.create(task_name=name, assignee_ids=["ann@example.test"], items=[item])
    filters = dl.Filters(field="name", values="two", resource=dl.FiltersResource.TASK)
    assert [task.name for task in dataset.tasks.query(filters).all()] == ["two"]
    assert dataset.tasks.query().items_count == 2
    assert dataset.project.tasks.query(project_ids=dataset.project.id).items_count == 2
    with pytest.raises(dl.exceptions.BadRequest, match="must be task"):
        dataset.tasks.query(dl.Filters())
    other = dl.projects.create("Other")
    assert other.tasks.query().items_count == 0


def test_a_filter_says_what_it_asks_for():
    filters = dl.Filters(field="filename", values="/a/*.jpg")
    filters.add("metadata.user.n", 3, dl.FiltersOperations.GREATER_THAN)
    filters.add("name", ["x", "y"], "in", method="or")
    filters.add("description", True, "exists", method="or")
    filters.add_join("label", "Ear")
    filters.sort_by("filename")
    assert str(filters) == (
        'items where (name in ["x", "y"] or description is there) and (hidden = false and type = "file" and '
        'filename = "/a/*.jpg" and metadata.user.n > 3), with an annotation where label = "Ear", by filename ascending'
    )
    assert repr(dl.Filters(use_defaults=False)) == "<Filters: all items>"
