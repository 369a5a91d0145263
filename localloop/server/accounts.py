"""A server's accounts: who may log in, kept in ``hub.json`` beside ``store.db``.

A gateway has one more user than the file names: the store's own account, whose password is a key that lies in a
file of its own beside the store.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from filelock import FileLock

from localloop.errors import BadRequest, Conflict, NotFound, Unauthorized
from localloop.server.access import StoreOwner
from localloop.server.accounts_file import ApiKey, State, User, parse, write_private
from localloop.server.tokens import LIFETIME, TokenType, read, sign

FILE = "hub.json"

#: The key of the store's own account, on a gateway.
KEY_FILE = "gateway.key"

#: How many API keys a user may have (docs/platform/wire.md, 1.2).
MAX_KEYS = 10

#: A gateway's key is made anew when less than this part of its life is left.
_RENEWED = 0.5


class Accounts:
    """Users, and the tokens they are given. Threads and processes may share the file.

    An e-mail is the same user in any case of letters. A change of the file by another process (a user added
    or removed from the command line) is seen at the next request.

    Args:
        path: The file; made at the first user.
        owner: The e-mail of the store's own account, on a gateway: it may do everything in the store, and
            its key is as good as a password. None on a hub.
        now: The time; the machine's by default.
        hasher: How passwords are hashed; argon2id with the library's recommended cost by default.
    """

    def __init__(
        self,
        path: Path,
        *,
        owner: str | None = None,
        now: Callable[[], datetime] | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self.path = path
        self.owner = owner
        self._now = now or (lambda: datetime.now(UTC))
        self._hasher = hasher or PasswordHasher()
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        # One attribute, so that no thread ever sees the mark of one file with the content of another.
        self._read: tuple[tuple[int, int, int] | None, State] = (None, State())
        # Verified against when there is no such user, so that both answers take the same time.
        self._decoy = self._hasher.hash(secrets.token_hex(16))

    @classmethod
    def beside(cls, store: Path, **options: Any) -> Self:
        """The accounts of the store in a directory."""
        return cls(store / FILE, **options)

    def add_user(self, email: str, password: str, *, name: str = "") -> bool:
        """Add a user, or give an existing one a new password, which makes their tokens from before worthless.

        Args:
            email: Who.
            password: The new password. The one they have already changes nothing.
            name: What people call them; empty leaves what was said before.

        Returns:
            Whether there was no such user.

        Raises:
            BadRequest: The e-mail or the password is empty.
        """
        if "@" not in email.strip("@") or email != email.strip() or not email.isprintable() or not password:
            raise BadRequest("400", "A user needs an e-mail address and a password.")
        with self._lock:
            state = self._load()
            known = state.users.get(email.casefold())
            if known is not None and self._knows(known, password):
                user = replace(known, name=name or known.name)
            else:
                user = User(
                    email=known.email if known else email,
                    password_hash=self._hasher.hash(password),
                    name=name or (known.name if known else ""),
                    epoch=secrets.token_hex(8),
                )
            if user != known:
                self._save(replace(state, users={**state.users, email.casefold(): user}))
            return known is None

    def remove_user(self, email: str) -> bool:
        """Remove a user, whose tokens and keys are then refused. Returns whether there was one."""
        with self._lock:
            state = self._load()
            if email.casefold() not in state.users:
                return False
            users = {key: user for key, user in state.users.items() if key != email.casefold()}
            keys = {one.id: one for one in state.keys.values() if not _same(one.user, email)}
            self._save(replace(state, users=users, keys=keys))
            return True

    def users(self) -> list[User]:
        """All users, by e-mail."""
        return sorted(self._load().users.values(), key=lambda user: user.email)

    def name_of(self, email: str) -> str:
        """What people call a user; empty when nobody said, or there is no such user."""
        user = self._load().users.get(email.casefold())
        return user.name if user else ""

    def log_in(self, email: str, password: str) -> dict[str, str]:
        """Tokens for who knows the password, or has the key of the store's own account.

        Takes as long as a password hash takes, so it does not belong on an event loop.

        Returns:
            ``id_token``, ``access_token`` and ``refresh_token`` (docs/platform/wire.md, 1.3).

        Raises:
            Unauthorized: There is no such user, or this is not the password; which of the two is not said.
        """
        state = self._load()
        user = state.users.get(email.casefold())
        if user is None or not self._knows(user, password):
            if user is None:
                self._knows(None, password)
            user = self._with_key(state, email, password)
        if user is None:
            raise Unauthorized("401", "Wrong e-mail or password.")
        token = self._sign(state, TokenType.ACCESS, user)
        refresh = self._sign(state, TokenType.REFRESH, user)
        return {"id_token": token, "access_token": token, "refresh_token": refresh}

    def refresh(self, token: str) -> dict[str, str]:
        """A new access token for a refresh token, which stays valid.

        Raises:
            Unauthorized: It is none of ours, has expired, or its user is gone.
        """
        state = self._load()
        user = self._user(state, token, TokenType.REFRESH)
        access = self._sign(state, TokenType.ACCESS, user)
        return {"id_token": access, "access_token": access, "refresh_token": token}

    def api_key(self, email: str, description: str = "") -> tuple[ApiKey, str]:
        """A new API key for a user: what is kept of it, and the JWT, which is not kept.

        Raises:
            Unauthorized: There is no such user.
            Conflict: The user has as many as one may have.
        """
        with self._lock:
            state = self._load()
            user = self._named(state, email)
            if user is None:
                raise Unauthorized("401", "There is no such user.")
            now = self._now()
            valid = {one.id: one for one in state.keys.values() if one.expires > now.timestamp()}
            if sum(_same(one.user, email) for one in valid.values()) >= MAX_KEYS:
                raise Conflict("409", f"A user may have {MAX_KEYS} API keys. Revoke one first.")
            made = ApiKey(
                id=secrets.token_hex(12),
                user=user.email,
                description=description,
                created=int(now.timestamp()),
                expires=int((now + LIFETIME[TokenType.API_KEY]).timestamp()),
            )
            state = self._save(replace(state, keys={**valid, made.id: made}))
        return made, sign(
            state.key, TokenType.API_KEY, user.email, now=now, token_id=made.id, epoch=user.epoch
        )

    def api_keys(self, email: str) -> list[ApiKey]:
        """The API keys of a user, oldest first; those that have expired are gone."""
        now = self._now().timestamp()
        mine = [one for one in self._load().keys.values() if _same(one.user, email) and one.expires > now]
        return sorted(mine, key=lambda one: (one.created, one.id))

    def revoke_key(self, email: str, key_id: str) -> None:
        """Take an API key back; it is refused from then on.

        Raises:
            NotFound: The user has no such key.
        """
        with self._lock:
            state = self._load()
            found = state.keys.get(key_id)
            if found is None or not _same(found.user, email):
                raise NotFound("404", f"API key not found. Id: {key_id!r}")
            keys = {one.id: one for one in state.keys.values() if one.id != key_id}
            self._save(replace(state, keys=keys))

    def bearer(self, authorization: str) -> str:
        """Whose bearer token an ``Authorization`` header carries.

        Returns:
            The user's e-mail; on a gateway, that of the store's own account is a :class:`StoreOwner`.

        Raises:
            Unauthorized: It carries none, or none that is accepted.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.casefold() != "bearer" or not token.strip():
            raise Unauthorized("401", "Log in first: the request carries no bearer token.")
        kinds = (TokenType.ACCESS, TokenType.API_KEY, TokenType.OWNER_KEY)
        email = self._user(self._load(), token.strip(), *kinds).email
        return StoreOwner(self.owner) if self.owner and _same(email, self.owner) else email

    def owner_key(self) -> Path:
        """The file with the key of the store's own account, made when there is none that is good for long.

        Removing the file and asking again makes another key, and the one before worthless.

        Raises:
            ValueError: This is no gateway.
        """
        if not self.owner:
            raise ValueError("only a gateway has a key of its own")
        path = self.path.with_name(KEY_FILE)
        with self._lock:
            state = self._load()
            if not self._good(state, path):
                state = self._save(replace(state, owner_key=secrets.token_hex(12)))
                key = sign(
                    state.key,
                    TokenType.OWNER_KEY,
                    self.owner,
                    now=self._now(),
                    token_id=state.owner_key,
                    epoch=state.owner_key,
                )
                write_private(path, f"{key}\n")
            path.chmod(0o600)
        return path

    def owner_tokens(self) -> dict[str, str]:
        """What a client of the store's own account is to keep: the key as its token, and a refresh token.

        Raises:
            ValueError: This is no gateway.
        """
        key = self.owner_key().read_text(encoding="ascii").strip()
        state = self._load()
        user = self._user(state, key, TokenType.OWNER_KEY)
        return {"email": user.email, "token": key, "refresh": self._sign(state, TokenType.REFRESH, user)}

    def _good(self, state: State, path: Path) -> bool:
        """Whether the key in a file is accepted, and will be for long."""
        try:
            claims = read(state.key, path.read_text(encoding="ascii").strip(), TokenType.OWNER_KEY)
        except (OSError, ValueError, Unauthorized):
            return False
        left = claims["exp"] - self._now().timestamp()
        return (
            bool(state.owner_key)
            and claims["epoch"] == state.owner_key
            and _same(claims["email"], self.owner or "")
            and left > LIFETIME[TokenType.OWNER_KEY].total_seconds() * _RENEWED
        )

    def _knows(self, user: User | None, password: str) -> bool:
        """Whether a password is a user's; takes the same time when there is no such user."""
        try:
            self._hasher.verify(user.password_hash if user else self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return user is not None

    def _with_key(self, state: State, email: str, password: str) -> User | None:
        """The store's own account, when the password is its key."""
        if not self.owner or not _same(email, self.owner):
            return None
        try:
            return self._user(state, password, TokenType.OWNER_KEY)
        except Unauthorized:
            return None

    def _user(self, state: State, token: str, *kinds: TokenType) -> User:
        """Whose valid token this is.

        Raises:
            Unauthorized: It is none, or none any more.
        """
        if not state.key:
            raise Unauthorized("401", "There is no such user any more.")
        claims = read(state.key, token, *kinds)
        email, kind, epoch = str(claims["email"]), claims["type"], claims.get("epoch", "")
        owner, user = self._owner(state, email), state.users.get(email.casefold())
        if kind == TokenType.API_KEY and claims.get("jti") not in state.keys:
            raise Unauthorized("401", "The API key was revoked.")
        # A new password does not take API keys back: each is revoked by itself.
        if owner is not None and (epoch == owner.epoch or (kind == TokenType.API_KEY and user is None)):
            return owner
        if user is None or kind == TokenType.OWNER_KEY:
            raise Unauthorized("401", "There is no such user any more.")
        if epoch != user.epoch and kind != TokenType.API_KEY:
            raise Unauthorized("401", "The password has changed since. Log in again.")
        return user

    def _owner(self, state: State, email: str) -> User | None:
        """The store's own account, when that is its e-mail."""
        if not self.owner or not state.owner_key or not _same(email, self.owner):
            return None
        return User(email=self.owner, password_hash="", epoch=state.owner_key)

    def _named(self, state: State, email: str) -> User | None:
        return state.users.get(email.casefold()) or self._owner(state, email)

    def _sign(self, state: State, kind: TokenType, user: User) -> str:
        # What the store's own account keeps in a file is to last as long as its key.
        owned = kind is TokenType.REFRESH and bool(user.epoch) and user.epoch == state.owner_key
        lifetime = LIFETIME[TokenType.OWNER_KEY] if owned else LIFETIME[kind]
        return sign(
            state.key,
            kind,
            user.email,
            now=self._now(),
            token_id=secrets.token_hex(12),
            epoch=user.epoch,
            lifetime=lifetime,
        )

    def _load(self) -> State:
        """The file's content, read again only when it has changed."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return State()
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        known, state = self._read
        if seen != known:
            state = parse(self.path, self.path.read_bytes())
            self._read = seen, state
        return state

    def _save(self, state: State) -> State:
        state = state if state.key else replace(state, key=secrets.token_hex(32))
        write_private(self.path, json.dumps(state.to_json(), indent=1))
        return state


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
