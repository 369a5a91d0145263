"""The sync loop, a step at a time: what keeps it from syncing, and what makes it sync again."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from localloop.cli.syncing import attention
from localloop.cli.unattended import line_of
from localloop.daemon import pausing, syncing
from localloop.daemon.health import Health, State
from localloop.daemon.schedule import DAYS
from localloop.daemon.settings import HoursPart, RatePart, Settings, SyncPart
from localloop.daemon.syncing import SyncLoop
from localloop.platform import CredentialStore, login_m2m, logout, transport_to
from localloop.store import Store
from localloop.store.projects import create_project
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K

ANN = "ann@example.test"


class Machine:
    """A laptop with a sync loop that a test steps."""

    def __init__(self, folder, gate):
        self.folder = folder / "daemon"
        self.folder.mkdir()
        self.gate = gate
        self.store = Store.create(folder / "store", author=ANN)
        self.store.set_settings({"login_gate": gate})
        self.credentials = CredentialStore(folder / "config")
        self.health = Health("1", 1, "")
        self.now = datetime.now().astimezone()
        self.metered = False
        self.log_in()

    def log_in(self):
        transport = transport_to(self.gate)
        login_m2m(transport, self.credentials, ANN, "pw")
        transport.close()

    def loop(self, **parts):
        usual = {"sync": SyncPart(every=3600, after=0.01)}
        return SyncLoop(
            *(self.store, Settings(**{**usual, **parts}), self.folder, self.health, self.credentials),
            judge=line_of,
            attention=attention,
            now=lambda: self.now,
            reachable=lambda _: True,
            metered=lambda: self.metered,
        )

    def project(self, name):
        with self.store.transaction("test") as tx:
            create_project(tx, name)


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", users={ANN: "pw"}) as hub:
        yield hub


@pytest.fixture
def machine(tmp_path, hub):
    machine = Machine(tmp_path, hub.gate)
    yield machine
    machine.store.close()


def projects(hub):
    return {row["name"] for row in hub.store.rows(K.PROJECT)}


def settle(loop):
    """Step until nothing is to be sent."""
    for _ in range(50):
        time.sleep(loop.step() if loop.step() < 1 else 0)
        if not loop._health.unsent:
            return


def test_an_edit_is_sent_without_waiting_for_the_usual_time(hub, machine):
    loop = machine.loop()
    loop.step()
    assert (machine.health.syncs, machine.health.state) == (1, State.IDLE)
    machine.project("P")
    settle(loop)
    assert projects(hub) == {"P"}
    assert machine.health.syncs == 2


def test_paused_it_syncs_nothing_until_the_pause_is_over(hub, machine):
    loop = machine.loop()
    machine.project("P")
    pausing.pause(machine.folder, machine.now + timedelta(hours=1))
    loop.step()
    assert (machine.health.state, projects(hub)) == (State.PAUSED, set())
    machine.now += timedelta(hours=1)
    loop.step()
    assert (machine.health.state, projects(hub)) == (State.IDLE, {"P"})


def test_in_quiet_hours_it_syncs_nothing(hub, machine):
    begin, end = machine.now - timedelta(minutes=5), machine.now + timedelta(minutes=5)
    loop = machine.loop(quiet=[HoursPart(hours=f"{begin:%H:%M}-{end:%H:%M}")])
    machine.project("P")
    loop.step()
    assert (machine.health.state, projects(hub)) == (State.QUIET, set())
    assert f"{end:%H:%M}" in machine.health.text
    machine.now += timedelta(minutes=5)
    loop.step()
    assert (machine.health.state, projects(hub)) == (State.IDLE, {"P"})


def test_a_sync_ends_with_the_hours_it_was_begun_in(machine, monkeypatch):
    begin, end = machine.now - timedelta(minutes=5), machine.now + timedelta(minutes=5)
    rate = RatePart(hours=f"{begin:%H:%M}-{end:%H:%M}", days=list(DAYS), rate=1000)
    asked = []

    def sync_store(_store, remote, *, options, **_):
        asked.append(options.time_limit)
        raise RuntimeError("it is enough to know how it was asked")

    monkeypatch.setattr(syncing, "sync_store", sync_store)
    loop = machine.loop(bandwidth=[rate])
    loop.step()
    assert 0 < asked[0] <= 300
    assert machine.health.state is State.ATTENTION


def test_on_a_metered_connection_it_syncs_only_when_told_to(hub, machine):
    machine.metered = True
    machine.project("P")
    machine.loop().step()
    assert (machine.health.state, projects(hub)) == (State.METERED, set())
    machine.loop(sync=SyncPart(metered="sync")).step()
    assert projects(hub) == {"P"}


def test_without_a_connection_it_waits_and_is_back_as_soon_as_there_is_one(hub, machine, monkeypatch):
    monkeypatch.setattr(syncing, "_PROBE", 0.0)
    hub.stop()
    loop = machine.loop()
    machine.project("P")
    loop.step()
    assert (machine.health.state, machine.health.code) == (State.OFFLINE, 5)
    hub.start()
    settle(loop)
    assert (machine.health.state, projects(hub)) == (State.IDLE, {"P"})


def test_nobody_is_asked_to_log_in_twice_and_a_log_in_is_noticed(hub, machine):
    logout(machine.credentials, machine.gate, ANN)
    loop = machine.loop()
    machine.project("P")
    loop.step()
    loop.step()
    assert (machine.health.state, machine.health.code, machine.health.failures) == (State.ATTENTION, 6, 1)
    assert "localloop login" in machine.health.text
    machine.log_in()
    loop.step()
    assert (machine.health.state, projects(hub)) == (State.IDLE, {"P"})


def test_a_store_without_a_platform_needs_nobody(hub, machine):
    machine.store.set_settings({"login_gate": None})
    loop = machine.loop()
    machine.project("P")
    loop.step()
    assert (machine.health.state, machine.health.code, machine.health.failures) == (State.LOCAL, 0, 0)
    machine.store.set_settings({"login_gate": hub.gate})
    loop.step()
    assert (machine.health.state, projects(hub)) == (State.IDLE, {"P"})
