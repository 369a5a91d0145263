"""Which versions of the schema this program knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_STEP = re.compile(r"(\d{4})_\w+\.py")

#: Where the steps that are part of the program are.
PACKAGED = Path(__file__).parent / "migrations" / "versions"


@dataclass(frozen=True, slots=True)
class History:
    """The steps of the schema, oldest first.

    Attributes:
        directories: Where their files are. A file's name starts with its version, and versions are in the
            order of their numbers, so that they are known without importing Alembic.
    """

    directories: tuple[Path, ...] = (PACKAGED,)

    def versions(self) -> tuple[str, ...]:
        """Every version, oldest first."""
        names = (path.name for directory in self.directories for path in directory.iterdir())
        return tuple(sorted(match[1] for match in map(_STEP.fullmatch, names) if match))

    def head(self) -> str:
        """The newest version."""
        return self.versions()[-1]

    def after(self, version: str) -> tuple[str, ...]:
        """The versions that come after one.

        Args:
            version: A version that :meth:`versions` has.
        """
        versions = self.versions()
        return versions[versions.index(version) + 1 :]
