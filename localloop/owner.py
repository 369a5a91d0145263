"""Which account of which platform a store is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from localloop.errors import OtherAccountHalt


@dataclass(frozen=True, slots=True)
class Owner:
    """The account that a store belongs to, or, before its first sync, the one that logged in for it.

    Attributes:
        gate: The gate; None when nobody has logged in for the store.
        account: The e-mail; None when any account at the gate will do.
        claimed: Whether the store was synced, and so belongs to the account for ever.
    """

    gate: str | None
    account: str | None
    claimed: bool

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Read it.

        Args:
            settings: The store's settings.
        """
        gate, account = settings.get("gate"), settings.get("account")
        if gate and account:
            return cls(gate, account, claimed=True)
        return cls(
            gate or settings.get("login_gate"), account or settings.get("login_account"), claimed=False
        )

    def account_at(self, gate: str) -> str | None:
        """Whose tokens the store uses at a gate.

        Args:
            gate: The gate.

        Returns:
            The e-mail; None at another gate than the store's, or when any account will do.
        """
        return self.account if gate == self.gate else None

    def refuse_other(self, gate: str, email: str | None, *, advice: str) -> None:
        """Make sure that a log-in is the owner's: another account's would mix its data with the store's.

        Args:
            gate: The gate of the log-in.
            email: Its account; None for whichever it turns out to be.
            advice: What to do when it is another one.

        Raises:
            OtherAccountHalt: The store belongs to another gate or account.
        """
        if not self.claimed or (gate == self.gate and email in (None, self.account)):
            return
        raise OtherAccountHalt(
            f"This store belongs to {self.account} at {self.gate}, not to {email or 'an account'} at {gate}.",
            advice=advice,
        )


def chosen(gate: str, email: str) -> dict[str, str]:
    """What a store keeps of a log-in for it.

    Args:
        gate: The gate.
        email: The account.

    Returns:
        The settings to set.
    """
    return {"login_gate": gate, "login_account": email}
