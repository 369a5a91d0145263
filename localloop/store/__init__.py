"""The store: the one place that mutates, and the place to ask."""

# Without the future import of annotations, which would hide the module of that name.
from localloop.store.store import ANONYMOUS, Store
from localloop.store.transaction import Transaction

__all__ = ["ANONYMOUS", "Store", "Transaction"]
