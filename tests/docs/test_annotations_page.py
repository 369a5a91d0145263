"""The guide to annotations, as a reader would type it."""

from __future__ import annotations

import re

from PIL import Image

import localloop as dl
from localloop.sdk.reading import CLASSES
from tests.docs import pages
from tests.docs.terminal import Terminal
from tests.media import image, video

PAGE = pages.ROOT / "docs" / "guides" / "annotations.md"
VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nAn apple.\n"


def test_everything_that_the_page_says_works(tmp_path):
    (tmp_path / "apple.png").write_bytes(image((80, 70)))
    video(tmp_path / "clip.mp4", frames=20, rate=10)
    (tmp_path / "talk.wav").write_bytes(b"RIFF")
    (tmp_path / "talk.vtt").write_text(VTT, encoding="utf-8")
    terminal = Terminal(tmp_path, "")
    terminal.python("\n".join(pages.blocks(PAGE, "python")))
    assert terminal.said.split() == ["Apple", "10.0", "60.0", "{'ripe':", "True}"]
    assert (tmp_path / "again.vtt").read_text(encoding="utf-8") == VTT
    with Image.open(tmp_path / "drawn.png") as drawn, Image.open(tmp_path / "labels.png") as labels:
        assert drawn.size == labels.size == (80, 70)
        assert labels.getpixel((35, 35)) == 1
        assert labels.getpixel((66, 12)) == 2


def test_the_page_has_every_type_and_every_format():
    text = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (`.+?`) \| (`.+?`) \|", text, re.MULTILINE))
    said = {
        name: kind
        for names, kinds in rows.items()
        for name, kind in zip(re.findall(r"\w+", names), re.findall(r"\w+", kinds), strict=True)
    }
    assert said == {one.__name__: kind for kind, one in CLASSES.items()}
    assert {one for one in dl.ViewAnnotationOptions if f"| `{one}` |" in text} == set(
        dl.ViewAnnotationOptions
    )
