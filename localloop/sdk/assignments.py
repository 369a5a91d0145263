"""Assignments: whose share of a task is what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest, NotFound
from localloop.sdk.entity import Entity, EntityList, Field, Json, one_of, text_of
from localloop.sdk.filters import Filters, FiltersOperations
from localloop.sdk.platform_only import WithPlatformOnly
from localloop.sdk.shape import shaped
from localloop.store import Store
from localloop.store.tasks import reassign, update_assignment
from localloop.store.work import items_query, redistribute, set_item_status
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.sdk.item import Item
    from localloop.sdk.pages import PagedEntities
    from localloop.sdk.task import Task


class Assignment(Entity):
    """One annotator's share of a task."""

    kind = EntityKind.ASSIGNMENT
    _shown = ("id", "name", "annotator", "status", "total_items")

    name = Field[str]("name")
    annotator = Field[str]("annotator")
    status = Field[str]("status")
    total_items = Field[int]("totalItems")
    project_id = Field[str]("projectId")
    metadata = Field[Json]("metadata")

    @property
    def task(self) -> Task:
        """The task it is a share of."""
        from localloop.sdk.tasks import Tasks  # noqa: PLC0415 - tasks have assignments

        return Tasks(self._store).get(task_id=self._row()["task_id"])

    def get_items(self, dataset: Entity | None = None, filters: Filters | None = None) -> PagedEntities[Item]:
        """The items of this share.

        Args:
            dataset: Not needed; a task is about one dataset.
            filters: Which of them; all when left out.
        """
        from localloop.sdk.items import Items  # noqa: PLC0415 - items are built beside tasks

        del dataset
        row = self._row()
        chosen = Filters(use_defaults=False) if filters is None else filters
        names = items_query(row)["filter"]["$and"][0]["metadata.system.refs.id"]["$in"]
        chosen.add("metadata.system.refs.id", names, FiltersOperations.IN)
        return Items(self._store, row["dataset_id"]).list(filters=chosen)

    def update(self, system_metadata: bool = False) -> Assignment:
        """Store what was changed: name, annotator, status, metadata.

        Args:
            system_metadata: Not used: nobody but the platform writes that of assignments.

        Returns:
            This assignment, as it then is.
        """
        del system_metadata
        with self._store.transaction(f"update assignment {self.name}") as tx:
            row = update_assignment(tx, tx.row(self.kind, self.id), self._changes())
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def reassign(self, assignee_id: str, wait: bool = True) -> Assignment:
        """Give it to somebody else.

        Args:
            assignee_id: Whose it is from now on: an e-mail.
            wait: Not used; everything is done at once here.

        Returns:
            This assignment, as it then is.
        """
        del wait
        with self._store.transaction(f"give {self.name} to {assignee_id}") as tx:
            row = reassign(tx, tx.row(self.kind, self.id), assignee_id)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def redistribute(
        self, workload: Sequence[Mapping[str, Any]], wait: bool = True
    ) -> EntityList[Assignment]:
        """Deal its items out anew; their statuses stay.

        Args:
            workload: ``[{"assigneeId", "load"}]``, loads in percent.
            wait: Not used; everything is done at once here.

        Returns:
            The assignments of the task.
        """
        del wait
        with self._store.transaction(f"deal out {self.name} anew") as tx:
            own = tx.row(self.kind, self.id)
            redistribute(tx, tx.row(EntityKind.TASK, own["task_id"]), own, workload)
        return Assignments(self._store, own["task_id"]).list()

    def set_status(self, status: str, operation: str, item_id: str) -> bool:
        """Set, or take back, the status of one of its items.

        Args:
            status: The status.
            operation: ``create`` or ``delete``.
            item_id: The item, by either id.

        Returns:
            Whether the item is in the task.
        """
        with self._store.transaction(f"set status {text_of(status)}") as tx:
            task = tx.row(EntityKind.TASK, tx.row(self.kind, self.id)["task_id"])
            rows = [tx.row(EntityKind.ITEM, item_id)]
            return set_item_status(tx, task, rows, str(text_of(status)), operation=operation) == 1

    def _row(self) -> Row:
        row = self._store.get(self.kind, self.id)
        if row is None:
            raise NotFound("404", f"Assignment not found. Id: {self.id!r}")
        return row


