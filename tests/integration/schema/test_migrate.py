"""Creating and upgrading a store's database: what a person's data goes through."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from localloop_schema.errors import (
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreNotFoundError,
    StoreTooNewError,
)
from localloop_schema.history import PACKAGED, History
from localloop_schema.migrate import create, current, head, upgrade
from localloop_schema.session import open_engine, writing

ADDS_A_COLUMN = 'op.add_column("settings", sa.Column("note", sa.String(), nullable=True))'
REBUILDS_A_TABLE = """\
with op.batch_alter_table("projects") as table:
        table.add_column(sa.Column("note", sa.String(), nullable=False, server_default=""))
        table.alter_column("role", nullable=True)"""
FAILS_HALF_WAY = """\
op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("UPDATE settings SET value = '2'")
    op.execute("INSERT INTO no_such_table VALUES (1)")"""
DIES_HALF_WAY = """\
import os
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    os.kill(os.getpid(), 9)"""
LOSES_PARENTS = 'op.execute("DELETE FROM projects")'

STEP = """\
import sqlalchemy as sa
from alembic import op

revision = "{version}"
down_revision = {parent!r}


def upgrade():
    {body}
"""


def history(directory: Path, *bodies: str) -> History:
    """The program's steps, followed by these."""
    directory.mkdir(exist_ok=True)
    known = History().versions()
    parent, first = known[-1], len(known) + 1
    for number, body in enumerate(bodies, first):
        version = f"{number:04}"
        step = STEP.format(version=version, parent=parent, body=body)
        (directory / f"{version}_step.py").write_text(step, encoding="utf-8")
        parent = version
    return History((PACKAGED, directory))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A store of the program's version, with a project, its member and a setting in it."""
    path = tmp_path / "store" / "store.db"
    path.parent.mkdir()
    create(path)
    engine = open_engine(path)
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO projects (id, creator, created_at, updated_at, updated_by, name, role)"
            " VALUES ('p', '', '', '', '', 'Fruit', 'owner')"
        )
        connection.exec_driver_sql(
            "INSERT INTO members (id, creator, created_at, updated_at, updated_by, project_id, email, role)"
            " VALUES ('m', '', '', '', '', 'p', 'a@example.test', 'owner')"
        )
        connection.exec_driver_sql("INSERT INTO settings (key, value) VALUES ('gate', '\"g\"')")
    engine.dispose()
    return path


