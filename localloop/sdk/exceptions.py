"""The errors of the SDK under the names that scripts catch: ``dl.exceptions.NotFound`` and so on."""

from __future__ import annotations

from localloop.errors import (
    AuthError,
    BadRequest,
    BlobMissingError,
    Conflict,
    Forbidden,
    LocalLoopError,
    NotFound,
    OfflineError,
    PlatformError,
    Unauthorized,
    UnprocessableEntity,
)

#: What scripts call the root of what a platform answers.
PlatformException = PlatformError

__all__ = [
    "AuthError",
    "BadRequest",
    "BlobMissingError",
    "Conflict",
    "Forbidden",
    "LocalLoopError",
    "NotFound",
    "OfflineError",
    "PlatformError",
    "PlatformException",
    "Unauthorized",
    "UnprocessableEntity",
]
