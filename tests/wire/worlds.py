"""A server with one of everything, for requests that are made up: most of them should meet something that is there."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import requests

from localloop.store import Store
from localloop.testing.hub import Hub, running_hub
from localloop_schema.kinds import EntityKind as K
from tests.media import image

OWNER = "owner@example.test"
MEMBER = "member@example.test"

#: A platform that nobody can reach: nothing listens at the port.
NOWHERE = "http://127.0.0.1:9"

#: The kinds of which a world has one in the store.
STORED = {
    "project": K.PROJECT,
    "dataset": K.DATASET,
    "item": K.ITEM,
    "dir": K.ITEM,
    "annotation": K.ANNOTATION,
    "recipe": K.RECIPE,
    "ontology": K.ONTOLOGY,
    "task": K.TASK,
    "assignment": K.ASSIGNMENT,
}

#: Key of a body → what is named there.
NAMED = {
    "datasetId": "dataset",
    "targetDatasetId": "dataset",
    "datasetsIds": "dataset",
    "datasets": "dataset",
    "projects": "project",
    "projectIds": "project",
    "projectId": "project",
    "itemIds": "item",
    "recipeId": "recipe",
    "ontologyIds": "ontology",
    "taskId": "task",
    "assignmentId": "assignment",
    "exportId": "command",
    "collections": "collection",
    "labelIds": "label",
    "subtrees": "label",
    "keys": "key",
    "parent": "label",
    "assigneeId": "member",
}

#: How a command stands that goes on (docs/platform/wire.md, 3.10).
RUNNING = {
    "created",
    "in-progress",
    "making-children",
    "waiting-children",
    "finalizing",
    "cleaning-up",
    "on-error",
}

#: Keys of a body that hold a query.
QUERIES = {"query", "itemsQuery", "annotationsQuery", "dqlQuery"}


class World:
    """A server, its owner's bearer, and the ids of what is there.

    Args:
        hub: The server.
        password: The owner's.

    Attributes:
        ids: What there is, by kind; made anew when a request deleted some of it.
    """

    def __init__(self, hub: Hub, password: str) -> None:
        self.hub = hub
        body = {"type": "user_credentials", "username": OWNER, "password": password}
        reply = requests.post(f"{hub.gate}/token?default", json=body, timeout=60)
        self.bearer = {"Authorization": f"Bearer {reply.json()['id_token']}"}
        self._number = 0
        self.ids: dict[str, str] = {}
        self.mend()

    def ask(self, method: str, path: str, **how: Any) -> Any:
        """The JSON of an answer that has to be a success; of a command when it is final."""
        reply = requests.request(method, self.hub.api + path, headers=self.bearer, timeout=60, **how)
        assert reply.ok, f"{method} {path}: {reply.text}"
        value = reply.json() if reply.content else None
        if isinstance(value, dict) and {"progress", "spec"} <= value.keys() and value["status"] in RUNNING:
            time.sleep(0.05)
            return self.ask("GET", f"/commands/{value['id']}")
        return value

    def mend(self) -> None:
        """See that there is one of everything."""
        there = self.ids and all(
            self.hub.store.rows(kind, id=self.ids.get(name)) for name, kind in STORED.items()
        )
        if not there:
            self._make()

    def _make(self) -> None:
        ids = self.ids = {"member": MEMBER, "org": "o", "collection": "c", "key": "k"}
        ids["project"] = self._new("project")
        ids["project name"] = self.ask("GET", f"/projects/{ids['project']}")["name"]
        self.ask("POST", f"/projects/{ids['project']}/members/{MEMBER}", json={"role": "annotator"})
        ids["dataset"] = self._new("dataset")
        ids["dir"] = self.ask(
            "POST", f"/datasets/{ids['dataset']}/items", data={"type": "dir", "path": "/d"}
        )["id"]
        ids["item"] = self._new("item")
        ids["annotation"] = self._new("annotation")
        for kind in ("ontology", "recipe", "label", "attribute", "structure", "task", "api key"):
            ids[kind] = self._new(kind)
        ids["assignment"] = self.ask("GET", f"/annotationtasks/{ids['task']}")["assignmentIds"][0]
        self.ask("POST", f"/datasets/{ids['dataset']}/items/collections", json={"name": "c"})
        export = self.ask("POST", f"/datasets/{ids['dataset']}/export", json={})
        ids["command"], ids["output"] = export["id"], export["spec"]["outputItemId"]
        again = self.ask("POST", f"/datasets/{ids['dataset']}/export/v3", json={"mode": "full"})
        url = again["spec"]["exportResult"]["manifestUrl"]
        ids["export"] = url.split("/")[-2]
        ids["file"] = requests.get(url, headers=self.bearer, timeout=60).json()["files"][0]["filename"]

    def spare(self, kind: str) -> str:
        """A new one, which may be deleted; where what is there allows none any more, in a new world."""
        try:
            return self._new(kind)
        except (AssertionError, KeyError):
            self._make()
            return self._new(kind)

    def _new(self, kind: str) -> str:
        self._number += 1
        name = f"{kind}-{self._number}"
        if kind == "project":
            return str(self.ask("POST", "/projects", data={"name": name})["id"])
        if kind == "item":
            files = {"type": (None, "file"), "path": (None, f"/{name}.png"), "file": ("a.png", image())}
            return str(self.ask("POST", f"/datasets/{self.ids['dataset']}/items", files=files)["id"])
        if kind == "api key":  # one may only have a few
            for key in self.ask("GET", "/apikeys"):
                if key["id"] != self.ids.get(kind):
                    self.ask("DELETE", f"/apikeys/{key['id']}")
        made = self._bodies(name).get(kind)
        if made is None:
            return self.ids[kind]
        path, body, where = made
        answer = self.ask("POST", path, json=body)
        while isinstance(answer, dict) and answer.get("status") == "in-progress":
            answer = self.ask("GET", f"/commands/{answer['id']}")
        assert not isinstance(answer, dict) or answer.get("status") != "failed", answer
        for key in where:
            answer = answer[key]
        return str(answer)

    def _bodies(self, name: str) -> dict[str, tuple[str, Any, tuple[Any, ...]]]:
        """How one more of a kind is made: the path, the body, and where in the answer its id is."""
        ids = defaultdict(str, self.ids)
        ontology, projects = f"/ontologies/{ids['ontology']}", [ids["project"]]
        task = {
            "name": name,
            "datasetId": ids["dataset"],
            "query": json.dumps({"filter": {"type": "file"}}),
            "workload": [{"assigneeId": OWNER, "load": 50}, {"assigneeId": MEMBER, "load": 50}],
        }
        recipe = {"title": name, "projectIds": projects, "ontologyIds": [ids["ontology"]]}
        labels = {"title": name, "projectIds": projects, "roots": [{"value": {"tag": "cat"}}]}
        return {
            "dataset": ("/datasets", {"name": name, "projects": projects}, ("id",)),
            "annotation": (f"/items/{ids['item']}/annotations", {"type": "class", "label": name}, ("id",)),
            "ontology": ("/ontologies", labels, ("id",)),
            "recipe": ("/recipes", recipe, ("id",)),
            "label": (f"{ontology}/labels", [{"tag": name}], (0, "id")),
            "attribute": (f"{ontology}/attributes", {"key": name, "type": "freeText"}, ("id",)),
            "structure": (f"{ontology}/structures", {"name": name}, ("id",)),
            "task": ("/annotationtasks", task, ("spec", "createdTaskId")),
            "api key": ("/apikeys", {}, ("key", "id")),
        }

    def queries(self) -> list[Any]:
        """Queries that find something."""
        ids = self.ids
        item = {"filter": {"$and": [{"id": {"$in": [ids["item"]]}}]}, "resource": "items"}
        return [
            item,
            json.dumps(item),
            {"filter": {"$or": [{"filename": "/*"}, {"metadata.system.size": {"$gt": 1}}]}, "pageSize": 1},
            {"filter": {}, "sort": {"dir": "descending", "metadata.user.x": "ascending"}, "page": 3},
            {
                "filter": {"hidden": False},
                "join": {
                    "on": {"resource": "annotations", "local": "itemId", "forigen": "id"},
                    "filter": {"type": "class"},
                },
            },
            {"filter": {"metadata.system.refs": {"$match": {"id": ids["task"]}}}, "select": {"name": 1}},
        ]


def kind_of(path: str, name: str) -> str:
    """What a parameter of a path names."""
    before = path.partition(f"{{{name}}}")[0].rstrip("/").rpartition("/")[2]
    if name == "name":
        return {"projects": "project name", "files": "file"}.get(before, "collection")
    if name == "part":
        return before.removesuffix("s")
    if name in {"email", "org", "export", "dir"}:
        return {"email": "member"}.get(name, name)
    known = {
        "annotationtasks": "task",
        "ontologies": "ontology",
        "apikeys": "api key",
        "apiKeys": "api key",
        "annotations": "annotation",
    }
    return known.get(before, before.removesuffix("s"))


def aim(world: World, method: str, path: str, parameters: dict[str, Any], body: Any) -> Any:
    """Aim most of a request at what is there; parameters are changed in place.

    What is made up decides, so that the same example is always aimed the same way.

    Returns:
        The body.
    """
    said = crc32(json.dumps([parameters, body], default=str, sort_keys=True).encode())
    names = list(parameters)
    for place, name in enumerate(names):
        if said >> place & 7 == 7:
            continue  # one in eight goes nowhere
        kind = kind_of(path, name)
        gone = method == "DELETE" and place == len(names) - 1
        parameters[name] = world.spare(kind) if gone else world.ids[kind]
        if kind == "item" and not gone and said % 11 == 0:
            parameters[name] = world.ids["output" if said % 2 else "dir"]
    return _aimed(world, body, said)


def _aimed(world: World, value: Any, said: int) -> Any:
    if isinstance(value, list):
        return [_aimed(world, one, said >> 1) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, inner in value.items():
        said = said >> 1 | (said & 1) << 31
        if key in NAMED and said % 4:
            name = world.ids[NAMED[key]]
            found[key] = [name] if isinstance(inner, list) else name
        elif key in QUERIES and said % 4:
            queries = world.queries()
            found[key] = queries[said % len(queries)]
        elif key == "refs" and said % 4:
            found[key] = [{"type": kind, "id": world.ids[kind]} for kind in ("task", "assignment")]
        elif key == "filter" and said % 2:
            found[key] = world.queries()[0]["filter"]
        else:
            found[key] = _aimed(world, inner, said)
    return found


@contextmanager
def running_world(folder: Path, role: str) -> Iterator[World]:
    """A world in a role: ``hub``, or ``gateway``, whose platform is not reachable."""
    owner = OWNER if role == "gateway" else None
    if owner is not None:
        with Store.create(folder, author=owner) as store:
            store.set_settings({"gate": NOWHERE, "account": owner})
    with running_hub(folder, {OWNER: "pw", MEMBER: "pw"}, owner=owner) as hub:
        yield World(hub, hub.accounts.owner_key().read_text().strip() if owner else "pw")
