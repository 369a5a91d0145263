"""What every adapter of the ``Blobs`` port keeps: a subclass gives ``blobs``, empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from blake3 import blake3

from localloop_sync.errors import PermanentError, TransientError
from localloop_sync.ports import Blobs

DATA = bytes(range(256)) * 40


def name_of(data: bytes) -> str:
    return blake3(data).hexdigest()


class Content:
    """A chunk source over bytes that notes from where it was read and can break off."""

    def __init__(self, data: bytes = DATA, *, step: int = 1000, stop: int | None = None) -> None:
        self.data, self.step, self.stop = data, step, stop
        self.offsets: list[int] = []
        self.failure: Exception | None = None

    def __call__(self, offset: int) -> Iterator[bytes]:
        self.offsets.append(offset)
        end = len(self.data) if self.stop is None else self.stop
        for start in range(offset, end, self.step):
            yield self.data[start : min(start + self.step, end)]
        if self.failure is not None:
            raise self.failure


class BlobsContract:
    """The suite."""

    @pytest.fixture
    def blobs(self) -> Blobs:
        """The adapter under test."""
        raise NotImplementedError

    def read(self, blobs: Blobs, digest: str) -> bytes:
        path = blobs.path(digest)
        assert path is not None
        return path.read_bytes()

    def test_a_digest_that_is_not_here_has_no_path(self, blobs):
        assert blobs.path(name_of(b"never seen")) is None

    def test_what_is_kept_is_what_was_put_in(self, blobs):
        digest = blobs.fetch("item", len(DATA), Content())
        assert blobs.keeps(digest)
        assert not blobs.keeps(name_of(b"never seen"))
        assert not blobs.keeps("no digest")

    @pytest.mark.parametrize("text", ["", "ab", "../../etc/passwd", "G" * 64, "A" * 64, "tmp"])
    def test_text_that_is_no_digest_has_no_path(self, blobs, text):
        assert blobs.path(text) is None

    @pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, len(DATA)])
    def test_a_fetch_takes_the_content_whole_under_its_digest(self, blobs, size):
        digest = blobs.fetch("item", size, Content(DATA[:size]))
        assert digest == name_of(DATA[:size])
        assert self.read(blobs, digest) == DATA[:size]

    def test_a_source_is_read_from_its_start_at_first(self, blobs):
        content = Content()
        blobs.fetch("item", len(DATA), content)
        assert content.offsets == [0]

    def test_nothing_is_asked_for_when_nothing_is_missing(self, blobs):
        content = Content(b"")
        blobs.fetch("empty", 0, content)
        assert content.offsets == []

    def test_empty_chunks_mean_nothing(self, blobs):
        digest = blobs.fetch("item", 4, lambda offset: iter([b"", b"ab", b"", b"cd", b""]))
        assert self.read(blobs, digest) == b"abcd"

    def test_content_that_comes_short_is_resumed_where_it_ended(self, blobs):
        content = Content(stop=2500)
        with pytest.raises(TransientError):
            blobs.fetch("item", len(DATA), content)
        content.stop = None
        digest = blobs.fetch("item", len(DATA), content)
        assert content.offsets == [0, 2500]
        assert self.read(blobs, digest) == DATA

    def test_short_content_is_not_visible(self, blobs):
        with pytest.raises(TransientError):
            blobs.fetch("item", len(DATA), Content(stop=2500))
        assert blobs.path(name_of(DATA)) is None
        assert blobs.path(name_of(DATA[:2500])) is None

    def test_an_error_of_the_source_passes_through_and_keeps_the_part(self, blobs):
        content = Content(stop=3000)
        content.failure = ConnectionResetError("gone")
        with pytest.raises(ConnectionResetError):
            blobs.fetch("item", len(DATA), content)
        content.stop, content.failure = None, None
        assert blobs.fetch("item", len(DATA), content) == name_of(DATA)
        assert content.offsets == [0, 3000]

    def test_a_source_that_cannot_be_opened_changes_nothing(self, blobs):
        def closed(offset: int) -> Iterator[bytes]:
            raise TransientError("no link")

        with pytest.raises(TransientError, match="no link"):
            blobs.fetch("item", len(DATA), closed)
        content = Content()
        assert blobs.fetch("item", len(DATA), content) == name_of(DATA)
        assert content.offsets == [0]

    def test_a_download_may_take_many_tries(self, blobs):
        content = Content(step=100)
        for stop in range(1000, len(DATA), 1000):
            content.stop = stop
            with pytest.raises(TransientError):
                blobs.fetch("item", len(DATA), content)
        content.stop = None
        assert blobs.fetch("item", len(DATA), content) == name_of(DATA)
        assert content.offsets == list(range(0, len(DATA), 1000))

    def test_content_longer_than_said_is_refused_for_good(self, blobs):
        with pytest.raises(PermanentError):
            blobs.fetch("item", 5000, Content())
        assert blobs.path(name_of(DATA[:5000])) is None
        again = Content(DATA[:5000])
        assert blobs.fetch("item", 5000, again) == name_of(DATA[:5000])
        assert again.offsets == [0]

    def test_a_resumed_download_that_gets_too_long_starts_afresh_next_time(self, blobs):
        with pytest.raises(TransientError):
            blobs.fetch("item", len(DATA), Content(stop=2000))
        with pytest.raises(TransientError):  # the source ignores the offset
            blobs.fetch("item", len(DATA), lambda offset: iter([DATA]))
        assert blobs.fetch("item", len(DATA), lambda offset: iter([DATA])) == name_of(DATA)

    def test_the_same_key_with_another_size_is_other_content(self, blobs):
        with pytest.raises(TransientError):
            blobs.fetch("item", len(DATA), Content(stop=2000))
        other = Content(DATA[::-1][:3000])
        assert blobs.fetch("item", 3000, other) == name_of(other.data)
        assert other.offsets == [0]

    def test_keys_do_not_share_parts(self, blobs):
        with pytest.raises(TransientError):
            blobs.fetch("first", len(DATA), Content(stop=2000))
        other = Content(DATA[::-1])
        assert blobs.fetch("second", len(DATA), other) == name_of(other.data)
        assert other.offsets == [0]

    @pytest.mark.parametrize(
        "key", ["", "../../up", "/etc/passwd", "a b", "фото/日本 .jpg", "k" * 5000, "\ud800", "nul\0"]
    )
    def test_any_text_is_a_key(self, blobs, key):
        with pytest.raises(TransientError):
            blobs.fetch(key, 6, Content(b"abcdef", stop=3))
        content = Content(b"abcdef")
        assert blobs.fetch(key, 6, content) == name_of(b"abcdef")
        assert content.offsets == [3]

    def test_equal_content_under_two_keys_has_one_digest(self, blobs):
        first = blobs.fetch("first", len(DATA), Content())
        assert blobs.fetch("second", len(DATA), Content()) == first

    def test_a_finished_fetch_leaves_no_part(self, blobs):
        blobs.fetch("item", len(DATA), Content())
        content = Content()
        blobs.fetch("item", len(DATA), content)
        assert content.offsets == [0]

    def test_a_negative_size_is_an_error_of_the_caller(self, blobs):
        with pytest.raises(ValueError, match="negative"):
            blobs.fetch("item", -1, Content())
