"""A hub's accounts: who may log in, kept in ``hub.json`` beside ``store.db``.

The file holds password hashes and the signing key, so it is readable by its owner alone and always
written whole.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from filelock import FileLock

from localloop.errors import BadRequest, StoreDamagedError, Unauthorized
from localloop.server.tokens import TokenType, read, sign

FILE = "hub.json"


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    email: str
    password_hash: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class _State:
    key: str
    users: Mapping[str, User]

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "users": {
                user.email: {"hash": user.password_hash, "name": user.name} for user in self.users.values()
            },
        }


class Accounts:
    """Users, and the tokens they are given. Threads and processes may share the file.

    An e-mail is the same user in any case of letters. A change of the file by another process (a user added
    or removed from the command line) is seen at the next request.

    Args:
        path: The file; made at the first user.
        now: The time; the machine's by default.
        hasher: How passwords are hashed; argon2id with the library's recommended cost by default.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime] | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self.path = path
        self._now = now or (lambda: datetime.now(UTC))
        self._hasher = hasher or PasswordHasher()
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        self._seen: tuple[int, int, int] | None = None
        self._state = _State(key="", users={})
        # Verified against when there is no such user, so that both answers take the same time.
        self._decoy = self._hasher.hash(secrets.token_hex(16))

    @classmethod
    def beside(cls, store: Path, **options: Any) -> Self:
        """The accounts of the store in a directory."""
        return cls(store / FILE, **options)

    def add_user(self, email: str, password: str, *, name: str = "") -> None:
        """Add a user, or give an existing one a new password.

        Args:
            email: Who.
            password: The new password.
            name: What people call them.

        Raises:
            BadRequest: The e-mail or the password is empty.
        """
        if "@" not in email or not password:
            raise BadRequest("400", "A user needs an e-mail address and a password.")
        user = User(email=email, password_hash=self._hasher.hash(password), name=name)
        with self._lock:
            state = self._load()
            self._save(replace(state, users={**state.users, email.casefold(): user}))

    def remove_user(self, email: str) -> bool:
        """Remove a user, whose tokens are then refused. Returns whether there was one."""
        with self._lock:
            state = self._load()
            if email.casefold() not in state.users:
                return False
            users = {key: user for key, user in state.users.items() if key != email.casefold()}
            self._save(replace(state, users=users))
            return True

    def users(self) -> list[User]:
        """All users, by e-mail."""
        return sorted(self._load().users.values(), key=lambda user: user.email)

    def name_of(self, email: str) -> str:
        """What people call a user; empty when nobody said, or there is no such user."""
        user = self._load().users.get(email.casefold())
        return user.name if user else ""

    def log_in(self, email: str, password: str) -> dict[str, str]:
        """Tokens for who knows the password.

        Takes as long as a password hash takes, so it does not belong on an event loop.

        Returns:
            ``id_token``, ``access_token`` and ``refresh_token`` (docs/platform/wire.md, 1.3).

        Raises:
            Unauthorized: There is no such user, or this is not the password; which of the two is not said.
        """
        state = self._load()
        user = state.users.get(email.casefold())
        try:
            self._hasher.verify(user.password_hash if user else self._decoy, password)
        except (VerificationError, InvalidHashError) as error:
            raise Unauthorized("401", "Wrong e-mail or password.") from error
        if user is None:
            raise Unauthorized("401", "Wrong e-mail or password.")
        token = self._sign(state, TokenType.ACCESS, user.email)
        refresh = self._sign(state, TokenType.REFRESH, user.email)
        return {"id_token": token, "access_token": token, "refresh_token": refresh}

    def refresh(self, token: str) -> dict[str, str]:
        """A new access token for a refresh token, which stays valid.

        Raises:
            Unauthorized: It is none of ours, has expired, or its user is gone.
        """
        state = self._load()
        user = self._user(state, token, TokenType.REFRESH)
        access = self._sign(state, TokenType.ACCESS, user.email)
        return {"id_token": access, "access_token": access, "refresh_token": token}

    def api_key(self, email: str) -> tuple[str, str]:
        """A new API key for a user: its id, and the JWT, which is not kept.

        Raises:
            Unauthorized: There is no such user.
        """
        state = self._load()
        user = state.users.get(email.casefold())
        if user is None:
            raise Unauthorized("401", "There is no such user.")
        key_id = secrets.token_hex(12)
        return key_id, sign(state.key, TokenType.API_KEY, user.email, now=self._now(), token_id=key_id)

    def bearer(self, authorization: str) -> str:
        """Whose bearer token an ``Authorization`` header carries.

        Returns:
            The user's e-mail.

        Raises:
            Unauthorized: It carries none, or none that is accepted.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.casefold() != "bearer" or not token.strip():
            raise Unauthorized("401", "Log in first: the request carries no bearer token.")
        return self._user(self._load(), token.strip(), TokenType.ACCESS, TokenType.API_KEY).email

    def _user(self, state: _State, token: str, *kinds: TokenType) -> User:
        claims = read(state.key, token, *kinds) if state.key else {"email": ""}
        user = state.users.get(str(claims["email"]).casefold())
        if user is None:
            raise Unauthorized("401", "There is no such user any more.")
        return user

    def _sign(self, state: _State, kind: TokenType, email: str) -> str:
        return sign(state.key, kind, email, now=self._now(), token_id=secrets.token_hex(12))

    def _load(self) -> _State:
        """The file's content, read again only when it has changed."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return _State(key="", users={})
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen != self._seen:
            self._state = self._parse(self.path.read_bytes())
            self._seen = seen
        return self._state

    def _parse(self, data: bytes) -> _State:
        try:
            content = json.loads(data)
            users = {
                email.casefold(): User(email=email, password_hash=entry["hash"], name=entry.get("name", ""))
                for email, entry in content["users"].items()
            }
            return _State(key=content["key"], users=users)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreDamagedError(
                f"{self.path} is not a readable list of accounts.",
                advice="Restore it from a copy, or remove it and add the users again.",
            ) from error

    def _save(self, state: _State) -> None:
        state = state if state.key else replace(state, key=secrets.token_hex(32))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(state.to_json(), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)
        directory = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
