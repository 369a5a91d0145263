"""Whatever the last action did, undoing it restores the documents, and the platform's after a sync."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localloop.errors import PlatformError
from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.bulk import delete_by_query, update_by_query
from localloop.store.datasets import create_dataset, update_dataset
from localloop.store.items import add_item, find_item, move_item, put_content, update_item
from localloop.store.labels import upsert_labels
from localloop.store.tasks import create_task, delete_task
from localloop.store.undoing import undo
from localloop.store.work import set_item_status
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind as K
from tests.integration.sync.harness import Laptop, Platform, without_digest
from tests.sim.world import VirtualClock

#: The items that the world begins with, and paths that are free.
PATHS = ["/a.txt", "/b.txt", "/c/d.txt"]
FREE = ["/e.txt", "/c/f.txt"]

paths = st.sampled_from(PATHS)
metadata = st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.none()
    | st.integers(0, 2)
    | st.dictionaries(st.sampled_from("pq"), st.integers(0, 1), max_size=2)
    | st.lists(st.integers(0, 1), max_size=2),
    max_size=2,
)
steps = st.one_of(
    st.tuples(st.just("edit"), paths, metadata),
    st.tuples(st.just("describe"), paths, st.sampled_from(["", "one", "two"])),
    st.tuples(st.just("move"), paths, st.sampled_from([*PATHS, *FREE])),
    st.tuples(st.just("put"), paths, st.sampled_from([b"1", b"22"])),
    st.tuples(st.just("add"), st.sampled_from(FREE), metadata),
    st.tuples(st.just("annotate"), paths, st.sampled_from(["cat", "dog"])),
    st.tuples(st.just("relabel"), st.sampled_from(["cat", "dog", "owl"])),
    st.tuples(st.just("delete"), paths),
    st.tuples(st.just("delete annotations")),
    st.tuples(st.just("bulk edit"), metadata),
    st.tuples(st.just("bulk delete")),
    st.tuples(st.just("label"), st.sampled_from(["cat", "dog"]), st.sampled_from(["#000000", "#ffffff"])),
    st.tuples(st.just("rename"), st.sampled_from(["D", "E"])),
    st.tuples(st.just("dataset"), st.sampled_from(["E", "F"])),
    st.tuples(st.just("task"), st.sampled_from(["t", "u"])),
    st.tuples(st.just("status"), paths, st.sampled_from(["completed", "discard"])),
    st.tuples(st.just("drop task")),
    st.tuples(st.just("delete dataset")),
)
#: The last of them is what is undone.
histories = st.lists(st.lists(steps, min_size=1, max_size=3), min_size=1, max_size=3)


class Bench(Laptop):
    """A laptop with three annotated items, one of them in a task."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "bench", Platform(VirtualClock()))
        self.found()
        for path in PATHS:
            self.add(path, path.encode(), x=1)
        self.annotate("/a.txt", "cat", "dog")
        with self.store.transaction("task") as tx:
            create_task(tx, tx.rows(K.DATASET, name="D")[0], "t", {}, assignee_ids=["ann@x"])

    def act(self, batch: list[tuple[Any, ...]]) -> bool:
        """One user action of some steps; whether it did anything."""
        before = len(self.operations())
        try:
            with self.store.transaction("act") as tx:
                for step in batch:
                    self._step(tx, *step)
        except PlatformError:  # refused, so nothing of it happened
            return False
        return len(self.operations()) > before

    def _step(self, tx: Any, what: str, *given: Any) -> None:
        datasets = tx.rows(K.DATASET)
        if not datasets:
            return
        dataset = datasets[0]
        item = find_item(tx.connection, dataset["id"], given[0]) if given and given[0] in PATHS else None
        if item is not None:
            self._to_item(tx, item, what, *given[1:])
        elif what in ("relabel", "delete annotations", "drop task"):
            self._to_what_is_there(tx, what, *given)
        else:
            self._to_dataset(tx, dataset, what, *given)

    def _to_what_is_there(self, tx: Any, what: str, *given: Any) -> None:
        notes, tasks = tx.rows(K.ANNOTATION), tx.rows(K.TASK)
        match what:
            case "relabel" if notes:
                update_annotation(tx, notes[0], {"label": given[0]})
            case "delete annotations":
                for row in notes:
                    tx.delete(K.ANNOTATION, row)
            case "drop task" if tasks:
                delete_task(tx, tasks[0])

    def _to_dataset(self, tx: Any, dataset: Any, what: str, *given: Any) -> None:
        match what:
            case "add":
                blob = self.store.blobs.add_bytes(b"new")
                add_item(tx, dataset, given[0], blob, metadata={"user": given[1]})
            case "bulk edit":
                update_by_query(tx, {}, dataset, {"metadata": {"user": given[0]}}, system=True)
            case "bulk delete":
                delete_by_query(tx, {}, dataset)
            case "label":
                upsert_labels(tx, tx.rows(K.ONTOLOGY)[0], [{"tag": given[0], "color": given[1]}])
            case "rename":
                update_dataset(tx, dataset, {"name": given[0]})
            case "dataset":
                create_dataset(tx, tx.rows(K.PROJECT)[0], given[0], labels=[{"tag": "cat"}])
            case "task" if not tx.rows(
                K.TASK, name=given[0]
            ):  # one beside another comes back under another name
                create_task(tx, dataset, given[0], {}, assignee_ids=["bob@x"])
            case "delete dataset":
                tx.delete(K.DATASET, dataset)

    def _to_item(self, tx: Any, item: Any, what: str, *given: Any) -> None:
        match what:
            case "edit":
                update_item(tx, item, {"metadata": {"user": given[0]}})
            case "describe":
                update_item(tx, item, {"description": given[0]})
            case "move":
                move_item(tx, item, given[0])
            case "put":
                put_content(tx, item, self.store.blobs.add_bytes(given[0]), keep_annotations=False)
            case "annotate":
                add_annotations(tx, item, [{"type": "class", "label": given[0]}])
            case "delete":
                tx.delete(K.ITEM, item)
            case "status" if tx.rows(K.TASK):
                set_item_status(tx, tx.rows(K.TASK)[0], [item], given[0])

    def documents(self) -> dict[tuple[K, str], Any]:
        return {(kind, row["id"]): to_document(kind, row) for kind in K for row in self.store.rows(kind)}

    def there(self) -> Any:
        """What the platform has, without ids: those of what came back are new."""
        told = [
            (kind.value, json.dumps(without_ids(without_digest(one.document)), sort_keys=True))
            for kind in (K.DATASET, K.ITEM, K.ANNOTATION, K.TASK, K.ASSIGNMENT, K.ONTOLOGY)
            for one in self.platform.entities[kind].values()
        ]
        return sorted(told)


