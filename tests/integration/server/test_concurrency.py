"""Many clients at once, and a hub that is stopped and started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from localloop.server import Accounts, ServerThread, build_app
from localloop.store import Store
from localloop.testing.hub import Hub, running_hub
from tests.integration.server.client import Client

THREADS = 8
EACH = 12


def test_eight_clients_upload_and_annotate_and_nothing_is_lost(hub, alice, dataset):
    def work(number: int) -> list[int]:
        client = Client(hub)
        statuses = []
        for turn in range(EACH):
            reply = client.send_file(dataset, f"/{number}/{turn}.txt", f"{number} {turn}".encode())
            statuses.append(reply.status_code)
            path = f"/items/{reply.json()['id']}"
            marks = [{"type": "class", "label": f"{mark}"} for mark in range(3)]
            statuses.append(client.send("POST", f"{path}/annotations", json=marks).status_code)
            body = {"metadata": {"user": {"by": number}}}
            statuses.append(client.send("PATCH", path, json=body).status_code)
            statuses.append(client.send("POST", f"/datasets/{dataset}/query", json={}).status_code)
        client.close()
        return statuses

    with ThreadPoolExecutor(THREADS) as pool:
        statuses = [status for part in pool.map(work, range(THREADS)) for status in part]
    assert set(statuses) == {200}
    shown = alice.ask("GET", f"/datasets/{dataset}")
    assert (shown["itemsCount"], shown["annotationsCount"]) == (THREADS * EACH, 3 * THREADS * EACH)
    for number in range(THREADS):
        found = alice.query(dataset, {"$and": [{"metadata.user.by": number}]})
        assert {item["dir"] for item in found["items"]} == {f"/{number}"}
        assert found["totalItemsCount"] == EACH


def test_one_path_uploaded_by_all_is_one_item(hub, dataset, alice):
    barrier = threading.Barrier(THREADS)

    def work(_number: int) -> tuple[str, str]:
        client = Client(hub)
        barrier.wait()
        reply = client.send_file(dataset, "/same.txt", b"same")
        client.close()
        return reply.json()["id"], reply.headers["x-item-op"]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(work, range(THREADS)))
    assert len({item for item, _ in answers}) == 1
    assert sorted(outcome for _, outcome in answers) == ["created", *["exist"] * (THREADS - 1)]


def test_changes_of_all_clients_have_times_in_the_order_of_their_commits(hub, dataset, alice):
    item = alice.upload(dataset, "/a.txt")

    def work(number: int) -> None:
        client = Client(hub)
        for turn in range(EACH):
            client.ask("PATCH", f"/items/{item['id']}", json={"metadata": {"user": {"n": [number, turn]}}})
        client.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    from sqlalchemy import select

    from localloop_schema.tables import Operation

    table = Operation.__table__
    with hub.store.reading() as connection:
        times = connection.execute(
            select(table.c.created_at).where(table.c.entity_id == item["id"]).order_by(table.c.seq)
        ).scalars()
        assert (found := list(times)) == sorted(found)
    assert len(found) == THREADS * EACH + 1


def test_a_hub_goes_on_where_it_stopped_on_the_same_port(tmp_path):
    hub = Hub(tmp_path / "store", {"alice@example.test": "pw"})
    hub.start()
    gate = hub.gate
    client = Client(hub)
    dataset = client.dataset(client.project())["id"]
    item = client.upload(dataset, "/a.txt", b"kept")
    for _ in range(3):
        hub.stop()
        hub.stop()
        with pytest.raises(requests.ConnectionError):
            client.send("GET", "/users/me")
        with pytest.raises(RuntimeError):
            _ = hub.store
        hub.start()
        hub.start()
        assert hub.gate == gate
        assert client.send("GET", f"/items/{item['id']}/stream").content == b"kept"
    client.close()
    hub.stop()


def test_a_taken_port_is_an_error_and_not_a_hang(tmp_path):
    with running_hub(tmp_path / "one") as first, Store.create(tmp_path / "two") as store:
        port = int(first.gate.rpartition(":")[2])
        server = ServerThread(build_app(store, Accounts.beside(tmp_path / "two")), port=port)
        with pytest.raises(OSError, match="in use"):
            server.start()


def test_an_unexpected_error_is_500_with_an_id_that_the_log_has_too(hub, alice, caplog, tmp_path):
    project = alice.project("to be broken")
    dataset = alice.dataset(project)["id"]
    item = alice.upload(dataset, "/a.txt", b"to be lost, and found missing")
    digest = next(row["digest"] for row in hub.store.rows("item", id=item["id"]))
    hub.store.blobs.path(digest).rename(tmp_path / "away")
    assert alice.send("GET", f"/items/{item['id']}/stream").status_code == 404
    hub.accounts.path.rename(tmp_path / "hub.json")
    hub.accounts.path.write_text("{")
    try:
        reply = alice.send("GET", "/users/me?secret=1")
    finally:
        (tmp_path / "hub.json").rename(hub.accounts.path)
    assert (reply.status_code, reply.json()["status"]) == (500, 500)
    assert "Traceback" not in reply.text
    assert reply.headers["x-request-id"] in reply.json()["message"]
    assert reply.headers["x-request-id"] in caplog.text
    assert "secret" not in caplog.text
    assert alice.session.headers["Authorization"].split()[1] not in caplog.text
    assert alice.send("GET", "/users/me").ok


SERVE = """
import sys
from pathlib import Path
from localloop.server import Accounts, serve
from localloop.store import Store
place = Path(sys.argv[1])
with Store.create(place) as store:
    serve(store, Accounts.beside(place), port=0, on_ready=lambda gate: print(gate, flush=True))
print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_stops_cleanly_on_a_signal(tmp_path, number):
    command = [sys.executable, "-W", "error", "-c", SERVE, str(tmp_path / "store")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        gate = process.stdout.readline().strip()
        assert requests.get(f"{gate}/api/v1/projects", timeout=30).status_code == 401
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "stopped\n", "")
