"""Three versions of a value beside one another, or one below the other, with what differs marked word by word."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import Enum
from itertools import pairwise
from typing import Any, Final
from unicodedata import combining, east_asian_width

from localloop.cli.human import printable

#: From how many columns on the versions are shown side by side.
WIDE: Final = 100

#: How many equal lines are shown around one that differs.
CONTEXT: Final = 3

#: How many rows are shown at most; and how many characters of a stretch that is alike, or of one that is not.
ROWS, ALIKE, CHANGED = 200, 240, 2000

#: Up to how many pairs of words (or lines) a comparison looks for the best one; larger ones differ as a whole.
_PAIRS = 4_000_000

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_GUTTER = " | "


class Mark(Enum):
    """How a piece of a version stands to the base."""

    SAME = ""
    GONE = "31"  # the colours are those of a terminal: red and green
    NEW = "32"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text and how it stands to the base."""

    text: str
    mark: Mark = Mark.SAME


Line = tuple[Piece, ...]


@dataclass(slots=True)
class Version:
    """A version laid along the lines of the base.

    Attributes:
        at: For each line of the base, what stands for it here.
        before: For each line of the base, and for its end, lines that only this version has before it.
    """

    at: list[Line] = field(default_factory=list)
    before: list[list[Line]] = field(default_factory=list)


def lines_of(value: Any) -> list[str]:
    """A JSON value as lines of text. Text of several lines is shown as it is, everything else as JSON."""
    if isinstance(value, str) and "\n" in value:
        return value.splitlines()
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).split("\n")


def compared(base: Sequence[str], lines: Sequence[str]) -> Version:
    """A version's lines, marked where they differ from the base's.

    Args:
        base: The base's lines.
        lines: The version's.
    """
    found = Version(before=[[] for _ in range(len(base) + 1)])
    for tag, start, end, first, last in _opcodes(base, lines):
        if tag == "equal":
            found.at += [(Piece(text),) for text in base[start:end]]
            continue
        paired = min(end - start, last - first)
        found.at += [_words(base[start + n], lines[first + n]) for n in range(paired)]
        found.at += [(Piece(text, Mark.GONE),) for text in base[start + paired : end]]
        found.before[end] += [(Piece(text, Mark.NEW),) for text in lines[first + paired : last]]
    return found


