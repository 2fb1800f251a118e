"""The project's own files agree with one another."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from helpers import LESSONS, lesson_name
from lowest import requirement

from dpyauth import __version__

ROOT = Path(__file__).parents[2]


def test_environment_yml_says_the_same_as_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = dict(map(requirement, project["dependencies"] + project["optional-dependencies"]["lab"]))
    wanted["python"] = project["requires-python"]
    *listed, by_pip = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    listed.remove("pip")
    assert by_pip["pip"].pop() == "--editable ."
    given = dict(map(requirement, listed + by_pip["pip"]))
    assert given == wanted


def test_changelog_has_a_section_for_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", changelog, re.MULTILINE)
    assert len(sections) == changelog.count("\n## ")
    assert sections[0] == ("Unreleased", "")
    assert __version__ in dict(sections[1:])
    assert all(date for _, date in sections[1:])


def test_changelog_links_to_nothing_relative() -> None:
    """It is a page of the documentation as well, where the same link would lead elsewhere."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((?!https://)[^)]*\)|^\[.+\]: (?!https://)", changelog, re.MULTILINE) == []


def test_readme_opens_with_the_two_commands_and_its_links_lead_somewhere() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"lab", "test"} <= set(targets)
    assert readme.index("make lab") < readme.index("make test") < readme.index("**Windows**")
    assert len(readme.splitlines()) < 180
    for link in re.findall(r"\]\((?!https?:|#)([^)]+)\)", readme):
        assert (ROOT / link).exists(), link


def test_commands_to_install_name_extras_that_there_are() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pages = [ROOT / "README.md", *sorted((ROOT / "notebooks" / "guide").glob("*.md"))]
    named = {
        extra
        for page in pages
        for extra in re.findall(r"(?:\./dpyauth|--editable \.)\[([\w,]+)\]", page.read_text(encoding="utf-8"))
    }
    assert {"lab", "test", "dask", "keyring"} <= named
    assert named - set(project["optional-dependencies"]) == set()


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_stored_lessons_are_clean(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert str(Path.home()) not in text
    assert "sandbox-rich" not in text, "a token of the sandbox is no secret, but a lesson teaches not to store one"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert not [
            output for output in cell["outputs"] if output["output_type"] == "error" or output.get("name") == "stderr"
        ]
