"""``python -m localloop.testing.faults``: the proxy as a program of its own."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from localloop.testing.faults.kinds import Fault
from localloop.testing.faults.proxy import Event, FaultProxy
from localloop.testing.faults.schedule import SCHEDULES, Schedule


def main(words: Sequence[str] | None = None) -> int:
    """Run the proxy until SIGINT or SIGTERM.

    Args:
        words: The command line; that of the process when left out.

    Returns:
        The exit code: 0 after a stop, 2 for a command line that means nothing, 1 for an address that is taken.
    """
    parser = _parser()
    said = parser.parse_args(words)
    if said.list:
        sys.stdout.write(_inventory())
        return 0
    if said.upstream is None:
        parser.error("--upstream says which server to stand in front of")
    try:
        schedule = Schedule.of(said.rules.read_text()) if said.rules else Schedule.named(said.schedule)
        proxy = FaultProxy(
            said.upstream,
            schedule=schedule,
            seed=said.seed,
            host=said.host,
            port=said.port,
            pause=said.pause,
            on_event=_as_json if said.json else _as_line,
        )
    except (OSError, ValueError) as error:
        parser.error(str(error))
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    try:
        proxy.start()
    except OSError as error:
        sys.stderr.write(f"The address cannot be bound: {error}\n")
        return 1
    ready = {"gate": proxy.gate, "upstream": said.upstream, "seed": said.seed}
    _say(
        json.dumps(ready)
        if said.json
        else f"{proxy.gate} stands in front of {said.upstream}. Ctrl-C stops it."
    )
    stopped.wait()
    proxy.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localloop.testing.faults",
        description="A proxy that makes any server fail on purpose, the same way each time.",
        epilog="docs/guides/testing-with-faults.md explains the faults, the schedules and rules of your own.",
    )
    parser.add_argument("--upstream", metavar="URL", help="the root URL of the server")
    parser.add_argument("--seed", type=int, default=0, help="which course the schedule takes (0)")
    parser.add_argument("--schedule", metavar="NAME", default="mixed", help="what goes wrong (mixed)")
    parser.add_argument(
        "--rules", metavar="FILE", type=Path, help="rules of your own, as JSON, instead of a schedule"
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to bind (127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="the port; 0 takes a free one (0)")
    parser.add_argument(
        "--pause", type=float, default=0.05, help="seconds between the pieces of a slow reply (0.05)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--list", action="store_true", help="print the faults and the schedules, and end")
    return parser


def _inventory() -> str:
    faults = [f"  {one.value:<24} {one.sentence}" for one in Fault]
    schedules = [f"  {name:<24} {one.sentence}" for name, one in SCHEDULES.items()]
    return "\n".join(["Faults:", *faults, "", "Schedules:", *schedules, ""])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _as_line(event: Event) -> None:
    _say(str(event))


def _as_json(event: Event) -> None:
    _say(
        json.dumps(
            {
                "number": event.number,
                "method": event.method,
                "path": event.path,
                "fault": event.fault.value if event.fault else None,
                "status": event.status,
            }
        )
    )


if __name__ == "__main__":
    sys.exit(main())
