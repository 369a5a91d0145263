"""Whatever people do on both sides of a mirror, and whenever the power is cut, nothing they wrote is lost."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localloop.watch.agreeing import Here, Side, Step, decide
from localloop.watch.memory import FILE
from tests.integration.watch.mirror import Pair

PATHS = ("a", "b", "x/a", "x/b")
_PATH = st.sampled_from(PATHS)
_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), _PATH),
        st.tuples(st.just("unlink"), _PATH),
        st.tuples(st.just("rename"), _PATH, _PATH),
        st.tuples(st.just("add"), _PATH),
        st.tuples(st.just("delete"), _PATH),
        st.tuples(st.just("move"), _PATH, _PATH),
        st.tuples(st.just("look")),
        st.tuples(st.just("glance")),
        st.tuples(st.just("restart")),
        st.tuples(st.just("forget")),
        st.tuples(st.just("power cut"), st.integers(1, 6)),
    ),
    max_size=14,
)


class PowerCut(BaseException):
    """The machine is switched off."""


class Players:
    """People at both sides. ``live`` is what they wrote and nobody took back."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.live: set[str] = set()
        self.number = 0

    def _new(self, instead_of: str | None) -> str:
        self.live.discard(instead_of or "")
        self.number += 1
        text = f"content {self.number}"
        self.live.add(text)
        return text

    def play(self, action: tuple) -> None:
        name, *words = action
        pair = self.pair
        if name == "write":
            pair.write(f"{words[0]}.txt", self._new(pair.files().get(f"{words[0]}.txt")))
        elif name == "add":
            pair.add(f"{words[0]}.txt", self._new(pair.items().get(f"{words[0]}.txt")))
        elif name == "unlink" and f"{words[0]}.txt" in pair.files():
            self.live.discard(pair.files()[f"{words[0]}.txt"])
            (pair.root / f"{words[0]}.txt").unlink()
        elif name == "delete" and f"{words[0]}.txt" in pair.items():
            self.live.discard(pair.items()[f"{words[0]}.txt"])
            pair.delete(f"{words[0]}.txt")
        elif name == "rename" and f"{words[0]}.txt" in pair.files() and f"{words[1]}.txt" not in pair.files():
            (pair.root / f"{words[1]}.txt").parent.mkdir(exist_ok=True)
            (pair.root / f"{words[0]}.txt").rename(pair.root / f"{words[1]}.txt")
        elif name == "move" and f"{words[0]}.txt" in pair.items() and f"{words[1]}.txt" not in pair.items():
            pair.move(f"{words[0]}.txt", f"{words[1]}.txt")
        elif name == "look":
            pair.look()
        elif name == "glance":
            pair.look(1, **{"": False, "x": False})
        elif name in {"restart", "forget"}:
            self._restart(forgetting=name == "forget")
        elif name == "power cut":
            self._power_cut(words[0])

    def _restart(self, *, forgetting: bool) -> None:
        self.pair.close()
        if forgetting:
            for path in self.pair.store.path.glob(f"{FILE}*"):
                path.unlink()
        self.pair.open()

    def _power_cut(self, number: int) -> None:
        """Switch the machine off before something is remembered."""
        remember, left = self.pair.taker.remember, [number]

        def cut(*words):
            left[0] -= 1
            if not left[0]:
                raise PowerCut
            remember(*words)

        self.pair.taker.remember = cut
        with suppress(PowerCut):
            self.pair.look()
        self._restart(forgetting=False)


@given(actions=_ACTIONS)
@example([("write", "a"), ("look",), ("unlink", "a"), ("move", "a", "b"), ("power cut", 1)])
@example([("write", "x/a"), ("look",), ("rename", "x/a", "a"), ("forget",)])
def test_both_sides_agree_in_the_end_and_nothing_that_anybody_wrote_is_lost(actions):
    with tempfile.TemporaryDirectory() as place:
        pair = Pair(Path(place))
        try:
            players = Players(pair)
            for action in actions:
                players.play(action)
            pair.close()
            pair.open(allow_deletions=True)  # so few files are soon all of them
            pair.settle()
            assert pair.files() == pair.items()
            there = Counter(pair.items().values())
            assert players.live <= set(there)
            if {"forget", "power cut"}.isdisjoint(action[0] for action in actions):
                # What is not remembered and renamed is taken for two files.
                assert {text: there[text] for text in players.live} == dict.fromkeys(players.live, 1)
        finally:
            pair.close()
            pair.store.close()


@pytest.mark.parametrize("here", list(Here))
@pytest.mark.parametrize("item", [None, Side("a", "1"), Side("a", "2"), Side("b", "1"), Side("b", None)])
@pytest.mark.parametrize("base", [None, Side("a", "1")])
def test_only_what_is_as_it_was_agreed_on_is_deleted(base, here, item):
    step = decide(base, here, item)
    if step is Step.DELETE:
        assert (here, item) == (Here.GONE, base)
    if step is Step.REMOVE:
        assert (here, item) == (Here.SAME, None)
    if step is Step.REPLACE:
        assert here is Here.SAME
    if here is Here.CHANGED:
        assert step in {Step.NOTHING, Step.KEEP_BOTH, Step.MOVE, Step.FORGET} or base is None
