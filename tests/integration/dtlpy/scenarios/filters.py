"""Filters: fields, operators, joins both ways, sorting, custom queries, what is saved of them."""

from __future__ import annotations

import io
from typing import Any

from tests.integration.dtlpy.world import ALICE, World, scenario


def named(name: str, content: bytes = b"content") -> io.BytesIO:
    buffer = io.BytesIO(content)
    buffer.name = name
    return buffer


def shelf(world: World) -> dict[str, Any]:
    """Four items in two folders, with user metadata, and annotations on three of them."""
    dl, items = world.dl, {}
    for number, (name, remote) in enumerate(
        (("a.txt", "/x"), ("b.txt", "/x"), ("c.json", "/x/deep"), ("d.png", "/y"))
    ):
        items[name] = world.dataset.items.upload(
            local_path=named(name, b"0" * (number + 1)),
            remote_path=remote,
            item_metadata={"user": {"number": number, "tags": [name[0], "all"], "even": number % 2 == 0}},
        )
    for name, labels in (("a.txt", ("cat", "dog")), ("b.txt", ("dog",)), ("c.json", ("cat",))):
        builder = items[name].annotations.builder()
        for label in labels:
            builder.add(annotation_definition=dl.Box(left=1, top=1, right=5, bottom=5, label=label))
        items[name].annotations.upload(builder)
    return items


def found(world: World, filters: Any) -> str:
    """The first letters of the items that are found."""
    return "".join(sorted(item.name[0] for item in world.dataset.items.list(filters=filters).all()))


def by(world: World, field: str, values: Any, operator: Any = None) -> str:
    return found(world, world.dl.Filters(field=field, values=values, operator=operator))


@scenario
def items_are_found_by_name_folder_and_type(world: World) -> None:
    shelf(world)
    assert by(world, "name", "a.txt") == "a"
    assert by(world, "dir", "/x") == "ab"
    assert by(world, "metadata.system.mimetype", "image/*") == "d"
    assert by(world, "metadata.system.size", 2, "gt") == "cd"
    assert by(world, "type", "file") == "abcd"


@scenario
def a_star_in_a_filename_crosses_folders(world: World) -> None:
    shelf(world)
    assert by(world, "filename", "/x/*") == "abc"
    assert by(world, "filename", "/x") == "abc"
    assert by(world, "filename", "/x/**") == "abc"
    assert by(world, "filename", "/*.txt") == "ab"
    assert by(world, "filename", "/x/a.txt") == "a"
    assert by(world, "name", "?.png") == "d"


@scenario
def a_filter_that_is_not_recursive_stays_in_the_folder(world: World) -> None:
    shelf(world)
    filters = world.dl.Filters(field="dir", values="/x")
    filters.recursive = False
    assert found(world, filters) == "ab"


@scenario
def every_operator_finds_what_it_says(world: World) -> None:
    shelf(world)
    operators = world.dl.FiltersOperations
    number = "metadata.user.number"
    assert by(world, number, 1) == "b"
    assert by(world, number, 1, operators.EQUAL) == "b"
    assert by(world, number, 1, operators.NOT_EQUAL) == "acd"
    assert by(world, number, 1, operators.GREATER_THAN) == "cd"
    assert by(world, number, 1, operators.LESS_THAN) == "a"
    assert by(world, number, 1, "gte") == "bcd"
    assert by(world, number, 1, "lte") == "ab"
    assert by(world, number, [0, 3], operators.IN) == "ad"
    assert by(world, number, [0, 3], operators.NIN) == "bc"
    assert by(world, number, True, operators.EXISTS) == "abcd"
    assert by(world, "metadata.user.none", False, operators.EXISTS) == "abcd"
    assert by(world, "metadata.user.none", True, operators.EXISTS) == ""


@scenario
def user_metadata_of_any_type_is_searched(world: World) -> None:
    shelf(world)
    assert by(world, "metadata.user.even", True) == "ac"
    assert by(world, "metadata.user.tags", "a") == "a"
    assert by(world, "metadata.user.tags", "all") == "abcd"


@scenario
def null_means_that_a_value_is_missing(world: World) -> None:
    items = shelf(world)
    item = items["a.txt"]
    item.metadata["user"]["extra"] = "x"
    item.update()
    assert by(world, "metadata.user.extra", None) == "bcd"


@scenario
def conditions_are_joined_by_and_and_or(world: World) -> None:
    shelf(world)
    dl = world.dl
    both = dl.Filters(field="dir", values="/x")
    both.add(field="metadata.user.number", values=0)
    assert found(world, both) == "a"
    either = dl.Filters()
    either.add(field="name", values="a.txt", method=dl.FiltersMethod.OR)
    either.add(field="name", values="d.png", method=dl.FiltersMethod.OR)
    assert found(world, either) == "ad"
    either.add(field="dir", values="/y", method=dl.FiltersMethod.AND)
    assert found(world, either) == "d"


