"""The cache on disk keeps the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from localloop.blobs import BlobCache
from localloop_sync.ports import Blobs
from tests.contract.blobs_contract import BlobsContract


class TestBlobCache(BlobsContract):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Blobs:
        return BlobCache(tmp_path / "blobs")
