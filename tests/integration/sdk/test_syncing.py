"""What a script does offline reaches a platform at the next sync."""

from __future__ import annotations

import pytest

import localloop as dl
from localloop.errors import AuthError, MassDeletionHalt, OtherAccountHalt
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", users={"ann@x": "pw", "bob@x": "pw"}) as running:
        yield running


def test_work_done_offline_is_on_the_platform_after_a_sync(machine, hub):
    project = dl.projects.create("P")
    dataset = project.datasets.create("D")
    dataset.add_label("L")
    item = dataset.items.upload(b"abc", remote_name="a.jpg", item_metadata={"user": {"k": 1}})
    item.annotations.upload({"type": "class", "label": "L"})
    assert dl.login_m2m("ann@x", "pw", gate=hub.gate)
    report = dl.sync()
    assert report.rejected == []
    assert dl.sync().quiet
    held = hub.store.query({"resource": "items", "filter": {"$and": [{"metadata.user.k": 1}]}})
    assert [row["filename"] for row in held.rows] == ["/a.jpg"]
    assert dl.items.get(item_id=item.id).filename == "/a.jpg"
    assert dl.items.get(item_id=held.rows[0]["id"]).id == item.id
    assert dl.info()["user_email"] == "ann@x"


def test_tasks_that_share_an_assignee_all_arrive_in_one_sync(machine, hub):
    dataset = dl.projects.create("P").datasets.create("D")
    dataset.items.upload(b"abc", remote_name="a.jpg")
    for name in ("one", "two", "three"):
        dataset.tasks.create(task_name=name, assignee_ids=["bob@x", "eve@x"])
    dl.login_m2m("ann@x", "pw", gate=hub.gate)
    assert dl.sync().unsent == 0
    assert dl.sync().quiet
    held = sorted((row["name"], row["annotator"]) for row in hub.store.rows(EntityKind.ASSIGNMENT))
    here = [(one.name, one.annotator) for task in dataset.tasks.list() for one in task.assignments]
    assert held == sorted(here)
    assert len(held) == 6


def test_a_dry_run_sends_nothing(machine, hub):
    dl.projects.create("P")
    dl.login_m2m("ann@x", "pw", gate=hub.gate)
    assert dl.sync(dry_run=True).planned
    assert hub.store.query({"resource": "datasets"}).rows == []


def test_without_a_log_in_a_sync_says_so(machine, offline):
    with pytest.raises(AuthError):
        dl.sync()


def test_a_wrong_password_changes_nothing(machine, hub):
    with pytest.raises(AuthError):
        dl.login_m2m("ann@x", "wrong", gate=hub.gate)
    assert not dl.token_expired()  # the store is still connected to nothing


def test_a_synced_store_stays_with_its_account(machine, hub):
    dl.login_m2m("ann@x", "pw", gate=hub.gate)
    dl.sync()
    with pytest.raises(OtherAccountHalt):
        dl.login_m2m("bob@x", "pw")


def test_a_script_agrees_to_what_a_sync_halted_at_and_to_nothing_more(machine, hub):
    dataset = dl.projects.create("P").datasets.create("D")
    items = [dataset.items.upload(b"%d" % number, remote_name=f"{number}.txt") for number in range(26)]
    dl.login_m2m("ann@x", "pw", gate=hub.gate)
    dl.sync()
    for item in items[:24]:
        item.delete()
    with pytest.raises(MassDeletionHalt):
        dl.sync(allow_deletions=True)
    items[24].delete()
    with pytest.raises(MassDeletionHalt):
        dl.sync(allow_deletions=True)
    assert dl.sync(allow_deletions=True).deleted_there == {"item": 25}


@pytest.mark.parametrize("known", [True, False])
def test_a_dataset_becomes_read_only_there_when_all_that_is_in_it_has_arrived(machine, hub, known):
    assert dl.login_m2m("ann@x", "pw", gate=hub.gate)
    dataset = dl.projects.create("P").datasets.create("D", labels=["L"])
    if known:
        dl.sync()
    item = dataset.items.upload(b"abc", remote_name="a.txt")
    item.annotations.upload({"type": "class", "label": "L"})
    dataset.set_readonly(True)
    report = dl.sync()
    assert (report.rejected, report.unsent) == ([], 0)
    [there] = hub.store.rows(EntityKind.DATASET, name="D")
    assert there["readonly"]
    assert len(hub.store.rows(EntityKind.ANNOTATION)) == 1
    assert dl.sync().quiet
    dataset.set_readonly(False)
    item.delete()
    report = dl.sync()
    assert (report.rejected, report.unsent) == ([], 0)
    assert hub.store.rows(EntityKind.ITEM, type="file") == []
