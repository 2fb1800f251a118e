"""Test what is stored in the lessons: clean outputs of one run from top to bottom, and links to existing pages."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from helpers import LESSONS, lesson_name

from dpyauth.registry import APIS


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_the_stored_outputs_come_from_one_clean_run(path: Path) -> None:
    lesson = nbformat.read(path, as_version=4)
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert "widgets" not in lesson.metadata
    for cell in code:
        assert "execution" not in cell.metadata
        for output in cell.outputs:
            assert output.get("name") != "stderr"
            assert output.output_type != "error" or "raises-exception" in cell.metadata.get("tags", ())
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
            said = "".join([output.get("text", ""), *map(str, output.get("data", {}).values())])
            assert re.search(r"(?<![\w/])/(home|root|tmp|work|Users)/", said) is None


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_links_to_files_lead_to_existing_files(path: Path) -> None:
    lesson = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if not (path.parent / link).is_file()] == []


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_links_to_deriv_are_to_pages_that_dpyauth_names_itself(path: Path) -> None:
    known = {page for facts in APIS.values() for page in facts.pages.all}
    texts = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    links = re.findall(r"\]\((https://[^)\s]+)\)", "\n".join(texts))
    assert [link for link in links if "deriv" in urlsplit(link).netloc and link not in known] == []