class Assignments(WithPlatformOnly):
    """The assignments of a task, or of the whole store.

    Args:
        store: Where they are.
        task_id: Their task; None for all.
    """

    def __init__(self, store: Store, task_id: str | None = None) -> None:
        self._store = store
        self._task_id = task_id

    def create(
        self,
        assignee_id: str,
        task: Task | None = None,
        filters: Filters | None = None,
        items: Sequence[Item] | None = None,
    ) -> Assignment:
        """Give items to somebody in a task; see :meth:`Task.create_assignment`.

        Raises:
            BadRequest: No task is given.
        """
        if task is None:
            raise BadRequest("400", "Name the task that this is to be a share of.")
        return task.create_assignment("", assignee_id, items, filters)

    def get(self, assignment_name: str | None = None, assignment_id: str | None = None) -> Assignment:
        """One assignment by its name, or by its local or platform id.

        Raises:
            BadRequest: Neither is given, or several have this name.
            NotFound: There is none.
        """
        name, value = one_of(assignment_id=assignment_id, assignment_name=assignment_name)
        if name == "assignment_id":
            row = self._store.get(EntityKind.ASSIGNMENT, value)
            rows = [] if row is None else [row]
        else:
            rows = self._store.rows(EntityKind.ASSIGNMENT, name=value)
        if not rows:
            raise NotFound("404", f"Assignment not found. {name}: {value!r}")
        if len(rows) > 1:
            raise BadRequest("400", "More than one assignment with same name.")
        return self._build(rows)[0]

    def list(
        self,
        project_ids: Sequence[str] | None = None,
        status: str | None = None,
        assignment_name: str | None = None,
        assignee_id: str | None = None,
        task_id: str | None = None,
    ) -> EntityList[Assignment]:
        """The assignments.

        Args:
            project_ids: Only those of these projects, by their local ids.
            status: Only those of this status.
            assignment_name: Only those of this name.
            assignee_id: Only those of this e-mail.
            task_id: Only those of this task, by its local id.
        """
        equal = {
            "task_id": task_id or self._task_id,
            "status": status,
            "name": assignment_name,
            "annotator": assignee_id,
        }
        given = {key: value for key, value in equal.items() if value is not None}
        rows = self._store.rows(EntityKind.ASSIGNMENT, **given)
        return self._build([row for row in rows if project_ids is None or row["project_id"] in project_ids])

    def get_items(
        self,
        assignment: Assignment | None = None,
        assignment_id: str | None = None,
        assignment_name: str | None = None,
        dataset: Entity | None = None,
        filters: Filters | None = None,
    ) -> PagedEntities[Item]:
        """The items of an assignment; see :meth:`Assignment.get_items`."""
        return (assignment or self.get(assignment_name, assignment_id)).get_items(dataset, filters)

    def reassign(
        self,
        assignee_id: str,
        assignment: Assignment | None = None,
        assignment_id: str | None = None,
        task: Task | None = None,
        task_id: str | None = None,
        wait: bool = True,
    ) -> Assignment:
        """Give an assignment to somebody else; ``task`` and ``task_id`` are not needed for that."""
        del task, task_id
        return (assignment or self.get(assignment_id=assignment_id)).reassign(assignee_id, wait)

    def redistribute(
        self,
        workload: Sequence[Mapping[str, Any]],
        assignment: Assignment | None = None,
        assignment_id: str | None = None,
        task: Task | None = None,
        task_id: str | None = None,
        wait: bool = True,
    ) -> EntityList[Assignment]:
        """Deal the items of an assignment out anew; ``task`` and ``task_id`` are not needed for that."""
        del task, task_id
        return (assignment or self.get(assignment_id=assignment_id)).redistribute(workload, wait)

    def set_status(self, status: str, operation: str, item_id: str, assignment_id: str) -> bool:
        """Set, or take back, the status of an item; see :meth:`Assignment.set_status`."""
        return self.get(assignment_id=assignment_id).set_status(status, operation, item_id)

    def update(self, assignment: Assignment | None = None, system_metadata: bool = False) -> Assignment:
        """Store what was changed in an assignment.

        Raises:
            BadRequest: No assignment is given.
        """
        if assignment is None:
            raise BadRequest("400", "Name the assignment to update.")
        return assignment.update(system_metadata)

    def _build(self, rows: Sequence[Row]) -> EntityList[Assignment]:
        return EntityList(
            Assignment(self._store, one) for one in shaped(self._store, EntityKind.ASSIGNMENT, rows)
        )
