from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from localloop.store import Store
from localloop.store.annotations import add_annotations
from localloop.store.items import find_item, update_item
from localloop_schema.kinds import EntityKind


def paths(ok, *place: str) -> list[str]:
    return [item["filename"] for item in ok("ls", *place, "--json").json["items"]]


@pytest.fixture
def annotated(fruit: Path) -> Path:
    """The store with one annotation, on /photos/a.txt."""
    with Store.open(fruit) as store, store.transaction("annotate") as tx:
        item = find_item(tx.connection, tx.rows(EntityKind.DATASET)[0]["id"], "/photos/a.txt")
        assert item is not None
        add_annotations(tx, item, [{"type": "class", "label": "ripe"}])
    return fruit


# init and finding the store


def test_init_makes_a_store_in_the_folder(ok, home):
    told = ok("init", "fruit", "--author", "ann@example.test", "--device", "rig7", "--json").json
    assert told == {
        "store": str(home / "fruit" / ".localloop"),
        "author": "ann@example.test",
        "device": "rig7",
    }


def test_a_second_init_is_refused_and_leaves_the_store_alone(run, ok):
    ok("init", "--author", "ann@example.test")
    assert run("init", "--author", "bob@example.test").code == 1
    assert ok("status", "--json").json["author"] == "ann@example.test"


def test_without_a_store_the_advice_says_how_to_make_one(run):
    ran = run("status")
    assert ran.code == 3
    assert "localloop init" in ran.err
    assert ran.out == ""


def test_a_store_is_found_from_a_folder_below_it(ok, fruit, photos, monkeypatch):
    monkeypatch.chdir(photos / "mai")
    assert ok("status", "--json").json["store"] == str(fruit)


def test_the_option_goes_before_the_environment_and_that_before_the_folder(ok, fruit, tmp_path, monkeypatch):
    ok("init", tmp_path / "b")
    ok("init", tmp_path / "c")
    monkeypatch.setenv("LOCALLOOP_STORE", str(tmp_path / "b"))
    assert ok("status", "--json").json["store"] == str(tmp_path / "b" / ".localloop")
    told = ok("status", "--store", tmp_path / "c" / ".localloop", "--json").json
    assert told["store"] == str(tmp_path / "c" / ".localloop")


# add


def test_a_folder_keeps_its_name_and_a_file_gets_its_own(ok, fruit, photos):
    ok("add", photos / "a.txt", "--to", "Fruit/Apples/deep/er")
    assert paths(ok, "Fruit/Apples") == [
        "/deep/er/a.txt",
        "/photos/a.txt",
        "/photos/b.txt",
        "/photos/mai/ä ö.txt",
    ]


def test_a_star_in_quotes_drops_the_name_of_the_folder(ok, photos):
    ok("init")
    ok("add", photos / "*", "--to", "P/D", "--create")
    assert paths(ok, "P/D") == ["/a.txt", "/b.txt", "/mai/ä ö.txt"]


def test_the_working_directory_is_added_without_the_store_in_it(ok, fruit):
    ok("add", ".", "--to", "Fruit/All", "--create")
    assert paths(ok, "Fruit/All") == ["/work/photos/a.txt", "/work/photos/b.txt", "/work/photos/mai/ä ö.txt"]


def test_a_missing_dataset_is_made_only_when_asked_for(run, ok, photos):
    ok("init")
    ran = run("add", photos, "--to", "P/D")
    assert ran.code == 3
    assert "--create" in ran.err
    assert ok("ls", "--json").json == {"projects": []}


def test_a_path_that_is_not_there_adds_nothing(run, ok, photos):
    ok("init")
    ran = run("add", photos, "nowhere", "--to", "P/D", "--create")
    assert (ran.code, "nowhere" in ran.err) == (3, True)
    assert ok("ls", "--json").json == {"projects": []}


def test_adding_again_changes_nothing(ok, fruit, photos):
    before = ok("log", "--limit", "0", "--json").json
    told = ok("add", photos, "--to", "Fruit/Apples", "--json").json
    assert (told["added"], told["existing"]) == (0, 3)
    assert ok("log", "--limit", "0", "--json").json == before


