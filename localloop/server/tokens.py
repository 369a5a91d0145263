"""Signed tokens: what is in them, and how they are checked.

All are JWTs, since clients read ``exp`` and ``email`` from them before every request (docs/platform/wire.md,
1.2).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import jwt

from localloop.errors import Unauthorized

ALGORITHM = "HS256"
ISSUER = "localloop"


class TokenType(StrEnum):
    """What a token is good for. One sort is never taken for another."""

    ACCESS = "access"
    REFRESH = "refresh"
    API_KEY = "api_key"
    #: The key of the account that a gateway's store belongs to.
    OWNER_KEY = "owner_key"


#: How long each sort is valid (docs/platform/wire.md, 1.2).
LIFETIME: dict[TokenType, timedelta] = {
    TokenType.ACCESS: timedelta(hours=24),
    TokenType.REFRESH: timedelta(days=30),
    TokenType.API_KEY: timedelta(days=365),
    TokenType.OWNER_KEY: timedelta(days=365),
}


def sign(
    key: str,
    kind: TokenType,
    email: str,
    *,
    now: datetime,
    token_id: str,
    epoch: str = "",
    lifetime: timedelta | None = None,
) -> str:
    """A new token.

    Args:
        key: The signing key.
        kind: What it is good for.
        email: Whose it is.
        now: When it starts.
        token_id: Its own id, so that two tokens of one second differ.
        epoch: What it must have in common with its user, later, to be accepted.
        lifetime: How long it is valid; that of its sort by default.

    Returns:
        The JWT.
    """
    claims = {
        "iss": ISSUER,
        "sub": email,
        "email": email,
        "type": kind.value,
        "jti": token_id,
        "epoch": epoch,
        "iat": int(now.timestamp()),
        "exp": int((now + (lifetime or LIFETIME[kind])).timestamp()),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def read(key: str, token: str, *kinds: TokenType) -> dict[str, Any]:
    """The claims of a token.

    Args:
        key: The signing key.
        token: The JWT.
        kinds: Which sorts are accepted.

    Returns:
        The claims.

    Raises:
        Unauthorized: It was not signed here, has expired, or is of another sort.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={"require": ["exp", "iat", "sub", "email", "type"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise Unauthorized("401", "The token has expired. Log in again.") from error
    except jwt.InvalidTokenError as error:
        raise Unauthorized("401", "The token is not valid here. Log in again.") from error
    if claims["type"] not in kinds:
        raise Unauthorized("401", "The token is not good for this. Log in again.")
    return claims
