"""The command line around serving: roles, accounts, and how dtlpy finds the server."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import trustme

from localloop.server import Accounts
from localloop.store import Store
from localloop_schema.kinds import EntityKind

ANN, BOB = "ann@example.test", "bob@example.test"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def store(home) -> Path:
    """A store with a platform that is not there."""
    path = home / "mine"
    with Store.create(path, author=ANN) as made:
        made.set_settings({"gate": NOWHERE, "account": ANN})
    return path


@pytest.fixture
def hub(home) -> Path:
    Store.create(home / "hub").close()
    return home / "hub"


@pytest.fixture
def serving(process):
    """Start a server; returns what it told. All are stopped at the end, and printed nothing more."""
    running: list[subprocess.Popen[str]] = []

    def start(*words, **options):
        running.append(process("serve", "--port", "0", "--json", *words, **options))
        line = running[-1].stdout.readline()
        assert line, running[-1].communicate()[1]
        return json.loads(line)

    yield start
    for one in running:
        one.send_signal(signal.SIGINT)
        out, err = one.communicate(timeout=60)
        assert (one.returncode, out, err) == (0, "", "")


@pytest.fixture
def password(monkeypatch):
    def say(text: str | None) -> None:
        if text is None:
            monkeypatch.delenv("LOCALLOOP_PASSWORD", raising=False)
        else:
            monkeypatch.setenv("LOCALLOOP_PASSWORD", text)

    return say


def log_in(gate: str, email: str, password: str, **options) -> requests.Response:
    body = {"username": email, "password": password, "type": "user_credentials"}
    return requests.post(f"{gate}/token?default", json=body, timeout=30, **options)


def script(code: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a dtlpy script in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.20", "::", "hub.example.test"])
def test_a_store_with_a_platform_is_served_on_this_machine_alone(run, store, host):
    ran = run("serve", "--store", store, "--host", host)
    assert ran.code == 2
    assert "on this machine alone" in ran.err
    assert not (store / "gateway.key").exists()


def test_a_gateway_says_what_it_is_and_keeps_its_key_in_a_file(serving, store):
    told = serving("--store", store)
    assert (told["role"], told["platform"], told["account"]) == ("gateway", NOWHERE, ANN)
    key = Path(told["key_file"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text().strip() not in json.dumps(told)
    assert log_in(told["gate"], ANN, key.read_text().strip()).ok
    assert log_in(told["gate"], ANN, "anything").status_code == 401


def test_a_gateways_account_does_everything_in_the_store(serving, store):
    with Store.open(store) as here, here.transaction("as somebody else", author=BOB) as tx:
        project = tx.create(EntityKind.PROJECT, {"name": "Theirs"}, {})
    told = serving("--store", store)
    headers = {"Authorization": f"Bearer {Path(told['key_file']).read_text().strip()}"}
    api = f"{told['gate']}/api/v1"
    assert [one["id"] for one in requests.get(f"{api}/projects", headers=headers, timeout=30).json()] == [
        project["id"]
    ]
    reply = requests.patch(
        f"{api}/projects/{project['id']}", json={"name": "Mine"}, headers=headers, timeout=30
    )
    assert reply.ok, reply.text


def test_a_store_with_a_platform_can_be_a_hub_all_the_same(serving, store, password):
    password("secret")
    told = serving("--hub", "--data", store, "--user", BOB)
    assert (told["role"], told["users"]) == ("hub", [BOB])
    assert not (store / "gateway.key").exists()


def test_a_server_with_a_certificate_is_reached_by_https(serving, hub, home, password):
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(home / "both.pem"))
    authority.cert_pem.write_to_path(str(home / "ca.pem"))
    password("secret")
    words = (
        "--hub",
        "--data",
        hub,
        "--user",
        ANN,
        "--tls-cert",
        home / "both.pem",
        "--tls-key",
        home / "both.pem",
    )
    told = serving(*words)
    assert told["gate"].startswith("https://")
    assert log_in(told["gate"], ANN, "secret", verify=str(home / "ca.pem")).ok


def test_a_server_goes_by_the_names_that_it_was_told(serving, hub, password):
    password("secret")
    told = serving("--hub", hub, "--user", ANN, "--name", "hub.test", "--name", "other.test")
    port = told["gate"].rpartition(":")[2]
    assert told["gate"] == f"http://hub.test:{port}"
    body = {"username": ANN, "password": "secret", "type": "user_credentials"}
    statuses = [
        requests.post(
            f"http://127.0.0.1:{port}/token?default", json=body, headers={"Host": name}, timeout=30
        ).status_code
        for name in ("hub.test", "other.test", "127.0.0.1", "evil.test")
    ]
    assert statuses == [200, 200, 200, 400]


def test_a_port_that_is_taken_is_told_with_what_to_do(serving, run, hub, password):
    password("secret")
    port = serving("--hub", hub, "--user", ANN)["gate"].rpartition(":")[2]
    ran = run("serve", "--hub", hub, "--port", port)
    assert (ran.code, "--port" in ran.err) == (1, True)


@pytest.mark.parametrize("group", ["user", "env"])
def test_a_group_without_a_command_is_one_sentence(run, group):
    ran = run(group)
    assert (ran.code, ran.err) == (
        2,
        f"Error: `localloop {group}` needs a command.\nSee `localloop {group} --help`.\n",
    )


def test_the_lines_for_dtlpy_hold_in_every_directory(ok, store, home, monkeypatch):
    monkeypatch.chdir(home)
    printed = json.loads(ok("env", "dtlpy", "--store", "mine", "--json").out)
    assert printed["shell"] == [f"export DATALOOP_PATH={store}/dtlpy"]


@pytest.mark.parametrize(
    "words",
    [
        ("--tls-cert", "x.pem"),
        ("--tls-key", "x.pem"),
        ("--tls-cert", "x.pem", "--tls-key", "x.pem"),
        ("--rate-limit", "often"),
        ("--rate-limit", "0/second"),
        ("--rate-limit", "-5/second"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_sentence(run, hub, words, password):
    password("secret")
    ran = run("serve", "--hub", "--data", hub, "--user", ANN, "--port", "0", *words)
    assert ran.code == 2
    assert ran.err.startswith("Error: ")
    assert "Traceback" not in ran.err


def test_a_rate_limit_holds(serving, hub, password):
    password("secret")
    told = serving("--hub", "--data", hub, "--user", ANN, "--rate-limit", "3/hour")
    statuses = [requests.get(f"{told['gate']}/x", timeout=30).status_code for _ in range(5)]
    assert statuses == [404, 404, 404, 429, 429]


def test_accounts_are_added_listed_and_removed_while_the_server_runs(ok, run, serving, hub, password):
    password("secret")
    gate = serving("--hub", "--data", hub, "--user", ANN)["gate"]
    assert ok("user", "add", BOB, "--name", "Bob B", "--data", hub, "--json").json == {
        "user": {"email": BOB, "name": "Bob B"}
    }
    token = log_in(gate, BOB, "secret").json()["id_token"]
    headers = {"Authorization": f"Bearer {token}"}
    me = requests.get(f"{gate}/api/v1/users/me", headers=headers, timeout=30).json()
    assert (me["firstName"], me["lastName"]) == ("Bob", "B")
    listed = ok("user", "list", "--store", hub, "--json").json["users"]
    assert [(user["email"], user["name"]) for user in listed] == [(ANN, ""), (BOB, "Bob B")]
    assert "Bob B" in ok("user", "list", "--data", hub).out
    ran = run("user", "remove", BOB, "--data", hub)
    assert ran.code == 2
    assert "--yes" in ran.err
    assert (
        ok("user", "remove", "BOB@example.test", "--data", hub, "--yes").out == "Removed BOB@example.test.\n"
    )
    assert requests.get(f"{gate}/api/v1/users/me", headers=headers, timeout=30).status_code == 401
    assert log_in(gate, BOB, "secret").status_code == 401


def test_a_new_password_ends_the_log_ins_from_before(ok, serving, hub, password):
    password("old")
    gate = serving("--hub", "--data", hub, "--user", ANN)["gate"]
    login = log_in(gate, ANN, "old").json()
    password("new")
    assert "Changed the password" in ok("user", "passwd", ANN, "--data", hub).out
    headers = {"Authorization": f"Bearer {login['id_token']}"}
    assert requests.get(f"{gate}/api/v1/users/me", headers=headers, timeout=30).status_code == 401
    body = {"type": "refresh_token", "refresh_token": login["refresh_token"]}
    assert requests.post(f"{gate}/token", json=body, timeout=30).status_code == 401
    assert log_in(gate, ANN, "old").status_code == 401
    assert log_in(gate, ANN, "new").ok


def test_accounts_that_are_not_there_or_there_already_are_told(run, ok, hub, password):
    assert run("user", "add", ANN, "--data", hub).code == 2
    password("secret")
    ok("user", "add", ANN, "--data", hub)
    assert run("user", "add", "ANN@example.test", "--data", hub).code == 1
    assert run("user", "add", "nobody", "--data", hub).code == 2
    for command in ("remove", "passwd"):
        assert run("user", command, BOB, "--data", hub).code == 3
    assert run("user", "list", "--data", "nowhere").code == 3
    assert run("user", "list", "--data", hub, "--store", hub).code == 2
    assert "no accounts" in ok("user", "list", "--data", _empty(hub)).out


def _empty(hub: Path) -> Path:
    Store.create(hub.parent / "empty").close()
    return hub.parent / "empty"


#: A script as somebody wrote it for the platform.
UNCHANGED = f"""
import dtlpy as dl
assert dl.login_m2m(email="{ANN}", password="the platform's")
project = dl.projects.create(project_name="Offline")
dataset = project.datasets.create(dataset_name="D")
open("a.txt", "w").write("hello")
item = dataset.items.upload(local_path="a.txt")
assert [one.filename for one in dataset.items.list().all()] == ["/a.txt"]
print(dl.info(with_token=False)["user_email"], item.filename)
"""


def test_an_unchanged_script_runs_against_a_gateway_by_its_cookie(ok, serving, store, home):
    told = serving("--store", store)
    env = ok("env", "dtlpy", "--gate", told["gate"], "--store", store, "--write", "--yes", "--json")
    cookie = Path(env.json["cookie"])
    assert stat.S_IMODE(cookie.stat().st_mode) == 0o600
    assert stat.S_IMODE(cookie.parent.stat().st_mode) == 0o700
    assert env.json["shell"] == [f"export DATALOOP_PATH={cookie.parent}"]
    ran = script(UNCHANGED, home, DATALOOP_PATH=str(cookie.parent))
    assert ran.returncode == 0, ran.stderr
    assert f"{ANN} /a.txt" in ran.stdout
    log = ok("log", "--store", store, "--json").json
    assert {entry["author"] for entry in log["operations"]} == {ANN}
    assert not (home / ".dataloop").exists()


def test_a_script_with_the_printed_lines_runs_too(ok, serving, store, home):
    told = serving("--store", store)
    env = ok("env", "dtlpy", "--gate", told["gate"], "--store", store, "--json").json
    code = "\n".join([*env["python"], "print([one.name for one in dl.projects.list()])"])
    ran = script(code, home)
    assert ran.returncode == 0, ran.stderr
    assert "[]" in ran.stdout


def test_a_token_that_has_expired_is_refreshed_offline(ok, serving, store, home):
    told = serving("--store", store)
    env = ok("env", "dtlpy", "--gate", told["gate"], "--store", store, "--write", "--yes", "--json").json
    cookie = Path(env["cookie"])
    content = json.loads(cookie.read_text())
    (entry,) = content["login_parameters"].values()
    early = Accounts.beside(store, owner=ANN, now=lambda: datetime.now(UTC) - timedelta(days=40))
    entry["token"] = early.log_in(ANN, Path(told["key_file"]).read_text().strip())["id_token"]
    cookie.write_text(json.dumps(content))
    ran = script(
        "import dtlpy as dl; print(dl.projects.list())",
        home,
        DATALOOP_PATH=str(cookie.parent),
    )
    assert ran.returncode == 0, ran.stderr
    (entry,) = json.loads(cookie.read_text())["login_parameters"].values()
    assert entry["token"] != content["login_parameters"][f"{told['gate']}/api/v1"]["token"]


def test_ones_own_cookie_is_changed_only_when_told_and_kept_beside(ok, run, store, home, monkeypatch):
    monkeypatch.setenv("HOME", str(home / "person"))
    own = home / "person" / ".dataloop" / "cookie.json"
    own.parent.mkdir(parents=True)
    before = {
        "url": "https://x.test/api/v1",
        "login_parameters": {"https://x.test/api/v1": {"alias": "prod"}},
    }
    own.write_text(json.dumps(before))
    ok("env", "dtlpy", "--store", store, "--write", "--yes")
    assert json.loads(own.read_text()) == before
    assert run("env", "dtlpy", "--store", store, "--home").code == 2
    told = ok("env", "dtlpy", "--store", store, "--write", "--home", "--yes", "--json").json
    assert json.loads(Path(told["copy"]).read_text()) == before
    assert stat.S_IMODE(Path(told["copy"]).stat().st_mode) == 0o600
    content = json.loads(own.read_text())
    assert content["url"] == "http://127.0.0.1:8080/api/v1"
    assert set(content["login_parameters"]) == {"https://x.test/api/v1", "http://127.0.0.1:8080/api/v1"}
    again = ok("env", "dtlpy", "--store", store, "--write", "--home", "--yes", "--json").json
    assert again["copy"] != told["copy"]
    own.write_text("not a cookie")
    assert run("env", "dtlpy", "--store", store, "--write", "--home", "--yes").code == 2
    assert own.read_text() == "not a cookie"


def test_a_file_is_not_written_unasked(run, ok, store):
    ran = run("env", "dtlpy", "--store", store, "--write")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert not (store / "dtlpy").exists()
    assert "add --write" in ok("env", "dtlpy", "--store", store).err


def test_scripts_of_a_hub_log_in_by_themselves(ok, serving, hub, home, password):
    password("secret")
    gate = serving("--hub", "--data", hub, "--user", ANN)["gate"]
    env = ok("env", "dtlpy", "--gate", gate, "--data", hub, "--write", "--yes", "--json").json
    assert env["role"] == "hub"
    assert "getpass()" in env["python"][-1]
    code = UNCHANGED.replace("the platform's", "secret")
    ran = script(code, home, DATALOOP_PATH=str(Path(env["cookie"]).parent))
    assert ran.returncode == 0, ran.stderr


def test_no_secret_is_printed_logged_or_on_a_command_line(run, serving, store, home, password):
    password("a very secret password")
    told = serving("--store", store, "--user", BOB)
    key = Path(told["key_file"]).read_text().strip()
    said = json.dumps(told)
    for words in (
        ("user", "add", "eve@example.test"),
        ("user", "list"),
        ("user", "passwd", BOB),
        ("user", "remove", "eve@example.test", "--yes"),
        ("env", "dtlpy", "--gate", told["gate"]),
        ("env", "dtlpy", "--gate", told["gate"], "--write", "--yes"),
        ("status",),
        ("log",),
    ):
        for more in ((), ("--json",)):
            # Some fail the second time, which must not tell a secret either.
            ran = run(*words, "--store", store, *more)
            said += ran.out + ran.err
    login = log_in(told["gate"], ANN, key).json()
    log_in(told["gate"], ANN, "a wrong but secret password")
    requests.get(f"{told['gate']}/api/v1/items/{login['id_token']}", timeout=30)
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _readable(path)]
    content = json.loads((store / "hub.json").read_text())
    cookie = json.loads((store / "dtlpy" / "cookie.json").read_text())
    (entry,) = cookie["login_parameters"].values()
    secrets = [key, content["key"], entry["refresh_token"], login["id_token"], login["refresh_token"]]
    secrets += ["very secret password", "wrong but secret"]
    for secret in secrets:
        assert secret not in said
        assert not [line for line in lines if secret.encode() in line]
    for path in store.rglob("*"):
        if path.is_file() and path.name not in {"gateway.key", "hub.json", "cookie.json"}:
            data = path.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in data], path


def _readable(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True
