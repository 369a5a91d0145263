"""Projects, their members, and what is checked out."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from tests.integration.dtlpy.world import ALICE, BOB, CAROL, World, scenario


def _name(world: World) -> str:
    return f"{world.name} {uuid.uuid4().hex[:6]}"


@scenario
def a_created_project_has_its_name_and_its_creator(world: World) -> None:
    name = _name(world)
    project = world.dl.projects.create(project_name=name)
    assert (project.name, project.creator, project.role) == (name, ALICE, "owner")
    assert project.to_json() == world.dl.projects.get(project_id=project.id).to_json()


@scenario
def a_project_is_found_by_name_by_id_and_in_the_list(world: World) -> None:
    project = world.project
    by_name = world.dl.projects.get(project_name=project.name)
    by_id = world.dl.projects.get(project_id=project.id)
    assert by_name.id == by_id.id == project.id
    assert by_name.to_json() == by_id.to_json()
    assert project.id in [one.id for one in world.dl.projects.list()]


@scenario
def a_project_name_may_hold_spaces_slashes_and_letters_of_any_script(world: World) -> None:
    name = f"ä b/c ? % 日本 {uuid.uuid4().hex[:6]}"
    project = world.dl.projects.create(project_name=name)
    assert world.dl.projects.get(project_name=name).id == project.id


@scenario
def a_second_project_of_the_same_name_is_refused(world: World) -> None:
    assert "already exists" in world.refused(lambda: world.dl.projects.create(world.project.name))
    assert world.dl.projects.get(project_name=world.project.name).id == world.project.id


@scenario
def a_project_without_a_name_is_refused(world: World) -> None:
    world.refused(lambda: world.dl.projects.create(project_name=""), "400")


@scenario
def a_project_that_is_not_there_is_not_found(world: World) -> None:
    get = world.dl.projects.get
    world.refused(lambda: get(project_name=_name(world)), "404")
    world.refused(lambda: get(project_id="some_id"), "404")
    world.refused(lambda: get(project_id=str(uuid.uuid4())), "404")


@scenario
def a_renamed_project_is_found_by_its_new_name_only(world: World) -> None:
    project, old, new = world.project, world.project.name, _name(world)
    project.name = new
    assert project.update().name == new
    assert world.dl.projects.get(project_id=project.id).name == new
    assert world.dl.projects.get(project_name=new).id == project.id
    world.refused(lambda: world.dl.projects.get(project_name=old), "404")


@scenario
def a_project_with_system_metadata_is_updated(world: World) -> None:
    project, new = world.project, _name(world)
    project.name = new
    project.update(system_metadata=True)
    assert world.dl.projects.get(project_id=project.id).name == new


@scenario
def a_project_is_deleted_by_name_by_id_and_by_itself(world: World) -> None:
    sure = {"sure": True, "really": True}
    for delete in (
        lambda one: world.dl.projects.delete(project_name=one.name, **sure),
        lambda one: world.dl.projects.delete(project_id=one.id, **sure),
        lambda one: one.delete(**sure),
    ):
        project = world.dl.projects.create(_name(world))
        assert delete(project) is True
        world.refused(lambda one=project: world.dl.projects.get(project_id=one.id), "404")
        assert project.id not in [one.id for one in world.dl.projects.list()]


@scenario
def a_project_is_deleted_with_its_datasets(world: World) -> None:
    project, dataset = world.project, world.dataset
    world.text()
    project.delete(sure=True, really=True)
    world.refused(lambda: world.dl.datasets.get(dataset_id=dataset.id), "404")


@scenario
def deleting_a_project_has_to_be_meant(world: World) -> None:
    world.refused(lambda: world.project.delete(sure=False, really=True), "403")
    world.refused(lambda: world.dl.projects.delete(project_name=_name(world), sure=True, really=True), "404")
    world.refused(lambda: world.dl.projects.delete(project_id="some_id", sure=True, really=True), "404")
    assert world.dl.projects.get(project_id=world.project.id).id == world.project.id


@scenario
def a_name_is_free_again_after_its_project_was_deleted(world: World) -> None:
    name, first = world.project.name, world.project.id
    world.project.delete(sure=True, really=True)
    again = world.dl.projects.create(project_name=name)
    assert again.id != first
    assert world.dl.projects.get(project_name=name).id == again.id


@scenario
def a_project_serialises_to_what_the_server_said(world: World) -> None:
    project = world.project
    listed = next(one for one in world.dl.projects.list() if one.id == project.id)
    shown = listed.to_json()
    assert listed.from_json(shown, world.dl.client_api).to_json() == shown
    success, response = world.dl.client_api.gen_request("get", f"/projects/{world.project.id}")
    said = response.json()
    assert success
    assert {key: said[key] for key in said if key in shown} == {
        key: shown[key] for key in said if key in shown
    }
    assert ("systemProject" in said) is not world.old


@scenario
def a_project_prints_and_is_listed_as_a_table(world: World) -> None:
    world.project.print()
    frame = world.dl.projects.list().to_df()
    assert world.project.name in list(frame["name"])


@scenario
def a_project_leads_to_its_page(world: World) -> None:
    project = world.project
    assert project.platform_url == f"{world.gate}/projects/{project.id}"
    assert world.dl.projects.platform_url == f"{world.gate}/projects"


@scenario
def repositories_of_a_project_know_it(world: World) -> None:
    project = world.project
    for repository in (project.datasets, project.recipes, project.tasks, project.assignments):
        assert (
            repository.project if hasattr(repository, "project") else repository._project
        ).id == project.id


@scenario
def a_project_that_is_not_fetched_is_fetched_when_it_is_looked_at(world: World) -> None:
    stub = world.dl.projects.get(project_id=world.project.id, fetch=False)
    assert stub.id == world.project.id
    assert stub.datasets.list() == []


# Members


def _roles(members: list) -> dict[str, str]:
    return {one.email: one.role for one in members}


@scenario
def members_are_added_changed_and_removed(world: World) -> None:
    project, role = world.project, world.dl.MemberRole
    project.add_member(email=BOB, role=role.DEVELOPER)
    assert _roles(project.list_members()) == {ALICE: "owner", BOB: "engineer"}
    project.update_member(email=BOB, role=role.ANNOTATOR)
    assert _roles(project.list_members()) == {ALICE: "owner", BOB: "annotator"}
    project.remove_member(email=BOB)
    assert _roles(project.list_members()) == {ALICE: "owner"}


@scenario
def members_are_listed_by_role(world: World) -> None:
    project, role = world.project, world.dl.MemberRole
    emails = {
        f"annotator{number}@example.test": one
        for number, one in enumerate((role.ANNOTATOR, role.DEVELOPER, role.ANNOTATION_MANAGER, role.OWNER))
    }
    for email, one in emails.items():
        project.add_member(email=email, role=one)
    for email, one in emails.items():
        assert email in _roles(project.list_members(role=one))
    assert len(project.list_members()) == len(emails) + 1
    assert len(project.list_members(role=role.OWNER)) == 2


@scenario
def adding_a_member_answers_all_of_them(world: World) -> None:
    answer = world.dl.projects.add_member(
        email=CAROL, project_id=world.project.id, role=world.dl.MemberRole.ANNOTATOR
    )
    assert CAROL in [one["email"] for one in answer]
    answer = world.dl.projects.remove_member(email=CAROL, project_id=world.project.id)
    assert CAROL not in [one["email"] for one in answer]


@scenario
def a_member_may_be_somebody_whom_the_server_does_not_know(world: World) -> None:
    world.project.add_member(email="new_annotator@elsewhere.test", role=world.dl.MemberRole.ANNOTATOR)
    assert "new_annotator@elsewhere.test" in _roles(world.project.list_members())


@scenario
def contributors_are_users_with_names_and_roles(world: World) -> None:
    world.project.add_member(email=BOB, role=world.dl.MemberRole.ANNOTATION_MANAGER)
    project = world.dl.projects.get(project_id=world.project.id)
    found = {one.email: one for one in project.contributors}
    assert sorted(found) == [ALICE, BOB]
    assert isinstance(found[BOB], world.dl.entities.User)
    assert (found[BOB].role, found[BOB].name, found[BOB].username) == (*("annotationManager", "bob", BOB),)


@scenario
def strange_members_and_roles_are_refused(world: World) -> None:
    project, role = world.project, world.dl.MemberRole
    world.refused(lambda: project.update_member(email="nobody@example.test", role=role.ANNOTATOR), "404")
    world.refused(lambda: project.remove_member(email="nobody@example.test"), "404")
    for work in (project.add_member, project.update_member):
        with pytest.raises(ValueError, match="king"):
            work(email=BOB, role="king")


# What is checked out


def _state() -> dict:
    return json.loads(Path(".dataloop/state.json").read_text())


@scenario
def a_project_that_is_checked_out_needs_no_name(world: World) -> None:
    other = world.dl.projects.create(project_name=_name(world), checkout=True)
    assert world.dl.projects.get().id == other.id
    world.project.checkout()
    assert world.dl.projects.get().id == world.project.id
    assert _state()["project"]["id"] == world.project.id
    world.dl.projects.checkout(project_name=other.name)
    assert world.dl.projects.get().id == other.id
    world.dl.projects.checkout(identifier=world.project.name)
    assert world.dl.projects.get().id == world.project.id
    world.dl.checkout_state()
    assert world.dl.projects.get(project_name=other.name, checkout=True).id == world.dl.projects.get().id
    world.dl.client_api.state_io.reset()


@scenario
def a_dataset_that_is_checked_out_needs_no_name(world: World) -> None:
    world.project.checkout()
    world.dataset.checkout()
    assert world.dl.datasets.get().id == world.dataset.id
    assert world.project.datasets.get().id == world.dataset.id
    other = world.project.datasets.create(dataset_name="other", checkout=True)
    assert world.dl.datasets.get().id == other.id
    world.project.datasets.checkout(identifier=world.dataset.id)
    assert world.dl.datasets.get().name == world.dataset.name
    world.dl.client_api.state_io.reset()


@scenario
def without_a_check_out_a_name_or_an_id_is_needed(world: World) -> None:
    world.dl.client_api.state_io.reset()
    world.refused(world.dl.projects.get, "400")
    world.refused(world.dl.datasets.get, "400")
