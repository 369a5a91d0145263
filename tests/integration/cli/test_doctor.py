"""What ``localloop doctor`` says of a machine and a store."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from localloop import doctor
from localloop.doctor import Level, Machine, examine
from localloop.mounts import kind_of
from localloop.platform import CredentialStore, transport_to
from localloop.platform.credentials import Credentials
from localloop.testing.hub import running_hub


@contextmanager
def answering(seconds_ahead=0.0, *, status=404, context=None):
    """A server whose clock is wrong."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response_only(status)
            self.send_header("Date", formatdate(time.time() + seconds_ahead, usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def machine(tmp_path):
    """Makes a machine without a store whose gate is somewhere."""

    def make(**more):
        inotify = tmp_path / "inotify"
        inotify.mkdir(exist_ok=True)
        (inotify / "max_user_watches").write_text("524288\n")
        mounts = tmp_path / "mounts"
        mounts.write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
        given = {"connect": None, "mounts": mounts, "inotify": inotify, **more}
        return Machine(tmp_path / "store", CredentialStore(tmp_path / "config"), **given)

    return make


def said(machine, check):
    """The findings of a check."""
    return [one for one in examine(machine) if one.check == check]


def gate(monkeypatch, url):
    monkeypatch.setenv("LOCALLOOP_GATE", url)


def test_a_sound_machine_has_no_problem(ok, fruit, tmp_path, monkeypatch):
    with running_hub(tmp_path / "hub", users={"ann@example.test": "pw"}) as hub:
        monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
        ok("login", "--gate", hub.gate, "--email", "ann@example.test")
        ok("sync")
        before = sorted(path.name for path in fruit.iterdir())
        told = ok("doctor", "--json").json
        assert told["healthy"]
        by_check = {one["check"]: one for one in told["findings"]}
        assert (
            by_check["platform"]["level"] == by_check["clock"]["level"] == by_check["log-in"]["level"] == "ok"
        )
        assert sorted(path.name for path in fruit.iterdir()) == before
        assert "pw" not in ok("doctor").out.split()
    assert ok("doctor", "--offline").code == 0
    assert "note       platform" in ok("doctor").out


def test_it_works_without_a_store_and_says_how_to_make_one(run, home):
    ran = run("doctor", "--offline")
    assert ran.code == 0
    assert "`localloop init`" in ran.out


@pytest.mark.parametrize(
    ("ahead", "level", "word"),
    [(0, Level.OK, "agrees"), (600, Level.NOTE, "behind"), (-7200, Level.PROBLEM, "ahead")],
)
def test_a_wrong_clock_is_told(machine, monkeypatch, ahead, level, word):
    with answering(ahead) as url:
        gate(monkeypatch, url)
        [clock] = said(machine(connect=transport_to), "clock")
    assert clock.level is level
    assert word in clock.text


def test_a_gate_that_cannot_be_reached_is_worth_a_note(machine, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gate(monkeypatch, f"http://127.0.0.1:{taken.getsockname()[1]}")
        [found] = said(machine(connect=transport_to), "platform")
    assert found.level is Level.NOTE
    assert found.advice


def test_a_certificate_that_nobody_trusts_is_named(machine, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with answering(context=context) as url:
        gate(monkeypatch, url)
        [found] = said(machine(connect=transport_to), "platform")
    assert found.level is Level.PROBLEM
    assert "certificate" in found.text.lower()


def test_a_store_on_a_file_system_of_another_machine_is_a_problem(machine, tmp_path):
    mounts = tmp_path / "others"
    mounts.write_text(
        f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:40 / {tmp_path} rw shared:1 - nfs4 server:/home rw\n"
    )
    [found] = said(machine(mounts=mounts), "file system")
    assert (found.level, "nfs4" in found.text) == (Level.PROBLEM, True)
    assert said(machine(), "file system")[0].level is Level.OK
    assert said(machine(mounts=tmp_path / "none"), "file system")[0].level is Level.UNKNOWN


def test_the_mount_that_is_nearest_counts_and_names_may_have_spaces():
    mounts = r"""
22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 8:2 / /home rw - xfs /dev/sda2 rw
24 23 0:41 / /home/a\040b rw - fuse.sshfs host: rw
25 22 0:42 / /mnt rw - ext4 /dev/sdb rw
26 25 0:43 / /mnt rw - cifs //host/share rw
"""
    places = {"/etc": "ext4", "/home/ann": "xfs", "/home/a b/c": "fuse.sshfs", "/mnt/x": "cifs"}
    assert {place: kind_of(mounts, Path(place)) for place in places} == places
    assert kind_of("", Path("/etc")) == "unknown"


def test_few_watches_and_little_room_are_told(machine, tmp_path, monkeypatch):
    low = tmp_path / "low"
    low.mkdir()
    (low / "max_user_watches").write_text("8192\n")
    [found] = said(machine(inotify=low), "file events")
    assert (found.level, "sysctl" in found.advice) == (Level.NOTE, True)
    monkeypatch.setattr(doctor, "_TOO_LITTLE", 1 << 60)
    assert said(machine(), "disk space")[0].level is Level.PROBLEM


def test_tokens_that_others_can_read_and_that_have_ended_are_problems(machine, monkeypatch):
    gate(monkeypatch, "http://127.0.0.1:1")
    one = machine()
    with one.credentials.lock():
        one.credentials.save(Credentials("http://127.0.0.1:1", "ann@example.test", "no token"))
    assert said(one, "log-in")[0].level is Level.PROBLEM
    one.credentials.path.chmod(0o644)
    assert [found.level for found in said(one, "secrets")][-1] is Level.PROBLEM
    assert "no token" not in "".join(found.text + found.advice for found in examine(one))


def test_a_check_that_fails_stops_no_other(machine, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "store.db").write_bytes(b"no database")
    found = list(examine(machine()))
    assert next(one for one in found if one.check == "store").level is Level.UNKNOWN
    assert found[-1].check == "log-in"
