"""Several people change the labels of one ontology at a real hub: nobody takes back what another did."""

from __future__ import annotations

import pytest

from localloop.platform import CredentialStore, DataloopRemote, PlatformSession, Transport
from localloop.platform.auth import login_m2m
from localloop.server import ServerSettings
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import TransientError
from localloop_sync.ports import Scope

OWNER = "alice@example.test"
LABEL = {"color": "#010203", "displayLabel": "x", "attributes": [], "displayData": {}}


class Watched(PlatformSession):
    """A session on which something may happen between a request and the next."""

    def __init__(self, *args):
        super().__init__(*args)
        self.before = {}

    def request(self, method, path, **how):
        happens = self.before.pop((method, path.rsplit("/", 2)[-2]), None)
        if happens is not None:
            happens()
        return super().request(method, path, **how)


class Team:
    """Two clients of a hub that know one ontology with the labels ``mine`` and ``old``."""

    def __init__(self, gate, folder):
        store = CredentialStore(folder)
        self.transport = Transport(gate)
        login_m2m(self.transport, store, OWNER, "pw")
        self.session = Watched(self.transport, store)
        self.one, self.other = (
            DataloopRemote(self.session),
            DataloopRemote(PlatformSession(self.transport, store)),
        )
        (project,) = self.one.create(K.PROJECT, Scope(), [{"name": "P"}])
        (self.ontology,) = self.one.create(
            K.ONTOLOGY, Scope(project=project.id), [{"title": "O", "labels": {"mine": LABEL, "old": LABEL}}]
        )

    def change(self, remote, **parts):
        """Change parts of the ontology against what was made at first."""
        base = self.ontology.document
        return remote.update(K.ONTOLOGY, self.ontology.id, {**base, **parts}, base).document

    def add(self, tag):
        """Somebody else adds a label."""
        known = self.ontology.document["labels"]
        self.change(self.other, labels={**known, tag: LABEL})

    def meanwhile(self, method, part, tag):
        """Somebody else adds a label just before a request of ours."""
        self.session.before[method, part] = lambda: self.add(tag)


@pytest.fixture
def team(tmp_path, request):
    settings = ServerSettings(plain=request.param)
    with running_hub(tmp_path / "hub", {OWNER: "pw"}, settings=settings) as hub:
        team = Team(hub.gate, tmp_path / "config")
        yield team
        team.transport.close()


both = pytest.mark.parametrize("team", [False, True], ids=["hub", "plain"], indirect=True)
ours = pytest.mark.parametrize("team", [False], ids=["hub"], indirect=True)


@both
@pytest.mark.parametrize(
    ("method", "part"), [("POST", "labels"), ("DELETE", "labels"), ("GET", "ontologies")]
)
def test_a_label_added_while_another_is_removed_stays(team, method, part):
    team.meanwhile(method, part, "theirs")
    left = team.change(team.one, labels={"mine": LABEL})
    assert team.session.before == {}
    assert left["labels"].keys() == {"mine", "theirs"}


@ours
def test_a_label_added_between_reading_and_replacing_an_ontology_stays(team):
    team.meanwhile("PUT", "ontologies", "theirs")
    left = team.change(team.one, title="Retitled", attributes={"big": {"key": "big"}})
    assert team.session.before == {}
    assert left["labels"].keys() == {"mine", "old", "theirs"}
    assert (left["title"], left["attributes"]) == ("Retitled", {"big": {"key": "big"}})


@ours
def test_who_never_finds_the_ontology_at_rest_gives_up_for_now(team):
    class Restless(dict):
        number = 0

        def pop(self, key, default=None):
            if key != ("PUT", "ontologies"):
                return default
            self.number += 1
            return lambda: team.add(f"theirs {self.number}")

    team.session.before = Restless()
    with pytest.raises(TransientError, match="all the time"):
        team.change(team.one, title="Retitled")
    there = team.other.get(K.ONTOLOGY, team.ontology.id).document
    assert there["title"] == "O"
    assert len(there["labels"]) == 12
