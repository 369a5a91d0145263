"""Recipes and ontologies over HTTP, in both versions of that API (docs/platform/wire.md, 6)."""

from __future__ import annotations

import pytest

from localloop_schema.kinds import EntityKind
from localloop_sync.drivers.oplog import outstanding_of


@pytest.fixture
def ontology(alice, project) -> str:
    return alice.ask("POST", "/ontologies", json={"roots": [], "projectIds": [project]})["id"]


def operations(hub, ontology):
    """What the log says was changed in an ontology: the paths of each operation."""
    with hub.store.reading() as connection:
        found = outstanding_of(connection, EntityKind.ONTOLOGY, [ontology])[ontology]
    return [sorted(".".join(change.path) for change in one.changes) for one in found]


def tags(shown):
    def walk(nodes):
        return {node["value"]["tag"]: walk(node["children"]) for node in nodes}

    return walk(shown["roots"])


def labels(client, ontology, *nodes, **more):
    return client.ask("PATCH", f"/ontologies/{ontology}/labels", json={"labelsNode": list(nodes), **more})


# The first version


def test_a_colour_stays_as_it_was_written(alice, ontology):
    nodes = [{"tag": "a", "color": "#FF00aa"}, {"tag": "b", "color": "rgb(1, 2, 3)"}]
    shown = labels(alice, ontology, *nodes)
    assert [root["value"]["color"] for root in shown["roots"]] == ["#FF00aa", "#010203"]


def test_an_icon_stays_where_a_label_is_changed_without_one(alice, ontology):
    icon = {"displayImage": {"itemId": "a" * 24, "datasetId": "b" * 24}}
    labels(alice, ontology, {"tag": "cat", "displayData": icon})
    shown = labels(alice, ontology, {"tag": "cat", "displayData": {}, "color": "#000000"}, upsert=False)
    assert shown["roots"][0]["value"]["displayData"] == icon


@pytest.mark.parametrize("value", [{}, {"tag": ""}, {"tag": "a", "color": [1, 2]}])
def test_a_root_without_tag_or_with_a_strange_colour_is_refused(alice, project, value):
    body = {"roots": [{"value": value, "children": []}], "projectIds": [project]}
    assert alice.send("POST", "/ontologies", json=body).status_code == 400


def test_attributes_of_the_older_list_are_names(alice, project):
    made = alice.ask("POST", "/ontologies", json={"projectIds": [project], "attributes": ["big", "small"]})
    assert (made["attributes"], made["metadata"]["attributes"]) == (["big", "small"], [])
    changed = alice.ask("PUT", f"/ontologies/{made['id']}", json={**made, "attributes": ["big", "red"]})
    assert changed["attributes"] == ["big", "red"]
    assert alice.ask("PUT", f"/ontologies/{made['id']}", json=changed) == changed


def test_an_attribute_repeats_its_title_where_clients_look_for_it(alice, ontology):
    item = {
        "title": "Colour",
        "key": "c",
        "type": "options",
        "values": ["r"],
        "optional": True,
        "scope": ["*"],
    }
    path = f"/ontologies/{ontology}/attributes"
    (shown,) = alice.ask("PATCH", path, json={"items": [item], "upsert": True})["metadata"]["attributes"]
    assert shown == {**item, "scriptData": {"title": "Colour", "optional": True}}
    assert alice.ask("PATCH", path, json={"items": [shown], "upsert": True})["metadata"]["attributes"] == [
        shown
    ]


def test_an_attribute_that_is_not_there_is_not_added_without_upsert(alice, ontology):
    body = {"items": [{"title": "t", "key": "k", "type": "boolean"}], "upsert": False}
    assert alice.send("PATCH", f"/ontologies/{ontology}/attributes", json=body).status_code == 404


@pytest.mark.parametrize(
    "item", [{"key": "k", "values": "x"}, {"key": "k", "multi": 1}, {"key": "k", "scope": {}}, {"title": "t"}]
)
def test_a_malformed_attribute_is_refused(alice, ontology, item):
    body = {"items": [item], "upsert": True}
    assert alice.send("PATCH", f"/ontologies/{ontology}/attributes", json=body).status_code == 400


def test_a_put_of_what_was_shown_changes_nothing(hub, alice, ontology):
    labels(alice, ontology, {"tag": "a.b"})
    body = {"items": [{"title": "t", "key": "k", "type": "boolean"}], "upsert": True}
    shown = alice.ask("PATCH", f"/ontologies/{ontology}/attributes", json=body)
    before = operations(hub, ontology)
    sent = {**shown, "attributes": shown["metadata"]["attributes"], "labels": []}  # as a client serialises it
    assert alice.ask("PUT", f"/ontologies/{ontology}?system=true", json=sent) == shown
    assert operations(hub, ontology) == before


def test_a_put_with_fewer_labels_is_logged_as_the_removal_of_one(hub, alice, ontology):
    shown = labels(alice, ontology, {"tag": "a"}, {"tag": "b"})
    alice.ask("PUT", f"/ontologies/{ontology}", json={**shown, "roots": shown["roots"][:1]})
    assert {path.split(".")[1] for path in operations(hub, ontology)[-1]} == {"b"}


