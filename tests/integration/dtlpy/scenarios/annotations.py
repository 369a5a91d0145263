"""Annotations: adding every kind, parents and objects, listing, changing, statuses, notes, deleting."""

from __future__ import annotations

from typing import Any

from tests.integration.dtlpy.world import ALICE, World, scenario

#: An id that has the right form and names nothing.
NOBODY = "5f4b60848ced1d50c3df114a"


def put(world: World, item: Any, *definitions: Any, **options: Any) -> Any:
    """Upload annotations, given by their definitions; the collection that came back."""
    builder = item.annotations.builder()
    for definition in definitions:
        builder.add(annotation_definition=definition, **options)
    return item.annotations.upload(builder)


def box(world: World, label: str = "cat", **more: Any) -> Any:
    return world.dl.Box(left=1, top=2, right=11, bottom=22, label=label, **more)


def labels(annotations: Any) -> list[str]:
    return sorted(one.label for one in annotations)


def every(world: World) -> Any:
    """A filter for annotations of any type."""
    return world.dl.Filters(resource=world.dl.FiltersResource.ANNOTATION, use_defaults=False)


def of(world: World, **fields: Any) -> Any:
    filters = world.dl.Filters(resource=world.dl.FiltersResource.ANNOTATION)
    for field, values in fields.items():
        filters.add(field=field, values=values)
    return filters


# Kinds


@scenario
def a_box_comes_back_as_it_was(world: World) -> None:
    item = world.item()
    put(world, item, box(world))
    (found,) = item.annotations.list()
    assert (found.type, found.label, found.id is None) == ("box", "cat", False)
    assert (found.left, found.top, found.right, found.bottom) == (1, 2, 11, 22)
    assert (found.creator, found.item_id, found.dataset_id) == (ALICE, item.id, world.dataset.id)


@scenario
def a_turned_box_keeps_its_angle(world: World) -> None:
    item = world.item()
    put(world, item, world.dl.Box(left=1, top=2, right=11, bottom=22, angle=30, label="cat"))
    (found,) = item.annotations.list()
    assert found.angle == 30


@scenario
def points_lines_and_polygons_come_back_as_they_were(world: World) -> None:
    item, dl = world.item(), world.dl
    shape = [(1, 1), (5, 1), (5, 5)]
    put(
        world,
        item,
        dl.Point(x=3, y=4, label="point"),
        dl.Polyline(geo=shape, label="line"),
        dl.Polygon(geo=shape, label="polygon"),
    )
    found = {one.label: one for one in item.annotations.list()}
    assert {label: one.type for label, one in found.items()} == {
        "point": "point",
        "line": "polyline",
        "polygon": "segment",
    }
    assert (found["point"].x, found["point"].y) == (3, 4)
    for label in ("line", "polygon"):
        assert [tuple(corner) for corner in found[label].geo] == shape


@scenario
def an_ellipse_and_a_cube_come_back_as_they_were(world: World) -> None:
    item, dl = world.item(), world.dl
    corners = {
        f"{side}_{corner}": (number, number + 10)
        for number, (side, corner) in enumerate(
            (side, corner) for side in ("front", "back") for corner in ("tl", "tr", "br", "bl")
        )
    }
    put(
        world,
        item,
        dl.Ellipse(x=10, y=20, rx=3, ry=4, angle=45, label="round"),
        dl.Cube(label="cube", **corners),
    )
    found = {one.label: one for one in item.annotations.list()}
    ellipse = found["round"]
    assert (ellipse.x, ellipse.y, ellipse.rx, ellipse.ry, ellipse.angle) == (10, 20, 3, 4, 45)
    assert found["cube"].coordinates["back_bl"] == {"x": 7, "y": 17, "z": 0}


@scenario
def a_solid_cube_comes_back_as_it_was(world: World) -> None:
    item = world.item()
    cube = world.dl.Cube3d(label="cube", position=[1, 2, 3], scale=[4, 5, 6], rotation=[0.1, 0.2, 0.3])
    put(world, item, cube)
    (found,) = item.annotations.list()
    assert found.type == "cube_3d"
    assert found.coordinates == cube.to_coordinates(color=None)


@scenario
def a_classification_has_no_coordinates(world: World) -> None:
    item = world.item()
    put(world, item, world.dl.Classification(label="night"))
    (found,) = item.annotations.list()
    assert (found.type, found.label) == ("class", "night")
    assert "coordinates" not in found.to_json()


