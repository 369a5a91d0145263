"""The wheel holds the three packages and no more, and works where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

import localloop

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command printed; it must succeed."""
    base = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LOCALLOOP_"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**base, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A directory with the wheel and the source distribution."""
    target = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", target, ROOT, cwd=target)
    return target


@pytest.fixture(scope="module")
def wheel(built) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel) -> list[str]:
    with ZipFile(wheel) as archive:
        return archive.namelist()


def install(wheel: Path, place: Path) -> Path:
    """The ``bin`` of a new environment that has the wheel and the locked versions of what it needs."""
    venv.create(place, with_pip=True)
    pip = (place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "--no-deps", "-r", ROOT / "requirements" / "runtime.lock", cwd=place)
    run(*pip, "--no-deps", "--no-index", wheel, cwd=place)
    return place / "bin"


def test_the_wheel_holds_the_three_packages_and_nothing_else(names, wheel):
    tops = {name.split("/")[0] for name in names}
    metadata = f"localloop-{localloop.__version__}.dist-info"
    assert tops == {"localloop", "localloop_sync", "localloop_schema", metadata}
    assert wheel.name == f"localloop-{localloop.__version__}-py3-none-any.whl"


def test_each_package_says_that_it_is_typed(names):
    assert {f"{package}/py.typed" for package in ("localloop", "localloop_sync", "localloop_schema")} <= set(
        names
    )


def test_every_migration_is_in_the_wheel(names):
    versions = ROOT / "schema" / "localloop_schema" / "migrations" / "versions"
    expected = {f"localloop_schema/migrations/versions/{path.name}" for path in versions.glob("*.py")}
    assert "localloop_schema/migrations/versions/0001_initial.py" in expected
    assert expected <= set(names)


def test_the_wheel_holds_every_module_of_the_checkout(names):
    roots = {
        "localloop": ROOT / "localloop",
        "localloop_sync": ROOT / "sync" / "localloop_sync",
        "localloop_schema": ROOT / "schema" / "localloop_schema",
    }
    modules = {
        f"{package}/{path.relative_to(root).as_posix()}"
        for package, root in roots.items()
        for path in root.rglob("*.py")
    }
    assert modules == {name for name in names if name.endswith(".py")}


def test_the_licence_travels_along(names):
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_source_distribution_can_run_its_own_tests(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "README.md", "pyproject.toml", "requirements/dev.lock", "tests/conftest.py"} <= inside
    assert "sync/README.md" in inside


# One test, since the environment is costly to make and each process that runs tests would make its own.
def test_the_installed_wheel_works_outside_the_checkout(wheel, tmp_path):
    bin_directory = install(wheel, tmp_path / "venv")
    assert "No broken requirements" in run(bin_directory / "python", "-m", "pip", "check", cwd=tmp_path)
    the_program_works(bin_directory / "localloop", tmp_path)
    the_library_works(bin_directory / "python", tmp_path)


def the_program_works(program: Path, home: Path) -> None:
    place = {"LOCALLOOP_CONFIG": str(home / "config"), "LOCALLOOP_NO_KEYRING": "1", "HOME": str(home)}
    work = home / "somewhere else"
    work.mkdir()
    assert localloop.__version__ in run(program, "--version", cwd=work, **place)
    assert "sync" in run(program, "--help", cwd=work, **place)
    run(program, "init", "--author", "ada@example.com", cwd=work, **place)
    assert (work / ".localloop" / "store.db").is_file()
    run(program, "status", cwd=work, **place)


def the_library_works(python: Path, home: Path) -> None:
    script = (
        "import localloop as dl\n"
        "project = dl.projects.create('p')\n"
        "dataset = project.datasets.create('d')\n"
        "print(dl.__file__, [one.name for one in project.datasets.list()])\n"
    )
    out = run(python, "-c", script, cwd=home, LOCALLOOP_STORE=str(home / "store"), HOME=str(home))
    assert str(ROOT) not in out
    assert out.strip().endswith("['d']")
