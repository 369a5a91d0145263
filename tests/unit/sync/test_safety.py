"""When a deletion is too much to happen unasked."""

from __future__ import annotations

import pytest

from localloop_sync.core.safety import Limits, too_many


@pytest.mark.parametrize(
    ("deletions", "total", "halts"),
    [
        pytest.param(0, 0, False, id="nothing of nothing"),
        pytest.param(20, 20, False, id="a small collection may be emptied"),
        pytest.param(21, 21, True, id="a larger one may not"),
        pytest.param(21, 100, True, id="many and a large share"),
        pytest.param(21, 210, False, id="many but no more than the share"),
        pytest.param(22, 210, True, id="one more than the share"),
        pytest.param(500, 100_000, False, id="many of very many"),
        pytest.param(20, 30, False, id="a large share but few"),
    ],
)
def test_both_limits_must_be_passed(deletions, total, halts):
    assert too_many(deletions, total, Limits()) is halts


def test_limits_can_be_set():
    assert too_many(1, 10, Limits(share=0, count=0))
    assert not too_many(10, 10, Limits(share=1, count=0))
