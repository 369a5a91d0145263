"""Scripts for dtlpy run against a gateway without a connection; a sync later, the platform has all of it.

The older release of dtlpy runs against a gateway that the command line serves, by the cookie that it writes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localloop.platform import CredentialStore
from localloop.platform.auth import login_m2m
from localloop.platform.transport import Transport
from localloop.store import Store
from localloop.store.conflicts import list_conflicts
from localloop.store.fsck import Level, check
from localloop.syncing import connected, subscribe, sync_store
from localloop.testing.agreement import broken_content, differences, picture
from localloop.testing.hub import Hub, running_hub
from localloop_schema.kinds import EntityKind as K

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"
PEOPLE = dict.fromkeys((ALICE, BOB, CAROL), "pw")
HERE = Path(__file__).parent
ROOT = HERE.parents[2]
OLD = Path(sys.prefix) / "dtlpy-1.121.5"
PASSWORD = {"SCRIPT_PASSWORD": "pw"}

pytestmark = [pytest.mark.dtlpy, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Scripts:
    """Runs scripts with one release of dtlpy.

    Attributes:
        place: Where they run.
        older: Where that release is, if it is not the one of the environment.
    """

    place: Path
    older: Path | None = None

    def run(self, name: str, what: str, gate: str, environment: dict[str, str]) -> Any:
        """What a script told."""
        home = self.place / "home"
        home.mkdir(exist_ok=True)
        whole = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "DATALOOP_PATH": str(home / "dataloop"),
            **({"PYTHONPATH": str(self.older)} if self.older else {}),
            **environment,
        }
        held = self.place / "held.json"
        command = [sys.executable, str(HERE / name), what, gate, str(self.place), str(held)]
        done = subprocess.run(
            command, env=whole, cwd=self.place, capture_output=True, text=True, timeout=280, check=False
        )
        assert done.returncode == 0, done.stderr[-6000:]
        told = [line for line in done.stdout.splitlines() if line.startswith("TOLD ")]
        return json.loads(told[-1].removeprefix("TOLD "))


Serving = Callable[[Path], AbstractContextManager[tuple[str, dict[str, str]]]]


@contextmanager
def in_this_process(store: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A gateway's gate, and what scripts need to log in there."""
    with running_hub(store, PEOPLE) as gateway:
        yield gateway.gate, PASSWORD


