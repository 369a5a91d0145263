"""Datasets: creating, getting, listing, changing, deleting."""

from __future__ import annotations

from tests.integration.dtlpy.world import ALICE, World, scenario

SURE = {"sure": True, "really": True}


def _tags(dataset) -> list[str]:
    return sorted(dataset.labels_flat_dict)


@scenario
def a_created_dataset_has_its_name_its_project_and_a_recipe(world: World) -> None:
    dataset = world.dataset
    assert (dataset.name, dataset.projects, dataset.creator) == ("d", [world.project.id], ALICE)
    assert (dataset.items_count, dataset.annotated, dataset.readonly) == (0, 0, False)
    assert len(dataset.get_recipe_ids()) == 1
    recipe = dataset.recipes.list()[0]
    assert recipe.title == "d Default Recipe"
    assert len(recipe.ontology_ids) == 1
    assert dataset.labels == []


@scenario
def a_dataset_is_found_by_name_by_id_and_in_the_list(world: World) -> None:
    dataset, datasets = world.dataset, world.project.datasets
    assert datasets.get(dataset_name="d").to_json() == datasets.get(dataset_id=dataset.id).to_json()
    assert world.dl.datasets.get(dataset_id=dataset.id).project.id == world.project.id
    assert [one.id for one in datasets.list()] == [dataset.id]
    assert dataset.to_json() == datasets.get(dataset_id=dataset.id).to_json()


@scenario
def datasets_of_a_project_are_listed(world: World) -> None:
    assert list(world.project.datasets.list()) == []
    names = ["one", "two", "three"]
    for name in names:
        world.project.datasets.create(dataset_name=name)
    assert sorted(one.name for one in world.project.datasets.list()) == sorted(names)
    assert [one.name for one in world.project.datasets.list(name="two")] == ["two"]
    assert len(world.project.datasets.list(creator=ALICE)) == 3
    assert len(world.project.datasets.list(creator="bob@example.test")) == 0
    frame = world.project.datasets.list().to_df()
    assert sorted(frame["name"]) == sorted(names)


@scenario
def datasets_are_listed_by_filters(world: World) -> None:
    for name in ("cat 1", "cat 2", "dog"):
        world.project.datasets.create(dataset_name=name)

    def found(field: str, values: object, operator: str | None = None) -> list[str]:
        filters = world.dl.Filters(resource=world.dl.FiltersResource.DATASET)
        filters.add(field=field, values=values, operator=operator)
        return sorted(one.name for one in world.project.datasets.list(filters=filters))

    assert found("name", "cat*") == ["cat 1", "cat 2"]
    assert found("name", ["cat 1", "dog"], "in") == ["cat 1", "dog"]
    assert found("readonly", False) == ["cat 1", "cat 2", "dog"]
    assert found("creator", ALICE, "ne") == []
    world.refused(
        lambda: world.project.datasets.list(filters=world.dl.Filters(field="dir", values="/")), "400"
    )


@scenario
def a_second_dataset_of_the_same_name_is_refused(world: World) -> None:
    world.refused(lambda: world.project.datasets.create(dataset_name=world.dataset.name), "400")
    assert len(world.project.datasets.list()) == 1
    other = world.dl.projects.create(f"{world.project.name} 2")
    assert other.datasets.create(dataset_name=world.dataset.name).id != world.dataset.id


@scenario
def a_dataset_without_a_name_is_refused(world: World) -> None:
    world.refused(lambda: world.project.datasets.create(dataset_name=""), "400")


@scenario
def a_dataset_that_is_not_there_is_not_found(world: World) -> None:
    datasets = world.project.datasets
    world.refused(lambda: datasets.get(dataset_name="no"), "404")
    world.refused(lambda: datasets.get(dataset_id="some_id"), "404")
    world.refused(lambda: datasets.get(dataset_id="0" * 24), "404")


