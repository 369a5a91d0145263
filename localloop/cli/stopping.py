"""Ctrl-C and SIGTERM end a command in an orderly way, and at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STOPPING = frozenset({signal.SIGINT, signal.SIGTERM})
#: How long the main thread has to hear of a signal by itself, in seconds.
_HEARS_WITHIN = 0.1


@contextmanager
def stoppable(asked: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Have SIGTERM end the block as Ctrl-C does: with ``KeyboardInterrupt``, even in the middle of waiting.

    Python runs handlers between two instructions of the main thread. A signal that arrives after the last of them
    and before a system call that waits does not interrupt that call: it would be heard when the call is through,
    minutes later. So a thread that is woken by the same signal (``signal.set_wakeup_fd``) interrupts the call with
    a signal that means nothing else, until the handler has run.

    Args:
        asked: Called when the signal is heard, before the block ends.
    """
    heard = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal heard
        heard = True
        asked()
        raise KeyboardInterrupt

    def watch() -> None:
        while numbers := os.read(reader, 64):
            if _STOPPING.isdisjoint(numbers):
                continue
            time.sleep(_HEARS_WITHIN)
            while not heard:
                signal.pthread_kill(main, signal.SIGURG)
                time.sleep(_HEARS_WITHIN)

    main = threading.get_ident()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    watcher = threading.Thread(target=watch, name="signals", daemon=True)
    watcher.start()
    handlers = {signal.SIGTERM: stop, signal.SIGURG: _mean_nothing}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # who started us may want it ignored
        handlers[signal.SIGINT] = stop
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        heard = True
        signal.set_wakeup_fd(fd)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)
        watcher.join()
        os.close(reader)


def _mean_nothing(_number: int, _frame: object) -> None:
    """It is enough that the system call ended."""
