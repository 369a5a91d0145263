"""Items: getting, listing, describing, changing, moving, cloning, deleting, and where they belong."""

from __future__ import annotations

import io

import requests

from tests.integration.dtlpy.world import World, scenario

#: An id that has the right form and names nothing.
NOBODY = "5f4b60848ced1d50c3df114a"


def named(name: str, content: bytes = b"content") -> io.BytesIO:
    buffer = io.BytesIO(content)
    buffer.name = name
    return buffer


def names(pages: object) -> list[str]:
    return sorted(item.filename for item in pages.all())  # type: ignore[attr-defined]


# Getting


@scenario
def an_item_is_found_by_its_id_and_by_its_path(world: World) -> None:
    item = world.item(remote="/folder")
    assert world.dataset.items.get(item_id=item.id).filename == "/folder/image.png"
    assert world.dataset.items.get(filepath="/folder/image.png").id == item.id


@scenario
def an_item_that_is_not_there_is_404(world: World) -> None:
    world.refused(lambda: world.dataset.items.get(item_id=NOBODY), "404")
    world.refused(lambda: world.dataset.items.get(item_id="some_id"), "404")
    world.refused(lambda: world.dataset.items.get(filepath="/none.jpg"), "404")


@scenario
def the_same_name_in_two_folders_is_two_items(world: World) -> None:
    one, two = world.item(remote="/a"), world.item(remote="/b")
    assert one.id != two.id
    assert one.name == two.name
    assert world.dataset.items.get(filepath="/a/image.png").id == one.id
    assert world.dataset.items.get(filepath="/b/image.png").id == two.id


@scenario
def getting_needs_an_id_or_a_path(world: World) -> None:
    world.refused(world.dataset.items.get, "400")


@scenario
def an_item_that_is_not_fetched_is_completed_when_it_is_used(world: World) -> None:
    item = world.item()
    assert world.sent_by(lambda: world.dataset.items.get(item_id=item.id, fetch=False)) == []
    assert world.dl.items.get(item_id=item.id).filename == "/image.png"


@scenario
def a_directory_is_got_by_its_path(world: World) -> None:
    made = world.dataset.items.make_dir(directory="/folder")
    found = world.dataset.items.get(filepath="/folder", is_dir=True)
    assert (found.id, found.type) == (made.id, "dir")


@scenario
def an_item_is_the_same_from_an_upload_a_get_and_a_listing(world: World) -> None:
    made = world.item(item_metadata={"user": {"k": 1}}, item_description="words").to_json()
    assert world.dataset.items.get(item_id=made["id"]).to_json() == made
    (listed,) = world.dataset.items.list().items
    assert listed.to_json() == made


@scenario
def content_is_streamed_in_parts_and_shown_small(world: World) -> None:
    item = world.item()
    bearer = {"Authorization": f"Bearer {world.dl.token()}"}
    part = requests.get(item.stream, headers={**bearer, "Range": "bytes=2-5"}, timeout=10)
    assert (part.status_code, part.content) == (206, (world.folder / "image.png").read_bytes()[2:6])
    small = requests.get(item.thumbnail, headers=bearer, timeout=10)
    assert small.headers["Content-Type"].startswith("image/")


# Where items belong


@scenario
def an_item_knows_its_dataset_and_its_project(world: World) -> None:
    item = world.dl.items.get(item_id=world.item().id)
    assert item.dataset.id == world.dataset.id == item.dataset_id
    assert item.dataset.project.id == world.project.id
    through = world.dataset.items.get(item_id=item.id)
    assert through.project.id == world.project.id


@scenario
def an_item_got_through_another_project_keeps_its_own(world: World) -> None:
    item = world.item()
    other = world.dl.projects.create(project_name=f"{world.name} other {world.project.id}")
    found = other.items.get(item_id=item.id)
    assert found.dataset.id == world.dataset.id
    assert found.project_id == world.project.id or found.dataset.projects == [world.project.id]


@scenario
def an_item_got_through_another_dataset_keeps_its_own(world: World) -> None:
    item = world.item()
    other = world.project.datasets.create(dataset_name="other")
    assert other.items.get(item_id=item.id).dataset_id == world.dataset.id


# Listing


@scenario
def a_listing_shows_files_and_not_directories(world: World) -> None:
    world.dataset.items.make_dir(directory="/folder")
    world.item(remote="/folder")
    world.item()
    assert names(world.dataset.items.list()) == ["/folder/image.png", "/image.png"]


