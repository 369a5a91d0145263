"""The syncing process is killed at random moments of the first sync, and started again each time."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random

import pytest

from localloop.store import Store
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K
from tests.integration.acceptance.export import export, read
from tests.integration.acceptance.team import EMAIL, PASSWORD, Laptop, disagreements, holdings

KILLS = int(os.environ.get("LOCALLOOP_TEST_KILLS", "10"))


@pytest.mark.timeout(900)
def test_nothing_is_missing_or_twice_after_ten_kills_of_the_first_sync(tmp_path: Path):
    source = export(tmp_path / "export", items=120)
    expected = read(source)
    random = Random(3)
    with running_hub(tmp_path / "hub", users={EMAIL: PASSWORD}) as hub:
        ann = Laptop(tmp_path / "ann", hub)
        ann.run("init")
        ann.run("import", str(source), "--to", "Fruit/Basket", "--create")
        ann.login()
        reached = []
        for _ in range(KILLS):
            before = len(hub.store.rows(K.ITEM)) + len(hub.store.rows(K.ANNOTATION))
            process = ann.start("sync")
            killed_at = before + random.randrange(1, 2 + len(expected) // 10)
            while (
                process.poll() is None
            ):  # until the hub has so many, which is some random moment of the push
                if len(hub.store.rows(K.ITEM)) + len(hub.store.rows(K.ANNOTATION)) >= killed_at:
                    process.send_signal(signal.SIGKILL)
                    break
            process.communicate()
            reached.append(len(hub.store.rows(K.ITEM)) + len(hub.store.rows(K.ANNOTATION)))
        ann.run("sync")
        ann.run("sync")
        with Store.open(ann.path) as store:
            assert holdings(store) == expected
        assert holdings(hub.store) == expected
        assert disagreements([ann], hub) == []
        print(f"killed {KILLS} times, with {reached} entities at the hub; {len(expected)} items in the end")  # noqa: T201 - figures, shown by `pytest -s`
