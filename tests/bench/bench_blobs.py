"""Measures the blob cache against the plainest code that does part of the same, in one run.

``python -m tests.bench.bench_blobs``
"""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from blake3 import blake3

from localloop.blobs import BlobCache
from localloop.blobs.files import CHUNK, hash_file

SMALL_FILES, SMALL_SIZE = 2000, 10_000
BIG_SIZE = 256 << 20
ROUNDS = 3


def measure(works: dict[str, Callable[[Path], object]], directory: Path) -> dict[str, float]:
    """The median time of each work on a new empty directory; in turns, so a busy machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            target = Path(tempfile.mkdtemp(dir=directory))
            os.sync()
            start = time.perf_counter()
            work(target)
            times[name].append(time.perf_counter() - start)
            shutil.rmtree(target)
    return {name: statistics.median(taken) for name, taken in times.items()}


def report(title: str, amount: float, unit: str, times: dict[str, float]) -> None:
    """Print rates, and each time as a multiple of the first one's."""
    print(title)
    reference = next(iter(times.values()))
    for name, taken in times.items():
        print(f"  {name:<40} {taken:8.3f} s {amount / taken:10.0f} {unit}/s  x{taken / reference:.2f}")


def plain_copies(sources: list[Path], target: Path, *, sync: bool) -> None:
    """Copy and hash each file, as a loop without a cache would."""
    for number, source in enumerate(sources):
        data = source.read_bytes()
        blake3(data).hexdigest()
        with (target / f"{number}").open("wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())


def one_by_one(sources: list[Path], target: Path) -> None:
    """Add each file by itself."""
    cache = BlobCache(target / "blobs")
    for source in sources:
        cache.add_file(source)


def in_bulk(sources: list[Path], target: Path) -> None:
    """Add all files in groups."""
    list(BlobCache(target / "blobs").add_files(sources))


def small_files(directory: Path) -> None:
    """Ingest of many small files."""
    sources = []
    for number in range(SMALL_FILES):
        path = directory / f"{number}"
        path.write_bytes(os.urandom(SMALL_SIZE))
        sources.append(path)
    full = BlobCache(directory / "full")
    list(full.add_files(sources))
    works: dict[str, Callable[[Path], object]] = {
        "plain copy + blake3, nothing durable": lambda target: plain_copies(sources, target, sync=False),
        "plain copy + blake3 + fsync a file": lambda target: plain_copies(sources, target, sync=True),
        "add_file": lambda target: one_by_one(sources, target),
        "add_files": lambda target: in_bulk(sources, target),
        "add_files, all there already": lambda _: list(full.add_files(sources)),
    }
    times = measure(works, directory)
    report(f"{SMALL_FILES} files of {SMALL_SIZE} bytes", SMALL_FILES, "files", times)


def sha256_loop(path: Path) -> None:
    """Hash with SHA-256, a chunk at a time."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)


def copy_then_hash(source: Path, target: Path) -> None:
    """Copy, sync, then read again for the hash."""
    copy = target / "copy"
    shutil.copyfile(source, copy)
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    hash_file(copy)


def big_file(directory: Path) -> None:
    """Hashing and ingest of one big file."""
    big = directory / "big"
    with big.open("wb") as file:
        for _ in range(BIG_SIZE // CHUNK):
            file.write(os.urandom(CHUNK))
    mebibytes = BIG_SIZE / (1 << 20)
    hashing = {
        "hashlib.sha256": lambda _: sha256_loop(big),
        "hash_file (blake3)": lambda _: hash_file(big),
    }
    report(f"hash {BIG_SIZE >> 20} MiB", mebibytes, "MiB", measure(hashing, directory))
    taking = {
        "copy, fsync, blake3 afterwards": lambda target: copy_then_hash(big, target),
        "add_file": lambda target: BlobCache(target / "blobs").add_file(big),
    }
    report(f"take in {BIG_SIZE >> 20} MiB", mebibytes, "MiB", measure(taking, directory))


def main() -> None:
    """Print all figures."""
    for part in (small_files, big_file):
        with tempfile.TemporaryDirectory() as directory:
            part(Path(directory))


if __name__ == "__main__":
    main()
