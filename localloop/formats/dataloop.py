"""The platform's own export: ``items/<path>.jpg`` beside ``json/<path>.json``, one JSON object an item.

The object holds ``filename``, ``annotations`` as on the wire and ``itemMetadata`` (or ``metadata``).
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from localloop.errors import BadRequest, NotFound
from localloop.formats.importing import checked
from localloop.formats.samples import Described, Sample

FOLDER: Final = "items"
DESCRIPTIONS: Final = "json"


class DataloopWriter:
    """Writes a file an item, named as the item with ``.json`` behind, as newer exports of the platform have it.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / DESCRIPTIONS
        self._folder.mkdir()

    def place(self, sample: Sample) -> str:
        """Where the file of a sample goes."""
        return f"{FOLDER}{sample.path}"

    def add(self, sample: Sample) -> int:
        """Write one item; returns how many annotations of it were written."""
        told = {
            "filename": sample.path,
            "mimetype": sample.mimetype,
            "annotations": sample.annotations,
            "metadata": sample.metadata,
            **({"description": sample.description} if sample.description else {}),
        }
        target = self._folder / f"{sample.path[1:]}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        return len(sample.annotations)

    def close(self) -> None:
        """Nothing is open."""

    def abandon(self) -> None:
        """Nothing is open."""


def read(folder: Path, failures: list[tuple[str, str]]) -> Iterator[Described]:
    """The files of an export; descriptions without a file are failures. Memory is one directory's.

    Args:
        folder: It has ``items/`` in it, and ``json/`` beside.
        failures: Gets what cannot be imported, and why.

    Raises:
        NotFound: The folder has no ``items/``.
    """
    items, descriptions = folder / FOLDER, folder / DESCRIPTIONS
    if not items.is_dir():
        raise NotFound("404", f"{folder} is no export: it has no folder named {FOLDER}.")
    for place in sorted(_directories(items, descriptions)):
        there, described = _names(items / place), _names(descriptions / place)
        used: set[str] = set()
        for name in sorted(there):
            # Newer exports keep the extension of the file in the name of its description.
            known = next(
                (one for one in (f"{name}.json", f"{Path(name).stem}.json") if one in described), None
            )
            if known is not None:
                used.add(known)
            file = items / place / name
            source = descriptions / place / known if known else None
            yield Described(file, file.relative_to(items).as_posix(), partial(_told, file, source))
        left = [name for name in sorted(described - used) if name.endswith(".json")]
        failures.extend(
            (str(Path(DESCRIPTIONS, place, name)), f"There is no file for it in {FOLDER}.") for name in left
        )


def _directories(*roots: Path) -> set[Path]:
    return {Path(found).relative_to(root) for root in roots for found, _, _ in os.walk(root)}


def _names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if one.is_file()} if folder.is_dir() else set()


def _told(file: Path, source: Path | None) -> dict[str, Any]:
    """What the export says of a file; nothing for a file that is not described.

    Raises:
        BadRequest: The description cannot be understood.
    """
    if source is None:
        return {}
    try:
        found = json.loads(source.read_bytes())
    except (ValueError, OSError) as error:
        raise BadRequest("400", f"Its description cannot be read: {error}.") from None
    found = checked(found)
    told = {key: value for key, value in found.items() if key != "filename"}
    told["metadata"] = found.get("itemMetadata", found.get("metadata"))
    # The path that an item had, where its description is of this very file; else that of the file.
    named = found.get("filename")
    if isinstance(named, str) and _plain(named.rpartition("/")[2]) == _plain(file.name):
        told["filename"] = named
    return told


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name)
