"""The content-addressed cache: immutable bytes named by their BLAKE3 digest."""

from __future__ import annotations

from localloop.blobs.cache import BlobCache
from localloop.blobs.layout import BlobRef
from localloop.blobs.verify import BrokenBlob

__all__ = ["BlobCache", "BlobRef", "BrokenBlob"]
