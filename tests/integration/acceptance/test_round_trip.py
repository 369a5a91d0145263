"""A real dataset goes in, through the hub, to a second laptop, and is the same; then both edit it at random.

``LOCALLOOP_TEST_EXPORT=/folder`` runs this on an export of one's own.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from localloop.store import Store
from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.conflicts import list_conflicts
from localloop.store.fsck import Level, check
from localloop.store.items import add_item, move_item, put_content, update_item
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K
from localloop_schema.tables import Conflict, Operation, Tombstone
from tests.integration.acceptance.export import export, read
from tests.integration.acceptance.team import EMAIL, PASSWORD, Laptop, disagreements, holdings

EDITS = 50


def edit(store: Store, random: Random, token: str) -> str:  # noqa: PLR0911 - one kind of edit each
    """One edit of a kind that chance decides; returns what was done."""
    items = sorted(store.rows(K.ITEM, type="file"), key=lambda row: row["filename"])
    if random.random() < 0.7:  # people look at the same few, or nothing would ever collide
        items = items[:6]
    chosen = {item["id"] for item in items}
    annotations = [row for row in store.rows(K.ANNOTATION) if row["item_id"] in chosen]
    with store.transaction("edit") as tx:
        item = tx.row(K.ITEM, random.choice(items)["id"])
        one = tx.row(K.ANNOTATION, random.choice(annotations)["id"]) if annotations else {}
        dice = random.random()
        if dice < 0.35 or not annotations:
            update_item(tx, item, {"metadata": {"user": {random.choice("abc"): token}}})
            return "metadata"
        if dice < 0.55:
            update_annotation(tx, one, {"label": token})
            return "label"
        if dice < 0.70:
            add_annotations(tx, item, [{"type": "class", "label": token}])
            return "annotate"
        if dice < 0.78:
            tx.delete(K.ANNOTATION, one)
            return "delete annotation"
        if dice < 0.84:
            move_item(tx, item, f"/moved/{token}.jpg")
            return "move"
        if dice < 0.90:
            ref = store.blobs.add_bytes(token.encode() * random.randrange(1, 4))
            put_content(tx, item, ref, keep_annotations=True)
            return "content"
        if dice < 0.96:
            dataset = tx.row(K.DATASET, item["dataset_id"])
            add_item(tx, dataset, f"/new/{random.randrange(8)}.txt", store.blobs.add_bytes(token.encode()))
            return "add"
        tx.delete(K.ITEM, item)
        return "delete item"


def texts(value: object) -> set[str]:
    if isinstance(value, dict):
        return {one for key, inner in value.items() for one in ({key} | texts(inner))}
    if isinstance(value, list):
        return {one for inner in value for one in texts(inner)}
    return {value} if isinstance(value, str) else set()


def accounted(stores: list[Store]) -> tuple[set[str], set[str]]:
    """Every value that was entered, and every value that can still be found or was seen before it went."""
    entered: set[str] = set()
    found: set[str] = set()
    for store in stores:
        for kind in (K.ITEM, K.ANNOTATION):
            for row in store.rows(kind):
                found |= texts({key: row.get(key) for key in ("metadata", "label", "filename", "digest")})
        with store.reading() as connection:
            for row in connection.execute(select(Operation)).mappings():
                for change in row["changes"]:
                    entered |= texts(change.get("new"))
                    found |= texts(change.get("old"))
            for row in connection.execute(select(Conflict)).mappings():
                found |= texts(row["values"])
            for row in connection.execute(select(Tombstone)).mappings():
                found |= texts(row["document"])
    return entered, found


def settle(laptops: list[Laptop], random: Random) -> int:
    """Sync all, deciding conflicts as they come, until nothing moves; returns how many conflicts there were."""
    decided = 0
    for _ in range(10):
        quiet = True
        for laptop in laptops:
            report = laptop.run("sync", expect=(0, 4, 7))
            while "error" in report:  # what it halts at is agreed to, list by list
                report = laptop.run("sync", "--allow-deletions", expect=(0, 4, 7))
            quiet = quiet and report["quiet"]
            with Store.open(laptop.path) as store:
                conflicts = list_conflicts(store)
            for row in conflicts:
                laptop.run("resolve", row["id"], random.choice(["--mine", "--theirs"]))
                decided += 1
                quiet = False
        if quiet:
            return decided
    raise AssertionError("the laptops do not come to rest")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1])
def test_a_dataset_survives_the_trip_and_random_edits_on_both_sides(
    tmp_path: Path, seed: int, record_property
):
    source = export(tmp_path / "export")
    expected = read(source)
    with running_hub(tmp_path / "hub", users={EMAIL: PASSWORD}) as hub:
        ann, bob = Laptop(tmp_path / "ann", hub), Laptop(tmp_path / "bob", hub)
        ann.run("init")
        ann.run("import", str(source), "--to", "Fruit/Basket", "--create")
        ann.login()
        ann.run("sync")
        bob.login()
        bob.run("clone", "Fruit/Basket", ".", "--content", "--gate", hub.gate, "--email", EMAIL)
        with Store.open(ann.path) as a, Store.open(bob.path) as b:
            assert holdings(a) == holdings(b) == holdings(hub.store) == expected
        assert disagreements([ann, bob], hub) == []

        random = Random(seed)
        kinds: dict[str, int] = {}
        for number in range(EDITS):
            for laptop in (ann, bob):
                with Store.open(laptop.path) as store:
                    done = edit(store, random, f"tok-{laptop.folder.name}-{number}")
                kinds[done] = kinds.get(done, 0) + 1
        decided = settle([ann, bob], random)
        ann.run(
            "get", "Fruit/Basket", "--out", "out"
        )  # what came from the other laptop is remote-only so far
        assert disagreements([ann, bob], hub) == []
        with Store.open(ann.path) as a, Store.open(bob.path) as b:
            for store in (a, b):
                assert [one for one in check(store) if one.level is not Level.INFO] == []
            entered, found = accounted([a, b])
        lost = {one for one in entered if one.startswith("tok-")} - found
        assert lost == set()
        print(f"{len(expected)} items, edits {kinds}, {decided} conflicts decided, none lost")  # noqa: T201 - figures, shown by `pytest -s`
