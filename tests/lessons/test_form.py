"""Every lesson takes under ten minutes, and ends with something to try."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest
from helpers import LESSONS, NOTEBOOKS, lesson_name

WORDS = 1800
"""Nine minutes at 200 words a minute; the code is run, not read."""
TRY = "Try it|Now you|Pruébalo|À vous|Experimente"


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_a_lesson_is_short_and_ends_with_something_to_try(path: Path) -> None:
    texts = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert sum(len(text.split()) for text in texts) <= WORDS
    assert re.search(rf"^## ({TRY})", texts[-1], re.MULTILINE)


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_pictures_get_no_background_from_jupyter(path: Path) -> None:
    """Jupyter adds a background to transparent pictures with only light or only dark labels; one theme shows it."""
    assert "needs_background" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_every_loop_has_an_end_of_its_own(path: Path) -> None:
    """On the user's own account, the event that a loop waits for in the sandbox may never come."""
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    parsed = [compile(text, path.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT) for text in code]
    assert [node for tree in parsed for node in ast.walk(tree) if isinstance(node, ast.While)] == []


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


DRAWN = "dpyauth.plots."
LONG = 92
"""Number of characters of a line of code that fit in JupyterLab with the file browser open, on a small laptop."""


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_lines_of_code_fit_without_scrolling(path: Path) -> None:
    lines = [line for cell in cells(path, "code") for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > LONG] == []


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_a_cell_that_draws_is_short_and_sets_nothing(path: Path) -> None:
    for cell in cells(path, "code"):
        assert not re.search(r"rcParams|colou?r|#[0-9a-f]{6}|matplotlib", cell.source)
        if DRAWN in cell.source:
            assert len(cell.source.splitlines()) <= 5


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_cells_are_marked_by_tags_and_not_by_comments(path: Path) -> None:
    assert [
        cell.source for cell in cells(path, "code") if re.search(r"^\s*# NBVAL_|^%", cell.source, re.MULTILINE)
    ] == []


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_every_picture_has_a_description(path: Path) -> None:
    for cell in cells(path, "code"):
        images = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        assert len(images) == (DRAWN in cell.source), cell.source
        for image in images:
            words = image.metadata["image/png"]["alt"]
            assert len(words) > 20
            assert cell.metadata["mystnb"]["image"]["alt"] == words
    for cell in cells(path, "markdown"):
        assert "![](" not in cell.source
        assert "<img" not in cell.source


@pytest.mark.parametrize("path", [*LESSONS, NOTEBOOKS / "index.md"], ids=lesson_name)
def test_a_cell_is_called_a_cell(path: Path) -> None:
    texts = [path.read_text(encoding="utf-8")] if path.suffix == ".md" else [c.source for c in cells(path, "markdown")]
    assert [text for text in texts if re.search(r"\bbox(es)?\b", text, re.IGNORECASE)] == []


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_the_first_cell_is_simple(path: Path) -> None:
    """Users who have never programmed see it first, so it has no loops, no functions, and few lines."""
    first = ast.parse(cells(path, "code")[0].source)
    hard = (ast.For, ast.FunctionDef, ast.GeneratorExp, ast.ListComp, ast.DictComp, ast.SetComp, ast.Lambda, ast.With)
    assert not [node for node in ast.walk(first) if isinstance(node, hard)]
    assert len(first.body) <= 4


@pytest.mark.parametrize("path", [path for path in LESSONS if path.name < "04"], ids=lesson_name)
def test_the_first_lessons_need_no_programming(path: Path) -> None:
    hard = (ast.FunctionDef, ast.GeneratorExp, ast.ListComp, ast.DictComp, ast.SetComp, ast.Lambda, ast.ClassDef)
    for cell in cells(path, "code"):
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, hard)], cell.source
        assert len(cell.source.splitlines()) <= 9
