"""Labels of a dataset, in all the spellings that scripts use."""

from __future__ import annotations

from typing import Any

from tests.integration.dtlpy.world import World, scenario


def _fresh(world: World) -> Any:
    """The dataset as somebody else sees it: nothing of it is cached."""
    return world.dl.datasets.get(dataset_id=world.dataset.id)


def _tags(world: World) -> list[str]:
    return sorted(_fresh(world).labels_flat_dict)


def _label(world: World, tag: str) -> Any:
    return _fresh(world).labels_flat_dict[tag]


@scenario
def a_label_is_added_by_name(world: World) -> None:
    added = world.dataset.add_label(label_name="person")
    assert [one.tag for one in added] == ["person"]
    label = _label(world, "person")
    assert label.hex.startswith("#")
    assert len(label.rgb) == 3
    assert label.display_label == "person"
    assert label.attributes == []


@scenario
def a_label_is_added_with_everything(world: World) -> None:
    world.dataset.add_label(
        label_name="person", color=(34, 6, 231), attributes=["big", "small"], display_label="A person"
    )
    label = _label(world, "person")
    assert (label.rgb, label.hex) == ((34, 6, 231), "#2206e7")
    assert (label.attributes, label.display_label) == (["big", "small"], "A person")


@scenario
def a_label_object_is_added(world: World) -> None:
    label = world.dl.Label(tag="person", color="#0A0b0C", display_label="P", attributes=["x"])
    world.dataset.add_label(label_name=label.tag, label=label)
    found = _label(world, "person")
    assert (found.hex, found.display_label, found.attributes) == ("#0A0b0C", "P", ["x"])


@scenario
def a_dotted_name_adds_its_ancestors(world: World) -> None:
    world.dataset.add_label(label_name="a.b.c", color=(1, 2, 3))
    assert _tags(world) == ["a", "a.b", "a.b.c"]
    assert _label(world, "a.b.c").rgb == (1, 2, 3)
    (root,) = _fresh(world).labels
    assert (root.tag, root.children[0].tag, root.children[0].children[0].tag) == ("a", "b", "c")


@scenario
def children_are_added_with_their_parent(world: World) -> None:
    children = [
        {"label_name": "hand", "color": (1, 1, 1), "children": [{"label_name": "finger"}]},
        {"label_name": "foot"},
    ]
    world.dataset.add_label(label_name="person", color=(2, 2, 2), children=children)
    assert _tags(world) == ["person", "person.foot", "person.hand", "person.hand.finger"]
    assert _label(world, "person.hand").rgb == (1, 1, 1)


@scenario
def a_label_object_brings_its_children(world: World) -> None:
    dl = world.dl
    child = dl.Label(tag="hand", color=(3, 3, 3), children=[dl.Label(tag="finger", color=(4, 4, 4))])
    world.dataset.add_label(label_name="x", label=dl.Label(tag="person", color=(5, 5, 5), children=[child]))
    assert _tags(world) == ["person", "person.hand", "person.hand.finger"]
    assert _label(world, "person.hand.finger").rgb == (4, 4, 4)


@scenario
def a_child_is_added_to_a_label_that_is_there(world: World) -> None:
    world.dataset.add_label(label_name="person", color=(1, 2, 3), attributes=["big"])
    world.dataset.add_label(label_name="person.hand")
    assert _tags(world) == ["person", "person.hand"]
    assert (_label(world, "person").rgb, _label(world, "person").attributes) == ((1, 2, 3), ["big"])


@scenario
def labels_are_added_as_a_list_of_names(world: World) -> None:
    world.dataset.add_labels(label_list=["cat", "dog", "dog.tail"])
    assert _tags(world) == ["cat", "dog", "dog.tail"]


@scenario
def labels_are_added_as_a_list_of_objects_and_as_the_tree_of_the_platform(world: World) -> None:
    dl = world.dl
    tree = {
        "value": {"tag": "dog", "displayLabel": "Dog", "color": "#00ff00", "attributes": ["old"]},
        "children": [{"label_name": "tail", "color": "#0000ff", "display_label": "Tail"}],
    }
    flat = {"label_name": "bird", "color": (7, 8, 9), "display_label": "Bird"}
    world.dataset.add_labels(label_list=[dl.Label(tag="cat", color=(1, 2, 3)), tree, flat])
    assert _tags(world) == ["bird", "cat", "dog", "dog.tail"]
    assert _label(world, "dog").display_label == "Dog"
    assert _label(world, "dog").attributes == ["old"]
    assert _label(world, "dog.tail").display_label == "Tail"
    assert _label(world, "bird").rgb == (7, 8, 9)


@scenario
def labels_of_one_dataset_are_added_to_another(world: World) -> None:
    world.dataset.add_labels(label_list=["a.b", "c"])
    other = world.project.datasets.create(dataset_name="other")
    other.add_labels(label_list=_fresh(world).labels)
    again = world.project.datasets.get(dataset_id=other.id)
    assert sorted(again.labels_flat_dict) == ["a", "a.b", "c"]
    assert [one.hex for one in again.labels] == [one.hex for one in _fresh(world).labels]