@scenario
def texts_come_back_as_they_were(world: World) -> None:
    item, dl = world.text(), world.dl
    put(
        world,
        item,
        dl.Text(text_type="block", start=0, end=4, label="span"),
        dl.FreeText(text="as I see it", label="free"),
        dl.Description(text="what it is"),
    )
    found = {one.label: one for one in item.annotations.list(filters=every(world))}
    span = found["span"].coordinates
    assert (span["type"], span["start"], span["end"]) == ("block", 0, 4)
    assert found["free"].coordinates == "as I see it"
    assert found["item.description"].coordinates == {"text": "what it is"}
    assert found["item.description"].type == "item_description"


@scenario
def a_reference_to_an_image_comes_back_as_it_was(world: World) -> None:
    item = world.item()
    put(world, item, world.dl.RefImage(ref=item.id, ref_type="id", label="drawn"))
    (found,) = item.annotations.list()
    assert (found.type, found.coordinates["ref"]) == ("ref_image", item.id)


@scenario
def a_pose_and_its_points_belong_together(world: World) -> None:
    item, dl = world.item(), world.dl
    builder = item.annotations.builder()
    builder.add(annotation_definition=dl.Pose(label="body", template_id="some-template", instance_id="one"))
    (pose,) = item.annotations.upload(builder)
    points = item.annotations.builder()
    for number in range(3):
        points.add(annotation_definition=dl.Point(x=number, y=number, label="joint"), parent_id=pose.id)
    item.annotations.upload(points)
    found = item.annotations.list()
    assert sorted(one.type for one in found) == ["point", "point", "point", "pose"]
    assert {one.parent_id for one in found if one.type == "point"} == {pose.id}


@scenario
def a_segmentation_comes_back_to_the_pixel(world: World) -> None:
    import numpy as np

    item = world.item()
    mask = np.zeros((40, 60), dtype=bool)
    mask[5:20, 10:30] = True
    put(world, item, world.dl.Segmentation(geo=mask, label="blob"))
    (found,) = item.annotations.list()
    assert found.type == "binary"
    assert (found.geo.astype(bool) == mask).all()


@scenario
def a_segmentation_has_a_box(world: World) -> None:
    import numpy as np

    item = world.item()
    mask = np.zeros((40, 60), dtype=bool)
    mask[5:20, 10:30] = True
    put(world, item, world.dl.Segmentation(geo=mask, label="blob"))
    (found,) = item.annotations.list()
    (made,) = found.annotation_definition.to_box()
    assert (made.left, made.top, made.right, made.bottom) == (10, 5, 29, 19)
    put(world, item, made)
    assert sorted(one.type for one in item.annotations.list()) == ["binary", "box"]


@scenario
def each_part_of_a_segmentation_has_a_box(world: World) -> None:
    import numpy as np

    item = world.item()
    mask = np.zeros((40, 60), dtype=bool)
    mask[5:10, 10:20] = True
    mask[20:30, 30:50] = True
    put(world, item, world.dl.Segmentation(geo=mask, label="two"))
    (found,) = item.annotations.list()
    put(world, item, *found.annotation_definition.to_box())
    boxes = item.annotations.list(filters=of(world, type="box"))
    assert sorted((one.left, one.top) for one in boxes) == [(10, 5), (30, 20)]


@scenario
def parts_of_an_instance_mask_become_segmentations(world: World) -> None:
    import numpy as np

    world.labels("one", "two")
    item = world.item()
    mask = np.zeros((40, 60), dtype=int)
    dataset = world.project.datasets.get(dataset_id=world.dataset.id)
    numbers = dataset.instance_map
    mask[:10] = numbers["one"]
    mask[20:30] = numbers["two"]
    builder = item.annotations.builder()
    builder.from_instance_mask(mask=mask, instance_map=numbers)
    item.annotations.upload(builder)
    found = item.annotations.list()
    assert labels(found) == ["one", "two"]
    assert {int(one.geo.astype(bool).sum()) for one in found} == {600}


# Adding


@scenario
def annotations_are_added_with_parents_and_objects(world: World) -> None:
    item = world.item()
    (parent,) = put(world, item, box(world, "parent"))
    put(world, item, box(world, "child"), object_id=7, parent_id=parent.id)
    (child,) = item.annotations.list(filters=of(world, label="child"))
    assert (child.parent_id, child.object_id) == (parent.id, "7")
    assert child.metadata["system"]["parentId"] == parent.id