def test_other_content_at_a_path_is_kept_unless_overwrite_says_so(run, ok, fruit, photos):
    (photos / "a.txt").write_text("changed")
    ran = run("add", photos, "--to", "Fruit/Apples", "--json")
    assert ran.code == 9
    assert [one["path"] for one in ran.json["failures"]] == [str(photos / "a.txt")]
    assert ok("show", "Fruit/Apples/photos/a.txt", "--json").json["size"] == 1
    assert ok("add", photos, "--to", "Fruit/Apples", "--overwrite", "--json").json["overwritten"] == 1
    assert ok("show", "Fruit/Apples/photos/a.txt", "--json").json["size"] == 7


def test_overwriting_with_the_same_content_keeps_the_annotations(ok, annotated, photos):
    ok("add", photos, "--to", "Fruit/Apples", "--overwrite")
    assert len(ok("show", "Fruit/Apples/photos/a.txt", "--json").json["annotations"]) == 1


def test_a_file_that_cannot_be_read_stops_no_other(run, ok, photos):
    ok("init")
    (photos / "broken.txt").symlink_to(photos / "nowhere")
    ran = run("add", photos, "--to", "P/D", "--create", "--json")
    assert (ran.code, ran.json["added"], len(ran.json["failures"])) == (9, 3, 1)


def test_links_that_lead_nowhere_or_in_circles_stop_no_other_file_and_are_told(run, ok, photos):
    ok("init")
    (photos / "self.txt").symlink_to("self.txt")
    (photos / "up").symlink_to("..")
    ran = run("add", photos, "--to", "P/D", "--create", "--json")
    assert (ran.code, ran.json["added"]) == (9, 3)
    told = {Path(one["path"]).name: one["reason"] for one in ran.json["failures"]}
    assert told.keys() == {"self.txt", "up"}
    assert "link" in told["up"]
    assert "Would not add" in run("add", photos, "--to", "P/D", "--dry-run").err


def test_a_folder_that_cannot_be_looked_into_is_told(process, ok, photos):
    ok("init")
    (photos / "mai").chmod(0)
    # Root may look into everything, unless that right is taken from it.
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if without and shutil.which("setpriv") is None:
        pytest.skip("root may look into everything")
    try:
        added = process("add", photos, "--to", "P/D", "--create", before=without)
        _, err = added.communicate(timeout=60)
    finally:
        (photos / "mai").chmod(0o755)
    assert added.returncode == 9
    assert "Permission denied" in err
    assert paths(ok, "P/D") == ["/photos/a.txt", "/photos/b.txt"]


def test_a_name_that_is_not_unicode_is_refused_with_a_reason(run, ok, photos):
    ok("init")
    Path(str(photos / "bad\udcff.txt")).write_text("x")
    ran = run("add", photos, "--to", "P/D", "--create")
    assert ran.code == 9
    assert "Unicode" in ran.err
    assert len(paths(ok, "P/D")) == 3


def test_a_rehearsal_adds_nothing(ok, photos):
    ok("init")
    told = ok("add", photos, "--to", "P/D", "--create", "--dry-run", "--json").json
    assert (told["added"], told["bytes"], told["dry_run"]) == (3, 6, True)
    assert ok("ls", "--json").json == {"projects": []}


# ls and show


def test_projects_and_datasets_are_listed_with_their_counts(ok, annotated):
    [project] = ok("ls", "--json").json["projects"]
    assert (project["name"], project["datasets"]) == ("Fruit", 1)
    [dataset] = ok("ls", "Fruit", "--json").json["datasets"]
    counts = {key: dataset[key] for key in ("name", "items", "annotated", "annotations", "state")}
    assert counts == {"name": "Apples", "items": 3, "annotated": 1, "annotations": 1, "state": "pending"}


def test_an_item_is_listed_with_size_annotations_and_state(ok, annotated):
    line = ok("ls", "Fruit/Apples").out.splitlines()[0]
    assert line.split() == ["1", "B", "1", "pending", "/photos/a.txt"]


def test_a_folder_lists_what_is_below_it_and_not_what_has_its_name_as_a_prefix(ok, fruit, home):
    (home / "photos2").mkdir()
    (home / "photos2" / "x.txt").write_text("x")
    ok("add", "photos2", "--to", "Fruit/Apples")
    assert "/photos2/x.txt" not in paths(ok, "Fruit/Apples/photos")
    assert len(paths(ok, "Fruit/Apples/photos")) == 3


