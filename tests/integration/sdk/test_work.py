"""Tasks, assignments, recipes, ontologies, subsets and checking out, by dtlpy's names."""

from __future__ import annotations

import pytest

import localloop as dl
from localloop.errors import BadRequest, Conflict, NotFound

ANN, BOB = "ann@example.test", "bob@example.test"


@pytest.fixture
def files(dataset, tmp_path):
    """Ten files in the dataset."""
    for number in range(10):
        (tmp_path / f"{number}.txt").write_text(str(number))
    dataset.items.upload(local_path=[str(tmp_path / f"{number}.txt") for number in range(10)])
    return dataset.items.get_all_items()


@pytest.fixture
def task(dataset, files):
    return dataset.tasks.create("t", assignee_ids=[ANN, BOB])


def test_an_assignment_is_found_and_given_to_somebody_else(task):
    [first, _] = dl.assignments.list(task_id=task.id)
    assert dl.assignments.get(assignment_id=first.id) == first
    assert dl.assignments.get(assignment_name=first.name).task.id == task.id
    assert len(list(first.get_items().all())) == 5
    first.reassign("eve@example.test")
    assert {one.annotator for one in task.assignments} == {"eve@example.test", BOB}


def test_an_assignment_is_dealt_out_anew(task):
    first = next(one for one in task.assignments if one.annotator == ANN)
    shares = [{"assigneeId": BOB, "load": 60}, {"assigneeId": "eve@example.test", "load": 40}]
    first.redistribute(shares)
    counts = {one.annotator: len(list(one.get_items().all())) for one in task.assignments}
    assert counts == {ANN: 0, BOB: 8, "eve@example.test": 2}


def test_statuses_are_set_in_every_way(task, files, dataset):
    first, second, third, fourth = (dataset.items.get(item_id=one.id) for one in files[:4])
    dl.tasks.set_status("completed", "create", task.id, [first.id])
    task.assignments[0].set_status("discard", "create", second.id)
    dataset.items.update_status("approved", items=[third, fourth])
    found = {item.id: item.status for item in dataset.items.get_all_items()}
    assert [found[one.id] for one in (first, second, third, fourth)] == [
        "completed",
        "discard",
        "approved",
        "approved",
    ]
    dataset.items.update_status("approved", item_ids=fourth.id, clear=True)
    assert dataset.items.get(item_id=fourth.id).status is None
    with pytest.raises(BadRequest):
        dataset.items.update_status("approved")


def test_items_come_into_a_task_and_leave_it(task, files, dataset):
    dl.tasks.remove_items(task_id=task.id, items=files[:4])
    assert len(list(task.get_items().all())) == 6
    dl.tasks.add_items(task, items=files[:2], assignee_ids=["eve@example.test"])
    eve = next(one for one in task.assignments if one.annotator == "eve@example.test")
    assert {one.id for one in eve.get_items().all()} == {one.id for one in files[:2]}
    share = dl.assignments.create("zoe@example.test", task, items=files[2:4])
    assert {one.id for one in share.get_items().all()} == {one.id for one in files[2:4]}


def test_a_task_that_checks_another_is_over_its_items(task, files, dataset):
    task.remove_items(items=files[:7])
    check = task.create_qa_task(None, [BOB])
    assert check.name == "t_qa"
    assert check.spec == {"type": "qa", "parentTaskId": task.id}
    assert {one.id for one in check.get_items().all()} == {one.id for one in files[7:]}
    assert check.get_dataset() == dataset
    assert check.get_project().name == dataset.project.name


def test_tasks_are_listed_by_what_is_known_of_them(task, project, dataset):
    other = dl.projects.create(project_name="other").datasets.create(dataset_name="D").tasks.create("u")
    assert {one.id for one in dl.tasks.list()} == {task.id, other.id}
    assert [one.id for one in dl.tasks.list(project_ids=project.id)] == [task.id]
    assert [one.id for one in dl.tasks.list(task_name="u")] == [other.id]
    assert list(dl.tasks.list(creator="nobody@example.test")) == []


