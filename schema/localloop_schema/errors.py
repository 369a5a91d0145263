"""The root of the error tree and the errors of opening a store.

The whole tree is drawn in :mod:`localloop.errors`; it grows from here because every package above may raise.
"""

from __future__ import annotations

from typing import ClassVar


class LocalLoopError(Exception):
    """Something a person can act on: one sentence, an exit code, and what to do next.

    Args:
        message: What is wrong, as one sentence.
        advice: What to do next, as one sentence or a command to type; empty when the message says it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class StoreError(LocalLoopError):
    """A store cannot be opened, read or written."""


class StoreNotFoundError(StoreError):
    """There is no store where one was expected."""

    exit_code = 3


class StoreExistsError(StoreError):
    """A store is already there, so none was made."""


class StoreTooNewError(StoreError):
    """The store was written by a newer program; it was left untouched."""

    exit_code = 10


class StoreDamagedError(StoreError):
    """The store's file is not a readable SQLite database, or breaks an invariant."""

    exit_code = 11