@scenario
def an_object_is_known_by_a_number(world: World) -> None:
    item = world.item()
    try:
        item.annotations.builder().add(annotation_definition=box(world), object_id="seven")
    except ValueError:
        return
    raise AssertionError("a word was taken for a number")


@scenario
def a_list_of_definitions_is_added_at_once(world: World) -> None:
    item = world.item()
    builder = item.annotations.builder()
    builder.add(annotation_definition=[box(world, name) for name in "abc"], metadata={"user": {"k": 1}})
    item.annotations.upload(builder)
    found = item.annotations.list()
    assert labels(found) == ["a", "b", "c"]
    assert [one.metadata["user"] for one in found] == [{"k": 1}] * 3


@scenario
def a_model_leaves_its_name_and_confidence(world: World) -> None:
    item = world.item()
    put(world, item, box(world), model_info={"name": "net", "confidence": 0.75, "model_id": "m"})
    (found,) = item.annotations.list()
    assert found.metadata["user"]["model"] == {"confidence": 0.75, "name": "net", "model_id": "m"}


@scenario
def attributes_come_back_as_they_were(world: World) -> None:
    item = world.item()
    chosen = {"1": "red", "2": True, "3": 5, "4": ["a", "b"]}
    put(world, item, box(world, attributes=chosen))
    (found,) = item.annotations.list()
    assert found.attributes == chosen
    found.attributes = {"1": "blue"}
    found.update(system_metadata=True)
    assert item.annotations.get(annotation_id=found.id).attributes["1"] == "blue"


@scenario
def whether_an_annotation_is_automated_is_kept(world: World) -> None:
    item = world.item()
    put(world, item, box(world, "by hand"), automated=False)
    put(world, item, box(world, "by machine"), automated=True)
    found = {one.label: one.automated for one in item.annotations.list()}
    assert found == {"by hand": False, "by machine": True}


@scenario
def annotations_are_uploaded_in_any_form(world: World) -> None:
    import json

    item, dl = world.item(), world.dl
    single = dl.Annotation.new(item=item, annotation_definition=box(world, "single"))
    single.upload()
    item.annotations.upload(dl.Annotation.new(annotation_definition=box(world, "entity")))
    item.annotations.upload([dl.Annotation.new(annotation_definition=box(world, "in a list")).to_json()])
    as_json = dl.Annotation.new(item=item, annotation_definition=box(world, "from a file")).to_json()
    path = world.folder / "marks.json"
    path.write_text(json.dumps({"annotations": [as_json]}))
    item.annotations.upload(str(path))
    builder = item.annotations.builder()
    builder.add(annotation_definition=box(world, "by the builder"))
    builder.upload()
    assert labels(item.annotations.list()) == [
        "by the builder",
        "entity",
        "from a file",
        "in a list",
        "single",
    ]


@scenario
def hundreds_of_annotations_are_uploaded_and_listed(world: World) -> None:
    item, dl = world.item(), world.dl
    put(world, item, *(dl.Point(x=number % 60, y=number % 40, label=f"{number}") for number in range(230)))
    found = item.annotations.list()
    assert sorted(int(one.label) for one in found) == list(range(230))
    assert world.dataset.items.get(item_id=item.id).annotations_count == 230


@scenario
def no_annotations_are_nothing_to_upload(world: World) -> None:
    item = world.item()
    assert len(item.annotations.upload([])) == 0
    assert len(item.annotations.list()) == 0


@scenario
def an_item_and_its_dataset_count_annotations(world: World) -> None:
    item = world.item()
    assert (item.annotated, item.annotations_count) == (False, 0)
    put(world, item, box(world), box(world))
    item = world.dataset.items.get(item_id=item.id)
    assert (item.annotated, item.annotations_count) == (True, 2)
    assert world.project.datasets.get(dataset_id=world.dataset.id).annotated == 1


@scenario
def new_segmentations_are_merged_into_those_of_their_object(world: World) -> None:
    import numpy as np

    item, dl = world.item(), world.dl
    masks = [np.zeros((40, 60), dtype=bool) for _ in range(3)]
    for number, mask in enumerate(masks):
        mask[number * 10 : number * 10 + 5] = True
    first = [
        dl.Annotation.new(
            item=item, annotation_definition=dl.Segmentation(geo=mask, label="blob"), object_id=1
        )
        for mask in masks[:2]
    ]
    item.annotations.upload(first, merge=True)
    (merged,) = item.annotations.list()
    assert merged.geo.astype(bool).sum() == 600
    more = dl.Annotation.new(
        item=item, annotation_definition=dl.Segmentation(geo=masks[2], label="blob"), object_id=1
    )
    item.annotations.upload([more], merge=True)
    (again,) = item.annotations.list()
    assert again.id == merged.id
    assert again.geo.astype(bool).sum() == 900


