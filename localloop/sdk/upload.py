"""Files into a dataset: content first, durable in the cache, then items, a batch in one transaction each.

A crash therefore leaves whole items only; what was hashed and not yet added is an orphan that `gc` removes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from localloop.blobs import BlobRef
from localloop.errors import BadRequest, NotFound
from localloop.media import probe
from localloop.sdk.progress import progress
from localloop.store import Store
from localloop.store.annotations import add_annotations
from localloop.store.items import NewItem, add_items
from localloop.store.paths import mimetype_of
from localloop_schema.kinds import EntityKind

#: How many files one transaction adds.
BATCH = 200

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """One content to upload.

    Attributes:
        content: A file, bytes, or an open binary file.
        filename: The full path in the dataset.
        annotations: A JSON file with annotations.
    """

    content: Any
    filename: str
    annotations: Path | None = None


class Upload:
    """One call of ``items.upload``.

    Args:
        store: Where to.
        dataset_id: Which dataset.
        remote_path: The directory in the dataset.
        file_types: Extensions of the files to take from folders; None for all.
        overwrite: Whether to replace what is there.
        metadata: Metadata for each item.
        description: A description for each item.

    Raises:
        BadRequest: An argument makes no sense.
    """

    def __init__(
        self,
        store: Store,
        dataset_id: str,
        *,
        remote_path: str,
        file_types: Sequence[str] | None,
        overwrite: bool,
        metadata: Mapping[str, Any] | None,
        description: str | None,
    ) -> None:
        if isinstance(file_types, str):
            raise BadRequest("400", '"file_types" should be a list of file extensions. e.g [".jpg", ".png"]')
        if metadata is not None and not isinstance(metadata, Mapping):
            raise BadRequest("400", f'"item_metadata" should be a dictionary. Got type: {type(metadata)}')
        if description is not None and not isinstance(description, str):
            raise BadRequest("400", f'"item_description" should be a string. Got type: {type(description)}')
        self._store = store
        self._dataset_id = dataset_id
        self._root = remote_path.rstrip("/")
        self._types = None if file_types is None else {kind.lower() for kind in file_types}
        self._overwrite = overwrite
        self._metadata = metadata
        self._description = description

    def run(self, local_path: Any, remote_name: Any, annotations: Any) -> list[str]:
        """Upload.

        Args:
            local_path: One content, or a list.
            remote_name: Its name in the dataset, or a list.
            annotations: A path of annotations, or a list.

        Returns:
            The local ids of the items, in order.

        Raises:
            NotFound: There is no such file; nothing was uploaded.
            BadRequest: An argument makes no sense.
        """
        sources = list(self._sources(local_path, remote_name, annotations))
        ids: list[str] = []
        remaining = iter(sources)
        with progress("Upload items", len(sources)) as advance:
            while batch := list(islice(remaining, BATCH)):
                ids += self._add(batch)
                advance(len(batch))
        return ids

    def _sources(self, local_path: Any, remote_name: Any, annotations: Any) -> Iterator[Source]:
        if not isinstance(local_path, list):
            yield from self._expand(local_path, remote_name, annotations)
            return
        names = _matching("remote_name", remote_name, len(local_path))
        beside = _matching("local_annotations_path", annotations, len(local_path))
        for content, name, path in zip(local_path, names, beside, strict=True):
            yield from self._expand(content, name, path)

    def _expand(self, content: Any, name: Any, annotations: Any) -> Iterator[Source]:
        if name is not None and not isinstance(name, str):
            raise BadRequest("400", f"remote_name must be a string, got: {name}")
        beside = None if annotations is None else Path(annotations)
        if isinstance(content, (str, Path)):
            yield from self._paths(str(content), name, beside)
            return
        if not isinstance(content, (bytes, bytearray, memoryview)) and not hasattr(content, "read"):
            raise BadRequest("400", f"Unknown local path type: {type(content).__name__}")
        name = name or Path(str(getattr(content, "name", ""))).name
        if not name:
            raise BadRequest("400", 'Uploading bytes needs the parameter "remote_name"')
        yield Source(content, self._place(name), beside)

    def _paths(self, text: str, name: str | None, annotations: Path | None) -> Iterator[Source]:
        headless = text.endswith("*")
        path = Path(text).parent if headless else Path(text)
        if path.is_dir():
            yield from self._folder(path, annotations, head="" if headless else path.resolve().name)
        elif path.is_file() and not headless:
            yield Source(path, self._place(name or path.name), annotations)
        else:
            raise NotFound("404", f"Unknown local path: {text}")

    def _folder(self, folder: Path, annotations: Path | None, *, head: str) -> Iterator[Source]:
        for directory, below, files in os.walk(folder):
            below.sort()
            for name in sorted(files):
                path = Path(directory, name)
                inside = path.relative_to(folder)
                if self._types is None or path.suffix.lower() in self._types:
                    beside = _beside(annotations, inside)
                    yield Source(path, self._place(Path(head, inside).as_posix()), beside)

    def _place(self, name: str) -> str:
        return f"{self._root}/{name.lstrip('/')}"

    def _add(self, batch: Sequence[Source]) -> list[str]:
        """The content of a batch, then its items in one transaction."""
        blobs = self._take_in(batch)
        told = [
            probe(self._store.blobs.path(blob.digest), mimetype_of(source.filename))
            for source, blob in zip(batch, blobs, strict=True)
        ]
        notes = [_read_annotations(source.annotations) for source in batch]
        action = f"upload {batch[0].filename}" if len(batch) == 1 else f"upload {len(batch)} items"
        ids = []
        with self._store.transaction(action) as tx:
            dataset = tx.row(EntityKind.DATASET, self._dataset_id)
            entries = [
                NewItem(source.filename, blob, self._metadata, self._description, derived=derived)
                for source, blob, derived in zip(batch, blobs, told, strict=True)
            ]
            added = add_items(tx, dataset, entries, overwrite=self._overwrite)
            for (row, outcome), annotations in zip(added, notes, strict=True):
                if annotations and outcome != "exist":
                    add_annotations(tx, row, annotations)
                ids.append(row["id"])
        return ids

    def _take_in(self, batch: Sequence[Source]) -> list[BlobRef]:
        files = self._store.blobs.add_files(
            [source.content for source in batch if isinstance(source.content, Path)]
        )
        blobs = []
        for source in batch:
            if isinstance(source.content, Path):
                blobs.append(next(files))
            elif hasattr(source.content, "read"):
                blobs.append(self._store.blobs.add_stream(_chunks(source.content)))
            else:
                blobs.append(self._store.blobs.add_bytes(bytes(source.content)))
        return blobs


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        if not isinstance(chunk, bytes):
            raise BadRequest("400", "An open file has to be binary")
        yield chunk


def _matching(name: str, given: Any, number: int) -> Sequence[Any]:
    if given is None:
        return [None] * number
    if not isinstance(given, list) or len(given) != number:
        raise BadRequest("400", f"{name} has to be a list as long as local_path")
    return given


def _beside(annotations: Path | None, inside: Path) -> Path | None:
    """The JSON file that matches a file of a folder: the same path with the extension ``.json``."""
    if annotations is None:
        return None
    candidates = (annotations / inside.with_suffix(".json"), annotations / f"{inside}.json")
    return next((path for path in candidates if path.is_file()), None)


def _read_annotations(path: Path | None) -> Sequence[Mapping[str, Any]]:
    if path is None:
        return []
    if not path.is_file():
        raise NotFound("404", f"Unknown local path: {path}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadRequest("400", f"{path} is not JSON: {error}") from error
    found = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(found, list):
        raise BadRequest("400", f"{path} holds no annotations")
    return found