@scenario
def a_condition_is_taken_back(world: World) -> None:
    shelf(world)
    filters = world.dl.Filters(field="name", values="a.txt")
    assert filters.has_field("name")
    filters.pop("name")
    assert not filters.has_field("name")
    assert found(world, filters) == "abcd"
    filters.add(field="name", values="a.txt")
    filters.reset()
    assert found(world, filters) == "abcd"


@scenario
def items_are_found_by_whether_they_are_annotated(world: World) -> None:
    shelf(world)
    assert by(world, "annotated", True) == "abc"
    assert by(world, "annotated", False) == "d"


@scenario
def items_are_found_by_their_times(world: World) -> None:
    items = shelf(world)
    operators = world.dl.FiltersOperations
    assert by(world, "createdAt", "2001-01-01T00:00:00", operators.GREATER_THAN) == "abcd"
    assert by(world, "createdAt", "2001-01-01T00:00:00.000Z", operators.LESS_THAN) == ""
    assert by(world, "updatedAt", items["d.png"].updated_at, "lte") == "abcd"


@scenario
def items_are_found_by_their_annotations(world: World) -> None:
    shelf(world)
    dl = world.dl
    cats = dl.Filters()
    cats.add_join(field="label", values="cat")
    assert found(world, cats) == "ac"
    points = dl.Filters()
    points.add_join(field="type", values="point")
    assert found(world, points) == ""
    boxes = dl.Filters(field="dir", values="/x")
    boxes.add_join(field="type", values="box")
    boxes.add_join(field="label", values="dog")
    assert found(world, boxes) == "ab"
    some = dl.Filters()
    some.add_join(field="label", values=["cat", "bird"], operator=dl.FiltersOperations.IN)
    assert found(world, some) == "ac"


@scenario
def annotations_are_found_by_their_items(world: World) -> None:
    shelf(world)
    dl = world.dl
    filters = dl.Filters(resource=dl.FiltersResource.ANNOTATION)
    filters.add_join(field="dir", values="/x")
    assert sorted(one.label for one in world.dataset.annotations.list(filters=filters).all()) == [
        "cat",
        "dog",
        "dog",
    ]
    filters.add(field="label", values="cat")
    assert [one.label for one in world.dataset.annotations.list(filters=filters).all()] == ["cat"]


@scenario
def annotations_are_found_by_every_field(world: World) -> None:
    items = shelf(world)
    dl = world.dl

    def count(field: str, values: Any, operator: Any = None) -> int:
        filters = dl.Filters(resource=dl.FiltersResource.ANNOTATION)
        filters.add(field=field, values=values, operator=operator)
        return world.dataset.annotations.list(filters=filters).items_count

    (one, _other) = items["a.txt"].annotations.list()
    assert count("label", "dog") == 2
    assert count("type", "box") == 4
    assert count("label", ["dog", "cat"], dl.FiltersOperations.IN) == 4
    assert count("itemId", items["a.txt"].id) == 2
    assert count("annotationId", one.id) == 1
    assert count("creator", world.dl.info()["user_email"]) == 4
    assert count("creator", "nobody@example.test") == 0
    assert count("metadata.system.automated", True) == 4


@scenario
def a_sort_orders_what_is_found(world: World) -> None:
    shelf(world)
    dl = world.dl
    for direction, expected in (
        (dl.FiltersOrderByDirection.ASCENDING, "abcd"),
        (dl.FiltersOrderByDirection.DESCENDING, "dcba"),
    ):
        filters = dl.Filters()
        filters.sort_by(field="name", value=direction)
        assert "".join(item.name[0] for item in world.dataset.items.list(filters=filters).all()) == expected
        filters = dl.Filters()
        filters.sort_by(field="metadata.user.number", value=direction)
        assert "".join(item.name[0] for item in world.dataset.items.list(filters=filters).all()) == expected


@scenario
def two_sorts_order_one_after_the_other(world: World) -> None:
    shelf(world)
    filters = world.dl.Filters()
    filters.sort_by(field="metadata.user.even", value=world.dl.FiltersOrderByDirection.DESCENDING)
    filters.sort_by(field="name", value=world.dl.FiltersOrderByDirection.DESCENDING)
    assert "".join(item.name[0] for item in world.dataset.items.list(filters=filters).all()) == "cadb"