def _opcodes(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """What turns one sequence into another; what both begin and end with is never looked at twice."""
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    tail = next((n for n in range(shorter - head) if old[-1 - n] != new[-1 - n]), shorter - head)
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    found: list[tuple[str, int, int, int, int]] = [("equal", 0, head, 0, head)] if head else []
    if len(middle[0]) * len(middle[1]) > _PAIRS:
        found.append(("replace", head, len(old) - tail, head, len(new) - tail))
    else:
        matcher = SequenceMatcher(None, *middle, autojunk=False)
        found += [
            (tag, start + head, end + head, first + head, last + head)
            for tag, start, end, first, last in matcher.get_opcodes()
        ]
    if tail:
        found.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return found


def _words(old: str, new: str) -> Line:
    before, after = _WORD.findall(old), _WORD.findall(new)
    pieces: list[Piece] = []
    for tag, start, end, first, last in _opcodes(before, after):
        if tag == "equal":
            pieces.append(Piece("".join(before[start:end])))
            continue
        if end > start:
            pieces.append(Piece("".join(before[start:end]), Mark.GONE))
        if last > first:
            pieces.append(Piece("".join(after[first:last]), Mark.NEW))
    return tuple(pieces)


@dataclass(frozen=True, slots=True)
class Column:
    """One version as it is shown: its title, and its value's lines, or what is said in the place of a value."""

    title: str
    lines: Sequence[str] = ()
    instead: str = ""


def shown(base: Column, *others: Column, width: int | None, colour: bool) -> list[str]:
    """Versions as lines for a person.

    Args:
        base: What the others are compared with.
        others: The others.
        width: How wide the terminal is; None when it is none.
        colour: Whether what differs is coloured; else it is marked as ``[-old-]`` and ``{+new+}``.
    """
    versions = [
        Version([(Piece(text),) for text in base.lines], [[] for _ in range(len(base.lines) + 1)]),
        *(compared(base.lines, one.lines) if not one.instead else Version() for one in others),
    ]
    columns = [base, *others]
    if width is None or width < WIDE:
        return _stacked(columns, versions, colour=colour)
    return _beside(columns, versions, (width - len(_GUTTER) * (len(columns) - 1)) // len(columns), colour)


def _stacked(columns: Sequence[Column], versions: Sequence[Version], *, colour: bool) -> list[str]:
    found: list[str] = []
    touched = {
        number
        for version in versions
        for number, before in enumerate(version.before)
        if before or any(map(_differs, version.at[number : number + 1]))
    }
    for column, version in zip(columns, versions, strict=True):
        found.append(f"{column.title}:")
        rows = [[line] for line in _whole(version)]
        differs = touched if version is versions[0] else {n for n, row in enumerate(rows) if _differs(*row)}
        body = [(Piece(column.instead),)] if column.instead else [row[0] for row in _folded(rows, differs)]
        found += ["  " + "".join(_coloured(run) for run in _runs(line, colour)) for line in body]
    return found


def _differs(*lines: Line) -> bool:
    return any(piece.mark is not Mark.SAME for line in lines for piece in line)


def _whole(version: Version) -> list[Line]:
    """A version's lines from top to bottom."""
    found: list[Line] = []
    for number, before in enumerate(version.before):
        found += before
        found += version.at[number : number + 1]
    return found


def _beside(columns: Sequence[Column], versions: Sequence[Version], width: int, colour: bool) -> list[str]:
    rows: list[list[Line]] = []
    for number in range(len(versions[0].before)):
        own = [version.before[number] if version.before else [] for version in versions]
        rows += [[one[n] if n < len(one) else () for one in own] for n in range(max(map(len, own)))]
        if number < len(versions[0].at):
            rows.append([version.at[number] if version.at else () for version in versions])
    told: list[list[Line]] = [[(Piece(one.instead),) if one.instead else () for one in columns]]
    differs = {number for number, row in enumerate(rows) if _differs(*row)}
    body = [*(told if any(one.instead for one in columns) else []), *_folded(rows, differs)]
    found = [_GUTTER.join(column.title.ljust(width) for column in columns).rstrip()]
    found.append(_GUTTER.replace(" ", "-").replace("|", "+").join("-" * width for _ in columns))
    for row in body:
        cells = [_wrapped(_runs(line, colour), width) for line in row]
        for number in range(max(map(len, cells))):
            parts = [cell[number] if number < len(cell) else [] for cell in cells]
            texts = ["".join(_coloured(run) for run in part) for part in parts]
            gaps = [" " * (width - sum(_cells(text) for text, _ in part)) for part in parts]
            found.append(_GUTTER.join(map("".join, zip(texts, gaps, strict=True))).rstrip())
    return found


def _folded(rows: Sequence[list[Line]], differs: set[int]) -> list[list[Line]]:
    """The rows near those that differ; how many are left out is said in their place."""
    near = sorted({m for n in differs for m in range(max(0, n - CONTEXT), min(len(rows), n + CONTEXT + 1))})
    if not differs or len(rows) <= 2 * CONTEXT + 1:
        near = list(range(len(rows)))
    # A line that is alone between two that are shown takes no more room than to say so.
    seen = set(near)
    near = sorted({*seen, *(number for number in range(len(rows)) if _alone(number, seen, len(rows)))})
    found: list[list[Line]] = []
    for before, here in pairwise([-1, *near[:ROWS]]):
        if here - before > 1:
            found.append([(Piece(f"… {here - before - 1} lines alike"),) for _ in rows[0]])
        found.append([tuple(_shortened(piece) for piece in line) for line in rows[here]])
    left = len(rows) - 1 - near[:ROWS][-1] if near else 0
    if left:
        what = "lines alike" if len(near) <= ROWS else "more lines: --json shows all of it"
        found.append([(Piece(f"… {left} {what}"),) for _ in rows[0]])
    return found


def _alone(number: int, near: set[int], rows: int) -> bool:
    """Whether both neighbours of a row are shown, or are the end."""
    return all(n in near or not 0 <= n < rows for n in (number - 1, number + 1))


def _shortened(piece: Piece) -> Piece:
    most = ALIKE if piece.mark is Mark.SAME else CHANGED
    if len(piece.text) <= most:
        return piece
    half = most // 2
    left = len(piece.text) - 2 * half
    return Piece(f"{piece.text[:half]} … {left} more characters … {piece.text[-half:]}", piece.mark)


Run = tuple[str, str]


def _runs(line: Line, colour: bool) -> list[Run]:
    """A line as texts with the codes of their colours."""
    found: list[Run] = []
    for piece in line:
        text = printable(piece.text)
        if colour or piece.mark is Mark.SAME:
            found.append((text, piece.mark.value))
        else:
            found.append((f"[-{text}-]" if piece.mark is Mark.GONE else f"{{+{text}+}}", ""))
    return found


def _coloured(run: Run) -> str:
    text, code = run
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def _wrapped(runs: Sequence[Run], width: int) -> list[list[Run]]:
    """The runs in lines of at most ``width`` cells."""
    lines: list[list[Run]] = [[]]
    used = 0
    for text, code in runs:
        begun = 0
        for number, character in enumerate(text):
            if used + _cells(character) > width:
                lines[-1].append((text[begun:number], code))
                lines.append([])
                begun, used = number, 0
            used += _cells(character)
        lines[-1].append((text[begun:], code))
    return lines


def _cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)