@contextmanager
def by_command_line(store: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A gateway that ``localloop serve`` runs, and where the cookie for it is."""
    home = store.parent / "machine"
    home.mkdir()
    own = {name: value for name, value in os.environ.items() if not name.startswith("LOCALLOOP_")}
    own |= {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PYTHONPATH": str(ROOT)}
    own |= {"LOCALLOOP_CONFIG": str(home / "config"), "LOCALLOOP_NO_KEYRING": "1"}
    program = [sys.executable, "-m", "localloop"]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    serve = [*program, "serve", "--store", str(store), "--port", "0", "--json"]
    server = subprocess.Popen(serve, env=own, cwd=home, stdout=subprocess.PIPE, **pipes)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line, server.communicate()[1]
        gate = json.loads(line)["gate"]
        env = [*program, "env", "dtlpy", "--gate", gate, "--store", str(store), "--write", "--yes", "--json"]
        told = subprocess.run(
            env, env=own, cwd=home, stdout=subprocess.PIPE, timeout=60, check=False, **pipes
        )
        assert told.returncode == 0, told.stderr
        yield gate, {"DATALOOP_PATH": str(Path(json.loads(told.stdout)["cookie"]).parent)}
    finally:
        server.send_signal(signal.SIGINT)
        said = server.communicate(timeout=60)
    assert (server.returncode, *said) == (0, "", "")


@pytest.fixture(
    params=[
        pytest.param((None, in_this_process), id="1.126.5"),
        pytest.param((OLD, by_command_line), id="1.121.5-served-by-the-command-line"),
    ]
)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Scripts, Serving]:
    """A release of dtlpy, and how the gateway is served."""
    older, serving = request.param
    assert older is None or older.is_dir(), f"{older} is missing: `make setup` puts it there"
    return Scripts(tmp_path, older), serving


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(tmp_path / "platform", PEOPLE)
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def credentials(platform: Hub, tmp_path: Path) -> CredentialStore:
    credentials = CredentialStore(tmp_path / "config")
    transport = Transport(platform.gate)
    login_m2m(transport, credentials, ALICE, "pw")
    transport.close()
    return credentials


@pytest.fixture
def mirror(platform: Hub, tmp_path: Path) -> Path:
    """A store with that platform, empty."""
    place = tmp_path / "gateway"
    with Store.create(place, author=ALICE, device="gateway") as store:
        store.set_settings({"gate": platform.gate, "account": ALICE})
    return place


def synced(place: Path, credentials: CredentialStore) -> None:
    """Sync until nothing moves; nothing may be refused or disputed."""
    with Store.open(place) as store:
        for _ in range(4):
            with connected(store, credentials) as remote:
                report = sync_store(store, remote)
            assert [one.reason for one in report.rejected] == []
            assert list_conflicts(store) == []
        assert report.quiet, report
        assert report.unsent == 0


def agree(place: Path, platform: Hub) -> None:
    """Both sides hold the same, and all of it is whole."""
    with Store.open(place) as store:
        assert differences(picture(store), picture(platform.store, hub=True)) == []
        assert broken_content(platform.store) == broken_content(store) == []
        assert [one for one in check(store) if one.level is not Level.INFO] == []


def test_edits_of_every_kind_reach_the_platform_and_ids_stay_valid(way, platform, credentials, mirror):
    scripts, serving = way
    platform.stop()  # nobody answers there
    with serving(mirror) as (gate, environment):
        scripts.run("gateway_script.py", "edit", gate, environment)
        platform.start()
        synced(mirror, credentials)
        agree(mirror, platform)
        assert len([row for row in platform.store.rows(K.DATASET) if row["system"]]) == 1
        assert scripts.run("gateway_script.py", "look", gate, environment) == {}
        synced(mirror, credentials)
        agree(mirror, platform)


def test_edits_to_what_was_pulled_and_whole_datasets_reach_the_platform(way, platform, credentials, mirror):
    scripts, serving = way
    scripts.run("gateway_more.py", "given", platform.gate, PASSWORD)
    with Store.open(mirror) as store, connected(store, credentials) as remote:
        subscribe(store, remote, "Given", content=True)
    synced(mirror, credentials)
    platform.stop()
    with serving(mirror) as (gate, environment):
        scripts.run("gateway_more.py", "edit", gate, environment)
        here = scripts.run("gateway_more.py", "look", gate, environment)
        platform.start()
        synced(mirror, credentials)
        agree(mirror, platform)
        after = scripts.run("gateway_more.py", "look", gate, environment)
        there = scripts.run("gateway_more.py", "look", platform.gate, PASSWORD)
    for task in here["tasks"]:
        assert after["tasks"][task] == here["tasks"][task], task
    assert after == there == here
    assert here["tasks"]["T"] == {
        "/0.txt": [None, [BOB]],
        "/1.txt": ["completed", [BOB]],
        "/2.txt": [None, [CAROL]],
        "/4.txt": [None, [CAROL]],
    }
    assert here["tasks"]["Other"] == {"/0.txt": ["approved", [CAROL]], "/1.txt": [None, [CAROL]]}
    assert here["tasks"]["T_qa"] == {"/0.txt": [None, [ALICE]], "/1.txt": ["approved", [ALICE]]}
    assert here["subsets"] == ["train"] * 3 + ["validation"] * 3
    assert here["collections"]["/0.txt"] == ["Keep"]
    assert here["collections"]["/1.txt"] == ["Soon"]
    assert (here["fps"], here["frames"], here["snapshots"], here["mask"]) == (10, [0, 3, "7"], 3, True)
    assert here["merged"] == sorted([*(f"/{number}.txt" for number in range(6)), "/film.mp4", "/picture.png"])
