"""Files through one kind of fault at a time, in one sync: each arrives once. ``make bench`` has a thousand."""

from __future__ import annotations

import pytest

from localloop.store.datasets import create_dataset
from localloop.store.items import add_item
from localloop.store.projects import create_project
from localloop.testing.faults import Fault, Rule, Schedule
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K
from tests.integration.faults.harness import ANN, Laptop
from tests.integration.faults.weather import ERRORS, LOST, WeatherProxy

FILES = 30
CALM = Schedule()
THROTTLED = Schedule((Rule(Fault.THROTTLED_SECONDS, probability=0.3, path="/api/*", times=20),))


@pytest.mark.parametrize(
    ("schedule", "then"),
    [(ERRORS, None), (LOST, None), (THROTTLED, None), (CALM, WeatherProxy.expire)],
    ids=["errors", "lost replies", "throttling", "a token that ends"],
)
def test_every_file_arrives_once_in_one_sync(tmp_path, schedule, then):
    with running_hub(tmp_path / "hub", {ANN: "pw"}) as hub:
        proxy = WeatherProxy(hub.gate, CALM, after=FILES // 3, then=then, seed=1)
        with proxy:
            laptop = Laptop(tmp_path / "a", proxy.gate)
            laptop.log_in()
            files = {f"/{number}.bin": b"%d" % number * 100 for number in range(FILES)}
            with laptop.store.transaction("begin") as tx:
                dataset = create_dataset(tx, create_project(tx, "P"), "D")
                for name, data in files.items():
                    add_item(tx, dataset, name, laptop.store.blobs.add_bytes(data))
            proxy.follow(schedule)
            report = laptop.sync(workers=4)
            assert proxy.faults
            laptop.close()
        assert (report.unsent, report.rejected, report.postponed) == (0, [], [])
        rows = hub.store.rows(K.ITEM, type="file")
        there = [(row["filename"], hub.store.blobs.path(row["digest"]).read_bytes()) for row in rows]
        assert sorted(there) == sorted(files.items())
        assert proxy.uploads <= 2 * FILES
