"""Names for files that are kept beside another."""

from __future__ import annotations

from collections.abc import Callable
from posixpath import basename, dirname, join


def conflict_name(filename: str, date: str, device: str, taken: Callable[[str], bool]) -> str:
    """A free path beside ``filename``: ``name (conflict DATE DEVICE).ext``.

    Args:
        filename: The path that two files want.
        date: The day, as ``YYYY-MM-DD``.
        device: The machine whose file is renamed; may be empty.
        taken: Whether a path is in use; a number is added until it says no.
    """
    label = " ".join(part for part in ("conflict", date, device.replace("/", "-")) if part)
    return beside(filename, label, taken)


def beside(filename: str, label: str, taken: Callable[[str], bool]) -> str:
    """A free path beside another: ``name (label).ext``.

    Args:
        filename: The path.
        label: What is added to the name, without slashes.
        taken: Whether a path is in use; a number is added until it says no.
    """
    folder, name = dirname(filename), basename(filename)
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    number = 1
    while True:
        suffix = f" ({label})" if number == 1 else f" ({label} {number})"
        candidate = join(folder, f"{stem}{suffix}{dot}{extension}")
        if not taken(candidate):
            return candidate
        number += 1
