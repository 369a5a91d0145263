"""The plan of a push: order and batches."""

from __future__ import annotations

from dataclasses import replace

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.plan import ORDER, Errand, Job, batches, moves, stages, titled


def job(kind, entity_id, *, remote=None, base=None, target=None, item=None, name=""):
    parents = {K.DATASET: "d", **({K.ITEM: item} if item else {})}
    return Job(kind, entity_id, remote, base, target, parents, name=name)


def create(kind, entity_id="n", **more):
    return job(kind, entity_id, target={}, **more)


def update(kind, entity_id="u", **more):
    return job(kind, entity_id, remote="r", base={}, target={}, **more)


def delete(kind, entity_id="x"):
    return job(kind, entity_id, remote="r", base={})


def order(*jobs):
    return [(stage.errand, stage.kind) for stage in stages(jobs)]


def test_an_errand_is_told_by_what_is_known_and_wanted():
    assert create(K.ITEM).errand is Errand.CREATE
    assert update(K.ITEM).errand is Errand.UPDATE
    assert delete(K.ITEM).errand is Errand.DELETE


def test_every_kind_has_a_place_in_the_order():
    assert set(ORDER) == set(K)
    assert len(ORDER) == len(set(ORDER))


def test_creations_follow_their_dependencies():
    jobs = [create(kind) for kind in reversed(ORDER)]
    assert order(*jobs) == [(Errand.CREATE, kind) for kind in ORDER]
    assert ORDER.index(K.ONTOLOGY) < ORDER.index(K.RECIPE) < ORDER.index(K.DATASET) < ORDER.index(K.ITEM)
    assert ORDER.index(K.ITEM) < ORDER.index(K.ANNOTATION) < ORDER.index(K.TASK) < ORDER.index(K.ASSIGNMENT)


def test_deletions_go_first_and_parents_before_children():
    assert order(create(K.PROJECT), delete(K.ANNOTATION), delete(K.ITEM), delete(K.DATASET)) == [
        (Errand.DELETE, K.DATASET),
        (Errand.DELETE, K.ITEM),
        (Errand.DELETE, K.ANNOTATION),
        (Errand.CREATE, K.PROJECT),
    ]


def test_a_dataset_is_opened_before_all_else_and_closed_after_it():
    opened = job(K.DATASET, "d", remote="r", base={"readonly": True}, target={"readonly": False})
    closed = replace(job(K.DATASET, "e", remote="r", base={}, target={"readonly": True}), later=True)
    assert order(closed, create(K.ASSIGNMENT), opened, delete(K.ITEM)) == [
        (Errand.OPEN, K.DATASET),
        (Errand.DELETE, K.ITEM),
        (Errand.CREATE, K.ASSIGNMENT),
        (Errand.CLOSE, K.DATASET),
    ]


def test_items_move_before_new_ones_come():
    assert order(create(K.ITEM), update(K.ITEM)) == [(Errand.UPDATE, K.ITEM), (Errand.CREATE, K.ITEM)]


def test_jobs_of_a_stage_keep_their_order():
    [stage] = stages([create(K.ITEM, "2"), create(K.ITEM, "1")])
    assert [one.entity_id for one in stage.jobs] == ["2", "1"]


def test_nothing_to_do_is_no_stage():
    assert stages([]) == []


def move(entity_id, start, to):
    return job(K.ITEM, entity_id, remote=entity_id, base={"filename": start}, target={"filename": to})


def waves(*jobs):
    return [[(one.entity_id, one.target["filename"]) for one in wave] for wave in moves(jobs)]


def test_moves_that_are_in_nobody_s_way_go_together():
    assert waves(move("1", "/a", "/b"), move("2", "/c", "/d")) == [[("1", "/b"), ("2", "/d")]]


def test_who_wants_a_path_waits_until_it_is_left():
    assert waves(move("1", "/a", "/b"), move("2", "/b", "/c")) == [[("2", "/c")], [("1", "/b")]]
    assert waves(move("2", "/b", "/c"), move("1", "/a", "/b")) == [[("2", "/c")], [("1", "/b")]]


def test_in_a_circle_one_steps_aside_first():
    first, second = move("1", "/a", "/b"), move("2", "/b", "/a")
    assert waves(first, second) == [[("1", "/a (moving 1)")], [("2", "/a")]]
    [[stepping], _] = moves([first, second])
    assert stepping.aside
    assert [stage.errand for stage in stages([first, second])] == [Errand.UPDATE, Errand.UPDATE]


def test_an_edit_without_a_move_waits_for_nobody():
    assert waves(move("1", "/a", "/a"), move("2", "/b", "/b")) == [[("1", "/a"), ("2", "/b")]]


def test_paths_of_different_datasets_do_not_meet():
    here, there = move("1", "/a", "/b"), move("2", "/b", "/a")
    there = Job(there.kind, "2", "2", there.base, there.target, {K.DATASET: "other"})
    assert len(moves([here, there])) == 1


def test_twins_on_one_path_do_not_wait_for_ever():
    assert len(moves([move("1", "/a", "/b"), move("2", "/a", "/a"), move("3", "/a", "/a")])) <= 3


def test_a_batch_holds_annotations_of_one_item_in_order():
    jobs = [create(K.ANNOTATION, str(number), item="ab"[number % 2]) for number in range(10)]
    found = [[one.entity_id for one in batch] for batch in batches(jobs, 3)]
    assert found == [["0", "2", "4"], ["6", "8"], ["1", "3", "5"], ["7", "9"]]


def test_a_job_is_told_to_a_person_in_words():
    assert titled([create(K.ITEM, name="/a.jpg"), delete(K.TASK)]) == ["create item /a.jpg", "delete task "]