@scenario
def all_items_come_as_a_list(world: World) -> None:
    for number in range(5):
        world.dataset.items.upload(local_path=named(f"{number}.txt", str(number).encode()))
    every = world.dataset.items.get_all_items()
    assert sorted(item.name for item in every) == [f"{number}.txt" for number in range(5)]
    one = world.dl.Filters(field="filename", values="/3.txt")
    assert [item.name for item in world.dataset.items.get_all_items(filters=one)] == ["3.txt"]


@scenario
def pages_are_of_the_size_that_was_asked_for(world: World) -> None:
    for number in range(5):
        world.dataset.items.upload(local_path=named(f"{number}.txt", str(number).encode()))
    pages = world.dataset.items.list(page_size=2)
    assert (pages.items_count, pages.total_pages_count, len(pages.items)) == (5, 3, 2)
    assert [len(page) for page in pages] == [2, 2, 1]
    filters = world.dl.Filters()
    filters.sort_by(field="filename")
    last = world.dataset.items.list(filters=filters, page_offset=2, page_size=2)
    assert [item.name for item in last.items] == ["4.txt"]
    assert len(world.dataset.items.list(page_offset=9, page_size=2).items) == 0


@scenario
def next_and_previous_pages_are_reached(world: World) -> None:
    for number in range(3):
        world.dataset.items.upload(local_path=named(f"{number}.txt", str(number).encode()))
    filters = world.dl.Filters()
    filters.sort_by(field="filename")
    pages = world.dataset.items.list(filters=filters, page_size=2)
    pages.go_to_page(1)
    assert [item.name for item in pages.items] == ["2.txt"]
    pages.prev_page()
    assert [item.name for item in pages.items] == ["0.txt", "1.txt"]
    pages.next_page()
    assert [item.name for item in pages.items] == ["2.txt"]


@scenario
def an_empty_dataset_lists_nothing(world: World) -> None:
    pages = world.dataset.items.list()
    assert (pages.items_count, list(pages.all())) == (0, [])
    assert world.dataset.items.get_all_items() == []


@scenario
def the_entity_of_items_can_be_chosen(world: World) -> None:
    for entity in (world.dl.Item, world.dl.entities.Codebase, world.dl.entities.Artifact):
        world.project.items.set_items_entity(entity)
        assert world.project.items.items_entity is entity
    world.refused(lambda: world.project.items.set_items_entity(world.dl.Dataset), "403")


# Describing


@scenario
def a_description_is_given_at_the_upload(world: World) -> None:
    item = world.item(item_description="a red picture")
    assert item.description == "a red picture"
    assert world.dataset.items.get(item_id=item.id).description == "a red picture"


@scenario
def a_description_is_set_on_an_item(world: World) -> None:
    item = world.item()
    assert item.description is None
    item.description = "first"
    assert world.dataset.items.get(item_id=item.id).description == "first"
    changed = item.set_description(text="second")
    assert changed.description == "second"
    assert world.dataset.items.get(item_id=item.id).description == "second"


@scenario
def a_description_is_removed(world: World) -> None:
    item = world.item(item_description="words")
    item.description = None
    assert world.dataset.items.get(item_id=item.id).description is None


@scenario
def an_empty_description_is_none(world: World) -> None:
    assert world.dataset.items.get(item_id=world.item(item_description="").id).description is None


@scenario
def a_description_must_be_text(world: World) -> None:
    world.refused(lambda: world.item(item_description={"not": "text"}), "400")
    item = world.item()
    try:
        item.set_description(text=12)
    except ValueError:
        pass
    else:
        raise AssertionError("a number was taken for a description")


@scenario
def a_description_outlives_an_update_and_a_move(world: World) -> None:
    item = world.item(item_description="words")
    item.metadata["user"] = {"k": 1}
    item = item.update()
    assert item.description == "words"
    item.move(new_path="/moved")
    assert world.dataset.items.get(item_id=item.id).description == "words"


@scenario
def a_description_is_found_by_a_filter(world: World) -> None:
    world.item("one.png", item_description="find me")
    world.item("two.png")
    filters = world.dl.Filters(field="description", values="find me")
    assert names(world.dataset.items.list(filters=filters)) == ["/one.png"]


@scenario
def a_clone_and_a_download_carry_the_description(world: World) -> None:
    item = world.item(item_description="words")
    other = world.project.datasets.create(dataset_name="other")
    clone = item.clone(dst_dataset_id=other.id)
    assert clone.description == "words"


@scenario
def an_overwritten_item_takes_the_new_description(world: World) -> None:
    item = world.item(item_description="old")
    item = world.item(item_description="new", overwrite=True)
    assert world.dataset.items.get(item_id=item.id).description == "new"


# Changing


