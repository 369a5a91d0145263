"""The writing half of the ``Remote`` port."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote

from localloop.platform import push
from localloop.platform.assigning import Assigner
from localloop.platform.commands import finished
from localloop.platform.mapping import from_wire, natural_key
from localloop.platform.ontologies import update_ontology, upsert_attributes
from localloop.platform.patch import document_patch
from localloop.platform.reading import Reader, entity_path, member_parts
from localloop.platform.session import PlatformSession
from localloop.platform.steps import begun
from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import PermanentError, RemoteNotFoundError, TransientError
from localloop_sync.ports import RemoteEntity, Scope

#: How many annotations go into one call: what the platform's own SDK sends (docs/platform/wire.md, 5.1).
ANNOTATIONS = 100

#: The only keys of a patch that the platform takes, for kinds whose other keys cannot change.
_SENT: dict[EntityKind, frozenset[str]] = {
    EntityKind.PROJECT: frozenset({"name"}),
    EntityKind.MEMBER: frozenset({"role"}),
    EntityKind.ITEM: frozenset({"filename", "description", "metadata"}),
}


class Writer:
    """Changes on the platform.

    Args:
        session: The logged-in connection.
        reader: Reads what a reply does not tell.
        assigner: Makes assignments, by what is put into a task.
        sleep: How to wait for a command.
    """

    def __init__(
        self,
        session: PlatformSession,
        reader: Reader,
        assigner: Assigner,
        sleep: Callable[[float], None],
    ) -> None:
        self._session = session
        self._reader = reader
        self._assigner = assigner
        self._sleep = sleep

    def create(self, kind: EntityKind, scope: Scope, documents: Sequence[Document]) -> Sequence[RemoteEntity]:
        """Create entities of one kind in one parent.

        Args:
            kind: What they are.
            scope: The parent.
            documents: Their documents.

        Returns:
            The entities, in the order of ``documents``.
        """
        if kind is EntityKind.ANNOTATION:
            return self._annotations(scope, documents)
        one = self._creators()[kind]
        return [one(scope, document) for document in documents]

    def update(self, kind: EntityKind, remote_id: str, document: Document, base: Document) -> RemoteEntity:
        """Send the smallest patch between two documents.

        Args:
            kind: What it is.
            remote_id: Its id.
            document: The document that it shall have.
            base: The document that the caller knows.

        Returns:
            The entity as it then is.
        """
        patch = document_patch(kind, base, document)
        reply = None
        if patch and kind is EntityKind.ONTOLOGY:
            update_ontology(self._session, remote_id, document, base)
        elif patch:
            reply = self._send(kind, remote_id, patch, document)
        with begun() if patch else nullcontext():
            return self._answered(kind, reply, remote_id)

    def delete(self, kind: EntityKind, remote_id: str) -> None:
        """Delete an entity.

        Args:
            kind: What it is.
            remote_id: Its id; one that is gone already is success.
        """
        if kind is EntityKind.ASSIGNMENT:
            raise PermanentError("An assignment goes with its task.")
        body: Mapping[str, Any] | None = None
        if kind is EntityKind.ANNOTATION:
            body = {"username": self._session.email}
        elif kind is EntityKind.TASK:
            body = {"asynced": True}
        try:
            reply = self._session.json("DELETE", entity_path(kind, remote_id), json=body)
            if kind is EntityKind.TASK and reply is not None:
                with begun():
                    finished(self._session, reply, self._sleep)
        except RemoteNotFoundError:
            return

    def _creators(self) -> Mapping[EntityKind, Callable[[Scope, Document], RemoteEntity]]:
        return {
            EntityKind.PROJECT: self._project,
            EntityKind.MEMBER: self._member,
            EntityKind.ONTOLOGY: self._ontology,
            EntityKind.RECIPE: self._recipe,
            EntityKind.DATASET: self._dataset,
            EntityKind.ITEM: self._directory,
            EntityKind.TASK: self._task,
            EntityKind.ASSIGNMENT: self._assignment,
        }

    def _project(self, _scope: Scope, document: Document) -> RemoteEntity:
        reply = self._session.json("POST", "/projects", data={"name": document["name"]})
        return from_wire(EntityKind.PROJECT, reply)

    def _member(self, scope: Scope, document: Document) -> RemoteEntity:
        name = f"{scope.project}/{document['email']}"
        path = entity_path(EntityKind.MEMBER, name)
        reply = self._session.json("POST", path, json={"role": document["role"]})
        with begun():
            return self._answered(EntityKind.MEMBER, reply, name)

    def _ontology(self, scope: Scope, document: Document) -> RemoteEntity:
        project = _named(scope.project)
        made = self._made(EntityKind.ONTOLOGY, push.new_ontology(project, document), project)
        if not document.get("attributes"):
            return made
        with begun():
            upsert_attributes(self._session, made.id, document["attributes"])
            return self._reader.need(EntityKind.ONTOLOGY, made.id)

    def _recipe(self, scope: Scope, document: Document) -> RemoteEntity:
        project = _named(scope.project)
        return self._made(EntityKind.RECIPE, push.new_recipe(project, document), project)

    def _dataset(self, scope: Scope, document: Document) -> RemoteEntity:
        project = _named(scope.project)
        made = self._made(EntityKind.DATASET, push.new_dataset(project, document), project)
        wanted = {key: document[key] for key in ("recipes", "readonly", "metadata") if document.get(key)}
        if not wanted:
            return made
        with begun():
            reply = self._send(EntityKind.DATASET, made.id, wanted, document)
            return self._answered(EntityKind.DATASET, reply, made.id)

    def _made(self, kind: EntityKind, body: Mapping[str, Any], project: str) -> RemoteEntity:
        path = {
            EntityKind.ONTOLOGY: "/ontologies",
            EntityKind.RECIPE: "/recipes",
            EntityKind.DATASET: "/datasets",
        }[kind]
        return from_wire(kind, self._session.json("POST", path, json=body), {EntityKind.PROJECT: project})

    def _directory(self, scope: Scope, document: Document) -> RemoteEntity:
        if document.get("type") != "dir":
            raise PermanentError("An item comes with its content.")
        path = f"/datasets/{quote(_named(scope.dataset), safe='')}/items"
        form = {"type": "dir", "path": document["filename"]}
        return from_wire(EntityKind.ITEM, self._session.json("POST", path, data=form))

    def _annotations(self, scope: Scope, documents: Sequence[Document]) -> Sequence[RemoteEntity]:
        item = _named(scope.item)
        path = f"/items/{quote(item, safe='')}/annotations"
        made: list[RemoteEntity] = []
        for start in range(0, len(documents), ANNOTATIONS):
            batch = documents[start : start + ANNOTATIONS]
            body = [push.new_annotation(scope.dataset, item, document) for document in batch]
            reply = self._session.json("POST", path, json=body)
            rows = [reply] if isinstance(reply, dict) else reply
            if not isinstance(rows, list) or len(rows) != len(batch):
                raise TransientError(
                    "The platform did not answer with one annotation for each that was sent."
                )
            made += [from_wire(EntityKind.ANNOTATION, row) for row in rows]
        return made

    def _task(self, scope: Scope, document: Document) -> RemoteEntity:
        dataset = self._reader.need(EntityKind.DATASET, _named(scope.dataset))
        recipes = dataset.document["recipes"]
        if not recipes:
            raise PermanentError("A task needs a dataset that has a recipe.")
        parents = {
            "datasetId": dataset.id,
            "projectId": scope.project or dataset.parents[EntityKind.PROJECT],
            "recipeId": scope.recipe or recipes[0],
        }
        body = push.new_task(parents, self._session.email, document)
        reply = self._session.json("POST", "/annotationtasks", json=body)
        if isinstance(reply, dict) and "name" in reply:
            return from_wire(EntityKind.TASK, reply)
        with begun():
            made = finished(self._session, reply, self._sleep).get("createdTaskId")
            if not isinstance(made, str):
                raise TransientError("The platform does not say which task it created.")
            return self._reader.need(EntityKind.TASK, made)

    def _assignment(self, scope: Scope, document: Document) -> RemoteEntity:
        """An assignment of nothing: the platform makes it for whom work is given to, and here there is none."""
        task, annotator = _named(scope.task), document["annotator"]
        self._assigner.add(task, [], annotator)
        with begun():
            parents = Scope(project=scope.project, dataset=scope.dataset)
            for one in self._reader.listed(EntityKind.ASSIGNMENT, parents):
                if one.parents.get(EntityKind.TASK) == task and natural_key(one) == annotator:
                    return one
        raise PermanentError("The platform makes no assignment without items.")

    def _send(self, kind: EntityKind, remote_id: str, patch: Document, document: Document) -> Any:
        """The request that carries a patch; an assignment may take two. None when there is nothing to send."""
        path = entity_path(kind, remote_id)
        if kind in _SENT:
            patch = {key: value for key, value in patch.items() if key in _SENT[kind]}
        if not patch:
            return None
        flag = push.system_flag(push.touches_system(patch) or "recipes" in patch)
        if kind is EntityKind.ANNOTATION:
            return self._session.json("PUT", path, json=patch, params=flag)
        if kind is EntityKind.ITEM:
            return self._session.json("PATCH", path, json=patch, params=flag)
        if kind is EntityKind.DATASET:
            return self._session.json("PATCH", path, json=push.dataset_change(patch), params=flag)
        if kind is EntityKind.RECIPE:
            patch = push.recipe_change(patch, document)
        elif kind is EntityKind.TASK:
            patch = push.task_change(patch)
        elif kind is EntityKind.ASSIGNMENT and "annotator" in patch:
            self._reassign(remote_id, patch["annotator"])
            patch = {key: value for key, value in patch.items() if key != "annotator"}
            with begun():
                return self._session.json("PATCH", path, json=patch) if patch else None
        return self._session.json("PATCH", path, json=patch) if patch else None

    def _reassign(self, remote_id: str, annotator: str) -> None:
        task = self._reader.need(EntityKind.ASSIGNMENT, remote_id).parents.get(EntityKind.TASK)
        body = {"taskId": task, "annotator": annotator, "asynced": True}
        path = f"{entity_path(EntityKind.ASSIGNMENT, remote_id)}/reassign"
        command = self._session.json("POST", path, json=body)
        with begun():
            finished(self._session, command, self._sleep)

    def _answered(self, kind: EntityKind, reply: Any, remote_id: str) -> RemoteEntity:
        """The entity that a reply holds, else the entity asked for."""
        if kind is EntityKind.MEMBER and isinstance(reply, list):
            project, email = member_parts(remote_id)
            for member in self._reader.members(project, reply):
                if member.document["email"] == email:
                    return member
        elif isinstance(reply, dict) and reply.get("id") == remote_id:
            return from_wire(kind, reply)
        return self._reader.need(kind, remote_id)


def _named(parent: str | None) -> str:
    if not parent:
        raise PermanentError("The parent of what shall be created has to be named.")
    return parent
