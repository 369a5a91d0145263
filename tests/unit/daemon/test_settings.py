"""``daemon.toml``."""

from __future__ import annotations

import pytest

from localloop.daemon import settings
from localloop.daemon.settings import FILE, NEW, Settings, WatchPart
from localloop.errors import BadRequest, NotFound


def write(folder, text):
    (folder / FILE).write_text(text, encoding="utf-8")
    return settings.load(folder)


def test_without_a_file_holds_what_is_usual(tmp_path):
    assert settings.load(tmp_path) == Settings()


def test_a_new_file_says_what_holds_without_it(tmp_path):
    assert write(tmp_path, NEW) == Settings()


def test_what_is_out_commented_in_a_new_file_makes_sense(tmp_path):
    lines = [line.removeprefix("# ") for line in NEW.splitlines()[1:]]
    found = write(tmp_path, "\n".join(lines))
    assert found.metrics.port == 9464
    assert found.schedule.quiet[0].days == frozenset(range(5))
    assert found.schedule.rates[0][1] == 500_000
    assert found.schedule.rate == 2_000_000


def test_times_and_rates_have_units(tmp_path):
    found = write(tmp_path, '[sync]\nevery = "2h"\nafter = 3\nlimit_rate = "1.5M"')
    assert (found.sync.every, found.sync.after, found.sync.limit_rate) == (7200, 3, 1_500_000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sync", "is no TOML"),
        ("[sink]", "There is no setting sink"),
        ('[sync]\nevry = "1m"', "There is no setting sync.evry"),
        ('[sync]\nevery = "soon"', "sync.every: It is a number of seconds"),
        ("[sync]\nevery = 0", "sync.every: "),
        ('[sync]\nlimit_rate = "fast"', "sync.limit_rate: It is a number of bytes"),
        ('[sync]\nmetered = "no"', "sync.metered: "),
        ('[[quiet]]\nhours = "late"', "Hours are such as"),
        ('[[bandwidth]]\nhours = "8-9"', "bandwidth.0.rate: "),
        ('[[watch]]\nfolder = "/a"', "watch.0.dataset: "),
        ("[metrics]\nport = 70000", "metrics.port: "),
        (
            '[[watch]]\nfolder="/a"\ndataset="P/D"\n[[watch]]\nfolder="/a/"\ndataset="P/D"',
            "/a is in it twice",
        ),
    ],
)
def test_what_makes_no_sense_is_said_with_its_place(tmp_path, text, said):
    with pytest.raises(BadRequest) as refused:
        write(tmp_path, text)
    assert said in refused.value.message
    assert str(tmp_path / FILE) in refused.value.message


def test_folders_come_and_go_and_comments_stay(tmp_path):
    (tmp_path / FILE).write_text("# mine\n[sync]\nevery = 60  # often\n", encoding="utf-8")
    camera = WatchPart(folder=tmp_path / "camera ä", dataset="P/D", to="x", ignore=["*.log"])
    settings.add(tmp_path, camera)
    settings.add(tmp_path, WatchPart(folder=tmp_path / "scans", dataset="P/E"))
    found = settings.load(tmp_path)
    assert [(one.root.name, one.dataset, one.to, one.ignore) for one in found.watch] == [
        ("camera ä", "P/D", "/x", ["*.log"]),
        ("scans", "P/E", "/", []),
    ]
    settings.remove(tmp_path, tmp_path / "camera ä")
    assert [one.root.name for one in settings.load(tmp_path).watch] == ["scans"]
    settings.remove(tmp_path, tmp_path / "scans")
    assert settings.load(tmp_path).watch == []
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    assert "# mine" in text
    assert "every = 60  # often" in text


def test_a_folder_is_not_added_twice_nor_removed_when_it_is_not_there(tmp_path):
    watch = WatchPart(folder=tmp_path, dataset="P/D")
    settings.add(tmp_path, watch)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(BadRequest, match="twice"):
        settings.add(tmp_path, watch)
    assert (tmp_path / FILE).read_bytes() == before
    with pytest.raises(NotFound, match="does not watch"):
        settings.remove(tmp_path, tmp_path / "other")
