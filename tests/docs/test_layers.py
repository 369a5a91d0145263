"""The layers that ``make lint`` checks are checked in earnest: an import that goes up is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import pages

_PACKAGES = ("localloop", "sync/localloop_sync", "schema/localloop_schema")


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of the packages, which may be spoilt."""
    for package in _PACKAGES:
        shutil.copytree(
            pages.ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(pages.ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(checkout: Path) -> tuple[int, str]:
    """What import-linter says of a copy."""
    roots = os.pathsep.join(str(checkout / name) for name in ("", "sync", "schema"))
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": roots},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_layers_are_kept(checkout):
    code, said = lint(checkout)
    assert code == 0, said


VIOLATIONS = {
    "The pure core does no I/O and knows no SQL": [
        ("sync/localloop_sync/core/merge.py", "os"),
        ("sync/localloop_sync/core/plan.py", "sqlalchemy"),
        ("sync/localloop_sync/core/naming.py", "localloop_sync.engine"),
    ],
    "The engine knows its ports, not what stands behind them": [
        ("sync/localloop_sync/engine.py", "sqlalchemy")
    ],
    "The three packages depend strictly downward": [
        ("schema/localloop_schema/kinds.py", "localloop_sync"),
        ("sync/localloop_sync/report.py", "localloop.store"),
    ],
    "Inside localloop, rooms depend strictly downward": [
        ("localloop/store/items.py", "localloop.sdk"),
        ("localloop/platform/session.py", "localloop.server"),
        ("localloop/server/guard.py", "localloop.testing"),
    ],
}


def test_imports_that_go_up_are_found(checkout):
    for added in VIOLATIONS.values():
        for module, imported in added:
            path = checkout / module
            path.write_text(path.read_text(encoding="utf-8") + f"\nimport {imported}\n", encoding="utf-8")
    code, said = lint(checkout)
    assert code == 1
    for contract, added in VIOLATIONS.items():
        assert f"{contract} BROKEN" in said
        for module, imported in added:
            importer = (
                module.removeprefix("sync/").removeprefix("schema/").removesuffix(".py").replace("/", ".")
            )
            assert f"{importer} -> {imported} " in said, f"{importer} -> {imported}\n{said}"
