"""A proxy that makes any server fail on purpose, the same way each time: docs/guides/testing-with-faults.md.

A client that is pointed at the proxy instead of the server meets refusals, lost replies, cut-off bodies, wrong
pages and wrong clocks, as a schedule says. Nothing here needs more than LocalLoop itself.
"""

from localloop.testing.faults.kinds import Fault
from localloop.testing.faults.moments import Moment, Stage
from localloop.testing.faults.proxy import Event, FaultProxy
from localloop.testing.faults.schedule import SCHEDULES, Rule, Schedule

__all__ = ["SCHEDULES", "Event", "Fault", "FaultProxy", "Moment", "Rule", "Schedule", "Stage"]
