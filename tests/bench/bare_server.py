"""The least that a server in Python does, as a process of its own: what the hub's rates are measured against.

It runs under the same uvicorn with the same settings as the hub. A POST is read whole and written to a new file that is
synced; a GET answers a file, in chunks from worker threads as the hub does, or a few bytes when no file is named.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import count
from pathlib import Path
from typing import Any

import uvicorn
from anyio import to_thread

from localloop.server.connections import Patient
from localloop.server.run import bound, gate_of
from localloop.server.streams import CHUNK

_NUMBERS = count()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def application(folder: Path) -> Any:
    """The ASGI application over a folder."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        data, more = bytearray(), True
        while more:
            message = await receive()
            data += message.get("body", b"")
            more = message.get("more_body", False)
        name = scope["path"].strip("/")
        if scope["method"] == "POST":
            await to_thread.run_sync(_write, folder / f"bare-{next(_NUMBERS)}", bytes(data))
        if scope["method"] == "POST" or not name:
            await _answer(send, b'{"id":"0"}')
            return
        with (folder / name).open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            headers = [(b"content-length", b"%d" % length)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while chunk := await to_thread.run_sync(file.read, CHUNK):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


async def _answer(send: Any, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    with bound("127.0.0.1", 0) as listener:
        print(json.dumps({"gate": gate_of(listener)}), flush=True)
        config = uvicorn.Config(
            application(Path(sys.argv[1])),
            http=Patient,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
        )
        uvicorn.Server(config).run(sockets=[listener])
