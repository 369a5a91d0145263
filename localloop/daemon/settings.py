"""What the daemon is to do: a file beside the store that people may edit."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import tomlkit
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from localloop.blobs.files import write_whole
from localloop.config import read_duration, read_rate
from localloop.daemon.schedule import DAYS, Hours, Schedule
from localloop.errors import BadRequest, NotFound
from localloop.store.paths import normal_path

#: Beside the database.
FILE: Final = "daemon.toml"

#: What a new file says. Everything in it is what holds without it.
NEW: Final = """\
# What `localloop daemon` does with this store. It is read when the daemon starts: `localloop daemon restart`.

[sync]
every = "5m"            # sync so often at least
after = "10s"           # and so soon after something was edited here or a file was taken
time_limit = "30m"      # a sync ends after this time, and the next one goes on
# limit_rate = "2M"     # send and fetch so many bytes of contents a second at most
metered = "wait"        # on a connection that is paid by volume: "wait", or "sync" all the same

[log]
format = "text"         # or "json"
size = "5M"             # a file of this size is put aside
keep = 5                # and so many of them are kept

# [metrics]
# port = 9464           # Prometheus metrics at http://127.0.0.1:9464/metrics

# [[quiet]]             # nothing is sent or fetched in these hours
# hours = "22:00-06:00"
# days = ["mon", "tue", "wed", "thu", "fri"]

# [[bandwidth]]         # another speed in these hours
# hours = "08:00-18:00"
# rate = "500k"
"""


def _with_unit(read: Callable[[str, str], float]) -> BeforeValidator:
    """Reads text with a unit; the library takes a ``ValueError`` for what is wrong with a value."""

    def validate(value: object) -> object:
        try:
            return read(value, "It") if isinstance(value, str) else value
        except BadRequest as error:
            raise ValueError(error.message) from None

    return BeforeValidator(validate)


_Seconds = Annotated[float, _with_unit(read_duration), Field(gt=0, allow_inf_nan=False)]
_Bytes = Annotated[float, _with_unit(read_rate), Field(ge=1, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SyncPart(_Part):
    """How to sync; times are in seconds, rates in bytes a second."""

    every: _Seconds = 300.0
    after: _Seconds = 10.0
    time_limit: _Seconds = 1800.0
    limit_rate: _Bytes | None = None
    metered: Literal["wait", "sync"] = "wait"


class LogPart(_Part):
    """How to log; the size is in bytes."""

    format: Literal["text", "json"] = "text"
    size: _Bytes = 5e6
    keep: int = Field(default=5, ge=0, le=1000)


class MetricsPart(_Part):
    """Where metrics are served; nowhere without a port. 0 is any free one."""

    port: int | None = Field(default=None, ge=0, le=65535)


class HoursPart(_Part):
    """Some hours of some days."""

    hours: str
    days: list[str] = list(DAYS)

    def read(self) -> Hours:
        """The hours.

        Raises:
            BadRequest: They make no sense.
        """
        return Hours.read(self.hours, self.days)


class RatePart(HoursPart):
    """Hours with a speed of their own, in bytes a second."""

    rate: _Bytes


class WatchPart(_Part):
    """A folder that is watched, as ``localloop watch`` watches it."""

    folder: Path
    dataset: str
    to: str = "/"
    ignore: list[str] = []
    mirror: bool = False

    @property
    def root(self) -> Path:
        """The folder's absolute path."""
        return self.folder.expanduser().absolute()


class Settings(_Part):
    """What the daemon is to do."""

    sync: SyncPart = SyncPart()
    log: LogPart = LogPart()
    metrics: MetricsPart = MetricsPart()
    quiet: list[HoursPart] = []
    bandwidth: list[RatePart] = []
    watch: list[WatchPart] = []

    @property
    def schedule(self) -> Schedule:
        """When to sync, and how fast.

        Raises:
            BadRequest: Hours make no sense.
        """
        return Schedule(
            quiet=tuple(one.read() for one in self.quiet),
            rates=tuple((one.read(), one.rate) for one in self.bandwidth),
            rate=self.sync.limit_rate,
        )


def load(store: Path) -> Settings:
    """Read what the daemon of a store is to do; where there is no file, what is usual.

    Args:
        store: The store's directory.

    Raises:
        BadRequest: The file makes no sense.
    """
    path = store / FILE
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest("400", f"{path} is no TOML: {error}.") from error
    return _checked(told, path)


def _checked(told: dict[str, Any], path: Path) -> Settings:
    try:
        settings = Settings.model_validate(told)
        _ = settings.schedule
    except ValidationError as error:
        raise BadRequest("400", f"{path}: {_first(error)}") from None
    except BadRequest as error:
        raise BadRequest("400", f"{path}: {error.message}") from None
    roots = [(one.root, one.dataset, one.to) for one in settings.watch]
    for root in roots:
        if roots.count(root) > 1:
            raise BadRequest("400", f"{path}: {root[0]} is in it twice.")
    return settings


def _first(error: ValidationError) -> str:
    """The first of the things that are wrong, with where."""
    [first, *_] = error.errors()
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"There is no setting {where}."
    cause = first.get("ctx", {}).get("error")
    text = str(cause) if isinstance(cause, ValueError) else first["msg"]
    return f"{where}: {text.removesuffix('.')}."


def add(store: Path, watch: WatchPart) -> Path:
    """Add a folder to what the daemon watches. What else is in the file stays as it is, comments too.

    Args:
        store: The store's directory.
        watch: The folder.

    Returns:
        The file.

    Raises:
        BadRequest: The file makes no sense, or has the folder already.
    """
    path = store / FILE
    text = path.read_text(encoding="utf-8") if path.exists() else NEW
    document = _parsed(text, path)
    table = tomlkit.table()
    table["folder"] = os.fspath(watch.root)
    table["dataset"] = watch.dataset
    if watch.to.strip("/"):
        table["to"] = normal_path(watch.to)
    if watch.ignore:
        table["ignore"] = watch.ignore
    if watch.mirror:
        table["mirror"] = True
    there = document.get("watch")
    if not isinstance(there, AoT):
        there = tomlkit.aot()
        document.add(tomlkit.nl())
        document["watch"] = there
    there.append(table)
    _write(path, document)
    return path


def remove(store: Path, folder: Path) -> Path:
    """Take a folder out of what the daemon watches. Nothing is deleted anywhere.

    Args:
        store: The store's directory.
        folder: The folder.

    Returns:
        The file.

    Raises:
        NotFound: The daemon does not watch it.
        BadRequest: The file makes no sense.
    """
    path = store / FILE
    root = folder.expanduser().absolute()
    watched = load(store).watch
    if root not in [one.root for one in watched]:
        raise NotFound(
            "404", f"The daemon does not watch {root}.", advice="`localloop daemon roots` lists them."
        )
    document = _parsed(path.read_text(encoding="utf-8"), path)
    tables = document["watch"]
    assert isinstance(tables, AoT)
    for index in reversed(range(len(watched))):
        if watched[index].root == root:
            del tables[index]
    if not len(tables):
        del document["watch"]
    _write(path, document)
    return path


def _parsed(text: str, path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise BadRequest("400", f"{path} is no TOML: {error}.") from error


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    text = tomlkit.dumps(document)
    _checked(tomllib.loads(text), path)
    write_whole(path, text)
