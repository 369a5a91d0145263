"""What has to hold in a simulated world: during its run, and when all is quiet."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from localloop.store.fsck import Level, check
from localloop.testing.simulation.broken import BrokenError, require
from localloop.testing.simulation.laptop import Laptop
from localloop.testing.simulation.weather import WRITES
from localloop.testing.world import MemoryWorld
from localloop_schema.documents import Document, to_document
from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.change import diff
from localloop_sync.core.references import translate

#: What is mirrored whole. (Members, recipes and projects have values that only the platform gives.)
SYNCED = (K.DATASET, K.ONTOLOGY, K.ITEM, K.ANNOTATION, K.TASK, K.ASSIGNMENT)

#: The requests of a sync in which nothing changed, on a platform without a feed: who is logged in; the project,
#: its members and datasets; of one dataset its ontologies, recipes, tasks and assignments; and of its items and of its
#: annotations what is newer, and how many there are, now and up to where the last change was.
IDLE_REQUESTS = 14


def sound(laptop: Laptop) -> None:
    """The store keeps its invariants: the log folds to what separates base and mirror, content is here or there.

    Raises:
        BrokenError: It does not.
    """
    findings = [one for one in check(laptop.store) if one.level is not Level.INFO]
    require(not findings, f"{laptop.name}: {findings}")


def no_twins(platform: MemoryWorld) -> None:
    """No path, no annotation, no task of a name of its own, and nobody's share in a task is on the platform twice.

    Raises:
        BrokenError: One is.
    """
    there = platform.entities
    keys: dict[str, list[Any]] = {
        "path": [one.document["filename"] for one in there[K.ITEM].values()],
        # Of an item that two stores make anew, each its own content, both copies have the annotation.
        "annotation": [
            (one.parents[K.ITEM], one.document["metadata"]["system"]["clientId"])
            for one in there[K.ANNOTATION].values()
        ],
        "task": [one.document["name"] for one in there[K.TASK].values()],
        "assignment": [
            (one.parents[K.TASK], one.document["annotator"]) for one in there[K.ASSIGNMENT].values()
        ],
        "dataset": [one.document["name"] for one in there[K.DATASET].values()],
        "project": [one.document["name"] for one in there[K.PROJECT].values()],
    }
    for what, names in keys.items():
        twins = [name for name, number in Counter(names).items() if number > 1]
        require(not twins, f"the platform has twice the {what} {twins}")


def no_surprise(laptop: Laptop, platform: MemoryWorld) -> None:
    """Nothing was deleted here that is on the platform still, and nothing there that nobody here deleted.

    Raises:
        BrokenError: Something was.
    """
    buried = laptop.look("SELECT kind, remote_id FROM tombstones WHERE origin = 'platform'")
    alive = [(kind, remote) for kind, remote in buried if remote in platform.entities[K(kind)]]
    require(not alive, f"{laptop.name}: deleted here although the platform has it: {alive}")
    deleted = {entity for _, entity, verb, _ in laptop.user_operations() if verb == "delete"}
    deleted |= _below(laptop, deleted)
    wanted = {remote for local in deleted for remote in laptop.known_as.get(local, ())}
    # What was made here, and deleted before the reply came, never had its platform id in the store.
    made = [
        change
        for entity, changes in laptop.look("SELECT entity_id, changes FROM operations WHERE verb = 'create'")
        if entity in deleted
        for change in json.loads(changes)
    ]
    births = deleted | {change["new"] for change in made if change["path"] == ["metadata", "user", "made"]}
    wanted |= {remote for remote, sent in laptop.remote.made.items() if births.intersection(_births(sent))}
    # A task has nothing but its name to be told by, and others may have the same.
    names = {change["new"] for change in made if change["path"] == ["name"]}
    known = {remote for remotes in laptop.known_as.values() for remote in remotes}
    wanted |= {
        remote
        for remote, sent in laptop.remote.made.items()
        if remote not in known and sent.get("name") in names
    }
    unwanted = [remote for remote in laptop.remote.deleted if remote not in wanted]
    require(not unwanted, f"{laptop.name}: deleted on the platform although nobody asked for it: {unwanted}")


def _below(laptop: Laptop, deleted: set[str]) -> set[str]:
    """Annotations that go with items which somebody deleted, also such as came to be there only later."""
    there = laptop.look("SELECT id, item_id FROM annotations")
    gone = [
        (entity, json.loads(parents).get(K.ITEM.value))
        for entity, parents in laptop.look(
            "SELECT entity_id, parents FROM tombstones WHERE kind = 'annotation'"
        )
    ]
    return {entity for entity, item in (*there, *gone) if item in deleted}


def _births(sent: Document) -> Iterator[Any]:
    """What tells which entity a document was sent for: an annotation's key, and the value an item was made with."""
    metadata = sent.get("metadata") or {}
    yield (metadata.get("system") or {}).get("clientId")
    yield (metadata.get("user") or {}).get("made")


