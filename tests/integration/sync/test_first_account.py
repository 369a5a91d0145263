"""What was made before anybody logged in belongs to whoever logs in first."""

from __future__ import annotations

from localloop.store import ANONYMOUS, Store
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item
from localloop.store.projects import create_project
from localloop.store.tasks import create_task
from localloop.syncing import adopt_author
from localloop_schema.kinds import EntityKind as K


def test_the_account_takes_the_place_of_the_anonymous_author(tmp_path):
    with Store.create(tmp_path / "store") as store:
        with store.transaction("found") as tx:
            dataset = create_dataset(tx, create_project(tx, "P"), "D")
            add_item(tx, dataset, "/a.txt", store.blobs.add_bytes(b"a"))
            create_task(tx, dataset, "t", {}, assignee_ids=[ANONYMOUS, "bob@example.test"])
        adopt_author(store, "ann@example.test")
        assert {row["email"] for row in store.rows(K.MEMBER)} == {"ann@example.test"}
        assert {row["annotator"] for row in store.rows(K.ASSIGNMENT)} == {
            "ann@example.test",
            "bob@example.test",
        }
        [task] = store.rows(K.TASK)
        assert task["task_owner"] == "ann@example.test"
        assert [share["assigneeId"] for share in task["workload"]] == ["ann@example.test", "bob@example.test"]


def test_a_store_that_has_an_author_keeps_it(tmp_path):
    with Store.create(tmp_path / "store", author="ann@example.test") as store:
        adopt_author(store, "bob@example.test")
        assert store.settings()["author"] == "ann@example.test"
