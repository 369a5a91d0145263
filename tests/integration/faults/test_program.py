"""``python -m localloop.testing.faults``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
import requests

from localloop.testing.faults import Fault
from localloop.testing.faults.__main__ import main
from localloop.testing.hub import running_hub

PROGRAM = [sys.executable, "-m", "localloop.testing.faults"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_stands_in_front_of_a_server_until_it_is_stopped(tmp_path, number):
    rules = tmp_path / "rules.json"
    rules.write_text('[{"fault": "forbidden", "path": "*/users/me"}]')
    with running_hub(tmp_path / "hub", {"alice@example.test": "pw"}) as hub:
        words = ["--upstream", hub.gate, "--rules", str(rules), "--json"]
        with subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            gate = json.loads(process.stdout.readline())["gate"]
            body = {"username": "alice@example.test", "password": "pw", "type": "user_credentials"}
            assert requests.post(f"{gate}/token?default", json=body, timeout=60).ok
            assert requests.get(f"{gate}/api/v1/users/me", timeout=60).status_code == 403
            process.send_signal(number)
            lines = [json.loads(line) for line in process.stdout]
        assert process.returncode == 0
    assert [(line["path"], line["fault"], line["status"]) for line in lines] == [
        ("/token", None, 200),
        ("/api/v1/users/me", "forbidden", 403),
    ]


def test_the_faults_and_schedules_are_listed(capsys):
    assert main(["--list"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {fault.value} " in said for fault in Fault)
    assert "  mixed " in said


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "--upstream says which server"),
        (["--upstream", "nowhere"], "must be a root URL"),
        (["--upstream", "http://x", "--schedule", "sunny"], "There is no schedule 'sunny'"),
        (["--upstream", "http://x", "--rules", "/no/such/file"], "No such file"),
    ],
)
def test_a_command_line_that_means_nothing_is_refused_in_one_sentence(words, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_an_address_that_is_taken_is_said_to_be_so(tmp_path, capsys):
    with running_hub(tmp_path / "hub") as hub:
        port = hub.gate.rpartition(":")[2]
        assert main(["--upstream", hub.gate, "--port", port]) == 1
    assert "The address cannot be bound" in capsys.readouterr().err
