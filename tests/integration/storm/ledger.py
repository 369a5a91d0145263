"""What people entered, so that it can be looked for in the end: everything, once, on both sides."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from localloop.store import Store
from localloop_schema.kinds import EntityKind as K
from tests.integration.storm.processes import SCRIPT

PROJECT = "Storm"
SIZES = (0, 1, 300, 5_000, 60_000, 60_000, 400_000, 1_500_000)


@dataclass
class Thing:
    """An item as its makers mean it to be.

    Attributes:
        owner: Who made it, and alone moves, replaces and deletes it; two for what both made.
        fate: ``kept``, ``replaced`` (its owner alone edits it) or ``doomed`` (the same).
        dataset: Its dataset's name.
        paths: Where it was and, last, is.
    """

    owner: str
    fate: str
    dataset: str
    paths: list[str]
    data: bytes
    user: dict[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    gone: bool = False

    def said(self) -> tuple[str, int, dict[str, Any], list[str]]:
        """What must be found of it."""
        return sha256(self.data).hexdigest(), len(self.data), self.user, sorted(self.labels)


@dataclass
class Edit:
    """A command to be run, until it ended well.

    Attributes:
        words: The command line; see :mod:`tests.integration.storm.processes`.
        made: The items that are there then.
        moved: Which item is moved, and where to.
        removed: Which one is deleted.
        twin: Whether the other has put, or will put, the same file in the same place.
        steps: For the editing script: what each step means for the ledger.
    """

    words: list[str]
    made: list[Thing] = field(default_factory=list)
    moved: tuple[Thing, str] | None = None
    removed: Thing | None = None
    twin: bool = False
    steps: dict[int, Any] = field(default_factory=dict)


class Ledger:
    """Thinks up edits, and keeps what they amount to.

    The edits of two laptops never contradict each other, so there is exactly one right end.

    Args:
        folder: For the files that are added.
        random: Chance.
    """

    def __init__(self, folder: Path, random: Random) -> None:
        self.things: list[Thing] = []
        self.tags: set[str] = set()
        self.sent: Counter[str] = Counter()
        self._folder = folder
        self._random = random
        self._number = 0
        self._twins: dict[str, list[Thing]] = {"a": [], "b": []}

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _data(self) -> bytes:
        return self._random.randbytes(self._random.choice(SIZES))

    def add(self, who: str, number: int) -> Edit:
        """A folder of new files, by ``localloop add``."""
        batch = self._next()
        dataset = "Shared" if self._random.random() < 0.7 else f"Of {who}"
        folder = self._folder / f"{who}{batch}"
        folder.mkdir(parents=True)
        made = []
        for _ in range(number):
            fate = self._random.choice(["kept", "kept", "kept", "replaced", "doomed"])
            path = f"/{folder.name}/{fate} {self._next()}.bin"
            made.append(Thing(who, fate, dataset, [path], self._data()))
        for one in made:
            (self._folder / one.paths[0][1:]).write_bytes(one.data)
        words = ["add", str(folder), "--to", f"{PROJECT}/{dataset}", "--create"]
        return Edit(words, made=made)

    def twin(self, who: str) -> Edit:
        """A file that the other puts, or has put, in the same place with the same bytes: one item in the end."""
        other = "b" if who == "a" else "a"
        thing = self._twins[who].pop() if self._twins[who] else None
        made = []
        if thing is None:
            thing = Thing("both", "kept", "Shared", [f"/twins/{self._next()}.bin"], self._data())
            self._twins[other].append(thing)
            made = [thing]
        folder = self._folder / f"{who}{self._next()}" / "twins"
        folder.mkdir(parents=True)
        (folder / Path(thing.paths[0]).name).write_bytes(thing.data)
        return Edit(["add", str(folder), "--to", f"{PROJECT}/Shared", "--create"], made=made, twin=True)

    def move(self, who: str) -> Edit | None:
        """Another name for an item, by ``localloop mv``."""
        thing = self._pick(who, own=True)
        if thing is None:
            return None
        target = f"/moved {self._random.randrange(3)}/{self._next()}.bin"
        place = f"{PROJECT}/{thing.dataset}"
        return Edit(["mv", place + thing.paths[-1], place + target], moved=(thing, target))

    def remove(self, who: str) -> Edit | None:
        """Delete an item, by ``localloop rm``."""
        thing = self._pick(who, own=True, fate="doomed")
        if thing is None:
            return None
        return Edit(["rm", f"{PROJECT}/{thing.dataset}{thing.paths[-1]}", "--yes"], removed=thing)

    def script(self, who: str, number: int) -> Edit:
        """Some steps of a script."""
        steps, meaning = [], {}
        for _ in range(number):
            do = self._random.choice(["note", "note", "annotate", "annotate", "replace", "label"])
            thing = self._pick(who, own=do == "replace", fate="replaced" if do == "replace" else "kept")
            if thing is None:
                continue
            step: dict[str, Any] = {"do": do, "id": self._next(), "dataset": [PROJECT, thing.dataset]}
            value = f"{who}{step['id']}"
            if do == "label":
                step |= {"tag": f"tag {value}"}
            else:
                step |= {"paths": thing.paths}
            if do == "note":
                step |= {"key": value, "value": {"at": step["id"], "text": "ü" * 9}}
            elif do == "annotate":
                step |= {"labels": [f"{value}.{part}" for part in range(self._random.randrange(1, 6))]}
            elif do == "replace":
                path = self._folder / f"{value}.bin"
                # Of a size of its own: a plain hub tells no digest, so equal sizes look unchanged there.
                path.write_bytes(self._random.randbytes(self._random.choice(SIZES[2:]) + step["id"]))
                step |= {"file": str(path)}
            steps.append(step)
            meaning[step["id"]] = (thing, step)
        return Edit([SCRIPT, json.dumps(steps)], steps=meaning)

    def _pick(self, who: str, *, own: bool, fate: str | None = None) -> Thing | None:
        fitting = [
            one
            for one in self.things
            if not one.gone and (fate is None or one.fate == fate) and (who == one.owner or not own)
        ]
        return self._random.choice(fitting) if fitting else None

    def done(self, who: str, edit: Edit, steps: set[int]) -> None:
        """An edit ended well.

        Args:
            who: Whose it is.
            edit: The edit.
            steps: Which steps of a script were done; the rest had nothing to work on.
        """
        self.things.extend(edit.made)
        for one in edit.made:
            self.sent[who] += len(one.data)
        if edit.moved:
            edit.moved[0].paths.append(edit.moved[1])
        if edit.removed:
            edit.removed.gone = True
        for number in sorted(steps & edit.steps.keys()):  # in the order in which they were done
            thing, step = edit.steps[number]
            if step["do"] == "note":
                thing.user[step["key"]] = step["value"]
            elif step["do"] == "annotate":
                thing.labels.extend(step["labels"])
            elif step["do"] == "label":
                self.tags.add(step["tag"])
            else:
                thing.data = Path(step["file"]).read_bytes()
                self.sent[who] += len(thing.data)

    def missing(self, store: Store) -> list[str]:
        """What of all that is not in a store, or is there although it was deleted, or twice."""
        names = {row["id"]: row["name"] for row in store.rows(K.DATASET)}
        labels: dict[str, list[str]] = {}
        for row in store.rows(K.ANNOTATION):
            labels.setdefault(row["item_id"], []).append(row["label"])
        found: dict[tuple[str, str], Any] = {}
        problems = []
        for row in store.rows(K.ITEM, type="file"):
            place = (names[row["dataset_id"]], row["filename"])
            if place in found:
                problems.append(f"{place} is there twice")
            blob = store.blobs.path(row["digest"]) if row["digest"] else None
            data = b"" if blob is None else blob.read_bytes()
            here = Thing(
                "", "", place[0], [place[1]], data, row["metadata"].get("user", {}), labels.get(row["id"], [])
            )
            found[place] = here.said()
        expected = {(one.dataset, one.paths[-1]): one.said() for one in self.things if not one.gone}
        problems += [f"{place} is missing" for place in expected.keys() - found.keys()]
        problems += [f"{place} is there, and nobody made it" for place in found.keys() - expected.keys()]
        problems += [
            f"{place}: {expected[place]} was entered, and {found[place]} is there"
            for place in expected.keys() & found.keys()
            if expected[place] != found[place]
        ]
        tags = {tag for row in store.rows(K.ONTOLOGY) for tag in row["labels"]}
        problems += [f"the label {tag!r} is missing" for tag in self.tags - tags]
        return problems
