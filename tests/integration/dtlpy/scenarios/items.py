"""Items: uploading, getting, changing, moving, cloning, deleting."""

from __future__ import annotations

from tests.integration.dtlpy.world import World, scenario


@scenario
def an_uploaded_image_is_found_by_its_id_and_by_its_path(world: World) -> None:
    item = world.item()
    assert world.dataset.items.get(item_id=item.id).filename == "/image.png"
    assert world.dataset.items.get(filepath="/image.png").id == item.id