def query(database: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def files(database: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in database.parent.iterdir()}


def set_version(database: Path, version: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


class TestCreate:
    def test_leaves_the_database_alone_beside_its_lock(self, tmp_path: Path) -> None:
        create(tmp_path / "store.db")

        assert sorted(path.name for path in tmp_path.iterdir()) == ["store.db", "store.db.migrate.lock"]

    def test_never_touches_what_is_there(self, database: Path) -> None:
        before = files(database)

        with pytest.raises(StoreExistsError):
            create(database)

        assert files(database) == before

    def test_starts_anew_where_a_killed_process_stopped(self, tmp_path: Path) -> None:
        (tmp_path / "store.db.new").write_bytes(b"half a database")

        create(tmp_path / "store.db")

        assert not (tmp_path / "store.db.new").exists()
        assert upgrade(tmp_path / "store.db").after == head()

    def test_leaves_nothing_when_a_step_fails(self, tmp_path: Path) -> None:
        steps = history(tmp_path / "steps", FAILS_HALF_WAY)
        (tmp_path / "store").mkdir()

        with pytest.raises(StoreError, match="no_such_table"):
            create(tmp_path / "store" / "store.db", steps)

        assert list(files(tmp_path / "store" / "store.db")) == ["store.db.migrate.lock"]


class TestUpgrade:
    def test_of_a_current_store_does_nothing_at_all(self, database: Path) -> None:
        before = files(database)

        report = upgrade(database)

        assert (report.before, report.after, report.steps, report.copy) == (head(), head(), (), None)
        assert files(database) == before

    def test_goes_through_every_step_and_keeps_the_data(self, database: Path, tmp_path: Path) -> None:
        steps = history(tmp_path / "steps", ADDS_A_COLUMN, REBUILDS_A_TABLE)

        report = upgrade(database, steps)

        assert (report.before, report.after) == (head(), steps.head())
        assert report.steps == steps.versions()[-2:]
        assert query(database, "SELECT key, value, note FROM settings") == [("gate", '"g"', None)]
        assert query(database, "SELECT id, name, note FROM projects") == [("p", "Fruit", "")]
        assert query(database, "SELECT id, project_id FROM members") == [("m", "p")]
        assert query(database, "PRAGMA integrity_check") == [("ok",)]

    def test_keeps_a_copy_of_what_was(self, database: Path, tmp_path: Path) -> None:
        steps = history(tmp_path / "steps", ADDS_A_COLUMN)

        report = upgrade(database, steps)

        assert report.copy == database.with_name(f"store.db.before-{head()}-{steps.head()}")
        assert query(report.copy, "SELECT * FROM settings") == [("gate", '"g"')]
        assert upgrade(report.copy).steps == ()  # it is a store of the version before

    def test_copies_what_another_connection_has_not_yet_moved_from_its_wal(
        self, database: Path, tmp_path: Path
    ) -> None:
        engine = open_engine(database)
        with writing(engine) as connection:
            connection.exec_driver_sql("INSERT INTO settings (key, value) VALUES ('late', '2')")

        report = upgrade(database, history(tmp_path / "steps", ADDS_A_COLUMN))

        assert report.copy is not None
        assert query(report.copy, "SELECT key FROM settings ORDER BY key") == [("gate",), ("late",)]
        assert current(engine) == report.after
        engine.dispose()

    def test_never_overwrites_an_older_copy(self, database: Path, tmp_path: Path) -> None:
        steps = history(tmp_path / "steps", ADDS_A_COLUMN)
        older = database.with_name(f"store.db.before-{head()}-{steps.head()}")
        older.write_text("an older copy")

        report = upgrade(database, steps)

        assert older.read_text() == "an older copy"
        assert report.copy == older.with_name(f"{older.name}.2")

    def test_that_fails_half_way_through_a_step_leaves_the_version_before_it(
        self, database: Path, tmp_path: Path
    ) -> None:
        steps = history(tmp_path / "steps", ADDS_A_COLUMN, FAILS_HALF_WAY)
        reached = steps.versions()[-2]

        with pytest.raises(StoreError, match="no_such_table"):
            upgrade(database, steps)

        assert query(database, "SELECT version_num FROM alembic_version") == [(reached,)]
        assert query(database, "SELECT key, value, note FROM settings") == [("gate", '"g"', None)]
        assert query(database, "SELECT name FROM sqlite_master WHERE name = 'half'") == []

    def test_that_failed_goes_on_once_the_step_is_mended(self, database: Path, tmp_path: Path) -> None:
        with pytest.raises(StoreError):
            upgrade(database, history(tmp_path / "steps", ADDS_A_COLUMN, FAILS_HALF_WAY))

        steps = history(tmp_path / "steps", ADDS_A_COLUMN, REBUILDS_A_TABLE)
        report = upgrade(database, steps)

        assert report.steps == steps.versions()[-1:]

    def test_undoes_a_step_that_leaves_a_dangling_reference(self, database: Path, tmp_path: Path) -> None:
        with pytest.raises(StoreDamagedError, match="members without its row of projects"):
            upgrade(database, history(tmp_path / "steps", LOSES_PARENTS))

        assert query(database, "SELECT id FROM projects") == [("p",)]
        assert query(database, "SELECT version_num FROM alembic_version") == [(head(),)]

    def test_without_room_for_a_copy_changes_nothing(
        self, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**6))
        before = files(database)

        with pytest.raises(StoreError, match="the disk has 1 MB free"):
            upgrade(database, history(tmp_path / "steps", ADDS_A_COLUMN))

        assert files(database) == before

    def test_of_nothing_finds_no_store(self, tmp_path: Path) -> None:
        with pytest.raises(StoreNotFoundError):
            upgrade(tmp_path / "store.db")

        assert list(tmp_path.iterdir()) == []


class TestRefusal:
    def test_of_a_newer_store_changes_no_byte_and_adds_no_file(self, database: Path) -> None:
        set_version(database, "9999")
        before = files(database)

        with pytest.raises(StoreTooNewError, match="has version 9999") as caught:
            upgrade(database)

        assert files(database) == before
        assert caught.value.exit_code == 10
        assert "Upgrade localloop" in caught.value.advice

    def test_of_a_newer_store_that_another_process_has_open_changes_no_byte(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as other:
            other.execute("UPDATE alembic_version SET version_num = '9999'")
            other.commit()  # stands in the -wal alone
            before = files(database)

            with pytest.raises(StoreTooNewError):
                upgrade(database)

            # The -shm is the readers' and writers' shared notes, not data.
            assert {name: data for name, data in files(database).items() if not name.endswith("-shm")} == {
                name: data for name, data in before.items() if not name.endswith("-shm")
            }

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_of_a_newer_store_works_where_nothing_may_be_written(self, database: Path) -> None:
        set_version(database, "9999")
        database.chmod(0o444)
        database.parent.chmod(0o555)
        try:
            with pytest.raises(StoreTooNewError):
                upgrade(database)
        finally:
            database.parent.chmod(0o755)

    @pytest.mark.parametrize("content", [b"not a database", b"not a database, " * 1000])
    def test_of_what_is_not_a_database(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "store.db").write_bytes(content)

        with pytest.raises(StoreDamagedError, match="not a readable SQLite database"):
            upgrade(tmp_path / "store.db")

        assert files(tmp_path / "store.db") == {"store.db": content}

    def test_of_an_empty_file_since_a_store_is_never_one(self, tmp_path: Path) -> None:
        (tmp_path / "store.db").touch()

        with pytest.raises(StoreDamagedError, match="is empty"):
            upgrade(tmp_path / "store.db")

        assert files(tmp_path / "store.db") == {"store.db": b""}

    def test_of_a_database_that_is_not_a_stores(self, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
            connection.execute("CREATE TABLE music (title TEXT)")
        before = files(tmp_path / "store.db")

        with pytest.raises(StoreDamagedError, match="not one of a store"):
            upgrade(tmp_path / "store.db")

        assert files(tmp_path / "store.db") == before


UPGRADES = """\
import sys
from pathlib import Path
from localloop_schema.history import PACKAGED, History
from localloop_schema.migrate import upgrade

print("ready", flush=True)
report = upgrade(Path(sys.argv[1]), History((PACKAGED, Path(sys.argv[2]))))
print(len(report.steps), report.after, flush=True)
"""


def upgrades(database: Path, steps: Path) -> list[str]:
    return [sys.executable, "-c", UPGRADES, str(database), str(steps)]


def test_an_upgrade_that_is_killed_within_a_step_is_made_by_the_next_one(
    database: Path, tmp_path: Path
) -> None:
    history(tmp_path / "steps", ADDS_A_COLUMN, DIES_HALF_WAY)
    killed = subprocess.run(upgrades(database, tmp_path / "steps"), capture_output=True, check=False)
    assert killed.returncode == -9

    steps = history(tmp_path / "steps", ADDS_A_COLUMN, REBUILDS_A_TABLE)
    report = upgrade(database, steps)

    assert report.before == steps.versions()[-2]  # the step before is kept, the killed one left nothing
    assert query(database, "SELECT name FROM sqlite_master WHERE name = 'half'") == []
    assert query(database, "SELECT key, value, note FROM settings") == [("gate", '"g"', None)]


def test_of_two_processes_that_upgrade_at_once_one_does_and_one_finds_it_done(
    database: Path, tmp_path: Path
) -> None:
    steps = history(tmp_path / "steps", ADDS_A_COLUMN, REBUILDS_A_TABLE)
    command = upgrades(database, tmp_path / "steps")
    # Both are held back until both are there.
    with FileLock(database.with_name("store.db.migrate.lock")):
        processes = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    results = [process.communicate(timeout=120) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], results
    assert sorted(out.split() for out, _ in results) == [["0", steps.head()], ["2", steps.head()]]
    assert query(database, "SELECT key, value, note FROM settings") == [("gate", '"g"', None)]
    assert len(list(database.parent.glob("store.db.before-*"))) == 1
