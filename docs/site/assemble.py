"""Puts the documentation site together: ``python docs/site/assemble.py FOLDER`` writes its pages and its configuration.

Each text is kept once, where a reader of the code looks for it. Beside `docs/` the site has the README as its first
page, the contracts of engine and schema, the changes, and a reference of the Python API, made from the docstrings.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import sys
from pathlib import Path

from griffe import GriffeLoader, Parser
from griffe2md import ConfigDict, render_object_docs

ROOT = Path(__file__).resolve().parents[2]

#: File of the project → page of the site.
PAGES = {
    "README.md": "index.md",
    "sync/README.md": "engine.md",
    "schema/README.md": "schema.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
}

#: What is where in the site: sections, and those of their pages that come first.
SECTIONS: dict[str, tuple[str, list[str]]] = {
    "Guides": ("guides/", ["guides/getting-started.md"]),
    "Concepts": ("concepts/", ["concepts/operation-log.md", "concepts/merging.md", "concepts/safety.md"]),
    "Reference": ("reference/", ["reference/cli.md", "reference/settings.md", "reference/errors.md"]),
    "Python": ("python/", ["python/index.md"]),
    "The platform": ("platform/", ["platform/wire.md"]),
    "How it is made": ("", ["design.md", "engine.md", "schema.md", "contributing.md"]),
    "Decisions": ("decisions/", ["decisions/README.md"]),
}

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_WITHIN = re.compile(r"\[([^\[\]]*)\]\(#([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) `(localloop\.sdk\.\w+)(?:\.([\w.]+))?`$", re.MULTILINE)

#: What the reference shows of a docstring.
_STYLE: ConfigDict = {
    "docstring_section_style": "list",
    "filters": ["!^_"],
    "show_root_heading": True,
    "summary": False,
    "heading_level": 2,
}


def assemble(folder: Path) -> None:
    """Write all pages, and what the site's generator has to know.

    Args:
        folder: Where to; what is there is replaced.
    """
    shutil.rmtree(folder, ignore_errors=True)
    texts = {
        path.relative_to(ROOT / "docs").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "docs").rglob("*.md"))
    }
    texts |= {page: (ROOT / source).read_text(encoding="utf-8") for source, page in PAGES.items()}
    texts = {page: _turned(text, page, texts) for page, text in texts.items()} | _reference()
    for page, text in texts.items():
        target = folder / "pages" / page
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    look = (Path(__file__).parent / "zensical.toml").read_text(encoding="utf-8")
    places = f'[project]\ndocs_dir = "pages"\nsite_dir = "site"\nnav = {_navigation(list(texts))}\n'
    (folder / "zensical.toml").write_text(look.replace("[project]\n", places, 1), encoding="utf-8")


def _navigation(texts: list[str]) -> str:
    """The pages by section, as TOML."""
    told = ['"index.md"']
    for section, (place, first) in SECTIONS.items():
        others = [page for page in sorted(texts) if place and page.startswith(place) and page not in first]
        told.append(f"{{ {json.dumps(section)} = {json.dumps(first + others)} }}")
    return f"[{', '.join([*told, json.dumps('changes.md')])}]"


def _turned(text: str, page: str, there: dict[str, str]) -> str:
    """Links between files of the project as links between pages; to what the site has not, their words alone."""
    source = next((one for one, name in PAGES.items() if name == page), f"docs/{page}")

    def turned(match: re.Match[str]) -> str:
        words, link = match.groups()
        path, mark, anchor = link.partition("#")
        if not path or "://" in path:
            return match.group()
        place = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        target = PAGES.get(place, place.removeprefix("docs/"))
        if target not in there:
            return words
        return f"[{words}]({posixpath.relpath(target, posixpath.dirname(page) or '.')}{mark}{anchor})"

    return _LINK.sub(turned, text)


def _reference() -> dict[str, str]:
    """A page for each module of the Python API, and one that lists them."""
    modules = sorted(
        path.stem for path in (ROOT / "localloop" / "sdk").glob("*.py") if path.stem != "__init__"
    )
    places = [ROOT, ROOT / "sync", ROOT / "schema"]
    loader = GriffeLoader(search_paths=places, docstring_parser=Parser.google)
    for package in ("localloop_schema", "localloop_sync", "localloop"):
        loader.load(package)
    loader.resolve_aliases(external=False)
    rooms = loader.modules_collection["localloop.sdk"]
    texts = {f"python/{name}.md": render_object_docs(rooms[name], _STYLE) for name in modules}
    homes = {anchor: page for page, text in texts.items() for anchor in _names(text)}
    texts = {
        page: _HEADING.sub(_named, _WITHIN.sub(lambda match: _within(match, homes), text))
        for page, text in texts.items()
    }
    listed = "\n".join(f"- [{name}]({name}.md)" for name in modules)
    texts["python/index.md"] = (
        "# The Python API\n\n`import localloop as dl` has those names of these modules that `localloop.__all__` "
        f"lists.\n\n{listed}\n"
    )
    return texts


def _names(text: str) -> list[str]:
    return [".".join(filter(None, found.groups()[1:])) for found in _HEADING.finditer(text)]


def _named(heading: re.Match[str]) -> str:
    """A heading without the module, which is the page's title; links find it by its whole name."""
    level, module, name = heading.groups()
    return f"{level} `{name}` {{ #{_slug(f'{module}.{name}')} }}" if name else ""


def _within(match: re.Match[str], homes: dict[str, str]) -> str:
    words, anchor = match.groups()
    home = homes.get(anchor)
    return words if home is None else f"[{words}]({posixpath.basename(home)}#{_slug(anchor)})"


def _slug(anchor: str) -> str:
    """What a heading of this text is called in a link."""
    return re.sub(r"[^\w-]", "", anchor.lower())


if __name__ == "__main__":
    assemble(Path(sys.argv[1]))
