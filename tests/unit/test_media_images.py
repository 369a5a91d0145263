"""What images tell, broken and hostile ones too."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zlib

import pytest
from PIL import Image

from localloop.blobs import BlobCache
from localloop.media import Thumbnails, fit, probe
from tests.media import image, video


def told(tmp_path, data: bytes, mimetype: str = "image/png"):
    path = tmp_path / "content"
    path.write_bytes(data)
    return probe(path, mimetype)


@pytest.mark.parametrize(
    ("kind", "mode", "channels"),
    [
        ("PNG", "RGB", 3),
        ("PNG", "RGBA", 4),
        ("PNG", "L", 1),
        ("PNG", "P", 3),
        ("PNG", "1", 1),
        ("JPEG", "RGB", 3),
        ("JPEG", "L", 1),
        ("JPEG", "CMYK", 4),
        ("BMP", "RGB", 3),
        ("TIFF", "RGB", 3),
        ("WEBP", "RGB", 3),
        ("GIF", "P", 3),
    ],
)
def test_an_image_tells_its_size_and_channels(tmp_path, kind, mode, channels):
    found = told(tmp_path, image((41, 17), kind, mode))
    assert (found["width"], found["height"], found["channels"]) == (41, 17, channels)
    assert found["exif"] == {}


def rotated(orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker\0\0"
    exif[0x011A] = 72.5
    exif[0x9286] = b"\x00\xff" * 3000
    return image((40, 20), "JPEG", exif=exif)


def test_the_size_is_of_the_stored_pixels_and_exif_says_how_they_are_turned(tmp_path):
    found = told(tmp_path, rotated())
    assert (found["width"], found["height"]) == (40, 20)
    assert found["exif"] == {"Make": "Maker", "Orientation": 6, "XResolution": 72.5}
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("cut", [0, 3, 10, 30])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF"])
def test_what_is_cut_off_tells_less_and_breaks_nothing(tmp_path, kind, cut):
    found = told(tmp_path, image(kind=kind)[:cut])
    assert found.get("width") in {None, 40}


@pytest.mark.parametrize(
    "data", [b"", b"not an image", b"RIFF\0\0\0\0WAVEfmt ", b"%!PS-Adobe", b"II*\0" * 50]
)
def test_what_is_no_image_tells_nothing(tmp_path, data):
    assert told(tmp_path, data) == {}


def bomb(width: int, height: int) -> bytes:
    """A PNG that claims to be huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_huge_image_tells_its_size_without_a_warning_and_has_no_thumbnail(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = told(tmp_path, bomb(50_000, 50_000))
        assert (found["width"], found["height"]) == (50_000, 50_000)
        blobs = BlobCache(tmp_path / "blobs")
        ref = blobs.add_bytes(bomb(50_000, 50_000))
        assert Thumbnails(blobs).picture(ref.digest, "image/png", (64, 64)) is None


def test_a_link_tells_what_it_links(tmp_path):
    info = {"type": "url", "ref": "https://files.example/x.png", "mimetype": "image/png"}
    link = {"type": "link", "shebang": "dataloop", "metadata": {"dltype": "link", "linkInfo": info}}
    found = told(tmp_path, json.dumps(link).encode(), "application/json")
    assert found == {"shebang": {"dltype": "link", "linkInfo": info}, "mimetype": "image/png"}


def test_a_prompt_tells_that_it_is_one(tmp_path):
    prompt = {"shebang": "dataloop", "metadata": {"dltype": "prompt"}, "prompts": {}}
    found = told(tmp_path, json.dumps(prompt).encode(), "application/json")
    assert found == {"shebang": {"dltype": "prompt"}}


@pytest.mark.parametrize(
    "data",
    [b"[]", b"{", b"\xff", b'{"type":"link","shebang":"dataloop","metadata":{"linkInfo":[]}}', b"[" * 60_000],
)
def test_other_json_is_no_link(tmp_path, data):
    assert told(tmp_path, data, "application/json") == {}


@pytest.fixture
def cache(tmp_path):
    return BlobCache(tmp_path / "blobs")


def test_a_thumbnail_fits_and_keeps_the_aspect(cache):
    ref = cache.add_bytes(image((400, 100)))
    picture = Thumbnails(cache).picture(ref.digest, "image/png", (50, 50))
    assert (picture.size, picture.mode) == ((50, 13), "RGB")


def test_a_thumbnail_is_not_enlarged(cache):
    ref = cache.add_bytes(image((40, 30)))
    assert Thumbnails(cache).picture(ref.digest, "image/png", (500, 500)).size == (40, 30)


def test_a_thumbnail_is_the_right_way_up(cache):
    ref = cache.add_bytes(rotated())
    assert Thumbnails(cache).picture(ref.digest, "image/jpeg", (10, 10)).size == (5, 10)


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16"), ("TIFF", "F"), ("PNG", "LA")]
)
def test_every_mode_has_a_thumbnail(cache, kind, mode):
    source = Image.new("L", (300, 300), 90).convert("I").convert("I;16") if mode == "I;16" else None
    if source is None:
        data = image((300, 300), kind, mode)
    else:
        buffer = io.BytesIO()
        source.save(buffer, kind)
        data = buffer.getvalue()
    ref = cache.add_bytes(data)
    assert Thumbnails(cache).picture(ref.digest, "image/png", (64, 64)).mode == "RGB"


def test_a_thumbnail_is_kept_until_its_content_goes(cache):
    ref = cache.add_bytes(image((400, 300)))
    Thumbnails(cache).picture(ref.digest, "image/png", (100, 100))
    kept = cache.beside(ref.digest, "128.jpg")
    assert kept.is_file()
    kept.write_bytes(image((8, 8), "JPEG"))
    assert Thumbnails(cache).picture(ref.digest, "image/png", (100, 100)).size == (8, 8)
    kept.write_bytes(b"broken")
    assert Thumbnails(cache).picture(ref.digest, "image/png", (100, 100)).size == (100, 75)
    assert cache.remove(ref.digest)
    assert not kept.exists()


def test_a_video_has_a_thumbnail(cache, tmp_path):
    ref = cache.add_file(video(tmp_path / "a.mp4", frames=3, rate=3, size=(128, 64)))
    picture = Thumbnails(cache).picture(ref.digest, "video/mp4", (32, 32))
    assert picture.size == (32, 16)
    assert picture.getpixel((8, 8))[2] > 200


def test_measures_are_bounded():
    assert fit(None, None) == (256, 256)
    assert fit(64, None) == (64, 2048)
    assert fit(1e9, 0.5) == (2048, 1)
