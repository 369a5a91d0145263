"""The cache in memory keeps the contract."""

from __future__ import annotations

import pytest

from localloop.testing.blobs import MemoryBlobs
from localloop_sync.ports import Blobs
from tests.contract.blobs_contract import BlobsContract


class TestMemoryBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self) -> Blobs:
        return MemoryBlobs()

    def test_a_removed_blob_is_gone_with_its_file(self):
        blobs = MemoryBlobs()
        digest = blobs.add_bytes(b"abc")
        path = blobs.path(digest)
        assert path is not None
        assert blobs.digests() == [digest]
        assert blobs.remove(digest)
        assert not blobs.remove(digest)
        assert not path.exists()
        assert blobs.path(digest) is None
