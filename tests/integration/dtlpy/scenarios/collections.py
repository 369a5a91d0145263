"""Collections of items: making, renaming, filling, cloning, removing."""

from __future__ import annotations

from tests.integration.dtlpy.world import World, scenario


@scenario
def collections_are_made_renamed_and_removed(world: World) -> None:
    collections = world.dataset.collections
    assert (collections.create(name="Keep").key, collections.create(name="Later").name) == ("c0", "Later")
    collections.update(collection_name="Later", new_name="Soon")
    assert collections.list_all_collections() == [
        {"key": "c0", "name": "Keep"},
        {"key": "c1", "name": "Soon"},
    ]
    assert collections.delete(collection_name="Keep")
    assert [one["name"] for one in collections.list_all_collections()] == ["Soon"]
    world.refused(lambda: collections.delete(collection_name="Keep"))


@scenario
def items_are_put_into_collections_and_taken_out(world: World) -> None:
    one, two = world.item("one.png"), world.item("two.png")
    assert one.list_collections() == []
    world.dataset.collections.create(name="Keep")
    assert one.assign_collection(collections=["Keep"])
    found = world.dataset.items.get(item_id=one.id)
    assert [collection["name"] for collection in found.list_collections()] == ["Keep"]
    assert world.dataset.collections.list_unassigned_items() == [two.id]
    copy = world.dataset.collections.clone(collection_name="Keep")
    inside = world.dl.Filters(field=f"metadata.system.collections.{copy.key}", values=True)
    assert [item.id for item in world.dataset.items.list(filters=inside).all()] == [one.id]
    assert found.unassign_collection(collections=["Keep", copy.name])
    assert world.dataset.items.get(item_id=one.id).list_collections() == []
