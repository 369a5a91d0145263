"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from localloop.config import read_duration
from localloop.errors import BadRequest


def checked_gate(gate: str | None) -> str | None:
    """A gate that is a URL; an empty one, such as of an unset variable, must not become the hosted platform."""
    if gate is None:
        return None
    try:
        parts = urlsplit(gate.strip())
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address that is none
        fine = False
    if not fine:
        raise typer.BadParameter(f"A gate is a URL such as http://192.168.1.20:8080, not {gate!r}.")
    return gate


StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="The store to work on. Otherwise $LOCALLOOP_STORE; else the nearest .localloop, from the working "
        "directory up; else your own.",
        show_default=False,
    ),
]

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The store: its directory, or one with a .localloop in it.",
        show_default=False,
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.", show_default=False)]

GateOption = Annotated[
    str | None,
    typer.Option(
        "--gate",
        metavar="URL",
        help="The platform's root URL. Otherwise the store's, else $LOCALLOOP_GATE, else the hosted platform.",
        show_default=False,
        callback=checked_gate,
    ),
]

EmailOption = Annotated[
    str | None,
    typer.Option("--email", metavar="EMAIL", help="The account.", show_default=False),
]

ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="The gate and the account that `localloop login --profile` gave this name.",
        show_default=False,
    ),
]

IntoOption = Annotated[
    str,
    typer.Option("--dataset", metavar="PROJECT/DATASET", help="Where its files go.", show_default=False),
]

ToOption = Annotated[
    str, typer.Option("--to", metavar="PATH", help="The directory of the dataset that stands for it.")
]

IgnoreOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="PATTERN",
        help="Pass over what fits, as in a .gitignore; again for more. Also what .localloopignore in DIR says.",
        show_default=False,
    ),
]

CreateOption = Annotated[
    bool,
    typer.Option(
        "--create", help="Make the project and the dataset if they are missing.", show_default=False
    ),
]

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.", show_default=False)]

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would be done.", show_default=False)
]

FilterOption = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="QUERY",
        help="Only items that this finds: 'label:Ear size>10MB', or JSON.",
        show_default=False,
    ),
]

DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset", metavar="PROJECT/DATASET", help="Only what is in this dataset.", show_default=False
    ),
]

KindOption = Annotated[
    str | None,
    typer.Option(
        "--kind", metavar="KIND", help="Only entities of this kind, such as item.", show_default=False
    ),
]

FieldOption = Annotated[
    str | None,
    typer.Option(
        "--field",
        metavar="PATTERN",
        help="Only fields whose path is like this, such as metadata.user.*",
        show_default=False,
    ),
]


def duration(text: str | None) -> float | None:
    """A time such as ``90``, ``90s``, ``10m`` or ``2h``, in seconds; nothing stays nothing."""
    if text is None:
        return None
    try:
        return read_duration(text, "A time")
    except BadRequest as error:
        raise typer.BadParameter(error.message) from None


def examples(*lines: str) -> str:
    """The Examples section of a command's help.

    Args:
        lines: Command lines, each perhaps with a comment after two spaces and a ``#``.

    Returns:
        Text for a command's ``epilog``.
    """
    # The form feed's cousin \b tells the help formatter to leave the line breaks alone.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
