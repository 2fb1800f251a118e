"""What every lesson keeps to: under ten minutes, and something to try at the end."""

from __future__ import annotations

import ast
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


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_loop_has_an_end_of_its_own(path: Path) -> None:
    """On an account of the reader's own, what the loop of a lesson waits for in the sandbox may never come."""
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    parsed = [compile(text, path.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT) for text in code]
    assert [node for tree in parsed for node in ast.walk(tree) if isinstance(node, ast.While)] == []
