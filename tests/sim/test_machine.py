"""Hypothesis decides what happens in the simulated world, and makes what fails as short as it can."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from localloop.testing.simulation import Foundry, PowerCut, Shape, World
from localloop.testing.simulation.checks import no_twins, sound

_BEGINNINGS = tempfile.TemporaryDirectory(prefix="localloop-beginnings-")
_FOUNDRY = Foundry(Path(_BEGINNINGS.name))

WHO = st.integers(0, 1)


class Machine(RuleBasedStateMachine):
    """Two laptops, a colleague, and weather that changes when the machine says so."""

    world: World

    @initialize(seed=st.integers(0, 1000), roughness=st.sampled_from([0.0, 1.0, 2.0]))
    def begin(self, seed, roughness):
        shape = Shape(
            laptops=2,
            apart=False,
            feed=False,
            marks=True,
            steps=0,
            roughness=roughness,
            skew=24,
            page=2,
            guarded=False,
            busy=False,
        )
        self.world = World(seed, _FOUNDRY, shape)

    @rule(who=WHO)
    def edit(self, who):
        laptop = self.world.laptops[who]
        laptop.act(lambda: self.world.editor.edit(laptop))

    @rule(who=WHO)
    def work(self, who):
        laptop = self.world.laptops[who]
        laptop.act(lambda: self.world.editor.work(laptop))

    @rule(who=WHO)
    def sync(self, who):
        self.world.sync(self.world.laptops[who])

    @rule(who=WHO)
    def resolve(self, who):
        laptop = self.world.laptops[who]
        laptop.act(lambda: self.world.editor.decide(laptop, 1))

    @rule(who=WHO, after=st.integers(1, 40))
    def sync_until_the_power_fails(self, who, after):
        laptop = self.world.laptops[who]
        left = iter(range(after))

        def meanwhile():
            if next(left, None) is None:
                raise PowerCut("here")

        laptop.remote.meanwhile = meanwhile
        laptop.sync()
        laptop.remote.meanwhile = None

    @rule()
    def somebody_else_edits(self):
        self.world.colleague.act()

    @rule(stormy=st.booleans())
    def the_weather_changes(self, stormy):
        if stormy:
            self.world.begin()
        else:
            self.world.calm()

    @invariant()
    def every_store_is_sound(self):
        for laptop in self.world.laptops:
            sound(laptop)

    @invariant()
    def nothing_is_there_twice(self):
        no_twins(self.world.platform)

    def teardown(self):
        if not hasattr(self, "world"):
            return
        with self.world as world:
            world.calm()
            world.settle()
            world.check()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=int(os.environ.get("LOCALLOOP_MACHINE_EXAMPLES", "6")),
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
