"""``python -m localloop`` is the same as ``localloop``."""

from __future__ import annotations

from localloop.cli import main

if __name__ == "__main__":
    main()
