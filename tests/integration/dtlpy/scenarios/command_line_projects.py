"""The command line of dtlpy, for projects and datasets."""

from __future__ import annotations

import subprocess
import sys
import uuid
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO

from tests.integration.dtlpy.world import World, scenario


def dlp(world: World, *words: str) -> str:
    """What a command prints; it runs in this process."""
    parser = import_module("dtlpy.dlp.parser").get_parser()
    executor = import_module("dtlpy.dlp.command_executor").CommandExecutor(dl=world.dl, parser=parser)
    printed = StringIO()
    with redirect_stdout(printed):
        executor.run(args=parser.parse_args([*words]))
    return printed.getvalue()


def fresh(word: str) -> str:
    """A name that no other scenario uses."""
    return f"{word}-{uuid.uuid4().hex[:8]}"


@scenario
def a_project_is_made_listed_and_checked_out_on_the_command_line(world: World) -> None:
    name = fresh("project")
    assert name in dlp(world, "projects", "create", "-p", name)
    assert world.dl.projects.get().name == name
    assert name in dlp(world, "projects", "ls")
    world.project.checkout()
    dlp(world, "projects", "checkout", "-p", name)
    assert world.dl.projects.get().name == name
    world.dl.client_api.state_io.reset()


@scenario
def a_dataset_is_made_listed_and_checked_out_on_the_command_line(world: World) -> None:
    project, name, other = world.project, fresh("dataset"), fresh("other")
    assert name in dlp(world, "datasets", "create", "-p", project.name, "-d", name)
    assert name in dlp(world, "datasets", "ls", "-p", project.name)
    project.checkout()
    dlp(world, "datasets", "create", "-d", other, "-c")
    assert world.dl.datasets.get().name == other
    listed = dlp(world, "datasets", "ls")
    assert name in listed
    assert other in listed
    if world.old:  # the newer command does not look at the project that is checked out
        dlp(world, "datasets", "checkout", "-d", name)
        assert world.dl.datasets.get().name == name
    world.dl.client_api.state_io.reset()


@scenario
def the_command_line_is_logged_in_as_its_caller_is(world: World) -> None:
    known = world.project.name
    script = "import sys; from dtlpy.dlp.dlp import main; sys.argv[0] = 'dlp'; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "projects", "ls"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert known in done.stdout
