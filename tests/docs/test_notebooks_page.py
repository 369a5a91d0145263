"""``docs/guides/notebooks.md``, as a reader would type it."""

from __future__ import annotations

from PIL import Image

from tests.docs import pages
from tests.docs.terminal import Terminal

PAGE = "docs/guides/notebooks.md"


def test_what_the_page_says_to_type_works(tmp_path):
    items, told = tmp_path / "in" / "items", tmp_path / "in" / "json"
    items.mkdir(parents=True)
    told.mkdir()
    Image.new("RGB", (20, 10)).save(items / "a.png")
    box = '{"type": "box", "label": "cat", "coordinates": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}'
    (told / "a.json").write_text(
        f'{{"annotations": [{box}, {box.replace("cat", "dog")}], "metadata": {{"user": {{"farm": "north"}}}}}}'
    )
    terminal = Terminal(tmp_path, "")
    terminal.localloop(["init", "--author", "ann@example.test"])
    terminal.localloop(["import", "in", "--to", "Fruit/Apples", "--create"])
    terminal.python("\n".join(pages.blocks(pages.ROOT / PAGE, "python")))
    assert "2 boxes" in terminal.said
    assert "2 rows" in terminal.said
    assert "1 sample(s)" in terminal.said
    assert "/a.png 2" in terminal.said