@scenario
def an_update_without_a_change_sends_nothing(world: World) -> None:
    item = world.dataset.items.get(item_id=world.item().id)
    assert world.sent_by(item.update) == []
    assert world.sent_by(lambda: item.update(system_metadata=True)) == []


@scenario
def user_metadata_is_merged_and_removed(world: World) -> None:
    item = world.item(item_metadata={"user": {"a": 1, "deep": {"x": [1, 2]}}})
    item.metadata["user"]["b"] = {"c": True}
    item = item.update()
    assert item.metadata["user"] == {"a": 1, "deep": {"x": [1, 2]}, "b": {"c": True}}
    del item.metadata["user"]["deep"]
    item.metadata["user"]["a"] = None
    item = item.update()
    assert world.dataset.items.get(item_id=item.id).metadata["user"] == {"b": {"c": True}}


@scenario
def system_metadata_changes_only_when_that_is_said(world: World) -> None:
    item = world.item()
    item.metadata["system"]["mine"] = "x"
    item.update()
    assert "mine" not in world.dataset.items.get(item_id=item.id).metadata["system"]
    item = world.dataset.items.get(item_id=item.id)
    item.metadata["system"]["mine"] = "x"
    item.update(system_metadata=True)
    assert world.dataset.items.get(item_id=item.id).metadata["system"]["mine"] == "x"


@scenario
def items_are_changed_by_filter(world: World) -> None:
    world.item("one.png", remote="/in")
    world.item("two.png", remote="/in")
    out = world.item("three.png", remote="/out")
    filters = world.dl.Filters(field="dir", values="/in")
    world.dataset.items.update(filters=filters, update_values={"user": {"seen": True}})
    for path in ("/in/one.png", "/in/two.png"):
        metadata = world.dataset.items.get(filepath=path).metadata
        assert metadata["user"] == {"user": {"seen": True}} or metadata["user"] == {"seen": True}
    assert "user" not in world.dataset.items.get(item_id=out.id).metadata


@scenario
def system_metadata_is_changed_by_filter(world: World) -> None:
    item = world.item()
    world.dataset.items.update(
        filters=world.dl.Filters(field="filename", values="/image.png"),
        system_update_values={"mine": 5},
        system_metadata=True,
    )
    assert world.dataset.items.get(item_id=item.id).metadata["system"]["mine"] == 5


@scenario
def a_change_says_what_it_changes(world: World) -> None:
    item = world.item()
    items = world.dataset.items
    world.refused(items.update, "400")
    world.refused(lambda: items.update(filters=world.dl.Filters()), "400")
    world.refused(lambda: items.update(item=item, update_values={"a": 1}), "400")


@scenario
def a_file_is_renamed_by_its_filename(world: World) -> None:
    item = world.item()
    item.filename = "/elsewhere/other.png"
    item = item.update(system_metadata=True)
    found = world.dataset.items.get(item_id=item.id)
    assert (found.filename, found.name, found.dir) == ("/elsewhere/other.png", "other.png", "/elsewhere")


@scenario
def a_subset_is_given_and_taken(world: World) -> None:
    item = world.item()
    item.assign_subset(subset="train")
    found = world.dataset.items.get(item_id=item.id)
    assert found.get_current_subset() == "train"
    found.assign_subset(subset="test")
    assert world.dataset.items.get(item_id=item.id).get_current_subset() == "test"
    found.remove_subset()
    assert world.dataset.items.get(item_id=item.id).get_current_subset() is None


@scenario
def modalities_are_added_and_removed(world: World) -> None:
    item, other = world.item("one.png"), world.item("two.png")
    item.modalities.create(name="overlay", ref=other.id)
    item.update(system_metadata=True)
    found = world.dataset.items.get(item_id=item.id)
    assert [(one.name, one.ref) for one in found.modalities.list()] == [("overlay", other.id)]
    found.modalities.delete(name="overlay")
    found.update(system_metadata=True)
    assert world.dataset.items.get(item_id=item.id).modalities.list() == []


# Moving


@scenario
def an_item_moves_into_a_new_directory(world: World) -> None:
    item = world.item()
    assert item.move(new_path="/a/b")
    assert world.dataset.items.get(item_id=item.id).filename == "/a/b"


@scenario
def an_item_moves_into_an_existing_directory(world: World) -> None:
    world.dataset.items.make_dir(directory="/there")
    item = world.item()
    assert item.move(new_path="/there")
    found = world.dataset.items.get(item_id=item.id)
    assert (found.filename, found.dir) == ("/there/image.png", "/there")


@scenario
def an_item_moves_under_another_name(world: World) -> None:
    item = world.item(remote="/a")
    assert item.move(new_path="/b/other.png")
    assert names(world.dataset.items.list()) == ["/b/other.png"]


