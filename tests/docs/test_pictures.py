"""Pictures in README and the documentation exist, and have a text that describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from helpers import LESSONS, NOTEBOOKS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(NOTEBOOKS.rglob("*.md")), *LESSONS]
PICTURE = re.compile(r"!\[(?P<said>[^\]]*)\]\((?P<place>[^)\s]+)[^)]*\)")
HTML = re.compile(r"<img\b[^>]*>", re.IGNORECASE)


def texts(path: Path) -> Iterator[str]:
    if path.suffix == ".ipynb":
        yield from (cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    else:
        yield path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_picture_has_a_description(path: Path) -> None:
    for text in texts(path):
        for found in PICTURE.finditer(text):
            assert len(found["said"].split()) >= 4, found[0]
            assert (path.parent / found["place"]).is_file(), found[0]
        for tag in HTML.findall(text):
            assert re.search(r"""alt=(["'])[^"']{15,}\1""", tag), tag


def test_every_picture_is_used() -> None:
    shown = {
        (path.parent / found["place"]).resolve()
        for path in PAGES
        for text in texts(path)
        for found in PICTURE.finditer(text)
    }
    assert {path for path in (NOTEBOOKS / "images").iterdir()} - shown == set()
