"""Writes go out as the measured calls: the smallest patch, in the platform's own forms."""

from __future__ import annotations

import pytest

from localloop.platform import DataloopRemote
from localloop.platform.mapping import from_wire
from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import PermanentError, RemoteNotFoundError, TransientError
from localloop_sync.ports import Scope
from tests.integration.platform import wire
from tests.integration.platform.recorder import Reply

D, IT, P = wire.D, wire.IT, wire.P
SCOPE = Scope(project=P, dataset=D)
INSIDE = Scope(project=P, dataset=D, item=IT)


def document(kind, body):
    return from_wire(kind, body, {K.PROJECT: P}).document


def answering(platform, reply):
    platform.answer = lambda _asked: reply


# Creating


def test_a_project_is_created_by_a_form(remote, platform):
    answering(platform, wire.project())
    (made,) = remote.create(K.PROJECT, Scope(), [{"name": "My First & Only"}])
    assert made.id == P
    asked = platform.asked[0]
    assert (asked.method, asked.path) == ("POST", "/api/v1/projects")
    assert asked.body == b"name=My+First+%26+Only"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_member_is_added_under_the_plain_e_mail(remote, platform):
    answering(platform, [wire.member()])
    bob = {"email": "bob@example.test", "role": "engineer"}
    (made,) = remote.create(K.MEMBER, SCOPE, [bob])
    assert made.document == bob
    path = f"/api/v1/projects/{P}/members/bob@example.test"
    assert platform.forms == [("POST", path, {"role": "engineer"})]


def test_a_dataset_without_recipes_asks_for_the_default_one(remote, platform):
    answering(platform, wire.dataset())
    (made,) = remote.create(K.DATASET, SCOPE, [{"name": "Faces"}])
    assert made.document["recipes"] == [wire.R]
    body = {"name": "Faces", "projects": [P], "createDefaultRecipe": True}
    assert platform.forms == [("POST", "/api/v1/datasets", body)]


def test_a_dataset_with_recipes_is_given_them_afterwards(remote, platform):
    answering(platform, wire.dataset())
    remote.create(K.DATASET, SCOPE, [{"name": "Faces", "recipes": [wire.R], "metadata": {"a": 1}}])
    body = {"name": "Faces", "projects": [P], "createDefaultRecipe": False}
    patch = {"metadata": {"system": {"recipes": [wire.R]}, "a": 1}}
    assert platform.forms == [
        ("POST", "/api/v1/datasets", body),
        ("PATCH", f"/api/v1/datasets/{D}?system=true", patch),
    ]


def test_an_ontology_is_created_with_its_tree_and_then_its_attributes(remote, platform):
    answering(platform, wire.ontology())
    labels = {"cat": {"color": "#010203"}, "cat.paw": {"color": "#040506"}}
    attributes = {"age": {"key": "age", "title": "Age", "type": "number", "scope": ["*"]}}
    remote.create(K.ONTOLOGY, SCOPE, [{"title": "T", "labels": labels, "attributes": attributes}])
    paw = {"value": {"tag": "paw", "attributes": [], "displayData": {}, "color": "#040506"}, "children": []}
    cat = {
        "value": {"tag": "cat", "attributes": [], "displayData": {}, "color": "#010203"},
        "children": [paw],
    }
    body = {"title": "T", "roots": [cat], "projectIds": [P], "attributes": []}
    assert platform.forms == [
        ("POST", "/api/v1/ontologies", body),
        (
            "PATCH",
            f"/api/v1/ontologies/{wire.ON}/attributes",
            {"items": [attributes["age"]], "upsert": True},
        ),
        ("GET", f"/api/v1/ontologies/{wire.ON}", None),
    ]


def test_a_recipe_is_created(remote, platform):
    answering(platform, wire.recipe())
    remote.create(K.RECIPE, SCOPE, [{"title": "new", "ontologies": [wire.ON], "settings": {}}])
    body = {
        "title": "new",
        "projectIds": [P],
        "ontologyIds": [wire.ON],
        "uiSettings": {"allowObjectIdAutoAssign": True, "studioV2App": True},
    }
    assert platform.forms == [("POST", "/api/v1/recipes", body)]


