"""The store: the one place that mutates, and the place to ask."""

from __future__ import annotations

from localloop.store.store import ANONYMOUS, Store
from localloop.store.transaction import Transaction

__all__ = ["ANONYMOUS", "Store", "Transaction"]
