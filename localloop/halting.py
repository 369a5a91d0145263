"""What the last sync halted at, so that somebody can agree to exactly that.

It lies beside the database, in ``halt.json``, and not in it: the list may be long, and every transaction reads the
settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from localloop.blobs.files import write_whole
from localloop.errors import MassDeletionHalt, StoreError
from localloop_sync.core.safety import Limits

if TYPE_CHECKING:
    from localloop.store import Store
    from localloop_sync.engine import Options

FILE: Final = "halt.json"


@dataclass(frozen=True, slots=True)
class Halted:
    """A sync that stopped before it deleted much.

    Attributes:
        at: When.
        message: What would have been deleted, as one sentence.
        side: Where: ``here`` or ``platform``.
        entities: The names of all of it.
        listed: The same by id: what :class:`localloop_sync.core.safety.Limits` takes as agreed.
    """

    at: str
    message: str
    side: str
    entities: list[str] = field(default_factory=list)
    listed: dict[str, int] = field(default_factory=dict)


def halted(store: Store) -> Halted | None:
    """What the last sync halted at; None when it did not.

    Raises:
        StoreError: The file is damaged.
    """
    path = store.path / FILE
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Halted(**told)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise StoreError(
            f"{path} cannot be read.", advice="Remove it; the next sync halts again where it has to."
        ) from error


def agreeing(store: Store) -> Limits:
    """The limits of a sync that may delete what the last one halted at, and nothing more than that unasked."""
    last = halted(store)
    return Limits(agreed={} if last is None else last.listed)


@contextmanager
def remembering(store: Store, options: Options) -> Iterator[None]:
    """Write down what a sync halts at. One that comes to its end has nothing to be agreed to any more.

    Args:
        store: The store.
        options: How it syncs. What was agreed to stays so if it halts at something else: it may not be deleted yet.
    """
    path = store.path / FILE
    try:
        yield
    except MassDeletionHalt as halt:
        agreed: Mapping[str, int] = {} if options.limits is None else options.limits.agreed
        told = Halted(store.clock.now(), halt.message, halt.side, halt.entities, {**agreed, **halt.listed})
        write_whole(path, json.dumps(asdict(told)))
        raise
    if not options.dry_run:
        path.unlink(missing_ok=True)


def with_agreement(store: Store, options: Options) -> Options:
    """Options that allow what the last sync halted at."""
    return replace(options, limits=agreeing(store))