def test_a_directory_is_created_by_a_form(remote, platform):
    answering(platform, wire.item(filename="/new dir", type="dir", metadata={"system": {}}))
    (made,) = remote.create(K.ITEM, SCOPE, [{"type": "dir", "filename": "/new dir"}])
    assert made.document == {"type": "dir", "filename": "/new dir", "metadata": {}}
    assert (platform.asked[0].path, platform.asked[0].query) == (f"/api/v1/datasets/{D}/items", "")
    assert platform.asked[0].body == b"type=dir&path=%2Fnew+dir"


def test_annotations_are_created_a_hundred_at_a_time_in_order(remote, platform):
    def answer(asked):
        first = sum(len(one.json) for one in platform.asked[:-1])
        return [
            wire.annotation(id=f"{first + n:024x}", label=one["label"], type=one["type"])
            for n, one in enumerate(asked.json)
        ]

    platform.answer = answer
    documents = [{"type": "class", "label": f"L{n}", "metadata": {}} for n in range(230)]
    made = remote.create(K.ANNOTATION, INSIDE, documents)
    assert [e.document["label"] for e in made] == [one["label"] for one in documents]
    assert [len(asked.json) for asked in platform.asked] == [100, 100, 30]
    assert {asked.path for asked in platform.asked} == {f"/api/v1/items/{IT}/annotations"}
    assert platform.asked[0].json[0] == {
        "itemId": IT,
        "datasetId": D,
        "source": "sdk",
        "type": "class",
        "label": "L0",
        "metadata": {"system": {}},
    }


@pytest.mark.parametrize("reply", [[], [wire.annotation()], None, "created"])
def test_a_reply_with_another_number_of_annotations_is_not_trusted(remote, platform, reply):
    answering(platform, reply)
    with pytest.raises(TransientError):
        remote.create(
            K.ANNOTATION, INSIDE, [{"type": "class", "label": "a"}, {"type": "class", "label": "b"}]
        )


def test_a_single_annotation_may_be_answered_without_an_array(remote, platform):
    answering(platform, wire.annotation())
    assert len(remote.create(K.ANNOTATION, INSIDE, [{"type": "class", "label": "a"}])) == 1


TASK = {
    "name": "test",
    "query": '{"filter": {}}',
    "spec": {"type": "annotation"},
    "dueDate": 1878768000000.0,
    "workload": [{"assigneeId": wire.ME, "load": 100}],
}


def test_a_task_is_created_by_a_command_that_is_waited_for(session, platform):
    waits: list[float] = []
    states = ["in-progress", "waiting-children", "success"]
    platform.routes(
        {
            ("GET", f"/api/v1/datasets/{D}"): wire.dataset(),
            ("POST", "/api/v1/annotationtasks"): wire.command("created"),
            ("GET", f"/api/v1/commands/{wire.C}"): lambda _asked: wire.command(
                states.pop(0), createdTaskId=wire.T
            ),
            ("GET", f"/api/v1/annotationtasks/{wire.T}"): wire.task(),
        }
    )
    (made,) = DataloopRemote(session, sleep=waits.append).create(K.TASK, SCOPE, [TASK])
    assert made.id == wire.T
    assert waits == [0.2, 0.4, 0.8]
    assert platform.forms[1] == (
        "POST",
        "/api/v1/annotationtasks",
        {
            "name": "test",
            "query": '{"filter": {}}',
            "taskOwner": wire.ME,
            "spec": {"type": "annotation"},
            "datasetId": D,
            "projectId": P,
            "assignmentIds": [],
            "recipeId": wire.R,
            "dueDate": 1878768000000.0,
            "asynced": True,
            "priority": 2,
            "workload": [{"assigneeId": wire.ME, "load": 100}],
        },
    )
    assert [asked.path.rsplit("/", 2)[1] for asked in platform.asked[2:]] == ["commands"] * 3 + [
        "annotationtasks"
    ]


