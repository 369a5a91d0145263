"""The small pieces of the server."""

from __future__ import annotations

import pytest

from localloop.blobs import BlobRef
from localloop.errors import BadRequest
from localloop.server.refusals import TooLarge
from localloop.server.run import for_host
from localloop.server.streams import byte_range
from localloop.server.uploads import MAX_PARTS, read_form
from localloop.server.wire import news


@pytest.mark.parametrize(
    ("header", "size", "span"),
    [
        (None, 5, None),
        ("bytes=1-", 5, (1, 5)),
        ("bytes=0-", 0, None),
        ("bytes=-2", 5, (3, 5)),
        ("bytes=9", 5, None),
    ],
)
def test_a_range_is_read_as_the_protocol_says(header, size, span):
    assert byte_range(header, size) == span


def test_a_patch_that_echoes_what_is_shown_says_nothing():
    shown = {"a": 1, "b": {"x": 1, "y": 2}, "metadata": {"user": {"k": 1, "l": [True]}, "system": {}}}
    assert news(shown, shown) == {}
    assert news({"a": True}, shown) == {"a": True}
    assert news({"b": {"x": 1}}, shown) == {"b": {"x": 1}}
    assert news({"new": None}, shown) == {"new": None}
    patch = {"metadata": {"user": {"k": 1, "l": [1], "m": None}, "system": {}}}
    assert news(patch, shown) == {"metadata": {"user": {"l": [1], "m": None}}}


def form(parts: int, size: int = 1) -> bytes:
    part = b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n' + b"x" * size + b"\r\n"
    return part * parts + b"--b--\r\n"


def take(chunks) -> BlobRef:
    return BlobRef("0" * 64, sum(len(chunk) for chunk in chunks))


KIND = "multipart/form-data; boundary=b"


def test_a_form_is_read_whatever_the_chunks():
    body = form(2) + b""
    for step in (1, 2, 7, 1000):
        pieces = [body[start : start + step] for start in range(0, len(body), step)]
        assert read_form(pieces, KIND, take, text_limit=10).fields == {"n": "x"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (form(MAX_PARTS + 1), KIND),
        (form(1, size=11), KIND),
        (form(1), "multipart/form-data"),
        (form(1)[:-6], KIND),
        (form(1), "multipart/form-data; boundary=other"),
    ],
)
def test_a_form_that_is_too_much_or_not_whole_is_refused(body, kind):
    with pytest.raises((BadRequest, TooLarge)):
        read_form([body], kind, take, text_limit=10)


def test_the_text_of_a_form_is_bounded_as_a_whole_and_so_are_the_heads_of_its_parts():
    assert read_form([form(2, size=5)], KIND, take, text_limit=10).fields
    with pytest.raises(TooLarge):
        read_form([form(3, size=4)], KIND, take, text_limit=10)
    head = b"--b\r\nX: " + b"y" * (64 << 10)
    with pytest.raises(BadRequest, match="malformed"):
        read_form(iter([head, b"y"]), KIND, take, text_limit=10)


def test_a_server_on_all_interfaces_answers_to_any_address():
    assert for_host(None, "0.0.0.0").any_address
    assert for_host(None, "::").any_address
    named = for_host(None, "hub.local")
    assert not named.any_address
    assert "hub.local" in named.hosts
