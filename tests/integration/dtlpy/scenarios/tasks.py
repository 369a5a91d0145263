"""What dtlpy does with tasks, assignments and the status of items."""

from __future__ import annotations

import time
from typing import Any

from tests.integration.dtlpy.world import ALICE, BOB, CAROL, World, scenario

DUE = 1_900_000_000.0


def with_members(world: World) -> None:
    world.project.add_member(email=BOB, role=world.dl.MemberRole.ANNOTATOR)
    world.project.add_member(email=CAROL, role=world.dl.MemberRole.ANNOTATOR)


def files(world: World, number: int = 4) -> list[Any]:
    with_members(world)
    return [world.text(f"{place}.txt", f"text {place}") for place in range(number)]


def task_of(world: World, name: str = "task", assignees: tuple[str, ...] = (BOB,), **more: Any) -> Any:
    return world.dataset.tasks.create(task_name=name, due_date=DUE, assignee_ids=list(assignees), **more)


def again(world: World, item: Any) -> Any:
    return world.dataset.items.get(item_id=item.id)


@scenario
def a_task_is_created_with_everything_it_was_told(world: World) -> None:
    items = files(world, 2)
    action = world.dl.ItemAction(action="blurred", display_name="Blurred", color="#ff0000")
    task = task_of(
        world,
        assignees=(BOB, CAROL),
        priority=world.dl.TaskPriority.HIGH,
        available_actions=[action],
        metadata={"key": "it's"},
        items=items,
    )
    assert (task.name, task.due_date, task.task_owner, task.status) == ("task", DUE * 1000, ALICE, "open")
    assert (task.priority, task.spec["type"], task.metadata["key"]) == (3, "annotation", "it's")
    assert task.recipe_id == world.dataset.get_recipe_ids()[0]
    assert [one.action for one in task.available_actions] == ["blurred"]
    assert sorted(one.annotator for one in task.assignments.list()) == [BOB, CAROL]
    assert sorted(one.name for one in task.get_items().all()) == ["0.txt", "1.txt"]
    assert task.total_items == 2
    assert world.project.tasks.get(task_id=task.id).to_json() == task.to_json()


@scenario
def a_task_of_a_filter_takes_what_the_filter_finds(world: World) -> None:
    files(world)
    filters = world.dl.Filters(field="filename", values="/1*")
    task = task_of(world, filters=filters)
    assert [one.name for one in task.get_items().all()] == ["1.txt"]


@scenario
def a_task_takes_no_more_items_than_its_limit(world: World) -> None:
    files(world)
    assert task_of(world, limit=3).total_items == 3


@scenario
def a_task_is_found_by_name_in_its_project_and_dataset(world: World) -> None:
    files(world, 1)
    task = task_of(world)
    other = world.project.datasets.create(dataset_name="other")
    assert world.dataset.tasks.get(task_name="task").id == task.id
    assert world.project.tasks.get(task_name="task").id == task.id
    assert [one.id for one in world.project.tasks.list()] == [task.id]
    assert list(other.tasks.list()) == []
    world.refused(lambda: world.project.tasks.get(task_name="none"), "404")
    world.refused(lambda: world.project.tasks.get(task_id="0" * 24), "404")


@scenario
def tasks_are_listed_by_status_name_owner_and_recipe(world: World) -> None:
    files(world, 1)
    one, two = task_of(world, "one"), task_of(world, "two")
    tasks = world.project.tasks
    assert [task.id for task in tasks.list(task_name="two")] == [two.id]
    assert {task.id for task in tasks.list(status="open")} == {one.id, two.id}
    assert {task.id for task in tasks.list(recipe=[one.recipe_id])} == {one.id, two.id}
    assert {task.id for task in tasks.list(creator=ALICE)} == {one.id, two.id}
    assert len(tasks.list(min_date=DUE * 1000 + 1)) == 0
    assert len(tasks.list(max_date=DUE * 1000 + 1)) == 2


@scenario
def the_task_browser_asks_by_filters(world: World) -> None:
    files(world, 1)
    task_of(world, "one")
    two = task_of(world, "two", priority=world.dl.TaskPriority.LOW)
    filters = world.dl.Filters(resource=world.dl.FiltersResource.TASK)
    filters.add(field="name", values="two")
    pages = world.project.tasks.list(filters=filters)
    assert [task.id for task in pages.all()] == [two.id]
    filters = world.dl.Filters(resource=world.dl.FiltersResource.TASK)
    filters.add(field="priority", values=[1, 3], operator=world.dl.FiltersOperations.IN)
    filters.sort_by(field="name", value=world.dl.FiltersOrderByDirection.ASCENDING)
    assert [task.name for task in world.project.tasks.query(filters=filters).all()] == ["two"]


