"""Situations of one entity: base, mirror and remote → what becomes of it.

Each row is a situation in the world, told in a sentence. The table of the design says the same in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.reconcile import Action, Sort


@dataclass(frozen=True)
class Row:
    """One situation and what is to come of it; ``mirror`` and ``conflicts`` are None and empty where nothing is."""

    said: str
    base: Any
    here: Any
    there: Any
    action: Action
    mirror: Any = None
    conflicts: tuple[str, ...] = ()
    sort: Sort | None = None
    aside: Any = None
    touched: bool = False


def item(path="/a", content="one", **user):
    return {
        "filename": path,
        "metadata": {"user": user},
        "content": {"size": len(content), "digest": content},
    }


def put_into(one, **work):
    return {**one, "tasks": {"t": {"assignment": "a", **work}}}


def box(label="cat", x=1, **user):
    return {"type": "box", "label": label, "coordinates": {"x": x, "y": 1}, "metadata": {"user": user}}


def labels(**colours):
    return {
        "title": "O",
        "labels": {tag: {"color": colour} for tag, colour in colours.items()},
        "metadata": {},
    }


def member(role):
    return {"email": "a@x", "role": role}


def dataset(name="D", recipes=("r",), **metadata):
    return {"name": name, "recipes": list(recipes), "readonly": False, "metadata": metadata}


ONE, TWO, THREE = {"size": 3, "digest": "one"}, {"size": 3, "digest": "two"}, {"size": 5, "digest": "three"}
N, T, M, D, F, B, C = (
    Action.NOTHING,
    Action.TAKE,
    Action.MERGE,
    Action.DELETE_HERE,
    Action.FORGET,
    Action.KEEP_BOTH,
    Action.CONFLICT,
)
THERE, HERE = Sort.DELETED_THERE, Sort.DELETED_HERE
X = "metadata.user.x"

ITEMS = [
    Row("nobody changed anything", item(x=1), item(x=1), item(x=1), N, item(x=1)),
    Row("it is nowhere", None, None, None, N),
    Row("it is new on the platform", None, None, item(x=1), T, item(x=1)),
    Row("it is new here and waits for the push", None, item(x=1), None, N, item(x=1)),
    Row("a field changed there", item(x=1), item(x=1), item(x=2), M, item(x=2)),
    Row("a field was added there", item(), item(), item(x=2), M, item(x=2)),
    Row("a field was removed there", item(x=1, y=1), item(x=1, y=1), item(y=1), M, item(y=1)),
    Row("a field changed here and waits for the push", item(x=1), item(x=2), item(x=1), N, item(x=2)),
    Row("different fields changed", item(x=1, y=1), item(x=2, y=1), item(x=1, y=2), M, item(x=2, y=2)),
    Row("a field changed to the same value", item(x=1), item(x=2), item(x=2), M, item(x=2)),
    Row("a field changed to different values", item(x=1), item(x=2), item(x=3), M, item(x=2), (X,)),
    Row(
        "a field changed here and went there",
        item(x=1, y=1),
        item(x=2, y=1),
        item(y=1),
        M,
        item(x=2, y=1),
        (X,),
    ),
    Row(
        "a field went here and changed there",
        item(x=1, y=1),
        item(y=1),
        item(x=2, y=1),
        M,
        item(y=1),
        (X,),
    ),
    Row("a field went on both sides", item(x=1, y=1), item(y=1), item(y=1), M, item(y=1)),
    Row(
        "one field clashes, another only changed there",
        item(x=1, y=1),
        item(x=2, y=1),
        item(x=3, y=3),
        M,
        item(x=2, y=3),
        (X,),
    ),
    Row(
        "keys deep inside one object changed",
        item(d={"u": 1, "v": 1}),
        item(d={"u": 2, "v": 1}),
        item(d={"u": 1, "v": 2}),
        M,
        item(d={"u": 2, "v": 2}),
    ),
    Row(
        "an array changed on both sides",
        item(x=[1]),
        item(x=[1, 2]),
        item(x=[1, 3]),
        M,
        item(x=[1, 2]),
        (X,),
    ),
    Row("an array changed there", item(x=[1]), item(x=[1]), item(x=[3]), M, item(x=[3])),
    Row(
        "a value became an object here and another value there",
        item(x=1),
        item(x={"a": 1}),
        item(x=2),
        M,
        item(x={"a": 1}),
        (X,),
    ),
    Row("it was moved there", item("/a"), item("/a"), item("/b"), M, item("/b")),
    Row("it was moved here", item("/a"), item("/b"), item("/a"), N, item("/b")),
    Row("it was moved to the same place", item("/a"), item("/b"), item("/b"), M, item("/b")),
    Row(
        "it was moved to different places",
        item("/a"),
        item("/b"),
        item("/c"),
        M,
        item("/b"),
        ("filename",),
    ),
    Row(
        "it was moved here and edited there",
        item("/a", x=1),
        item("/b", x=1),
        item("/a", x=2),
        M,
        item("/b", x=2),
    ),
    Row("it was deleted there and not touched here", item(), item(), None, D),
    Row("it was deleted there and put into a task here", item(), put_into(item()), None, D),
    Row("it was deleted there and taken out of a task here", put_into(item()), item(), None, D),
    Row(
        "it was deleted there and its status in a task set here",
        put_into(item()),
        put_into(item(), status="completed"),
        None,
        C,
        put_into(item(), status="completed"),
        sort=THERE,
    ),
    Row("it was deleted here and put into a task there", item(), None, put_into(item()), N),
    Row("it was deleted there and edited here", item(x=1), item(x=2), None, C, item(x=2), sort=THERE),
    Row("it was deleted there and moved here", item("/a"), item("/b"), None, C, item("/b"), sort=THERE),
    Row(
        "it was deleted there and given content here",
        item(),
        item(content="two"),
        None,
        C,
        item(content="two"),
        sort=THERE,
    ),
    Row(
        "it was deleted there and something below it was edited here",
        item(),
        item(),
        None,
        C,
        item(),
        sort=THERE,
        touched=True,
    ),
    Row("it was deleted here and not touched there", item(), None, item(), N),
    Row("it was deleted here and edited there", item(x=1), None, item(x=2), C, sort=HERE),
    Row("it was deleted here and moved there", item("/a"), None, item("/b"), C, sort=HERE),
    Row("it was deleted here and given content there", item(), None, item(content="two"), C, sort=HERE),
    Row("it was deleted on both sides", item(), None, None, F),
    Row(
        "it was deleted on both sides, with something below it edited here",
        item(),
        None,
        None,
        F,
        touched=True,
    ),
    Row("content was replaced there", item(), item(), item(content="two"), M, item(content="two")),
    Row("content was replaced here", item(), item(content="two"), item(), N, item(content="two")),
    Row(
        "content was replaced by the same",
        item(),
        item(content="two"),
        item(content="two"),
        M,
        item(content="two"),
    ),
    Row(
        "content was replaced by different ones",
        item(),
        item(content="two"),
        item(content="three"),
        M,
        item(content="three"),
        aside=TWO,
    ),
    Row(
        "content was replaced here, metadata edited there",
        item(x=1),
        item(content="two", x=1),
        item(x=2),
        M,
        item(content="two", x=2),
    ),
    Row(
        "content was replaced on both sides, and fields differ too",
        item(x=1),
        item(content="two", x=2),
        item(content="three", x=3),
        M,
        item(content="three", x=2),
        (X,),
        aside=TWO,
    ),
    Row("the same file was added at one path", None, item(), item(), M, item()),
    Row("the same file was added with different fields", None, item(x=1), item(y=2), M, item(x=1, y=2)),
    Row(
        "the same file was added with a field that differs",
        None,
        item(x=1),
        item(x=2),
        M,
        item(x=1),
        (X,),
    ),
    Row("different files were added at one path", None, item(), item(content="two"), B, item()),
    Row(
        "a file was added here where there is a directory there",
        None,
        item(),
        {"filename": "/a", "metadata": {}},
        B,
        item(),
    ),
]

ANNOTATIONS = [
    Row("a label changed there", box(), box(), box("dog"), M, box("dog")),
    Row(
        "a label changed on both sides",
        box(),
        box("dog"),
        box("cow"),
        M,
        box("dog"),
        ("label",),
    ),
    Row(
        "the label changed here and the place there",
        box(),
        box("dog"),
        box(x=2),
        M,
        box("dog", x=2),
    ),
    Row("it was moved on both sides", box(), box(x=2), box(x=3), M, box(x=2), ("coordinates",)),
    Row(
        "its metadata changed by different keys",
        box(a=1),
        box(a=2),
        box(a=1, b=1),
        M,
        box(a=2, b=1),
    ),
    Row("it was drawn there", None, None, box(), T, box()),
    Row("an annotation was deleted there", box(), box(), None, D),
    Row(
        "an annotation was deleted there and edited here",
        box(),
        box("dog"),
        None,
        C,
        box("dog"),
        sort=THERE,
    ),
    Row("it was deleted here and edited there", box(), None, box("dog"), C, sort=HERE),
    Row("it was erased on both sides", box(), None, None, F),
]

LABELS = [
    Row(
        "labels were added on both sides",
        labels(a="1"),
        labels(a="1", b="2"),
        labels(a="1", c="3"),
        M,
        labels(a="1", b="2", c="3"),
    ),
    Row(
        "the same label was added in the same colour",
        labels(),
        labels(b="2"),
        labels(b="2"),
        M,
        labels(b="2"),
    ),
    Row(
        "the same label was added in different colours",
        labels(),
        labels(b="2"),
        labels(b="3"),
        M,
        labels(b="2"),
        ("labels.b.color",),
    ),
    Row(
        "a label was removed there",
        labels(a="1", b="2"),
        labels(a="1", b="2"),
        labels(a="1"),
        M,
        labels(a="1"),
    ),
    Row(
        "a label was removed here and another added there",
        labels(a="1", b="2"),
        labels(a="1"),
        labels(a="1", b="2", c="3"),
        M,
        labels(a="1", c="3"),
    ),
    Row(
        "a label was recoloured here and removed there",
        labels(a="1", b="2"),
        labels(a="1", b="9"),
        labels(a="1"),
        M,
        labels(a="1", b="9"),
        ("labels.b.color",),
    ),
    Row(
        "the title is a guess until the platform says it",
        None,
        {**labels(a="1"), "title": "guess"},
        {**labels(b="2"), "title": "known"},
        M,
        {**labels(a="1", b="2"), "title": "known"},
    ),
]

MEMBERS = [
    Row("somebody joined there", None, None, member("owner"), T, member("owner")),
    Row(
        "somebody was added on both sides in one role",
        None,
        member("owner"),
        member("owner"),
        M,
        member("owner"),
    ),
    Row(
        "somebody was added on both sides in different roles",
        None,
        member("owner"),
        member("engineer"),
        M,
        member("owner"),
        ("role",),
    ),
    Row(
        "a role changed there",
        member("owner"),
        member("owner"),
        member("engineer"),
        M,
        member("engineer"),
    ),
    Row(
        "a role changed on both sides",
        member("owner"),
        member("engineer"),
        member("annotator"),
        M,
        member("engineer"),
        ("role",),
    ),
    Row("somebody left there", member("owner"), member("owner"), None, D),
    Row(
        "somebody left there and got a role here",
        member("owner"),
        member("engineer"),
        None,
        C,
        member("engineer"),
        sort=THERE,
    ),
    Row(
        "somebody was removed here and got a role there",
        member("owner"),
        None,
        member("engineer"),
        C,
        sort=HERE,
    ),
]

DATASETS = [
    Row("a dataset is new there", None, None, dataset(), T, dataset()),
    Row(
        "a dataset was renamed on both sides",
        dataset(),
        dataset("E"),
        dataset("F"),
        M,
        dataset("E"),
        ("name",),
    ),
    Row(
        "a dataset was renamed here, its metadata edited there",
        dataset(),
        dataset("E"),
        dataset(k=1),
        M,
        dataset("E", k=1),
    ),
    Row(
        "a dataset of one name was founded on both sides",
        None,
        dataset(recipes=["mine"]),
        dataset(recipes=["theirs"]),
        M,
        dataset(recipes=["theirs"]),
    ),
    Row(
        "a dataset got other recipes on both sides",
        dataset(),
        dataset(recipes=["s"]),
        dataset(recipes=["t"]),
        M,
        dataset(recipes=["s"]),
        ("recipes",),
    ),
    Row("a dataset was deleted there", dataset(), dataset(), None, D),
    Row(
        "a dataset was deleted there with unsent edits inside",
        dataset(),
        dataset(),
        None,
        C,
        dataset(),
        sort=THERE,
        touched=True,
    ),
    Row("a dataset was deleted here and renamed there", dataset(), None, dataset("E"), C, sort=HERE),
]

SITUATIONS = {
    K.ITEM: ITEMS,
    K.ANNOTATION: ANNOTATIONS,
    K.ONTOLOGY: LABELS,
    K.MEMBER: MEMBERS,
    K.DATASET: DATASETS,
}
TABLE = [(kind, row) for kind, rows in SITUATIONS.items() for row in rows]
