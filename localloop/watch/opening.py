"""What looks at a folder, put together: it takes what is there, or mirrors a dataset."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from localloop.config import LOCAL_STORE
from localloop.errors import BadRequest
from localloop.fetching import fetch_contents
from localloop.store import Store
from localloop.store.paths import normal_path
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
        to: The directory of the dataset that stands for it; ``/`` for all of it.
        ignored: Says what is passed over.
        mirror: Whether the folder follows the dataset as well.
        allow_deletions: Whether the first look of a mirror may delete however much.
    """

    store: Store
    dataset_id: str
    root: Path
    to: str
    ignored: Ignored
    mirror: bool = False
    allow_deletions: bool = False

    @property
    def remote(self) -> str:
        """The directory as paths begin with it: empty for all of the dataset.

        Raises:
            BadRequest: It is no path.
        """
        return normal_path(self.to) if self.to.strip("/") else ""


def refuse_own_store(store: Path, root: Path) -> None:
    """Make sure that a store would not be taken into itself.

    Args:
        store: The store's directory.
        root: The folder to be watched.

    Raises:
        BadRequest: The store is in the folder by another name than ``.localloop``.
    """
    if store.is_relative_to(root) and LOCAL_STORE not in store.relative_to(root).parts:
        raise BadRequest("400", "The store is in the folder, and would be taken into itself.")


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
    store, remote = place.store, place.remote
    # A folder that was watched before it was mirrored is compared anew: of its files nobody knows whether they agree.
    kind = "\0mirror" if place.mirror else ""
    with Memory(store.path, f"{os.fspath(place.root)}\0{place.dataset_id}\0{remote}{kind}") as memory:
        taker = Taker(
            *(store, place.dataset_id, place.root, remote, place.ignored, memory, Settling(QUIET)),
            now=time.time,
            monotonic=time.monotonic,
            stopping=stopping,
            through=through,
            mirrors=place.mirror,
        )
        if not place.mirror:
            yield taker
            return

        def fetch(ids: Sequence[str]) -> None:
            with platform() as asked:
                fetch_contents(store, asked, ids, came=lambda _: None, failed=lambda _row, _reason: None)

        how = Mirrored(
            fetch,
            lambda: datetime.now().astimezone().date().isoformat(),
            str(store.settings().get("device") or ""),
            gone_for=GONE_FOR,
            allow_deletions=place.allow_deletions,
        )
        folder = Folder(place.root, store.blobs, place.ignored)
        yield Mirror(
            *(store, place.dataset_id, place.root, remote, folder, taker, how), monotonic=time.monotonic
        )
