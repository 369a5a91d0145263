"""One schema, told four times: the tables, the migrations, the golden file, a store on disk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

import localloop_schema.tables  # noqa: F401 - registers the tables
from localloop_schema.golden import dump, main
from localloop_schema.history import History
from localloop_schema.migrate import create, current, head
from localloop_schema.migrations.runner import config
from localloop_schema.session import open_engine, reading

GOLDEN = Path(__file__).parents[3] / "schema" / "golden.sql"
HINT = "the schema changed: see schema/README.md, then run `make schema`"


def test_a_new_database_has_the_golden_schema(tmp_path: Path) -> None:
    create(tmp_path / "store.db")

    assert dump(tmp_path / "store.db") == GOLDEN.read_text(encoding="utf-8"), HINT


def test_the_golden_file_is_what_the_command_writes(tmp_path: Path) -> None:
    main([str(tmp_path / "golden.sql")])

    assert (tmp_path / "golden.sql").read_text(encoding="utf-8") == GOLDEN.read_text(encoding="utf-8"), HINT


def test_the_tables_are_what_the_migrations_make(tmp_path: Path) -> None:
    database = tmp_path / "store.db"
    create(database)
    engine = open_engine(database)
    options = {"compare_type": True, "compare_server_default": True}

    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == [], HINT
    engine.dispose()


def test_columns_keys_and_references_are_what_the_tables_say(tmp_path: Path) -> None:
    """The comparison above looks at neither primary keys nor ``AUTOINCREMENT``."""
    migrated, declared = tmp_path / "migrated.db", tmp_path / "declared.db"
    create(migrated)
    engine = open_engine(declared)
    SQLModel.metadata.create_all(engine)
    engine.dispose()

    assert facts(migrated) == facts(declared), HINT


def facts(database: Path) -> dict[str, object]:
    """What SQLite itself says about each table, by column name (a migration may add a column at the end)."""
    with closing(sqlite3.connect(database)) as connection:
        tables = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        return {
            table: {
                "columns": {row[1]: row[2:] for row in connection.execute(f"PRAGMA table_info({table})")},
                "references": {row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({table})")},
                "autoincrement": "AUTOINCREMENT" in sql,
            }
            for table, sql in tables.items()
            if table != "alembic_version"
        }


def test_versions_are_known_without_alembic_exactly_as_alembic_knows_them() -> None:
    scripts = ScriptDirectory.from_config(config(History().directories))

    walked = [script.revision for script in scripts.walk_revisions()]

    assert tuple(reversed(walked)) == History().versions()
    assert scripts.get_current_head() == head()


def test_a_new_database_has_the_newest_version(tmp_path: Path) -> None:
    create(tmp_path / "store.db")
    engine = open_engine(tmp_path / "store.db")

    assert current(engine) == head()
    engine.dispose()
