"""Records that outlive the server."""

from __future__ import annotations

from localloop.server.history_file import KEPT, History


def test_the_last_record_with_an_id_counts(tmp_path):
    history = History(tmp_path / "h.jsonl")
    for status in ("in-progress", "success"):
        history.put({"id": "a", "status": status})
    assert History(tmp_path / "h.jsonl").all() == history.all() == [{"id": "a", "status": "success"}]


def test_a_record_that_a_crash_cut_short_spoils_no_other(tmp_path):
    path = tmp_path / "h.jsonl"
    History(path).put({"id": "a"})
    with path.open("a") as file:
        file.write('\n{"id": "b", "na')
    History(path).put({"id": "c"})
    assert [one["id"] for one in History(path).all()] == ["a", "c"]


def test_the_newest_are_kept(tmp_path):
    path = tmp_path / "h.jsonl"
    history = History(path)
    for number in range(2 * KEPT + 1):
        history.put({"id": str(number)})
    kept = History(path).all()
    assert (len(kept), kept[-1]["id"]) == (KEPT, str(2 * KEPT))
