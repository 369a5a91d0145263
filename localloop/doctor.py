"""What a machine and a store need to work, examined without changing anything.

Every check stands alone: one that cannot be made says so, and stops no other.
"""

from __future__ import annotations

import json
import platform
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from localloop import config
from localloop._version import __version__
from localloop.errors import LocalLoopError
from localloop.mounts import MOUNTS, is_remote, kind_of
from localloop.owner import Owner
from localloop.platform import CredentialStore, system_keyring
from localloop.platform.faults import ENCRYPTION, TRUST
from localloop.platform.tokens import Token
from localloop.platform.transport import Transport
from localloop_schema import migrate
from localloop_schema.session import DATABASE
from localloop_schema.sqlite import peek
from localloop_sync.drivers.lock import holder_of
from localloop_sync.errors import TransientError

_GIB: Final = 1 << 30
_MIB: Final = 1 << 20

#: Less room than this is worth a word, and less than that is trouble; in bytes.
_LITTLE: Final = 2 * _GIB
_TOO_LITTLE: Final = 200 * _MIB

#: A write-ahead log as large as this has not been emptied for long: somebody reads for hours, or was killed.
_LONG_LOG: Final = 512 * _MIB

#: How wrong a clock may be, in seconds: a sync does with a day, but tokens and certificates do with less.
_OFF: Final = 60.0
_WRONG: Final = 3600.0

#: Fewer watches than this do not reach for a large folder.
_WATCHES: Final = 65536