def test_a_command_that_has_ended_is_not_asked_for(remote, platform):
    platform.routes(
        {
            ("GET", f"/api/v1/datasets/{D}"): wire.dataset(),
            ("POST", "/api/v1/annotationtasks"): wire.command("success", createdTaskId=wire.T),
            ("GET", f"/api/v1/annotationtasks/{wire.T}"): wire.task(),
        }
    )
    remote.create(K.TASK, SCOPE, [TASK])
    assert len(platform.asked) == 3


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({**wire.command("failed"), "error": "no items"}, PermanentError),
        (wire.command("canceled"), PermanentError),
        (wire.command("timeout"), TransientError),
        (wire.command("success"), TransientError),
        ({"id": "x"}, TransientError),
        (None, TransientError),
    ],
)
def test_a_command_that_comes_to_nothing_is_an_error(remote, platform, reply, error):
    platform.routes(
        {
            ("GET", f"/api/v1/datasets/{D}"): wire.dataset(),
            ("POST", "/api/v1/annotationtasks"): reply,
        }
    )
    with pytest.raises(error) as caught:
        remote.create(K.TASK, SCOPE, [TASK])
    assert type(caught.value) is error


def test_a_command_without_end_is_given_up_for_now(session, platform):
    waits: list[float] = []
    platform.answer = lambda _asked: wire.command("in-progress")
    with pytest.raises(TransientError):
        DataloopRemote(session, sleep=waits.append).delete(K.TASK, wire.T)
    assert max(waits) == 30.0
    assert sum(waits) < 700


def test_a_task_needs_a_recipe(remote, platform):
    answering(platform, wire.dataset(metadata={"system": {}}))
    with pytest.raises(PermanentError, match="recipe"):
        remote.create(K.TASK, SCOPE, [TASK])


def test_assignments_and_files_are_not_created_so(remote, platform):
    with pytest.raises(PermanentError):
        remote.create(K.ASSIGNMENT, SCOPE, [{"annotator": wire.ME}])
    with pytest.raises(PermanentError):
        remote.create(K.ITEM, SCOPE, [{"type": "file", "filename": "/a"}])
    assert platform.asked == []


# Updating


def test_an_item_is_patched_by_branch_and_removed_keys_are_null(remote, platform):
    answering(platform, wire.item())
    base = document(K.ITEM, wire.item())
    base["metadata"]["user"] = {"k": 1, "gone": 2, "deep": {"a": 1, "b": 2}}
    wanted = {**base, "description": "t", "metadata": {"user": {"k": 1, "deep": {"a": 1, "b": [1, 2]}}}}
    remote.update(K.ITEM, IT, wanted, base)
    patch = {"description": "t", "metadata": {"user": {"gone": None, "deep": {"b": [1, 2]}}}}
    assert platform.forms == [("PATCH", f"/api/v1/items/{IT}", patch)]


def test_a_patch_of_system_metadata_says_so(remote, platform):
    answering(platform, wire.item())
    base = document(K.ITEM, wire.item())
    wanted = {**base, "metadata": {**base["metadata"], "system": {"tags": {"train": True}}}}
    remote.update(K.ITEM, IT, wanted, base)
    patch = {"metadata": {"system": {"tags": {"train": True}}}}
    assert platform.forms == [("PATCH", f"/api/v1/items/{IT}?system=true", patch)]


def test_a_move_is_a_patch_of_the_filename(remote, platform):
    answering(platform, wire.item(filename="/moved/b2.txt"))
    base = document(K.ITEM, wire.item())
    moved = remote.update(K.ITEM, IT, {**base, "filename": "/moved/b2.txt"}, base)
    assert moved.document["filename"] == "/moved/b2.txt"
    assert platform.forms == [("PATCH", f"/api/v1/items/{IT}", {"filename": "/moved/b2.txt"})]


def test_changed_content_is_no_patch(remote, platform):
    answering(platform, wire.item())
    base = document(K.ITEM, wire.item())
    remote.update(K.ITEM, IT, {**base, "content": {"size": 9, "digest": "f" * 64}}, base)
    assert platform.forms == [("GET", f"/api/v1/items/{IT}", None)]


def test_an_annotation_is_put_as_a_difference(remote, platform):
    answering(platform, wire.annotation(label="M"))
    base = document(K.ANNOTATION, wire.annotation())
    assert remote.update(K.ANNOTATION, wire.A, {**base, "label": "M"}, base).document["label"] == "M"
    assert platform.forms == [("PUT", f"/api/v1/annotations/{wire.A}", {"label": "M"})]


