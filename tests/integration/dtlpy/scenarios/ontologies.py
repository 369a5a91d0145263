"""Recipes and ontologies: labels, attributes, icons, clones."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tests.integration.dtlpy.world import ALICE, World, scenario


def _ontology(world: World) -> Any:
    return world.dataset.recipes.list()[0].ontologies.list()[0]


def _again(world: World, ontology: Any) -> Any:
    return world.project.ontologies.get(ontology_id=ontology.id)


def _attributes(world: World, ontology: Any) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in _again(world, ontology).attributes}


# Ontologies


@scenario
def an_ontology_is_created_with_labels_in_all_spellings(world: World) -> None:
    dl, ontologies = world.dl, world.project.ontologies
    for labels in (
        {"person": (1, 2, 3), "cat": "#010203"},
        [dl.Label(tag="person", color=(1, 2, 3)), dl.Label(tag="cat", color="#010203")],
        [{"tag": "person", "color": "#010203"}, {"tag": "cat", "color": "rgb(1,2,3)"}],
        [{"value": {"tag": tag, "color": "#010203"}, "children": []} for tag in ("person", "cat")],
    ):
        made = ontologies.create(labels=labels, title="O", project_ids=world.project.id)
        assert (made.title, made.creator) == ("O", ALICE)
        assert sorted(one.tag for one in made.labels) == ["cat", "person"]
        assert {one.rgb for one in _again(world, made).labels} == {(1, 2, 3)}


@scenario
def an_ontology_is_created_for_a_recipe(world: World) -> None:
    recipe = world.dataset.recipes.list()[0]
    made = recipe.ontologies.create(labels=[world.dl.Label(tag="x", color=(1, 1, 1))], title="second")
    again = world.dataset.recipes.get(recipe_id=recipe.id)
    assert again.ontology_ids[-1] == made.id
    assert len(again.ontology_ids) == 2
    assert sorted(one.id for one in again.ontologies.list()) == sorted(again.ontology_ids)


@scenario
def an_ontology_is_got_by_its_id(world: World) -> None:
    ontology = _ontology(world)
    assert world.dl.ontologies.get(ontology_id=ontology.id).to_json() == ontology.to_json()
    assert _again(world, ontology).project.id == world.project.id


@scenario
def an_ontology_that_is_not_there_is_not_found(world: World) -> None:
    ontologies = world.project.ontologies
    world.refused(lambda: ontologies.get(ontology_id="some_id"), "400")
    world.refused(lambda: ontologies.get(ontology_id="0" * 24), "404")
    world.refused(lambda: ontologies.delete(ontology_id="0" * 24), "404")


@scenario
def ontologies_are_listed_by_project_and_by_dataset(world: World) -> None:
    first = _ontology(world)
    second = world.project.ontologies.create(labels={}, title="second", project_ids=[world.project.id])
    assert {one.id for one in world.project.ontologies.list()} == {first.id, second.id}
    assert [one.id for one in world.dataset.ontologies.list()] == [first.id]
    assert {one.id for one in world.dl.ontologies.list(project_ids=world.project.id)} == {first.id, second.id}
    assert [one.id for one in world.dataset.recipes.list()[0].ontologies.list()] == [first.id]


@scenario
def an_ontology_knows_its_recipe_and_its_dataset(world: World) -> None:
    recipe = world.dataset.recipes.list()[0]
    ontology = world.project.ontologies.get(ontology_id=recipe.ontology_ids[0])
    assert ontology.recipe.id == recipe.id


@scenario
def an_ontology_is_deleted(world: World) -> None:
    made = world.project.ontologies.create(labels={"x": "#010203"}, title="O", project_ids=world.project.id)
    assert made.delete() is True
    world.refused(lambda: _again(world, made), "404")


@scenario
def an_ontology_is_edited_whole(world: World) -> None:
    ontology = _ontology(world)
    ontology.title = "new title"
    ontology.add_labels(
        label_list=[
            {
                "value": {"tag": "a", "color": "#010203"},
                "children": [{"value": {"tag": "b", "color": "#040506"}}],
            }
        ]
    )
    ontology.update()
    again = _again(world, ontology)
    assert (again.title, sorted(again.labels_flat_dict)) == ("new title", ["a", "a.b"])
    again.labels = [world.dl.Label(tag="c", color=(1, 1, 1))]
    assert [one.tag for one in again.update(system_metadata=True).labels] == ["c"]
    assert [one.tag for one in _again(world, ontology).labels] == ["c"]


@scenario
def an_ontology_that_is_sent_back_unchanged_stays_as_it_is(world: World) -> None:
    world.dataset.add_labels(label_list=["a.b", "c"])
    _ontology(world).update_attributes(key="1", title="one", attribute_type=world.dl.AttributesTypes.YES_NO)
    before = _ontology(world)
    after = before.update(system_metadata=True)
    assert after.to_json() == before.to_json() == _again(world, before).to_json()


@scenario
def labels_are_added_to_an_ontology_one_by_one(world: World) -> None:
    ontology = _ontology(world)
    ontology.add_label(label_name="plain", color=(1, 2, 3), update_ontology=True)
    ontology.add_label(label_name="nested.label", update_ontology=True)
    ontology.add_labels(label_list=["x", "y"], update_ontology=True)
    ontology.update_label(label_name="plain", color=(4, 5, 6), update_ontology=True)
    again = _again(world, ontology)
    assert sorted(again.labels_flat_dict) == ["nested", "nested.label", "plain", "x", "y"]
    assert again.labels_flat_dict["plain"].rgb == (4, 5, 6)
    again.delete_labels(label_names=["x", "nested.label"])
    assert sorted(_again(world, ontology).labels_flat_dict) == ["nested", "plain", "y"]


@scenario
def an_ontology_shows_its_colours(world: World) -> None:
    ontology = _ontology(world)
    ontology.add_label(label_name="red", color=(255, 0, 0), update_ontology=True)
    assert _again(world, ontology).color_map == {"red": (255, 0, 0)}


@scenario
def a_label_of_an_ontology_has_an_icon(world: World) -> None:
    ontology = _again(world, _ontology(world))
    icon = str(world.image("bamba.png"))
    ontology.add_label(label_name="bamba", color=(1, 2, 3), icon_path=icon, update_ontology=True)
    image = _again(world, ontology).labels[0].display_data["displayImage"]
    item = world.dl.items.get(item_id=image["itemId"])
    assert item.name.endswith("bamba.png")
    assert item.download(save_locally=False).read() == (world.folder / "bamba.png").read_bytes()
    other = world.project.datasets.get(dataset_id=world.dataset.id)
    other.add_label(label_name="second", icon_path=icon)
    assert len(_again(world, ontology).labels) == 2


# Attributes


@scenario
def attributes_of_all_types_are_added(world: World) -> None:
    types, ontology = world.dl.AttributesTypes, _ontology(world)
    assert ontology.update_attributes(
        key="1", title="checks", attribute_type=types.CHECKBOX, values=["a", "b"], scope=["x"], optional=False
    )
    assert ontology.update_attributes(
        key="2", title="radio", attribute_type=types.RADIO_BUTTON, values=["c"], optional=True
    )
    assert ontology.update_attributes(
        key="3",
        title="slide",
        attribute_type=types.SLIDER,
        attribute_range=world.dl.AttributesRange(0, 10, 2),
    )
    assert ontology.update_attributes(key="4", title="yes", attribute_type=types.YES_NO)
    assert ontology.update_attributes(key="5", title="free", attribute_type=types.FREE_TEXT, scope="y")
    found = _attributes(world, ontology)
    assert {key: one["type"] for key, one in found.items()} == {
        "1": "options",
        "2": "options",
        "3": "range",
        "4": "boolean",
        "5": "freeText",
    }
    assert (found["1"]["multi"], found["2"]["multi"]) == (True, False)
    assert (found["1"]["values"], found["1"]["scope"], found["1"]["optional"]) == (["a", "b"], ["x"], False)
    assert found["3"]["range"] == {"min": 0, "max": 10, "step": 2}
    assert (found["4"]["scope"], found["5"]["scope"]) == (["*"], ["y"])
    assert found["2"]["title"] == "radio"


@scenario
def an_attribute_is_updated_and_deleted(world: World) -> None:
    types, ontology = world.dl.AttributesTypes, _ontology(world)
    for values in (["a"], ["b", "c"]):
        ontology.update_attributes(key="1", title="t", attribute_type=types.CHECKBOX, values=values)
    ontology.update_attributes(key="2", title="other", attribute_type=types.YES_NO)
    assert _attributes(world, ontology)["1"]["values"] == ["b", "c"]
    assert ontology.delete_attributes(keys="1") is True
    assert list(_attributes(world, ontology)) == ["2"]
    assert ontology.delete_attributes(keys=["2", "3"]) is True
    assert _again(world, ontology).attributes == []


@scenario
def attributes_are_changed_through_the_dataset(world: World) -> None:
    added = world.dataset.update_attributes(
        key="1", title="t", attribute_type=world.dl.AttributesTypes.FREE_TEXT
    )
    assert added is True
    assert list(_attributes(world, _ontology(world))) == ["1"]


@scenario
def an_attribute_needs_a_title_and_texts_as_values(world: World) -> None:
    types, ontology = world.dl.AttributesTypes, _ontology(world)
    for options in ({"title": "", "values": ["a"]}, {"title": "t", "values": [1]}):
        with suppress(world.dl.exceptions.ExceptionMain):
            ontology.update_attributes(key="1", attribute_type=types.CHECKBOX, **options)
        assert _attributes(world, ontology) == {}


@scenario
def attributes_of_the_older_kind_are_names(world: World) -> None:
    made = world.project.ontologies.create(
        labels={}, title="O", project_ids=[world.project.id], attributes=["big", "small"]
    )
    assert sorted(made.attributes) == ["big", "small"]
    made.attributes = ["red"]
    assert made.update().attributes == ["red"]
    assert _again(world, made).attributes == ["red"]


@scenario
def an_ontology_is_copied_from_the_json_of_another(world: World) -> None:
    types, source = world.dl.AttributesTypes, _ontology(world)
    source.add_labels(label_list=["a.b"], update_ontology=True)
    source.update_attributes(key="1", title="one", attribute_type=types.YES_NO, optional=True)
    other = world.project.datasets.create(dataset_name="other")
    target = other.recipes.list()[0].ontologies.list()[0]
    target.copy_from(ontology_json=_again(world, source).to_json())
    copied = _again(world, target)
    assert sorted(copied.labels_flat_dict) == ["a", "a.b"]
    assert [(one["key"], one["title"], one["optional"]) for one in copied.attributes] == [("1", "one", True)]


# Recipes


@scenario
def a_recipe_is_created_with_labels(world: World) -> None:
    label = world.dl.Label(tag="x", color=(1, 2, 3))
    recipe = world.project.recipes.create(
        project_ids=[world.project.id], labels=[label], recipe_name="R", attributes=["big"]
    )
    assert (recipe.title, recipe.project_ids, recipe.creator) == ("R", [world.project.id], ALICE)
    (ontology,) = recipe.ontologies.list()
    assert ([one.tag for one in ontology.labels], ontology.attributes) == (["x"], ["big"])


@scenario
def a_recipe_is_created_with_an_ontology_that_is_there(world: World) -> None:
    ontology = _ontology(world)
    recipe = world.project.recipes.create(
        project_ids=[world.project.id], ontology_ids=ontology.id, recipe_name="R"
    )
    assert world.project.recipes.get(recipe_id=recipe.id).ontology_ids == [ontology.id]


@scenario
def recipes_are_listed_by_project_and_by_dataset(world: World) -> None:
    first = world.dataset.recipes.list()[0]
    second = world.project.recipes.create(
        project_ids=[world.project.id], recipe_name="R", ontology_ids=first.ontology_ids
    )
    assert {one.id for one in world.project.recipes.list().all()} == {first.id, second.id}
    assert [one.id for one in world.dataset.recipes.list()] == [first.id]
    filters = world.dl.Filters(resource=world.dl.FiltersResource.RECIPE)
    filters.add(field="title", values="R")
    assert [one.id for one in world.project.recipes.list(filters=filters).all()] == [second.id]


@scenario
def a_recipe_that_is_not_there_is_not_found(world: World) -> None:
    world.refused(lambda: world.project.recipes.get(recipe_id="0" * 24), "404")
    world.refused(lambda: world.project.recipes.get(recipe_id="some_id"), "400")


@scenario
def a_recipe_is_edited_whole(world: World) -> None:
    recipe = world.dataset.recipes.list()[0]
    recipe.title = "new title"
    recipe.description = "words"
    recipe.metadata["user"] = {"k": 1}
    recipe.metadata["system"]["collectionTemplates"] = [{"name": "pose", "id": "1"}]
    recipe.ui_settings["extra"] = True
    assert recipe.update(system_metadata=True).title == "new title"
    again = world.project.recipes.get(recipe_id=recipe.id)
    assert (again.title, again.description, again.metadata["user"]) == ("new title", "words", {"k": 1})
    assert again.ui_settings["extra"] is True
    assert again.get_annotation_template_id(template_name="pose") == "1"
    world.refused(lambda: again.get_annotation_template_id(template_name="no"), "404")


@scenario
def a_recipe_that_is_sent_back_unchanged_stays_as_it_is(world: World) -> None:
    recipe = world.dataset.recipes.list()[0]
    assert recipe.update(system_metadata=True).to_json() == recipe.to_json()
    assert world.project.recipes.get(recipe_id=recipe.id).to_json() == recipe.to_json()


@scenario
def a_deep_clone_of_a_recipe_has_labels_of_its_own(world: World) -> None:
    world.labels("a.b")
    recipe = world.dataset.recipes.list()[0]
    clone = recipe.clone(shallow=False)
    assert clone.id != recipe.id
    assert clone.ontology_ids != recipe.ontology_ids
    (ontology,) = clone.ontologies.list()
    assert sorted(ontology.labels_flat_dict) == ["a", "a.b"]
    ontology.add_label(label_name="only here", update_ontology=True)
    assert len(_ontology(world).labels) == 1


@scenario
def a_shallow_clone_of_a_recipe_shares_its_labels(world: World) -> None:
    recipe = world.dataset.recipes.list()[0]
    clone = world.project.recipes.clone(recipe_id=recipe.id, shallow=True)
    assert clone.id != recipe.id
    assert (clone.ontology_ids, clone.title) == (recipe.ontology_ids, recipe.title)


@scenario
def a_recipe_is_deleted(world: World) -> None:
    recipe = world.dataset.recipes.list()[0]
    clone = recipe.clone()
    assert clone.delete() is True
    world.refused(lambda: world.project.recipes.get(recipe_id=clone.id), "404")
    world.refused(recipe.delete)
    assert recipe.delete(force=True) is True
    world.refused(lambda: world.project.recipes.get(recipe_id=recipe.id), "404")


@scenario
def a_recipe_leads_to_its_page(world: World) -> None:
    recipe = world.project.recipes.get(recipe_id=world.dataset.get_recipe_ids()[0])
    page = f"{world.gate}/projects/{world.project.id}/recipes"
    assert (recipe.platform_url, world.project.recipes.platform_url) == (f"{page}/{recipe.id}", page)


@scenario
def a_recipe_keeps_instructions_and_a_verification_script(world: World) -> None:
    recipe = world.project.recipes.get(recipe_id=world.dataset.get_recipe_ids()[0])
    document, script = world.folder / "how.pdf", world.folder / "check.js"
    document.write_bytes(b"%PDF-1.4 how")
    script.write_text("// check")
    recipe.add_instruction(annotation_instruction_file=str(document))
    item = recipe.upload_annotations_verification_file(local_path=str(script))
    again = world.project.recipes.get(recipe_id=recipe.id).metadata["system"]
    assert again["validationFile"] == {"itemId": item.id, "datasetId": item.dataset_id, "name": "check.js"}
    assert world.dl.items.get(item_id=again["instructionDocument"]["itemId"]).filename.endswith(".pdf")
