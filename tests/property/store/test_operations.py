"""Whatever the services do, the log amounts to what separates base and mirror."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import insert

from localloop.errors import PlatformError
from localloop.store import Store
from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.bulk import delete_by_query, update_by_query
from localloop.store.datasets import create_dataset, update_dataset
from localloop.store.fsck import Level, check
from localloop.store.items import add_item, move_item, update_item
from localloop.store.labels import delete_labels, upsert_attributes, upsert_labels
from localloop.store.projects import add_member, create_project, remove_member, update_member
from localloop.store.tasks import create_task, delete_task, reassign, update_task
from localloop.store.work import set_item_status
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.tables import BaseSnapshot

KINDS = list(EntityKind)
paths = st.sampled_from(["/a.jpg", "/b/c.png", "/d", "/.dataloop/e", "/\u00e9.txt"])
contents = st.sampled_from([b"", b"a", b"b", b"cc"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(st.sampled_from(["k", "l", "m.n"]), values, max_size=3)
metadata = st.fixed_dictionaries({}, optional={"user": objects, "system": objects, "other": values})
tags = st.sampled_from(["Person", "Ear", "a.b", "a", "a.b.c"])
emails = st.sampled_from(["ann@x", "bob@x", "eve@x"])
queries = st.sampled_from(
    [
        {},
        {"filter": {"$and": [{"type": "file"}]}},
        {"filter": {"$and": [{"metadata.user.k": {"$exists": True}}]}},
        {
            "join": {
                "on": {"resource": "annotations", "local": "itemId", "forigen": "id"},
                "filter": {"$and": [{"label": "Ear"}]},
            }
        },
    ]
)
picks = st.integers(0, 30)


class Services(RuleBasedStateMachine):
    """Random user actions; some fail half-way on purpose, some entities get a base as a push would leave it."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.store = Store.create(Path(self.directory.name) / "store", author="ann@x", device="laptop")
        with self.store.transaction("set up") as tx:
            project = create_project(tx, "P")
            create_dataset(tx, project, "D")

    def teardown(self) -> None:
        self.store.close()
        self.directory.cleanup()

    def pick(self, tx, kind, number):
        rows = tx.rows(kind)
        return rows[number % len(rows)] if rows else None

    def act(self, kind, number, action):
        """One user action on a row that is there; a refusal must leave nothing behind."""
        try:
            with self.store.transaction("act") as tx:
                row = self.pick(tx, kind, number)
                if row is not None:
                    action(tx, row)
        except PlatformError:
            pass

    @rule(number=picks, path=paths, content=contents, given=metadata, overwrite=st.booleans())
    def add(self, number, path, content, given, overwrite):
        blob = self.store.blobs.add_bytes(content) if path != "/d" else None
        self.act(
            EntityKind.DATASET,
            number,
            lambda tx, row: add_item(tx, row, path, blob, metadata=given, overwrite=overwrite),
        )

    @rule(number=picks, patch=metadata, description=st.none() | st.text(max_size=2), system=st.booleans())
    def edit(self, number, patch, description, system):
        whole = {"metadata": patch, "description": description}
        self.act(EntityKind.ITEM, number, lambda tx, row: update_item(tx, row, whole, system=system))

    @rule(number=picks, path=paths)
    def move(self, number, path):
        self.act(EntityKind.ITEM, number, lambda tx, row: move_item(tx, row, path))

    @rule(number=picks, labels=st.lists(tags, max_size=3), extra=objects)
    def annotate(self, number, labels, extra):
        wire = [{"type": "class", "label": tag, "metadata": {"user": extra}} for tag in labels]
        self.act(EntityKind.ITEM, number, lambda tx, row: add_annotations(tx, row, wire))

    @rule(number=picks, label=tags, coordinates=values, patch=metadata, system=st.booleans())
    def reannotate(self, number, label, coordinates, patch, system):
        whole = {"label": label, "coordinates": coordinates, "metadata": patch}
        self.act(
            EntityKind.ANNOTATION, number, lambda tx, row: update_annotation(tx, row, whole, system=system)
        )

    @rule(number=picks, chosen=st.lists(tags, max_size=3), colour=st.sampled_from(["#000000", "#ffffff"]))
    def label(self, number, chosen, colour):
        nodes = [{"tag": tag, "color": colour} for tag in chosen]
        self.act(EntityKind.ONTOLOGY, number, lambda tx, row: upsert_labels(tx, row, nodes))

    @rule(number=picks, tag=tags)
    def unlabel(self, number, tag):
        self.act(EntityKind.ONTOLOGY, number, lambda tx, row: delete_labels(tx, row, [tag]))

    @rule(number=picks, extra=objects)
    def attribute(self, number, extra):
        item = {**extra, "key": "k"}
        self.act(EntityKind.ONTOLOGY, number, lambda tx, row: upsert_attributes(tx, row, [item]))

    @rule(number=picks, email=emails, role=st.sampled_from(["engineer", "annotator", "owner"]))
    def join(self, number, email, role):
        self.act(EntityKind.PROJECT, number, lambda tx, row: add_member(tx, row, email, role))
        self.act(EntityKind.PROJECT, number, lambda tx, row: update_member(tx, row, email, role))

    @rule(number=picks, email=emails)
    def leave(self, number, email):
        self.act(EntityKind.PROJECT, number, lambda tx, row: remove_member(tx, row, email))

    @rule(number=picks, name=st.sampled_from(["D", "E", "F"]), tag=tags)
    def dataset(self, number, name, tag):
        self.act(
            EntityKind.PROJECT, number, lambda tx, row: create_dataset(tx, row, name, labels=[{"tag": tag}])
        )

    @rule(number=picks, name=st.sampled_from(["D", "E"]), patch=metadata, system=st.booleans())
    def redataset(self, number, name, patch, system):
        whole = {"name": name, "metadata": patch}
        self.act(EntityKind.DATASET, number, lambda tx, row: update_dataset(tx, row, whole, system=system))

    @rule(number=picks, query=queries, patch=metadata)
    def bulk(self, number, query, patch):
        self.act(
            EntityKind.DATASET,
            number,
            lambda tx, row: update_by_query(tx, query, row, {"metadata": patch}, system=True),
        )

    @rule(number=picks, query=queries)
    def bulk_delete(self, number, query):
        self.act(EntityKind.DATASET, number, lambda tx, row: delete_by_query(tx, query, row))

    @rule(number=picks, query=queries, people=st.lists(emails, max_size=2))
    def task(self, number, query, people):
        self.act(
            EntityKind.DATASET, number, lambda tx, row: create_task(tx, row, "t", query, assignee_ids=people)
        )

    @rule(number=picks, other=picks, name=st.text(min_size=1, max_size=2))
    def work(self, number, other, name):
        def act(tx, row):
            item = self.pick(tx, EntityKind.ITEM, other)
            set_item_status(tx, row, [item] if item else [], "completed")
            update_task(tx, row, {"name": name})

        self.act(EntityKind.TASK, number, act)
        self.act(EntityKind.ASSIGNMENT, other, lambda tx, row: reassign(tx, row, "zoe@x"))

    @rule(number=picks)
    def drop_task(self, number):
        self.act(EntityKind.TASK, number, delete_task)

    @rule(number=picks, kind=st.sampled_from([EntityKind.ITEM, EntityKind.ANNOTATION, EntityKind.DATASET]))
    def delete(self, number, kind):
        self.act(kind, number, lambda tx, row: tx.delete(kind, row))

    @rule(number=picks, kind=st.sampled_from(KINDS))
    def push(self, number, kind):
        """What a successful push leaves: a base that equals the mirror, and acknowledged operations."""

        def act(tx, row):
            tx.connection.execute(
                insert(BaseSnapshot).prefix_with("OR REPLACE"),
                {
                    "kind": kind.value,
                    "entity_id": row["id"],
                    "remote_id": f"r{row['id']}",
                    "document": to_document(kind, row),
                },
            )
            tx.connection.exec_driver_sql(
                "UPDATE operations SET state = 'acknowledged' WHERE kind = ? AND entity_id = ?"
                " AND state = 'pending'",
                (kind.value, row["id"]),
            )

        self.act(kind, number, act)

    @precondition(lambda self: self.store.rows(EntityKind.ITEM))
    @rule(number=picks, given=objects)
    def fail(self, number, given):
        before = self.dump()

        def act(tx, row):
            update_item(tx, row, {"metadata": {"user": {**given, "never": True}}})
            add_annotations(tx, row, [{"type": "class", "label": "never"}])
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            self.act(EntityKind.ITEM, number, act)
        assert self.dump() == before

    def dump(self):
        with self.store.reading() as connection:
            return [
                connection.exec_driver_sql(f"SELECT * FROM {name}").all()
                for name in ("items", "annotations", "operations", "tombstones")
            ]

    @invariant()
    def the_log_amounts_to_the_difference(self):
        assert [found for found in check(self.store) if found.level is Level.ERROR] == []


TestServices = Services.TestCase
TestServices.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
