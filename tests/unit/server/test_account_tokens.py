"""What makes tokens and keys worthless, and the key of a gateway."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from localloop.errors import Conflict, NotFound, Unauthorized
from localloop.server.access import StoreOwner
from localloop.server.accounts import MAX_KEYS, Accounts

EMAIL, OTHER = "alice@example.test", "bob@example.test"
CHEAP = PasswordHasher.from_parameters(CHEAPEST)


@pytest.fixture
def accounts(tmp_path) -> Accounts:
    accounts = Accounts.beside(tmp_path, hasher=CHEAP)
    accounts.add_user(EMAIL, "pw", name="Alice A")
    return accounts


@pytest.fixture
def gateway(tmp_path) -> Accounts:
    return Accounts.beside(tmp_path, owner=EMAIL, hasher=CHEAP)


def bearer(accounts: Accounts, token: str) -> str:
    return accounts.bearer(f"Bearer {token}")


def test_a_new_password_makes_the_tokens_from_before_worthless(accounts):
    before = accounts.log_in(EMAIL, "pw")
    assert not accounts.add_user(EMAIL, "new")
    with pytest.raises(Unauthorized, match="password has changed"):
        bearer(accounts, before["id_token"])
    with pytest.raises(Unauthorized, match="password has changed"):
        accounts.refresh(before["refresh_token"])
    assert bearer(accounts, accounts.log_in(EMAIL, "new")["id_token"]) == EMAIL
    assert accounts.name_of(EMAIL) == "Alice A"


def test_the_same_password_again_changes_nothing(accounts):
    before = accounts.log_in(EMAIL, "pw")
    text = accounts.path.read_bytes()
    assert not accounts.add_user(EMAIL, "pw")
    assert accounts.path.read_bytes() == text
    assert bearer(accounts, before["id_token"]) == EMAIL


def test_whoever_comes_back_does_not_get_the_old_tokens_back(accounts):
    before = accounts.log_in(EMAIL, "pw")
    key = accounts.api_key(EMAIL)[1]
    accounts.remove_user(EMAIL)
    assert accounts.add_user(EMAIL, "pw")
    for token in (before["id_token"], key):
        with pytest.raises(Unauthorized):
            bearer(accounts, token)
    assert accounts.api_keys(EMAIL) == []


def test_a_key_that_is_revoked_is_refused_at_once_and_others_are_not(accounts):
    (one, first), (two, second) = accounts.api_key(EMAIL, "ci"), accounts.api_key(EMAIL)
    assert [key.id for key in accounts.api_keys("ALICE@example.test")] == sorted([one.id, two.id])
    accounts.revoke_key(EMAIL, one.id)
    with pytest.raises(Unauthorized, match="revoked"):
        bearer(accounts, first)
    assert bearer(accounts, second) == EMAIL
    with pytest.raises(NotFound):
        accounts.revoke_key(EMAIL, one.id)
    with pytest.raises(NotFound):
        accounts.revoke_key(OTHER, two.id)


def test_of_a_key_the_file_holds_that_there_is_one(accounts):
    key, jwt = accounts.api_key(EMAIL, "for the rig")
    text = accounts.path.read_text()
    assert jwt not in text
    assert jwt.rpartition(".")[2] not in text
    assert set(json.loads(text)["keys"][key.id]) == {"user", "description", "created", "expires"}


def test_a_user_may_have_ten_keys_and_expired_ones_do_not_count(accounts):
    accounts.add_user(OTHER, "pw")
    for _ in range(MAX_KEYS):
        accounts.api_key(EMAIL)
    with pytest.raises(Conflict, match="10 API keys"):
        accounts.api_key(EMAIL)
    assert accounts.api_key(OTHER)
    later = Accounts(accounts.path, now=lambda: datetime.now(UTC) + timedelta(days=366), hasher=CHEAP)
    assert later.api_keys(EMAIL) == []
    later.api_key(EMAIL)
    assert len(later.api_keys(EMAIL)) == 1


def test_a_file_from_before_there_were_keys_is_read(accounts):
    content = json.loads(accounts.path.read_text())
    old = {"key": content["key"], "users": {EMAIL: {"hash": content["users"][EMAIL]["hash"]}}}
    accounts.path.write_text(json.dumps(old))
    login = accounts.log_in(EMAIL, "pw")
    assert bearer(accounts, login["id_token"]) == EMAIL
    assert accounts.refresh(login["refresh_token"])
    accounts.add_user(EMAIL, "new")
    with pytest.raises(Unauthorized):
        bearer(accounts, login["id_token"])


def test_the_key_of_a_gateway_lies_in_a_file_of_its_owner_and_is_a_token_and_a_password(gateway):
    path = gateway.owner_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = path.read_text().strip()
    assert key not in gateway.path.read_text()
    who = bearer(gateway, key)
    assert (who, type(who)) == (EMAIL, StoreOwner)
    login = gateway.log_in("Alice@example.test", key)
    assert isinstance(bearer(gateway, login["id_token"]), StoreOwner)
    assert isinstance(bearer(gateway, gateway.refresh(login["refresh_token"])["id_token"]), StoreOwner)
    with pytest.raises(Unauthorized):
        gateway.log_in(OTHER, key)
    with pytest.raises(Unauthorized):
        gateway.log_in(EMAIL, "pw")
    with pytest.raises(Unauthorized):
        gateway.refresh(key)


def test_the_key_stays_until_its_file_is_removed_or_half_its_life_is_over(gateway):
    key = gateway.owner_key().read_text()
    assert gateway.owner_key().read_text() == key
    later = Accounts(
        gateway.path, owner=EMAIL, now=lambda: datetime.now(UTC) + timedelta(days=200), hasher=CHEAP
    )
    renewed = later.owner_key().read_text()
    assert renewed != key
    with pytest.raises(Unauthorized):
        bearer(gateway, key.strip())
    gateway.owner_key().unlink()
    assert gateway.owner_key().read_text() != renewed
    with pytest.raises(Unauthorized):
        bearer(gateway, renewed.strip())


def test_the_key_of_a_gateway_is_nothing_on_a_hub(gateway, accounts):
    key = gateway.owner_key().read_text().strip()
    with pytest.raises(Unauthorized):
        bearer(accounts, key)
    with pytest.raises(Unauthorized):
        accounts.log_in(EMAIL, key)
    with pytest.raises(ValueError, match="only a gateway"):
        accounts.owner_key()


def test_a_user_of_a_gateway_with_the_accounts_own_address_owns_the_store_too(gateway):
    gateway.add_user(EMAIL, "pw")
    gateway.add_user(OTHER, "pw")
    gateway.owner_key()
    assert isinstance(bearer(gateway, gateway.log_in(EMAIL, "pw")["id_token"]), StoreOwner)
    assert type(bearer(gateway, gateway.log_in(OTHER, "pw")["id_token"])) is str


def test_what_a_client_of_a_gateway_keeps_lasts_as_long_as_the_key(gateway):
    kept = gateway.owner_tokens()
    month = Accounts(
        gateway.path, owner=EMAIL, now=lambda: datetime.now(UTC) - timedelta(days=100), hasher=CHEAP
    )
    assert bearer(gateway, kept["token"]) == EMAIL
    early = month.log_in(EMAIL, kept["token"])
    assert gateway.refresh(early["refresh_token"])["id_token"]
    with pytest.raises(Unauthorized, match="expired"):
        bearer(gateway, early["id_token"])


def test_a_gateways_owner_may_have_api_keys(gateway):
    gateway.owner_key()
    key, jwt = gateway.api_key(EMAIL, "ci")
    assert isinstance(bearer(gateway, jwt), StoreOwner)
    gateway.revoke_key(EMAIL, key.id)
    with pytest.raises(Unauthorized):
        bearer(gateway, jwt)
