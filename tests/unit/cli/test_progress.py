"""What a log says of large transfers, and how numbers look at a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from localloop.cli import progress
from localloop_sync.report import Phase


def test_a_log_has_a_line_for_each_tenth_of_a_large_transfer(capsys):
    with progress.sync_progress(quiet=False) as shown:
        shown.phase(Phase.PUSH)
        for done in range(0, 100_000_001, 1_000_000):
            shown.transfer("sending", done, 100_000_000)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Sending what changed here."
    assert lines[1] == "  sending: 10.0 MB/100.0 MB"
    assert lines[-1] == "  sending: 100.0 MB/100.0 MB"
    assert len(lines) == 11


def test_and_none_for_small_ones(capsys):
    with progress.sync_progress(quiet=False) as shown:
        for done in (0, 500, 1000):
            shown.transfer("sending", done, 1000)
            shown.advance("items: create", done, 1000)
    assert capsys.readouterr().err == ""


def test_a_bar_tells_bytes_as_people_read_them():
    bars = progress._bars()
    shown = progress._Bars(bars)
    shown.phase(Phase.PUSH)
    shown.advance("items: create", 0, 3)
    shown.transfer("sending", 1_500_000, 5_000_000_000)
    screen = io.StringIO()
    Console(file=screen, width=100).print(bars.get_renderable())
    assert "1.5 MB/5.0 GB" in screen.getvalue()
    assert "0/3" in screen.getvalue()
