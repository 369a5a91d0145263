"""Starting and stopping from another process."""

from __future__ import annotations

import os

import pytest

from localloop.daemon import control
from localloop.errors import LockedError
from localloop_sync.drivers.lock import Holder


def test_a_process_of_another_machine_is_not_stopped_here(tmp_path, monkeypatch):
    holder = Holder(os.getpid(), "elsewhere", "`localloop daemon`", "2026-11-27T10:00:00+00:00")
    monkeypatch.setattr(control, "running", lambda _: holder)
    with pytest.raises(LockedError, match="runs on elsewhere"):
        control.stop(tmp_path)


def test_where_none_runs_none_is_stopped(tmp_path):
    assert control.stop(tmp_path) == (False, False)
    assert control.how(tmp_path) is None
