"""What goes into the cache, and how it looks once it is there."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest
from blake3 import blake3

from localloop.blobs import BlobCache, BlobRef
from localloop.blobs.files import FICLONE
from localloop.errors import BlobDamagedError, BlobError, SourceChangedError

DATA = os.urandom(3_000_000)
REF = BlobRef(blake3(DATA).hexdigest(), len(DATA))


@pytest.fixture
def cache(tmp_path: Path) -> BlobCache:
    return BlobCache(tmp_path / "blobs")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(DATA)
    return path


def files_below(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def bytes_of(cache: BlobCache, digest: str) -> bytes:
    with cache.open(digest) as file:
        return file.read()


def held(cache: BlobCache) -> dict[str, bytes]:
    return {digest: bytes_of(cache, digest) for digest in cache.digests()}


def refuse_clones(monkeypatch, number: int) -> None:
    def ioctl(target, request, source):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "ioctl", ioctl)


@pytest.fixture
def cloning_disk(monkeypatch) -> list[int]:
    """A kernel that clones on any file system, by copying; lists the requests it was asked."""
    requests: list[int] = []

    def ioctl(target: int, request: int, source: int) -> int:
        requests.append(request)
        os.pwrite(target, os.pread(source, os.fstat(source).st_size, 0), 0)
        return 0

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    return requests


def test_a_blob_is_at_the_place_its_digest_names(cache, source):
    assert cache.add_file(source) == REF
    place = cache.root / REF.digest[:2] / REF.digest[2:4] / REF.digest
    assert cache.path(REF.digest) == place
    assert place.read_bytes() == DATA


def test_a_blob_is_read_only(cache, source):
    cache.add_file(source)
    path = cache.path(REF.digest)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_adding_leaves_the_source_as_it_was(cache, source):
    before = source.stat()
    cache.add_file(source)
    after = source.stat()
    assert (after.st_mode, after.st_nlink, after.st_mtime_ns) == (
        before.st_mode,
        before.st_nlink,
        before.st_mtime_ns,
    )


def test_equal_bytes_are_kept_once(cache, source, tmp_path):
    other = tmp_path / "other name"
    other.write_bytes(DATA)
    assert cache.add_file(source) == cache.add_file(other) == cache.add_bytes(DATA)
    assert files_below(cache.root) == [cache.path(REF.digest)]


def test_no_bytes_are_a_blob_too(cache, tmp_path):
    empty = tmp_path / "empty"
    empty.touch()
    ref = cache.add_file(empty)
    assert ref == BlobRef(blake3(b"").hexdigest(), 0)
    assert cache.add_bytes(b"") == cache.add_stream([]) == ref
    assert bytes_of(cache, ref.digest) == b""


@pytest.mark.parametrize(
    "name",
    ["with space", "日本語.jpg", "ñandú\n.png", "-rf", b"\xff\xfe.raw".decode("utf-8", "surrogateescape")],
)
def test_names_and_directories_may_be_any(tmp_path, name):
    cache = BlobCache(tmp_path / name / "blöbs of mine")
    source = tmp_path / name / name
    source.write_bytes(b"abc")
    ref = cache.add_file(source)
    target = tmp_path / name / f"out {name}"
    cache.export(ref.digest, target)
    assert target.read_bytes() == b"abc"


def test_a_stream_is_taken_chunk_by_chunk(cache):
    ref = cache.add_stream(DATA[start : start + 70_001] for start in range(0, len(DATA), 70_001))
    assert ref == REF
    assert held(cache) == {REF.digest: DATA}


@pytest.mark.parametrize("size", [2, 4])
def test_a_stream_of_another_size_than_expected_is_refused(cache, size):
    with pytest.raises(BlobDamagedError):
        cache.add_stream([b"ab", b"c"], expected_size=size)
    assert files_below(cache.root) == []


def test_a_stream_that_breaks_leaves_nothing(cache):
    def broken():
        yield b"abc"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        cache.add_stream(broken())
    assert files_below(cache.root) == []


def test_the_expected_digest_is_held_to(cache, source):
    assert cache.add_file(source, expected=REF.digest) == REF


def test_bytes_other_than_expected_are_refused(cache, source):
    with pytest.raises(BlobDamagedError) as caught:
        cache.add_file(source, expected="0" * 64)
    assert caught.value.digest == "0" * 64
    assert caught.value.exit_code == 11
    assert files_below(cache.root) == []


def test_a_source_that_is_not_there_is_an_error(cache, tmp_path):
    with pytest.raises(FileNotFoundError):
        cache.add_file(tmp_path / "nothing")


def test_only_regular_files_are_taken(cache, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(BlobError, match="not a file"):
            cache.add_file(path)
    assert files_below(cache.root) == []


def test_a_symbolic_link_stands_for_its_file(cache, source, tmp_path):
    (tmp_path / "name").symlink_to(source)
    assert cache.add_file(tmp_path / "name") == REF
    assert cache.add_file(tmp_path / "name", link=True) == REF


@pytest.mark.parametrize("link", [False, True])
def test_a_source_that_changes_while_read_is_refused(cache, source, monkeypatch, link):
    def ioctl(target, request, clone_of):
        with source.open("ab") as writer:
            writer.write(b"more")
        raise OSError(errno.EOPNOTSUPP, "no clones here")

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    with pytest.raises(SourceChangedError) as caught:
        cache.add_file(source, link=link)
    assert caught.value.source == source
    assert files_below(cache.root) == []


# Links and clones


def test_a_linked_blob_is_the_very_file_made_read_only(cache, source):
    assert cache.add_file(source, link=True) == REF
    path = cache.path(REF.digest)
    assert path is not None
    assert path.samefile(source)
    assert stat.S_IMODE(source.stat().st_mode) == 0o444
    assert files_below(cache.root) == [path]


def test_linking_a_file_twice_leaves_no_third_name(cache, source):
    cache.add_file(source, link=True)
    cache.add_file(source, link=True)
    assert source.stat().st_nlink == 2


def test_a_link_to_bytes_that_are_here_leaves_the_source_alone(cache, source):
    cache.add_bytes(DATA)
    cache.add_file(source, link=True)
    assert source.stat().st_nlink == 1
    assert source.stat().st_mode & stat.S_IWUSR


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_where_no_link_can_be_made_a_copy_is(cache, source, monkeypatch, number):
    def link(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)
    assert cache.add_file(source, link=True) == REF
    path = cache.path(REF.digest)
    assert path is not None
    assert not path.samefile(source)


@pytest.mark.parametrize(
    "number", [errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM]
)
def test_where_no_clone_can_be_made_a_copy_is(cache, source, monkeypatch, number):
    refuse_clones(monkeypatch, number)
    assert cache.add_file(source) == REF
    assert held(cache) == {REF.digest: DATA}


def test_a_full_disk_is_no_reason_to_copy(cache, source, monkeypatch):
    refuse_clones(monkeypatch, errno.ENOSPC)
    with pytest.raises(OSError, match="No space"):
        cache.add_file(source)
    assert files_below(cache.root) == []


@pytest.mark.parametrize("link", [False, True])
def test_a_clone_is_preferred_and_hashed_itself(cache, source, cloning_disk, link):
    assert cache.add_file(source, link=link) == REF
    assert cloning_disk == [FICLONE]
    assert source.stat().st_nlink == 1
    assert source.stat().st_mode & stat.S_IWUSR
    assert held(cache) == {REF.digest: DATA}


def test_the_digest_is_that_of_the_clone_and_not_of_the_source(cache, source, monkeypatch):
    def ioctl(target, request, clone_of):
        return os.pwrite(target, b"a moment's picture", 0)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    ref = cache.add_file(source)
    assert held(cache) == {ref.digest: b"a moment's picture"}
    assert ref == BlobRef(blake3(b"a moment's picture").hexdigest(), 18)


# Many at once


def test_many_files_come_back_in_order(cache, tmp_path):
    sources = []
    for number in range(600):
        path = tmp_path / f"{number}"
        path.write_bytes(b"%d" % (number % 400))
        sources.append(path)
    refs = list(cache.add_files(sources))
    assert [bytes_of(cache, ref.digest) for ref in refs] == [path.read_bytes() for path in sources]
    assert len(list(cache.digests())) == 400
    assert list((cache.root / "tmp").iterdir()) == []


def test_what_is_yielded_is_visible(cache, tmp_path):
    paths = [tmp_path / f"{number}" for number in range(5)]
    for path in paths:
        path.write_text(path.name)
    for ref in cache.add_files(paths):
        assert cache.has(ref.digest)


def test_a_bad_file_among_many_comes_after_the_good_ones_before_it(cache, source, tmp_path):
    refs = cache.add_files([source, tmp_path / "nothing", source])
    assert next(refs) == REF
    with pytest.raises(FileNotFoundError):
        next(refs)
    assert files_below(cache.root) == [cache.path(REF.digest)]


def test_no_files_are_no_work(cache):
    assert list(cache.add_files([])) == []


# Big files


def test_a_sparse_file_is_hashed_with_its_holes(cache, tmp_path):
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(64 << 20)
    assert cache.add_file(sparse) == BlobRef(blake3(bytes(64 << 20)).hexdigest(), 64 << 20)


@pytest.mark.slow
def test_more_than_four_gibibytes_are_one_blob(cache, tmp_path):
    size = (4 << 30) + 1
    sparse = tmp_path / "big"
    with sparse.open("wb") as file:
        file.truncate(size)
    ref = cache.add_file(sparse, link=True)
    hasher, zeros = blake3(), bytes(1 << 20)
    for _ in range(4 << 10):
        hasher.update(zeros)
    hasher.update(b"\0")
    assert ref == BlobRef(hasher.hexdigest(), size)
    assert cache.size(ref.digest) == size


def test_large_files_are_published_before_the_next_are_read(cache, tmp_path, monkeypatch):
    monkeypatch.setattr("localloop.blobs.cache.GROUP_BYTES", 10)
    files = [tmp_path / str(number) for number in range(5)]
    for number, path in enumerate(files):
        path.write_bytes(bytes([number]) * 6)
    coming = cache.add_files(files)
    seen = [next(coming)]
    assert len(files_below(cache.root)) == 2
    assert len([*seen, *coming]) == 5
    assert len(files_below(cache.root)) == 5
