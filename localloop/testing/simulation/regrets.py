"""What people at simulated laptops take back: an action of the log, or a deletion; and who decides for them."""

from __future__ import annotations

from contextlib import suppress
from random import Random

from localloop.errors import Conflict, StoreError
from localloop.store import trash
from localloop.store.policies import Policy, Rule, set_policy
from localloop.store.undoing import actions, undo
from localloop.testing.simulation.founding import FOUNDING
from localloop.testing.simulation.laptop import Laptop


def regret(laptop: Laptop, random: Random) -> None:
    """Undo one of the last actions, or bring back something that was deleted; what is refused stays as it is.

    That the dataset was made is not undone: there would be no world to go on in.

    Args:
        laptop: Where.
        random: Decides.
    """
    with suppress(StoreError, Conflict):
        if random.random() < 0.6:
            with laptop.store.reading() as connection:
                found = [one for one in actions(connection, 5) if one.action != FOUNDING]
            if found:
                undo(laptop.store, random.choice(found).batch, force=random.random() < 0.3)
            return
        with laptop.store.reading() as connection:
            heaps = trash.contents(connection)
        if heaps:
            with laptop.store.transaction("restore") as tx:
                trash.restore(tx, random.choice(heaps))


def settle_disputes(laptop: Laptop, random: Random) -> None:
    """Let a policy decide conflicts on a laptop from here on.

    Args:
        laptop: Where.
        random: Decides which.
    """
    set_policy(laptop.store, Rule(random.choice([Policy.OURS, Policy.THEIRS, Policy.NEWEST])))
