"""``python -m tests.integration.storm``: kills, and what became of everything. ``make storm KILLS=200`` runs it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.storm.storm import Storm


def main() -> int:
    """Run a storm; the exit code is 1 when anything was lost, is there twice, or needs a hand."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.storm", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many processes are killed (200)")
    parser.add_argument("--seed", type=int, default=1, help="which storm (1)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work here, and leave it all there")
    said = parser.parse_args()
    with TemporaryDirectory(prefix="localloop-storm-") as folder:
        storm = Storm(said.keep or Path(folder), kills=said.kills, seed=said.seed, say=_say)
        outcome = storm.run()
    _say(outcome.text())
    _say(json.dumps(outcome.figures()))
    return 1 if outcome.problems else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