def test_a_listing_says_when_there_is_more(run, fruit):
    ran = run("ls", "Fruit/Apples", "--limit", "2")
    assert (len(ran.out.splitlines()), "--limit 0" in ran.err) == (2, True)
    assert run("ls", "Fruit/Apples", "--limit", "2", "--json").json["more"] is True
    assert run("ls", "Fruit/Apples", "--limit", "3", "--json").json["more"] is False


def test_a_query_confines_a_listing(ok, annotated):
    join = {"filter": {}, "join": {"on": {"resource": "annotations", "local": "itemId", "forigen": "id"}}}
    join["join"]["filter"] = {"label": "ripe"}
    assert paths(ok, "Fruit/Apples", "--filter", json.dumps(join)) == ["/photos/a.txt"]
    assert paths(ok, "Fruit/Apples", "--filter", '{"name": "b.txt"}') == ["/photos/b.txt"]


@pytest.mark.parametrize("query", ["{", "[]", '{"resource": "tasks"}', '{"filter": {}, "page": 1}'])
def test_a_query_that_makes_no_sense_is_a_usage_error(run, fruit, query):
    assert run("ls", "Fruit/Apples", "--filter", query).code == 2


@pytest.mark.parametrize("place", [(), ("Fruit",)])
def test_a_query_without_a_dataset_is_a_usage_error(run, fruit, place):
    ran = run("ls", *place, "--filter", "{}")
    assert (ran.code, ran.out) == (2, "")


def test_long_listings_are_read_in_steps_and_miss_nothing(ok, home):
    many = home / "many"
    many.mkdir()
    for number in range(1203):
        (many / f"{number:04d}").write_text(str(number))
    ok("init")
    ok("add", many, "--to", "P/D", "--create")
    assert paths(ok, "P/D", "--limit", "0") == [f"/many/{number:04d}" for number in range(1203)]


def test_show_tells_everything_about_an_item(ok, annotated):
    told = ok("show", "Fruit/Apples/photos/a.txt", "--json").json
    assert (told["kind"], told["place"], told["size"]) == ("item", "Fruit/Apples/photos/a.txt", 1)
    assert (told["state"], told["content_is"], told["on_platform"]) == ("pending", "here", False)
    assert told["outstanding"] == ["pending: create"]
    assert [one["label"] for one in told["annotations"]] == ["ripe"]


def test_anything_can_be_shown_by_its_id(ok, annotated):
    item = ok("show", "Fruit/Apples/photos/a.txt", "--json").json
    assert ok("show", item["id"], "--json").json == item
    annotation = ok("show", item["annotations"][0]["id"], "--json").json
    assert (annotation["kind"], annotation["label"]) == ("annotation", "ripe")
    assert ok("show", item["dataset_id"], "--json").json["items_count"] == 3
    assert ok("show", "Fruit", "--json").json["members"] == ["ann@example.test (owner)"]


def test_a_folder_that_only_files_imply_can_be_shown(ok, fruit):
    told = ok("show", "Fruit/Apples/photos", "--json").json
    assert told == {"kind": "folder", "place": "Fruit/Apples/photos", "files": 3, "size": 6}


@pytest.mark.parametrize("what", ["Nuts", "Fruit/Nuts", "Fruit/Apples/nothing", "0123456789abcdef01234567"])
def test_what_is_not_there_is_not_found(run, fruit, what):
    assert run("show", what).code == 3


@pytest.mark.parametrize("what", ["/", "Fruit//x", "Fruit/Apples/../x"])
def test_a_place_that_makes_no_sense_is_a_usage_error(run, fruit, what):
    assert run("ls", what).code == 2


def test_names_that_two_projects_share_need_an_id(run, ok, fruit):
    with Store.open(fruit) as store, store.transaction("pull") as tx:
        twin = tx.create(EntityKind.PROJECT, {"name": "Fruit"}, {})
    ran = run("ls", "Fruit")
    assert ran.code == 2
    assert twin["id"] in ran.err
    assert ok("ls", twin["id"], "--json").json["datasets"] == []


