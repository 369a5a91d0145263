"""Hypothesis profiles, chosen by ``HYPOTHESIS_PROFILE``.

===================  ==============================================================================
``dev`` (default)    explores: other examples each time, and remembers what failed
``ci``               the same examples each time: a merge is judged on its own change, not on luck
``deterministic``    few examples and always the same, for bisecting
===================  ==============================================================================

Tests whose examples are costly set their own number, which stands in every profile.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

settings.register_profile("dev", deadline=None)
# Half of the examples: they are the same in every run, and each commit waits for them.
settings.register_profile(
    "ci", deadline=None, derandomize=True, database=None, print_blob=True, max_examples=50
)
settings.register_profile(
    "deterministic", deadline=None, derandomize=True, database=None, print_blob=True, max_examples=20
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_configure() -> None:
    """Let the processes that tests start hear Ctrl-C: a shell's background job ignores it, and hands that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
