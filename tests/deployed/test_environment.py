"""What is tested here is what a user gets: the wheel of this source, what README says beside it, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import installed
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from talk import Run

ROOT = Path(__file__).parents[2]
BROUGHT_BY_VENV = {"pip", "setuptools"}


@pytest.fixture
def there(run: Run) -> dict[str, Any]:
    """What the environment says of itself."""
    said: dict[str, Any] = run("environment.py")
    return said


def test_dpyauth_is_the_wheel(there: dict[str, Any], release: Path) -> None:
    assert Path(there["dpyauth"]).is_relative_to(release)
    assert "site-packages" in there["dpyauth"]
    assert there["origin"]["url"].endswith(".whl")
    assert "archive_info" in there["origin"]
    assert not [path for path in there["paths"] if Path(path or ".").resolve().is_relative_to(ROOT / "dpyauth")]
    assert str(ROOT) not in there["paths"]


def test_it_is_the_wheel_of_this_source(there: dict[str, Any]) -> None:
    """Or else `make release` would help."""
    ours, theirs = ROOT / "dpyauth", Path(there["dpyauth"]).parent

    def contents(folder: Path) -> dict[str, bytes]:
        files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    here, there_too = contents(ours), contents(theirs)
    lessons = {name: there_too.pop(name) for name in list(there_too) if name.startswith("lessons/")}
    assert here.keys() == there_too.keys()
    assert [name for name in here if here[name] != there_too[name]] == []
    stored = contents(ROOT / "notebooks")
    assert {f"lessons/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")} <= lessons.keys()
    assert [name for name, content in lessons.items() if stored[name.removeprefix("lessons/")] != content] == []


def test_nothing_else_is_there(there: dict[str, Any]) -> None:
    assert set(there["installed"]) - BROUGHT_BY_VENV == set(there["asked"])


def test_nothing_of_the_tests_is_there(there: dict[str, Any]) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = {extra: {canonicalize_name(Requirement(line).name) for line in extras[extra]} for extra in extras}
    only_tests = names["test"] - names["lab"] - {"dpyauth"}
    assert {"pytest", "trustme", "playwright"} <= only_tests
    assert only_tests & set(there["installed"]) <= {"jsonschema", "pexpect", "pyyaml"}  # which Jupyter itself needs


def test_nothing_is_missing_or_at_odds(release: Path) -> None:
    command = [installed.python(release), "-m", "pip", "check"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert checked.returncode == 0, checked.stdout


def test_readme_says_so() -> None:
    """These tests install what README tells a user to install: the extra `lab`."""
    readme = (ROOT / "README.md").read_text()
    assert 'pip install "./dpyauth[lab]"' in readme
    assert "[lab]" in Path(installed.__file__).read_text()
    assert sys.version_info >= (3, 11)
