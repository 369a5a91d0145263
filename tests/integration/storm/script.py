"""A user's script, which edits a store through the SDK; a process of its own, and each step may be its last.

Steps look first whether they are done already, as somebody would who runs a script again after the machine went down.
After each one a line says what became of it, and a line is written only when its edit is committed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import localloop as dl


def perform(store: Path, steps: Sequence[dict[str, Any]]) -> None:
    """Do the steps in order.

    Args:
        store: The store's directory.
        steps: Each has ``do`` (the name of a function below), its number ``id``, and that function's arguments.
    """
    dl.use(store)
    for step in steps:
        done = _STEPS[step["do"]](**{name: value for name, value in step.items() if name not in {"do", "id"}})
        os.write(1, f"{json.dumps({'id': step['id'], 'done': done})}\n".encode())


def _item(dataset: list[str], paths: list[str]) -> Any:
    """The item, under whichever of its names it is known here; None when it is not."""
    try:
        here = dl.projects.get(project_name=dataset[0]).datasets.get(dataset_name=dataset[1])
    except dl.exceptions.NotFound:
        return None
    for path in reversed(paths):
        try:
            return here.items.get(filepath=path)
        except dl.exceptions.NotFound:
            continue
    return None


def _note(dataset: list[str], paths: list[str], key: str, value: Any) -> bool:
    item = _item(dataset, paths)
    if item is None:
        return False
    item.metadata.setdefault("user", {})[key] = value
    item.update()
    return True


def _annotate(dataset: list[str], paths: list[str], labels: list[str]) -> bool:
    item = _item(dataset, paths)
    if item is None:
        return False
    there = {one.label for one in item.annotations.list()}
    missing = [label for label in labels if label not in there]
    builder = item.annotations.builder()
    for label in missing:
        builder.add(annotation_definition=dl.Point(x=3, y=4, label=label))
    if missing:
        item.annotations.upload(builder)
    return True


def _replace(dataset: list[str], paths: list[str], file: str) -> bool:
    if _item(dataset, paths) is None:
        return False
    here = dl.projects.get(project_name=dataset[0]).datasets.get(dataset_name=dataset[1])
    folder, _, name = paths[-1].rpartition("/")
    here.items.upload(local_path=file, remote_path=folder or "/", remote_name=name, overwrite=True)
    return True


def _label(dataset: list[str], tag: str) -> bool:
    try:
        here = dl.projects.get(project_name=dataset[0]).datasets.get(dataset_name=dataset[1])
    except dl.exceptions.NotFound:
        return False
    here.add_label(label_name=tag)
    return True


_STEPS = {"note": _note, "annotate": _annotate, "replace": _replace, "label": _label}

if __name__ == "__main__":
    perform(Path(os.environ["LOCALLOOP_STORE"]), json.loads(sys.argv[1]))
