"""The reading half of the ``Remote`` port."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from localloop.platform import queries
from localloop.platform.mapping import Parents, from_wire, natural_key
from localloop.platform.session import PlatformSession
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import PermanentError, RemoteNotFoundError, TransientError
from localloop_sync.ports import Account, Cursor, RemoteEntity, RemotePage, Scope, Span

#: Where one entity of a kind is.
PATHS: dict[EntityKind, str] = {
    EntityKind.PROJECT: "/projects",
    EntityKind.ONTOLOGY: "/ontologies",
    EntityKind.RECIPE: "/recipes",
    EntityKind.DATASET: "/datasets",
    EntityKind.ITEM: "/items",
    EntityKind.ANNOTATION: "/annotations",
    EntityKind.TASK: "/annotationtasks",
    EntityKind.ASSIGNMENT: "/assignments",
}

_OBJECT_ID = re.compile(r"[0-9a-f]{24}")


def entity_path(kind: EntityKind, remote_id: str) -> str:
    """The path of one entity.

    Args:
        kind: What it is.
        remote_id: Its id.

    Returns:
        The path below the API's root.
    """
    if kind is EntityKind.MEMBER:
        project, email = member_parts(remote_id)
        # The SDK writes the e-mail as it is (docs/platform/wire.md, 2.1).
        return f"/projects/{quote(project, safe='')}/members/{quote(email, safe='@+')}"
    return f"{PATHS[kind]}/{quote(remote_id, safe='')}"


def member_parts(remote_id: str) -> tuple[str, str]:
    """A member's id taken apart.

    Args:
        remote_id: ``{project}/{e-mail}``.

    Returns:
        Project and e-mail.
    """
    project, _, email = remote_id.partition("/")
    return project, email


class Reader:
    """What the platform holds, as entities.

    Args:
        session: The logged-in connection.
    """

    def __init__(self, session: PlatformSession) -> None:
        self._session = session

    def account(self) -> Account:
        """Who is logged in, as the platform says.

        Returns:
            The account.
        """
        reply = self._session.json("GET", "/users/me")
        said = reply.get("email") if isinstance(reply, dict) else None
        return Account(self._session.gate, said if isinstance(said, str) and said else self._session.email)

    def page(self, kind: EntityKind, scope: Scope, cursor: Cursor, limit: int) -> RemotePage:
        """One page of items or annotations.

        Args:
            kind: Items or annotations.
            scope: The dataset, perhaps an item.
            cursor: Where to go on.
            limit: How many entities at most.

        Returns:
            The page.
        """
        return self._page(kind, scope, queries.page_query(kind, scope, cursor, limit))

    def newest(self, kind: EntityKind, scope: Scope) -> str:
        """The largest ``updatedAt``.

        Args:
            kind: Items or annotations.
            scope: The dataset.

        Returns:
            The time, or empty text.
        """
        found = self._page(kind, scope, queries.newest_query(kind, scope)).entities
        return found[0].updated_at if found else ""

    def count(self, kind: EntityKind, scope: Scope, span: Span | None = None) -> int:
        """How many there are.

        Args:
            kind: Items or annotations.
            scope: The dataset, perhaps an item.
            span: Narrows to some ids or times.

        Returns:
            The number.
        """
        return self._count(scope, queries.count_query(kind, scope, span))

    def present(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> int:
        """How many of some ids there are.

        Args:
            kind: Items or annotations.
            scope: The dataset.
            ids: The ids, each once.

        Returns:
            The number.
        """
        starts = range(0, len(ids), queries.PAGE)
        return sum(
            self._count(
                scope, {**queries.ids_query(kind, scope, ids[start : start + queries.PAGE]), "pageSize": 0}
            )
            for start in starts
        )

    def _count(self, scope: Scope, body: Mapping[str, Any]) -> int:
        total = self._query(scope, body).get("totalItemsCount")
        if not isinstance(total, int | float):
            raise TransientError("The platform's reply to a count holds no count.")
        return int(total)

    def listed(self, kind: EntityKind, scope: Scope) -> Sequence[RemoteEntity]:
        """All entities of a kind in a scope.

        Args:
            kind: Any but items and annotations.
            scope: The project or dataset.

        Returns:
            The entities.
        """
        if kind is EntityKind.PROJECT:
            return self._entities(kind, self._session.json("GET", "/projects"))
        if kind in {EntityKind.RECIPE, EntityKind.ONTOLOGY} and scope.dataset:
            recipes = self.recipes(scope.dataset)
            return recipes if kind is EntityKind.RECIPE else self._ontologies(recipes)
        project = self._project(scope)
        parents = {EntityKind.PROJECT: project}
        if kind is EntityKind.MEMBER:
            return self.members(project, self._session.json("GET", f"/projects/{quote(project)}/members"))
        return self._entities(kind, list(self._rows(kind, project, scope)), parents)

    def get(self, kind: EntityKind, remote_id: str) -> RemoteEntity | None:
        """One entity.

        Args:
            kind: What it is.
            remote_id: Its id.

        Returns:
            The entity, or None when the platform has none.
        """
        try:
            if kind is EntityKind.MEMBER:
                project, email = member_parts(remote_id)
                there = self.listed(kind, Scope(project=project))
                return next((member for member in there if member.document["email"] == email), None)
            return from_wire(kind, self._session.json("GET", entity_path(kind, remote_id)))
        except RemoteNotFoundError:
            return None
        except PermanentError as error:
            # The platform calls an id that it could not have made a bad request.
            if error.status == 400 and not _OBJECT_ID.fullmatch(remote_id):
                return None
            raise

    def several(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> Sequence[RemoteEntity]:
        """Those of a dataset that have one of these ids.

        Args:
            kind: Items or annotations.
            scope: The dataset.
            ids: The ids.

        Returns:
            The entities that are there, by id.
        """
        found: list[RemoteEntity] = []
        for start in range(0, len(ids), queries.PAGE):
            batch = ids[start : start + queries.PAGE]
            found += self._page(kind, scope, queries.ids_query(kind, scope, batch)).entities
        return found

    def need(self, kind: EntityKind, remote_id: str) -> RemoteEntity:
        """One entity that has to be there.

        Args:
            kind: What it is.
            remote_id: Its id.

        Returns:
            The entity.

        Raises:
            RemoteNotFoundError: There is none.
        """
        entity = self.get(kind, remote_id)
        if entity is None:
            raise RemoteNotFoundError(f"The platform has no {kind} {remote_id}.", status=404)
        return entity

    def find(self, kind: EntityKind, scope: Scope, keys: Sequence[str]) -> Sequence[RemoteEntity]:
        """Entities by natural key. What a query brings is compared once more here: a name may hold wildcards.

        Args:
            kind: What they are.
            scope: Where to look.
            keys: The keys.

        Returns:
            The entities that have one of them.
        """
        wanted = set(keys)
        return [entity for entity in self._candidates(kind, scope, keys) if natural_key(entity) in wanted]

    def recipes(self, dataset: str) -> Sequence[RemoteEntity]:
        """The recipes of a dataset, in its own order.

        Args:
            dataset: The dataset.

        Returns:
            The recipes that are still there.
        """
        owner = self.need(EntityKind.DATASET, dataset)
        found = (self.get(EntityKind.RECIPE, name) for name in owner.document["recipes"])
        return [recipe for recipe in found if recipe]

    def members(self, project: str, people: Any) -> Sequence[RemoteEntity]:
        """Members out of a reply that lists people; groups, which have no e-mail, are not members.

        Args:
            project: The project.
            people: The reply.

        Returns:
            The members.
        """
        known = [one for one in people if isinstance(one, Mapping) and one.get("email")] if people else []
        return self._entities(EntityKind.MEMBER, known, {EntityKind.PROJECT: project})

    def _candidates(self, kind: EntityKind, scope: Scope, keys: Sequence[str]) -> Iterator[RemoteEntity]:
        if kind is EntityKind.PROJECT:
            yield from self._projects_named(keys)
        elif kind is EntityKind.ITEM:
            for start in range(0, len(keys), queries.BATCH):
                batch = keys[start : start + queries.BATCH]
                yield from self._all(kind, scope, partial(queries.paths_query, batch))
        elif kind is EntityKind.ANNOTATION:
            # The platform may not index clientId, so the item's annotations are looked through here.
            yield from self._all(
                kind, scope, lambda cursor: queries.page_query(kind, scope, cursor, queries.PAGE)
            )
        elif kind in {EntityKind.DATASET, EntityKind.TASK}:
            project = self._project(scope)
            for key in keys:
                rows = list(self._rows(kind, project, scope, name=key))
                yield from self._entities(kind, rows, {EntityKind.PROJECT: project})
        else:
            yield from self.listed(kind, scope)

    def _projects_named(self, names: Sequence[str]) -> Iterator[RemoteEntity]:
        """By name, but for names that make another path, which are looked for in the list."""
        plain = [name for name in names if name and "/" not in name and name.strip(".")]
        if len(plain) < len(names):
            yield from (
                one for one in self.listed(EntityKind.PROJECT, Scope()) if natural_key(one) not in plain
            )
        for name in plain:
            try:
                reply = self._session.json("GET", f"/projects/{quote(name, safe='')}/name")
            except RemoteNotFoundError:
                continue
            yield from self._entities(EntityKind.PROJECT, reply)

    def _project(self, scope: Scope) -> str:
        if scope.project:
            return scope.project
        if not scope.dataset:
            raise PermanentError("A project or a dataset has to be named.")
        parents = self.need(EntityKind.DATASET, scope.dataset).parents
        if EntityKind.PROJECT not in parents:
            raise TransientError(f"The platform does not say whose dataset {scope.dataset} is.")
        return parents[EntityKind.PROJECT]

    def _ontologies(self, recipes: Sequence[RemoteEntity]) -> Sequence[RemoteEntity]:
        names = dict.fromkeys(name for recipe in recipes for name in recipe.document["ontologies"])
        found = (self.get(EntityKind.ONTOLOGY, name) for name in names)
        return [ontology for ontology in found if ontology]

    def _rows(
        self, kind: EntityKind, project: str, scope: Scope, name: str | None = None
    ) -> Iterator[Mapping[str, Any]]:
        """The JSON of a project's datasets, tasks, assignments, recipes or ontologies, page after page."""
        if kind is EntityKind.DATASET:
            body = queries.datasets_query(project, name)
            yield from self._posted("/datasets/query", body)
        elif kind is EntityKind.TASK:
            body = queries.tasks_query(project, scope.dataset, name)
            yield from self._posted("/annotationtasks/query", body)
        elif kind is EntityKind.ASSIGNMENT:
            for row in self._gotten("/assignments", {"projects": project, "pageSize": 500}):
                system = (row.get("metadata") or {}).get("system") or {}
                if scope.dataset in {None, system.get("datasetId")}:
                    yield row
        elif kind in {EntityKind.RECIPE, EntityKind.ONTOLOGY}:
            for row in self._gotten(PATHS[kind], {"projects": project, "pageSize": queries.PAGE}):
                system = (row.get("metadata") or {}).get("system") or {}
                owners = row.get("projectIds") or system.get("projectIds") or [project]
                if project in owners:
                    yield row
        else:
            raise PermanentError(f"Entities of the kind {kind} come in pages.")

    def _posted(self, path: str, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        return _paged(lambda n: self._session.json("POST", path, json={**body, "page": n}))

    def _gotten(self, path: str, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        return _paged(lambda n: self._session.json("GET", path, params={**params, "pageOffset": n}))

    def _query(self, scope: Scope, body: Mapping[str, Any]) -> Mapping[str, Any]:
        path = f"/datasets/{quote(scope.dataset or '', safe='')}/query"
        return _checked(self._session.json("POST", path, json=body))

    def _page(self, kind: EntityKind, scope: Scope, body: Mapping[str, Any]) -> RemotePage:
        reply = self._query(scope, body)
        return RemotePage(self._entities(kind, reply["items"]), more=reply["hasNextPage"] is True)

    def _all(
        self, kind: EntityKind, scope: Scope, query: Callable[[Cursor], Mapping[str, Any]]
    ) -> Iterator[RemoteEntity]:
        cursor, more = Cursor(), True
        while more:
            page = self._page(kind, scope, query(cursor))
            yield from page.entities
            more = page.more and bool(page.entities)
            cursor = Cursor(page.entities[-1].id) if page.entities else cursor

    def _entities(
        self, kind: EntityKind, rows: Any, parents: Parents | None = None
    ) -> Sequence[RemoteEntity]:
        if not isinstance(rows, list):
            raise TransientError(f"The platform's reply does not list entities of the kind {kind}.")
        return [from_wire(kind, row, parents) for row in rows]


def _checked(reply: Any) -> Mapping[str, Any]:
    """A reply that is a page: one without its marks would look like the end of a listing."""
    if not isinstance(reply, Mapping) or not {"items", "hasNextPage"} <= reply.keys():
        raise TransientError("The platform's reply to a query is not a page.")
    return reply


def _paged(fetch: Callable[[int], Any]) -> Iterator[Mapping[str, Any]]:
    """All rows of an offset listing.

    Raises:
        TransientError: A page brought nothing new though there should be more: the offset is not understood.
    """
    seen: set[str] = set()
    number, more = 0, True
    while more:
        reply = _checked(fetch(number))
        fresh = [row for row in reply["items"] if row.get("id") not in seen]
        seen.update(str(row.get("id")) for row in fresh)
        yield from fresh
        more, number = reply["hasNextPage"] is True, number + 1
        if more and not fresh:
            raise TransientError("The platform repeats a page of a listing.")
