"""How far a request is on its way through the proxy: for whoever wants to do something at that very point."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """A point on the way of a request. The value is how it is called in figures."""

    ASKED = "asked"
    SENT = "body on its way"
    ANSWERED = "answered, reply not passed on"
    REPLIED = "reply on its way"


@dataclass(frozen=True, slots=True)
class Moment:
    """A request at a point of its way.

    Attributes:
        stage: ``ASKED``: it came in, and the server knows nothing of it. ``SENT``: a piece of its body came in, and is
            passed on next. ``ANSWERED``: the server has done its work and answered, and the client has nothing of it.
            ``REPLIED``: the client was sent a piece of the reply.
        method: Its method.
        path: Its path, without the query.
        uploads: Whether it carries a file.
        size: How many bytes the piece had; 0 where there is none.
    """

    stage: Stage
    method: str
    path: str
    uploads: bool
    size: int = 0
