"""The repository of tasks."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest, NotFound
from localloop.sdk.entity import Entity, EntityList, one_of
from localloop.sdk.filters import Filters, FiltersOperations, FiltersResource
from localloop.sdk.pages import PagedEntities
from localloop.sdk.platform_only import WithPlatformOnly
from localloop.sdk.shape import shaped
from localloop.sdk.task import Task, TaskPriority, items_of
from localloop.store import Store
from localloop.store.tasks import create_task
from localloop.store.work import (
    even_workload,
)
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.sdk.item import Item

#: When a task is due, when nobody says.
DUE_IN = timedelta(days=7)


class Tasks(WithPlatformOnly):
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
                query if query is not None else items_of(filters, items),
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

    def list(
        self,
        project_ids: Sequence[str] | str | None = None,
        status: str | None = None,
        task_name: str | None = None,
        recipe: str | None = None,
        creator: str | None = None,
    ) -> EntityList[Task]:
        """The tasks.

        Args:
            project_ids: Only those of these projects, by either id.
            status: Only those of this status.
            task_name: Only those of this name.
            recipe: Only those with this recipe, by its local id.
            creator: Only those that this e-mail made.
        """
        equal = {**self._within, "name": task_name, "status": status, "recipe_id": recipe, "creator": creator}
        given = {key: value for key, value in equal.items() if value is not None}
        rows = self._store.rows(EntityKind.TASK, **given)
        if project_ids is not None:
            named = [project_ids] if isinstance(project_ids, str) else project_ids
            found = (self._store.get(EntityKind.PROJECT, one) for one in named)
            wanted = {row["id"] for row in found if row is not None}
            rows = [row for row in rows if row["project_id"] in wanted]
        return self._build(rows)

    def query(
        self, filters: Filters | None = None, project_ids: Sequence[str] | str | None = None
    ) -> PagedEntities[Task]:
        """The tasks that a filter finds, in pages.

        Args:
            filters: Which ones, of the resource ``tasks``; all when left out.
            project_ids: Only those of these projects, by either id; this repository's when left out.

        Raises:
            BadRequest: The filter is for something else.
        """
        chosen = Filters(resource=FiltersResource.TASK) if filters is None else copy.deepcopy(filters)
        if chosen.resource is not FiltersResource.TASK:
            raise BadRequest("400", "Filter resource must be task")
        named = [project_ids] if isinstance(project_ids, str) else project_ids
        if named is None and self._within["project_id"] is not None:
            named = [self._within["project_id"]]
        if named is not None:
            found = (self._store.get(EntityKind.PROJECT, one) for one in named)
            chosen.add("projectId", [row["id"] for row in found if row is not None], FiltersOperations.IN)
        datasets = None if self._within["dataset_id"] is None else [self._within["dataset_id"]]
        return PagedEntities(self._store, chosen, datasets, self._build)

    def update(self, task: Task | None = None, system_metadata: bool = False) -> Task:
        """Store what was changed in a task; see :meth:`Task.update`.

        Raises:
            BadRequest: No task is given.
        """
        if task is None:
            raise BadRequest("400", "Name the task to update.")
        return task.update(system_metadata)

    def set_status(self, status: str, operation: str, task_id: str, item_ids: Sequence[str]) -> bool:
        """Set, or take back, the status of items in a task; see :meth:`Task.set_status`."""
        return self.get(task_id=task_id).set_status(status, operation, item_ids)

    def add_items(
        self,
        task: Task | None = None,
        task_id: str | None = None,
        filters: Filters | None = None,
        items: Sequence[Item] | None = None,
        assignee_ids: Sequence[str] | None = None,
        query: Mapping[str, Any] | None = None,
        workload: Sequence[Mapping[str, Any]] | None = None,
        limit: int | None = None,
        wait: bool = True,
    ) -> Task:
        """Add items to a task; see :meth:`Task.add_items`."""
        chosen = task or self.get(task_id=task_id)
        return chosen.add_items(filters, items, assignee_ids, workload, limit, wait, query)

    def remove_items(
        self,
        task: Task | None = None,
        task_id: str | None = None,
        filters: Filters | None = None,
        query: Mapping[str, Any] | None = None,
        items: Sequence[Item] | None = None,
        wait: bool = True,
    ) -> Task:
        """Take items out of a task; see :meth:`Task.remove_items`."""
        return (task or self.get(task_id=task_id)).remove_items(filters, query, items, wait)

    def create_qa_task(
        self,
        task: Task,
        assignee_ids: Sequence[str],
        due_date: float | None = None,
        filters: Filters | None = None,
        items: Sequence[Item] | None = None,
        query: Mapping[str, Any] | None = None,
        workload: Sequence[Mapping[str, Any]] | None = None,
        metadata: Mapping[str, Any] | None = None,
        available_actions: Sequence[Mapping[str, Any]] | None = None,
        wait: bool = True,
        priority: TaskPriority | int = TaskPriority.MEDIUM,
    ) -> Task:
        """Create a task that checks another one's work; see :meth:`Task.create_qa_task`."""
        return task.create_qa_task(
            due_date,
            assignee_ids,
            filters,
            items,
            query,
            workload,
            metadata,
            available_actions,
            wait,
            priority,
        )

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
