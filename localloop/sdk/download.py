"""Content out of the store, into files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from localloop import config
from localloop.errors import BadRequest, BlobMissingError
from localloop.store import Store
from localloop_schema.rows import Row


def target_of(store: Store, item: Row, local_path: str | Path | None, *, to_items_folder: bool) -> Path:
    """Where an item's content goes.

    Args:
        store: Where the item is.
        item: Its row.
        local_path: A file, when it has an extension; else a directory; this user's own when left out.
        to_items_folder: Whether files go into a directory ``items`` below a directory.

    Returns:
        The path of the file.

    Raises:
        BadRequest: The item's own path leads out of the directory.
    """
    if local_path is not None and Path(local_path).suffix and not Path(local_path).is_dir():
        return Path(local_path)
    root = Path(local_path) if local_path is not None else own_directory(store, item["dataset_id"])
    if to_items_folder:
        root /= "items"
    return root / inside_of(item["filename"])


def inside_of(filename: str) -> Path:
    """The path of an item below a download directory.

    Args:
        filename: Its path in the dataset.

    Raises:
        BadRequest: It leads out of the directory: a platform may hold what no one here could have entered.
    """
    parts = filename.strip("/").split("/")
    if ".." in parts:
        raise BadRequest("400", f"{filename!r} leads out of the download directory")
    return Path(*parts)


def own_directory(store: Store, dataset_id: str) -> Path:
    """A directory of one dataset's own; names of datasets may hold what no file system takes, ids do not."""
    return config.downloads_directory() / store.path.name / str(dataset_id)


def download_file(store: Store, item: Row, target: Path | None, *, overwrite: bool) -> str | BytesIO:
    """Put an item's content into a file, or into memory.

    Args:
        store: Where the item is.
        item: Its row.
        target: The file; None for memory.
        overwrite: Whether a file that is there is replaced; else it is left as it is.

    Returns:
        The path of the file, or the bytes.

    Raises:
        BadRequest: The item is a directory.
        BlobMissingError: The content is only on the platform.
    """
    if item["type"] != "file":
        raise BadRequest("400", f"{item['filename']!r} is a {item['type']}, which has no content")
    digest = item["digest"]
    if digest is None or not store.blobs.has(digest):
        raise BlobMissingError(
            f"The content of {item['filename']!r} is only on the platform.",
            digest=digest or "",
            advice="Fetch it with `localloop fetch` while there is a connection.",
        )
    if target is None:
        with store.blobs.open(digest) as file:
            return BytesIO(file.read())
    if overwrite or not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        store.blobs.export(digest, target)
    return str(target)