@scenario
def an_update_of_a_task_changes_what_it_says(world: World) -> None:
    files(world, 1)
    task = task_of(world)
    task.name = "renamed"
    task.due_date = (DUE + 60) * 1000
    task.priority = 1
    task.update()
    found = world.project.tasks.get(task_id=task.id)
    assert (found.name, found.due_date, found.priority) == ("renamed", (DUE + 60) * 1000, 1)


@scenario
def a_deleted_task_is_gone_and_its_items_forget_it(world: World) -> None:
    [item] = files(world, 1)
    task = task_of(world)
    assert task.delete()
    world.refused(lambda: world.project.tasks.get(task_id=task.id), "404")
    assert again(world, item).metadata["system"]["refs"] == []
    assert len(world.project.assignments.list()) == 0


@scenario
def items_that_are_added_go_to_the_assignee_who_is_named(world: World) -> None:
    items = files(world, 3)
    task = task_of(world, items=items[:1])
    task.add_items(items=items[1:2], assignee_ids=[BOB])
    assert len(task.assignments.list()) == 1
    task.add_items(items=items[2:], assignee_ids=[CAROL])
    assert sorted(one.annotator for one in task.assignments.list()) == [BOB, CAROL]
    task = world.project.tasks.get(task_id=task.id)
    assert task.total_items == 3
    assert len(task.get_items().all().__next__().metadata["system"]["refs"]) == 2


@scenario
def items_that_are_removed_are_in_the_task_no_more(world: World) -> None:
    items = files(world, 2)
    task = task_of(world)
    task.remove_items(items=items[:1])
    assert [one.name for one in task.get_items().all()] == ["1.txt"]
    assert again(world, items[0]).metadata["system"]["refs"] == []


@scenario
def the_same_task_is_not_created_twice_when_asked_to_check(world: World) -> None:
    files(world, 1)
    task = task_of(world)
    check = world.dl.Filters(resource=world.dl.FiltersResource.TASK)
    check.add(field="name", values="task")
    check.add(field="datasetId", values=world.dataset.id)
    assert task_of(world, check_if_exist=check).id == task.id


@scenario
def a_review_takes_the_items_that_are_done(world: World) -> None:
    items = files(world, 2)
    task = task_of(world)
    task.set_status(status="completed", operation="create", item_ids=[items[0].id])
    review = task.create_qa_task(due_date=DUE, assignee_ids=[CAROL])
    assert (review.name, review.spec["type"], review.spec["parentTaskId"]) == ("task_qa", "qa", task.id)
    assert [one.name for one in review.get_items().all()] == ["0.txt"]
    review.set_status(status="approved", operation="create", item_ids=[items[0].id])
    item = again(world, items[0])
    assert (item.status(task_id=task.id), item.status(task_id=review.id)) == ("completed", "approved")


@scenario
def what_a_pulling_task_is_made_of_is_kept(world: World) -> None:
    files(world)
    task = task_of(
        world, batch_size=3, max_batch_workload=5, allowed_assignees=[BOB, CAROL], assignees=(BOB, CAROL)
    )
    system = world.project.tasks.get(task_id=task.id).metadata["system"]
    assert (system["batchSize"], system["maxBatchWorkload"]) == (3, 5)
    assert system["allowedAssignees"] == [BOB, CAROL]


@scenario
def a_consensus_task_keeps_its_assignees(world: World) -> None:
    files(world)
    task = task_of(
        world,
        assignees=(BOB, CAROL),
        consensus_task_type="consensus",
        consensus_assignees=2,
        consensus_percentage=50,
        scoring=False,
    )
    system = world.project.tasks.get(task_id=task.id).metadata["system"]
    assert (system["consensusTaskType"], system["consensusPercentage"], system["consensusAssignees"]) == (
        "consensus",
        50,
        2,
    )


@scenario
def the_status_of_an_item_is_set_and_taken_back(world: World) -> None:
    [item] = files(world, 1)
    task = task_of(world)
    assignment = task.assignments.list()[0]
    again(world, item).update_status(status="completed")
    item = again(world, item)
    assert item.status(task_id=task.id) == item.status(assignment_id=assignment.id) == "completed"
    item.update_status(status="completed", clear=True)
    assert again(world, item).status(task_id=task.id) is None
    again(world, item).update_status(status="discard", task_id=task.id)
    assert again(world, item).status(assignment_id=assignment.id) == "discard"
    again(world, item).update_status(status="approved", assignment_id=assignment.id)
    item = again(world, item)
    assert item.status(task_id=task.id) == "approved"
    assert [one["status"] for one in item.metadata["system"]["taskStatusLog"]] == [
        "completed",
        "completed",
        "discard",
        "approved",
    ]


