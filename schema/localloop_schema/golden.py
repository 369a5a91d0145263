"""The newest schema as text: ``python -m localloop_schema.golden schema/golden.sql`` writes it.

The file is in version control so that a change of the schema shows in review, and a test holds it against a
new database and against an upgraded one.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from localloop_schema.migrate import create

_HEADER = "-- The newest schema. Made by `make schema`; never edited by hand.\n"
_OBJECTS = """
    SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY tbl_name, type != 'table', name
"""


def dump(database: Path) -> str:
    """The schema of a database: every table, followed by its indexes, by name.

    Args:
        database: A database that is not being changed.

    Returns:
        SQL text whose white space does not depend on who wrote the statements.
    """
    with closing(sqlite3.connect(database)) as connection:
        statements = [sql for (sql,) in connection.execute(_OBJECTS)]
    return _HEADER + "".join(f"\n{_normalised(sql)};\n" for sql in statements)


def render() -> str:
    """The schema of a database that was just made."""
    with TemporaryDirectory() as directory:
        database = Path(directory) / "store.db"
        create(database)
        return dump(database)


def main(arguments: Sequence[str]) -> None:
    """Write the newest schema to a file.

    Args:
        arguments: The path to write to.
    """
    (target,) = arguments
    Path(target).write_text(render(), encoding="utf-8")


def _normalised(sql: str) -> str:
    lines = (line.strip() for line in sql.splitlines())
    inner = [line for line in lines if line]
    return "\n".join(line if line.startswith(("CREATE", ")")) else f"    {line}" for line in inner)


if __name__ == "__main__":
    main(sys.argv[1:])
