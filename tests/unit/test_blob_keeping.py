"""What the cache holds: reading, exporting, verifying, removing, sweeping."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localloop.blobs import BlobCache, BlobRef, BrokenBlob
from localloop.errors import BlobDamagedError, BlobMissingError, TransientError

ABSENT = "0" * 64


@pytest.fixture
def cache(tmp_path: Path) -> BlobCache:
    return BlobCache(tmp_path / "blobs")


def bytes_of(cache: BlobCache, digest: str) -> bytes:
    with cache.open(digest) as file:
        return file.read()


def damage(cache: BlobCache, digest: str, data: bytes) -> None:
    path = cache.path(digest)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(0o444)


@pytest.mark.parametrize("text", [ABSENT, "no digest", "../../x"])
def test_what_is_not_here_is_said_to_be_missing(cache, text, tmp_path):
    assert not cache.has(text)
    assert cache.path(text) is None
    assert not cache.remove(text)
    for ask in (cache.open, cache.size, lambda digest: cache.export(digest, tmp_path / "out")):
        with pytest.raises(BlobMissingError) as caught:
            ask(text)
        assert caught.value.digest == text
        assert caught.value.exit_code == 3
    assert not (tmp_path / "out").exists()


def test_what_is_here_can_be_read_and_measured(cache):
    ref = cache.add_bytes(b"abc")
    assert cache.has(ref.digest)
    assert cache.size(ref.digest) == 3
    with cache.open(ref.digest) as file:
        assert file.read() == b"abc"


def test_digests_are_listed_in_order_and_strangers_are_not(cache):
    refs = [cache.add_bytes(b"%d" % number) for number in range(50)]
    shelf = cache.root / refs[0].digest[:2] / refs[0].digest[2:4]
    (shelf / "notes.txt").write_text("not ours")
    (shelf / ABSENT).write_text("on the wrong shelf")
    assert list(cache.digests()) == sorted(ref.digest for ref in refs)


def test_a_cache_is_the_same_when_opened_again(cache):
    ref = cache.add_bytes(b"abc")
    assert bytes_of(BlobCache(cache.root), ref.digest) == b"abc"


# Export


def test_an_export_is_a_writable_copy_of_its_own(cache, tmp_path):
    ref = cache.add_bytes(b"abc")
    target = tmp_path / "new" / "directory" / "file.bin"
    cache.export(ref.digest, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644 & ~current_umask()
    target.write_bytes(b"changed")
    assert bytes_of(cache, ref.digest) == b"abc"


def current_umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_an_export_replaces_what_was_there(cache, tmp_path):
    ref = cache.add_bytes(b"abc")
    target = tmp_path / "file"
    target.write_bytes(b"something longer")
    cache.export(ref.digest, target)
    assert target.read_bytes() == b"abc"


def test_an_export_may_have_the_longest_name_there_is(cache, tmp_path):
    ref = cache.add_bytes(b"abc")
    cache.export(ref.digest, tmp_path / ("n" * 255))
    assert (tmp_path / ("n" * 255)).read_bytes() == b"abc"


def test_a_damaged_blob_is_not_exported(cache, tmp_path):
    ref = cache.add_bytes(b"abc")
    damage(cache, ref.digest, b"abd")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(BlobDamagedError):
        cache.export(ref.digest, out / "file")
    assert list(out.iterdir()) == []


def test_an_export_that_fails_leaves_nothing_beside_the_target(cache, tmp_path):
    ref = cache.add_bytes(b"abc")
    (tmp_path / "out" / "occupied").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        cache.export(ref.digest, tmp_path / "out" / "occupied")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["occupied"]


# Verify


def test_a_whole_cache_has_nothing_to_report(cache):
    refs = [cache.add_bytes(b"%d" % number) for number in range(10)]
    seen: list[BlobRef | BrokenBlob] = []
    assert list(cache.verify(seen.append)) == []
    assert seen == sorted(refs, key=lambda ref: ref.digest)


def test_a_broken_blob_is_set_aside_and_reported(cache):
    good, bad = cache.add_bytes(b"good"), cache.add_bytes(b"bad")
    damage(cache, bad.digest, b"worse")
    [report] = cache.verify()
    assert (report.digest, report.size) == (bad.digest, 5)
    assert report.found != bad.digest
    assert report.set_aside.parent == cache.root / "broken"
    assert report.set_aside.read_bytes() == b"worse"
    assert list(cache.digests()) == [good.digest]
    assert list(cache.verify()) == []


def test_a_blob_that_broke_can_be_added_again_and_what_was_set_aside_is_kept(cache):
    for _ in range(2):
        ref = cache.add_bytes(b"bytes")
        damage(cache, ref.digest, b"other")
        assert [report.digest for report in cache.verify()] == [ref.digest]
    assert len(list((cache.root / "broken").iterdir())) == 2
    assert not cache.has(ref.digest)


def test_a_blob_cut_short_is_replaced_when_its_bytes_are_added(cache):
    ref = cache.add_bytes(b"bytes")
    damage(cache, ref.digest, b"")
    cache.add_bytes(b"bytes")
    assert list(cache.verify()) == []
    assert bytes_of(cache, ref.digest) == b"bytes"


def test_a_blob_removed_during_a_verify_is_passed_over(cache):
    refs = sorted((cache.add_bytes(b"%d" % number) for number in range(3)), key=lambda ref: ref.digest)
    damage(cache, refs[0].digest, b"x")
    reports = cache.verify()
    assert next(reports).digest == refs[0].digest
    cache.remove(refs[1].digest)
    assert list(reports) == []


# Remove and sweep


def test_a_reader_reads_on_when_its_blob_is_removed(cache):
    ref = cache.add_bytes(b"abc")
    with cache.open(ref.digest) as file:
        assert cache.remove(ref.digest)
        assert not cache.has(ref.digest)
        assert file.read() == b"abc"


def test_leftovers_are_swept_once_they_are_old_enough(cache):
    ref = cache.add_bytes(b"abc")
    leftover = cache.root / "tmp" / "leftover"
    leftover.write_bytes(b"half")
    os.utime(leftover, (0, 0))  # how old the bytes say they are does not count
    assert cache.sweep_temporary(3600) == 0
    assert leftover.exists()
    assert cache.sweep_temporary(0) == 1
    assert list((cache.root / "tmp").iterdir()) == []
    assert list(cache.digests()) == [ref.digest]


def test_parts_of_downloads_outlive_the_sweep_of_leftovers(cache):
    with pytest.raises(TransientError):
        cache.fetch("item", 6, lambda offset: iter([b"abc"]))
    assert cache.sweep_temporary(0) == 0
    assert cache.sweep_partial(3600) == 0
    assert cache.sweep_partial(0) == 1
    offsets: list[int] = []
    cache.fetch("item", 6, lambda offset: offsets.append(offset) or iter([b"abcdef"]))
    assert offsets == [0]


def test_a_download_in_progress_is_not_swept(cache):
    swept: list[int] = []

    def chunks(offset):
        yield b"abc"
        swept.append(cache.sweep_partial(0))
        yield b"def"

    digest = cache.fetch("item", 6, chunks)
    assert swept == [0]
    assert bytes_of(cache, digest) == b"abcdef"


# Many at once


def together(count: int, work) -> None:
    """Run ``work(number)`` in as many threads, started at one moment; raises what any of them raised."""
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        work(number)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run, range(count)))


def test_threads_may_add_the_same_and_other_bytes_at_once(cache):
    def work(number: int) -> None:
        for round_ in range(20):
            cache.add_bytes(b"shared %d" % round_)
            BlobCache(cache.root).add_bytes(b"own %d %d" % (number, round_))

    together(6, work)
    assert len(list(cache.digests())) == 20 + 6 * 20
    assert list(cache.verify()) == []
    assert list((cache.root / "tmp").iterdir()) == []


def test_threads_that_fetch_one_key_wait_for_each_other(cache):
    data = os.urandom(50_000)
    busy = threading.Lock()

    def chunks(offset):
        assert busy.acquire(blocking=False), "two downloads of one key at once"
        try:
            for start in range(offset, len(data), 1000):
                yield data[start : start + 1000]
        finally:
            busy.release()

    digests: list[str] = []
    together(6, lambda number: digests.append(BlobCache(cache.root).fetch("item", len(data), chunks)))
    assert len(set(digests)) == 1
    assert bytes_of(cache, digests[0]) == data
    assert list((cache.root / "partial").iterdir()) == []
    assert list(cache.verify()) == []
