"""Bearer tokens: JWTs, read but not verified, as only the platform can (docs/platform/wire.md, 1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jwt

#: A token is renewed this long before it expires: a tenth of its life, within these bounds, in seconds.
_SOONEST, _LATEST = 300.0, 60.0


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and what it says of itself.

    Attributes:
        text: The token as it is sent; secret.
        expires: When it ends, in seconds since the epoch; 0 when it does not say, which counts as expired.
        issued: When it began; 0 when it does not say.
        email: Whose it is; empty when it does not say.
    """

    text: str = field(repr=False)
    expires: float
    issued: float
    email: str

    @classmethod
    def read(cls, text: str) -> Token | None:
        """Decode a token.

        Args:
            text: What may be a token.

        Returns:
            The token, or None when it is not a JWT.
        """
        text = text.strip()
        try:
            claims = jwt.decode(text, options={"verify_signature": False})
        except (jwt.PyJWTError, UnicodeError):
            return None
        return cls(
            text, _number(claims.get("exp")), _number(claims.get("iat")), str(claims.get("email") or "")
        )

    def expired(self, now: float) -> bool:
        """Whether the platform would no longer take it.

        Args:
            now: Seconds since the epoch.

        Returns:
            True when it has ended.
        """
        return now >= self.expires

    def stale(self, now: float) -> bool:
        """Whether it is time to renew it.

        Args:
            now: Seconds since the epoch.

        Returns:
            True when it ends soon or has ended.
        """
        life = self.expires - self.issued if self.issued else 86400.0
        return now >= self.expires - min(_SOONEST, max(_LATEST, life / 10), life / 2)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