@scenario
def adding_a_label_again_changes_it(world: World) -> None:
    world.dataset.add_label(label_name="cat", color=(1, 1, 1), display_label="one")
    world.dataset.add_label(label_name="cat", color=(2, 2, 2))
    assert _tags(world) == ["cat"]
    assert (_label(world, "cat").rgb, _label(world, "cat").display_label) == ((2, 2, 2), "one")


@scenario
def a_label_is_updated(world: World) -> None:
    world.dataset.add_label(label_name="cat", color=(1, 1, 1))
    world.dataset.update_label(label_name="cat", color=(9, 9, 9), display_label="C", attributes=["x"])
    label = _label(world, "cat")
    assert (label.rgb, label.display_label, label.attributes) == ((9, 9, 9), "C", ["x"])


@scenario
def updating_a_label_that_is_not_there_needs_upsert(world: World) -> None:
    world.refused(lambda: world.dataset.update_label(label_name="cat", color=(1, 1, 1)), "404")
    assert _tags(world) == []
    world.dataset.update_label(label_name="cat", color=(1, 1, 1), upsert=True)
    assert _tags(world) == ["cat"]


@scenario
def labels_are_updated_as_a_list(world: World) -> None:
    dl = world.dl
    world.labels("cat", "dog")
    changed = [dl.Label(tag="cat", color=(5, 5, 5)), dl.Label(tag="dog", color=(6, 6, 6))]
    world.dataset.update_labels(label_list=changed)
    assert [_label(world, tag).rgb for tag in ("cat", "dog")] == [(5, 5, 5), (6, 6, 6)]
    world.refused(
        lambda: world.dataset.update_labels(label_list=[dl.Label(tag="no", color=(1, 1, 1))]), "404"
    )
    world.dataset.update_labels(label_list=["bird"], upsert=True)
    assert _tags(world) == ["bird", "cat", "dog"]


@scenario
def labels_are_deleted_by_name_and_as_objects(world: World) -> None:
    world.labels("a", "b", "c", "d.e.f")
    world.dataset.delete_labels(label_names="a")
    assert _tags(world) == ["b", "c", "d", "d.e", "d.e.f"]
    world.dataset.delete_labels(label_names=["b", "d.e.f"])
    assert _tags(world) == ["c", "d", "d.e"]
    world.dataset.delete_labels(label_names=[one for one in _fresh(world).labels if one.tag == "d"])
    assert _tags(world) == ["c"]


@scenario
def a_deleted_label_that_is_not_there_changes_nothing(world: World) -> None:
    world.labels("a")
    world.dataset.delete_labels(label_names=["nothing"])
    assert _tags(world) == ["a"]


@scenario
def what_two_people_add_at_the_same_time_is_kept(world: World) -> None:
    mine, theirs = _fresh(world), _fresh(world)
    assert (mine.labels, theirs.labels) == ([], [])
    mine.add_label(label_name="mine")
    theirs.add_label(label_name="theirs")
    assert _tags(world) == ["mine", "theirs"]


@scenario
def a_label_may_have_letters_of_any_script(world: World) -> None:
    world.dataset.add_labels(label_list=["猫", "ñandú", "a b"])
    assert _tags(world) == ["a b", "ñandú", "猫"]


@scenario
def a_label_without_a_name_is_refused(world: World) -> None:
    world.refused(lambda: world.dataset.add_label(label_name=""), "400")


@scenario
def labels_have_numbers_and_colours_by_name(world: World) -> None:
    world.dataset.add_labels(label_list=["b", "a.c"])
    dataset = _fresh(world)
    assert dataset.instance_map == {"a": 1, "a.c": 2, "b": 3}
    ontology = dataset.recipes.list()[0].ontologies.list()[0]
    assert sorted(ontology.color_map) == ["a", "a.c", "b"]
    dataset.instance_map = {"a": 9}
    assert dataset.instance_map == {"a": 9}


@scenario
def labels_are_written_to_a_file_and_added_from_it(world: World) -> None:
    path = world.folder / "labels.csv"
    path.write_text("person,person.hand,cat")
    labels = path.read_text().split(",")
    world.dataset.add_labels(label_list=labels)
    assert _tags(world) == ["cat", "person", "person.hand"]


@scenario
def an_annotation_has_the_colour_of_its_label(world: World) -> None:
    world.dataset.add_label(label_name="cat", color=(11, 12, 13))
    item = world.item()
    builder = item.annotations.builder()
    builder.add(world.dl.Box(top=1, left=1, bottom=5, right=5, label="cat"))
    item.annotations.upload(builder)
    (annotation,) = world.dl.items.get(item_id=item.id).annotations.list()
    assert tuple(annotation.color) == (11, 12, 13)


@scenario
def a_label_has_an_icon(world: World) -> None:
    icon = str(world.image("icon.png"))
    world.dataset.add_label(label_name="cat", color=(1, 2, 3), icon_path=icon)
    shown = _label(world, "cat").display_data["displayImage"]
    item = world.dl.items.get(item_id=shown["itemId"])
    assert item.dataset_id == shown["datasetId"]
    assert item.name.endswith("-icon.png")
    assert item.filename.startswith("/.dataloop/ontologies/")
    assert item.dataset.name == "Binaries"
    world.dataset.update_label(label_name="cat", icon_path=str(world.image("other.png")))
    assert _label(world, "cat").display_data["displayImage"]["itemId"] != item.id