_INOTIFY: Final = Path("/proc/sys/fs/inotify")


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        check: What was looked at.
        level: How it ended.
        text: What was found.
        advice: What to do about it; empty where nothing is to be done.
    """

    check: str
    level: Level
    text: str
    advice: str = ""

    def to_json(self) -> dict[str, str]:
        """The object that ``--json`` prints."""
        return {"check": self.check, "level": self.level.value, "text": self.text, "advice": self.advice}


@dataclass(frozen=True, slots=True)
class Machine:
    """What is examined, and where the system tells of itself.

    Attributes:
        store: The store's directory; there need not be a store.
        credentials: Where the tokens are.
        connect: Makes a connection to a gate; None leaves out what needs the network.
        mounts: The system's list of mounted file systems.
        inotify: The system's limits of watches.
        now: The time in seconds since the epoch.
    """

    store: Path
    credentials: CredentialStore
    connect: Callable[[str], Transport] | None
    mounts: Path = MOUNTS
    inotify: Path = _INOTIFY
    now: Callable[[], float] = time.time


def examine(machine: Machine) -> Iterator[Finding]:
    """Make all checks, one after the other.

    Args:
        machine: What is examined.

    Yields:
        What each found.
    """
    settings: dict[str, Any] = {}
    checks: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("program", _program),
        ("store", lambda: _store(machine, settings)),
        ("disk space", lambda: _space(machine)),
        ("file system", lambda: _file_system(machine)),
        ("file events", lambda: _events(machine)),
        ("secrets", lambda: _secrets(machine)),
        ("log-in", lambda: _login(machine, settings)),
        ("platform", lambda: _platform(machine, settings)),
    ]
    for name, check in checks:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
            said = error.message if isinstance(error, LocalLoopError) else f"{type(error).__name__}: {error}"
            yield Finding(name, Level.UNKNOWN, said, getattr(error, "advice", "") or "")


def _program() -> Iterator[Finding]:
    versions = f"localloop {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    yield Finding("program", Level.OK, f"{versions} on {platform.system()} {platform.release()}")


def _store(machine: Machine, settings: dict[str, Any]) -> Iterator[Finding]:
    database = machine.store / DATABASE
    if not database.is_file():
        advice = "Make one with `localloop init` or `localloop clone`."
        yield Finding("store", Level.NOTE, f"There is no store in {machine.store}.", advice)
        return
    version, told = peek(database, _look)
    settings.update(told)
    if version == migrate.head():
        yield Finding("store", Level.OK, f"{machine.store}, schema {version}")
    else:
        text = f"{machine.store} has schema {version}, and this program writes {migrate.head()}."
        advice = "The next command that opens it brings an older one up to date; a newer one needs a newer program."
        yield Finding("store", Level.NOTE, text, advice)
    log = database.with_name(f"{DATABASE}-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > _LONG_LOG:
        text = f"The write-ahead log has grown to {size // _MIB} MiB: some process reads the store for very long."
        yield Finding("store", Level.NOTE, text, "End that process; the log is emptied by the next command.")
    holder = holder_of(machine.store)
    if holder is not None:
        yield Finding("store", Level.OK, f"{holder} is syncing it.")


def _look(connection: sqlite3.Connection) -> tuple[str, dict[str, Any]]:
    [(version,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    rows = connection.execute("SELECT key, value FROM settings").fetchall()
    return str(version), {key: json.loads(value) for key, value in rows if value is not None}


def _space(machine: Machine) -> Iterator[Finding]:
    place = _existing(machine.store)
    free = shutil.disk_usage(place).free
    level = Level.PROBLEM if free < _TOO_LITTLE else Level.NOTE if free < _LITTLE else Level.OK
    advice = "Make room, or free files that the platform has: `localloop free`, `localloop cache quota`."
    text = f"{free / _GIB:.1f} GiB free at {place}"
    yield Finding("disk space", level, text, "" if level is Level.OK else advice)


def _file_system(machine: Machine) -> Iterator[Finding]:
    if not machine.mounts.exists():
        yield Finding(
            "file system", Level.UNKNOWN, "This system does not tell which file systems it has mounted."
        )
        return
    place = _existing(machine.store).resolve()
    kind = kind_of(machine.mounts.read_text(encoding="utf-8"), place)
    if is_remote(kind):
        text = f"The store is on {kind}, a file system of another machine or program."
        advice = "Keep the store on a disk of this machine: SQLite's locks and file events need one."
        yield Finding("file system", Level.PROBLEM, text, advice)
    else:
        yield Finding("file system", Level.OK, f"The store is on {kind}.")


def _events(machine: Machine) -> Iterator[Finding]:
    limit = machine.inotify / "max_user_watches"
    if not limit.exists():
        yield Finding(
            "file events", Level.UNKNOWN, "This system does not tell how many folders may be watched."
        )
        return
    watches = int(limit.read_text(encoding="ascii"))
    if watches >= _WATCHES:
        yield Finding("file events", Level.OK, f"{watches:,} folders may be watched.")
    else:
        advice = f"Raise it: `sudo sysctl fs.inotify.max_user_watches={8 * _WATCHES}`."
        yield Finding("file events", Level.NOTE, f"Only {watches:,} folders may be watched.", advice)


def _secrets(machine: Machine) -> Iterator[Finding]:
    if not config.keyring_allowed():
        yield Finding("secrets", Level.OK, "Tokens are kept in a file, as $LOCALLOOP_NO_KEYRING says.")
    elif system_keyring() is None:
        text = "There is no keyring here, so tokens are kept in a file that only you can read."
        yield Finding("secrets", Level.NOTE, text)
    else:
        yield Finding("secrets", Level.OK, "Tokens are kept in the system's keyring.")
    path = machine.credentials.path
    if path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            text = f"Others can read {path} (mode {mode:04o}), which has tokens in it."
            yield Finding("secrets", Level.PROBLEM, text, f"`chmod 600 {path}`, and log in anew.")


def _login(machine: Machine, settings: Mapping[str, Any]) -> Iterator[Finding]:
    gate = _gate(settings)
    who = Owner.of(settings).account
    found = machine.credentials.load(gate, who)
    if found is None:
        level = Level.PROBLEM if who else Level.NOTE
        text = f"{who} is not logged in at {gate}." if who else f"Nobody is logged in at {gate}."
        yield Finding("log-in", level, text, f"`localloop login --gate {gate}`")
        return
    token = Token.read(found.token)
    left = 0.0 if token is None else token.expires - machine.now()
    if left > 0:
        yield Finding("log-in", Level.OK, f"{found.email} at {gate}, for another {left / 3600:.1f} h")
    elif found.refresh_token:
        yield Finding("log-in", Level.OK, f"{found.email} at {gate}; the token is renewed at the next sync")
    else:
        text = f"The token of {found.email} at {gate} has ended."
        yield Finding("log-in", Level.PROBLEM, text, f"`localloop login --gate {gate}`")


def _platform(machine: Machine, settings: Mapping[str, Any]) -> Iterator[Finding]:
    if machine.connect is None:
        return
    gate = _gate(settings)
    transport = machine.connect(gate)
    began = machine.now()
    try:
        transport.send("GET", "/", stream=True).close()
    except LocalLoopError as error:
        if not transport.told:  # an answer of any kind is an answer
            advice = getattr(error, "advice", "") or "Work goes on offline, and reaches it with a later sync."
            # To be offline is no problem, but a certificate that is not trusted stays so.
            passes = isinstance(error, TransientError) and error.advice not in {TRUST, ENCRYPTION}
            level = Level.NOTE if passes else Level.PROBLEM
            yield Finding("platform", level, error.message, advice)
            return
    finally:
        transport.close()
    ended = machine.now()
    yield Finding("platform", Level.OK, f"{gate} answers after {1000 * (ended - began):.0f} ms.")
    if not transport.told:
        return
    off = datetime.fromisoformat(transport.told).timestamp() - (began + ended) / 2
    if abs(off) <= _OFF:
        yield Finding("clock", Level.OK, "This machine's clock agrees with the platform's.")
        return
    level = Level.PROBLEM if abs(off) > _WRONG else Level.NOTE
    text = f"This machine's clock is {abs(off):.0f} s {'behind' if off > 0 else 'ahead of'} the platform's."
    yield Finding("clock", level, text, "Let the system set it: `timedatectl set-ntp true`.")


def _gate(settings: Mapping[str, Any]) -> str:
    return str(Owner.of(settings).gate or config.default_gate())


def _existing(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())