def test_coordinates_are_put_whole(remote, platform):
    answering(platform, wire.annotation())
    base = {
        **document(K.ANNOTATION, wire.annotation()),
        "type": "point",
        "coordinates": {"x": 1, "y": 2, "z": 0},
    }
    wanted = {**base, "coordinates": {"x": 5, "y": 2, "z": 0}}
    remote.update(K.ANNOTATION, wire.A, wanted, base)
    assert platform.asked[0].json == {"coordinates": {"x": 5, "y": 2, "z": 0}}


def test_the_status_of_an_annotation_is_system_metadata(remote, platform):
    answering(platform, wire.annotation())
    base = document(K.ANNOTATION, wire.annotation(metadata={"system": {"status": "issue"}}))
    wanted = {**base, "metadata": {"system": {}}}
    remote.update(K.ANNOTATION, wire.A, wanted, base)
    patch = {"metadata": {"system": {"status": None}}}
    assert platform.forms == [("PUT", f"/api/v1/annotations/{wire.A}?system=true", patch)]


def test_projects_members_datasets_and_tasks_are_patched(remote, platform):
    platform.routes(
        {
            ("PATCH", f"/api/v1/projects/{P}"): wire.project(),
            ("PATCH", f"/api/v1/projects/{P}/members/bob@example.test"): [
                {**wire.member(), "role": "annotator"}
            ],
            ("PATCH", f"/api/v1/datasets/{D}"): wire.dataset(),
            ("PATCH", f"/api/v1/annotationtasks/{wire.T}"): None,
            ("GET", f"/api/v1/annotationtasks/{wire.T}"): wire.task(),
        }
    )
    remote.update(K.PROJECT, P, {"name": "B"}, {"name": "A"})
    bob = {"email": "bob@example.test", "role": "engineer"}
    member = remote.update(K.MEMBER, f"{P}/bob@example.test", {**bob, "role": "annotator"}, bob)
    assert member.document["role"] == "annotator"
    base = document(K.DATASET, wire.dataset())
    remote.update(K.DATASET, D, {**base, "name": "Heads"}, base)
    remote.update(K.DATASET, D, {**base, "recipes": ["e" * 24]}, base)
    task = document(K.TASK, wire.task())
    remote.update(K.TASK, wire.T, {**task, "name": "t2"}, task)
    assert platform.forms == [
        ("PATCH", f"/api/v1/projects/{P}", {"name": "B"}),
        ("PATCH", f"/api/v1/projects/{P}/members/bob@example.test", {"role": "annotator"}),
        ("PATCH", f"/api/v1/datasets/{D}", {"name": "Heads"}),
        (
            "PATCH",
            f"/api/v1/datasets/{D}?system=true",
            {"metadata": {"system": {"recipes": ["e" * 24]}}},
        ),
        ("PATCH", f"/api/v1/annotationtasks/{wire.T}", {"name": "t2", "metadata": {}}),
        ("GET", f"/api/v1/annotationtasks/{wire.T}", None),
    ]


def test_a_recipes_settings_are_patched_each_whole(remote, platform):
    answering(platform, wire.recipe())
    base = document(K.RECIPE, wire.recipe(uiSettings={"studioV2App": True, "old": 1}))
    settings = {**base["settings"], "uiSettings": {"studioV2App": True, "new": 2}}
    remote.update(K.RECIPE, wire.R, {**base, "title": "T2", "settings": settings}, base)
    patch = {"title": "T2", "uiSettings": {"studioV2App": True, "new": 2, "old": None}}
    assert platform.forms == [("PATCH", f"/api/v1/recipes/{wire.R}", patch)]


def test_an_assignment_is_reassigned_by_its_own_call(remote, platform):
    platform.routes(
        {
            ("GET", f"/api/v1/assignments/{wire.S}"): wire.assignment(),
            ("POST", f"/api/v1/assignments/{wire.S}/reassign"): wire.command("success"),
        }
    )
    base = document(K.ASSIGNMENT, wire.assignment())
    remote.update(K.ASSIGNMENT, wire.S, {**base, "annotator": "z@example.test"}, base)
    body = {"taskId": wire.T, "annotator": "z@example.test", "asynced": True}
    assert platform.forms[1] == ("POST", f"/api/v1/assignments/{wire.S}/reassign", body)


# Ontologies


ONTOLOGY = f"/api/v1/ontologies/{wire.ON}"


