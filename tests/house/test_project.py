"""The project's own files agree with one another."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def requirement(text: str) -> tuple[str, str]:
    """Name and version bound of a requirement, blanks and quotes aside."""
    name, bound = re.fullmatch(r"\s*([A-Za-z0-9_.-]+)\s*(.*)", text).groups()  # type: ignore[union-attr]
    return name.lower().replace("_", "-"), bound.replace(" ", "")


def test_environment_yml_says_the_same_as_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = dict(map(requirement, project["dependencies"] + project["optional-dependencies"]["lab"]))
    wanted["python"] = project["requires-python"]
    *listed, by_pip = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    listed.remove("pip")
    assert by_pip["pip"].pop() == "--editable ."
    given = dict(map(requirement, listed + by_pip["pip"]))
    assert given == wanted


def test_changelog_names_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changelog


def test_readme_opens_with_the_two_commands_and_its_links_lead_somewhere() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"lab", "test"} <= set(targets)
    assert readme.index("make lab") < readme.index("make test") < readme.index("**Windows**")
    for link in re.findall(r"\]\((?!https?:|#)([^)]+)\)", readme):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
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
