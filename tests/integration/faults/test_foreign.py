"""A store that meets another account, address or platform: nothing is asked further, and nothing is sent."""

from __future__ import annotations

import shutil

import pytest

from localloop.errors import MassDeletionHalt, OtherAccountHalt
from localloop.platform import Credentials, CredentialStore, DataloopRemote, PlatformSession, Transport
from localloop.platform.session import post_token
from localloop.server import ServerSettings
from localloop.syncing import sync_store
from localloop.testing.faults import FaultProxy
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K
from tests.integration.faults.harness import ANN, Laptop, place
from tests.integration.faults.test_convergence import begin

BOB = "bob@example.test"


@pytest.fixture(params=["feed", "plain"])
def here(request, tmp_path):
    with place(tmp_path / "place", plain=request.param == "plain") as here:
        begin(here.laptop("a"))
        here.settle()
        yield here


def refused(laptop: Laptop, gate: str, email: str, folder) -> None:
    """Sync a store by a session of another gate or account; it has to halt."""
    transport = Transport(gate, connect_timeout=20, read_timeout=20)
    reply = post_token(transport, {"username": email, "password": "pw", "type": "user_credentials"})
    credentials = CredentialStore(folder)
    credentials.save(Credentials(transport.gate, email, reply["id_token"], reply.get("refresh_token")))
    session = PlatformSession(transport, credentials)
    try:
        with pytest.raises(OtherAccountHalt):
            sync_store(laptop.store, DataloopRemote(session))
    finally:
        session.close()


def asked(proxy: FaultProxy) -> list[tuple[str, str]]:
    """What a proxy was asked but for log-ins."""
    return [(event.method, event.path) for event in proxy.log if event.path != "/token"]


def test_another_account_halts_before_anything_else_is_asked(here, tmp_path):
    [laptop] = here.laptops
    here.hub.accounts.add_user(BOB, "pw")
    with FaultProxy(here.hub.gate, schedule="calm", port=0) as proxy:
        laptop.store.set_settings({"gate": proxy.gate})
        refused(laptop, proxy.gate, BOB, tmp_path / "bob")
        assert asked(proxy) in ([], [("GET", "/api/v1/users/me")])


def test_another_gate_halts_before_anything_else_is_asked(here, tmp_path):
    [laptop] = here.laptops
    with running_hub(tmp_path / "other", {ANN: "pw"}) as other:
        with FaultProxy(other.gate, schedule="calm") as proxy:
            refused(laptop, proxy.gate, ANN, tmp_path / "ann")
            assert asked(proxy) in ([], [("GET", "/api/v1/users/me")])
        assert other.store.rows(K.PROJECT) == []


def test_a_platform_that_was_wiped_and_made_anew_deletes_nothing_here(here):
    """It has the same address and the same account, and knows nothing."""
    [laptop] = here.laptops
    before = {kind: laptop.store.rows(kind) for kind in K}
    here.hub.stop()
    shutil.rmtree(here.hub.path)
    with running_hub(here.folder / "new", {ANN: "pw"}, settings=ServerSettings()) as new:
        with FaultProxy(new.gate, schedule="calm") as proxy:
            laptop.store.set_settings({"gate": proxy.gate})
            transport = Transport(proxy.gate, connect_timeout=20, read_timeout=20)
            reply = post_token(transport, {"username": ANN, "password": "pw", "type": "user_credentials"})
            tokens = Credentials(transport.gate, ANN, reply["id_token"], reply.get("refresh_token"))
            laptop.credentials.save(tokens)
            session = PlatformSession(transport, laptop.credentials)
            try:
                with pytest.raises(MassDeletionHalt) as halted:
                    sync_store(laptop.store, DataloopRemote(session))
            finally:
                session.close()
        assert halted.value.entities == ["P"]
        assert new.store.rows(K.PROJECT) == []
    assert {kind: laptop.store.rows(kind) for kind in K} == before