def without_ids(document: Any) -> Any:
    tasks = sorted(str(sorted(one.get("status", ""))) for one in (document.get("tasks") or {}).values())
    left = {key: value for key, value in document.items() if key not in ("tasks", "recipes")}
    return {**left, "tasks": tasks}


SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(history=histories)
def test_undoing_the_last_action_restores_everything_here(history):
    restores(history, synced=False)


@settings(max_examples=6, deadline=None, suppress_health_check=SLOW)
@given(history=histories)
def test_undoing_what_was_sent_restores_everything_here_and_there(history):
    restores(history, synced=True)


def restores(history, *, synced):
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        try:
            if synced:
                bench.sync()
            for batch in history[:-1]:
                bench.act(batch)
            if synced:
                bench.sync(limits=None)
            here, there = bench.documents(), bench.there()
            if not bench.act(history[-1]):
                return
            after = bench.documents()
            if synced:
                bench.sync(limits=None)
                after = bench.documents()
            undo(bench.store)
            bench.sound()
            assert bench.documents() == here
            if synced:
                bench.sync(limits=None)
                assert bench.documents() == here
                assert bench.there() == there
                assert bench.unsent() == []
            undo(bench.store)  # an undo is undone
            bench.sound()
            assert bench.documents() == after
        finally:
            bench.store.close()
