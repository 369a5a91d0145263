"""The file of accounts: what is in it, read and written whole.

It holds password hashes and the signing key, so it is readable by its owner alone. Of an API key it holds that
there is one, never the key.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localloop.errors import StoreDamagedError


@dataclass(frozen=True, slots=True)
class User:
    """One account.

    Attributes:
        email: Who.
        password_hash: What the password is checked against.
        name: What people call them; may be empty.
        epoch: Stands in every token of the user. Another one makes all tokens from before worthless.
    """

    email: str
    password_hash: str
    name: str = ""
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """That there is an API key. The key itself is shown once, and kept by nobody here.

    Attributes:
        id: Its id, which stands in the key too.
        user: Whose it is.
        description: What it is for.
        created: When it was made, in seconds since 1970.
        expires: Until when it is valid, in seconds since 1970.
    """

    id: str
    user: str
    description: str
    created: int
    expires: int


@dataclass(frozen=True, slots=True)
class State:
    """The file's content.

    Attributes:
        key: What tokens are signed with; empty until there is something to keep.
        users: Accounts by folded e-mail.
        keys: API keys that are not revoked, by id.
        owner_key: The id of the key of the store's own account, on a gateway.
    """

    key: str = ""
    users: Mapping[str, User] = field(default_factory=dict)
    keys: Mapping[str, ApiKey] = field(default_factory=dict)
    owner_key: str = ""

    def to_json(self) -> dict[str, Any]:
        """The file's JSON."""
        return {
            "key": self.key,
            "users": {
                user.email: {"hash": user.password_hash, "name": user.name, "epoch": user.epoch}
                for user in self.users.values()
            },
            "keys": {
                key.id: {
                    "user": key.user,
                    "description": key.description,
                    "created": key.created,
                    "expires": key.expires,
                }
                for key in self.keys.values()
            },
            "owner_key": self.owner_key,
        }

    @classmethod
    def of_json(cls, content: Any) -> State:
        """The content of a file; older ones know neither epochs nor keys.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: It is no such file.
        """
        users = {
            email.casefold(): User(
                email=email,
                password_hash=entry["hash"],
                name=entry.get("name", ""),
                epoch=entry.get("epoch", ""),
            )
            for email, entry in content["users"].items()
        }
        keys = {key_id: ApiKey(id=key_id, **entry) for key_id, entry in content.get("keys", {}).items()}
        return cls(key=content["key"], users=users, keys=keys, owner_key=content.get("owner_key", ""))


def parse(path: Path, data: bytes) -> State:
    """The content of a file.

    Raises:
        StoreDamagedError: It is not readable.
    """
    try:
        return State.of_json(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreDamagedError(
            f"{path} is not a readable list of accounts.",
            advice="Restore it from a copy, or remove it and add the users again.",
        ) from error


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read: whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
