"""Each page with something to type names the test that types it."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.docs import pages
from tests.docs.terminal import Terminal

#: Page → the test that runs what it says.
RUN_BY = {
    "CONTRIBUTING.md": "tests/docs/test_blocks.py",
    "README.md": "tests/docs/test_tour.py",
    "docs/concepts/merging.md": "tests/docs/test_merging_page.py",
    "docs/concepts/queries.md": "tests/docs/test_blocks.py",
    "docs/concepts/simulation.md": "tests/docs/test_blocks.py",
    "docs/guides/annotations.md": "tests/docs/test_annotations_page.py",
    "docs/guides/backup.md": "tests/docs/test_backup_page.py",
    "docs/guides/cron.md": "tests/docs/test_cron_page.py",
    "docs/guides/daemon.md": "tests/docs/test_daemon_page.py",
    "docs/guides/disk-space.md": "tests/docs/test_disk_space_page.py",
    "docs/guides/dtlpy-offline.md": "tests/docs/test_dtlpy_offline.py",
    "docs/guides/formats.md": "tests/docs/test_formats_page.py",
    "docs/guides/getting-started.md": "tests/integration/sdk/test_guide.py",
    "docs/guides/logging-in.md": "tests/docs/test_logging_in_page.py",
    "docs/guides/notebooks.md": "tests/docs/test_notebooks_page.py",
    "docs/guides/team-hub.md": "tests/docs/test_team_hub.py",
    "docs/guides/testing-with-faults.md": "tests/docs/test_faults_page.py",
    "docs/guides/versions.md": "tests/docs/test_versions_page.py",
    "docs/guides/watching.md": "tests/docs/test_watching_page.py",
}


def test_each_page_with_something_to_type_is_typed_by_a_test():
    typed = {
        pages.name(page)
        for page in pages.pages()
        if any(pages.blocks(page, language) for language in ("sh", "python", "py"))
    }
    assert typed == set(RUN_BY)


@pytest.mark.parametrize(("page", "test"), RUN_BY.items())
def test_the_test_reads_its_page(page, test):
    assert page.rpartition("/")[2] in pages.text(test)


def test_what_the_page_on_simulation_says_works(tmp_path):
    terminal = Terminal(tmp_path, "")
    [block] = pages.blocks(pages.ROOT / "docs" / "concepts" / "simulation.md", "sh")
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        assert words[0] == "localloop"
        terminal.localloop([*words[1:], "--seeds", "1"])  # of the same option, the last counts
    assert terminal.said.count("1 simulated world") == len(block.splitlines())


def test_what_the_page_on_queries_says_to_type_works(tmp_path):
    terminal = Terminal(tmp_path, "")
    (tmp_path / "a.jpg").write_bytes(b"a")
    terminal.localloop(["init", "--author", "ann@example.test"])
    terminal.localloop(["add", "a.jpg", "--to", "Fruit/Apples", "--create"])
    [block] = pages.blocks(pages.ROOT / "docs" / "concepts" / "queries.md", "sh")
    for line in block.splitlines():
        terminal.localloop(shlex.split(line)[1:])


def test_what_contributors_type_is_there():
    """A test that ran them would run itself."""
    page = pages.ROOT / "CONTRIBUTING.md"
    said = {line.split()[1] for block in pages.blocks(page, "sh") for line in block.splitlines()}
    said |= set(re.findall(r"`make ([a-z-]+)", pages.text("CONTRIBUTING.md")))
    targets = set(re.findall(r"^([a-z-]+):.*?##", pages.text("Makefile"), re.MULTILINE))
    assert said <= targets
    assert targets - said <= {"help"}
