"""Lessons in other languages say what the English ones say: the same code, links and pictures in the same places."""

from __future__ import annotations

import ast
import os
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from helpers import LESSONS, NOTEBOOKS, lesson_name

from dpyauth.texts.languages import names, tag

TRANSLATED = [path for path in LESSONS if path.parent != NOTEBOOKS]
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
LANGUAGE = re.compile(r',? ?\blanguage=(?:"([\w-]+)"|session\.language)')
"""Only this argument is different in each language."""


def english(path: Path) -> Path:
    return NOTEBOOKS / path.name


def cells(path: Path, kind: str = "") -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if not kind or cell.cell_type == kind]


def text(path: Path) -> str:
    """Return what is to be read, without the line of links to other languages."""
    first, *others = (cell.source for cell in cells(path, "markdown"))
    title, _, rest = first.split("\n\n", 2)
    return "\n\n".join([title, rest, *others])


def target(path: Path, link: str) -> str:
    """Return where a link leads to, the same for every language."""
    if "://" in link:
        return link
    place = Path(os.path.normpath(path.parent / link)).relative_to(NOTEBOOKS).as_posix()
    return re.sub(rf"(?:^|(?<=\.))(?:{'|'.join(names())})[/.]", "", place)


def without_comments(code: str) -> str:
    return ast.unparse(ast.parse(LANGUAGE.sub("", code)))


def test_each_language_has_a_way_in() -> None:
    spoken = names().keys() & {path.parent.name for path in TRANSLATED}
    assert spoken == {path.parent.name for path in TRANSLATED} >= {"es", "fr", "pt-BR"}
    for language in spoken:
        assert {path.name[:2] for path in TRANSLATED if path.parent.name == language} >= {"00", "01"}


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_the_top_links_to_the_other_languages(path: Path) -> None:
    others = [each for each in LESSONS if each.name == path.name and each != path]
    if not others:
        return
    _, line, _ = cells(path)[0].source.split("\n\n", 2)
    linked = {label: Path(os.path.normpath(path.parent / link)) for label, link in LINK.findall(line)}
    assert linked == {names().get(each.parent.name, "English"): each for each in others}


@pytest.mark.parametrize("path", TRANSLATED, ids=lesson_name)
def test_the_code_is_that_of_the_english_lesson(path: Path) -> None:
    mine, theirs = cells(path), cells(english(path))
    assert [cell.cell_type for cell in mine] == [cell.cell_type for cell in theirs]
    for cell, other in zip(mine, theirs, strict=True):
        if cell.cell_type == "code":
            assert without_comments(cell.source) == without_comments(other.source)
            assert cell.metadata.get("tags") == other.metadata.get("tags")
    blocks = [re.findall(r"```python\n(.*?)```", text(each), re.DOTALL) for each in (path, english(path))]
    assert [without_comments(block) for block in blocks[0]] == [without_comments(block) for block in blocks[1]]


@pytest.mark.parametrize("path", TRANSLATED, ids=lesson_name)
def test_it_signs_in_in_its_language(path: Path) -> None:
    code = "\n".join(cell.source for cell in cells(path))
    signing_in = re.findall(r"session = dpyauth\.login\((.*?)\)", code)
    assert len(signing_in) > 1
    assert {tag(given) for line in signing_in for given in LANGUAGE.findall(line) or [""]} == {path.parent.name}


@pytest.mark.parametrize("path", TRANSLATED, ids=lesson_name)
def test_the_text_has_the_parts_of_the_english_one(path: Path) -> None:
    for cell, other in zip(cells(path, "markdown"), cells(english(path), "markdown"), strict=True):
        for part in (r"^#+ ", r"^\d\. ", r"^- ", r"^\|", r"^```", "\n\n"):
            assert len(re.findall(part, cell.source, re.MULTILINE)) == len(
                re.findall(part, other.source, re.MULTILINE)
            ), (part, cell.source)
    mine, theirs = text(path), text(english(path))
    assert Counter(target(path, link) for _, link in LINK.findall(mine)) == Counter(
        target(english(path), link) for _, link in LINK.findall(theirs)
    )
    mine, theirs = (re.sub(r"```.*?```", "", LANGUAGE.sub("", each), flags=re.DOTALL) for each in (mine, theirs))
    code, wanted = (Counter(re.findall("`([^`\n]+)`", each)) for each in (mine, theirs))
    assert code == wanted


@pytest.mark.parametrize("path", TRANSLATED, ids=lesson_name)
def test_it_says_which_lessons_are_in_english(path: Path) -> None:
    links = re.findall(r"\]\(\.\./\d\d[^)]+\)(.{0,5})", text(path))
    assert links
    assert [after for after in links if not after.startswith(" (")] == []
