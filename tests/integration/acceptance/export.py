"""An export in the platform's own layout: somebody's real one, or a small one that is made up."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random


def export(folder: Path, items: int = 40) -> Path:
    """The folder named by ``LOCALLOOP_TEST_EXPORT``, or a made-up export below ``folder``."""
    named = os.environ.get("LOCALLOOP_TEST_EXPORT")
    if named:
        return Path(named)
    random = Random(7)
    for number in range(items):
        path = Path("train" if number % 4 else "validation") / f"früchte {number}.jpg"
        image = folder / "items" / path
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(random.randbytes(random.choice([0, 1, 900, 30_000])))
        record = {
            "_id": f"{number:024x}",
            "filename": f"/{path.as_posix()}",
            "annotations": [_box(number, part, random) for part in range(random.randrange(5))],
            "itemMetadata": {
                "system": {"originalname": path.name, "mimetype": "image/jpeg", "refs": [], "width": 16},
                "user": {"shelf": random.randrange(9), "note": "ä"},
            },
        }
        target = folder / "json" / path.with_suffix(".json")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(record), encoding="utf-8")
    return folder


def _box(number: int, part: int, random: Random) -> dict[str, object]:
    return {
        "id": f"{number:012x}{part:012x}",
        "type": "box",
        "label": random.choice(["apple", "banana", "orange"]),
        "attributes": [],
        "metadata": {
            "system": {"automated": True},
            "user": {"sure": random.random(), "model": {"name": "m", "id": None}},
        },
        "coordinates": [
            {"x": random.random() * 100, "y": random.random() * 100, "z": 0},
            {"x": random.random() * 100, "y": random.random() * 100, "z": 0},
        ],
    }


def read(folder: Path) -> dict[str, tuple[bytes, list[tuple[str, str, str, str]]]]:
    """By path: the bytes of each file, and its annotations as (type, label, coordinates, user metadata)."""
    found = {}
    for image in sorted((folder / "items").rglob("*")):
        if image.is_dir():
            continue
        path = image.relative_to(folder / "items")
        record = json.loads((folder / "json" / path.with_suffix(".json")).read_text(encoding="utf-8"))
        found[record["filename"]] = (image.read_bytes(), sorted(map(facts, record["annotations"])))
    return found


def facts(annotation: dict) -> tuple[str, str, str, str]:
    """What must survive: type, label, exact coordinates, user metadata."""
    user = (annotation.get("metadata") or {}).get("user") or {}
    return (
        annotation["type"],
        annotation["label"],
        json.dumps(annotation.get("coordinates"), sort_keys=True),
        json.dumps(user, sort_keys=True),
    )
