"""Two laptops, one hub, and a link that comes and goes; at the end everything is compared.

Ends with exit code 1 when anything disagrees. ``DEMO_IMAGES=/a/folder`` uses one's own images.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import localloop as dl
from demo.laptop import PASSWORD, Laptop
from demo.pictures import gather
from localloop.store import Store
from localloop.testing.agreement import broken_content, differences, picture
from localloop.testing.hub import Hub
from localloop_schema.kinds import EntityKind

ANN, BOB = "ann@example.com", "bob@example.com"


def main() -> int:
    """Tell the story; 0 when everything agrees at its end."""
    folder = Path(mkdtemp(prefix="localloop-demo-"))
    own = os.environ.get("DEMO_IMAGES")
    hub = Hub(folder / "hub", {ANN: PASSWORD, BOB: PASSWORD})
    hub.start()
    gate = hub.gate
    hub.stop()
    try:
        return tell(folder, hub, gate, gather(Path(own).expanduser() if own else None, folder / "photos"))
    finally:
        hub.stop()
        dl.use(None)
        if os.environ.get("DEMO_KEEP"):
            print(f"Everything is kept in {folder}.")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def tell(folder: Path, hub: Hub, gate: str, photos: list[Path]) -> int:
    """The chapters, in order."""
    started = time.monotonic()
    ann, bob = Laptop("ann", folder / "laptop-ann"), Laptop("bob", folder / "laptop-bob")
    offline_work(ann, photos, folder)
    first_sync(ann, hub, gate)
    second_laptop(bob, gate)
    both_edit(ann, bob, hub, f"/{photos[0].relative_to(folder).as_posix()}")
    meet_again(ann, bob, hub)
    return verify(ann, bob, hub, f"/{photos[0].relative_to(folder).as_posix()}", started)


def chapter(title: str) -> None:
    """Begin a chapter."""
    print(f"\n── {title} ".ljust(80, "─"), flush=True)


def say(text: str) -> None:
    """One sentence of the story."""
    print(f"  {text}", flush=True)


def offline_work(ann: Laptop, photos: list[Path], folder: Path) -> None:
    """A whole day's work without a connection."""
    chapter("1. On the train: no connection, and none needed")
    size = sum(path.stat().st_size for path in photos) / 1e6
    say(f"The hub is switched off. Ann has {len(photos)} images ({size:.1f} MB) and a new store.")
    ann.run("init", "--device", "laptop-ann")
    ann.run("add", str(folder / "photos"), "--to", "Field trip/Finds", "--create")
    say("She annotates in Python, with the calls that she knows from dtlpy:")
    dl.use(ann.store)
    project = dl.projects.get(project_name="Field trip")
    project.add_member(email=BOB, role=dl.MemberRole.Developer)
    dataset = project.datasets.get(dataset_name="Finds")
    dataset.add_labels(label_list=["Subject", "Background"])
    boxes = 0
    for number, item in enumerate(dataset.items.list().all()):
        builder = item.annotations.builder()
        builder.add(annotation_definition=dl.Classification(label="Subject" if number % 2 else "Background"))
        builder.add(
            annotation_definition=dl.Box(left=10, top=10, right=60 + number, bottom=80, label="Subject")
        )
        item.annotations.upload(builder)
        boxes += 2
    say("    project.add_member(email='bob@example.com', ...)")
    say(f"    builder.add(dl.Classification(...)), builder.add(dl.Box(...))    → {boxes} annotations")
    subjects = dl.Filters()
    subjects.add_join(field="type", values="class")
    subjects.add_join(field="label", values="Subject")
    changed = dataset.items.list(filters=subjects).items_count
    dataset.items.update(filters=subjects, update_values={"reviewed": False, "camera": "left"})
    say(f"    dataset.items.update(filters=..., update_values=...)             → {changed} items at once")
    ann.run("status")


