"""Versions of datasets: what they keep, and that nothing changes them."""

from __future__ import annotations

import pytest

import localloop as dl
from localloop.cli.app import app
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind


@pytest.fixture
def fruit(machine):
    dataset = dl.projects.create("Fruit").datasets.create("Apples", labels=["Ripe"])
    item = dataset.items.upload(b"abc", remote_name="a.txt", item_metadata={"user": {"k": 1}})
    item.annotations.upload({"type": "class", "label": "Ripe"})
    return dataset


def test_a_version_stays_as_the_dataset_was(fruit, offline):
    version = fruit.snapshot("v1")
    assert (version.name, version.readonly) == ("Apples@v1", True)
    item = fruit.items.get(filepath="/a.txt")
    item.metadata["user"]["k"] = 2
    item.update()
    item.annotations.list()[0].delete()
    fruit.items.upload(b"new", remote_name="b.txt")
    kept = version.items.get(filepath="/a.txt")
    assert kept.metadata["user"]["k"] == 1
    assert [one.label for one in kept.annotations.list()] == ["Ripe"]
    assert version.items.list().items_count == 1
    assert len(list(fruit._store.blobs.digests())) == 2
    with pytest.raises(dl.exceptions.Forbidden):
        kept.delete()


def test_versions_are_listed_in_order_and_a_name_is_taken_once(fruit, offline):
    names = [fruit.snapshot(name).name for name in ("v1", "before cleaning")]
    assert [one.name for one in fruit.snapshots] == names
    for wrong in ("v1", "", "a/b", "a@b", " a"):
        with pytest.raises(dl.exceptions.BadRequest, match="version"):
            fruit.snapshot(wrong)


def test_one_goes_back_by_cloning_a_version(fruit, offline):
    version = fruit.snapshot("v1")
    fruit.items.get(filepath="/a.txt").delete()
    again = version.clone("Apples again")
    assert again.items.get(filepath="/a.txt").annotations.list()[0].label == "Ripe"
    assert not again.readonly


def test_one_that_broke_off_goes_on(fruit, offline):
    begun = fruit.project.datasets.create("Apples@v1")
    version = fruit.snapshot("v1")
    assert version.id == begun.id
    assert version.items.list().items_count == 1


def test_a_version_reaches_the_platform_whole(fruit, tmp_path):
    with running_hub(tmp_path / "hub", users={"ann@x": "pw"}) as hub:
        assert dl.login_m2m("ann@x", "pw", gate=hub.gate)
        fruit.snapshot("v1")
        report = dl.sync()
        assert (report.rejected, report.unsent) == ([], 0)
        [there] = hub.store.rows(EntityKind.DATASET, name="Apples@v1")
        assert there["readonly"]
        assert len(hub.store.rows(EntityKind.ANNOTATION, dataset_id=there["id"])) == 1
        assert dl.sync().quiet


def test_the_command_line_keeps_and_lists_versions(fruit, offline, capsys):
    assert app(["datasets", "snapshots", "Fruit/Apples"], standalone_mode=False) == 0
    assert app(["datasets", "snapshot", "Fruit/Apples", "v1"], standalone_mode=False) == 0
    assert app(["datasets", "snapshots", "Fruit/Apples"], standalone_mode=False) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("None yet")
    assert said[1] == "Kept Fruit/Apples as Apples@v1."
    assert said[2].startswith("v1  20")