# Where annotations belong


@scenario
def an_annotation_knows_its_item_and_its_dataset(world: World) -> None:
    item = world.item()
    (made,) = put(world, item, box(world))
    for found in (
        item.annotations.get(annotation_id=made.id),
        world.dataset.annotations.get(annotation_id=made.id),
        world.dl.annotations.get(annotation_id=made.id),
    ):
        assert (found.item.id, found.item_id) == (item.id, item.id)
        assert (found.dataset.id, found.dataset_id) == (world.dataset.id, world.dataset.id)


@scenario
def an_annotation_got_through_another_item_keeps_its_own(world: World) -> None:
    one, two = world.item("one.png"), world.item("two.png")
    (made,) = put(world, one, box(world))
    found = two.annotations.get(annotation_id=made.id)
    assert (found.item_id, found.item.id) == (one.id, one.id)


@scenario
def an_annotation_got_through_another_dataset_keeps_its_own(world: World) -> None:
    (made,) = put(world, world.item(), box(world))
    other = world.project.datasets.create(dataset_name="other")
    found = other.annotations.get(annotation_id=made.id)
    assert found.dataset_id == world.dataset.id
    assert found.dataset.id == world.dataset.id


@scenario
def an_annotation_that_is_not_there_is_refused(world: World) -> None:
    item = world.item()
    world.refused(lambda: item.annotations.get(annotation_id=NOBODY), "404")
    world.refused(lambda: item.annotations.get(annotation_id="some_id"), "400")


@scenario
def an_annotation_is_the_same_from_an_upload_a_get_and_a_listing(world: World) -> None:
    item = world.item()
    (made,) = put(world, item, box(world, attributes={"1": "red"}, description="words"))
    told = made.to_json()
    assert item.annotations.get(annotation_id=made.id).to_json() == told
    (listed,) = item.annotations.list()
    assert listed.to_json() == told


# Listing


@scenario
def annotations_are_listed_by_label_and_by_type(world: World) -> None:
    item, dl = world.item(), world.dl
    put(world, item, box(world, "a"), box(world, "b"), dl.Point(x=1, y=1, label="a"))
    assert len(item.annotations.list()) == 3
    assert len(item.annotations.list(filters=of(world, label="a"))) == 2
    assert labels(item.annotations.list(filters=of(world, type="box"))) == ["a", "b"]
    assert len(item.annotations.list(filters=of(world, label="b", type="point"))) == 0


@scenario
def annotations_of_a_dataset_are_listed_across_items(world: World) -> None:
    put(world, world.item("one.png"), box(world, "a"))
    put(world, world.item("two.png"), box(world, "b"))
    pages = world.dataset.annotations.list()
    assert pages.items_count == 2
    assert labels(pages.all()) == ["a", "b"]
    small = world.dataset.annotations.list(page_size=1)
    assert [len(page) for page in small] == [1, 1]


@scenario
def a_filter_of_items_lists_no_annotations(world: World) -> None:
    item = world.item()
    world.refused(lambda: item.annotations.list(filters=world.dl.Filters()), "400")
    world.refused(lambda: item.annotations.delete(filters=world.dl.Filters()), "400")


@scenario
def notes_are_not_listed_unless_they_are_asked_for(world: World) -> None:
    item, dl = world.item(), world.dl
    put(world, item, dl.Note(left=1, top=1, right=2, bottom=2, label="look", messages=["x"]), box(world))
    assert labels(item.annotations.list()) == ["cat"]
    assert labels(item.annotations.list(filters=every(world))) == ["cat", "look"]


@scenario
def a_collection_of_annotations_is_a_sequence(world: World) -> None:
    item = world.item()
    put(world, item, box(world, "a"), box(world, "b"))
    found = item.annotations.list()
    assert len(found) == 2
    assert found[0].label == "a"
    found.print()
    shown = found.to_json()
    assert (shown["_id"], shown["filename"], len(shown["annotations"])) == (item.id, "/image.png", 2)
    again = world.dl.AnnotationCollection.from_json(shown["annotations"], item=item)
    assert labels(again) == ["a", "b"]


