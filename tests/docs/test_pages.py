"""The documents hang together, and name nothing that is not there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from localloop.cli.reference import commands
from tests.docs import pages

EVERY = pytest.mark.parametrize("page", pages.pages(), ids=pages.name)

_CITED_SECTION = re.compile(
    r"wire\.md(?:[\s#]|\(|,)*(?:sections?\s+)?((?:\d+(?:\.\d+)*(?:\s+to\s+|,\s+|\s+and\s+)?)+)"
)


@EVERY
def test_links_lead_somewhere(page):
    lost = []
    for link in pages.links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in pages.anchors(target)):
            lost.append(link)
    assert lost == []


def test_every_page_can_be_reached_from_the_readme():
    reached, ahead = set(), [pages.ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        ahead += [
            (page.parent / link.partition("#")[0]).resolve()
            for link in pages.links(page)
            if "://" not in link
        ]
    assert set(pages.pages()) - reached == set()


@EVERY
def test_commands_that_a_page_names_exist(page):
    said = re.findall(r"`localloop ([a-z][\w-]*(?: show)?)", page.read_text(encoding="utf-8"))
    said += [
        match
        for block in pages.blocks(page, "sh")
        for match in re.findall(r"^localloop ([a-z][\w-]*(?: show)?)", block, re.MULTILINE)
    ]
    assert set(said) - {name for name, _ in commands()} == set()


def test_commands_that_messages_and_comments_name_exist():
    known = {name for name, _ in commands()}
    said = {
        (word, path.relative_to(pages.ROOT).as_posix())
        for path in pages.sources()
        for word in re.findall(r"`localloop ([a-z][\w-]*)", path.read_text(encoding="utf-8"))
    }
    assert {one for one in said if one[0] not in known} == set()


@EVERY
def test_targets_of_make_that_a_page_names_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", pages.text("Makefile"), re.MULTILINE))
    said = re.findall(r"(?:`|^)make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(said) - targets == set()


def test_the_makefile_explains_each_target():
    makefile = pages.text("Makefile")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(phony.split()) == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


@EVERY
def test_files_that_a_page_names_exist(page):
    said = re.findall(
        r"`((?:docs|tests|localloop|sync|schema|requirements)/[\w./-]+)`", page.read_text(encoding="utf-8")
    )
    assert [path for path in said if not (pages.ROOT / path).exists()] == []


def test_pages_that_the_code_names_exist():
    said = {
        path
        for source in pages.sources()
        for path in re.findall(
            r"\b(?:docs/[\w/-]+|sync/README|schema/README)\.md\b", source.read_text(encoding="utf-8")
        )
    }
    assert said
    assert [path for path in sorted(said) if not (pages.ROOT / path).is_file()] == []


def test_sections_of_the_wire_that_the_code_cites_exist():
    headings = set(re.findall(r"^#+ (\d+(?:\.\d+)*)\.? ", pages.text("docs/platform/wire.md"), re.MULTILINE))
    cited: dict[str, str] = {}
    for source in pages.sources():
        joined = re.sub(r"\s*\n\s*#*:?\s*", " ", source.read_text(encoding="utf-8"))
        for numbers in _CITED_SECTION.findall(joined):
            for number in re.findall(r"\d+(?:\.\d+)*", numbers):
                cited[number] = source.name
    assert len(cited) > 20
    assert {number: name for number, name in cited.items() if number not in headings} == {}


def test_the_changelog_says_what_is_unreleased_and_in_which_form():
    changes = pages.text("CHANGELOG.md")
    assert "\n## [Unreleased]\n" in changes
    kinds = set(re.findall(r"^### (.+)$", changes, re.MULTILINE))
    assert kinds
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def committed() -> list[Path]:
    """The files under version control; all of a source distribution, which has none."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=pages.ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return [pages.ROOT / name for name in done.stdout.split("\0") if name]
    return [*pages.pages(), *pages.sources()]


def test_no_file_names_a_package_index():
    hosts = ("pypi" + ".org", "pypi" + ".python", "python" + "hosted.org")
    assert [name for name, content in contents() if any(host in content for host in hosts)] == []


def test_no_file_names_a_place_on_somebodys_machine():
    place = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/")
    found = [name for name, content in contents() if place.search(content)]
    assert [name for name in found if not name.startswith("tests/")] == []  # tests make up paths of their own


def contents() -> list[tuple[str, str]]:
    """The name and the text of each committed file."""
    return [
        (path.relative_to(pages.ROOT).as_posix(), path.read_bytes().decode("utf-8", errors="replace"))
        for path in committed()
        if path.is_file()
    ]
