"""The daemon as a service of this user: a unit of systemd, or an agent of launchd."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from blake3 import blake3

from localloop import config
from localloop.blobs.files import write_whole
from localloop.daemon.control import program
from localloop.errors import BadRequest, LocalLoopError

#: How long the service manager may take, in seconds.
_DONE_WITHIN: Final = 60.0

_UNIT: Final = """\
[Unit]
Description=LocalLoop: watch folders and sync {store}

[Service]
Type=notify
ExecStart={command}
{environment}Restart=on-failure
RestartSec=10
WatchdogSec=3min
TimeoutStartSec=2min
TimeoutStopSec=20
UMask=0077

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs the daemon of one store.

    Attributes:
        name: What the service manager calls it.
        path: Its file.
        text: What is in that.
        starting: The commands that have it run from now on.
        stopping: The commands that end that, before the file is removed.
        after: The commands after that.
        asking: The command that succeeds while it runs.
    """

    name: str
    path: Path
    text: str
    starting: Sequence[Sequence[str]]
    stopping: Sequence[Sequence[str]]
    after: Sequence[Sequence[str]]
    asking: Sequence[str]


def service_of(store: Path, system: str = sys.platform) -> Service:
    """The service of a store, on this system.

    Args:
        store: The store's directory.
        system: As :data:`sys.platform`.

    Raises:
        LocalLoopError: This system has no service manager that is known here.
        BadRequest: The path cannot be written into a unit.
    """
    mark = blake3(os.fsencode(store.absolute())).hexdigest(length=4)
    if system == "darwin":
        return _agent(store, f"io.localloop.{mark}")
    if system.startswith("linux"):
        return _unit(store, f"localloop-{mark}.service")
    raise LocalLoopError(
        f"There is no service manager for {system} that LocalLoop knows.",
        advice="Have your system run `localloop daemon run --background` when it starts.",
    )


def _command(store: Path) -> list[str]:
    return [*program(), "daemon", "run", "--background", "--store", str(store.absolute())]


def unit(store: Path, environment: Mapping[str, str]) -> str:
    """A unit of systemd (systemd.service(5)).

    Args:
        store: The store's directory.
        environment: What is set for it.

    Raises:
        BadRequest: A value has a line break or a control character in it.
    """
    words = [*_command(store), *environment.values()]
    if not all(word.isprintable() for word in words):
        raise BadRequest("400", "A unit cannot hold a path with a line break or a control character in it.")
    command = " ".join(_quoted(word).replace("$", "$$") for word in _command(store))
    told = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in environment.items())
    description = str(store).replace("%", "%%")
    return _UNIT.format(store=description, command=command, environment=told)


def _quoted(word: str) -> str:
    """A word as a unit has it: quoted, and without what a specifier would be taken for."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _unit(store: Path, name: str) -> Service:
    path = config.systemd_directory() / name
    manager = ("systemctl", "--user")
    return Service(
        name,
        path,
        unit(store, config.carried()),
        starting=((*manager, "daemon-reload"), (*manager, "enable", name), (*manager, "restart", name)),
        stopping=((*manager, "disable", "--now", name),),
        after=((*manager, "daemon-reload"),),
        asking=(*manager, "is-active", "--quiet", name),
    )


def _agent(store: Path, name: str) -> Service:
    path = config.launchd_directory() / f"{name}.plist"
    told = {
        "Label": name,
        "ProgramArguments": _command(store),
        "EnvironmentVariables": config.carried(),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ProcessType": "Background",
        "Umask": 0o077,
        "StandardErrorPath": str(store.absolute() / "daemon" / "daemon.err"),
    }
    domain = f"gui/{os.getuid()}"
    return Service(
        name,
        path,
        plistlib.dumps(told).decode(),
        starting=(("launchctl", "bootstrap", domain, str(path)),),
        stopping=(("launchctl", "bootout", f"{domain}/{name}"),),
        after=(),
        asking=("launchctl", "print", f"{domain}/{name}"),
    )


def write(service: Service) -> None:
    """Write a service's file, for its owner alone.

    Args:
        service: The service.

    Raises:
        OSError: It cannot be written.
    """
    service.path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(service.path, service.text, mode=0o600)


def carry_out(commands: Sequence[Sequence[str]]) -> str:
    """Run commands of the service manager, up to the first that fails.

    Args:
        commands: The commands.

    Returns:
        What went wrong; empty when nothing did.
    """
    for words in commands:
        path = shutil.which(words[0])
        if path is None:
            return f"There is no {words[0]} here."
        try:
            done = subprocess.run(  # noqa: S603 - the service manager's own program
                [path, *words[1:]], capture_output=True, text=True, timeout=_DONE_WITHIN, check=False
            )
        except subprocess.TimeoutExpired:
            return f"`{' '.join(words)}` did not end within {_DONE_WITHIN:.0f} s."
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            return said or f"`{' '.join(words)}` failed with exit code {done.returncode}."
    return ""
