"""Accounts and their file."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from localloop.errors import BadRequest, StoreDamagedError, Unauthorized
from localloop.server.accounts import Accounts

EMAIL = "alice@example.test"


@pytest.fixture
def accounts(tmp_path) -> Accounts:
    accounts = Accounts.beside(tmp_path, hasher=PasswordHasher.from_parameters(CHEAPEST))
    accounts.add_user(EMAIL, "pw", name="Alice A")
    return accounts


def at(accounts: Accounts, moment: datetime) -> Accounts:
    """The same accounts at another time."""
    return Accounts(accounts.path, now=lambda: moment, hasher=PasswordHasher.from_parameters(CHEAPEST))


def test_the_file_is_readable_by_its_owner_alone_and_holds_no_password(accounts):
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600
    text = accounts.path.read_text()
    assert '"pw"' not in text
    assert "$argon2id$" in text


def test_nothing_is_left_beside_the_file(accounts, tmp_path):
    assert {path.name for path in tmp_path.iterdir()} <= {"hub.json", "hub.json.lock"}


def test_a_token_says_who_and_until_when(accounts):
    login = accounts.log_in("ALICE@example.test", "pw")
    claims = jwt.decode(login["id_token"], options={"verify_signature": False})
    assert (claims["email"], claims["sub"]) == (EMAIL, EMAIL)
    assert claims["exp"] - claims["iat"] == timedelta(hours=24).total_seconds()
    refresh = jwt.decode(login["refresh_token"], options={"verify_signature": False})
    assert refresh["exp"] - refresh["iat"] == timedelta(days=30).total_seconds()
    key = jwt.decode(accounts.api_key(EMAIL)[1], options={"verify_signature": False})
    assert key["exp"] - key["iat"] == timedelta(days=365).total_seconds()


@pytest.mark.parametrize(
    ("email", "password"), [(EMAIL, "no"), ("eve@example.test", "pw"), ("", ""), (EMAIL, "")]
)
def test_a_wrong_log_in_is_refused_in_one_way(accounts, email, password):
    with pytest.raises(Unauthorized, match="Wrong e-mail or password"):
        accounts.log_in(email, password)


def test_a_token_that_has_expired_is_refused(accounts):
    past = at(accounts, datetime.now(UTC) - timedelta(hours=25))
    login = past.log_in(EMAIL, "pw")
    with pytest.raises(Unauthorized, match="expired"):
        accounts.bearer(f"Bearer {login['id_token']}")
    assert accounts.bearer(f"Bearer {accounts.refresh(login['refresh_token'])['id_token']}") == EMAIL


def test_a_token_signed_by_somebody_else_or_by_nobody_is_refused(accounts):
    claims = jwt.decode(accounts.log_in(EMAIL, "pw")["id_token"], options={"verify_signature": False})
    for forged in (
        jwt.encode(claims, "another key that is long enough for it", algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
    ):
        with pytest.raises(Unauthorized):
            accounts.bearer(f"Bearer {forged}")


def test_a_new_password_replaces_the_old_one(accounts):
    accounts.add_user("Alice@example.test", "new")
    assert accounts.log_in(EMAIL, "new")
    with pytest.raises(Unauthorized):
        accounts.log_in(EMAIL, "pw")
    assert len(accounts.users()) == 1


def test_another_process_sees_a_change_at_once(accounts):
    other = Accounts(accounts.path)
    token = f"Bearer {accounts.log_in(EMAIL, 'pw')['id_token']}"
    assert other.bearer(token) == EMAIL
    assert accounts.remove_user(EMAIL)
    assert not accounts.remove_user(EMAIL)
    with pytest.raises(Unauthorized):
        other.bearer(token)


def test_nobody_gets_in_before_there_is_a_user(tmp_path):
    empty = Accounts.beside(tmp_path)
    for attempt in (
        lambda: empty.log_in(EMAIL, "pw"),
        lambda: empty.bearer("Bearer x.y.z"),
        lambda: empty.refresh("x"),
        lambda: empty.api_key(EMAIL),
        lambda: empty.bearer("Bearer " + jwt.encode({"email": EMAIL}, "k" * 32, algorithm="HS256")),
    ):
        with pytest.raises(Unauthorized):
            attempt()


@pytest.mark.parametrize(("email", "password"), [("nobody", "pw"), (EMAIL, "")])
def test_a_user_needs_an_address_and_a_password(accounts, email, password):
    with pytest.raises(BadRequest):
        accounts.add_user(email, password)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", json.dumps({"key": "k"}), json.dumps({"key": "k", "users": [1]})]
)
def test_a_damaged_file_is_an_error_and_left_alone(accounts, content):
    accounts.path.write_text(content)
    with pytest.raises(StoreDamagedError, match=r"hub\.json"):
        accounts.users()
    assert accounts.path.read_text() == content


def test_a_name_is_what_was_said(accounts):
    assert accounts.name_of(EMAIL) == "Alice A"
    assert accounts.name_of("eve@example.test") == ""
