"""dtlpy's own command line: projects, datasets and items."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from typing import Any

from tests.integration.dtlpy.world import World, scenario


def dlp(world: World, *words: str) -> str:
    """What a command prints, run in the scenario's folder; in this process, since a new one takes seconds."""
    from dtlpy.dlp.command_executor import CommandExecutor
    from dtlpy.dlp.parser import get_parser

    parser = get_parser()
    printed = io.StringIO()
    with contextlib.chdir(world.folder), contextlib.redirect_stdout(printed):
        CommandExecutor(dl=world.dl, parser=parser).run(args=parser.parse_args(words))
    return printed.getvalue()


def place(world: World) -> tuple[str, ...]:
    return ("--project-name", world.project.name, "--dataset-name", world.dataset.name)


def paths(world: World) -> list[str]:
    return sorted(item.filename for item in world.dataset.items.list().all())


def annotation(label: str) -> dict[str, Any]:
    corners = [{"x": 1, "y": 2, "z": 0}, {"x": 11, "y": 12, "z": 0}]
    return {"type": "box", "label": label, "coordinates": corners}


@scenario
def a_process_of_its_own_is_logged_in_already(world: World) -> None:
    world.item()
    words = [sys.executable, "-m", "dtlpy.dlp.dlp", "items", "ls", *place(world)]
    done = subprocess.run(
        words, cwd=world.folder, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "image.png" in done.stdout


@scenario
def projects_are_listed_and_made(world: World) -> None:
    assert world.project.name[:10] in dlp(world, "projects", "ls")
    name = f"made {world.project.id}"
    dlp(world, "projects", "create", "--project-name", name)
    assert world.dl.projects.get(project_name=name).name == name


@scenario
def datasets_are_listed_and_made(world: World) -> None:
    dlp(world, "datasets", "create", "--project-name", world.project.name, "--dataset-name", "made")
    assert world.project.datasets.get(dataset_name="made").name == "made"
    assert "made" in dlp(world, "datasets", "ls", "--project-name", world.project.name)


@scenario
def a_checked_out_project_and_dataset_are_the_default(world: World) -> None:
    with contextlib.chdir(world.folder):
        dlp(world, "projects", "checkout", "--project-name", world.project.name)
        world.dataset.checkout()
        try:
            world.item()
            assert "image.png" in dlp(world, "items", "ls")
        finally:
            world.dl.client_api.state_io.put("project", None)
            world.dl.client_api.state_io.put("dataset", None)


@scenario
def items_are_listed_by_page_path_and_type(world: World) -> None:
    world.item("one.png", remote="/a")
    world.text("two.txt")
    every = dlp(world, "items", "ls", *place(world))
    assert "one.png" in every
    assert "two.txt" in every
    assert "two.txt" not in dlp(world, "items", "ls", *place(world), "--remote-path", "/a")
    assert "two.txt" not in dlp(world, "items", "ls", *place(world), "--type", "image*")
    assert "page 0/0" in every


@scenario
def a_folder_is_uploaded(world: World) -> None:
    for name in ("a.txt", "sub/b.png"):
        path = world.folder / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    dlp(world, "items", "upload", *place(world), "--local-path", str(world.folder / "folder"))
    assert paths(world) == ["/folder/a.txt", "/folder/sub/b.png"]
    dlp(
        world,
        *("items", "upload", *place(world), "--local-path", f"{world.folder}/folder"),
        *("--remote-path", "/pictures", "--file-types", ".png,.jpg", "--overwrite"),
    )
    assert paths(world) == ["/folder/a.txt", "/folder/sub/b.png", "/pictures/folder/sub/b.png"]


@scenario
def a_folder_is_uploaded_with_annotations(world: World) -> None:
    folder, marks = world.folder / "folder", world.folder / "marks"
    folder.mkdir()
    marks.mkdir()
    (folder / "a.txt").write_text("a")
    (marks / "a.json").write_text(json.dumps({"annotations": [annotation("cat")]}))
    dlp(
        world,
        *("items", "upload", *place(world), "--local-path", str(folder)),
        *("--local-annotations-path", str(marks), "--overwrite"),
    )
    (item,) = world.dataset.items.list().all()
    assert [one.label for one in item.annotations.list()] == ["cat"]


@scenario
def items_and_annotations_are_downloaded(world: World) -> None:
    for name in ("one.png", "two.png"):
        item = world.item(name)
        item.annotations.upload([annotation("cat")])
    down = world.folder / "down"
    dlp(
        world,
        *("items", "download", *place(world), "--local-path", str(down)),
        *("--annotation-options", "json,mask"),
    )
    found = sorted(path.relative_to(down).as_posix() for path in down.rglob("*") if path.is_file())
    assert found == [
        f"{kind}/{name}"
        for kind, ending in (("items", "png"), ("json", "json"), ("mask", "png"))
        for name in (f"one.{ending}", f"two.{ending}")
    ]


@scenario
def the_version_and_the_environment_are_told(world: World) -> None:
    dlp(world, "version")
    dlp(world, "api", "info")
    assert world.dl.environment() == f"{world.gate}/api/v1"
