"""Runs scenarios: a server and a process of dtlpy for dozens of them, since both take long to start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from localloop.store import Store
from localloop.testing.hub import running_hub
from tests.integration.dtlpy.world import ALICE, BOB, CAROL, PASSWORD

ROOT = Path(__file__).parents[3]

#: The dtlpy of the environment itself, and an older one that `make setup` puts beside it.
NEW, OLD = "1.126.5", "1.121.5"
VERSIONS = (OLD, NEW)
ROLES = ("hub", "gateway")

#: A platform that nobody can reach: nothing listens at the port, and nothing is ever sent to it.
NOWHERE = "http://127.0.0.1:9"

#: How many scenarios one process runs.
TOGETHER = 60

#: How long all scenarios of one process may take, in seconds; a test may take a little longer.
PATIENCE = 280


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one scenario."""

    error: str | None
    seconds: float = 0.0


@contextmanager
def served(role: str, place: Path) -> Iterator[tuple[str, str]]:
    """A server in a role, over a new store.

    Args:
        role: ``hub``, or ``gateway``: a store with a platform, which is not reachable.
        place: The store's directory.

    Yields:
        The gate's URL, and the password of who runs the scenarios.
    """
    owner = None
    if role == "gateway":
        owner = ALICE
        with Store.create(place, author=ALICE) as store:
            store.set_settings({"gate": NOWHERE, "account": ALICE})
    users = dict.fromkeys((ALICE, BOB, CAROL), PASSWORD)
    with running_hub(place, users, owner=owner) as hub:
        # The account of a gateway may log in with its key too.
        yield hub.gate, hub.accounts.owner_key().read_text().strip() if owner else PASSWORD


class Runs:
    """The outcomes of all scenarios, each run once: those of a few areas, of one release and role, at a time.

    Test processes that work side by side share them: who comes first runs, the others wait.

    Args:
        place: A folder that those processes share.
        wanted: The scenarios to run, by release and role.
    """

    def __init__(self, place: Path, wanted: dict[tuple[str, str], list[str]]) -> None:
        self._place = place
        self._wanted = wanted
        self._known: dict[tuple[str, str, str], Outcome] = {}

    def outcome(self, version: str, role: str, name: str) -> Outcome:
        """What became of a scenario."""
        key = (version, role, name)
        if key not in self._known:
            names = share(self._wanted[version, role], name)
            place = self._place / f"{version}-{role}-{names[0]}"
            with FileLock(f"{place}.lock"):
                if not place.exists():
                    place.mkdir()
                    run(version, role, place, names)
            found = read(version, place, names)
            self._known |= {(version, role, one): outcome for one, outcome in found.items()}
        return self._known[key]


def share(names: Sequence[str], name: str) -> list[str]:
    """The scenarios that one process runs together with a scenario: starting dtlpy takes longer than most of them."""
    places = range(0, len(names), TOGETHER)
    (found,) = [
        names[place : place + TOGETHER] for place in places if name in names[place : place + TOGETHER]
    ]
    return list(found)


def run(version: str, role: str, place: Path, names: Sequence[str]) -> None:
    """Run scenarios with a release of dtlpy against a server in a role.

    Args:
        version: The release.
        role: The server's role.
        place: An empty folder; it gets ``outcomes`` and what the process printed.
        names: The scenarios.
    """
    for name in ("home", "work", "folders"):
        (place / name).mkdir()
    (place / "names").write_text(json.dumps(list(names)))
    outcomes = place / "outcomes"
    outcomes.touch()
    with served(role, place / "store") as (gate, password), (place / "printed").open("wb") as printed:
        command = [sys.executable, "-m", "tests.integration.dtlpy.driver", gate, role, password]
        command += [str(place / "folders"), str(outcomes), str(place / "names")]
        process = subprocess.Popen(
            command, env=environment(version, place), cwd=place / "work", stdout=printed, stderr=printed
        )
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            with outcomes.open("a") as out:
                out.write(json.dumps({"stopped": f"not done after {PATIENCE} seconds"}) + "\n")
        finally:
            process.kill()
            process.wait()


def environment(version: str, place: Path) -> dict[str, str]:
    """The environment of a process that uses a release of dtlpy, with a home of its own.

    Raises:
        FileNotFoundError: The older release is not installed.
    """
    path = [str(ROOT)]
    if version == OLD:
        old = Path(sys.prefix) / f"dtlpy-{OLD}"
        if not old.is_dir():
            raise FileNotFoundError(f"{old} is missing: `make setup` puts it there")
        path.insert(0, str(old))
    home = place / "home"
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "DATALOOP_PATH": str(home / "dataloop"),
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONUTF8": "1",
    }


def read(version: str, place: Path, names: Sequence[str]) -> dict[str, Outcome]:
    """The outcomes that a run left; what it did not come to failed with what stopped it."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in (place / "outcomes").read_text().splitlines()]
    used = [line["version"] for line in lines if "version" in line]
    assert used in ([], [version]), f"meant to use dtlpy {version}, used {used}"
    done = {line["ended"]: Outcome(line["error"], line["seconds"]) for line in lines if "ended" in line}
    running = [line["began"] for line in lines if "began" in line and line["began"] not in done]
    why = next((line["stopped"] for line in lines if "stopped" in line), "the process ended")
    printed = (place / "printed").read_text(errors="replace")[-4000:]
    where = f"in {running[0]}" if running else "before the first scenario"
    stopped = Outcome(f"{why}, {where}; it printed:\n{printed}")
    return {name: done.get(name, stopped) for name in names}
