"""The daemon as a service."""

from __future__ import annotations

import plistlib
import shlex
import stat
import sys
from pathlib import Path

import pytest

from localloop.daemon import services
from localloop.daemon.services import service_of, unit
from localloop.errors import BadRequest, LocalLoopError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LOCALLOOP_CONFIG", str(tmp_path / "a b"))
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pa55word@proxy.example.test")
    return tmp_path


def lines(text, key):
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def test_a_unit_starts_the_daemon_of_the_store(home):
    service = service_of(Path('/data/my $5 100% "store"'), "linux")
    [command] = lines(service.text, "ExecStart")
    assert shlex.split(command)[:2] == [sys.executable, "-m"]
    assert '"/data/my $$5 100%% \\"store\\""' in command
    assert lines(service.text, "Type") == ["notify"]
    assert f'"LOCALLOOP_CONFIG={home / "a b"}"' in lines(service.text, "Environment")
    assert service.path.parent == home / "config" / "systemd" / "user"


def test_no_secret_goes_into_a_service(home):
    for system in ("linux", "darwin"):
        assert "pa55word" not in service_of(home, system).text


def test_each_store_has_a_service_of_its_own(home):
    assert service_of(home / "a", "linux").name != service_of(home / "b", "linux").name
    assert service_of(home / "a", "linux").name == service_of(home / "a", "linux").name


def test_an_agent_of_launchd_is_a_property_list(home):
    service = service_of(home / "störe", "darwin")
    told = plistlib.loads(service.text.encode())
    assert told["ProgramArguments"][-2:] == ["--store", str(home / "störe")]
    assert told["KeepAlive"] == {"SuccessfulExit": False}
    assert service.path == home / "Library" / "LaunchAgents" / f"{told['Label']}.plist"


def test_what_a_unit_cannot_hold_is_refused(home):
    with pytest.raises(BadRequest, match="line break"):
        unit(home / "a\nb", {})


def test_a_system_that_is_not_known_says_what_to_do(home):
    with pytest.raises(LocalLoopError, match="plan9") as refused:
        service_of(home, "plan9")
    assert "daemon run" in refused.value.advice


def test_the_file_is_nobody_elses(home):
    service = service_of(home, "linux")
    services.write(service)
    assert service.path.read_text() == service.text
    assert stat.S_IMODE(service.path.stat().st_mode) == 0o600


def test_the_first_command_that_fails_is_the_last(home, monkeypatch):
    program = home / "systemctl"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {home}/said\n[ "$2" = enable ] && echo no bus >&2 && exit 1\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{home}:/usr/bin:/bin")
    assert services.carry_out(service_of(home, "linux").starting) == "no bus"
    assert [line.split()[1] for line in (home / "said").read_text().splitlines()] == [
        "daemon-reload",
        "enable",
    ]
    assert services.carry_out([("no-such-program",)]) == "There is no no-such-program here."
