"""What all entities of the SDK share: a row of the store, its JSON, and a way to see what was changed in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from localloop.errors import BadRequest
from localloop.sdk import notebook
from localloop.sdk.dataframe import frame_of
from localloop.sdk.platform_only import WithPlatformOnly, refusal
from localloop.sdk.printing import show, table
from localloop.store import Store
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    import pandas as pd

Json = dict[str, Any]
T = TypeVar("T")
E = TypeVar("E", bound="Entity")


class Field(Generic[T]):
    """An attribute that is a key of the entity's JSON. Setting it changes the JSON; ``update()`` stores it."""

    def __init__(self, key: str) -> None:
        self._key = key

    @overload
    def __get__(self, entity: None, owner: type[Entity]) -> Self: ...

    @overload
    def __get__(self, entity: Entity, owner: type[Entity]) -> T: ...

    def __get__(self, entity: Entity | None, owner: type[Entity]) -> Self | T:
        """The value, or this object itself on the class."""
        if entity is None:
            return self
        json = entity._json  # noqa: SLF001 - a descriptor is part of its owner
        return json.get(self._key)  # type: ignore[return-value]  # JSON is what its shape says

    def __set__(self, entity: Entity, value: T) -> None:
        """Change the JSON."""
        entity._json[self._key] = value  # noqa: SLF001 - a descriptor is part of its owner


class Entity(WithPlatformOnly):
    """One entity of a store as it was when it was fetched, with the user's changes.

    Args:
        store: Where it is.
        json: Its wire JSON.
    """

    kind: ClassVar[EntityKind]

    #: Attributes that ``repr`` shows.
    _shown: ClassVar[tuple[str, ...]] = ("id",)

    id = Field[str]("id")
    url = Field[str]("url")
    creator = Field[str]("creator")
    created_at = Field[str]("createdAt")
    updated_at = Field[str]("updatedAt")
    updated_by = Field[str]("updatedBy")

    def __init__(self, store: Store, json: Json) -> None:
        self._store = store
        self._take(json)

    def _take(self, json: Json) -> None:
        """Become what the store has, with no changes of the user's own."""
        self._json = json
        self._origin = copy.deepcopy(json)

    def _changes(self) -> Json:
        """The merge patch from what was fetched to what is now here."""
        return difference(self._origin, self._json)

    def to_json(self) -> Json:
        """The entity as the platform's JSON, with the changes that were not stored yet."""
        return copy.deepcopy(self._json)

    def print(self, to_return: bool = False, columns: str | Sequence[str] | None = None) -> str | None:
        """Show the entity as a table.

        Args:
            to_return: Whether to return the table instead of writing it.
            columns: Which keys of the JSON to show.
        """
        text = table([self._json], columns)
        if to_return:
            return text
        show(text)
        return None

    def to_df(self, show_all: bool = False, columns: str | Sequence[str] | None = None) -> pd.DataFrame:
        """It as a data frame.

        Args:
            show_all: Whether to have every key of the JSON; else only the short ones.
            columns: Which keys to have.

        Raises:
            ExtraMissingError: pandas is not installed: ``pip install 'localloop[notebook]'``.
        """
        return frame_of([self._json], show_all=show_all, columns=columns)

    @classmethod
    def from_json(cls, *_args: Any, **_more: Any) -> Any:
        """Raise the error: dtlpy makes entities of what its client to the platform was told."""
        raise refusal(f"{cls.__name__}.from_json")

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"{type(self).__name__}({values})"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return notebook.facts(type(self).__name__, {name: getattr(self, name) for name in self._shown})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entity) and (type(self), self.id) == (type(other), other.id)

    def __hash__(self) -> int:
        return hash((type(self), self.id))


class EntityList(list[E]):
    """A list of entities that can show itself."""

    def _repr_html_(self) -> str:
        """What a notebook shows: pictures of items, a table of others."""
        return shown_as_html(self, len(self))

    def to_df(self, show_all: bool = False, columns: str | Sequence[str] | None = None) -> pd.DataFrame:
        """They as a data frame, a row each.

        Args:
            show_all: Whether to have every key of the JSON; else only the short ones.
            columns: Which keys to have.

        Raises:
            ExtraMissingError: pandas is not installed: ``pip install 'localloop[notebook]'``.
        """
        rows = [entity._json for entity in self]  # noqa: SLF001 - only read
        return frame_of(rows, show_all=show_all, columns=columns)

    def print(self, to_return: bool = False, columns: str | Sequence[str] | None = None) -> str | None:
        """Show the entities as one table.

        Args:
            to_return: Whether to return the table instead of writing it.
            columns: Which keys of the JSON to show.
        """
        text = table([entity._json for entity in self], columns)  # noqa: SLF001 - only read
        if to_return:
            return text
        show(text)
        return None


def shown_as_html(entities: Sequence[Entity], total: int) -> str:
    """What a notebook shows of entities.

    Args:
        entities: Those that may be shown.
        total: How many there are in all.
    """
    if not entities:
        return "<div>nothing</div>"
    first = entities[0]
    if first.kind is EntityKind.ITEM:
        return notebook.cards(first._store, entities, total)  # noqa: SLF001 - only read
    names = first._shown  # noqa: SLF001 - the same
    rows = [[getattr(one, name) for name in names] for one in entities[: notebook.MOST]]
    return notebook.listing(names, rows, total)


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Json:
    """The merge patch from one JSON object to another (docs/platform/wire.md, 4.3).

    Args:
        old: The object as it was.
        new: The object as it is to be.

    Returns:
        Changed branches only; a key that is gone is null; an array is sent whole.
    """
    return dict(_steps(old, new))


def _steps(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in new:
        if key not in old:
            yield key, new[key]
        elif isinstance(old[key], Mapping) and isinstance(new[key], Mapping):
            inner = difference(old[key], new[key])
            if inner:
                yield key, inner
        elif old[key] != new[key] or isinstance(old[key], bool) is not isinstance(new[key], bool):
            yield key, new[key]
    for key in old:
        if key not in new:
            yield key, None


def one_of(**given: Any) -> tuple[str, Any]:
    """The first argument that is not None, with its name.

    Raises:
        BadRequest: All of them are None.
    """
    for name, value in given.items():
        if value is not None:
            return name, value
    raise BadRequest("400", f"Must provide at least one of: {', '.join(given)}")


def text_of(value: Any) -> Any:
    """The text of an enum's member; any other value as it is."""
    return getattr(value, "value", value)


__all__ = ["Entity", "EntityList", "Field", "Json", "Row", "difference", "one_of", "text_of"]