def test_system_metadata_of_an_ontology_is_written_only_when_asked(alice, ontology):
    body = {"metadata": {"system": {"k": 1}}}
    assert "k" not in alice.ask("PUT", f"/ontologies/{ontology}", json=body)["metadata"]["system"]
    assert alice.ask("PUT", f"/ontologies/{ontology}?system=true", json=body)["metadata"]["system"]["k"] == 1


def test_ontologies_are_listed_by_id_and_project(alice, project, ontology):
    other = alice.ask("POST", "/ontologies", json={"projectIds": [project]})["id"]
    both = alice.ask("GET", f"/ontologies?projects={project}&ids={ontology},{other}&pageOffset=0&pageSize=1")
    assert (both["totalItemsCount"], both["hasNextPage"]) == (2, True)
    assert alice.ask("GET", f"/ontologies?ids={other}")["items"][0]["id"] == other


def test_recipes_are_listed_by_ontology_title_and_creator(alice, project, ontology):
    body = {"title": "Mine", "projectIds": [project], "ontologyIds": [ontology]}
    made = alice.ask("POST", "/recipes", json=body)["id"]
    alice.ask("POST", "/recipes", json={**body, "title": "Other", "ontologyIds": []})

    def found(query):
        page = alice.ask("GET", f"/recipes?projects={project}&{query}&pageOffset=0&pageSize=10")
        return [one["id"] for one in page["items"]]

    assert found(f"ontologies={ontology}&") == [made]
    assert found("title=Mine") == [made]
    assert found("creator=bob@example.test") == []
    assert found(f"ontologies={'0' * 24}") == []


def test_a_malformed_recipe_id_is_refused(alice):
    assert alice.send("GET", "/recipes/some_id").status_code == 400
    assert alice.send("GET", f"/recipes/{'0' * 24}").status_code == 404


def test_a_shallow_clone_shares_the_ontology(alice, project, ontology):
    made = alice.ask(
        "POST", "/recipes", json={"title": "R", "projectIds": [project], "ontologyIds": [ontology]}
    )
    assert alice.ask("POST", f"/recipes/{made['id']}/clone", json={"shallow": True})["ontologyIds"] == [
        ontology
    ]
    roots = [{"value": {"tag": "z"}, "children": []}]
    deep = alice.ask("POST", f"/recipes/{made['id']}/clone", json={"roots": roots})
    assert tags(alice.ask("GET", f"/ontologies/{deep['ontologyIds'][0]}")) == {"z": {}}


# The second version


def made_labels(client, ontology, *nodes):
    return client.ask("POST", f"/ontologies/{ontology}/labels", json=list(nodes))


def test_labels_are_made_one_by_one_below_their_parent(alice, ontology):
    (person,) = made_labels(alice, ontology, {"tag": "person", "color": "#010203"})
    (hand,) = made_labels(alice, ontology, {"tag": "hand", "parent": person["id"]})
    assert (hand["path"], hand["parent"], hand["root"], hand["depth"]) == (
        *("person.hand", person["id"], person["id"], 1),
    )
    assert alice.ask("GET", f"/ontologies/{ontology}/labels/{person['id']}")["hasChildren"] is True
    assert tags(alice.ask("GET", f"/ontologies/{ontology}")) == {"person": {"hand": {}}}


def test_a_renamed_label_keeps_its_id_and_its_scopes(alice, ontology):
    (person,) = made_labels(alice, ontology, {"tag": "person"})
    (hand,) = made_labels(alice, ontology, {"tag": "person.hand"})
    scope = {"labelIds": [hand["id"]], "subtrees": []}
    body = {"key": "left", "type": "boolean", "scope": scope}
    section = alice.ask("POST", f"/ontologies/{ontology}/attributes", json=body)
    change = [{"id": person["id"], "tag": "human", "displayLabel": "Human"}]
    (human,) = alice.ask("PATCH", f"/ontologies/{ontology}/labels", json=change)
    assert (human["id"], human["path"], human["value"]["displayLabel"]) == (person["id"], "human", "Human")
    found = alice.ask("POST", f"/ontologies/{ontology}/labels/query", json={"filter": {"id": hand["id"]}})
    assert [one["path"] for one in found["items"]] == ["human.hand"]
    sections = alice.ask("POST", f"/ontologies/{ontology}/attributes/query", json={})["items"]
    assert [(one["id"], one["scope"]) for one in sections] == [(section["id"], scope)]
    (again,) = made_labels(alice, ontology, {"tag": "person"})
    assert again["id"] != person["id"]