@scenario
def a_sorted_listing_is_paged_without_gaps(world: World) -> None:
    for number in range(7):
        world.dataset.items.upload(local_path=named(f"{number}.txt", b"0" * (number + 1)))
    filters = world.dl.Filters(page_size=3)
    filters.sort_by(field="filename")
    pages = world.dataset.items.list(filters=filters)
    assert [item.name[0] for item in pages.all()] == list("0123456")
    created = world.dl.Filters(page_size=2)
    created.sort_by(field="createdAt", value=world.dl.FiltersOrderByDirection.DESCENDING)
    assert [item.name[0] for item in world.dataset.items.list(filters=created).all()] == list("6543210")


@scenario
def a_custom_query_is_taken_as_it_is(world: World) -> None:
    shelf(world)
    dl = world.dl
    custom = dl.Filters(custom_filter={"filter": {"$and": [{"type": "file"}, {"dir": "/x"}]}})
    assert found(world, custom) == "ab"
    bare = dl.Filters(custom_filter={"$or": [{"name": "a.txt"}, {"name": "d.png"}]})
    assert found(world, bare) == "ad"


@scenario
def hidden_items_are_shown_when_they_are_asked_for(world: World) -> None:
    world.dataset.items.upload(local_path=named("a.txt"), remote_path="/.dataloop")
    world.dataset.items.upload(local_path=named("b.txt"))
    assert found(world, world.dl.Filters()) == "b"
    assert found(world, world.dl.Filters(field="hidden", values=True)) == "a"
    assert found(world, world.dl.Filters(use_defaults=False)) == "ab"


@scenario
def directories_are_found_by_their_type(world: World) -> None:
    world.dataset.items.make_dir(directory="/made")
    filters = world.dl.Filters(field="type", values="dir")
    assert "/made" in [item.filename for item in world.dataset.items.list(filters=filters).all()]


@scenario
def an_operator_that_is_not_known_is_refused_and_not_taken_for_nothing(world: World) -> None:
    shelf(world)
    world.refused(lambda: by(world, "name", "a", "sounds_like"), "422")


@scenario
def a_query_prints_and_is_prepared(world: World) -> None:
    filters = world.dl.Filters(field="name", values="a.txt")
    filters.print()
    prepared = filters.prepare()
    assert {"name": "a.txt"} in prepared["filter"]["$and"]


@scenario
def items_are_found_by_several_ids(world: World) -> None:
    items = shelf(world)
    chosen = [items["a.txt"].id, items["d.png"].id]
    assert by(world, "id", chosen, world.dl.FiltersOperations.IN) == "ad"


@scenario
def an_empty_answer_says_that_it_is_empty(world: World) -> None:
    shelf(world)
    pages = world.dataset.items.list(filters=world.dl.Filters(field="name", values="none"))
    assert (pages.items_count, pages.total_pages_count, pages.has_next_page, len(pages.items)) == (
        0,
        0,
        False,
        0,
    )


@scenario
def items_are_found_by_their_tasks_and_statuses(world: World) -> None:
    items = shelf(world)
    dl = world.dl
    task = world.dataset.tasks.create(
        task_name="task", filters=dl.Filters(field="dir", values="/x"), assignee_ids=[ALICE]
    )
    assert by(world, "metadata.system.refs.id", task.id) == "ab"
    world.dataset.items.get(item_id=items["a.txt"].id).update_status(status="completed", task_id=task.id)
    done = {"id": task.id, "type": "task", "metadata": {"status": {"$exists": True}}}
    assert by(world, "metadata.system.refs", done, dl.FiltersOperations.MATCH) == "a"
    assert by(world, "metadata.system.refs.metadata.status", "completed") == "a"
    assert by(world, "metadata.system.refs", []) == "cd"


@scenario
def a_dataset_with_the_other_index_finds_the_same(world: World) -> None:
    world.dataset = world.project.datasets.create(dataset_name="v2", index_driver=world.dl.IndexDriver.V2)
    shelf(world)
    assert by(world, "name", "a.txt") == "a"
    assert by(world, "metadata.user.number", 1, "gt") == "cd"
    cats = world.dl.Filters()
    cats.add_join(field="label", values="cat")
    assert found(world, cats) == "ac"


@scenario
def a_saved_filter_is_loaded_again(world: World) -> None:
    shelf(world)
    filters = world.dl.Filters(field="dir", values="/x")
    filters.add_join(field="label", values="dog")
    filters.save(project=world.project, filter_name="mine")
    loaded = world.dl.Filters.load(project=world.project, filter_name="mine")
    assert found(world, loaded) == "ab"
    assert "mine" in str(list(world.dl.Filters.list(project=world.project)))