def compare(laptop: Laptop, platform: MemoryWorld) -> None:
    """The mirror equals the base and the platform, entity by entity and byte by byte.

    Raises:
        BrokenError: It does not.
    """
    waiting = laptop.look(
        "SELECT kind, entity_id, state FROM operations WHERE state NOT IN ('acknowledged', 'superseded')"
    )
    require(not waiting, f"{laptop.name}: operations are left: {waiting}")
    rows = {kind: laptop.store.rows(kind) for kind in K}
    maps = {kind: {row["id"]: row["remote_id"] or row["id"] for row in rows[kind]} for kind in K}
    bases = {
        entity: (remote, json.loads(document))
        for entity, remote, document in laptop.look(
            "SELECT entity_id, remote_id, document FROM base_snapshots"
        )
    }
    for kind in SYNCED:
        here = {row["remote_id"] or row["id"]: row for row in rows[kind]}
        there = platform.entities[kind]
        require(here.keys() == there.keys(), f"{laptop.name}: {kind}s differ: {here.keys() ^ there.keys()}")
        for remote_id, row in here.items():
            mirror = to_document(kind, row)
            known, base = bases[row["id"]]
            require(known == remote_id, f"{laptop.name}: the base of {kind} {row['id']} is of another")
            apart = diff(kind, base, mirror)
            require(not apart, f"{laptop.name}: base and mirror of {kind} {row['id']} differ: {apart}")
            document, remote = translate(kind, mirror, maps), dict(there[remote_id].document)
            if kind is K.ITEM:
                _same_bytes(laptop, remote_id, document.pop("content"), remote.pop("content"), platform)
            apart = diff(kind, document, remote)
            require(not apart, f"{laptop.name}: {kind} {remote_id} differs from the platform's: {apart}")


def _same_bytes(laptop: Laptop, item: str, mine: Any, theirs: Any, platform: MemoryWorld) -> None:
    require(mine["size"] == theirs["size"], f"{laptop.name}: item {item} has another size on the platform")
    path = laptop.store.blobs.path(mine["digest"])
    if path is None:
        raise BrokenError(f"{laptop.name}: the content of item {item} is not here")
    require(path.read_bytes() == platform.contents[item], f"{laptop.name}: the bytes of item {item} differ")


def settled(laptop: Laptop) -> tuple[Any, ...]:
    """What a sync in which nothing changes must leave as it is."""
    return tuple(
        tuple(laptop.look(query))
        for query in (
            "SELECT count(*), max(seq) FROM operations",
            "SELECT state, count(*) FROM operations GROUP BY state ORDER BY state",
            "SELECT id, state FROM conflicts ORDER BY id",
            "SELECT kind, entity_id FROM tombstones ORDER BY kind, entity_id",
            "SELECT kind, entity_id, remote_id, document, remote_updated_at FROM base_snapshots ORDER BY 1, 2",
            "SELECT id, remote_id, updated_at, metadata FROM items ORDER BY id",
            "SELECT id, remote_id, updated_at, label FROM annotations ORDER BY id",
            "SELECT digest FROM blobs ORDER BY digest",
            "SELECT dataset_id, resource, phase FROM checkpoints ORDER BY 1, 2",
        )
    )


def converged(laptop: Laptop) -> None:
    """A sync that changed nothing cost no more than it has to, however much there is.

    Raises:
        BrokenError: It cost more.
    """
    asked = laptop.remote.asked
    swept = "present" in asked or {"feed", "page"} <= set(asked)  # once in fifty pulls nothing is trusted
    require(
        swept or len(asked) <= IDLE_REQUESTS,
        f"{laptop.name}: a sync in which nothing changed asked for {asked}",
    )
    writes = WRITES.intersection(asked)
    require(not writes, f"{laptop.name}: a sync in which nothing changed sent {sorted(writes)}")