@scenario
def a_dataset_is_created_with_labels(world: World) -> None:
    dl = world.dl
    tree = [
        dl.Label(tag="cat", color=(1, 2, 3), display_label="Cat"),
        dl.Label(tag="dog", color="#FF0000", children=[dl.Label(tag="tail", color=(9, 9, 9))]),
    ]
    dataset = world.project.datasets.create(dataset_name="d", labels=tree)
    assert _tags(dataset) == ["cat", "dog", "dog.tail"]
    assert dataset.labels_flat_dict["cat"].rgb == (1, 2, 3)
    assert dataset.labels_flat_dict["cat"].display_label == "Cat"
    assert dataset.labels_flat_dict["dog"].hex == "#FF0000"
    again = world.project.datasets.get(dataset_id=dataset.id)
    assert _tags(again) == ["cat", "dog", "dog.tail"]
    assert again.recipes.list()[0].title == "d Default Recipe"


@scenario
def a_dataset_is_created_with_attributes(world: World) -> None:
    dataset = world.project.datasets.create(dataset_name="d", attributes=["big", "small"])
    ontology = dataset.recipes.list()[0].ontologies.list()[0]
    assert sorted(ontology.attributes) == ["big", "small"]


@scenario
def a_dataset_is_created_with_an_ontology(world: World) -> None:
    label = world.dl.Label(tag="x", color=(0, 0, 1))
    ontology = world.project.ontologies.create(labels=[label], title="O", project_ids=world.project.id)
    dataset = world.project.datasets.create(dataset_name="d", ontology_ids=ontology.id)
    assert dataset.ontology_ids == [ontology.id]
    assert _tags(dataset) == ["x"]


@scenario
def a_dataset_is_created_with_a_recipe(world: World) -> None:
    recipe = world.dataset.recipes.list()[0]
    other = world.project.datasets.create(dataset_name="other", recipe_id=recipe.id)
    assert other.get_recipe_ids() == [recipe.id]
    world.labels("shared")
    assert _tags(world.project.datasets.get(dataset_id=other.id)) == ["shared"]


@scenario
def a_dataset_has_an_expiration_and_an_index(world: World) -> None:
    dl = world.dl
    options = dl.ExpirationOptions(item_max_days=30)
    made = world.project.datasets.create(
        dataset_name="d", expiration_options=options, index_driver=dl.IndexDriver.V2
    )
    dataset = world.project.datasets.get(dataset_id=made.id)
    assert dataset.expiration_options.item_max_days == 30
    assert dataset.index_driver == "v2"
    dataset.expiration_options = dl.ExpirationOptions(item_max_days=5)
    dataset.update()
    assert world.project.datasets.get(dataset_id=made.id).expiration_options.item_max_days == 5


@scenario
def a_dataset_is_renamed(world: World) -> None:
    dataset = world.dataset
    dataset.name = "new name"
    assert dataset.update().name == "new name"
    assert world.project.datasets.get(dataset_id=dataset.id).name == "new name"
    assert world.project.datasets.get(dataset_name="new name").id == dataset.id
    world.refused(lambda: world.project.datasets.get(dataset_name="d"), "404")


@scenario
def metadata_of_a_dataset_is_kept(world: World) -> None:
    dataset = world.dataset
    dataset.metadata["user"] = {"k": [1, {"a": None}], "name": "ü"}
    dataset.update()
    again = world.project.datasets.get(dataset_id=dataset.id)
    assert again.metadata["user"]["name"] == "ü"
    dataset.metadata["system"]["mark"] = 1
    dataset.update()
    assert "mark" not in world.project.datasets.get(dataset_id=dataset.id).metadata["system"]
    dataset.update(system_metadata=True)
    assert world.project.datasets.get(dataset_id=dataset.id).metadata["system"]["mark"] == 1


@scenario
def an_update_without_a_change_changes_nothing(world: World) -> None:
    before = world.project.datasets.get(dataset_id=world.dataset.id).to_json()
    world.project.datasets.get(dataset_id=world.dataset.id).update(system_metadata=True)
    assert world.project.datasets.get(dataset_id=world.dataset.id).to_json() == before


@scenario
def a_dataset_is_deleted_by_name_by_id_and_by_itself(world: World) -> None:
    datasets = world.project.datasets
    for delete in (
        lambda one: datasets.delete(dataset_name=one.name, **SURE),
        lambda one: datasets.delete(dataset_id=one.id, **SURE),
        lambda one: one.delete(**SURE),
    ):
        dataset = datasets.create(dataset_name="d")
        assert delete(dataset) is True
        world.refused(lambda one=dataset: datasets.get(dataset_id=one.id), "404")
        assert list(datasets.list()) == []


