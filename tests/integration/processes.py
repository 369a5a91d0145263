"""What tests of programs that run for long share: a machine with nothing on it, and waiting."""

from __future__ import annotations

import os
import sys
import time

from localloop_schema.kinds import EntityKind as K


def bare(place, monkeypatch):
    """A machine of one's own, with an empty folder ``camera``, and the working directory where nothing is yet."""
    for name in [name for name in os.environ if name.startswith("LOCALLOOP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOCALLOOP_CONFIG", str(place / "config"))
    monkeypatch.setenv("LOCALLOOP_NO_KEYRING", "1")
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    (place / "work").mkdir()
    monkeypatch.chdir(place / "work")
    (place / "camera").mkdir()


def until(condition, *, seconds, told=lambda: "it never came to be so"):
    """Wait until something is so; ``told`` is what to say when it never is."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, told()
        time.sleep(0.05)


def paths(store):
    """The paths of a store's files."""
    return {row["filename"] for row in store.rows(K.ITEM, type="file")}