@scenario
def a_task_goes_from_open_to_completed_with_its_items(world: World) -> None:
    items = files(world, 2)
    task = task_of(world)

    def standing() -> tuple[Any, ...]:
        found = world.project.tasks.get(task_id=task.id)
        [share] = found.assignments.list()
        return found.status, share.status, found.item_status["completed"] if found.item_status else None

    assert standing()[:2] == ("open", "todo")
    task.set_status(status="completed", operation="create", item_ids=[items[0].id])
    assert standing()[:2] == ("in progress", "in progress")
    task.set_status(status="discard", operation="create", item_ids=[items[1].id])
    assert standing()[:2] == ("completed", "done")


@scenario
def a_status_that_the_task_does_not_have_is_refused(world: World) -> None:
    [item] = files(world, 1)
    action = world.dl.ItemAction(action="blurred", display_name="Blurred", color="#ff0000")
    task = task_of(world, available_actions=[action])
    again(world, item).update_status(status="blurred", task_id=task.id)
    assert again(world, item).status(task_id=task.id) == "blurred"
    world.refused(lambda: again(world, item).update_status(status="sharp", task_id=task.id), "400")


@scenario
def items_are_found_by_their_status_in_a_task(world: World) -> None:
    items = files(world, 2)
    task = task_of(world)
    task.set_status(status="completed", operation="create", item_ids=[items[1].id])
    filters = world.dl.Filters()
    filters.add(
        field="metadata.system.refs",
        values={"id": task.id, "metadata": {"status": "completed"}},
        operator=world.dl.FiltersOperations.MATCH,
    )
    assert [one.name for one in world.dataset.items.list(filters=filters).all()] == ["1.txt"]


@scenario
def an_assignment_is_created_got_listed_and_updated(world: World) -> None:
    items = files(world, 2)
    task = task_of(world, items=items[:1])
    made = task.assignments.create(assignee_id=CAROL, items=items[1:])
    assert (made.annotator, made.task_id, made.dataset_id) == (CAROL, task.id, world.dataset.id)
    assert made.total_items == 1
    assert [one.name for one in made.get_items().all()] == ["1.txt"]
    assert world.project.assignments.get(assignment_id=made.id).name == made.name
    assert task.assignments.get(assignment_name=made.name).id == made.id
    made.name = "renamed"
    made.update()
    assert world.project.assignments.get(assignment_id=made.id).name == "renamed"
    listed = world.project.assignments.list
    assert [one.id for one in listed(assignee_id=CAROL)] == [made.id]
    assert [one.id for one in listed(assignment_name="renamed")] == [made.id]
    assert len(listed(status="todo")) == 2
    assert len(listed(pages_size=1, page_offset=1)) == 1
    world.refused(lambda: world.project.assignments.get(assignment_id="0" * 24), "404")


@scenario
def an_assignment_is_reassigned(world: World) -> None:
    files(world, 2)
    task = task_of(world)
    [assignment] = task.assignments.list()
    moved = assignment.reassign(assignee_id=CAROL)
    assert moved.annotator == CAROL
    assert len(moved.get_items().all().__next__().metadata["system"]["refs"]) == 2
    assert [one.annotator for one in task.assignments.list() if one.total_items] == [CAROL]


@scenario
def an_assignment_is_redistributed(world: World) -> None:
    files(world, 4)
    task = task_of(world)
    [assignment] = task.assignments.list()
    workload = world.dl.Workload.generate(assignee_ids=[BOB, CAROL])
    dealt = assignment.redistribute(workload=workload)
    assert sorted(one.annotator for one in dealt) == [BOB, CAROL]
    assert [one.total_items for one in task.assignments.list()] == [2, 2]


@scenario
def the_contexts_of_tasks_and_assignments_lead_to_one_another(world: World) -> None:
    files(world, 1)
    task = task_of(world)
    [assignment] = task.assignments.list()
    assert (task.project.id, task.dataset.id) == (world.project.id, world.dataset.id)
    assert assignment.project.id == world.project.id
    assert assignment.task.id == task.id
    assert world.dl.tasks.get(task_id=task.id).dataset.id == world.dataset.id
    assert world.dl.assignments.get(assignment_id=assignment.id).task_id == task.id
    assert (
        world.dl.projects.get(project_id=world.project.id).tasks.get(task_id=task.id).project.id
        == world.project.id
    )


@scenario
def a_due_date_that_is_left_out_is_in_a_week(world: World) -> None:
    files(world, 1)
    task = world.dataset.tasks.create(task_name="task", assignee_ids=[BOB])
    assert 6 * 86400 < task.due_date / 1000 - time.time() < 8 * 86400
