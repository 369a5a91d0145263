"""Runs scenarios with the dtlpy that is first on the path; a process of its own with a home of its own.

Called with the gate's URL, the role, the password, a folder, a file for the outcomes, and a file with the names of the
scenarios. It writes a line of JSON when a scenario begins and one when it ends, so that one that takes the process
down is known.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import TextIO

import dtlpy as dl

from tests.integration.dtlpy import scenarios
from tests.integration.dtlpy.world import ALICE, SCENARIOS, World

assert scenarios.AREAS

#: How long one scenario may take, in seconds, before it counts as hanging.
PATIENCE = 60


class Hangs(BaseException):
    """A scenario takes too long; nothing that it calls may swallow that."""


def main() -> None:
    gate, role, password, folder, outcomes, names = sys.argv[1:]
    signal.signal(signal.SIGALRM, _give_up)
    dl.add_environment(
        environment=f"{gate}/api/v1", gate_url=gate, url=f"{gate}/", alias="local", verify_ssl=False
    )
    dl.setenv("local")
    assert dl.login_m2m(email=ALICE, password=password), "the log-in failed"
    with Path(outcomes).open("w", encoding="utf-8") as out:
        _write(out, {"version": dl.__version__})
        for number, name in enumerate(json.loads(Path(names).read_text())):
            place = Path(folder) / f"{number}"
            place.mkdir()
            _write(out, {"began": name})
            world = World(dl, name.rpartition(".")[2], place, gate, role, password)
            _write(out, {"ended": name, **_run(world, name)})


def _run(world: World, name: str) -> dict[str, object]:
    began = time.monotonic()
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"--- {name}\n")
        stream.flush()
    signal.alarm(PATIENCE)
    try:
        SCENARIOS[name](world)
        error = None
    except (Exception, Hangs):  # noqa: BLE001  # whatever it is, it is this scenario's outcome
        error = traceback.format_exc()
    finally:
        signal.alarm(0)
    return {"error": error, "seconds": round(time.monotonic() - began, 2)}


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise Hangs(f"not done after {PATIENCE} seconds")


def _write(out: TextIO, line: dict[str, object]) -> None:
    out.write(f"{json.dumps(line)}\n")
    out.flush()


main()
sys.stdout.flush()
sys.stderr.flush()
# Clients of dtlpy leave threads that an orderly end would wait for.
os._exit(0)