@scenario
def deleting_a_dataset_has_to_be_meant(world: World) -> None:
    datasets = world.project.datasets
    world.refused(world.dataset.delete, "403")
    world.refused(lambda: datasets.delete(dataset_name="no", **SURE), "404")
    world.refused(lambda: datasets.delete(dataset_id="some_id", **SURE), "404")
    assert datasets.get(dataset_name="d").id == world.dataset.id


@scenario
def a_dataset_knows_what_it_is_in(world: World) -> None:
    dataset = world.dl.datasets.get(dataset_id=world.dataset.id)
    assert dataset.project.name == world.project.name
    assert dataset.project_id == world.project.id
    by_project = world.project.datasets.get(dataset_id=world.dataset.id)
    assert by_project.project.id == world.project.id
    assert dataset.items.dataset.id == dataset.id
    assert dataset.recipes.dataset.id == dataset.id


@scenario
def a_dataset_of_another_project_comes_with_its_own_project(world: World) -> None:
    other = world.dl.projects.create(f"{world.project.name} 2")
    dataset = other.datasets.get(dataset_id=world.dataset.id)
    assert dataset.project.id == world.project.id


@scenario
def a_dataset_that_is_not_fetched_works_by_its_id(world: World) -> None:
    item = world.text()
    stub = world.project.datasets.get(dataset_id=world.dataset.id, fetch=False)
    assert [one.id for one in stub.items.list().all()] == [item.id]


@scenario
def a_dataset_counts_items_and_annotations(world: World) -> None:
    item = world.item()
    item.annotations.upload(item.annotations.builder())
    world.text()
    builder = item.annotations.builder()
    builder.add(world.dl.Classification(label="x"))
    builder.add(world.dl.Point(x=1, y=2, label="y"))
    builder.upload()
    dataset = world.project.datasets.get(dataset_id=world.dataset.id)
    assert (dataset.items_count, dataset.annotated, dataset.annotations_count) == (2, 1, 2)


@scenario
def a_dataset_leads_to_its_page(world: World) -> None:
    pages = f"{world.gate}/projects/{world.project.id}/datasets"
    assert world.dataset.platform_url == f"{pages}/{world.dataset.id}/items"
    assert world.project.datasets.platform_url == pages


@scenario
def a_dataset_has_a_tree_of_directories(world: World) -> None:
    world.text(remote="/a/b")
    world.text(remote="/c")
    dataset = world.project.datasets.get(dataset_id=world.dataset.id)
    assert sorted(dataset.directory_tree.dir_names) == ["/", "/a", "/a/b", "/c"]


@scenario
def a_dataset_is_unlocked(world: World) -> None:
    assert world.dataset.unlock().id == world.dataset.id


@scenario
def the_items_of_a_dataset_are_a_table(world: World) -> None:
    world.text()
    item = world.item()
    frame = world.dataset.items.list().to_df()
    assert sorted(frame["filename"]) == ["/image.png", "/words.txt"]
    assert item.id in list(frame["id"])


@scenario
def a_dataset_prints(world: World) -> None:
    world.dataset.print()
    world.project.datasets.list().print()


@scenario
def a_new_session_of_the_same_dataset_sees_an_update_by_patch(world: World) -> None:
    world.project.datasets.update(dataset=world.dataset, patch={"name": "patched"})
    assert world.project.datasets.get(dataset_id=world.dataset.id).name == "patched"


@scenario
def recipes_of_a_dataset_are_switched(world: World) -> None:
    world.labels("old")
    recipe = world.dataset.recipes.create(
        labels=[world.dl.Label(tag="new", color=(1, 1, 1))], recipe_name="second"
    )
    dataset = world.project.datasets.get(dataset_id=world.dataset.id)
    assert dataset.get_recipe_ids() == [recipe.id]
    assert _tags(dataset) == ["new"]
    other = world.project.datasets.create(dataset_name="other")
    dataset.switch_recipe(recipe=other.recipes.list()[0])
    assert world.project.datasets.get(dataset_id=dataset.id).get_recipe_ids() == other.get_recipe_ids()
    dataset.switch_recipe(recipe_id=recipe.id)
    assert _tags(world.project.datasets.get(dataset_id=dataset.id)) == ["new"]
