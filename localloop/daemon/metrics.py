"""The daemon's figures for Prometheus, on loopback (Prometheus text format 0.0.4)."""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from localloop.daemon.health import Health, State

_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LOOPBACK: Final = "127.0.0.1"

_Sample = tuple[dict[str, str], float]


def rendered(health: Health) -> str:
    """The figures as text.

    Args:
        health: How the daemon is.
    """
    lines: list[str] = []
    for name, kind, text, samples in _figures(health):
        lines += [f"# HELP localloop_{name} {text}", f"# TYPE localloop_{name} {kind}"]
        lines += [f"localloop_{name}{_labels(labels)} {value:.17g}" for labels, value in samples]
    return "\n".join([*lines, ""])


def _figures(health: Health) -> Iterator[tuple[str, str, str, Iterable[_Sample]]]:
    def one(value: float) -> list[_Sample]:
        return [({}, value)]

    yield "info", "gauge", "The program.", [({"version": health.version}, 1)]
    states: list[_Sample] = [({"state": state.value}, float(state is health.state)) for state in State]
    yield "state", "gauge", "What the sync loop does: 1 for the state it is in.", states
    yield (
        "started_seconds",
        "gauge",
        "When the daemon started, since the epoch.",
        one(_seconds(health.started)),
    )
    if health.last_sync:
        text = "When the last sync came to its end, since the epoch."
        yield "last_sync_seconds", "gauge", text, one(_seconds(health.last_sync))
    yield "last_exit_code", "gauge", "What the last sync would have ended with.", one(health.code)
    yield "syncs_total", "counter", "Syncs that came to their ends.", one(health.syncs)
    yield "sync_failures_total", "counter", "Syncs that did not.", one(health.failures)
    yield "sent_bytes_total", "counter", "Bytes of contents that were sent.", one(health.sent_bytes)
    yield "fetched_bytes_total", "counter", "Bytes of contents that were fetched.", one(health.fetched_bytes)
    yield "unsent_edits", "gauge", "Edits that wait to be sent.", one(health.unsent)
    yield "resident_peak_bytes", "gauge", "The most memory the process had.", one(_peak())
    named = [({"folder": root.folder, "dataset": root.dataset}, root) for root in health.roots]
    taken = "Files that became items."
    yield "watch_added_total", "counter", taken, [(name, root.added) for name, root in named]
    yield (
        "watch_bytes_total",
        "counter",
        "Bytes that were taken.",
        [(name, root.bytes) for name, root in named],
    )
    waiting = "Files that somebody may still be writing to."
    yield "watch_waiting_files", "gauge", waiting, [(name, root.waiting) for name, root in named]
    problems = "Files that could not be taken."
    yield "watch_problem_files", "gauge", problems, [(name, len(root.problems)) for name, root in named]
    error = "Whether the folder cannot be watched at the moment."
    yield "watch_failing", "gauge", error, [(name, float(bool(root.error))) for name, root in named]
    polled = "Whether the folder is polled, since it has no events."
    yield (
        "watch_polled",
        "gauge",
        polled,
        [(name, float(root.watched_by != "events")) for name, root in named],
    )


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    escaped = {
        name: value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _peak() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) counts bytes there, else KiB
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


class MetricsServer:
    """Serves the figures at ``/metrics``, and at ``/healthz`` whether all is well.

    Args:
        port: The port; 0 for any free one.
        health: How the daemon is.

    Raises:
        OSError: The port is taken.
    """

    def __init__(self, port: int, health: Callable[[], Health]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                now = health()
                if self.path == "/metrics":
                    self._answer(HTTPStatus.OK, rendered(now))
                elif self.path == "/healthz":
                    bad = now.state is State.ATTENTION or any(root.error for root in now.roots)
                    code = HTTPStatus.SERVICE_UNAVAILABLE if bad else HTTPStatus.OK
                    self._answer(code, f"{now.state.value}\n")
                else:
                    self._answer(HTTPStatus.NOT_FOUND, "There are /metrics and /healthz.\n")

            def _answer(self, code: HTTPStatus, text: str) -> None:
                body = text.encode()
                self.send_response(code)
                self.send_header("Content-Type", _TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
                """Nobody wants a line for each look at the figures."""

        self._server = ThreadingHTTPServer((_LOOPBACK, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    @property
    def url(self) -> str:
        """Where they are served."""
        return f"http://{_LOOPBACK}:{self._server.server_address[1]}/metrics"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