# Changing


@scenario
def an_update_of_annotations_without_a_change_sends_nothing(world: World) -> None:
    item, dl = world.item(), world.dl
    put(
        world,
        item,
        box(world, attributes={"1": "red"}),
        dl.Point(x=1, y=2, label="p"),
        dl.Classification(label="c"),
        dl.Polygon(geo=[(1, 1), (5, 1), (5, 5)], label="s", description="words"),
    )
    for found in item.annotations.list():
        assert world.sent_by(found.update) == [], found.type


@scenario
def a_label_and_coordinates_are_changed(world: World) -> None:
    item = world.item()
    (made,) = put(world, item, box(world))
    made.label = "dog"
    made.left, made.bottom = 5, 30
    changed = made.update()
    assert changed.label == "dog"
    found = item.annotations.get(annotation_id=made.id)
    assert (found.label, found.left, found.bottom, found.right) == ("dog", 5, 30, 11)
    assert found.id == made.id


@scenario
def user_metadata_of_an_annotation_is_merged_and_removed(world: World) -> None:
    item = world.item()
    (made,) = put(world, item, box(world), metadata={"user": {"a": 1, "b": 2}})
    made.metadata["user"]["c"] = [3]
    del made.metadata["user"]["a"]
    made.update()
    assert item.annotations.get(annotation_id=made.id).metadata["user"] == {"b": 2, "c": [3]}


@scenario
def system_metadata_of_an_annotation_changes_only_when_that_is_said(world: World) -> None:
    item = world.item()
    (made,) = put(world, item, box(world))
    made.metadata["system"]["mine"] = 1
    made.update()
    assert "mine" not in item.annotations.get(annotation_id=made.id).metadata["system"]
    made = item.annotations.get(annotation_id=made.id)
    made.metadata["system"]["mine"] = 1
    made.update(system_metadata=True)
    assert item.annotations.get(annotation_id=made.id).metadata["system"]["mine"] == 1


@scenario
def an_object_and_a_parent_are_changed(world: World) -> None:
    item = world.item()
    (parent,) = put(world, item, box(world, "parent"))
    (made,) = put(world, item, box(world))
    made.object_id = "5"
    made.parent_id = parent.id
    made.update(system_metadata=True)
    found = item.annotations.get(annotation_id=made.id)
    assert (found.object_id, found.parent_id) == ("5", parent.id)


@scenario
def many_annotations_are_changed_at_once(world: World) -> None:
    item = world.item()
    put(world, item, box(world, "a"), box(world, "b"))
    found = item.annotations.list()
    for one in found:
        one.label = f"new {one.label}"
    found.update()
    assert labels(item.annotations.list()) == ["new a", "new b"]
    rest = item.annotations.list()
    for one in rest:
        one.label = "same"
    item.annotations.update(annotations=list(rest))
    assert labels(item.annotations.list()) == ["same", "same"]


@scenario
def an_annotation_that_was_never_uploaded_cannot_be_updated(world: World) -> None:
    item = world.item()
    fresh = world.dl.Annotation.new(item=item, annotation_definition=box(world))
    assert item.annotations.update(annotations=fresh) == []
    assert len(item.annotations.list()) == 0


@scenario
def a_description_of_an_annotation_is_set_and_removed(world: World) -> None:
    item = world.item()
    (made,) = put(world, item, box(world, description="first"))
    found = item.annotations.get(annotation_id=made.id)
    assert found.description == "first"
    found.description = "second"
    found.update()
    found = item.annotations.get(annotation_id=made.id)
    assert found.description == "second"
    found.description = None
    found.update()
    assert item.annotations.get(annotation_id=made.id).description in (None, "")


@scenario
def a_description_of_a_text_annotation_is_kept(world: World) -> None:
    item = world.text()
    mark = world.dl.Text(text_type="block", start=0, end=4, label="span", description="a word")
    (made,) = put(world, item, mark)
    assert item.annotations.get(annotation_id=made.id).description == "a word"
    made.description = "the first word"
    made.update()
    assert item.annotations.get(annotation_id=made.id).description == "the first word"


@scenario
def the_content_of_an_item_is_described_by_an_annotation(world: World) -> None:
    item = world.text()
    (made,) = put(world, item, world.dl.Description(text="first"))
    assert made.metadata["system"]["system"] is True
    found = item.annotations.get(annotation_id=made.id)
    found.annotation_definition.coordinates = {"text": "second"}
    found.update()
    assert item.annotations.get(annotation_id=made.id).coordinates == {"text": "second"}


