"""A client of a hub that is no more than requests with a token."""

from __future__ import annotations

from typing import Any

import requests

from localloop.testing.hub import Hub


class Client:
    """One user's session; closes with the hub's fixture."""

    def __init__(self, hub: Hub, email: str = "alice@example.test", password: str = "pw") -> None:
        self.hub = hub
        self.session = requests.Session()
        body = {"username": email, "password": password, "type": "user_credentials"}
        reply = self.session.post(f"{hub.gate}/token?default", json=body)
        reply.raise_for_status()
        self.session.headers["Authorization"] = f"Bearer {reply.json()['id_token']}"

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, f"{self.hub.api}{path}", **options)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of an answer that has to be a success."""
        reply = self.send(method, path, **options)
        assert reply.ok, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def project(self, name: str = "P") -> str:
        return self.ask("POST", "/projects", data={"name": name})["id"]

    def dataset(self, project: str, name: str = "D") -> dict[str, Any]:
        body = {"name": name, "projects": [project], "createDefaultRecipe": True}
        return self.ask("POST", "/datasets", json=body)

    def upload(
        self, dataset: str, path: str, data: Any = b"abc", *, mode: str = "skip", **fields: Any
    ) -> Any:
        reply = self.send_file(dataset, path, data, mode=mode, **fields)
        assert reply.ok, reply.text
        return reply.json()

    def send_file(
        self, dataset: str, path: str, data: Any = b"abc", *, mode: str = "skip", headers=None, **fields: Any
    ) -> requests.Response:
        parts = {"type": (None, "file"), "path": (None, path)}
        parts |= {name: (None, value) for name, value in fields.items()}
        parts["file"] = (path.rpartition("/")[2].encode("ascii", "replace").decode() or "x", data)
        url = f"/datasets/{dataset}/items?mode={mode}"
        return self.send("POST", url, files=parts, headers=headers)

    def query(self, dataset: str, filter_: dict[str, Any] | None = None, **more: Any) -> Any:
        body = {"resource": "items", "filter": filter_ or {}, **more}
        return self.ask("POST", f"/datasets/{dataset}/query", json=body)

    def close(self) -> None:
        self.session.close()