def label(color="#0214a7", **more):
    return {"attributes": [], "displayData": {}, "color": color, **more}


def test_labels_are_upserted_in_one_call_parents_first(remote, platform):
    answering(platform, wire.ontology(wire.node("person", wire.node("hand"))))
    base = document(K.ONTOLOGY, wire.ontology())
    wanted = {**base, "labels": {"person.hand": label(), "person": label("#010203")}}
    remote.update(K.ONTOLOGY, wire.ON, wanted, base)
    nodes = [{"tag": "person", **label("#010203")}, {"tag": "person.hand", **label()}]
    assert platform.forms == [
        ("PATCH", f"{ONTOLOGY}/labels", {"labelsNode": nodes, "upsert": True}),
        ("GET", ONTOLOGY, None),
    ]


def listed(*tags):
    """Labels as the newer API lists them, each with an id of its own."""
    return wire.page([{"id": f"id-{tag}", "path": tag} for tag in tags])


def without_label_calls(ontology):
    """A platform that has no calls for single labels."""

    def answer(asked):
        return Reply({"status": 404, "message": "Not found"}, 404) if "/labels" in asked.path else ontology

    return answer


QUERY = {"context": {}, "resource": "labels", "filter": {}, "page": 0, "pageSize": 1000}


def test_labels_are_removed_one_by_one_the_deepest_first(remote, platform):
    left = wire.ontology(wire.node("a"), wire.node("theirs"))
    page = listed("a", "a.b", "a.b.c", "theirs")
    platform.answer = lambda asked: page if asked.path.endswith("/query") else left
    base = document(K.ONTOLOGY, wire.ontology(wire.node("a", wire.node("b", wire.node("c")))))
    remote.update(K.ONTOLOGY, wire.ON, {**base, "labels": {"a": base["labels"]["a"]}}, base)
    assert platform.forms == [
        ("POST", f"{ONTOLOGY}/labels/query", QUERY),
        ("DELETE", f"{ONTOLOGY}/labels/id-a.b.c", None),
        ("DELETE", f"{ONTOLOGY}/labels/id-a.b", None),
        ("GET", ONTOLOGY, None),
        ("GET", ONTOLOGY, None),
    ]


def test_all_pages_of_labels_are_asked_for(remote, platform):
    def answer(asked):
        if not asked.path.endswith("/query"):
            return wire.ontology()
        return {**listed("ab"[asked.json["page"]]), "hasNextPage": asked.json["page"] == 0}

    platform.answer = answer
    base = document(K.ONTOLOGY, wire.ontology(wire.node("b")))
    remote.update(K.ONTOLOGY, wire.ON, {**base, "labels": {}}, base)
    assert [one[1] for one in platform.forms if one[0] == "DELETE"] == [f"{ONTOLOGY}/labels/id-b"]


def test_a_removed_label_stays_while_somebody_elses_child_needs_it(remote, platform):
    there = wire.ontology(wire.node("a", wire.node("theirs")))
    platform.answer = lambda asked: listed("a", "a.theirs") if asked.path.endswith("/query") else there
    base = document(K.ONTOLOGY, wire.ontology(wire.node("a")))
    remote.update(K.ONTOLOGY, wire.ON, {**base, "labels": {}}, base)
    assert {one[0] for one in platform.forms} == {"POST", "GET"}


def test_where_labels_have_no_calls_of_their_own_they_go_with_the_ontology_as_it_is_now(remote, platform):
    there = wire.ontology(wire.node("a", wire.node("b"), wire.node("c")), wire.node("theirs"), extra=1)
    platform.answer = without_label_calls(there)
    base = document(K.ONTOLOGY, wire.ontology(wire.node("a", wire.node("b"), wire.node("c"))))
    remote.update(K.ONTOLOGY, wire.ON, {**base, "labels": {"a": base["labels"]["a"]}}, base)
    roots = [wire.node("a"), wire.node("theirs")]
    assert platform.forms[1:] == [
        ("GET", ONTOLOGY, None),
        ("GET", ONTOLOGY, None),
        ("PUT", ONTOLOGY, {**there, "roots": roots}),
        ("GET", ONTOLOGY, None),
    ]


