"""A process killed at any moment leaves no blob that is not whole, and loses none that it reported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from blake3 import blake3

from localloop.blobs import BlobCache

#: Each script gets the cache's directory, tells on its output how far it is, and never ends by itself.
STREAM = """
import sys
from pathlib import Path
from localloop.blobs import BlobCache

def chunks():
    for number in range(4):
        yield bytes([number]) * (1 << 20)
    print("half", flush=True)
    sys.stdin.read()

BlobCache(Path(sys.argv[1])).add_stream(chunks())
"""

FETCH = """
import sys
from pathlib import Path
from localloop.blobs import BlobCache

def chunks(offset):
    for number in range(4):
        yield bytes([number]) * (1 << 20)
    print("half", flush=True)
    sys.stdin.read()

BlobCache(Path(sys.argv[1])).fetch("item", 8 << 20, chunks)
"""

MANY = """
import itertools, sys
from pathlib import Path
from localloop.blobs import BlobCache

cache = BlobCache(Path(sys.argv[1]))
for number in itertools.count():
    data = b"%d " % number * (1 + number % 7 * 9000)
    print(cache.add_bytes(data).digest, flush=True)
"""

BULK = """
import itertools, sys
from pathlib import Path
from localloop.blobs import BlobCache

def sources():
    for number in itertools.count():
        path = Path(sys.argv[1]).parent / f"source {number % 1000}"
        path.write_bytes(b"%d " % number * (1 + number % 7 * 900))
        yield path

for ref in BlobCache(Path(sys.argv[1])).add_files(sources()):
    print(ref.digest, flush=True)
"""


def run_and_kill(script: str, root: Path, lines: int) -> list[str]:
    """Run a script until it has told so many lines, kill it, and return all that it told."""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            told = [process.stdout.readline() for _ in range(lines)]
        finally:
            process.kill()
        told += process.stdout.readlines()
    assert process.returncode == -9
    return [line.strip() for line in told if line.endswith("\n")]


def test_a_kill_in_the_middle_of_a_blob_leaves_only_a_leftover(tmp_path):
    root = tmp_path / "blobs"
    assert run_and_kill(STREAM, root, 1) == ["half"]
    cache = BlobCache(root)
    assert list(cache.digests()) == []
    assert len(list((root / "tmp").iterdir())) == 1
    assert cache.sweep_temporary(0) == 1
    assert list((root / "tmp").iterdir()) == []


def test_a_kill_in_the_middle_of_a_download_lets_it_go_on(tmp_path):
    root = tmp_path / "blobs"
    assert run_and_kill(FETCH, root, 1) == ["half"]
    cache = BlobCache(root)
    assert list(cache.digests()) == []
    data = b"".join(bytes([number]) * (1 << 20) for number in range(8))
    offsets = []

    def chunks(offset):
        offsets.append(offset)
        yield data[offset:]

    assert cache.fetch("item", len(data), chunks) == blake3(data).hexdigest()
    # What the killed process still had in its own buffer is gone; the rest is not asked for again.
    assert 3 << 20 <= offsets[0] <= 4 << 20


@pytest.mark.parametrize("script", [MANY, BULK], ids=["one by one", "in bulk"])
@pytest.mark.parametrize("lines", [1, 7, 40, 301])
def test_a_kill_at_any_moment_leaves_whole_blobs_and_all_that_were_reported(tmp_path, script, lines):
    root = tmp_path / "blobs"
    reported = run_and_kill(script, root, lines)
    cache = BlobCache(root)
    present = set(cache.digests())
    assert set(reported) <= present
    assert list(cache.verify()) == []
    assert all(path.stat().st_mode & 0o777 == 0o444 for path in map(cache.path, present) if path is not None)
