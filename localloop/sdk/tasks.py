"""Tasks and assignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest, NotFound
from localloop.sdk.entity import Entity, EntityList, Field, Json, one_of, text_of
from localloop.sdk.filters import Filters, FiltersOperations
from localloop.sdk.shape import shaped
from localloop.store import Store
from localloop.store.tasks import create_task, delete_task, update_task
from localloop.store.work import (
    add_items,
    assignments_of,
    even_workload,
    items_query,
    remove_items,
    set_item_status,
)
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.sdk.item import Item
    from localloop.sdk.pages import PagedEntities

#: When a task is due, when nobody says.
DUE_IN = timedelta(days=7)


class TaskPriority(IntEnum):
    """How much a task matters."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


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


class Task(Entity):
    """A piece of annotation work over the items that a query found when it was created."""

    kind = EntityKind.TASK
    _shown = (
        "name",
        "status",
        "project_id",
        "id",
        "creator",
        "due_date",
        "dataset_id",
        "spec",
        "total_items",
    )

    name = Field[str]("name")
    status = Field[str]("status")
    project_id = Field[str]("projectId")
    dataset_id = Field[str]("datasetId")
    recipe_id = Field["str | None"]("recipeId")
    task_owner = Field[str]("taskOwner")
    due_date = Field["float | None"]("dueDate")
    spec = Field[Json]("spec")
    query = Field[str]("query")
    priority = Field[int]("priority")
    total_items = Field[int]("totalItems")
    item_status = Field[Json]("itemStatus")
    progress = Field[int]("progress")
    metadata = Field[Json]("metadata")

    @property
    def assignments(self) -> EntityList[Assignment]:
        """The task's assignments."""
        with self._store.reading() as connection:
            rows = assignments_of(connection, self.id)
        return EntityList(
            Assignment(self._store, one) for one in shaped(self._store, EntityKind.ASSIGNMENT, rows)
        )

    def get_items(self, filters: Filters | None = None) -> PagedEntities[Item]:
        """The task's items.

        Args:
            filters: Which of them; all when left out.
        """
        from localloop.sdk.items import Items  # noqa: PLC0415 - items are built beside tasks

        chosen = Filters(use_defaults=False) if filters is None else filters
        row = self._store.get(self.kind, self.id)
        if row is None:
            raise NotFound("404", f"Task not found. Id: {self.id!r}")
        names = items_query(row)["filter"]["$and"][0]["metadata.system.refs.id"]["$in"]
        chosen.add("metadata.system.refs.id", names, FiltersOperations.IN)
        return Items(self._store, self.dataset_id).list(filters=chosen)

    def update(self, system_metadata: bool = False) -> Task:
        """Store what was changed.

        Args:
            system_metadata: Whether ``metadata.system`` is meant.

        Returns:
            This task, as it then is.
        """
        with self._store.transaction(f"update task {self.name}") as tx:
            row = update_task(tx, tx.row(self.kind, self.id), self._changes(), system=system_metadata)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def delete(self) -> bool:
        """Delete the task with its assignments; its items forget it."""
        with self._store.transaction(f"delete task {self.name}") as tx:
            delete_task(tx, tx.row(self.kind, self.id))
        return True

    def set_status(self, status: Any, operation: str, item_ids: Sequence[str]) -> bool:
        """Set, or take back, the status of items in the task.

        Args:
            status: The status.
            operation: ``create`` or ``delete``.
            item_ids: The items, by either id.

        Returns:
            Whether all of them are in the task.
        """
        with self._store.transaction(f"set status {text_of(status)}") as tx:
            rows = [tx.row(EntityKind.ITEM, one) for one in item_ids]
            task = tx.row(self.kind, self.id)
            number = set_item_status(tx, task, rows, str(text_of(status)), operation=operation)
            row = tx.row(self.kind, self.id)
        self._take(shaped(self._store, self.kind, [row])[0])
        return number == len(rows)

    def add_items(self, filters: Filters | None = None, items: Sequence[Item] | None = None) -> Task:
        """Add items, split between the assignees as the task's workload says.

        Returns:
            This task, as it then is.
        """
        with self._store.transaction(f"add items to task {self.name}") as tx:
            add_items(tx, tx.row(self.kind, self.id), _query(filters, items))
            row = tx.row(self.kind, self.id)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def remove_items(self, filters: Filters | None = None, items: Sequence[Item] | None = None) -> Task:
        """Take items out.

        Returns:
            This task, as it then is.
        """
        with self._store.transaction(f"remove items from task {self.name}") as tx:
            remove_items(tx, tx.row(self.kind, self.id), _query(filters, items))
            row = tx.row(self.kind, self.id)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self