def test_labels_are_queried_sorted_and_paged(alice, ontology):
    made_labels(alice, ontology, {"tag": "b"}, {"tag": "a"}, {"tag": "a.c"})
    path = f"/ontologies/{ontology}/labels/query"

    def found(**body):
        page = alice.ask("POST", path, json=body)
        return [one["path"] for one in page["items"]], page["totalItemsCount"], page["hasNextPage"]

    assert found(sort={"path": "descending"}, pageSize=2) == (["b", "a.c"], 3, True)
    assert found(filter={"$or": [{"depth": {"$gt": 0}}, {"value.tag": "b"}]}) == (["b", "a.c"], 2, False)
    assert found(filter={"parent": {"$exists": False}}, pageSize=0) == ([], 2, False)
    assert alice.send("POST", path, json={"filter": {"path": {"$regex": "a"}}}).status_code == 422
    assert alice.send("POST", path, json={"filter": 1}).status_code == 400


def test_a_deleted_label_takes_all_below_it_along(hub, alice, ontology):
    made_labels(alice, ontology, {"tag": "a.b.c"}, {"tag": "d"})
    found = alice.ask("POST", f"/ontologies/{ontology}/labels/query", json={"filter": {"path": "a.b"}})
    gone = found["items"][0]["id"]
    assert alice.send("DELETE", f"/ontologies/{ontology}/labels/{gone}").status_code == 204
    assert tags(alice.ask("GET", f"/ontologies/{ontology}")) == {"a": {}, "d": {}}
    assert alice.send("DELETE", f"/ontologies/{ontology}/labels/{gone}").status_code == 404
    assert {".".join(path.split(".")[1:3]) for path in operations(hub, ontology)[-1]} <= {"a.b", "a.b.c"}


def test_attributes_are_sections_with_a_scope_by_id(alice, ontology):
    made_labels(alice, ontology, {"tag": "a.b"}, {"tag": "c"})
    path = f"/ontologies/{ontology}/attributes"
    nodes = alice.ask("POST", f"/ontologies/{ontology}/labels/query", json={})["items"]
    ids = {one["path"]: one["id"] for one in nodes}
    everywhere = alice.ask("POST", path, json={"key": "x", "type": "number", "range": {"min": 0, "max": 1}})
    assert everywhere["scope"] == {"labelIds": [], "subtrees": [ids["a"], ids["c"]]}
    scope = {"labelIds": [ids["c"]], "subtrees": [ids["a"]]}
    body = {"key": "y", "type": "options", "values": ["1", "2"], "scope": scope}
    section = alice.ask("POST", path, json=body)
    assert (section["scope"], section["values"]) == (scope, ["1", "2"])
    shown = alice.ask("GET", f"/ontologies/{ontology}")["metadata"]["attributes"]
    assert sorted(shown[1]["scope"]) == ["a", "a.b", "c"]
    changed = alice.ask("PATCH", f"{path}/{section['id']}", json={"key": "z", "values": ["3"]})
    assert (changed["id"], changed["key"], changed["values"]) == (section["id"], "z", ["3"])
    assert alice.send("POST", path, json={"key": "x", "type": "number"}).status_code == 409
    assert alice.send("POST", path, json={"key": "w", "type": "checkbox"}).status_code == 400
    assert alice.send("DELETE", f"{path}/{section['id']}").status_code == 204
    assert [one["key"] for one in alice.ask("POST", f"{path}/query", json={})["items"]] == ["x"]


def test_structures_are_made_changed_queried_and_deleted(alice, ontology):
    path = f"/ontologies/{ontology}/structures"
    made = alice.ask("POST", path, json={"name": "hand", "order": ["a", "b"], "arcs": [["a", "b"]]})
    changed = alice.ask("PATCH", f"{path}/{made['id']}", json={"arcs": []})
    assert (changed["name"], changed["order"], changed["arcs"]) == ("hand", ["a", "b"], [])
    found = alice.ask("POST", f"{path}/query", json={"filter": {"name": "hand"}})
    assert found["items"] == [changed]
    assert alice.send("DELETE", f"{path}/{made['id']}").status_code == 204
    assert alice.send("PATCH", f"{path}/{made['id']}", json={"name": "x"}).status_code == 404
    assert alice.send("POST", path, json={"order": []}).status_code == 400


def test_a_recipe_of_the_second_version_names_its_ontology(alice, project, ontology):
    inner = {"ontologyId": ontology, "attributes": [], "structureIds": []}
    body = {"title": "R", "projectIds": [project], "ontology": inner, "labelScript": "x", "v2": True}
    made = alice.ask("POST", "/recipes", json=body)
    assert (made["ontology"], made["ontologyIds"], made["v2"]) == (inner, [ontology], True)
    assert alice.ask("PATCH", f"/recipes/{made['id']}", json=made) == made
    assert alice.ask("PATCH", f"/recipes/{made['id']}", json={"labelScript": "y"})["labelScript"] == "y"


def test_parts_of_an_ontology_are_hidden_from_strangers(alice, bob, ontology):
    (label,) = made_labels(alice, ontology, {"tag": "a"})
    for method, path in [
        ("GET", f"labels/{label['id']}"),
        ("DELETE", f"labels/{label['id']}"),
        ("POST", "labels/query"),
        ("POST", "structures/query"),
        ("POST", "attributes/query"),
    ]:
        assert bob.send(method, f"/ontologies/{ontology}/{path}", json={}).status_code == 404
