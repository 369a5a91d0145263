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


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("sync/localloop_sync/core/merge.py", "import os", "The pure core does no I/O"),
        ("sync/localloop_sync/core/plan.py", "import sqlalchemy", "The pure core does no I/O"),
        ("sync/localloop_sync/core/plan.py", "import localloop_sync.engine", "The pure core does no I/O"),
        ("sync/localloop_sync/engine.py", "import sqlalchemy", "The engine knows its ports"),
        ("schema/localloop_schema/kinds.py", "import localloop_sync", "The three packages"),
        ("sync/localloop_sync/report.py", "import localloop.store", "The three packages"),
        ("localloop/store/items.py", "import localloop.sdk", "Inside localloop"),
        ("localloop/platform/session.py", "import localloop.server", "Inside localloop"),
        ("localloop/cli/advice.py", "import localloop.testing", "Inside localloop"),
    ],
)
def test_an_import_that_goes_up_is_found(checkout, module, line, contract):
    path = checkout / module
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    code, said = lint(checkout)
    assert code == 1
    assert any(contract in text and text.rstrip().endswith("BROKEN") for text in said.splitlines()), said
