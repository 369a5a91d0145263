"""What the people at simulated laptops do, drawn by chance. Each value that is entered is unlike any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from localloop.errors import StoreError
from localloop.store import work
from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.conflicts import Choice, list_conflicts, resolve_conflict
from localloop.store.items import add_item, move_item, put_content, update_item
from localloop.store.labels import upsert_labels
from localloop.store.recipes import ontology_of
from localloop.store.tasks import create_task, update_task
from localloop.store.transaction import Transaction
from localloop.store.undoing import undo_unsent
from localloop.testing.simulation.laptop import Laptop
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.change import put
from localloop_sync.core.leaves import Path
from localloop_sync.core.rules import CONTENT, TASKS

PEOPLE = ("ann@example.test", "bob@example.test")

Row = dict[str, Any]


class Editor:
    """Edits stores.

    Args:
        token: Gives a text that nothing else has.
        marks: Whether the platform keeps digests. Where it does not, other bytes of the same size cannot be told
            (docs/platform/wire.md, 8.4), so that new content has to have another size.
    """

    def __init__(self, token: Callable[[], str], *, marks: bool = True) -> None:
        self._token = token
        self._marks = marks

    def add(self, laptop: Laptop, path: str) -> None:
        """Add a file at a path; one that is there stays.

        Args:
            laptop: Where.
            path: The path.
        """
        content = self._token().encode() * laptop.random.choice([1, 1, 2])
        ref = laptop.store.blobs.add_bytes(content)
        with laptop.store.transaction("add") as tx:
            add_item(tx, laptop.dataset(), path, ref, metadata={"user": {"made": self._token()}})

    def edit(self, laptop: Laptop) -> None:
        """One user action of a kind that chance decides; sometimes of several edits.

        Args:
            laptop: Where.
        """
        random = laptop.random
        items = laptop.store.rows(K.ITEM)
        if not items or random.random() < 0.12:
            self.add(laptop, f"/{random.choice('pqrs')}{random.randrange(4)}.txt")
            return
        blob = laptop.store.blobs.add_bytes(self._content()) if random.random() < 0.15 else None
        with laptop.store.transaction("edit") as tx:
            if blob is not None:
                row = tx.row(K.ITEM, random.choice(items)["id"])
                if row["digest"]:
                    put_content(tx, row, blob)
            for _ in range(random.choice([1, 1, 1, 2, 3])):
                live = tx.rows(K.ITEM)
                if live:
                    self._one(tx, random.choice(live), random)

    def _content(self) -> bytes:
        token = self._token()
        return token.encode() if self._marks else token.ljust(int(token[1:]), ".").encode()

    def _one(self, tx: Transaction, item: Row, random: Random) -> None:
        annotations = tx.rows(K.ANNOTATION)
        match random.randrange(10):
            case 0 | 1 | 2:
                patch = {random.choice("xyz"): self._token(), "deep": {random.choice("uv"): self._token()}}
                update_item(tx, item, {"metadata": {"user": patch}})
            case 3:
                drawn = [{"type": "class", "label": self._token()} for _ in range(random.choice([1, 1, 3]))]
                add_annotations(tx, item, drawn)
            case 4 if annotations:
                update_annotation(tx, random.choice(annotations), {"label": self._token()})
            case 5 if annotations and random.random() < 0.5:
                tx.delete(K.ANNOTATION, random.choice(annotations))
            case 6 if random.random() < 0.4:
                tx.delete(K.ITEM, item)
            case 7:
                path = f"/moved/{random.choice([str(random.randrange(6)), self._token()])}.txt"
                if not tx.rows(K.ITEM, dataset_id=item["dataset_id"], filename=path):
                    move_item(tx, item, path)
            case 8:
                update_item(tx, item, {"description": self._token()})
            case _:
                ontology = ontology_of(tx.connection, tx.row(K.DATASET, item["dataset_id"]))
                upsert_labels(tx, ontology, [{"tag": random.choice("klmn"), "displayLabel": self._token()}])

    def work(self, laptop: Laptop) -> None:
        """One edit of what tasks' items are about.

        Args:
            laptop: Where.
        """
        random = laptop.random
        items, tasks = laptop.store.rows(K.ITEM), laptop.store.rows(K.TASK)
        if not items or not tasks:
            return
        with laptop.store.transaction("work") as tx:
            task = tx.row(K.TASK, random.choice(tasks)["id"])
            row = tx.row(K.ITEM, random.choice(items)["id"])
            query = {"filter": {"id": row["id"]}}
            match random.randrange(9):
                case 0:
                    work.remove_items(tx, task, query)
                case 1:
                    share = [{"assigneeId": random.choice([*PEOPLE, f"{self._token()}@x"]), "load": 100}]
                    work.add_items(tx, task, query, workload=share)
                case 2:
                    assignments = work.assignments_of(tx.connection, task["id"])
                    share = [{"assigneeId": random.choice(PEOPLE), "load": 100}]
                    if assignments:
                        work.redistribute(tx, task, random.choice(assignments), share)
                case 3:
                    work.set_item_status(tx, task, [row], None, operation="delete")
                case 4:
                    update_task(tx, task, {"metadata": {random.choice("xy"): self._token()}})
                case 5 if random.random() < 0.3:
                    dataset = tx.row(K.DATASET, row["dataset_id"])
                    create_task(tx, dataset, self._token(), query, assignee_ids=[random.choice(PEOPLE)])
                case _:
                    work.set_item_status(tx, task, [row], self._token())

    def nudge(self, laptop: Laptop) -> bool:
        """Edit what the platform refused, as somebody would who was told of it.

        Args:
            laptop: Where.

        Returns:
            Whether there was anything to edit.
        """
        rejected = laptop.look("SELECT kind, entity_id, changes FROM operations WHERE state = 'rejected'")
        wanted: dict[tuple[str, str], set[Path]] = {}
        for kind, entity, changes in rejected:
            paths = wanted.setdefault((kind, entity), set())
            paths.update(tuple(change["path"]) for change in json.loads(changes))
        for (kind, entity), paths in wanted.items():
            if laptop.store.get(K(kind), entity) is None:
                continue
            tasks = [path[1] for path in paths if path[0] == TASKS[0]]
            if any(laptop.store.get(K.TASK, one) is None for one in tasks):  # so much for its items
                undo_unsent(laptop.store, K(kind), entity)
                continue
            blob = laptop.store.blobs.add_bytes(self._content()) if CONTENT in paths else None
            with laptop.store.transaction("edit again") as tx:
                if blob is not None:
                    put_content(tx, tx.row(K.ITEM, entity), blob)
                for path in sorted(paths - {CONTENT}):
                    self._again(tx, tx.row(K(kind), entity), K(kind), path)
        return bool(rejected)

    def _again(self, tx: Transaction, row: Row, kind: K, path: Path) -> None:
        if path[0] == TASKS[0]:
            work.remove_items(tx, tx.row(K.TASK, path[1]), {"filter": {"id": row["id"]}})
        elif path == ("filename",):
            move_item(tx, row, f"/moved/{self._token()}.txt")
        else:
            tx.update(kind, row, put(kind, to_document(kind, row), path, self._token()))

    def decide(self, laptop: Laptop, most: int | None = None) -> int:
        """Resolve conflicts, one way or the other.

        Args:
            laptop: Where.
            most: How many at most.

        Returns:
            How many were resolved.
        """
        rows = list_conflicts(laptop.store)[:most]
        for row in rows:
            # Resolving one may have closed another.
            if row["id"] in {one["id"] for one in list_conflicts(laptop.store)}:
                self._decide(laptop, row["id"])
        return len(rows)

    def _decide(self, laptop: Laptop, conflict: str) -> None:
        choices = [Choice.MINE, Choice.THEIRS]
        laptop.random.shuffle(choices)
        for choice in choices:
            try:
                resolve_conflict(laptop.store, conflict, choice)
            except (
                StoreError
            ):  # its content never was on this laptop, or something else is at its path by now
                continue
            return
        self._make_room(laptop)

    def _make_room(self, laptop: Laptop) -> None:
        """Move what may be in the way of a decision; the next round decides."""
        with laptop.store.transaction("make room") as tx:
            for item in tx.rows(K.ITEM):
                if item["filename"].startswith("/moved/"):
                    move_item(tx, item, f"/moved/{self._token()}.txt")
