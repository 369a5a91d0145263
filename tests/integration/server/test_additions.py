"""What a hub offers beyond the platform's API: versions, a change feed, and nothing of it when it is plain."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from localloop.server import ServerSettings
from localloop.server.additions import DOCUMENT, HEADER
from localloop.testing.hub import Hub, running_hub
from localloop_schema.kinds import EntityKind as K
from tests.integration.server.client import Client
from tests.integration.server.commanding import done
from tests.integration.server.conftest import USERS


@pytest.fixture
def item(alice, dataset):
    return alice.upload(dataset, "/a.txt")


def position(client, project):
    """Where the feed of a project stands."""
    page = client.ask("GET", f"{DOCUMENT}/projects/{project}/changes")
    assert page["changes"] == []
    return {"since": page["seq"], "epoch": page["epoch"]}


def changes(client, project, since, **more):
    return client.ask("GET", f"{DOCUMENT}/projects/{project}/changes", params={**since, **more})


def told(page):
    return [(one["kind"], one["id"], one["deleted"]) for one in page["changes"]]


class TestCapabilities:
    def test_are_announced_on_every_answer_and_described(self, alice, hub):
        assert alice.send("GET", "/no/such/path").headers[HEADER] == DOCUMENT
        described = alice.ask("GET", alice.send("GET", "/users/me").headers[HEADER])
        assert described["product"] == "localloop"
        assert described["capabilities"] == ["changes", "if-match"]
        assert described["feed"].keys() == {"epoch", "seq"}

    def test_are_for_those_who_are_logged_in(self, alice):
        assert alice.send("GET", DOCUMENT, headers={"Authorization": ""}).status_code == 401


class TestVersions:
    def test_grow_with_every_change(self, alice, item):
        path = f"/items/{item['id']}"
        first = alice.send("GET", path).headers["ETag"]
        assert alice.send("GET", path).headers["ETag"] == first
        changed = alice.send("PATCH", path, json={"metadata": {"user": {"x": 1}}}).headers["ETag"]
        assert number(changed) > number(first)
        assert alice.send("GET", path).headers["ETag"] == changed

    def test_are_on_every_kind_of_entity(self, alice, project, dataset, item):
        recipe = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
        ontology = alice.ask("GET", f"/recipes/{recipe}")["ontologyIds"][0]
        [drawn] = alice.ask(
            "POST", f"/items/{item['id']}/annotations", json=[{"type": "class", "label": "a"}]
        )
        paths = (
            f"/projects/{project}",
            f"/datasets/{dataset}",
            f"/datasets/{dataset}/items/{item['id']}",
            f"/recipes/{recipe}",
            f"/ontologies/{ontology}",
            f"/annotations/{drawn['id']}",
        )
        assert all(alice.send("GET", path).headers.get("ETag") for path in paths)

    def test_are_not_on_answers_that_are_something_else(self, alice, item):
        assert "ETag" not in alice.send("GET", f"/items/{item['id']}/annotations").headers
        assert "ETag" not in alice.send("GET", "/projects").headers

    def test_let_a_change_insist_on_what_it_was_made_from(self, alice, item):
        path = f"/items/{item['id']}"
        seen = alice.send("GET", path).headers["ETag"]
        change = {"metadata": {"user": {"x": 1}}}
        assert alice.send("PATCH", path, json=change, headers={"If-Match": seen}).status_code == 200
        late = alice.send("PATCH", path, json={"metadata": {"user": {"x": 2}}}, headers={"If-Match": seen})
        assert late.status_code == 412
        assert late.json()["status"] == 412
        assert alice.ask("GET", path)["metadata"]["user"] == {"x": 1}

    def test_guard_deletions_and_new_content_too(self, alice, item):
        path = f"/items/{item['id']}"
        seen = alice.send("GET", path).headers["ETag"]
        alice.ask("PATCH", path, json={"description": "seen"})
        old = {"If-Match": seen}
        assert alice.send("DELETE", path, headers=old).status_code == 412
        form = {"file": ("a.txt", b"other")}
        assert alice.send("POST", f"{path}/revisions", files=form, headers=old).status_code == 412
        assert alice.send("GET", f"{path}/stream").content == b"abc"
        now = {"If-Match": f"W/{seen}, {alice.send('GET', path).headers['ETag']}"}
        assert alice.send("DELETE", path, headers=now).ok

    def test_any_version_will_do_for_a_star(self, alice, item):
        reply = alice.send(
            "PATCH", f"/items/{item['id']}", json={"description": "x"}, headers={"If-Match": "*"}
        )
        assert reply.ok

    def test_guard_the_deletion_of_a_task_before_its_command(self, alice, dataset, item):
        body = {"name": "T", "datasetId": dataset, "query": '{"filter": {}, "resource": "items"}'}
        task = done(alice, "POST", "/annotationtasks", json=body)["createdTaskId"]
        path = f"/annotationtasks/{task}"
        seen = alice.send("GET", path).headers["ETag"]
        alice.ask("PATCH", path, json={"name": "U"})
        assert alice.send("DELETE", path, headers={"If-Match": seen}).status_code == 412
        assert alice.ask("GET", path)["name"] == "U"


def number(etag):
    return int(etag.strip('"').rpartition(".")[2])


class TestChanges:
    def test_tell_what_changed_with_its_json_and_nothing_else(self, alice, project, dataset, item):
        since = position(alice, project)
        assert changes(alice, project, since)["changes"] == []
        alice.ask("PATCH", f"/items/{item['id']}", json={"metadata": {"user": {"x": 1}}})
        page = changes(alice, project, since)
        assert told(page) == [("item", item["id"], False)]
        [entry] = page["changes"]
        reply = alice.send("GET", f"/items/{item['id']}")
        assert entry["entity"] == reply.json()
        assert entry["etag"] == reply.headers["ETag"]
        assert (entry["projectId"], entry["datasetId"]) == (project, dataset)
        after = {"since": page["seq"], "epoch": page["epoch"]}
        assert changes(alice, project, after)["changes"] == []

    def test_tell_an_entity_once_with_its_last_change(self, alice, project, item):
        since = position(alice, project)
        for x in range(3):
            alice.ask("PATCH", f"/items/{item['id']}", json={"metadata": {"user": {"x": x}}})
        [entry] = changes(alice, project, since)["changes"]
        assert entry["entity"]["metadata"]["user"] == {"x": 2}

    def test_tell_deletions_and_what_went_along(self, alice, project, dataset, item):
        [drawn] = alice.ask(
            "POST", f"/items/{item['id']}/annotations", json=[{"type": "class", "label": "a"}]
        )
        since = position(alice, project)
        alice.ask("DELETE", f"/items/{item['id']}")
        page = changes(alice, project, since)
        assert told(page) == [("annotation", drawn["id"], True), ("item", item["id"], True)]
        assert all(one["datasetId"] == dataset and "entity" not in one for one in page["changes"])

    def test_tell_a_whole_dataset_that_went(self, alice, project, dataset, item):
        since = position(alice, project)
        alice.ask("DELETE", f"/datasets/{dataset}")
        gone = told(changes(alice, project, since))
        assert {("item", item["id"], True), ("dataset", dataset, True)} <= set(gone)

    def test_tell_facts_that_no_edit_made(self, alice, project, dataset, item):
        body = {"name": "T", "datasetId": dataset, "query": '{"filter": {}, "resource": "items"}'}
        since = position(alice, project)
        task = done(alice, "POST", "/annotationtasks", json=body)["createdTaskId"]
        assert {("task", task, False), ("item", item["id"], False)} <= set(
            told(changes(alice, project, since))
        )
        since = position(alice, project)
        status = {"itemIds": [item["id"]], "statusPayload": {"status": "completed", "operation": "create"}}
        alice.ask("POST", f"/assignments/items/tasks/{task}/status", json=status)
        assert ("item", item["id"], False) in told(changes(alice, project, since))

    def test_tell_every_kind_of_entity_in_its_own_json(self, alice, project, dataset, item):
        alice.ask("POST", f"/items/{item['id']}/annotations", json=[{"type": "class", "label": "a"}])
        body = {"name": "T", "datasetId": dataset, "query": '{"filter": {}, "resource": "items"}'}
        body["workload"] = [{"assigneeId": "alice@example.test", "load": 100}]
        alice.ask("POST", "/annotationtasks", json=body)
        page = changes(alice, project, {"since": 0})
        assert {one["kind"] for one in page["changes"]} == {kind.value for kind in K}
        paths = {
            "project": "/projects",
            "dataset": "/datasets",
            "item": "/items",
            "annotation": "/annotations",
            "recipe": "/recipes",
            "ontology": "/ontologies",
            "task": "/annotationtasks",
            "assignment": "/assignments",
        }
        for one in page["changes"]:
            if one["kind"] == "member":
                assert one["entity"] in alice.ask("GET", f"/projects/{project}/members")
            else:
                assert one["entity"] == alice.ask("GET", f"{paths[one['kind']]}/{one['id']}")

    def test_come_in_pages_that_leave_no_gap(self, alice, project, dataset):
        since = position(alice, project)
        made = [alice.upload(dataset, f"/{n}.txt")["id"] for n in range(5)]
        seen = []
        more = True
        while more:
            page = changes(alice, project, since, limit=2)
            assert len(page["changes"]) <= 2
            seen += [one["id"] for one in page["changes"]]
            since, more = {"since": page["seq"], "epoch": page["epoch"]}, page["hasNextPage"]
        assert seen == made

    def test_can_be_narrowed_to_datasets(self, alice, project, dataset):
        other = alice.dataset(project, "Other")["id"]
        since = position(alice, project)
        mine = alice.upload(dataset, "/a.txt")["id"]
        alice.upload(other, "/b.txt")
        alice.ask("PATCH", f"/datasets/{other}", json={"name": "Renamed"})
        page = changes(alice, project, since, datasets=dataset)
        assert told(page) == [("item", mine, False), ("dataset", other, False)]

    def test_are_for_members_only_and_a_lost_membership_is_no_deletion(self, alice, bob, project, dataset):
        path = f"{DOCUMENT}/projects/{project}/changes"
        assert bob.send("GET", path).status_code == 404
        alice.ask("POST", f"/projects/{project}/members/bob@example.test", json={"role": "annotator"})
        since = position(bob, project)
        alice.upload(dataset, "/new.txt")
        assert [one["kind"] for one in changes(bob, project, since)["changes"]] == ["item"]
        alice.ask("DELETE", f"/projects/{project}/members/bob@example.test")
        assert bob.send("GET", path, params=since).status_code == 404
        gone = changes(alice, project, since)["changes"][-1]
        assert (gone["kind"], gone["id"], gone["deleted"]) == ("member", "bob@example.test", True)

    @pytest.mark.parametrize(
        "query", [{"since": "x"}, {"since": -1}, {"since": "9" * 30}, {"since": 0, "limit": "all"}]
    )
    def test_a_position_that_is_no_number_is_refused(self, alice, project, query):
        reply = alice.send("GET", f"{DOCUMENT}/projects/{project}/changes", params=query)
        assert reply.status_code == 400

    def test_a_position_of_another_feed_is_gone(self, alice, project):
        since = position(alice, project)
        path = f"{DOCUMENT}/projects/{project}/changes"
        assert alice.send("GET", path, params={**since, "epoch": "other"}).status_code == 410
        assert alice.send("GET", path, params={**since, "since": since["since"] + 1}).status_code == 410
        assert alice.send("GET", path, params={"since": since["since"]}).status_code == 410


def test_a_position_outlives_a_restart_but_not_a_store_put_back(tmp_path):
    hub = Hub(tmp_path / "store", USERS)
    hub.start()
    alice = Client(hub)
    project = alice.project()
    dataset = alice.dataset(project)["id"]
    kept = position(alice, project)
    hub.stop()
    copy = (tmp_path / "store" / "store.db").read_bytes()
    hub.start()
    assert changes(alice, project, kept)["changes"] == []
    lost = alice.upload(dataset, "/lost.txt")["id"]
    beyond = position(alice, project)
    etag = alice.send("GET", f"/items/{lost}").headers["ETag"]
    hub.stop()
    for path in (tmp_path / "store").glob("store.db*"):
        path.unlink()
    (tmp_path / "store" / "store.db").write_bytes(copy)
    hub.start()
    other = alice.upload(dataset, "/other.txt")["id"]
    assert position(alice, project)["since"] == beyond["since"]
    assert told(changes(alice, project, kept)) == [("item", other, False)]
    path = f"{DOCUMENT}/projects/{project}/changes"
    assert alice.send("GET", path, params=beyond).status_code == 410
    assert number(alice.send("GET", f"/items/{other}").headers["ETag"]) == number(etag)
    assert alice.send("DELETE", f"/items/{other}", headers={"If-Match": etag}).status_code == 412
    alice.close()
    hub.stop()


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """The same requests to a hub and to a plain one."""
    folder = tmp_path_factory.mktemp("twins")
    with (
        running_hub(folder / "full", USERS) as full,
        running_hub(folder / "plain", USERS, settings=ServerSettings(plain=True)) as plain,
    ):
        clients = [Client(full), Client(plain)]
        yield SimpleNamespace(full=clients[0], plain=clients[1])
        for client in clients:
            client.close()


class TestPlain:
    def test_no_answer_has_anything_that_the_platform_does_not(self, twins):
        answers = {}
        for name, client in vars(twins).items():
            project = client.project()
            dataset = client.dataset(project)["id"]
            item = client.upload(dataset, "/a.txt")["id"]
            replies = [
                client.send("GET", f"/projects/{project}"),
                client.send("GET", f"/datasets/{dataset}"),
                client.send("GET", f"/items/{item}"),
                client.send("PATCH", f"/items/{item}", json={"description": "x"}),
                client.send("POST", f"/datasets/{dataset}/query", json={"resource": "items", "filter": {}}),
                client.send("GET", "/users/me"),
            ]
            assert all(reply.ok for reply in replies)
            answers[name] = replies
        for full, plain in zip(answers["full"], answers["plain"], strict=True):
            added = {key.lower() for key in full.headers} - {key.lower() for key in plain.headers}
            assert HEADER in added
            assert added <= {HEADER, "etag"}
            assert "localloop" not in plain.text
        assert any("localloop" in full.text for full in answers["full"])

    def test_there_is_no_document_and_no_feed(self, twins):
        project = twins.plain.project("Q")
        assert twins.plain.send("GET", DOCUMENT).status_code == 404
        assert twins.plain.send("GET", f"{DOCUMENT}/projects/{project}/changes").status_code == 404

    def test_a_precondition_says_nothing(self, twins):
        dataset = twins.plain.dataset(twins.plain.project("R"))["id"]
        path = f"/datasets/{dataset}"
        assert twins.plain.send("PATCH", path, json={"name": "E"}, headers={"If-Match": '"x.1"'}).ok