# get


def test_a_dataset_comes_out_under_its_name_with_the_same_bytes(ok, fruit, home):
    assert ok("get", "Fruit/Apples", "--out", "out", "--json").json["files"] == 3
    assert (home / "out" / "Apples" / "photos" / "mai" / "ä ö.txt").read_text() == "ccc"


def test_a_folder_keeps_its_name_and_a_file_too(ok, fruit, home):
    ok("get", "Fruit/Apples/photos/mai", "Fruit/Apples/photos/a.txt", "--out", "out")
    found = sorted(path.relative_to(home / "out").as_posix() for path in (home / "out").rglob("*.txt"))
    assert found == ["a.txt", "mai/ä ö.txt"]


def test_a_file_that_holds_something_else_is_kept_unless_overwrite_says_so(run, ok, fruit, home):
    (home / "out").mkdir()
    (home / "out" / "a.txt").write_text("mine")
    assert run("get", "Fruit/Apples/photos/a.txt", "--out", "out").code == 9
    assert (home / "out" / "a.txt").read_text() == "mine"
    ok("get", "Fruit/Apples/photos/a.txt", "--out", "out", "--overwrite")
    assert (home / "out" / "a.txt").read_text() == "a"
    assert ok("get", "Fruit/Apples/photos/a.txt", "--out", "out", "--json").json["unchanged"] == 1


def test_a_platform_cannot_name_a_file_out_of_the_folder(run, fruit, home):
    with Store.open(fruit) as store, store.transaction("pull") as tx:
        [item] = [row for row in tx.rows(EntityKind.ITEM) if row["name"] == "a.txt"]
        document = {"type": "file", "filename": "/../../evil.txt", "metadata": {}}
        content = {"size": item["size"], "digest": item["digest"]}
        tx.update(EntityKind.ITEM, item, {**document, "content": content})
    ran = run("get", "Fruit/Apples", "--out", "out/deep", "--json")
    assert (ran.code, ran.json["files"], len(ran.json["failures"])) == (9, 2, 1)
    assert not list(home.rglob("evil.txt"))


def test_a_project_as_a_whole_is_no_set_of_files(run, fruit):
    assert run("get", "Fruit").code == 2


# mv


def test_an_item_is_renamed_or_moved_into_a_folder(ok, fruit):
    ok("mv", "Fruit/Apples/photos/a.txt", "Fruit/Apples/photos/mai")
    ok("mv", "Fruit/Apples/photos/b.txt", "Fruit/Apples/new/")
    ok("mv", "Fruit/Apples/photos/mai/ä ö.txt", "Fruit/Apples/é.txt")
    assert paths(ok, "Fruit/Apples") == ["/new/b.txt", "/photos/mai/a.txt", "/é.txt"]


def test_a_folder_is_moved_with_all_below_it_in_one_action(ok, fruit):
    assert ok("mv", "Fruit/Apples/photos", "Fruit/Apples/archive/2026", "--json").json["items"] == 3
    assert paths(ok, "Fruit/Apples") == [
        "/archive/2026/a.txt",
        "/archive/2026/b.txt",
        "/archive/2026/mai/ä ö.txt",
    ]
    moves = [one for one in ok("log", "--json").json["operations"] if one["verb"] == "set"]
    assert len({one["batch"] for one in moves}) == 1


def test_datasets_and_projects_are_renamed(ok, fruit):
    ok("mv", "Fruit/Apples", "Fruit/Äpfel")
    ok("mv", "Fruit", "Obst")
    assert len(paths(ok, "Obst/Äpfel")) == 3


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("Fruit/Apples/photos/b.txt", 1),
        ("Fruit/Pears/a.txt", 3),
        ("Nuts/Apples/a.txt", 3),
        ("Fruit", 2),
    ],
)
def test_a_target_that_is_taken_or_elsewhere_is_refused_and_moves_nothing(run, ok, fruit, target, code):
    before = paths(ok, "Fruit/Apples")
    assert run("mv", "Fruit/Apples/photos/a.txt", target).code == code
    assert paths(ok, "Fruit/Apples") == before


