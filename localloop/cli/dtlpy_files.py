"""What dtlpy reads to find a server, and the lines that name it (docs/platform/wire.md, 1.1)."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localloop.errors import BadRequest
from localloop.server.accounts_file import write_private

#: The name that dtlpy knows the server by.
ALIAS = "localloop"
COOKIE = "cookie.json"


@dataclass(frozen=True, slots=True)
class Server:
    """Where dtlpy is to go, and as whom.

    Attributes:
        gate: The server's URL.
        key_file: The gateway's key; None on a hub, where scripts log in with a password.
    """

    gate: str
    key_file: Path | None

    @property
    def api(self) -> str:
        """The API base."""
        return f"{self.gate}/api/v1"

    def shell(self, directory: Path) -> list[str]:
        """The lines of a shell after which dtlpy finds the server by the cookie in a directory."""
        return [f"export DATALOOP_PATH={shlex.quote(str(directory))}"]

    def python(self) -> list[str]:
        """The lines of a script after which dtlpy knows the server. They hold no secret."""
        head = [
            "import dtlpy as dl",
            *(["from pathlib import Path"] if self.key_file else ["from getpass import getpass"]),
        ]
        environment = [
            f'dl.add_environment(environment="{self.api}", gate_url="{self.gate}",',
            f'                   url="{self.gate}/", alias="{ALIAS}", verify_ssl=True)',
            f'dl.setenv("{ALIAS}")',
        ]
        if self.key_file:
            path = json.dumps(str(self.key_file))
            return [*head, *environment, f"dl.login_token(Path({path}).read_text().strip())"]
        login = 'dl.login_m2m(email="you@example.com", password=getpass())'
        return [*head, *environment, login]


def cookie_in(directory: Path) -> Path:
    """Where dtlpy's cookie is in a directory that ``DATALOOP_PATH`` names."""
    return directory / COOKIE


def write_cookie(
    directory: Path, server: Server, tokens: dict[str, str] | None, *, backup: bool
) -> Path | None:
    """Make a server the one that dtlpy goes to; what else the cookie says stays.

    Args:
        directory: Where the cookie is; made, for its owner alone, when it is not there.
        server: Where to go.
        tokens: ``token`` and ``refresh`` of who is logged in then; None for nobody.
        backup: Whether what is there is copied first.

    Returns:
        The copy; None when there is none.

    Raises:
        BadRequest: What is there is no cookie of dtlpy's.
    """
    path = cookie_in(directory)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = _content(path)
    copy = _copied(path) if backup and path.exists() else None
    environments = content.setdefault("login_parameters", {})
    # An alias names one environment, and this one may have been at another port.
    for url in [url for url, one in environments.items() if one.get("alias") == ALIAS]:
        del environments[url]
    environments[server.api] = {
        "alias": ALIAS,
        "gate_url": server.gate,
        "url": f"{server.gate}/",
        "verify_ssl": True,
        "audience": None,
        "client_id": None,
        "auth0_url": None,
        "token": tokens["token"] if tokens else None,
        "refresh_token": tokens["refresh"] if tokens else None,
    }
    content["url"] = server.api
    write_private(path, json.dumps(content, indent=4))
    return copy


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes() or b"{}")
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise BadRequest("400", f"{path} is not a cookie of dtlpy's; it was left alone.") from error
    environments = content.get("login_parameters", {}) if isinstance(content, dict) else None
    if not isinstance(environments, dict) or not all(isinstance(one, dict) for one in environments.values()):
        raise BadRequest("400", f"{path} is not a cookie of dtlpy's; it was left alone.")
    return dict(content)


def _copied(path: Path) -> Path:
    """A copy beside a file, under a name that is free; readable by its owner alone."""
    data = path.read_bytes()
    number = 0
    while True:
        copy = path.with_name(f"{path.name}.before-localloop{f'-{number}' if number else ''}")
        try:
            descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        return copy
