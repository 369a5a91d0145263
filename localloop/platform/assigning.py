"""Which tasks an item is in, and its status in them, on the platform (docs/platform/wire.md, 7.2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from localloop.platform import queries
from localloop.platform.commands import finished
from localloop.platform.reading import Reader, entity_path
from localloop.platform.session import PlatformSession
from localloop.platform.steps import Steps, begun
from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import PermanentError, RemoteNotFoundError
from localloop_sync.ports import RemoteEntity, Scope


class Assigner:
    """Puts items into tasks and sets their statuses.

    Args:
        session: The logged-in connection.
        reader: Reads what a reply does not tell.
        sleep: How to wait for a command.
    """

    def __init__(self, session: PlatformSession, reader: Reader, sleep: Callable[[float], None]) -> None:
        self._session = session
        self._reader = reader
        self._sleep = sleep

    def assign(
        self, scope: Scope, items: Sequence[str], tasks: Document, base: Document
    ) -> Sequence[RemoteEntity]:
        """Turn what separates two sides into requests, and answer the items as they then are.

        An item goes from one assignment to another by leaving the task and coming into it again, which is the one
        way that says which item goes where: a redistribution leaves that to the platform.

        Args:
            scope: The dataset.
            items: The items' ids.
            tasks: The ``tasks`` of their documents as they shall be.
            base: The ``tasks`` as they are.

        Returns:
            The items, in the order of ``items``.

        Raises:
            PermanentError: The platform did not take a status, or an item is gone.
        """
        steps = Steps()
        for task in sorted(base.keys() | tasks.keys()):
            old, new = base.get(task), tasks.get(task)
            moved = old is None or new is None or old.get("assignment") != new.get("assignment")
            if old is not None and moved:
                with steps.step():
                    self._remove(task, items)
            if new is None:
                continue
            if moved:
                with steps.step():
                    self.add(task, items, self._assignee(new.get("assignment")))
            before = None if moved else (old or {}).get("status")
            if before != new.get("status"):
                with steps.step():
                    self._set_status(task, items, before, new.get("status"))
        with steps.step():
            found = {one.id: one for one in self._reader.several(EntityKind.ITEM, scope, items)}
        lost = [one for one in items if one not in found]
        if lost:
            raise RemoteNotFoundError(f"The platform has no item {lost[0]}.", status=404)
        return [found[one] for one in items]

    def add(self, task: str, items: Sequence[str], assignee: str | None) -> None:
        """Put items into a task.

        Args:
            task: The task's id.
            items: The items' ids.
            assignee: Whose they are; left to the task's own workload when None.
        """
        share = {"workload": [{"assigneeId": assignee, "load": 100}]} if assignee else {}
        self._command(task, "addToTask", {"query": _query(items), **share, "asynced": True})

    def _remove(self, task: str, items: Sequence[str]) -> None:
        try:
            self._command(task, "removeFromTask", {"query": _query(items), "asynced": True})
        except RemoteNotFoundError:  # the task is gone, and so they are not in it
            return

    def _command(self, task: str, name: str, body: dict[str, Any]) -> None:
        path = f"{entity_path(EntityKind.TASK, task)}/{name}"
        reply = self._session.json("POST", path, json=body)
        if isinstance(reply, dict) and "name" not in reply:
            with begun():
                finished(self._session, reply, self._sleep)

    def _assignee(self, assignment: str | None) -> str | None:
        """Whose an assignment is; one that is not there yet goes by the e-mail already."""
        if not assignment or "@" in assignment:
            return assignment
        return str(self._reader.need(EntityKind.ASSIGNMENT, assignment).document["annotator"])

    def _set_status(self, task: str, items: Sequence[str], old: str | None, new: str | None) -> None:
        payload = {
            "operation": "create" if new else "delete",
            "returnLastStatus": True,
            "status": new or old,
        }
        path = f"/assignments/items/tasks/{quote(task, safe='')}/status"
        reply = self._session.json("POST", path, json={"itemIds": list(items), "statusPayload": payload})
        told = reply if isinstance(reply, dict) else {}
        missed = [one for one in items if one not in told]
        if new and missed:
            raise PermanentError(
                f"The platform did not take the status {new!r} of {len(missed)} of {len(items)} items: "
                f"they are not in the task {task} there."
            )


def _query(items: Sequence[str]) -> str:
    return json.dumps(queries.ids_query(EntityKind.ITEM, Scope(), items))
