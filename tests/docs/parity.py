"""Compares the Python API with dtlpy's: ``python -m tests.docs.parity`` writes ``docs/reference/dtlpy-parity.md``."""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from importlib.metadata import version
from typing import Any

import attrs
import dtlpy
from dtlpy import entities, repositories

import localloop as dl
from localloop.sdk import platform_only

#: Whose methods are compared, in the order of the page.
CLASSES = {
    "Repositories": (
        "Projects",
        "Datasets",
        "Items",
        "Annotations",
        "Recipes",
        "Ontologies",
        "Tasks",
        "Assignments",
    ),
    "Entities": (
        "Project",
        "Dataset",
        "Item",
        "Annotation",
        "AnnotationCollection",
        "Recipe",
        "Ontology",
        "Label",
        "Task",
        "Assignment",
        "Filters",
    ),
    "Shapes": (
        "Box",
        "Classification",
        "Cube",
        "Cube3d",
        "Description",
        "Ellipse",
        "FreeText",
        "Gis",
        "Note",
        "Point",
        "Polygon",
        "Polyline",
        "Pose",
        "RefImage",
        "Segmentation",
        "Subtitle",
        "Text",
    ),
}

#: What a script calls on the module itself.
FUNCTIONS = (
    "login",
    "login_api_key",
    "login_m2m",
    "logout",
    "token_expired",
    "info",
    "setenv",
    "checkout_state",
)

_DEFAULTS = (str, int, float, bool, type(None), tuple, list, dict, Enum)


class Standing(StrEnum):
    """How a method stands."""

    SAME = "same"
    DIFFERS = "differs"
    PLATFORM = "platform only"
    MISSING = "not there"


@dataclass(frozen=True)
class Compared:
    """A method, and how it stands."""

    name: str
    standing: Standing
    how: str = ""


def compared(name: str) -> list[Compared]:
    """The public methods of a class of dtlpy beside ours, by name."""
    theirs = _theirs(name)
    ours = getattr(dl, name, None) if name in dl.__all__ else None
    return [_method(name, method, getattr(theirs, method), ours) for method in _methods(theirs)]


def functions() -> list[Compared]:
    """The functions of the module."""
    return [_method("dl", name, getattr(dtlpy, name), dl) for name in FUNCTIONS]


def _theirs(name: str) -> Any:
    for place in (repositories, entities, dtlpy):
        if hasattr(place, name):
            return getattr(place, name)
    raise LookupError(name)


def _methods(owner: Any) -> list[str]:
    found = []
    # What makes the defaults of a class's fields is written like a method, and is none that a script calls.
    fields = attrs.fields(owner) if attrs.has(owner) else ()
    makers = {field.default.factory for field in fields if isinstance(field.default, attrs.Factory)}
    for name in dir(owner):
        if name.startswith("_") or inspect.getattr_static(owner, name) in makers:
            continue
        kind = inspect.getattr_static(owner, name)
        if isinstance(kind, staticmethod | classmethod) or inspect.isfunction(kind):
            found.append(name)
    return found


def _method(owner: str, name: str, theirs: Callable[..., Any], ours: Any) -> Compared:
    if (owner, name) in platform_only.METHODS or name in platform_only.EVERYWHERE:
        return Compared(name, Standing.PLATFORM)
    # The module loads names when they are first used; of a class a property must not be asked for.
    look = getattr if ours is dl else inspect.getattr_static
    mine = None if ours is None else look(ours, name, None)
    if mine is None:
        return Compared(name, Standing.MISSING)
    if isinstance(mine, property):
        return Compared(name, Standing.DIFFERS, "an attribute here")
    how = "; ".join(_differences(_parameters(theirs), _parameters(getattr(ours, name))))
    return Compared(name, Standing.DIFFERS if how else Standing.SAME, how)


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    return {
        one.name: one.default
        for one in inspect.signature(function).parameters.values()
        if one.name not in ("self", "cls") and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    }


def _differences(theirs: dict[str, Any], ours: dict[str, Any]) -> Iterator[str]:
    missing = [name for name in theirs if name not in ours]
    more = [name for name in ours if name not in theirs]
    if missing:
        yield f"without {_listed(missing)}"
    if more:
        yield f"also {_listed(more)}"
    shared = [name for name in theirs if name in ours]
    if shared != [name for name in ours if name in theirs]:
        yield "in another order"
    for name in shared:
        a, b = _plain(theirs[name]), _plain(ours[name])
        if a != b:
            yield f"`{name}` is {_said(b)} when left out, not {_said(a)}"


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _said(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    return f"`{value!r}`" if isinstance(value, _DEFAULTS) else "something else"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def page() -> str:
    """The page."""
    sections: list[str] = []
    counts: Counter[Standing] = Counter()
    for title, names in {"Functions": ("dl",), **CLASSES}.items():
        sections.append(f"## {title}\n")
        for name in names:
            methods = functions() if name == "dl" else compared(name)
            own = Counter(one.standing for one in methods)
            counts += own
            told = ", ".join(f"{own[one]} {one.value}" for one in Standing if own[one])
            rows = [
                f"| `{one.name}` | {one.standing.value}{': ' + one.how if one.how else ''} |"
                for one in methods
            ]
            sections.append(
                "\n".join([f"### {name}\n", f"{told}.\n", "| method | |", "|---|---|", *rows, ""])
            )
    total = counts.total()
    head = [
        "# What of dtlpy is there",
        "",
        f"Made by comparing the signatures of dtlpy {version('dtlpy')} with those of `import localloop as dl`, by",
        "`make docs-reference`. Names, order and defaults of parameters are compared; what methods do is in",
        "the reference of the Python API, and the tests that run scripts with both.",
        "",
        "| | methods | |",
        "|---|---|---|",
    ]
    meaning = {
        Standing.SAME: "the same parameters with the same defaults",
        Standing.DIFFERS: "there, with parameters that differ as told",
        Standing.PLATFORM: "raises `PlatformOnlyError`, which says so",
        Standing.MISSING: "not there yet; a script stops with `AttributeError`",
    }
    head += [f"| {one.value} | {counts[one]} | {meaning[one]} |" for one in Standing]
    head += [
        f"| all | {total} | |",
        "",
        "Whole repositories that exist only on the platform raise the same error at the first use: "
        + ", ".join(f"`dl.{name}`" for name in sorted(platform_only.REPOSITORIES))
        + ".",
        "",
    ]
    return "\n".join(head) + "\n" + "\n".join(sections)


if __name__ == "__main__":
    sys.stdout.write(page())
