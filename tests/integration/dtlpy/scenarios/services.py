"""Commands, and what this program does not serve: it is refused at once, with a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.integration.dtlpy.world import World, scenario

#: Well below what dtlpy waits before it gives up on an answer that it tries again (docs/platform/wire.md, 1.6).
SOON = 10


def _at_once(world: World, work: Callable[[], Any]) -> None:
    began = time.monotonic()
    message = world.refused(work)
    assert message
    assert time.monotonic() - began < SOON, "dtlpy tried again and again"


@scenario
def what_is_not_served_is_refused_at_once(world: World) -> None:
    project = world.project
    for name in (
        "services",
        "packages",
        "models",
        "pipelines",
        "triggers",
        "bots",
        "dpks",
        "apps",
        "drivers",
    ):
        repository = getattr(project, name)
        _at_once(world, lambda one=repository: one.list())


@scenario
def services_that_are_not_served_are_not_found_by_name(world: World) -> None:
    project = world.project
    _at_once(world, lambda: project.services.get(service_name="s"))
    _at_once(world, lambda: project.packages.get(package_name="p"))
    _at_once(world, lambda: project.models.get(model_name="m"))
    _at_once(world, lambda: project.pipelines.get(pipeline_name="p"))
    _at_once(world, lambda: project.drivers.get(driver_name="d"))


@scenario
def organizations_and_vectors_are_refused_at_once(world: World) -> None:
    _at_once(world, world.dl.organizations.list)
    _at_once(world, world.project.feature_sets.list)


@scenario
def a_command_that_is_not_there_is_not_found(world: World) -> None:
    commands = world.dl.repositories.Commands(client_api=world.dl.client_api)
    world.refused(lambda: commands.get(command_id="0" * 24), "404")
    world.refused(lambda: commands.get(command_id="some_id"), "404", "400")


@scenario
def a_path_that_is_not_there_says_so(world: World) -> None:
    success, response = world.dl.client_api.gen_request("get", "/no/such/path", log_error=False)
    assert not success
    assert response.status_code == 404
    assert response.json() == {"status": 404, "message": "GET /api/v1/no/such/path is not served here."}


@scenario
def a_clone_of_a_dataset_is_a_command_that_is_waited_for(world: World) -> None:
    world.labels("cat")
    item = world.item()
    builder = item.annotations.builder()
    builder.add(world.dl.Classification(label="cat"))
    item.annotations.upload(builder)
    world.text()
    filters = world.dl.Filters(field="filename", values="*.png")
    clone = world.dataset.clone(clone_name="copy", filters=filters)
    assert (clone.name, clone.project.id) == ("copy", world.project.id)
    (copied,) = clone.items.list().all()
    assert copied.filename == "/image.png"
    assert [one.label for one in copied.annotations.list()] == ["cat"]
    assert clone.get_recipe_ids() == world.dataset.get_recipe_ids()


@scenario
def a_clone_needs_a_name(world: World) -> None:
    world.refused(world.dataset.clone, "400")
