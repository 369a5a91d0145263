"""Rows to documents and back, by example."""

from __future__ import annotations

from localloop_schema.documents import derived_system, to_columns, to_document
from localloop_schema.kinds import EntityKind

#: An item as the platform exports it after it has looked at the picture.
METADATA = {
    "system": {
        "originalname": "lemon_7.jpg",
        "size": 20_480,
        "encoding": "7bit",
        "mimetype": "image/jpeg",
        "annotationStatus": [],
        "refs": [],
        "isBinary": True,
        "executionLogs": {
            "image-preprocess": {
                "default_module": {
                    "on_create": {"65f0c0ffee0000000000000b": {"progress": 100, "status": "success"}}
                }
            }
        },
        "channels": 3,
        "exif": {},
        "height": 480,
        "thumbnailAnnotationsId": "65f0c0ffee0000000000000c",
        "thumbnailId": "65f0c0ffee0000000000000d",
        "width": 640,
    }
}

ROW = {
    "type": "file",
    "filename": "/train/lemon_7.jpg",
    "description": None,
    "digest": "ab" * 32,
    "size": 20_480,
    "metadata": METADATA,
}


def test_a_freshly_preprocessed_item_has_nothing_a_person_edited_in_its_metadata() -> None:
    assert to_document(EntityKind.ITEM, ROW) == {
        "type": "file",
        "filename": "/train/lemon_7.jpg",
        "content": {"size": 20_480, "digest": "ab" * 32},
        "metadata": {},
    }
    assert derived_system(EntityKind.ITEM, METADATA) == METADATA["system"]


def test_what_a_person_adds_to_system_metadata_is_part_of_the_document() -> None:
    metadata = {
        "system": {**METADATA["system"], "tags": {"train": True}, "collections": {"c0": True}},
        "user": {"farm": "north", "rows": [3, None]},
    }

    document = to_document(EntityKind.ITEM, {**ROW, "metadata": metadata})

    assert document["metadata"] == {
        "system": {"tags": {"train": True}, "collections": {"c0": True}},
        "user": {"farm": "north", "rows": [3, None]},
    }


def test_the_derived_part_survives_the_way_through_a_document() -> None:
    document = to_document(EntityKind.ITEM, ROW)

    columns = to_columns(EntityKind.ITEM, document, derived_system(EntityKind.ITEM, METADATA))

    assert columns["metadata"] == METADATA


def test_a_path_is_split_into_directory_and_name() -> None:
    for filename, directory, name in [
        ("/a.jpg", "/", "a.jpg"),
        ("/train/a.jpg", "/train", "a.jpg"),
        ("/train/deep/a.b.jpg", "/train/deep", "a.b.jpg"),
    ]:
        columns = to_columns(EntityKind.ITEM, {"filename": filename}, {})
        assert (columns["dir"], columns["name"]) == (directory, name)


def test_a_directory_has_no_content() -> None:
    assert "content" not in to_document(EntityKind.ITEM, {"type": "dir", "filename": "/train"})


def test_a_file_known_only_by_size_has_content_without_a_digest() -> None:
    assert to_document(EntityKind.ITEM, {**ROW, "digest": None})["content"] == {"size": 20_480}


def test_the_empty_value_of_a_column_is_never_shared_between_rows() -> None:
    first = to_columns(EntityKind.ONTOLOGY, {}, {})
    first["labels"]["lemon"] = {"color": "#ffff00"}

    assert to_columns(EntityKind.ONTOLOGY, {}, {})["labels"] == {}


def test_a_null_in_coordinates_is_a_value() -> None:
    coordinates = {"box": [{"x": 1, "y": 2}], "note": {"messages": [{"id": None, "body": "why?"}]}}
    row = {"type": "note", "label": "lemon", "coordinates": coordinates, "attributes": [], "source": "sdk"}

    assert to_document(EntityKind.ANNOTATION, row)["coordinates"] == coordinates
