"""Unmodified dtlpy, pointed at the proxy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from localloop.testing.faults import Fault, FaultProxy, Rule, Schedule
from localloop.testing.hub import running_hub
from tests.integration.dtlpy.harness import VERSIONS, environment

pytestmark = [pytest.mark.dtlpy, pytest.mark.slow]

#: What dtlpy tries again at once (docs/platform/wire.md, 1.6).
PASSING = Schedule(
    (
        Rule(Fault.BAD_GATEWAY, method="GET", path="*/projects", times=1),
        Rule(Fault.DROP_BEFORE, method="POST", path="*/datasets", times=1),
        Rule(Fault.UNAUTHORIZED_MID_UPLOAD, method="POST", path="*/items", times=2),
        Rule(Fault.DUPLICATE_ROWS, method="POST", path="*/query", times=1),
    )
)


@pytest.mark.parametrize("version", VERSIONS)
def test_dtlpy_meets_the_faults_and_gets_its_work_done(tmp_path: Path, version: str):
    home = tmp_path / "home"
    home.mkdir()
    with (
        running_hub(tmp_path / "store", {"ann@example.test": "pw"}) as hub,
        FaultProxy(hub.gate, schedule=PASSING) as proxy,
    ):
        command = [sys.executable, str(Path(__file__).parent / "dtlpy_script.py"), proxy.gate]
        done = subprocess.run(
            command,
            env=environment(version, tmp_path),
            cwd=home,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        met = [event.fault for event in proxy.faults]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("SEEN ")]
    assert json.loads(line.removeprefix("SEEN ")) == [1, "/a.bin", ["/a.bin", "/a.bin"]]
    assert sorted(met, key=lambda one: one.value) == [
        Fault.BAD_GATEWAY,
        Fault.DROP_BEFORE,
        Fault.DUPLICATE_ROWS,
        Fault.UNAUTHORIZED_MID_UPLOAD,
        Fault.UNAUTHORIZED_MID_UPLOAD,
    ]