def first_sync(ann: Laptop, hub: Hub, gate: str) -> None:
    """Everything goes to the hub."""
    chapter("2. Back in the office: the hub is up")
    hub.start()
    ann.run("login", "--gate", gate, "--email", ANN)
    ann.run("sync")
    say("A second sync finds nothing to do:")
    ann.run("sync")


def second_laptop(bob: Laptop, gate: str) -> None:
    """Bob mirrors the dataset, with its files."""
    chapter("3. A second laptop")
    bob.run("login", "--gate", gate, "--email", BOB)
    bob.run("clone", "Field trip/Finds", ".", "--gate", gate, "--email", BOB, "--content")
    bob.run("ls", "Field trip/Finds", "--limit", "5")


def both_edit(ann: Laptop, bob: Laptop, hub: Hub, path: str) -> None:
    """The same item is edited on both laptops, without a connection."""
    chapter("4. Both edit the same item, and nobody is connected")
    hub.stop()
    for laptop, field, value, note in (
        (ann, "weather", "rain", "blurred"),
        (bob, "place", "quay 7", "sharp"),
    ):
        item = same_item(laptop, path)
        item.metadata["user"] = {**item.metadata.get("user", {}), field: value, "note": note}
        item.update()
        say(f"{laptop.name} sets {field} = {value!r} and note = {note!r} on {item.filename}")
    item = same_item(bob, path)
    builder = item.annotations.builder()
    builder.add(annotation_definition=dl.Point(x=5, y=5, label="Subject"))
    item.annotations.upload(builder)
    say(f"bob adds a point to {item.filename}")
    say("A sync without a connection says so, and loses nothing:")
    bob.run("sync", expect=5)


def same_item(laptop: Laptop, path: str) -> dl.Item:
    """An item as a laptop has it."""
    dl.use(laptop.store)
    dataset = dl.projects.get(project_name="Field trip").datasets.get(dataset_name="Finds")
    return dataset.items.get(filepath=path)


def meet_again(ann: Laptop, bob: Laptop, hub: Hub) -> None:
    """Different fields merge; the same field is a conflict that somebody decides."""
    chapter("5. The hub is up again: merge what can be merged, ask about the rest")
    hub.start()
    ann.run("sync")
    say("Bob's sync merges the different fields, and keeps the one that both changed for him to decide:")
    bob.run("sync", expect=4)
    bob.run("conflicts")
    found = json.loads(bob.run("conflicts", "--json"))
    [conflict] = found["conflicts"]
    bob.run("conflicts", "show", conflict["id"])
    bob.run("resolve", conflict["id"], "--value-json", '"sharp at the left, blurred at the right"')
    bob.run("sync")
    ann.run("sync")


def verify(ann: Laptop, bob: Laptop, hub: Hub, path: str, started: float) -> int:
    """Compare the laptops and the hub, entity by entity and byte by byte."""
    chapter("6. Is it all there, and is it all the same?")
    there = picture(hub.store, hub=True)
    trouble = [f"hub: the content of {path} is not whole" for path in broken_content(hub.store)]
    for laptop in (ann, bob):
        with Store.open(laptop.store) as store:
            lines = differences(picture(store), there)
            broken = broken_content(store)
            items = len(store.rows(EntityKind.ITEM))
        trouble += [f"{laptop.name}: {line}" for line in lines]
        trouble += [f"{laptop.name}: the content of {path} is not whole" for path in broken]
        say(f"{laptop.name}: {len(there)} entities compared with the hub's, {items} files hashed again")
    for kind in (EntityKind.ITEM, EntityKind.ANNOTATION):
        say(f"hub: {sum(one is kind for one, _ in there)} {kind.value}s")
    user = next(document for document in there.values() if document.get("filename") == path)
    say(f"the item that both edited: {json.dumps(user['metadata']['user'], sort_keys=True)}")
    for line in trouble:
        print(f"  DISAGREES  {line}")
    seconds = time.monotonic() - started
    if trouble:
        print(f"\nThe laptops and the hub do NOT agree: {len(trouble)} differences.")
        return 1
    print(f"\nLaptop A, laptop B and the hub agree on every entity and every byte. ({seconds:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
