"""A script for dtlpy runs against a gateway without a connection; a sync later, the platform has all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from localloop.platform import CredentialStore
from localloop.platform.auth import login_m2m
from localloop.platform.transport import Transport
from localloop.store import Store
from localloop.store.conflicts import list_conflicts
from localloop.store.fsck import Level, check
from localloop.syncing import connected, sync_store
from localloop.testing.agreement import broken_content, differences, picture
from localloop.testing.hub import Hub, running_hub
from localloop_schema.kinds import EntityKind as K

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"
PEOPLE = dict.fromkeys((ALICE, BOB, CAROL), "pw")
SCRIPT = Path(__file__).with_name("gateway_script.py")

pytestmark = [pytest.mark.dtlpy, pytest.mark.slow]


def script(what: str, gate: str, place: Path) -> str:
    home = place / "home"
    home.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "DATALOOP_PATH": str(home / "dataloop"),
    }
    command = [sys.executable, str(SCRIPT), what, gate, str(place), str(place / "held.json")]
    done = subprocess.run(
        command, env=environment, cwd=place, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-6000:]
    return done.stdout


def synced(store: Store, platform: Hub, place: Path) -> None:
    """Sync until nothing moves; nothing may be refused or disputed."""
    credentials = CredentialStore(place / "config")
    transport = Transport(platform.gate)
    login_m2m(transport, credentials, ALICE, "pw")
    transport.close()
    for _ in range(4):
        with connected(store, credentials) as remote:
            report = sync_store(store, remote)
        assert [one.reason for one in report.rejected] == []
        assert list_conflicts(store) == []
    assert report.quiet, report
    assert report.unsent == 0


def test_edits_of_every_kind_reach_the_platform_and_ids_stay_valid(tmp_path):
    platform = Hub(tmp_path / "platform", PEOPLE)
    platform.start()
    gate = platform.gate
    platform.stop()  # nobody answers there
    place = tmp_path / "gateway"
    with Store.create(place, author=ALICE, device="gateway") as store:
        store.set_settings({"gate": gate, "account": ALICE})
    with running_hub(place, PEOPLE) as gateway:
        script("edit", gateway.gate, tmp_path)
        platform.start()
        try:
            synced(gateway.store, platform, tmp_path)
            there = picture(platform.store, hub=True)
            assert differences(picture(gateway.store), there) == []
            assert broken_content(platform.store) == broken_content(gateway.store) == []
            assert len([row for row in platform.store.rows(K.DATASET) if row["system"]]) == 1
            said = script("look", gateway.gate, tmp_path)
            [line] = [line for line in said.splitlines() if line.startswith("LOST ")]
            assert json.loads(line.removeprefix("LOST ")) == {}
            synced(gateway.store, platform, tmp_path)
            assert differences(picture(gateway.store), picture(platform.store, hub=True)) == []
            assert [one for one in check(gateway.store) if one.level is not Level.INFO] == []
        finally:
            platform.stop()
