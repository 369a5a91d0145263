"""Alembic, driven from here: no ``alembic.ini``, no command line.

Only :mod:`localloop_schema.migrate` imports this, and only when there is a step to apply, because importing
Alembic takes longer than opening a store.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config

from localloop_schema.session import open_engine

SCRIPTS = "localloop_schema:migrations"


def config(directories: Sequence[Path]) -> Config:
    """Alembic's configuration.

    Args:
        directories: Where the steps are.

    Returns:
        A configuration that names the packaged environment; no file stands behind it.
    """
    made = Config()
    made.set_main_option("script_location", SCRIPTS)
    made.set_main_option("path_separator", "newline")
    # A percent sign would be taken for an interpolation.
    made.set_main_option("version_locations", "\n".join(map(str, directories)).replace("%", "%%"))
    return made


def run(database: Path, directories: Sequence[Path]) -> None:
    """Apply every step that the database does not have yet, each in a transaction of its own.

    Args:
        database: The path of ``store.db``.
        directories: Where the steps are.

    Raises:
        StoreError: The database cannot be opened.
        SQLAlchemyError: A step failed and was rolled back; those before it are kept.
    """
    engine = open_engine(database)
    try:
        with engine.connect().execution_options(localloop_begin="IMMEDIATE") as connection:
            raw: Any = connection.connection.driver_connection
            # Has no effect inside a transaction, so it is set before the first one.
            raw.execute("PRAGMA foreign_keys = OFF")
            settings = config(directories)
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
    finally:
        engine.dispose()  # this connection must not be used again: it does not enforce foreign keys
