"""A platform in memory that implements the ``Remote`` port, for tests and for the engine's simulator.

Faults are injected by two hooks. ``before(method, *args)`` runs before anything happens: what it raises is a
request that never arrived. ``after(method, *args)`` runs once all is done: what it raises is a reply that was
lost, though the request was applied. A download also calls ``before("chunk", item id, offset)`` per chunk.
"""

from __future__ import annotations

import copy
import hashlib
import json
import mimetypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from posixpath import basename
from typing import Any, TypeVar

from localloop.platform.mapping import natural_key
from localloop.platform.patch import document_patch, patched_document
from localloop.testing.feed import MemoryFeed
from localloop.testing.narrowing import is_in, matching
from localloop.testing.world import MemoryWorld, normal
from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import OfflineError, PermanentError
from localloop_sync.ports import Account, Cursor, Feed, Heard, RemoteEntity, RemotePage, Scope, Span

Hook = Callable[..., None]
_Result = TypeVar("_Result")


def _nothing(_method: str, *_args: Any) -> None:
    """The hook of a platform that never fails."""


class MemoryRemote:
    """One client's connection to a :class:`MemoryWorld`; thread-safe. Its methods are documented on the port.

    Args:
        account: Who is logged in.
        world: The platform; a new one when left out. Several clients may share one.
        before: Called with a method's name and arguments before it does anything.
        after: Called with the same once it is done.
        chunk_size: The size of a download's chunks in bytes.
    """

    def __init__(
        self,
        account: Account = Account("https://platform.example.test", "alice@example.test"),  # noqa: B008 - frozen
        *,
        world: MemoryWorld | None = None,
        before: Hook = _nothing,
        after: Hook = _nothing,
        chunk_size: int = 1 << 20,
    ) -> None:
        self.world = world or MemoryWorld()
        self.before = before
        self.after = after
        self._account = account
        self._chunk_size = chunk_size
        self._broken_off = False

    def account(self) -> Account:
        """Who is logged in.

        Returns:
            The account given to the constructor.
        """
        return self._call("account", lambda: self._account)

    def feed(self) -> Feed | None:
        """The platform's change feed.

        Returns:
            The feed, or None when the world offers none, of which it is not asked.
        """
        log = self.world.feed
        if log is None:
            return None
        self._call("feed", lambda: None)
        return MemoryFeed(log, self.world.entities, self._call)

    def now(self) -> str:
        """The platform's own time, or empty text when the world tells none."""
        return self.world.moment if self.world.tells_time else ""

    def page(self, kind: EntityKind, scope: Scope, cursor: Cursor, limit: int = 1000) -> RemotePage:
        """One page of items or annotations of a dataset.

        Args:
            kind: Items or annotations.
            scope: The dataset, perhaps narrowed to an item.
            cursor: Where to go on.
            limit: How many entities at most.

        Returns:
            The page, by id or by ``(updated_at, id)`` as the cursor says.
        """

        def work() -> RemotePage:
            def place(entity: RemoteEntity) -> tuple[str, str]:
                return ("" if cursor.updated_at is None else entity.updated_at, entity.id)

            after = (cursor.updated_at or "", cursor.id)
            rest = sorted((e for e in self._contents_of(kind, scope) if place(e) > after), key=place)
            return RemotePage(rest[:limit], more=len(rest) > limit)

        return self._call("page", work, kind, scope, cursor, limit)

    def newest(self, kind: EntityKind, scope: Scope) -> str:
        """The largest ``updated_at`` among items or annotations of a dataset."""

        def work() -> str:
            return max((e.updated_at for e in self._contents_of(kind, scope)), default="")

        return self._call("newest", work, kind, scope)

    def count(self, kind: EntityKind, scope: Scope, span: Span | None = None) -> int:
        """How many items or annotations a dataset has.

        Args:
            kind: Items or annotations.
            scope: The dataset.
            span: Narrows to some ids or times.

        Returns:
            The number.
        """

        def work() -> int:
            there = self._contents_of(kind, scope)
            return len(there) if span is None else sum(is_in(span, one) for one in there)

        return self._call("count", work, kind, scope, *([] if span is None else [span]))

    def present(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> int:
        """How many of some ids items or annotations of a dataset have."""
        wanted = set(ids)

        def work() -> int:
            return sum(one.id in wanted for one in self._contents_of(kind, scope))

        return self._call("present", work, kind, scope, ids)

    def list(self, kind: EntityKind, scope: Scope) -> Sequence[RemoteEntity]:
        """All entities of a kind in a scope.

        Args:
            kind: Any kind but items and annotations, which come in pages.
            scope: The project or dataset.

        Returns:
            The entities in order of creation.
        """
        return self._call("list", lambda: self._listed(kind, scope), kind, scope)

    def get(self, kind: EntityKind, remote_id: str) -> RemoteEntity | None:
        """One entity, or None."""
        return self._call("get", lambda: self.world.entities[kind].get(remote_id), kind, remote_id)

    def find(self, kind: EntityKind, scope: Scope, keys: Sequence[str]) -> Sequence[RemoteEntity]:
        """Entities by natural key.

        Args:
            kind: What they are.
            scope: Where to look.
            keys: The names, titles, paths, e-mails, annotators or client ids.

        Returns:
            Every entity that has one of them.
        """

        def work() -> Sequence[RemoteEntity]:
            paged = kind in {EntityKind.ITEM, EntityKind.ANNOTATION}
            there = self._contents_of(kind, scope) if paged else self._listed(kind, scope)
            return [entity for entity in there if natural_key(entity) in keys]

        return self._call("find", work, kind, scope, keys)

    def create(self, kind: EntityKind, scope: Scope, documents: Sequence[Document]) -> Sequence[RemoteEntity]:
        """Create entities of one kind in one parent.

        Args:
            kind: Any kind but assignments, which come with their task.
            scope: The parent.
            documents: What to create.

        Returns:
            The new entities, in the order of ``documents``.
        """

        def work() -> Sequence[RemoteEntity]:
            return [self._create(kind, scope, document) for document in documents]

        return self._call("create", work, kind, scope, documents)

    def update(self, kind: EntityKind, remote_id: str, document: Document, base: Document) -> RemoteEntity:
        """Apply what differs between two documents to an entity.

        Args:
            kind: What it is.
            remote_id: Its id.
            document: The document that it shall have.
            base: The document that the caller knows.

        Returns:
            The entity as it then is.
        """

        def work() -> RemoteEntity:
            entity = self.world.need(kind, remote_id)
            patch = document_patch(kind, base, document)
            if not patch:
                return entity
            return self.world.change(
                entity, patched_document(kind, entity.document, patch), by=self._account.email
            )

        return self._call("update", work, kind, remote_id, document, base)

    def several(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> Sequence[RemoteEntity]:
        """Those items or annotations of a dataset that have one of these ids."""
        wanted = set(ids)

        def work() -> Sequence[RemoteEntity]:
            return [one for one in self._contents_of(kind, scope) if one.id in wanted]

        return self._call("several", work, kind, scope, ids)

    def assign(
        self, scope: Scope, items: Sequence[str], tasks: Document, base: Document
    ) -> Sequence[RemoteEntity]:
        """Give items other tasks and statuses.

        Args:
            scope: The dataset.
            items: The items' ids.
            tasks: The ``tasks`` that their documents shall have; an e-mail stands for an assignment to be made.
            base: The ``tasks`` that the caller knows.

        Returns:
            The items as they then are.
        """

        def work() -> Sequence[RemoteEntity]:
            return [self._assign(one, tasks, base) for one in items]

        return self._call("assign", work, scope, items, tasks, base)

    def delete(self, kind: EntityKind, remote_id: str) -> None:
        """Delete an entity and what is below it.

        Args:
            kind: What it is.
            remote_id: Its id; an entity that is gone already is success.
        """
        self._call("delete", lambda: self.world.remove(kind, remote_id), kind, remote_id)

    def upload(
        self, scope: Scope, document: Document, content: Path, heard: Heard | None = None
    ) -> tuple[RemoteEntity, bool]:
        """Put a new file at a path of a dataset, as the port says; ``heard`` hears of all of it at once."""
        done = self._call("upload", lambda: self._upload(scope, document, content), scope, document, content)
        if heard is not None and document.get("content"):
            heard(document["content"]["size"])
        return done

    def replace(
        self, remote_id: str, document: Document, content: Path, heard: Heard | None = None
    ) -> RemoteEntity:
        """Give an item new content; its id and annotations stay. ``heard`` hears of all of it at once."""
        done = self._call(
            "replace", lambda: self._replace(remote_id, document, content), remote_id, document, content
        )
        if heard is not None:
            heard(document["content"]["size"])
        return done

    def break_off(self) -> None:
        """Answer nothing more."""
        self._broken_off = True

    def download(self, remote_id: str, offset: int = 0) -> Iterator[bytes]:
        """The content of an item.

        Args:
            remote_id: The item's id.
            offset: The first byte wanted.

        Returns:
            The chunks from there on.
        """

        def work() -> bytes:
            self.world.need(EntityKind.ITEM, remote_id)
            return self.world.contents.get(remote_id, b"")

        content = self._call("download", work, remote_id, offset)

        def chunks() -> Iterator[bytes]:
            for start in range(offset, len(content), self._chunk_size):
                self.before("chunk", remote_id, start)
                yield content[start : start + self._chunk_size]

        return chunks()

    def _call(self, method: str, work: Callable[[], _Result], *args: Any) -> _Result:
        """Run between the hooks; the caller gets a copy, as a reply over a network would be."""
        if self._broken_off:
            raise OfflineError("The connection was broken off on purpose.")
        self.before(method, *args)
        with self.world.lock:
            result = copy.deepcopy(work())
        self.after(method, *args)
        return result

    def _contents_of(self, kind: EntityKind, scope: Scope) -> Sequence[RemoteEntity]:
        """The items or annotations of a dataset, or the annotations of one item."""
        dataset = self.world.need(EntityKind.DATASET, scope.dataset).id
        there = [
            entity
            for entity in self.world.entities[kind].values()
            if entity.parents.get(EntityKind.DATASET) == dataset
            and (scope.item is None or entity.parents.get(EntityKind.ITEM) == scope.item)
        ]
        return (
            there if not scope.where else matching(there, self.world.entities[EntityKind.ITEM], scope.where)
        )

    def _listed(self, kind: EntityKind, scope: Scope) -> Sequence[RemoteEntity]:
        if kind is EntityKind.RECIPE and scope.dataset:
            return self.world.recipes_of(scope.dataset)
        if kind is EntityKind.ONTOLOGY and scope.dataset:
            names = [n for r in self.world.recipes_of(scope.dataset) for n in r.document["ontologies"]]
            return [e for name in names if (e := self.world.entities[kind].get(name))]
        if kind is EntityKind.MEMBER:
            self.world.need(EntityKind.PROJECT, scope.project)
        wanted = {EntityKind.PROJECT: scope.project, EntityKind.DATASET: scope.dataset}
        by = {} if kind is EntityKind.PROJECT else {parent: name for parent, name in wanted.items() if name}
        if kind is EntityKind.DATASET:
            by.pop(EntityKind.DATASET, None)
        return list(self.world.where(kind, lambda e: all(e.parents.get(p) == n for p, n in by.items())))

    def _create(self, kind: EntityKind, scope: Scope, document: Document) -> RemoteEntity:
        if kind is EntityKind.PROJECT:
            return self._create_project(document)
        below: dict[EntityKind, Callable[[Scope, Document], RemoteEntity]] = {
            EntityKind.ITEM: self._create_directory,
            EntityKind.ANNOTATION: self._create_annotation,
            EntityKind.TASK: self._create_task,
            EntityKind.ASSIGNMENT: self._create_assignment,
        }
        if kind in below:
            return below[kind](scope, document)
        project = self.world.need(EntityKind.PROJECT, scope.project)
        parents = {EntityKind.PROJECT: project.id}
        if kind is EntityKind.MEMBER:
            return self._create_member(parents, document)
        if kind is EntityKind.DATASET and not document.get("recipes"):
            document = {**document, "recipes": [self._default_recipe(parents, document["name"])]}
        return self.world.add(kind, document, parents, by=self._account.email)

    def _create_project(self, document: Document) -> RemoteEntity:
        me = self._account.email
        project = self.world.add(EntityKind.PROJECT, document, {}, by=me, facts={"role": "owner"})
        self._create_member({EntityKind.PROJECT: project.id}, {"email": me, "role": "owner"})
        return project

    def _create_member(self, parents: Mapping[EntityKind, str], document: Document) -> RemoteEntity:
        """A person is a member once: adding one again only sets the role."""
        name = f"{parents[EntityKind.PROJECT]}/{document['email']}"
        there = self.world.entities[EntityKind.MEMBER].get(name)
        if there is not None:
            return self.world.change(there, document, by=self._account.email)
        return self.world.add(EntityKind.MEMBER, document, parents, by=self._account.email, entity_id=name)

    def _default_recipe(self, parents: Mapping[EntityKind, str], dataset: str) -> str:
        me = self._account.email
        ontology = self.world.add(EntityKind.ONTOLOGY, {"title": "Default Ontology"}, parents, by=me)
        recipe: Document = {"title": f"{dataset} Default Recipe", "ontologies": [ontology.id]}
        return self.world.add(EntityKind.RECIPE, recipe, parents, by=me).id

    def _create_directory(self, scope: Scope, document: Document) -> RemoteEntity:
        if document.get("type") != "dir":
            raise PermanentError("An item comes with its content.", status=400)
        there = self._at_path(scope, document["filename"])
        if there is not None:
            return there
        return self.world.add(
            EntityKind.ITEM,
            document,
            {EntityKind.DATASET: scope.dataset or ""},
            by=self._account.email,
            facts={"hidden": False, "mimetype": "", "spec": "MasterItemSpec"},
        )

    def _create_annotation(self, scope: Scope, document: Document) -> RemoteEntity:
        item = self.world.need(EntityKind.ITEM, scope.item)
        parents = {EntityKind.DATASET: item.parents[EntityKind.DATASET], EntityKind.ITEM: item.id}
        facts = {"hash": hashlib.sha1(json.dumps(document, sort_keys=True).encode()).hexdigest()}  # noqa: S324 - opaque
        return self.world.add(EntityKind.ANNOTATION, document, parents, by=self._account.email, facts=facts)

    def _create_task(self, scope: Scope, document: Document) -> RemoteEntity:
        dataset = self.world.need(EntityKind.DATASET, scope.dataset)
        parents = {**dataset.parents, EntityKind.DATASET: dataset.id}
        recipes = self.world.recipes_of(dataset.id)
        recipe = scope.recipe or (recipes[0].id if recipes else None)
        named = {EntityKind.RECIPE: recipe} if recipe else {}
        me = self._account.email
        task = self.world.add(EntityKind.TASK, {"taskOwner": me, **document}, {**parents, **named}, by=me)
        for share in document.get("workload", []):
            self._assignment(task, share["assigneeId"])
        return task

    def _create_assignment(self, scope: Scope, document: Document) -> RemoteEntity:
        return self._assignment(self.world.need(EntityKind.TASK, scope.task), document["annotator"])

    def _assignment(self, task: RemoteEntity, annotator: str) -> RemoteEntity:
        """The assignment of somebody in a task; it is made when there is none."""
        parents = {kind: task.parents[kind] for kind in (EntityKind.PROJECT, EntityKind.DATASET)}
        for one in self.world.where(
            EntityKind.ASSIGNMENT,
            lambda e: e.parents[EntityKind.TASK] == task.id and e.document["annotator"] == annotator,
        ):
            return one
        title: Document = {"name": f"{task.document['name']} ({annotator})", "annotator": annotator}
        return self.world.add(
            EntityKind.ASSIGNMENT, title, {**parents, EntityKind.TASK: task.id}, by=self._account.email
        )

    def _assign(self, item_id: str, tasks: Document, base: Document) -> RemoteEntity:
        item = self.world.need(EntityKind.ITEM, item_id)
        there = copy.deepcopy(item.document.get("tasks") or {})
        for name in base.keys() | tasks.keys():
            if base.get(name) == tasks.get(name):
                continue
            there.pop(name, None)
            if name in tasks:
                task = self.world.need(EntityKind.TASK, name)
                there[name] = dict(tasks[name])
                if "@" in there[name].get("assignment", ""):
                    there[name]["assignment"] = self._assignment(task, there[name]["assignment"]).id
        return self.world.change(item, {**item.document, "tasks": there}, by=self._account.email)

    def _at_path(self, scope: Scope, filename: str) -> RemoteEntity | None:
        items = self._contents_of(EntityKind.ITEM, Scope(dataset=scope.dataset))
        return next((item for item in items if item.document["filename"] == filename), None)

    def _content(self, document: Document, data: bytes) -> Document:
        """What is told of a content: its size, and its digest when the writer marked it and the world keeps marks."""
        digest = (document.get("content") or {}).get("digest")
        mark = {"digest": digest} if digest and self.world.keeps_marks else {}
        return {"size": len(data), **mark}

    def _upload(self, scope: Scope, document: Document, content: Path) -> tuple[RemoteEntity, bool]:
        there = self._at_path(scope, document["filename"])
        if there is not None:
            return there, False
        data = content.read_bytes()
        facts = _content_facts(document["filename"], len(data))
        sent: Document = {**document, "type": "file", "content": self._content(document, data)}
        parents = {EntityKind.DATASET: scope.dataset or ""}
        item = self.world.add(EntityKind.ITEM, sent, parents, by=self._account.email, facts=facts)
        self.world.contents[item.id] = data
        return item, True

    def _replace(self, remote_id: str, document: Document, content: Path) -> RemoteEntity:
        there = self.world.need(EntityKind.ITEM, remote_id)
        data = content.read_bytes()
        facts = _content_facts(there.document["filename"], len(data))
        changed = {**there.document, "content": self._content(document, data)}
        item = self.world.change(there, changed, by=self._account.email, facts=facts)
        self.world.contents[item.id] = data
        return item


def _content_facts(filename: str, size: int) -> dict[str, Any]:
    mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    derived = {"originalname": basename(filename), "size": size, "encoding": "7bit", "mimetype": mimetype}
    hidden = filename.startswith("/.dataloop/")
    return {"mimetype": mimetype, "hidden": hidden, "spec": "MasterItemSpec", "derived": derived}


__all__ = ["MemoryRemote", "MemoryWorld", "normal"]
