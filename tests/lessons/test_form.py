"""What every lesson keeps to: under ten minutes, and something to try at the end."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
WORDS = 1800
"""At 200 a minute nine minutes' reading; the code is run, not read."""


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_short_and_ends_with_something_to_try(path: Path) -> None:
    texts = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert sum(len(text.split()) for text in texts) <= WORDS
    assert re.search(r"^## (Try it|Now you)", texts[-1], re.MULTILINE)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_pictures_bring_no_background_of_their_own(path: Path) -> None:
    """Jupyter puts one behind a see-through picture whose labels all look light, or all dark: a box in one theme."""
    assert "needs_background" not in path.read_text(encoding="utf-8")
