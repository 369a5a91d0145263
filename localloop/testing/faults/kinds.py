"""What can be made to go wrong: one name and one sentence each."""

from __future__ import annotations

from enum import Enum
from typing import Self


class Fault(Enum):
    """A way to fail. The value is its name in rules, logs and on the command line.

    Attributes:
        sentence: What the client meets, and what the server heard of it.
    """

    sentence: str

    def __new__(cls, name: str, sentence: str) -> Self:
        """A member: the name is the value, the sentence goes along."""
        member = object.__new__(cls)
        member._value_ = name
        member.sentence = sentence
        return member

    @classmethod
    def named(cls, name: str) -> Self:
        """The fault with a name.

        Args:
            name: The name.

        Raises:
            ValueError: There is none.
        """
        for one in cls:
            if one.value == name:
                return one
        raise ValueError(f"There is no fault {name!r}.")

    SERVER_ERROR = "server-error", "500 with a page of HTML; the request is not forwarded."
    BAD_GATEWAY = "bad-gateway", "502 with a page of HTML; the request is not forwarded."
    THROTTLED = "throttled", "429 without Retry-After; the request is not forwarded."
    THROTTLED_SECONDS = "throttled-seconds", "429 with Retry-After in seconds; the request is not forwarded."
    THROTTLED_DATE = "throttled-date", "429 with Retry-After as a date; the request is not forwarded."
    UNAUTHORIZED = "unauthorized", "401; the request is not forwarded."
    UNAUTHORIZED_MID_UPLOAD = (
        "unauthorized-mid-upload",
        "401 after the first bytes of a file, while the client still sends; the request is not forwarded.",
    )
    FORBIDDEN = "forbidden", "403; the request is not forwarded."
    NOT_FOUND = "not-found", "404 for something that is there; the request is not forwarded."
    REFRESH_REVOKED = "refresh-revoked", "401 for each attempt to renew a token; log-ins go through."
    DROP_BEFORE = "drop-before", "The connection ends without a reply; the request is not forwarded."
    DROP_AFTER = "drop-after", "The server does the work; the connection ends without its reply."
    SLOW = "slow", "The reply's first bytes come one by one, with pauses."
    TRUNCATED = "truncated", "The reply has the right Content-Length, but only half of its bytes come."
    WHOLE_FOR_RANGE = "whole-for-range", "200 with everything, where 206 with a range was asked for."
    RANGE_REFUSED = "range-refused", "416 for a range that is there; the request is not forwarded."
    CHANGED_CONTENT = "changed-content", "A range that does not begin at 0 holds the bytes of another file."
    DUPLICATE_ROWS = "duplicate-rows", "A page of a listing has one of its rows twice."
    MISSING_ROWS = "missing-rows", "A page of a listing lacks one of its rows."
    UNSTABLE_ORDER = "unstable-order", "The rows of a page come in another order."
    EMPTY_LISTING = "empty-listing", "200 with an empty page, where there are rows."
    CLOCK_AHEAD = "clock-ahead", "The server's clock, in Date and in the rows, is a day ahead."
    CLOCK_BEHIND = "clock-behind", "The server's clock, in Date and in the rows, is a day behind."


#: Answered by the proxy itself: status and message.
REFUSALS: dict[Fault, tuple[int, str]] = {
    Fault.SERVER_ERROR: (500, "Internal Server Error"),
    Fault.BAD_GATEWAY: (502, "Bad Gateway"),
    Fault.THROTTLED: (429, "Too many requests."),
    Fault.THROTTLED_SECONDS: (429, "Too many requests."),
    Fault.THROTTLED_DATE: (429, "Too many requests."),
    Fault.UNAUTHORIZED: (401, "The token is not accepted."),
    Fault.UNAUTHORIZED_MID_UPLOAD: (401, "The token is not accepted."),
    Fault.FORBIDDEN: (403, "You may not do this."),
    Fault.NOT_FOUND: (404, "Not found."),
    Fault.REFRESH_REVOKED: (401, "The refresh token was revoked."),
    Fault.RANGE_REFUSED: (416, "The range is not satisfiable."),
}

#: The refusals that are a page for people, as a machine on the way would send it.
PAGES = frozenset({Fault.SERVER_ERROR, Fault.BAD_GATEWAY})

#: Faults that change the rows of a reply.
ROWS = frozenset({Fault.DUPLICATE_ROWS, Fault.MISSING_ROWS, Fault.UNSTABLE_ORDER, Fault.EMPTY_LISTING})

#: By how many days each clock is wrong.
CLOCKS = {Fault.CLOCK_AHEAD: 1, Fault.CLOCK_BEHIND: -1}
