"""Runs every benchmark of this directory: ``python tests/bench/run.py [name ...]``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main(names: list[str]) -> None:
    """Run ``main()`` of each ``bench_*.py``, or of those whose names hold one of the given words."""
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here))
    for path in sorted(here.glob("bench_*.py")):
        if not names or any(name in path.stem for name in names):
            print(f"\n== {path.stem.removeprefix('bench_')}")
            importlib.import_module(path.stem).main()


if __name__ == "__main__":
    main(sys.argv[1:])
