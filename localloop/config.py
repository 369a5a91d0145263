"""Where things are on this machine. The only module that reads the environment and the home directory.

========================  ==============================================================================
``LOCALLOOP_STORE``       the store's directory
``LOCALLOOP_CONFIG``      the directory of the credential file
``LOCALLOOP_GATE``        the platform's root URL, when a store does not name its own
``LOCALLOOP_AUTHOR``      the e-mail that edits are recorded under in a store made on first use
``LOCALLOOP_NO_KEYRING``  when set, tokens go into a file (mode 0600) and never into the system's keyring
``LOCALLOOP_PASSWORD``    the password for ``login``, ``serve --user`` and ``user``, where nobody can be asked
``LOCALLOOP_API_KEY``     the API key for ``login --api-key``, where nobody can be asked
``NO_COLOR``              when set, nothing is coloured
``LOCALLOOP_LIMIT_RATE``  how many bytes of contents a second may pass, such as ``500k`` or ``2M``
``LOCALLOOP_WORKERS``     how many requests of a push may be under way at once at most
========================  ==============================================================================
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import platformdirs

from localloop.errors import BadRequest

#: The gate of the hosted platform.
PLATFORM_GATE: Final = "https://gate.dataloop.ai"

#: How many requests of a push may be under way at once when nobody says, and at most.
WORKERS: Final = 8
MOST_WORKERS: Final = 32

#: What may follow the number of a speed. Empty text stands for a unit that is left out.
_UNITS: Final = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9}

#: How many seconds a unit of time has.
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}

#: Settings that go along to where this environment is not.
_CARRIED: Final = (
    *("LOCALLOOP_CONFIG", "LOCALLOOP_NO_KEYRING", "LOCALLOOP_LIMIT_RATE", "LOCALLOOP_WORKERS"),
    *("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"),
    *("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),
)

#: The directory that makes its parent a place with a store of its own.
LOCAL_STORE: Final = ".localloop"

_DATABASE = "store.db"


def store_directory() -> Path:
    """The store to use when nobody names one.

    Returns:
        ``$LOCALLOOP_STORE``; else the nearest ``.localloop`` with a store in it, from the working directory up;
        else this user's own. There need not be a store yet.
    """
    named = os.environ.get("LOCALLOOP_STORE")
    if named:
        return Path(named).expanduser()
    return local_store(Path.cwd()) or Path(platformdirs.user_data_path("localloop")) / "store"


def local_store(start: Path) -> Path | None:
    """The nearest ``.localloop`` with a store in it, from a directory up; None when there is none."""
    for directory in (start, *start.parents):
        if (directory / LOCAL_STORE / _DATABASE).is_file():
            return directory / LOCAL_STORE
    return None


def config_directory() -> Path:
    """Where credentials are kept."""
    named = os.environ.get("LOCALLOOP_CONFIG")
    return Path(named).expanduser() if named else Path(platformdirs.user_config_path("localloop"))


def carried() -> dict[str, str]:
    """What is set now that a program needs that is started without this environment, such as by cron.

    Secrets are none of it, since everybody sees a command line: a proxy with a password in its URL is left out.
    """
    found = {name: value for name in _CARRIED if (value := os.environ.get(name)) and "@" not in value}
    if "LOCALLOOP_CONFIG" in found:
        found["LOCALLOOP_CONFIG"] = str(config_directory().absolute())
    return found


def systemd_directory() -> Path:
    """Where the units of this user's service manager are (systemd.unit(5))."""
    return Path(platformdirs.user_config_path("systemd")) / "user"


def launchd_directory() -> Path:
    """Where the agents of this user are on macOS (launchd.plist(5))."""
    return Path.home() / "Library" / "LaunchAgents"


def environment() -> dict[str, str]:
    """All that is set, for a program that is to run as this one does."""
    return dict(os.environ)


def downloads_directory() -> Path:
    """Where files are downloaded to when nobody names a place."""
    return Path(platformdirs.user_data_path("localloop")) / "downloads"


def dtlpy_home() -> Path:
    """Where dtlpy keeps its cookie when nobody names a place."""
    return Path.home() / ".dataloop"


def default_gate() -> str:
    """The gate of a store that names none."""
    return os.environ.get("LOCALLOOP_GATE") or PLATFORM_GATE


