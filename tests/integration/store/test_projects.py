from __future__ import annotations

import pytest

from localloop.errors import BadRequest, Conflict, NotFound
from localloop.store.projects import (
    add_member,
    create_project,
    find_member,
    find_project,
    members_of,
    remove_member,
    update_member,
    update_project,
)


def test_whoever_creates_a_project_is_its_owner(store):
    with store.transaction("create project") as tx:
        project = create_project(tx, "Fruit")
    with store.reading() as connection:
        assert [(row["email"], row["role"]) for row in members_of(connection, project["id"])] == [
            ("ann@example.test", "owner")
        ]
        assert find_project(connection, "Fruit") == project


@pytest.mark.parametrize("name", ["", "  ", None, 7])
def test_a_project_needs_a_name(store, name):
    with pytest.raises(BadRequest), store.transaction("create project") as tx:
        create_project(tx, name)


def test_a_second_project_of_one_name_is_refused(world):
    with pytest.raises(Conflict), world.store.transaction("create project") as tx:
        create_project(tx, "Fruit")


def test_renaming_ignores_read_only_keys(world):
    with world.store.transaction("rename") as tx:
        renamed = update_project(tx, world.project, {"name": "Berries", "id": "x", "creator": "y"})
    assert (renamed["name"], renamed["id"]) == ("Berries", world.project["id"])


def test_a_project_may_keep_its_name(world):
    with world.store.transaction("rename") as tx:
        assert update_project(tx, world.project, {"name": "Fruit"}) == world.project


def test_adding_a_member_twice_in_one_role_changes_nothing(world):
    with world.store.transaction("add member") as tx:
        first = add_member(tx, world.project, "bob@example.test", "engineer")
        assert add_member(tx, world.project, "Bob@example.test", "engineer") == first


def test_adding_a_member_in_another_role_is_a_conflict(world):
    with world.store.transaction("add member") as tx:
        add_member(tx, world.project, "bob@example.test", "engineer")
        with pytest.raises(Conflict):
            add_member(tx, world.project, "bob@example.test", "annotator")


def test_an_unknown_role_is_refused(world):
    with pytest.raises(BadRequest, match="Unknown role"), world.store.transaction("add member") as tx:
        add_member(tx, world.project, "bob@example.test", "king")


def test_a_member_gets_another_role_and_leaves(world):
    with world.store.transaction("members") as tx:
        add_member(tx, world.project, "bob@example.test", "engineer")
        assert update_member(tx, world.project, "bob@example.test", "annotator")["role"] == "annotator"
        remove_member(tx, world.project, "bob@example.test")
        assert find_member(tx.connection, world.project["id"], "bob@example.test") is None
        with pytest.raises(NotFound):
            remove_member(tx, world.project, "bob@example.test")


def test_the_last_owner_stays(world):
    with world.store.transaction("members") as tx:
        with pytest.raises(BadRequest, match="only owner"):
            remove_member(tx, world.project, "ann@example.test")
        with pytest.raises(BadRequest, match="only owner"):
            update_member(tx, world.project, "ann@example.test", "engineer")
