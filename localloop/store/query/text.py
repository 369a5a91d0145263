"""Queries as people type them: ``label:Ear type:point metadata.user.site=north created>2026-01-01``.

They become the same queries that :mod:`localloop.store.query` reads as JSON; docs/concepts/queries.md has the grammar.
Nothing here reads anything: what time it is comes in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from localloop.errors import BadRequest

Json = dict[str, Any]

#: What a word means that is not a field's own name. Those of annotations look at an item's annotations.
ITEM_FIELDS: Final = {
    "path": "filename",
    "name": "name",
    "dir": "dir",
    "created": "createdAt",
    "updated": "updatedAt",
    "creator": "creator",
    "size": "metadata.system.size",
    "width": "metadata.system.width",
    "height": "metadata.system.height",
    "mimetype": "metadata.system.mimetype",
    "status": "metadata.system.annotationStatus",
    "annotations": "annotationsCount",
    "annotated": "annotated",
    "hidden": "hidden",
    "kind": "type",
    "description": "description",
    "id": "id",
}
ANNOTATION_FIELDS: Final = {"label": "label", "type": "type", "annotator": "creator"}

_TIMES: Final = frozenset({"createdAt", "updatedAt"})
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}
_SIZES: Final = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?B)", re.IGNORECASE)
_AGO: Final = re.compile(r"(\d+)([hdw])")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<open>\()|(?P<close>\))|(?P<not>-(?=[^\s\d])|not\b(?=\s|\(|$))|(?P<or>or\b(?=\s|\(|$))|(?P<and>and\b(?=\s|\(|$))
        |(?P<word>(?:"(?:[^"\\]|\\.)*"|[^\s()"])+)
    )""",
    re.VERBOSE,
)
_CONDITION: Final = re.compile(r"([A-Za-z_][\w.-]*)(!=|<=|>=|=|:|<|>)(.*)", re.DOTALL)
_PART: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,"]+)|(,)')