def test_a_folder_cannot_go_into_itself(run, ok, fruit):
    assert run("mv", "Fruit/Apples/photos", "Fruit/Apples/photos/deep/").code == 2
    assert len(paths(ok, "Fruit/Apples/photos")) == 3


# rm


def test_deleting_asks_first_and_where_nobody_can_answer_it_does_not_happen(run, ok, fruit):
    ran = run("rm", "Fruit/Apples/photos")
    assert (ran.code, "--yes" in ran.err) == (2, True)
    assert len(paths(ok, "Fruit/Apples")) == 3


def test_a_rehearsal_says_how_much_would_be_deleted(ok, annotated):
    told = ok("rm", "Fruit/Apples/photos", "--dry-run", "--json").json
    assert told == {"deleted": {"item": 3, "annotation": 1}, "dry_run": True}
    everything = ok("rm", "Fruit", "--dry-run", "--json").json["deleted"]
    assert everything["item"] == 3
    assert everything["annotation"] == 1
    assert everything["dataset"] == 1


def test_what_is_said_is_what_is_deleted(ok, annotated):
    told = ok("rm", "Fruit", "--yes", "--json").json["deleted"]
    with Store.open(annotated) as store:
        assert all(not store.rows(EntityKind(kind)) for kind in told)
    assert ok("ls", "--json").json == {"projects": []}
    assert ok("fsck", "--json").json["sound"] is True


def test_an_annotation_is_deleted_by_its_id(ok, annotated):
    [annotation] = ok("show", "Fruit/Apples/photos/a.txt", "--json").json["annotations"]
    ok("rm", annotation["id"], "--yes")
    assert ok("show", "Fruit/Apples/photos/a.txt", "--json").json["annotations"] == []


def test_deleting_one_item_leaves_its_neighbours(ok, fruit):
    ok("rm", "Fruit/Apples/photos/a.txt", "--yes")
    assert paths(ok, "Fruit/Apples") == ["/photos/b.txt", "/photos/mai/ä ö.txt"]


# log


def test_the_log_tells_who_did_what_newest_first(ok, fruit):
    ok("mv", "Fruit/Apples/photos/a.txt", "Fruit/Apples/z.txt")
    newest, *_ = ok("log", "--json").json["operations"]
    assert (newest["author"], newest["device"]) == ("ann@example.test", "laptop")
    assert (newest["verb"], newest["kind"], newest["name"]) == ("set", "item", "/z.txt")
    assert newest["changes"] == [{"path": ["filename"], "old": "/photos/a.txt", "new": "/z.txt"}]
    assert '    filename: "/photos/a.txt" -> "/z.txt"' in ok("log").out.splitlines()


def test_the_log_of_a_place_is_of_what_was_there_too(ok, annotated):
    ok("rm", "Fruit/Apples/photos/a.txt", "--yes")
    told = [(one["verb"], one["kind"]) for one in ok("log", "Fruit/Apples", "--json").json["operations"]]
    assert told.count(("create", "item")) == 3
    assert ("delete", "item") in told
    assert ("create", "annotation") in told
    assert ("create", "project") not in told
    whole = [(one["verb"], one["kind"]) for one in ok("log", "Fruit", "--json").json["operations"]]
    assert set(told) < set(whole)


def test_the_log_of_an_item_is_of_it_and_its_annotations(ok, annotated):
    told = ok("log", "Fruit/Apples/photos/a.txt", "--json").json["operations"]
    assert [(one["verb"], one["kind"]) for one in told] == [("create", "annotation"), ("create", "item")]


def test_the_log_of_what_is_gone_is_found_by_its_id(ok, run, fruit):
    item = ok("show", "Fruit/Apples/photos/a.txt", "--json").json["id"]
    ok("rm", item, "--yes")
    assert [one["verb"] for one in ok("log", item, "--json").json["operations"]] == ["delete", "create"]
    assert run("log", "0123456789abcdef01234567").code == 3