def test_a_label_that_a_deletion_left_standing_goes_with_the_ontology(remote, platform):
    there = wire.ontology(wire.node("a"))
    platform.answer = lambda asked: listed("a") if asked.path.endswith("/query") else there
    base = document(K.ONTOLOGY, there)
    remote.update(K.ONTOLOGY, wire.ON, {**base, "labels": {}}, base)
    assert [one[2]["roots"] for one in platform.forms if one[0] == "PUT"] == [[]]


def test_without_versions_no_precondition_is_sent(remote, platform):
    platform.answer = lambda _asked: Reply(wire.ontology(), headers={"ETag": 'W/"1"'})
    base = document(K.ONTOLOGY, wire.ontology())
    remote.update(K.ONTOLOGY, wire.ON, {**base, "title": "New"}, base)
    assert not any("if-match" in asked.headers for asked in platform.asked)


def test_attributes_are_upserted_and_deleted_by_key(remote, platform):
    answering(platform, wire.ontology())
    old = {"t": {"key": "t", "title": "T", "type": "freeText"}}
    new = {"yn": {"key": "yn", "title": "YN", "type": "boolean", "scope": ["*"]}}
    base = {**document(K.ONTOLOGY, wire.ontology()), "attributes": old}
    remote.update(K.ONTOLOGY, wire.ON, {**base, "attributes": new}, base)
    assert platform.forms[:2] == [
        ("DELETE", f"{ONTOLOGY}/attributes", {"keys": ["t"]}),
        ("PATCH", f"{ONTOLOGY}/attributes", {"items": [new["yn"]], "upsert": True}),
    ]


def test_a_new_title_is_put_into_the_ontology_as_it_is_now(remote, platform):
    there = wire.ontology(wire.node("theirs"))
    answering(platform, there)
    base = document(K.ONTOLOGY, wire.ontology())
    remote.update(K.ONTOLOGY, wire.ON, {**base, "title": "New"}, base)
    assert platform.forms[1] == ("PUT", ONTOLOGY, {**there, "title": "New"})


# Deleting


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (K.PROJECT, "projects"),
        (K.DATASET, "datasets"),
        (K.ITEM, "items"),
        (K.RECIPE, "recipes"),
        (K.ONTOLOGY, "ontologies"),
    ],
)
def test_a_deletion_is_one_call(remote, platform, kind, path):
    answering(platform, Reply(status=204))
    remote.delete(kind, "f" * 24)
    assert platform.forms == [("DELETE", f"/api/v1/{path}/{'f' * 24}", None)]


def test_the_deletion_of_an_annotation_names_the_user(remote, platform):
    answering(platform, True)
    remote.delete(K.ANNOTATION, wire.A)
    assert platform.forms == [("DELETE", f"/api/v1/annotations/{wire.A}", {"username": wire.ME})]


def test_the_deletion_of_a_member_has_no_body(remote, platform):
    answering(platform, [])
    remote.delete(K.MEMBER, f"{P}/bob@example.test")
    assert platform.forms == [("DELETE", f"/api/v1/projects/{P}/members/bob@example.test", None)]


def test_the_deletion_of_a_task_is_a_command(remote, platform):
    platform.answer = lambda asked: wire.command("created" if asked.method == "DELETE" else "success")
    remote.delete(K.TASK, wire.T)
    assert platform.forms == [
        ("DELETE", f"/api/v1/annotationtasks/{wire.T}", {"asynced": True}),
        ("GET", f"/api/v1/commands/{wire.C}", None),
    ]


@pytest.mark.parametrize("kind", [K.PROJECT, K.ITEM, K.ANNOTATION, K.TASK])
def test_what_is_gone_already_is_deleted(remote, platform, kind):
    answering(platform, Reply({"message": "not found"}, 404))
    remote.delete(kind, "f" * 24)


def test_a_refused_deletion_is_an_error(remote, platform):
    answering(platform, Reply({"message": "not yours"}, 403))
    with pytest.raises(PermanentError, match="not yours"):
        remote.delete(K.ITEM, IT)


def test_an_update_of_what_is_gone_is_not_found(remote, platform):
    answering(platform, Reply({"message": "not found"}, 404))
    with pytest.raises(RemoteNotFoundError):
        remote.update(K.ITEM, IT, {"description": "x"}, {})
    with pytest.raises(RemoteNotFoundError):
        remote.update(K.ITEM, IT, {}, {})