_OPERATORS: Final = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_OPPOSITE: Final = {"$lt": "$gte", "$lte": "$gt", "$gt": "$lte", "$gte": "$lt"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A condition, and whether it is about an item's annotations."""

    clause: Json
    drawn: bool


def bytes_of(text: str) -> int | None:
    """A size as people write it, ``10MB`` or ``1.5 GB``, in bytes; None for text that is none."""
    size = _SIZE.fullmatch(text.strip())
    return None if size is None else int(float(size[1]) * _SIZES[size[2].upper()])


def read_text(text: str, now: datetime) -> Json:
    """Read a query as people type it.

    Args:
        text: The query; an empty one finds everything.
        now: What ``7d`` counts back from; with a zone.

    Returns:
        A query over items: ``filter`` and ``join``, as far as it has them.

    Raises:
        BadRequest: It cannot be read; the advice shows where.
    """
    return _Reader(text, now).run()


class _Reader:
    def __init__(self, text: str, now: datetime) -> None:
        self._text = text
        self._now = now
        self._tokens = list(_tokens(text))
        self._next = 0

    def run(self) -> Json:
        found = [] if not self._tokens else self._all(negated=False)
        if self._next < len(self._tokens):
            raise self._wrong("There is nothing that this closes.", self._tokens[self._next].place)
        where = [one.clause for one in found if not one.drawn]
        drawn = [one.clause for one in found if one.drawn]
        query: Json = {"filter": _and(where)} if where else {}
        if drawn:
            on = {"resource": "annotations", "local": "itemId", "forigen": "id"}
            query["join"] = {"on": on, "filter": _and(drawn)}
        return query

    def _peek(self) -> str:
        return self._tokens[self._next].kind if self._next < len(self._tokens) else ""

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _all(self, *, negated: bool) -> list[_Part]:
        """Alternatives, each of conditions that all hold; of several alternatives one condition is made."""
        begun = self._tokens[self._next].place if self._next < len(self._tokens) else len(self._text)
        groups = [self._both(negated=negated)]
        while self._peek() == "or":
            self._take()
            groups.append(self._both(negated=negated))
        if len(groups) == 1:
            return groups[0] if not negated else self._joined([groups[0]], begun, negated=True)
        return self._joined(groups, begun, negated=negated)

    def _joined(self, groups: list[list[_Part]], place: int, *, negated: bool) -> list[_Part]:
        kinds = {one.drawn for group in groups for one in group}
        if len(kinds) > 1:
            raise self._wrong(
                "What is asked of items and of their annotations cannot be alternatives, nor be negated together.",
                place,
            )
        inner = [(_or if negated else _and)([one.clause for one in group]) for group in groups]
        return [_Part((_and if negated else _or)(inner), kinds.pop())]

    def _both(self, *, negated: bool) -> list[_Part]:
        found: list[_Part] = []
        while self._peek() not in ("", "or", "close"):
            if self._peek() == "and" and found:
                self._take()
            found += self._one(negated=negated)
        if not found:
            place = self._tokens[self._next].place if self._next < len(self._tokens) else len(self._text)
            raise self._wrong("A condition is missing.", place)
        return found

    def _one(self, *, negated: bool) -> list[_Part]:
        if self._peek() in ("", "or", "and", "close"):
            place = self._tokens[self._next].place if self._next < len(self._tokens) else len(self._text)
            raise self._wrong("A condition is missing.", place)
        token = self._take()
        if token.kind == "not":
            return self._one(negated=not negated)
        if token.kind == "open":
            found = self._all(negated=negated)
            if self._peek() != "close":
                raise self._wrong("This is not closed.", token.place)
            self._take()
            kinds = {one.drawn for one in found}
            # Both kinds at once may only stand where all has to hold; there they need not be one.
            return found if len(kinds) > 1 else [_Part(_and([one.clause for one in found]), kinds.pop())]
        return [self._condition(token, negated=negated)]

    def _condition(self, token: _Token, *, negated: bool) -> _Part:
        match = _CONDITION.fullmatch(token.text)
        if match is None:
            word = _unquoted(token.text)
            pattern = word if "*" in word or "?" in word else f"*{word}*"
            return _Part(_equal("filename", pattern, negated=negated), drawn=False)
        word, operator, said = match.groups()
        place = token.place + match.start(3)
        field, drawn = self._field(word, token.place)
        if not said:
            raise self._wrong(f"A value is missing after {word}{operator}.", place)
        if operator in _OPERATORS:
            value = self._value(field, _unquoted(said), quoted=said.startswith('"'), place=place)
            return _Part(_ranged(field, _OPERATORS[operator], value, negated=negated), drawn)
        negated = negated != (operator == "!=")
        if said == "*":
            return _Part({field: {"$exists": not negated}}, drawn)
        if operator == ":" and ".." in said and not said.startswith('"'):
            low, _, high = said.partition("..")
            ends = [(name, one) for name, one in (("$gte", low), ("$lte", high)) if one]
            clauses = [
                _ranged(field, name, self._value(field, one, quoted=False, place=place), negated=negated)
                for name, one in ends
            ]
            if not clauses:
                raise self._wrong("A range has a beginning, an end, or both.", place)
            return _Part((_or if negated else _and)(clauses), drawn)
        values = [
            self._value(field, one, quoted=quoted, place=place)
            for one, quoted in self._parts(said, operator, place)
        ]
        if len(values) == 1:
            return _Part(_equal(field, values[0], negated=negated), drawn)
        return _Part({field: {"$nin" if negated else "$in": values}}, drawn)

    def _parts(self, said: str, operator: str, place: int) -> Iterator[tuple[str, bool]]:
        if operator != ":":
            yield _unquoted(said), said.startswith('"')
            return
        expected = True
        for match in _PART.finditer(said):
            quoted, plain, comma = match.groups()
            if (comma is None) != expected:
                raise self._wrong("Values have one comma between them.", place + match.start())
            if comma is None:
                yield (_unescaped(quoted), True) if quoted is not None else (plain, False)
            expected = not expected
        if expected:
            raise self._wrong("A value is missing after the comma.", place + len(said))

    def _field(self, word: str, place: int) -> tuple[str, bool]:
        if word in ANNOTATION_FIELDS:
            return ANNOTATION_FIELDS[word], True
        if word.startswith("annotation."):
            return word.removeprefix("annotation."), True
        known = ITEM_FIELDS.get(word)
        if known is None and "." not in word:
            raise self._wrong(f"There is no field {word!r}.", place)
        return known or word.removeprefix("item."), False

    def _value(self, field: str, text: str, *, quoted: bool, place: int) -> Any:
        if field in _TIMES:
            return self._time(text, place)
        if quoted:
            return text
        if field == "metadata.system.size":
            size = bytes_of(text)
            if size is not None:
                return size
        if text in ("true", "false"):
            return text == "true"
        if _NUMBER.fullmatch(text):
            return float(text) if set(text) & set(".eE") else int(text)
        return text

    def _time(self, text: str, place: int) -> str:
        ago = _AGO.fullmatch(text)
        try:
            if ago is not None:
                moment = self._now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            else:
                moment = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            raise self._wrong(
                f"{text!r} is no time: say 2026-01-31, 2026-01-31T12:00, or 7d for seven days ago.", place
            ) from None
        return moment.isoformat()

    def _wrong(self, message: str, place: int) -> BadRequest:
        return _wrong(self._text, message, place)


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            place += len(text[place:]) - len(text[place:].lstrip())
            raise _wrong(text, "A quotation mark is not closed.", place)
        kind = str(match.lastgroup)
        yield _Token(kind, match[kind], match.start(kind))
        place = match.end()


def _wrong(text: str, message: str, place: int) -> BadRequest:
    return BadRequest(
        "400", f"The query cannot be read: {message}", advice=f"It is here:\n  {text}\n  {' ' * place}^"
    )


def _unquoted(text: str) -> str:
    return re.sub(r'"((?:[^"\\]|\\.)*)"', lambda found: _unescaped(found[1]), text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _equal(field: str, value: Any, *, negated: bool) -> Json:
    return {field: {"$ne": value}} if negated else {field: value}


def _ranged(field: str, operator: str, value: Any, *, negated: bool) -> Json:
    if not negated:
        return {field: {operator: value}}
    return _or([{field: {_OPPOSITE[operator]: value}}, {field: {"$exists": False}}])


def _combined(key: str) -> Callable[[list[Json]], Json]:
    def combine(clauses: list[Json]) -> Json:
        return clauses[0] if len(clauses) == 1 else {key: clauses}

    return combine


_and = _combined("$and")
_or = _combined("$or")
