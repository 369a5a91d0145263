"""A task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from localloop.errors import NotFound
from localloop.sdk.assignments import Assignment
from localloop.sdk.entity import Entity, EntityList, Field, Json, text_of
from localloop.sdk.filters import Filters, FiltersOperations
from localloop.sdk.shape import shaped
from localloop.store.tasks import delete_task, update_task
from localloop.store.work import (
    add_items,
    assignments_of,
    even_workload,
    items_query,
    remove_items,
    set_item_status,
)
from localloop_schema.kinds import EntityKind

if TYPE_CHECKING:
    from localloop.sdk.dataset import Dataset
    from localloop.sdk.item import Item
    from localloop.sdk.pages import PagedEntities
    from localloop.sdk.projects import Project


class TaskPriority(IntEnum):
    """How much a task matters."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


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

    def get_dataset(self) -> Dataset:
        """The dataset it is about."""
        return self.dataset

    def get_project(self) -> Project:
        """The project it is in."""
        return self.project

    @property
    def dataset(self) -> Dataset:
        """The dataset it is about."""
        from localloop.sdk.datasets import Datasets  # noqa: PLC0415 - datasets have tasks

        return Datasets(self._store).get(dataset_id=self.dataset_id)

    @property
    def project(self) -> Project:
        """The project it is in."""
        from localloop.sdk.projects import Projects  # noqa: PLC0415 - projects have tasks

        return Projects(self._store).get(project_id=self.project_id)

    def create_qa_task(
        self,
        due_date: float | None,
        assignee_ids: Sequence[str],
        filters: Filters | None = None,
        items: Sequence[Item] | None = None,
        query: Mapping[str, Any] | None = None,
        workload: Sequence[Mapping[str, Any]] | None = None,
        metadata: Mapping[str, Any] | None = None,
        available_actions: Sequence[Mapping[str, Any]] | None = None,
        wait: bool = True,
        priority: TaskPriority | int = TaskPriority.MEDIUM,
    ) -> Task:
        """Create a task that checks the work of this one: over its items, unless others are named.

        Args:
            due_date: When it is due, in seconds since the epoch; in a week when None.
            assignee_ids: E-mails of those who share it evenly.
            filters: Which items.
            items: The items themselves.
            query: The items as a query.
            workload: ``[{"assigneeId", "load"}]`` instead of ``assignee_ids``, loads in percent.
            metadata: The task's metadata.
            available_actions: Which statuses an item can get.
            wait: Not used; everything is done at once here.
            priority: How much it matters.
        """
        del wait
        if filters is None and items is None and query is None:
            filters = self._mine(None)
        from localloop.sdk.tasks import Tasks  # noqa: PLC0415 - the repository builds tasks

        return Tasks(self._store, self.dataset_id).create(
            f"{self.name}_qa",
            due_date,
            assignee_ids,
            workload,
            task_type="qa",
            task_parent_id=self.id,
            recipe_id=self.recipe_id,
            metadata=metadata,
            filters=filters,
            items=items,
            query=query,
            available_actions=available_actions,
            priority=priority,
        )

    def create_assignment(
        self,
        assignment_name: str,
        assignee_id: str,
        items: Sequence[Item] | None = None,
        filters: Filters | None = None,
    ) -> Assignment:
        """Give items of the dataset to somebody, who has an assignment in this task then.

        Args:
            assignment_name: Not used, as on the platform: an assignment is named after its task.
            assignee_id: Whose it is: an e-mail.
            items: The items.
            filters: Which items, when they are not named.
        """
        del assignment_name
        self.add_items(filters, items, assignee_ids=[assignee_id])
        return next(one for one in self.assignments if one.annotator == assignee_id)

    def get_items(self, filters: Filters | None = None) -> PagedEntities[Item]:
        """The task's items.

        Args:
            filters: Which of them; all when left out.
        """
        from localloop.sdk.items import Items  # noqa: PLC0415 - items are built beside tasks

        return Items(self._store, self.dataset_id).list(filters=self._mine(filters))

    def _mine(self, filters: Filters | None) -> Filters:
        chosen = Filters(use_defaults=False) if filters is None else filters
        row = self._store.get(self.kind, self.id)
        if row is None:
            raise NotFound("404", f"Task not found. Id: {self.id!r}")
        names = items_query(row)["filter"]["$and"][0]["metadata.system.refs.id"]["$in"]
        chosen.add("metadata.system.refs.id", names, FiltersOperations.IN)
        return chosen

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

    def add_items(
        self,
        filters: Filters | None = None,
        items: Sequence[Item] | None = None,
        assignee_ids: Sequence[str] | None = None,
        workload: Sequence[Mapping[str, Any]] | None = None,
        limit: int | None = None,
        wait: bool = True,
        query: Mapping[str, Any] | None = None,
    ) -> Task:
        """Add items, split between the assignees as the task's workload says, or as is said here.

        Args:
            filters: Which items; all that are not hidden when nothing is named.
            items: The items themselves.
            assignee_ids: E-mails of those who share them evenly.
            workload: ``[{"assigneeId", "load"}]`` instead, loads in percent.
            limit: How many at most.
            wait: Not used; everything is done at once here.
            query: The items as a query.

        Returns:
            This task, as it then is.
        """
        del wait
        shares = workload if workload is not None else even_workload(list(assignee_ids or ()))
        with self._store.transaction(f"add items to task {self.name}") as tx:
            wanted = query if query is not None else items_of(filters, items)
            add_items(tx, tx.row(self.kind, self.id), wanted, workload=shares or None, limit=limit)
            row = tx.row(self.kind, self.id)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def remove_items(
        self,
        filters: Filters | None = None,
        query: Mapping[str, Any] | None = None,
        items: Sequence[Item] | None = None,
        wait: bool = True,
    ) -> Task:
        """Take items out.

        Args:
            filters: Which items.
            query: The items as a query.
            items: The items themselves.
            wait: Not used; everything is done at once here.

        Returns:
            This task, as it then is.
        """
        del wait
        with self._store.transaction(f"remove items from task {self.name}") as tx:
            wanted = query if query is not None else items_of(filters, items)
            remove_items(tx, tx.row(self.kind, self.id), wanted)
            row = tx.row(self.kind, self.id)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self


def items_of(filters: Filters | None, items: Sequence[Item] | None) -> Json:
    """The query of a task (docs/platform/wire.md, 7.1)."""
    if items is None:
        return (filters or Filters()).prepare()
    chosen = Filters("id", [item.id for item in items], FiltersOperations.IN, use_defaults=False)
    return chosen.prepare()
