"""Items by number, for training: what a data loader asks for, read when it does."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest, BlobMissingError, NotFound
from localloop.fetching import fetch_contents, has_to_come, patient
from localloop.media.images import BROKEN, decoded, opened
from localloop.sdk.filters import Filters
from localloop.sdk.item import Item
from localloop.sdk.shape import shaped
from localloop.store import Store
from localloop.store.query import compile_ids, parse
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from PIL.Image import Image

    from localloop.sdk.collection import AnnotationCollection

    Transform = Callable[["Image", "AnnotationCollection"], Any]

#: By id when nothing else is asked for, so that a number means the same item in every process.
_BY_ID = {"id": "ascending"}


class TrainingDataset:
    """A map-style dataset, as ``torch.utils.data.DataLoader`` takes them: a length, and a sample by number.

    Which items it has is decided when it is made: the numbers stay, whatever is added later. Pictures and annotations
    are read when a sample is asked for. A file that is not here is fetched then, and stays here. It can be given to
    other processes, such as the workers of a loader: each opens the store for itself.

    Args:
        store: Where the items are.
        dataset_id: The dataset's local id.
        filters: Which items, and in which order; all files by id when left out.
        transform: Makes a sample of a picture and its annotations; the two as they are when left out. With workers
            it must be a function that can be pickled.
        fetch: Whether files that are not here are fetched.
    """

    def __init__(
        self,
        store: Store,
        dataset_id: str,
        filters: Filters | None = None,
        transform: Transform | None = None,
        *,
        fetch: bool = True,
    ) -> None:
        query = (Filters() if filters is None else filters).prepare()
        wanted = parse({**query, "sort": query.get("sort") or _BY_ID})
        with store.reading() as connection:
            ids = list(connection.execute(compile_ids(wanted, [dataset_id])).scalars())
        # One text for all of them: a million small objects would be copied into every worker, one touched page after
        # the other.
        self._width = max(map(len, ids), default=1)
        self._ids = "".join(one.ljust(self._width) for one in ids)
        self._path = store.path
        self._transform = transform
        self._fetch = fetch
        self._opened: tuple[int, Store] | None = (os.getpid(), store)
        self._owned = False

    def __len__(self) -> int:
        return len(self._ids) // self._width

    def __getitem__(self, number: int) -> Any:
        """The sample of an item.

        Args:
            number: From 0; below 0 it counts from the end.

        Returns:
            What ``transform`` made of picture and annotations, or the two.

        Raises:
            IndexError: There are not so many.
            NotFound: The item was deleted meanwhile.
            BlobMissingError: Its file is not here and could not be fetched.
            BadRequest: It is no picture that can be read.
        """
        row = self._row(number)
        picture, annotations = self._picture(row), self._item(row).annotations.list()
        return (picture, annotations) if self._transform is None else self._transform(picture, annotations)

    def __getitems__(self, numbers: Sequence[int]) -> list[Any]:
        """The samples of a batch, as a loader asks for them when it can."""
        return [self[one] for one in numbers]

    def item(self, number: int) -> Item:
        """The item of a number, with its file here.

        Raises:
            IndexError, NotFound, BlobMissingError: See :meth:`__getitem__`.
        """
        return self._item(self._row(number))

    def _item(self, row: Row) -> Item:
        store = self._store()
        return Item(store, shaped(store, EntityKind.ITEM, [row])[0])

    def _row(self, number: int) -> Row:
        """The row of a number, with its file here."""
        if not -len(self) <= number < len(self):
            raise IndexError(f"there are {len(self)} items, and no number {number}")
        start = number % len(self) * self._width
        entity_id = self._ids[start : start + self._width].rstrip()
        store = self._store()
        row = store.get(EntityKind.ITEM, entity_id)
        if row is None:
            raise NotFound("404", f"Item {entity_id} was deleted meanwhile; make the training dataset anew.")
        if self._fetch and has_to_come(store, row):
            return self._hydrated(store, row)
        return row

    def _picture(self, row: Row) -> Image:
        path = self._store().blobs.path(row["digest"]) if row["digest"] else None
        if path is None:
            raise BlobMissingError(
                f"The content of {row['filename']!r} is not here.",
                digest=row["digest"] or "",
                advice="Fetch it with `localloop fetch`, or make the training dataset with fetch=True.",
            )
        try:
            with opened(path) as picture:
                return decoded(picture, picture.size)
        except BROKEN as error:
            raise BadRequest(
                "400",
                f"{row['filename']!r} is no picture that can be read: {error}",
                advice="Leave it out with a filter, such as metadata.system.mimetype = image/*.",
            ) from error

    def _hydrated(self, store: Store, row: Row) -> Row:
        """A row with its file here; as it is, when it is deleted meanwhile."""
        from localloop.platform.credentials import own_credentials  # noqa: PLC0415 - only who fetches needs them

        came: list[Row] = []

        def failed(one: Row, reason: str) -> None:
            raise BlobMissingError(
                f"The content of {one['filename']!r} could not be fetched: {reason}",
                digest=one["digest"] or "",
                advice="Sync, and make the training dataset anew.",
            )

        with patient(store, own_credentials()) as remote:
            fetch_contents(store, remote, [row["id"]], came.append, failed)
        return came[0] if came else row

    def _store(self) -> Store:
        """The store, opened in this process: a connection must not be taken along into another one."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened, self._owned = (os.getpid(), Store.open(Path(self._path))), True
        return self._opened[1]

    def close(self) -> None:
        """Close the store, where this process opened it for this dataset alone; the next sample opens it again."""
        if self._opened is not None and self._owned:
            self._opened[1].close()
            self._opened = None

    def __getstate__(self) -> dict[str, Any]:
        """All but the open store."""
        return {**self.__dict__, "_opened": None}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} items)"
