"""Which files of a folder are none of a dataset's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pathspec

from localloop.config import LOCAL_STORE
from localloop.errors import BadRequest

#: In the folder itself: patterns as in a ``.gitignore``, a line each.
FILE: Final = ".localloopignore"

#: What editors, browsers and copying programs write while they write something else, and what is hidden. A pattern
#: with ``!`` in front takes one back.
DEFAULTS: Final = (
    *(".*", "*~", "#*#", "~$*", "4913"),
    *("*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload", "*.download", "*.swp"),
)


class Ignored:
    """Says what is ignored, in the grammar of ``.gitignore``.

    Args:
        patterns: Patterns; the last one that fits a path decides.

    Raises:
        BadRequest: A pattern is none.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        try:
            self._spec = pathspec.GitIgnoreSpec.from_lines([*DEFAULTS, *patterns])
        except ValueError as error:
            raise BadRequest("400", f"A pattern of what to ignore makes no sense: {error}") from None

    @classmethod
    def of(cls, root: Path, patterns: Iterable[str] = ()) -> Ignored:
        """What is ignored in a folder: by its own file, and by more patterns.

        Args:
            root: The folder.
            patterns: What is given besides; it decides before the file does.
        """
        try:
            lines = (root / FILE).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        return cls([*lines, *patterns])

    def __call__(self, path: str, *, folder: bool) -> bool:
        """Whether a file, or a folder with all that is in it, is ignored.

        Args:
            path: Where it is below the root, with ``/`` between the names.
            folder: Whether it is a folder.
        """
        if LOCAL_STORE in path.split("/"):
            return True
        return self._spec.match_file(f"{path}/" if folder else path)