# Statuses and notes


@scenario
def a_status_is_given_changed_and_cleared(world: World) -> None:
    item, dl = world.item(), world.dl
    (made,) = put(world, item, box(world))
    assert made.update_status(status=dl.AnnotationStatus.ISSUE).status == "issue"
    item.annotations.update_status(annotation_id=made.id, status=dl.AnnotationStatus.APPROVED)
    assert item.annotations.get(annotation_id=made.id).status == "approved"
    item.annotations.update_status(annotation=made, status=dl.AnnotationStatus.REVIEW)
    assert item.annotations.get(annotation_id=made.id).metadata["system"]["status"] == "review"
    item.annotations.update_status(annotation_id=made.id, status=dl.AnnotationStatus.CLEAR)
    assert item.annotations.get(annotation_id=made.id).status is None


@scenario
def a_note_keeps_its_messages(world: World) -> None:
    item, dl = world.item(), world.dl
    note = dl.Note(left=10, top=10, right=20, bottom=20, label="note")
    note.add_message("first")
    note.add_message("second")
    note.assignee = ALICE
    (made,) = put(world, item, note)
    found = item.annotations.get(annotation_id=made.id)
    assert (found.type, found.status) == ("note", "issue")
    assert [message.body for message in found.messages] == ["first", "second"]
    assert {message.creator for message in found.messages} == {ALICE}
    assert found.coordinates["note"]["assignee"] == ALICE


@scenario
def a_note_takes_further_messages(world: World) -> None:
    item, dl = world.item(), world.dl
    note = dl.Note(left=10, top=10, right=20, bottom=20, label="note", messages=["first"])
    (made,) = put(world, item, note)
    found = item.annotations.get(annotation_id=made.id)
    found.add_message("second")
    found.update()
    again = item.annotations.get(annotation_id=made.id)
    assert [message.body for message in again.messages] == ["first", "second"]
    assert world.sent_by(again.update) == []


# Deleting


@scenario
def an_annotation_is_deleted_in_every_way(world: World) -> None:
    item = world.item()
    put(world, item, *(box(world, name) for name in ("a", "b", "c", "d", "e", "f")))
    found = {one.label: one for one in item.annotations.list()}
    assert found["a"].delete()
    assert item.annotations.delete(annotation=found["b"])
    assert item.annotations.delete(annotation_id=found["c"].id)
    assert item.annotations.delete(annotation_id=[found["d"].id, found["e"].id])
    assert labels(item.annotations.list()) == ["f"]
    world.refused(lambda: item.annotations.get(annotation_id=found["a"].id), "404")


@scenario
def annotations_are_deleted_by_filter(world: World) -> None:
    one, two = world.item("one.png"), world.item("two.png")
    for item in (one, two):
        put(world, item, box(world, "a"), world.dl.Point(x=1, y=1, label="a"), box(world, "b"))
    one.annotations.delete(filters=of(world, label="a", type="box"))
    assert len(one.annotations.list()) == 2
    assert len(two.annotations.list()) == 3
    world.dataset.annotations.delete(filters=of(world, label="a"))
    assert labels(one.annotations.list()) == ["b"]
    assert labels(two.annotations.list()) == ["b"]


@scenario
def all_annotations_of_an_item_are_deleted(world: World) -> None:
    one, two = world.item("one.png"), world.item("two.png")
    for item in (one, two):
        put(world, item, box(world, "a"), box(world, "b"))
    one.annotations.delete(annotation="all")
    assert len(one.annotations.list()) == 0
    assert two.annotations.list().delete() == [True, True]
    assert world.dataset.annotations.list().items_count == 0


@scenario
def deleting_no_annotation_is_refused(world: World) -> None:
    item = world.item()
    put(world, item, box(world))
    world.refused(item.annotations.delete, "400")
    world.refused(lambda: item.annotations.delete(annotation_id=NOBODY), "404")
    world.refused(lambda: item.annotations.delete(annotation=5), "400")
    assert len(item.annotations.list()) == 1


@scenario
def annotations_go_with_their_item(world: World) -> None:
    item = world.item()
    (made,) = put(world, item, box(world))
    item.delete()
    world.refused(lambda: world.dataset.annotations.get(annotation_id=made.id), "404")
    assert world.dataset.annotations.list().items_count == 0