def test_the_log_of_what_is_gone_is_found_by_its_place(ok, run, fruit):
    ok("rm", "Fruit/Apples/photos", "--yes")
    told = ok("log", "Fruit/Apples/photos/a.txt", "--json").json["operations"]
    assert [(one["verb"], one["name"]) for one in told] == [
        ("delete", "/photos/a.txt"),
        ("create", "/photos/a.txt"),
    ]
    assert len(ok("log", "Fruit/Apples/photos", "--json").json["operations"]) == 6
    assert run("log", "Fruit/Apples/never").code == 3
    assert run("log", "Fruit/Never/a.txt").code == 3


def test_an_object_that_is_filled_is_one_line_of_the_log(ok, annotated):
    with Store.open(annotated) as store, store.transaction("note") as tx:
        item = find_item(tx.connection, tx.rows(EntityKind.DATASET)[0]["id"], "/photos/b.txt")
        update_item(tx, item, {"metadata": {"user": {"ripe": True}}})
    lines = ok("log", "Fruit/Apples/photos/b.txt").out.splitlines()
    assert [line.strip() for line in lines if line.startswith(" ")] == ["metadata.user.ripe: nothing -> true"]


def test_the_log_is_as_long_as_asked_for(ok, fruit):
    assert len(ok("log", "--limit", "2", "--json").json["operations"]) == 2
    assert len(ok("log", "--limit", "0", "--json").json["operations"]) == 8


# status, conflicts, fsck


def test_status_counts_an_entity_once_under_what_its_edits_amount_to(ok, fruit):
    ok("mv", "Fruit/Apples/photos/a.txt", "Fruit/Apples/z.txt")
    told = ok("status", "--json").json
    assert told["pending"]["create"]["item"] == 3
    assert "set" not in told["pending"]
    assert told["oldest_unsent"]["age_seconds"] >= 0
    assert (told["last_sync"], told["gate"], told["conflicts"], told["rejected"]) == (None, None, 0, [])


def test_status_says_when_nothing_waits(ok):
    ok("init")
    assert "Nothing waits to be sent." in ok("status").out


def test_without_conflicts_the_list_is_empty(ok, run, fruit):
    assert ok("conflicts", "--json").json == {"conflicts": []}
    assert run("conflicts", "show", "abc").code == 3


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("abc",),
        ("abc", "--mine", "--theirs"),
        ("--mine",),
        ("abc", "--all", "--mine"),
        ("--all", "--value-json", "1"),
        ("abc", "--value-json", "{"),
    ],
)
def test_a_decision_that_is_none_is_a_usage_error(run, fruit, words):
    assert run("resolve", *words).code == 2


def test_fsck_finds_an_item_whose_content_is_lost(run, ok, fruit):
    assert ok("fsck", "--json").json == {"sound": True, "findings": []}
    with Store.open(fruit) as store:
        digest = next(row["digest"] for row in store.rows(EntityKind.ITEM) if row["name"] == "a.txt")
        store.blobs.remove(digest)
    ran = run("fsck", "--json")
    assert (ran.code, ran.json["sound"]) == (11, False)
    assert [one["check"] for one in ran.json["findings"]] == ["blob"]
    assert run("fsck").code == 11


def test_a_store_that_is_no_database_is_damaged(run, fruit):
    (fruit / "store.db").write_bytes(b"not a database at all" * 100)
    assert run("status").code == 11


# import


def test_import_takes_an_export_in(ok, home):
    (home / "export" / "items" / "train").mkdir(parents=True)
    (home / "export" / "json" / "train").mkdir(parents=True)
    (home / "export" / "items" / "train" / "x.jpg").write_bytes(b"x")
    annotation = {"id": "1", "type": "class", "label": "apple", "metadata": {}}
    description = {"filename": "/train/x.jpg", "annotations": [annotation]}
    (home / "export" / "json" / "train" / "x.json").write_text(json.dumps(description))
    ok("init")
    told = ok("import", "export", "--to", "Fruit/Apples/in", "--create", "--json").json
    assert (told["items"], told["annotations"], told["labels"], told["failures"]) == (1, 1, 1, [])
    assert paths(ok, "Fruit/Apples") == ["/in/train/x.jpg"]
    assert ok("import", "export", "--to", "Fruit/Apples/in", "--json").json["existing"] == 1


def test_import_of_something_else_is_a_mistake(run, ok, photos):
    ok("init")
    assert run("import", photos, "--to", "P/D", "--create").code == 2
