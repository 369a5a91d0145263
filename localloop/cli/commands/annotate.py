"""``localloop annotate``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import JsonOption, StoreOption, YesOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.cli.places import Place


def annotate(
    place: Annotated[str, typer.Argument(metavar="PROJECT/DATASET/PATH|ID", help="The item.")],
    label: Annotated[
        str | None, typer.Option("--label", "-l", help="The label of what is drawn.", show_default=False)
    ] = None,
    box: Annotated[
        list[str] | None,
        typer.Option(metavar="X1,Y1,X2,Y2", help="A box, by two corners in pixels.", show_default=False),
    ] = None,
    point: Annotated[
        list[str] | None, typer.Option(metavar="X,Y", help="A point, in pixels.", show_default=False)
    ] = None,
    polygon: Annotated[
        list[str] | None,
        typer.Option(metavar="X1,Y1,X2,Y2,X3,Y3,...", help="A polygon, in pixels.", show_default=False),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A JSON list of annotations, as on the wire; - reads it.",
            show_default=False,
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Remove this annotation.", show_default=False)
    ] = None,
    yes: YesOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Annotate an item, or list its annotations when nothing else is said.

    --label alone says something of the whole item. With --box, --point and --polygon, each as often as one likes, it is
    the label of these. All of one call is one action, which `localloop undo` takes back.
    """
    from localloop.cli import human
    from localloop.cli.asking import confirm
    from localloop.cli.opening import opened
    from localloop.errors import NotFound
    from localloop.store.annotations import add_annotations, delete_annotations
    from localloop_schema.kinds import EntityKind

    out = Output(as_json=as_json)
    new = [*_drawn(label, box or [], point or [], polygon or []), *_read(source)]
    gone = list(remove or ())
    with opened(store) as here:
        with here.reading() as connection:
            found = _item(connection, place)
        assert found.item is not None
        item_id = found.item["id"]
        if new or gone:
            if gone and not confirm(
                f"Remove {human.count(len(gone), 'annotation')} of {found.text}?", yes=yes
            ):
                raise typer.Exit
            with here.transaction(f"annotate {found.text}") as tx:
                own = {one["id"]: one for one in tx.rows(EntityKind.ANNOTATION, item_id=item_id)}
                own |= {one["remote_id"]: one for one in own.values() if one["remote_id"]}
                missing = [one for one in gone if one not in own]
                if missing:
                    raise NotFound("404", f"{found.text} has no annotation {missing[0]}.")
                delete_annotations(tx, [own[one] for one in gone])
                add_annotations(tx, tx.row(EntityKind.ITEM, item_id), new)
        rows = here.rows(EntityKind.ANNOTATION, item_id=item_id)
    told = [
        {
            name: row[name]
            for name in ("id", "remote_id", "type", "label", "coordinates", "attributes", "creator")
        }
        for row in sorted(rows, key=lambda row: (row["created_at"], row["id"]))
    ]
    out.result({"item": found.text, "added": len(new), "removed": len(gone), "annotations": told})
    if new or gone:
        out.line(
            f"{human.count(len(new), 'annotation')} added, {len(gone)} removed: {found.text} has {len(told)}."
        )
        return
    if not told:
        out.line(f"{found.text} has no annotations.")
        return
    cells = [[one["id"], one["type"], one["label"], json.dumps(one["coordinates"])] for one in told]
    out.fitted(("ID", "TYPE", "LABEL", "COORDINATES"), cells, cut=[3, 2])


def _item(connection: Any, text: str) -> Place:
    from localloop.cli import places

    _, _, found = places.find_any(connection, text)
    if found is None or found.item is None:
        raise BadRequest("400", f"Annotations are an item's: name PROJECT/DATASET/PATH, and not {text!r}.")
    return found


def _drawn(
    label: str | None, boxes: list[str], points: list[str], polygons: list[str]
) -> list[dict[str, Any]]:
    shapes: list[dict[str, Any]] = []
    for text in boxes:
        x1, y1, x2, y2 = _numbers(text, "--box", 4)
        shapes.append({"type": "box", "coordinates": [_point(x1, y1), _point(x2, y2)]})
    shapes += [{"type": "point", "coordinates": _point(*_numbers(text, "--point", 2))} for text in points]
    for text in polygons:
        found = _numbers(text, "--polygon", None)
        ring = [_point(x, y) for x, y in zip(found[::2], found[1::2], strict=True)]
        shapes.append({"type": "segment", "coordinates": [ring]})
    if label is None:
        if shapes:
            raise BadRequest("400", "Say what it is: --label.")
        return []
    return [{**one, "label": label} for one in shapes or [{"type": "class"}]]


def _numbers(text: str, option: str, number: int | None) -> list[float]:
    try:
        found = [float(one) for one in text.split(",")]
    except ValueError:
        found = []
    if len(found) != number if number is not None else len(found) < 6 or len(found) % 2:
        wanted = f"{number} numbers" if number is not None else "three points or more"
        raise BadRequest("400", f"{option} needs {wanted} with commas between them, and not {text!r}.")
    return found


def _point(x: float, y: float) -> dict[str, float]:
    return {"x": x, "y": y, "z": 0}


def _read(source: str | None) -> list[dict[str, Any]]:
    if source is None:
        return []
    try:
        if source == "-":
            found = json.load(sys.stdin)
        else:
            with open(source, encoding="utf-8") as file:  # noqa: PTH123 - `-` is no path
                found = json.load(file)
    except (OSError, ValueError) as error:
        raise BadRequest("400", f"{source} cannot be read: {error}.") from None
    found = found.get("annotations") if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadRequest("400", f"{source} has to be a JSON list of annotations.")
    return found


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "annotate",
        epilog=examples(
            "localloop annotate Fruit/Apples/a.jpg",
            "localloop annotate Fruit/Apples/a.jpg --label Ripe",
            "localloop annotate Fruit/Apples/a.jpg -l Apple --box 1,1,6,6 --box 7,1,9,5",
            "localloop annotate Fruit/Apples/a.jpg --from found.json",
            "localloop annotate Fruit/Apples/a.jpg --remove 6955c6ed411fe1db9d596c5c",
        ),
    )(annotate)
