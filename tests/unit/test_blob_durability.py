"""In which order the cache asks the disk for things: the file first, its name after, the directory last."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from blake3 import blake3

from localloop.blobs import BlobCache


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, Path]]:
    """What was synced and renamed, in order, while the real calls are made."""
    events: list[tuple[str, Path]] = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        events.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def note_replace(source, target, **rest) -> None:
        replace(source, target, **rest)
        events.append(("move", Path(target)))

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    return events


def shelf_of(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest[2:4]


def test_a_file_is_synced_before_it_is_named_and_its_directories_after(tmp_path, asked):
    root = tmp_path / "blobs"
    cache = BlobCache(root)
    asked.clear()
    digest = cache.add_bytes(b"abc").digest
    shelf = shelf_of(root, digest)
    assert [(kind, path.parent.name == "tmp") for kind, path in asked[:1]] == [("sync", True)]
    assert asked[1:] == [
        ("move", shelf / digest),
        ("sync", shelf),
        ("sync", shelf.parent),
        ("sync", root),
    ]


def test_bytes_that_are_here_are_not_written_again_but_their_name_is_made_durable(tmp_path, asked):
    root = tmp_path / "blobs"
    digest = BlobCache(root).add_bytes(b"abc").digest
    shelf = shelf_of(root, digest)
    another_process = BlobCache(root)
    asked.clear()
    another_process.add_bytes(b"abc")
    assert asked == [("sync", shelf), ("sync", shelf.parent), ("sync", root)]
    asked.clear()
    another_process.add_bytes(b"abc")
    assert asked == [("sync", shelf)]


def test_what_is_written_down_as_here_has_a_durable_name(tmp_path, asked, monkeypatch):
    """Its maker could not sync the directory, and gave up; the file is visible all the same."""
    root = tmp_path / "blobs"
    digest = blake3(b"abc").hexdigest()
    shelf = shelf_of(root, digest)
    cache = BlobCache(root)
    real, broken = os.fsync, [shelf]

    def full(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() in broken:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        cache.add_bytes(b"abc")
    assert cache.has(digest)
    with pytest.raises(OSError, match="No space"):
        cache.keeps(digest)
    broken.clear()
    asked.clear()
    assert cache.keeps(digest)
    assert asked == [("sync", shelf), ("sync", shelf.parent), ("sync", root)]


def test_in_bulk_every_file_is_synced_before_any_is_named_and_each_directory_once(tmp_path, asked):
    root = tmp_path / "blobs"
    cache = BlobCache(root)
    sources = [tmp_path / f"{number}" for number in range(20)]
    for source in sources:
        source.write_text(source.name)
    asked.clear()
    digests = [ref.digest for ref in cache.add_files(sources)]
    assert [kind for kind, _ in asked[:40]] == ["sync"] * 20 + ["move"] * 20
    directories = [path for _, path in asked[40:]]
    assert len(directories) == len(set(directories))
    shelves = {shelf_of(root, digest) for digest in digests}
    assert set(directories) == shelves | {shelf.parent for shelf in shelves} | {root}


def test_a_fetched_blob_is_synced_like_any_other(tmp_path, asked):
    cache = BlobCache(tmp_path / "blobs")
    asked.clear()
    digest = cache.fetch("item", 3, lambda offset: iter([b"abc"]))
    assert [kind for kind, _ in asked] == ["sync", "move", "sync", "sync", "sync"]
    assert asked[1] == ("move", shelf_of(cache.root, digest) / digest)


def test_an_export_is_synced_before_it_takes_the_targets_name(tmp_path, asked):
    cache = BlobCache(tmp_path / "blobs")
    digest = cache.add_bytes(b"abc").digest
    asked.clear()
    cache.export(digest, tmp_path / "out")
    assert [kind for kind, _ in asked] == ["sync", "move"]
    assert asked[1] == ("move", tmp_path / "out")
