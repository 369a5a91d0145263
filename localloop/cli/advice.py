"""What went wrong, what to do next, and the exit code: one function for every error."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from enum import IntEnum
from errno import EADDRINUSE, EDQUOT, EFBIG, ENOSPC
from typing import Any

import typer

from localloop.errors import Halt, LocalLoopError, LockedError, MassDeletionHalt, StoreDamagedError
from localloop_schema.sqlite import room

#: How many names a message lists before it says "and so many more".
LISTED = 20

#: What SQLite says of a file that is no database, or no longer one (the low byte of its extended codes).
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

#: What the system says when a disk, a quota or the largest allowed size is full.
_FULL = frozenset({ENOSPC, EDQUOT, EFBIG})
_MAKE_ROOM = "Make room, and run it again: what was done is kept, and what was not goes on."


class ExitCode(IntEnum):
    """What the program says when it ends. :data:`EXIT_CODES` has a sentence for each."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICTS = 4
    OFFLINE = 5
    AUTH = 6
    HALTED = 7
    LOCKED = 8
    PARTIAL = 9
    TOO_NEW = 10
    DAMAGED = 11
    OTHER_ACCOUNT = 12
    STALE = 13
    INTERRUPTED = 130
    PIPE = 141


EXIT_CODES: dict[ExitCode, str] = {
    ExitCode.OK: "Everything was done.",
    ExitCode.ERROR: "Something went wrong that has no code of its own.",
    ExitCode.USAGE: "The command line, or a value in it, makes no sense.",
    ExitCode.NOT_FOUND: "There is no such store, entity or file.",
    ExitCode.CONFLICTS: "The sync is done, but conflicts are open: `localloop conflicts`.",
    ExitCode.OFFLINE: "The platform cannot be reached or has trouble. The next sync goes on.",
    ExitCode.AUTH: "Nobody is logged in, or the platform no longer accepts the token: `localloop login`.",
    ExitCode.HALTED: "Going on would delete much. Nothing was deleted.",
    ExitCode.LOCKED: "Another process is syncing this store.",
    ExitCode.PARTIAL: "The rest was done, but something was refused or did not get through: `localloop status`.",
    ExitCode.TOO_NEW: "A newer version of the program wrote the store. It was left untouched.",
    ExitCode.DAMAGED: "The store breaks an invariant, or cannot be read: `localloop fsck`.",
    ExitCode.OTHER_ACCOUNT: "The store belongs to another account than the one that is logged in.",
    ExitCode.STALE: "The last complete sync is longer ago than `localloop status --max-age` allows.",
    ExitCode.INTERRUPTED: "Stopped with Ctrl-C or SIGTERM. Nothing is lost.",
    ExitCode.PIPE: "Whoever read the output went away (`| head`).",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """An error, as it is shown.

    Attributes:
        code: The exit code.
        message: What is wrong, as one sentence.
        advice: What to do next; empty when the message says it.
        details: What it is about, one line each.
        holder: Who syncs the store, where somebody else does.
    """

    code: int
    message: str
    advice: str = ""
    details: list[str] = field(default_factory=list)
    holder: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        told: dict[str, Any] = {"code": self.code, "message": self.message, "advice": self.advice}
        if self.details:
            told["details"] = self.details
        if self.holder:
            told["holder"] = self.holder
        return {"error": told}

    def to_text(self) -> str:
        """What a person reads."""
        lines = [f"Error: {self.message}"]
        lines += [f"  {line}" for line in self.details[:LISTED]]
        if len(self.details) > LISTED:
            lines.append(f"  and {len(self.details) - LISTED} more")
        return "\n".join([*lines, *([self.advice] if self.advice else [])])


def advise(error: BaseException) -> Advice:
    """Turn an error into what is shown and the exit code.

    Args:
        error: Any error; one that nobody foresaw becomes a short sentence.
    """
    if isinstance(error, LocalLoopError):
        return _foreseen(error)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return Advice(ExitCode.INTERRUPTED, "Stopped.", "Nothing is lost; run it again to go on.")
    if hasattr(error, "format_message"):  # a usage error of the parser, whichever version of it
        return _usage(error)
    database = error if isinstance(error, sqlite3.Error) else getattr(error, "orig", None)
    if isinstance(database, sqlite3.Error):
        return _database(database)
    if isinstance(error, OSError) and error.strerror:
        return _system(error)
    return Advice(
        ExitCode.ERROR,
        f"Something unforeseen happened: {type(error).__name__}: {error}",
        "Run the command again with --debug to see where.",
    )


def _system(error: OSError) -> Advice:
    """What the operating system refused."""
    if error.errno == EADDRINUSE:
        return Advice(
            ExitCode.ERROR,
            "Something else listens at this address and port already.",
            "Stop that, or choose another port with --port; 0 takes a free one.",
        )
    if error.errno in _FULL:
        where = f" ({error.filename})" if error.filename is not None else ""
        return Advice(ExitCode.ERROR, f"There is no room left to write: {error.strerror}{where}.", _MAKE_ROOM)
    missing = isinstance(error, FileNotFoundError)
    where = f": {error.filename}" if error.filename is not None else ""
    return Advice(ExitCode.NOT_FOUND if missing else ExitCode.ERROR, f"{error.strerror}{where}.")


def _foreseen(error: LocalLoopError) -> Advice:
    details = list(error.entities) if isinstance(error, MassDeletionHalt) else []
    holder = error.holder if isinstance(error, LockedError) else None
    return Advice(error.exit_code, error.message, error.advice or _next_step(error), details, holder)


def _next_step(error: LocalLoopError) -> str:
    """What to do about errors that come without advice, by their exit code."""
    if isinstance(error, Halt):
        return "`localloop sync --dry-run` shows what would be done."
    return {
        ExitCode.OFFLINE: "What was done is kept; run it again when the platform can be reached.",
        ExitCode.AUTH: "Log in: `localloop login`.",
        ExitCode.DAMAGED: "`localloop fsck` looks for damage.",
    }.get(ExitCode(error.exit_code), "")


def _usage(error: Any) -> Advice:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "localloop"
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help
        return Advice(ExitCode.USAGE, f"`{command}` needs a command.", f"See `{command} --help`.")
    return Advice(ExitCode.USAGE, error.format_message(), f"See `{command} --help`.")


def _database(error: sqlite3.Error) -> Advice:
    code = getattr(error, "sqlite_errorcode", None) or 0
    if code & 0xFF in _DAMAGE:
        damaged = StoreDamagedError("The store's database is damaged.")
        return Advice(damaged.exit_code, damaged.message, "Restore it from a copy, or clone again.")
    return Advice(ExitCode.ERROR, f"The store's database cannot be used: {error}.", room(error))
