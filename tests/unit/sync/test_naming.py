"""Names for files that are kept beside another."""

from __future__ import annotations

import pytest

from localloop_sync.core.naming import conflict_name


@pytest.mark.parametrize(
    ("filename", "device", "name"),
    [
        ("/a.jpg", "rig7", "/a (conflict 2026-01-02 rig7).jpg"),
        ("/dir/a.jpg", "rig7", "/dir/a (conflict 2026-01-02 rig7).jpg"),
        ("/a.tar.gz", "rig7", "/a.tar (conflict 2026-01-02 rig7).gz"),
        ("/README", "rig7", "/README (conflict 2026-01-02 rig7)"),
        ("/.hidden", "rig7", "/.hidden (conflict 2026-01-02 rig7)"),
        ("/v1.2/README", "rig7", "/v1.2/README (conflict 2026-01-02 rig7)"),
        ("/a.jpg", "", "/a (conflict 2026-01-02).jpg"),
        ("/a.jpg", "ann/laptop", "/a (conflict 2026-01-02 ann-laptop).jpg"),
    ],
)
def test_the_name_tells_of_the_conflict_before_the_extension(filename, device, name):
    assert conflict_name(filename, "2026-01-02", device, lambda path: False) == name


def test_a_number_is_added_until_the_path_is_free():
    taken = {"/a (conflict D d).jpg", "/a (conflict D d 2).jpg"}
    assert conflict_name("/a.jpg", "D", "d", taken.__contains__) == "/a (conflict D d 3).jpg"
