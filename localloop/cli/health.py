"""How a daemon is, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from localloop.cli import human

if TYPE_CHECKING:
    from localloop.daemon.health import Health, RootHealth


def lines_of(how: Health, now: str) -> Iterator[str]:
    """How a daemon is, for people.

    Args:
        how: How it is.
        now: The time, as ISO-8601 text.
    """
    yield f"Daemon    process {how.pid}, for {human.age(how.started, now)}: {how.state.value}"
    if how.text:
        yield f"          {how.text}"
    if how.last_sync:
        sent, fetched = human.size(how.sent_bytes), human.size(how.fetched_bytes)
        yield f"Synced    {human.age(how.last_sync, now)} ago; sent {sent}, fetched {fetched} since it runs"
    if how.metrics:
        yield f"Metrics   {how.metrics}"
    for root in how.roots:
        yield from _lines_of_root(root)


def _lines_of_root(root: RootHealth) -> Iterator[str]:
    place = f"{root.dataset}{root.to}" if root.to.strip("/") else root.dataset
    yield f"Watches   {root.folder} into {place}"
    counts = [human.count(root.added, "file") + f" added ({human.size(root.bytes)})"]
    counts += [f"{human.count(root.moved, 'item')} moved"] if root.moved else []
    counts += [f"{human.count(root.replaced, 'item')} with new content"] if root.replaced else []
    counts += [f"{human.count(root.gone, 'file')} gone"] if root.gone else []
    counts += [f"{human.count(root.deleted, 'item')} deleted"] if root.deleted else []
    counts += [f"{human.count(root.written, 'file')} written"] if root.written else []
    counts += [f"{human.count(root.arranged, 'file')} moved"] if root.arranged else []
    counts += [f"{human.count(root.removed, 'file')} removed"] if root.removed else []
    counts += [f"{human.count(root.waiting, 'file')} being written"] if root.waiting else []
    yield f"          {', '.join(counts)}"
    if root.polled_because:
        yield f"          is polled, since {root.polled_because}"
    if root.error:
        yield f"          {root.error}"
    for path, reason in root.problems.items():
        yield f"          not taken: {path}: {reason}"