class Tasks:
    """The tasks of a dataset, a project, or the whole store.

    Args:
        store: Where they are.
        dataset_id: Their dataset; None for all.
        project_id: Their project; None for all.
    """

    def __init__(self, store: Store, dataset_id: str | None = None, project_id: str | None = None) -> None:
        self._store = store
        self._within = {"dataset_id": dataset_id, "project_id": project_id}

    def create(
        self,
        task_name: str,
        due_date: float | None = None,
        assignee_ids: Sequence[str] | None = None,
        workload: Sequence[Mapping[str, Any]] | None = None,
        dataset: Entity | None = None,
        task_owner: str | None = None,
        task_type: str = "annotation",
        task_parent_id: str | None = None,
        recipe_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        filters: Filters | None = None,
        items: Sequence[Item] | None = None,
        query: Mapping[str, Any] | None = None,
        available_actions: Sequence[Mapping[str, Any]] | None = None,
        priority: TaskPriority | int = TaskPriority.MEDIUM,
    ) -> Task:
        """Create a task over the items that a filter finds now.

        Args:
            task_name: Its name.
            due_date: When it is due, in seconds since the epoch; in a week when left out.
            assignee_ids: E-mails of those who share it evenly.
            workload: ``[{"assigneeId", "load"}]`` instead, loads in percent.
            dataset: The dataset, where this is not one dataset's repository.
            task_owner: Whose task it is; the store's author when left out.
            task_type: ``annotation`` or ``qa``.
            task_parent_id: The task whose work is checked.
            recipe_id: Another recipe than the dataset's first.
            metadata: The task's metadata.
            filters: Which items; all that are not hidden when nothing is named.
            items: The items themselves.
            query: The items as a query.
            available_actions: Which statuses an item can get.
            priority: How much it matters.

        Returns:
            The task.

        Raises:
            BadRequest: An argument makes no sense.
            ValueError: There is no such type.
        """
        if task_type not in {"annotation", "qa"}:
            raise ValueError(f'task_type must be one of: "annotation", "qa". got: {task_type}')
        dataset_id = dataset.id if dataset is not None else self._within["dataset_id"]
        if dataset_id is None:
            raise BadRequest("400", "This needs a dataset: dataset.tasks")
        spec = {"type": task_type} | ({"parentTaskId": task_parent_id} if task_parent_id else {})
        due = self._in_a_week() if due_date is None else due_date
        with self._store.transaction(f"create task {task_name}") as tx:
            row = create_task(
                tx,
                tx.row(EntityKind.DATASET, dataset_id),
                task_name,
                query if query is not None else _query(filters, items),
                owner=task_owner,
                due_date_ms=due * 1000,
                workload=workload if workload is not None else even_workload(list(assignee_ids or ())),
                recipe_id=recipe_id,
                priority=int(priority),
                available_actions=available_actions,
                spec=spec,
                metadata=metadata,
            )
        return self._build([row])[0]

    def get(self, task_name: str | None = None, task_id: str | None = None) -> Task:
        """One task by its name, or by its local or platform id.

        Raises:
            BadRequest: Neither is given, or several have this name.
            NotFound: There is none.
        """
        name, value = one_of(task_id=task_id, task_name=task_name)
        if name == "task_id":
            row = self._store.get(EntityKind.TASK, value)
            if row is None:
                raise NotFound("404", f"Task not found. Id: {value!r}")
            return self._build([row])[0]
        found = self.list(task_name=value)
        if not found:
            raise NotFound("404", f"Task not found. Name: {value!r}")
        if len(found) > 1:
            raise BadRequest("400", "More than one task with same name.")
        return found[0]

    def list(self, task_name: str | None = None, status: str | None = None) -> EntityList[Task]:
        """The tasks.

        Args:
            task_name: Only those of this name.
            status: Only those of this status.
        """
        equal = {**self._within, "name": task_name, "status": status}
        given = {key: value for key, value in equal.items() if value is not None}
        return self._build(self._store.rows(EntityKind.TASK, **given))

    def get_items(
        self,
        task_id: str | None = None,
        task_name: str | None = None,
        filters: Filters | None = None,
        task: Task | None = None,
    ) -> PagedEntities[Item]:
        """The items of a task; see :meth:`Task.get_items`."""
        return (task or self.get(task_name, task_id)).get_items(filters)

    def delete(
        self, task: Task | None = None, task_name: str | None = None, task_id: str | None = None
    ) -> bool:
        """Delete a task with its assignments; its items forget it."""
        return (task or self.get(task_name, task_id)).delete()

    def _in_a_week(self) -> float:
        return (datetime.fromisoformat(self._store.clock.now()) + DUE_IN).timestamp()

    def _build(self, rows: Sequence[Row]) -> EntityList[Task]:
        return EntityList(Task(self._store, one) for one in shaped(self._store, EntityKind.TASK, rows))


def _query(filters: Filters | None, items: Sequence[Item] | None) -> Json:
    """The query of a task (docs/platform/wire.md, 7.1)."""
    if items is None:
        return (filters or Filters()).prepare()
    chosen = Filters("id", [item.id for item in items], FiltersOperations.IN, use_defaults=False)
    return chosen.prepare()
