"""Content goes both ways in a stream, whole or not at all."""

from __future__ import annotations

import tracemalloc

import pytest
from requests_toolbelt import MultipartDecoder

from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import PermanentError, RemoteNotFoundError, TransientError
from localloop_sync.ports import Scope
from tests.integration.platform import wire
from tests.integration.platform.recorder import Reply, token

SCOPE = Scope(project=wire.P, dataset=wire.D)
DATA = bytes(range(256)) * 10
CREATED = {"x-item-op": "created"}


@pytest.fixture
def content(tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(DATA)
    return path


def parts(asked):
    """The parts of a multipart body in order: disposition, content type, bytes."""
    decoder = MultipartDecoder(asked.body, asked.headers["content-type"])
    return [
        (p.headers[b"Content-Disposition"].decode(), p.headers[b"Content-Type"], p.content)
        for p in decoder.parts
    ]


def test_an_upload_has_the_measured_parts_and_the_file_last(remote, platform, content):
    platform.answer = lambda _asked: Reply(wire.item(size=len(DATA)), headers=CREATED)
    document = {"filename": "/train/cat.jpg", "description": "a cat", "metadata": {"user": {"k": 1}}}
    item, wrote = remote.upload(SCOPE, document, content)
    assert wrote
    assert item.document["content"] == {"size": len(DATA)}
    asked = platform.asked[0]
    assert (asked.method, asked.path, asked.query) == (
        "POST",
        f"/api/v1/datasets/{wire.D}/items",
        "mode=skip",
    )
    text = b"text/plain; charset=utf-8"
    assert parts(asked) == [
        ('form-data; name="type"', text, b"file"),
        ('form-data; name="path"', text, b"/train/cat.jpg"),
        ('form-data; name="metadata"', text, b'{"user": {"k": 1}}'),
        ('form-data; name="description"', text, b"a cat"),
        ('form-data; name="file"; filename="cat.jpg"', b"image/jpeg", DATA),
    ]


def test_an_upload_without_more_has_three_parts(remote, platform, content):
    platform.answer = lambda _asked: Reply(wire.item(size=len(DATA)), headers=CREATED)
    document = {"filename": "/é x.bin", "type": "file", "metadata": {}, "content": {"size": 1}}
    remote.upload(SCOPE, document, content)
    found = parts(platform.asked[0])
    assert [content for _, _, content in found] == [b"file", "/é x.bin".encode(), DATA]
    assert found[2][1] == b"application/octet-stream"


def test_a_replacement_is_a_revision_with_the_file_alone(remote, platform, content):
    platform.answer = lambda _asked: wire.item(size=len(DATA))
    item = remote.replace(wire.IT, {"filename": "/train/cat.jpg", "metadata": {"user": {"k": 1}}}, content)
    assert item.document["content"] == {"size": len(DATA)}
    asked = platform.asked[0]
    assert (asked.method, asked.path, asked.query) == ("POST", f"/api/v1/items/{wire.IT}/revisions", "")
    assert parts(asked) == [('form-data; name="file"; filename="cat.jpg"', b"image/jpeg", DATA)]


def test_a_replacement_that_did_not_arrive_whole_is_tried_again(remote, platform, content):
    platform.answer = lambda _asked: wire.item(size=1)
    with pytest.raises(TransientError, match="whole"):
        remote.replace(wire.IT, {"filename": "/train/cat.jpg"}, content)


@pytest.mark.parametrize("operation", ["skip", "exist", "", None])
def test_what_was_there_already_was_not_written_whatever_its_size(remote, platform, content, operation):
    headers = {} if operation is None else {"x-item-op": operation}
    platform.answer = lambda _asked: Reply(wire.item(size=1), headers=headers)
    item, wrote = remote.upload(SCOPE, {"filename": "/train/cat.jpg"}, content)
    assert not wrote
    assert item.id == wire.IT
    assert len(platform.asked) == 1


def test_a_platform_that_refuses_to_touch_what_is_there_is_asked_what_that_is(remote, platform, content):
    platform.routes(
        {
            ("POST", f"/api/v1/datasets/{wire.D}/items"): Reply({"message": "exists"}, 409),
            ("POST", f"/api/v1/datasets/{wire.D}/query"): wire.page([wire.item()]),
        }
    )
    item, wrote = remote.upload(SCOPE, {"filename": "/train/cat.jpg"}, content)
    assert (item.id, wrote) == (wire.IT, False)
    platform.routes({("POST", f"/api/v1/datasets/{wire.D}/items"): Reply({"message": "exists"}, 409)})
    with pytest.raises(PermanentError):
        remote.upload(SCOPE, {"filename": "/train/cat.jpg"}, content)


def test_an_upload_that_did_not_arrive_whole_is_tried_again_and_nothing_deleted(remote, platform, content):
    platform.answer = lambda _asked: Reply(wire.item(size=len(DATA) - 1), headers=CREATED)
    with pytest.raises(TransientError, match="whole"):
        remote.upload(SCOPE, {"filename": "/train/cat.jpg"}, content)
    assert [asked.method for asked in platform.asked] == ["POST"]


def test_a_file_that_is_gone_is_no_foreign_exception(remote, platform, tmp_path):
    with pytest.raises(TransientError):
        remote.upload(SCOPE, {"filename": "/a"}, tmp_path / "none")
    assert platform.asked == []


def test_the_file_is_sent_again_from_its_start_with_a_new_token(remote, platform, content):
    replies = [
        Reply({"message": "jwt expired"}, 401),
        {"id_token": token(nonce=2)},
        Reply(wire.item(size=len(DATA)), headers=CREATED),
    ]
    platform.answer = lambda _asked: replies.pop(0)
    assert remote.upload(SCOPE, {"filename": "/train/cat.jpg"}, content)[1]
    assert [parts(asked)[-1][2] for asked in (platform.asked[0], platform.asked[2])] == [DATA, DATA]


def test_an_upload_does_not_hold_the_file_in_memory(remote, platform, tmp_path):
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(32 << 20)

    platform.answer = lambda _asked: Reply(wire.item(size=32 << 20), headers=CREATED)
    platform.drain = True
    tracemalloc.start()
    try:
        remote.upload(SCOPE, {"filename": "/big.bin"}, big)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


# Downloads

STREAM = f"/api/v1/items/{wire.IT}/stream"


def ranged(asked):
    """A platform that honours ranges."""
    start = int(asked.headers["range"].removeprefix("bytes=").rstrip("-"))
    if start >= len(DATA):
        return Reply({"message": "range"}, 416)
    return Reply(DATA[start:], 206, {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"})


def test_a_download_asks_for_a_range_and_no_compression(remote, platform):
    platform.answer = ranged
    assert b"".join(remote.download(wire.IT)) == DATA
    assert (platform.asked[0].method, platform.asked[0].path) == ("GET", STREAM)
    headers = platform.asked[0].headers
    assert (headers["range"], headers["x-dl-sanitize"], headers["accept-encoding"]) == (
        "bytes=0-",
        "0",
        "identity",
    )


@pytest.mark.parametrize("offset", [1, 100, len(DATA) - 1])
def test_a_download_goes_on_where_it_stopped(remote, platform, offset):
    platform.answer = ranged
    assert b"".join(remote.download(wire.IT, offset)) == DATA[offset:]


@pytest.mark.parametrize("offset", [0, 1, 100, len(DATA)])
def test_a_platform_without_ranges_sends_all_and_the_start_is_skipped(remote, platform, offset):
    platform.answer = lambda _asked: DATA
    assert b"".join(remote.download(wire.IT, offset)) == DATA[offset:]


def test_beyond_the_end_there_is_nothing(remote, platform):
    platform.answer = ranged
    assert list(remote.download(wire.IT, len(DATA))) == []


def test_another_range_than_asked_for_is_refused(remote, platform):
    platform.answer = lambda _asked: Reply(DATA, 206, {"Content-Range": f"bytes 0-99/{len(DATA)}"})
    with pytest.raises(TransientError):
        list(remote.download(wire.IT, 10))


def test_a_stream_that_breaks_gives_what_came_and_then_a_transient_error(remote, platform):
    def broken(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + bytes(1_500_000))

    platform.answer = lambda _asked: Reply(raw=broken)
    stream = remote.download(wire.IT)
    assert len(next(stream)) == 1 << 20
    with pytest.raises(TransientError):
        list(stream)


def test_a_missing_item_has_no_content(remote, platform):
    platform.answer = lambda _asked: Reply({"message": "Item not found"}, 404)
    with pytest.raises(RemoteNotFoundError):
        list(remote.download(wire.IT))


def test_a_download_that_is_not_read_to_its_end_lets_go(remote, platform):
    platform.answer = ranged
    stream = remote.download(wire.IT)
    next(stream)
    stream.close()
    platform.answer = lambda _asked: wire.item()
    assert remote.get(K.ITEM, wire.IT) is not None