@scenario
def many_items_move_by_filter_and_by_list(world: World) -> None:
    first = world.item("one.png")
    world.item("two.png")
    assert world.dataset.items.move_items(destination="/new", items=[first])
    assert names(world.dataset.items.list()) == ["/new/one.png", "/two.png"]
    filters = world.dl.Filters(field="filename", values="/two.png")
    assert world.dataset.items.move_items(destination="/new", filters=filters)
    assert names(world.dataset.items.list()) == ["/new/one.png", "/new/two.png"]


@scenario
def a_dataset_shows_its_directories_as_a_tree(world: World) -> None:
    world.item(remote="/a/b")
    world.dataset.items.make_dir(directory="/c")
    tree = world.dataset.directory_tree
    assert sorted(tree.dir_names) == ["/", "/a", "/a/b", "/c"]


# Cloning


@scenario
def a_clone_lies_in_the_other_dataset(world: World) -> None:
    item = world.item(item_metadata={"user": {"k": 1}})
    other = world.project.datasets.create(dataset_name="other")
    clone = world.dataset.items.clone(item_id=item.id, dst_dataset_id=other.id)
    assert clone.dataset_id == other.id
    assert (clone.filename, clone.metadata["user"]) == ("/image.png", {"k": 1})
    assert clone.spec == "ClonedItemSpec" or clone.id != item.id
    assert clone.download(save_locally=False).read() == item.download(save_locally=False).read()


@scenario
def a_clone_goes_to_the_path_that_is_said(world: World) -> None:
    item = world.item()
    other = world.project.datasets.create(dataset_name="other")
    clone = item.clone(dst_dataset_id=other.id, remote_filepath="/b/copy.png")
    assert clone.filename == "/b/copy.png"
    same = item.clone(dst_dataset_id=world.dataset.id, remote_filepath="/copy.png")
    assert same.dataset_id == world.dataset.id


@scenario
def a_clone_may_go_without_annotations_and_metadata(world: World) -> None:
    item = world.item(item_metadata={"user": {"k": 1}})
    item.annotations.upload(world.dl.Annotation.new(annotation_definition=world.dl.Classification(label="a")))
    other = world.project.datasets.create(dataset_name="other")
    plain = item.clone(dst_dataset_id=other.id, with_annotations=False, with_metadata=False)
    assert len(plain.annotations.list()) == 0
    assert "k" not in plain.metadata.get("user", {})
    third = world.project.datasets.create(dataset_name="third")
    full = item.clone(dst_dataset_id=third.id, metadata={"user": {"j": 2}})
    assert [one.label for one in full.annotations.list()] == ["a"]
    assert full.metadata["user"]["j"] == 2


@scenario
def a_clone_onto_an_existing_path_is_refused(world: World) -> None:
    item = world.item()
    other = world.project.datasets.create(dataset_name="other")
    item.clone(dst_dataset_id=other.id)
    world.refused(lambda: item.clone(dst_dataset_id=other.id))


# Deleting


@scenario
def an_item_is_deleted_by_path_by_id_and_by_itself(world: World) -> None:
    world.item("one.png")
    two, three = world.item("two.png"), world.item("three.png")
    assert world.dataset.items.delete(filename="/one.png") is True
    assert world.dataset.items.delete(item_id=two.id) is True
    assert three.delete() is True
    assert names(world.dataset.items.list()) == []
    world.refused(lambda: world.dataset.items.get(item_id=two.id), "404")


@scenario
def items_are_deleted_by_filter(world: World) -> None:
    for name in ("one.png", "two.png", "three.txt"):
        world.dataset.items.upload(local_path=named(name, name.encode()))
    filters = world.dl.Filters(field="name", values="*.png")
    assert world.dataset.items.delete(filters=filters) is True
    assert names(world.dataset.items.list()) == ["/three.txt"]


@scenario
def deleting_nothing_is_refused_and_deletes_nothing(world: World) -> None:
    world.item()
    world.refused(lambda: world.dataset.items.delete(filename="/none.png"), "404")
    world.refused(lambda: world.dataset.items.delete(item_id="some_id"), "400")
    world.refused(lambda: world.dataset.items.delete(item_id=NOBODY), "404")
    world.refused(world.dataset.items.delete, "400")
    assert names(world.dataset.items.list()) == ["/image.png"]


# Showing


@scenario
def an_item_prints_and_names_its_page(world: World) -> None:
    item = world.item()
    item.print()
    world.dataset.items.list().print()
    assert item.platform_url.endswith(
        f"projects/{world.project.id}/datasets/{world.dataset.id}/items/{item.id}"
    )
    assert item.to_json()["filename"] == "/image.png"
