"""Each fault, as a client that knows nothing of it meets it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from itertools import islice

import pytest
import requests

from localloop.testing.faults import Fault, Rule
from tests.unit.testing.upstream import FILE, PAGE, ROWS


def form(size=100_000):
    return {"files": {"type": (None, "file"), "file": ("a.bin", b"x" * size)}}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.SERVER_ERROR, 500),
        (Fault.BAD_GATEWAY, 502),
        (Fault.THROTTLED, 429),
        (Fault.THROTTLED_SECONDS, 429),
        (Fault.THROTTLED_DATE, 429),
        (Fault.UNAUTHORIZED, 401),
        (Fault.FORBIDDEN, 403),
        (Fault.NOT_FOUND, 404),
    ],
)
def test_a_refusal_has_its_status_and_the_server_never_hears_of_the_request(
    behind, upstream, session, fault, status
):
    proxy = behind(Rule(fault, times=1))
    assert session.post(f"{proxy.gate}/a", json={"x": 1}).status_code == status
    assert upstream.asked == []
    assert session.post(f"{proxy.gate}/a", json={"x": 1}).status_code == 200  # on the same connection
    assert [(one.fault, one.status) for one in proxy.log] == [(fault, status), (None, 200)]


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.BAD_GATEWAY])
def test_a_broken_server_answers_with_a_page(behind, session, fault):
    reply = session.get(behind(fault).gate)
    assert reply.headers["Content-Type"] == "text/html"
    assert reply.text.startswith("<html>")


def test_a_refusal_says_why_in_json(behind, session):
    reply = session.get(behind(Fault.FORBIDDEN).gate)
    assert reply.json() == {"status": 403, "message": "You may not do this."}


def test_each_way_of_throttling_says_or_does_not_say_when_to_come_back(behind, session):
    assert "Retry-After" not in session.get(behind(Fault.THROTTLED).gate).headers
    assert session.get(behind(Fault.THROTTLED_SECONDS).gate).headers["Retry-After"] == "1"
    reply = session.get(behind(Fault.THROTTLED_DATE).gate)
    until, now = (parsedate_to_datetime(reply.headers[name]) for name in ("Retry-After", "Date"))
    assert (until - now).total_seconds() in {1, 2}


def test_a_token_is_refused_while_a_file_is_on_its_way(behind, upstream, session):
    proxy = behind(Fault.UNAUTHORIZED_MID_UPLOAD)
    assert session.post(f"{proxy.gate}/up", **form()).status_code == 401
    assert session.post(f"{proxy.gate}/other", json={}).status_code == 200
    assert upstream.paths == ["/other"]


def test_a_path_can_be_forbidden_for_ever_while_others_are_not(behind, session):
    proxy = behind(Rule(Fault.FORBIDDEN, path="*/stream", times=1, stick=True))
    asked = ["/1/stream", "/2/stream", "/1/stream", "/2/stream", "/1/stream"]
    assert [session.get(proxy.gate + path).status_code for path in asked] == [403, 200, 403, 200, 403]


def test_only_renewals_of_tokens_are_refused_when_the_refresh_token_is_revoked(behind, upstream, session):
    proxy = behind(Fault.REFRESH_REVOKED)
    url = f"{proxy.gate}/token?default"
    assert session.post(url, json={"type": "refresh_token", "refresh_token": "r"}).status_code == 401
    assert session.post(url, json={"type": "user_credentials", "username": "a"}).status_code == 200
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(("fault", "heard"), [(Fault.DROP_BEFORE, 0), (Fault.DROP_AFTER, 1)])
def test_a_connection_ends_before_or_after_the_work(behind, upstream, session, fault, heard):
    proxy = behind(Rule(fault, times=1))
    with pytest.raises(requests.ConnectionError):
        session.post(f"{proxy.gate}/a", json={"x": 1})
    assert len(upstream.asked) == heard
    assert session.post(f"{proxy.gate}/a", json={"x": 1}).ok
    assert [one.status for one in proxy.log] == [0, 200]


def test_a_slow_reply_comes_byte_by_byte_and_is_whole(behind, session):
    pauses = []
    proxy = behind(Fault.SLOW, wait=pauses.append, pause=0.25)
    assert session.get(f"{proxy.gate}/stream").content == FILE
    assert pauses == [0.25] * 64


def test_a_truncated_reply_promises_everything_and_brings_half(behind, session):
    proxy = behind(Fault.TRUNCATED)
    reply = session.get(f"{proxy.gate}/stream", stream=True)
    assert reply.headers["Content-Length"] == str(len(FILE))
    pieces = reply.iter_content(512)
    brought = b"".join(islice(pieces, len(FILE) // 2 // 512))
    assert brought == FILE[: len(FILE) // 2]
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        next(pieces)


def test_a_range_can_be_ignored(behind, session):
    reply = session.get(f"{behind(Fault.WHOLE_FOR_RANGE).gate}/stream", headers={"Range": "bytes=100-"})
    assert (reply.status_code, reply.content) == (200, FILE)
    assert "Content-Range" not in reply.headers


def test_a_range_can_be_refused(behind, upstream, session):
    proxy = behind(Fault.RANGE_REFUSED)
    assert session.get(f"{proxy.gate}/stream", headers={"Range": "bytes=100-"}).status_code == 416
    assert session.get(f"{proxy.gate}/stream").content == FILE
    assert len(upstream.asked) == 1


def test_content_changes_between_chunks(behind, session):
    url = f"{behind(Fault.CHANGED_CONTENT).gate}/stream"
    first = session.get(url, headers={"Range": "bytes=0-"})
    later = session.get(url, headers={"Range": "bytes=100-"})
    assert first.content == FILE
    assert (later.status_code, len(later.content)) == (206, len(FILE) - 100)
    assert not set(zip(later.content, FILE[100:], strict=True)) & {(byte, byte) for byte in range(256)}
    assert first.headers["ETag"] != later.headers["ETag"]


def test_a_page_has_a_row_twice(behind, session):
    ids = [row["id"] for row in session.post(f"{behind(Fault.DUPLICATE_ROWS).gate}/query").json()["items"]]
    assert len(ids) == 6
    assert sorted(set(ids)) == [row["id"] for row in ROWS]


def test_a_page_lacks_a_row_and_does_not_say_so(behind, session):
    page = session.post(f"{behind(Fault.MISSING_ROWS).gate}/query").json()
    assert len(page["items"]) == 4
    assert {**page, "items": ROWS} == PAGE


def test_the_rows_of_a_page_come_in_another_order(behind, session):
    rows = session.get(f"{behind(Fault.UNSTABLE_ORDER).gate}/list").json()
    assert rows != ROWS
    assert sorted(rows, key=lambda row: row["id"]) == ROWS


def test_a_listing_is_empty_with_200(behind, session):
    proxy = behind(Fault.EMPTY_LISTING)
    page = session.post(f"{proxy.gate}/query")
    assert page.status_code == 200
    assert page.json() == {"items": [], "totalItemsCount": 0, "totalPagesCount": 0, "hasNextPage": False}
    assert session.get(f"{proxy.gate}/list").json() == []


@pytest.mark.parametrize(
    ("fault", "day", "back"), [(Fault.CLOCK_AHEAD, "02", "28"), (Fault.CLOCK_BEHIND, "28", "02")]
)
def test_the_servers_clock_is_wrong_in_both_directions(behind, upstream, session, fault, day, back):
    proxy = behind(fault)
    asked = {"filter": {"updatedAt": {"$gt": "2026-03-01T00:00:00.000Z"}, "note": "2026-03-01T00:00:00.000Z"}}
    reply = session.post(f"{proxy.gate}/query", json=asked)
    first = reply.json()["items"][0]
    month = "03" if day == "02" else "02"
    assert first["updatedAt"] == f"2026-{month}-{day}T10:00:00.123Z"
    assert first["metadata"] == ROWS[0]["metadata"]  # a user's own
    heard = upstream.asked[0][3].decode()
    assert f"-{back}T00:00:00.000Z" in heard
    assert '"note": "2026-03-01T00:00:00.000Z"' in heard
    plain = session.get(upstream.gate)
    moved = parsedate_to_datetime(reply.headers["Date"]) - parsedate_to_datetime(plain.headers["Date"])
    assert round(moved.total_seconds() / 86400) == (1 if fault is Fault.CLOCK_AHEAD else -1)


def test_a_fault_that_a_reply_gives_no_room_for_does_not_count(behind, session):
    proxy = behind(Rule(Fault.MISSING_ROWS, times=1))
    assert session.get(f"{proxy.gate}/a").ok
    assert proxy.faults == []
    assert len(session.post(f"{proxy.gate}/query").json()["items"]) == 4
    assert len(session.post(f"{proxy.gate}/query").json()["items"]) == 5


def test_every_fault_has_a_name_and_a_sentence_of_its_own():
    assert len({fault.value for fault in Fault}) == len({fault.sentence for fault in Fault}) == len(Fault)
    assert all(fault.sentence.endswith(".") for fault in Fault)
