"""Laptops that work with ``localloop`` as a program, around a hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from localloop.store import Store
from localloop.testing.agreement import broken_content, differences, picture
from localloop.testing.hub import Hub
from localloop_schema.kinds import EntityKind as K
from tests.integration.acceptance.export import facts

PASSWORD = "pw"
EMAIL = "ann@example.test"


class Laptop:
    """A working directory with a store and a log-in of its own."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        self.folder = folder
        self.hub = hub
        folder.mkdir(parents=True)
        self.environment = {
            **os.environ,
            "LOCALLOOP_CONFIG": str(folder / "config"),
            "LOCALLOOP_NO_KEYRING": "1",
            "LOCALLOOP_PASSWORD": PASSWORD,
            "LOCALLOOP_STORE": str(folder / ".localloop"),
        }

    @property
    def path(self) -> Path:
        return self.folder / ".localloop"

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "localloop", *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, expect: tuple[int, ...] = (0,)) -> dict:
        process = self.start(*words, "--json")
        out, err = process.communicate(timeout=300)
        assert process.returncode in expect, (words, process.returncode, out, err)
        return json.loads(out)

    def login(self) -> None:
        self.run("login", "--gate", self.hub.gate, "--email", EMAIL)


def disagreements(laptops: list[Laptop], hub: Hub) -> list[str]:
    """Where laptops and hub differ, in any entity or byte."""
    there = picture(hub.store, hub=True)
    found = [f"hub: {path}" for path in broken_content(hub.store)]
    for laptop in laptops:
        with Store.open(laptop.path) as store:
            found += [f"{laptop.folder.name}: {line}" for line in differences(picture(store), there)]
            found += [f"{laptop.folder.name}: content of {path}" for path in broken_content(store)]
    return found


def holdings(store: Store) -> dict[str, tuple[bytes, list[tuple[str, str, str, str]]]]:
    """What a store holds, in the form of :func:`tests.integration.acceptance.export.read`."""
    by_item: dict[str, list] = {}
    for row in store.rows(K.ANNOTATION):
        by_item.setdefault(row["item_id"], []).append(facts(row))
    found = {}
    for row in store.rows(K.ITEM):
        assert row["filename"] not in found, f"{row['filename']} is there twice"
        path = store.blobs.path(row["digest"])
        assert path is not None, row["filename"]
        found[row["filename"]] = (path.read_bytes(), sorted(by_item.get(row["id"], [])))
    return found