def test_recipes_and_ontologies_are_made_changed_and_deleted(project, dataset):
    recipe = project.recipes.create(labels=["cat", "dog.small"], recipe_name="R")
    [ontology] = recipe.ontologies
    assert list(ontology.labels.flat) == ["cat", "dog", "dog.small"]
    with pytest.raises(Conflict, match="used by the recipe 'R'"):
        ontology.delete()
    ontology.add_label("owl", color="#123456")
    ontology.update_label("owl", color="#654321")
    ontology.delete_labels("dog")
    assert {tag: one.color for tag, one in dl.ontologies.get(ontology.id).labels.flat.items()}[
        "owl"
    ] == "#654321"
    assert set(ontology.labels.flat) == {"cat", "owl"}
    with pytest.raises(NotFound):
        ontology.update_label("eel")
    dataset.switch_recipe(recipe.id)
    with pytest.raises(Conflict, match="used by the dataset"):
        project.recipes.delete(recipe.id)
    assert recipe.delete(force=True)
    assert ontology.delete()
    with pytest.raises(NotFound):
        dl.ontologies.get(ontology.id)
    made = dl.ontologies.create(["a"], title="O", project_ids=project.id)
    assert [one.id for one in dl.ontologies.list([project.id]) if one.title == "O"] == [made.id]
    with pytest.raises(BadRequest, match="Name a project"):
        dl.ontologies.create(["a"])


def test_attributes_are_added_replaced_and_removed(dataset):
    assert dataset.update_attributes("Ripe?", "ripe", "yes_no", scope=["apple"])
    assert dataset.update_attributes(
        "How ripe?", "ripe", "slider", attribute_range={"min": 0, "max": 9, "step": 1}
    )
    [ontology] = dataset.recipes.list()[0].ontologies
    [attribute] = ontology.metadata["attributes"]
    assert (attribute["title"], attribute["type"], attribute["scope"]) == ("How ripe?", "slider", ["*"])
    assert dataset.delete_attributes("ripe")
    assert not (dl.ontologies.get(ontology.id).metadata or {}).get("attributes")


def test_files_are_split_once_and_always_the_same_way(dataset, files):
    dataset.split_ml_subsets(percentages={"train": 60, "validation": 20, "test": 20})
    first = {item.id: item.get_current_subset() for item in dataset.items.get_all_items()}
    assert sorted(first.values()) == ["test"] * 2 + ["train"] * 6 + ["validation"] * 2
    dataset.remove_subset_from_items()
    assert len(dataset.get_items_missing_ml_subset()) == 10
    dl.datasets.split_ml_subsets(dataset.id, dl.Filters(), {"train": 60, "validation": 20, "test": 20})
    assert {item.id: item.get_current_subset() for item in dataset.items.get_all_items()} == first
    with pytest.raises(BadRequest, match="100 together"):
        dataset.split_ml_subsets(percentages={"train": 60})


def test_an_item_is_in_one_subset(dataset, files):
    item = files[0].assign_subset("train").assign_subset("test")
    assert item.metadata["system"]["tags"] == {"test": True}
    assert item.remove_subset().get_current_subset() is None
    dataset.assign_subset_to_items("validation", dl.Filters("filename", "/1.txt"))
    assert dataset.items.get(filepath="/1.txt").get_current_subset() == "validation"
    with pytest.raises(BadRequest, match="and not 'training'"):
        item.assign_subset("training")


def test_what_is_checked_out_is_used_when_nothing_is_named(project, dataset):
    dl.projects.checkout(project.name)
    dl.datasets.checkout(dataset_id=dataset.id)
    assert dl.checkout_state() == {
        "project": {"id": project.id, "name": project.name},
        "dataset": {"id": dataset.id, "name": dataset.name},
    }
    assert dl.datasets.get() == dataset
    with pytest.raises(NotFound):
        dl.projects.checkout("nowhere")
    with pytest.raises(BadRequest, match="Name the dataset"):
        dl.datasets.checkout()


def test_a_dataset_is_read_only_and_writable_again(dataset):
    dataset.set_readonly(True)
    assert dl.datasets.get(dataset_id=dataset.id).to_json()["readonly"] is True
    dl.datasets.set_readonly(False, dataset)
    assert dl.datasets.get(dataset_id=dataset.id).to_json()["readonly"] is False


def test_an_item_is_described_and_a_project_renamed(files, project):
    assert files[0].set_description("first").description == "first"
    project.name = "renamed"
    assert dl.projects.update(project).name == "renamed"


def test_an_environment_is_the_hosted_one_or_a_root_url(machine):
    from localloop.sdk import account

    dl.setenv("prod")
    assert account._gate(None) == "https://gate.dataloop.ai"
    dl.setenv("http://127.0.0.1:8080/api/v1")
    assert account._gate(None) == "http://127.0.0.1:8080"
    with pytest.raises(BadRequest, match="no environment 'moon'"):
        dl.setenv("moon")
    account._environment = None
