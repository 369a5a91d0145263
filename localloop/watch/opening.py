"""What looks at a folder, put together: it takes what is there, or mirrors a dataset."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from localloop.fetching import fetch_contents
from localloop.store import Store
from localloop.watch.folder import Folder
from localloop.watch.ignoring import Ignored
from localloop.watch.memory import Memory
from localloop.watch.mirroring import GONE_FOR, Mirror, Mirrored
from localloop.watch.settling import QUIET, Settling
from localloop.watch.taking import Look, Taker
from localloop.watch.watching import Looker
from localloop_sync.ports import Remote


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, and the part of a dataset that it goes with.

    Attributes:
        store: The store.
        dataset_id: The dataset's local id.
        root: The folder.
        remote: The directory of the dataset that stands for it; empty for all of it.
        ignored: Says what is passed over.
        mirror: Whether the folder follows the dataset as well.
        allow_deletions: Whether the first look of a mirror may delete however much.
    """

    store: Store
    dataset_id: str
    root: Path
    remote: str
    ignored: Ignored
    mirror: bool = False
    allow_deletions: bool = False


@contextmanager
def looking(
    place: Place,
    platform: Callable[[], AbstractContextManager[Remote]],
    *,
    stopping: Callable[[], bool] = lambda: False,
    through: Callable[[Look], None] = lambda _: None,
) -> Iterator[Looker]:
    """What looks at a folder, for a ``with`` block.

    Args:
        place: The folder.
        platform: Opens the platform, for contents that are not here.
        stopping: Says whether to leave the rest for another time.
        through: Called after each batch, with what the look came to so far.
    """
    store = place.store
    # A folder that was watched before it was mirrored is compared anew: of its files nobody knows whether they agree.
    kind = "\0mirror" if place.mirror else ""
    with Memory(store.path, f"{os.fspath(place.root)}\0{place.dataset_id}\0{place.remote}{kind}") as memory:
        taker = Taker(
            *(store, place.dataset_id, place.root, place.remote, place.ignored, memory, Settling(QUIET)),
            now=time.time,
            monotonic=time.monotonic,
            stopping=stopping,
            through=through,
            mirrors=place.mirror,
        )
        if not place.mirror:
            yield taker
            return

        def fetch(ids: Sequence[str]) -> Mapping[str, str]:
            refused: dict[str, str] = {}
            with platform() as remote:
                fetch_contents(
                    *(store, remote, ids),
                    came=lambda _: None,
                    failed=lambda row, reason: refused.update({row["id"]: reason}),
                )
            return refused

        how = Mirrored(
            fetch,
            lambda: datetime.now().astimezone().date().isoformat(),
            str(store.settings().get("device") or ""),
            gone_for=GONE_FOR,
            allow_deletions=place.allow_deletions,
        )
        folder = Folder(place.root, store.blobs, place.ignored)
        yield Mirror(
            *(store, place.dataset_id, place.root, place.remote, folder, taker, how), monotonic=time.monotonic
        )