def gate_is_configured() -> bool:
    """Whether the environment names a gate."""
    return bool(os.environ.get("LOCALLOOP_GATE"))


def default_author() -> str | None:
    """The e-mail for a store that is made on first use; None when nobody said."""
    return os.environ.get("LOCALLOOP_AUTHOR") or None


def device_name() -> str:
    """This machine's name, for the log and for conflict copies."""
    return platform.node() or "device"


def keyring_allowed() -> bool:
    """Whether tokens may go into the system's keyring."""
    return not os.environ.get("LOCALLOOP_NO_KEYRING")


def password() -> str | None:
    """The password to log in with, where nobody can be asked."""
    return os.environ.get("LOCALLOOP_PASSWORD") or None


def api_key() -> str | None:
    """The API key to log in with, where nobody can be asked."""
    return os.environ.get("LOCALLOOP_API_KEY") or None


def has_display() -> bool:
    """Whether a browser has where to show itself."""
    on_its_own = platform.system() in {"Darwin", "Windows"}
    return on_its_own or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def colour_allowed() -> bool:
    """Whether a terminal may be given colours (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def limit_rate() -> float | None:
    """How many bytes of contents a second may pass; None for as many as can.

    Raises:
        BadRequest: The environment says something else.
    """
    text = os.environ.get("LOCALLOOP_LIMIT_RATE")
    return read_rate(text, "$LOCALLOOP_LIMIT_RATE") if text else None


def read_rate(text: str, source: str) -> float:
    """Read a speed: ``2M`` is 2,000,000 bytes a second.

    Args:
        text: A number, perhaps with ``k``, ``M`` or ``G``.
        source: Where it comes from, for the message.

    Raises:
        BadRequest: It is none.
    """
    number, unit = (text[:-1], text[-1].lower()) if text[-1:].lower() in _UNITS else (text, "")
    try:
        rate = float(number) * _UNITS[unit]
    except ValueError:
        rate = 0.0
    if not 1 <= rate < float("inf"):
        raise BadRequest("400", f"{source} is a number of bytes a second such as 500k or 2M, not {text!r}.")
    return rate


def read_duration(text: str, source: str) -> float:
    """Read a time such as ``90``, ``90s``, ``10m`` or ``2h``, in seconds.

    Args:
        text: A number, perhaps with ``s``, ``m`` or ``h``.
        source: Where it comes from, for the message.

    Raises:
        BadRequest: It is none, or not above 0.
    """
    number, unit = (text[:-1], text[-1]) if text[-1:] in _SECONDS else (text, "s")
    try:
        seconds = float(number) * _SECONDS[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise BadRequest("400", f"{source} is a number of seconds, or such as 90s, 10m or 2h, not {text!r}.")
    return seconds


def workers() -> int:
    """How many requests of a push may be under way at once at most.

    Raises:
        BadRequest: The environment says something that is no such number.
    """
    text = os.environ.get("LOCALLOOP_WORKERS")
    if not text:
        return WORKERS
    if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise BadRequest("400", f"$LOCALLOOP_WORKERS is a number from 1 to {MOST_WORKERS}, not {text!r}.")
    return int(text)


def notify_socket() -> str | None:
    """Where the service manager wants to be told how a service is (sd_notify(3)); None when there is none."""
    return os.environ.get("NOTIFY_SOCKET") or None


def watchdog_seconds(pid: int) -> float | None:
    """How often the service manager wants to hear of a process (sd_watchdog_enabled(3)); None when it does not.

    Args:
        pid: The process.
    """
    text, whose = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID")
    if not text.isdecimal() or (whose and whose != str(pid)):
        return None
    return int(text) / 1e6 or None


def proxies(gate: str) -> dict[str, str]:
    """The proxies on the way to a gate, by scheme, as the machine is set up (``HTTPS_PROXY``, ``NO_PROXY``, ...)."""
    host = urlsplit(gate).hostname or ""
    if not host or proxy_bypass(host):
        return {}
    return {scheme: url for scheme, url in getproxies().items() if scheme in {"http", "https"}}


def certificates() -> str | bool:
    """A file of trusted certificates (``REQUESTS_CA_BUNDLE`` or ``SSL_CERT_FILE``), or True for the usual ones."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
