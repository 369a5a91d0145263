"""What videos and sounds tell, where the extra ``video`` is installed."""

from __future__ import annotations

import wave

import pytest

from localloop.media import films, probe
from tests.media import video


def test_a_video_tells_its_frames_their_rate_and_their_size(tmp_path):
    told = probe(video(tmp_path / "a.mp4", frames=12, rate=6, size=(64, 48)), "video/mp4")
    assert (told["fps"], told["nb_frames"], told["width"], told["height"]) == (6, 12, 64, 48)
    assert told["duration"] == pytest.approx(2.0)
    assert told["ffmpeg"]["nb_read_frames"] == "12"


def test_frames_are_counted_where_the_container_does_not_say(tmp_path):
    told = probe(video(tmp_path / "a.webm", frames=7, rate=5, codec="libvpx"), "video/webm")
    assert (told["fps"], told["nb_frames"]) == (5, 7)


def test_frames_of_a_large_file_are_told_by_its_length_and_rate(tmp_path, monkeypatch):
    monkeypatch.setattr(films, "COUNTED", 0)
    told = probe(video(tmp_path / "a.webm", frames=10, rate=5, codec="libvpx"), "video/webm")
    assert told["nb_frames"] == 10


def test_a_sound_tells_how_long_it_is(tmp_path):
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 4000)
    told = probe(path, "audio/x-wav")
    assert told["duration"] == pytest.approx(0.5)
    assert "fps" not in told


@pytest.mark.parametrize("data", [b"", b"no film", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n"])
def test_what_is_no_film_tells_nothing(tmp_path, data):
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert probe(path, "video/mp4") == {}


def test_a_playlist_does_not_lead_to_another_file(tmp_path):
    film = video(tmp_path / "other.ts", frames=3, rate=3, codec="mpeg4")
    assert probe(film, "video/mp2t")["nb_frames"] == 3
    playlist = tmp_path / "a.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{film}\n#EXT-X-ENDLIST\n")
    assert probe(playlist, "video/mp4") == {}
    playlist.write_text(f"ffconcat version 1.0\nfile '{film}'\n")
    assert probe(playlist, "video/mp4") == {}


def test_a_video_that_was_cut_off_breaks_nothing(tmp_path):
    path = video(tmp_path / "a.mp4", frames=12, rate=6)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert isinstance(probe(path, "video/mp4"), dict)


def test_without_the_extra_a_video_tells_nothing(tmp_path, monkeypatch):
    path = video(tmp_path / "a.mp4", frames=3, rate=3)
    monkeypatch.setattr(films, "av", None)
    assert probe(path, "video/mp4") == {}
