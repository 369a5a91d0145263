"""A client that starts work which takes long, and waits for it; called with the gate and a folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import dtlpy as dl

gate, folder = sys.argv[1], Path(sys.argv[2])
dl.add_environment(
    environment=f"{gate}/api/v1", gate_url=gate, url=f"{gate}/", alias="local", verify_ssl=False
)
dl.setenv("local")
assert dl.login_m2m(email="alice@example.test", password="pw")
dataset = dl.projects.create("Slow").datasets.create("D")
dataset.items.upload(str(folder / "test1.jpg"))

seen: dict[str, object] = {}
statuses: list[str] = []
get = dl.repositories.Commands.get


def watched(*arguments, **options):
    command = get(*arguments, **options)
    statuses.append(command.status)
    return command


dl.repositories.Commands.get = watched
copy = dataset.clone(clone_name="copy")
seen["slow"] = [statuses[0], statuses[-1], copy.items.list().items_count]
statuses.clear()
try:
    dataset.clone(clone_name="copy")
except dl.exceptions.FailedDependency as error:
    seen["failed"] = [error.status_code, "already exists" in error.message, statuses[-1]]
sys.stdout.write("SEEN " + json.dumps(seen) + "\n")
