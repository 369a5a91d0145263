"""Whatever is done in whatever order, names are digests and what is visible is whole."""

from __future__ import annotations

import shutil
import stat
import tempfile
from pathlib import Path

from blake3 import blake3
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from localloop.blobs import BlobCache
from localloop.errors import TransientError

#: A small world of bytes, so that equal ones meet often.
CONTENT = st.one_of(st.binary(max_size=8), st.sampled_from([0, 5000, 70_000]).map(bytes))


class CacheMachine(RuleBasedStateMachine):
    """A cache beside a dictionary that says what must be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.cache = BlobCache(self.directory / "blobs")
        self.model: dict[str, bytes] = {}
        self.parts: dict[bytes, int] = {}
        self.files = 0

    def teardown(self) -> None:
        shutil.rmtree(self.directory)

    def file(self, data: bytes) -> Path:
        self.files += 1
        path = self.directory / f"файл {self.files}"
        path.write_bytes(data)
        return path

    def expect(self, digest: str, data: bytes) -> None:
        assert digest == blake3(data).hexdigest()
        self.model[digest] = data

    @rule(data=CONTENT)
    def add_bytes(self, data: bytes) -> None:
        ref = self.cache.add_bytes(data)
        assert ref.size == len(data)
        self.expect(ref.digest, data)

    @rule(data=CONTENT, link=st.booleans())
    def add_file(self, data: bytes, *, link: bool) -> None:
        self.expect(self.cache.add_file(self.file(data), link=link).digest, data)

    @rule(contents=st.lists(CONTENT, max_size=5))
    def add_files(self, contents: list[bytes]) -> None:
        refs = list(self.cache.add_files([self.file(data) for data in contents]))
        for ref, data in zip(refs, contents, strict=True):
            self.expect(ref.digest, data)

    @rule(chunks=st.lists(st.binary(max_size=8)))
    def add_stream(self, chunks: list[bytes]) -> None:
        self.expect(self.cache.add_stream(chunks).digest, b"".join(chunks))

    @rule(data=CONTENT, stop=st.integers(0, 80_000))
    def fetch(self, data: bytes, stop: int) -> None:
        start = self.parts.get(data, 0)
        end = max(start, min(stop, len(data)))
        try:
            digest = self.cache.fetch(data.hex(), len(data), lambda offset: iter([data[offset:end]]))
        except TransientError:
            assert end < len(data)
            self.parts[data] = end
        else:
            self.expect(digest, data)
            self.parts.pop(data, None)

    @rule(pick=st.randoms(use_true_random=False))
    def remove(self, pick) -> None:
        if self.model:
            digest = pick.choice(sorted(self.model))
            assert self.cache.remove(digest)
            del self.model[digest]

    @rule()
    def open_again(self) -> None:
        self.cache = BlobCache(self.cache.root)

    @rule()
    def verify(self) -> None:
        assert list(self.cache.verify()) == []

    @rule(pick=st.randoms(use_true_random=False))
    def export(self, pick) -> None:
        if self.model:
            digest = pick.choice(sorted(self.model))
            self.cache.export(digest, self.directory / "exported")
            assert (self.directory / "exported").read_bytes() == self.model[digest]

    @invariant()
    def holds_exactly_what_was_added(self) -> None:
        assert list(self.cache.digests()) == sorted(self.model)
        for digest, data in self.model.items():
            path = self.cache.path(digest)
            assert path is not None
            assert path.read_bytes() == data
            assert stat.S_IMODE(path.stat().st_mode) == 0o444

    @invariant()
    def leaves_nothing_behind(self) -> None:
        assert list((self.cache.root / "tmp").iterdir()) == []
        assert list((self.cache.root / "broken").iterdir()) == []
        unfinished = {data for data in self.parts if data}
        assert len(list((self.cache.root / "partial").iterdir())) >= len(unfinished)


TestCacheMachine = CacheMachine.TestCase
TestCacheMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
