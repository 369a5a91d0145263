"""What was uploaded anew or moved by a copy is no deletion to the limits; what merely has an old twin is one."""

from __future__ import annotations

import pytest

from localloop.errors import MassDeletionHalt
from localloop_schema.kinds import EntityKind as K
from tests.integration.sync.harness import agree
from tests.integration.sync.test_safety import MANY, many, remove_there  # noqa: F401 - a fixture

GONE = MANY[:30]


def upload(platform, path, data, digest=None):
    """A new item with a content, as another client would upload it."""
    [dataset] = platform.entities[K.DATASET]
    content = {"size": len(data), **({"digest": digest} if digest else {})}
    document = {"type": "file", "filename": path, "content": content}
    item = platform.add(K.ITEM, document, {K.DATASET: dataset}, by="bob@example.test")
    platform.contents[item.id] = data
    return item


def content(platform, path):
    item = platform.at(path)
    return platform.contents[item.id], item.document["content"].get("digest")


def test_items_that_were_uploaded_anew_at_their_paths_are_replaced(many):  # noqa: F811 - the fixture
    """As dtlpy does when it overwrites and keeps no annotations: the item gets a new id."""
    remove_there(many, GONE)
    for path in GONE:
        upload(many.platform, path, b"new " + path.encode())
    assert many.b.sync().deleted_here == {"item": 30, "annotation": 30}
    agree(many.b)


@pytest.mark.parametrize("marked", [True, False], ids=["by digest", "by size and name"])
def test_items_that_were_uploaded_anew_elsewhere_are_moved(many, marked):  # noqa: F811
    held = {path: content(many.platform, path) for path in GONE}
    remove_there(many, GONE)
    for number, path in enumerate(GONE):
        data, digest = held[path]
        target = f"/elsewhere/{number}.txt" if marked else f"/elsewhere{path}"
        upload(many.platform, target, data, digest if marked else None)
    assert many.b.sync().deleted_here == {"item": 30, "annotation": 30}
    agree(many.b)


def test_items_that_went_while_others_came_are_deleted(many):  # noqa: F811
    remove_there(many, GONE)
    for number in range(30):
        upload(many.platform, f"/elsewhere/{number}.txt", b"something else entirely")
    with pytest.raises(MassDeletionHalt) as halt:
        many.b.sync()
    assert halt.value.entities == GONE


def test_a_copy_that_was_known_does_not_excuse_that_the_original_went(many):  # noqa: F811
    held = {path: content(many.platform, path) for path in GONE}
    for path, (data, digest) in held.items():
        upload(many.platform, f"/copy{path}", data, digest)
    many.b.sync()
    remove_there(many, GONE)
    with pytest.raises(MassDeletionHalt) as halt:
        many.b.sync()
    assert halt.value.entities == GONE


def test_one_new_place_excuses_one_that_went(many):  # noqa: F811
    for path in GONE:
        many.a.put(path, b"all the same")
    agree(many.a, many.b)
    _, digest = content(many.platform, GONE[0])
    remove_there(many, GONE)
    for number in range(5):
        upload(many.platform, f"/one/{number}.txt", b"all the same", digest)
    with pytest.raises(MassDeletionHalt) as halt:
        many.b.sync()
    assert len(halt.value.entities) == 25


def test_a_halt_is_the_same_halt_at_the_next_sync(many):  # noqa: F811
    remove_there(many, MANY)
    for path in MANY[:10]:
        upload(many.platform, path, b"new")
    for _ in range(2):
        with pytest.raises(MassDeletionHalt) as halt:
            many.b.sync()
        assert halt.value.entities == MANY[10:]
