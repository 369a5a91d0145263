"""What the daemon tells others: systemd, Prometheus, its log, its health."""

from __future__ import annotations

import json
import logging
import socket
import stat
from datetime import UTC, datetime, timedelta

import pytest
import requests

from localloop import config
from localloop.daemon import health, logs, network, pausing
from localloop.daemon.health import Health, RootHealth, State
from localloop.daemon.metrics import MetricsServer, rendered
from localloop.daemon.notify import Notify

AT = "2026-11-27T10:00:00+00:00"


@pytest.fixture
def how():
    root = RootHealth('/a "b"\\c', "P/D", added=3, problems={"x": "no"})
    return Health("1.0", 7, AT, last_sync=AT, syncs=2, unsent=4, state=State.OFFLINE, roots=[root])


def test_health_is_read_as_it_was_written(tmp_path, how):
    how.write(tmp_path)
    assert health.read(tmp_path) == how
    (tmp_path / health.FILE).write_text("{")
    assert health.read(tmp_path) is None


def test_metrics_are_in_the_text_format(how):
    lines = rendered(how).splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert samples["localloop_unsent_edits"] == "4"
    assert samples['localloop_state{state="offline"}'] == "1"
    assert samples['localloop_state{state="idle"}'] == "0"
    assert samples['localloop_watch_added_total{folder="/a \\"b\\"\\\\c",dataset="P/D"}'] == "3"
    assert float(samples["localloop_last_sync_seconds"]) == datetime.fromisoformat(AT).timestamp()
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert {sample.split("{")[0] for sample in samples} == names


def test_metrics_are_served_on_loopback_alone(how):
    server = MetricsServer(0, lambda: how)
    server.start()
    try:
        assert server.url.startswith("http://127.0.0.1:")
        assert 'localloop_info{version="1.0"} 1\n' in requests.get(server.url, timeout=5).text
        assert requests.get(server.url, timeout=5).headers["Content-Type"].startswith("text/plain")
        fine = server.url.replace("metrics", "healthz")
        assert requests.get(fine, timeout=5).status_code == 200
        how.state = State.ATTENTION
        assert requests.get(fine, timeout=5).status_code == 503
        assert requests.get(server.url + "x", timeout=5).status_code == 404
    finally:
        server.stop()


def test_systemd_is_told(tmp_path, monkeypatch):
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(address)
        channel.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", "3000000")
        notify = Notify.from_environment()
        assert notify.watchdog == 3.0
        notify.ready()
        notify.status("idle")
        notify.alive()
        notify.stopping()
        told = [channel.recv(100).decode() for _ in range(4)]
    assert told == ["READY=1", "STATUS=idle", "WATCHDOG=1", "STOPPING=1"]
    notify.alive()  # nobody listens any more, which is no reason to stop


def test_without_systemd_nobody_is_told(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "5")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert config.watchdog_seconds(2) is None
    Notify.from_environment().ready()


@pytest.fixture
def log(tmp_path):
    root = logging.getLogger()
    before = list(root.handlers)
    yield lambda **how: logs.start(tmp_path, **{"size": 2000, "keep": 2, "foreground": False, **how})
    for handler in [one for one in root.handlers if one not in before]:
        root.removeHandler(handler)
        handler.close()


def test_the_log_is_rotated_and_nobody_elses(tmp_path, log):
    log(as_json=False)
    for number in range(200):
        logs.LOG.info("line %d is written", number)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["daemon.log", "daemon.log.1", "daemon.log.2"]
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in files} == {0o600}
    last = logs.lines(tmp_path, 40)
    assert [line.split()[3] for line in last] == [str(number) for number in range(160, 200)]
    assert len(logs.lines(tmp_path, 10_000)) < 200
    assert logs.lines(tmp_path, 0) == []


def test_a_log_of_json_has_an_object_a_line(tmp_path, log):
    log(as_json=True)
    logs.LOG.info("a\nb %s", "ä", extra={"told": {"added": 3}})
    [line] = logs.lines(tmp_path, 5)
    told = json.loads(line)
    assert (told["level"], told["message"], told["added"]) == ("info", "a\nb ä", 3)
    assert datetime.fromisoformat(told["at"]).tzinfo is not None


def test_who_follows_the_log_misses_nothing_when_it_is_put_aside(tmp_path, log):
    log(as_json=False)
    following = logs.follow(tmp_path)
    assert next(following) == ""
    seen = []
    for number in range(60):
        logs.LOG.info("line %d is written", number)
        seen += [line for _ in range(3) if (line := next(following))]
    following.close()
    assert [line.split()[3] for line in seen] == [str(number) for number in range(60)]


def test_a_pause_ends_at_its_time_or_when_somebody_says_so(tmp_path):
    now = datetime(2026, 11, 27, tzinfo=UTC)
    assert pausing.paused(tmp_path, now) == ""
    pausing.pause(tmp_path, now + timedelta(hours=1))
    assert pausing.paused(tmp_path, now) == "2026-11-27T01:00:00+00:00"
    assert pausing.paused(tmp_path, now + timedelta(hours=1)) == ""
    pausing.pause(tmp_path, None)
    assert pausing.paused(tmp_path, now + timedelta(days=1000)) == "resumed"
    assert pausing.resume(tmp_path)
    assert not pausing.resume(tmp_path)
    (tmp_path / pausing.FILE).write_text("?")
    assert pausing.paused(tmp_path, now) == "resumed"


@pytest.mark.parametrize(
    ("script", "metered"),
    [
        ('echo "u 1"', True),
        ('echo "u 3"', True),
        ('echo "u 2"', False),
        ('echo "u 4"', False),
        ('echo "u 0"', False),
        ("exit 1", False),
        ('[ "$6" = org.freedesktop.NetworkManager ] && echo "u 1"', True),
    ],
)
def test_network_manager_says_whether_a_connection_is_metered(tmp_path, monkeypatch, script, metered):
    program = tmp_path / "busctl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert network.metered() is metered


def test_without_network_manager_nothing_is_metered(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert network.metered() is False


def test_a_gate_is_reachable_while_something_listens_there():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert network.reachable(f"http://127.0.0.1:{port}")
        proxy = {"https": f"http://127.0.0.1:{port}"}
        assert network.reachable("https://gate.example.test", lambda _: proxy)
    assert not network.reachable(f"http://127.0.0.1:{port}")
