"""The checks that run elsewhere are those of the Makefile and the noxfile, and what is released agrees with itself."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from lowest import pins, requirement

from dpyauth import __version__

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
NOXFILE = (ROOT / "tests" / "noxfile.py").read_text(encoding="utf-8")
SESSIONS = set(re.findall(r"^def (\w+)\(session: nox", NOXFILE, re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(workflow: Any) -> list[Any]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_calls_only_commands_that_are_there(path: Path) -> None:
    commands = [shlex.split(step["run"]) for step in steps(load(path)) if "run" in step]
    assert commands
    for tool, *arguments in commands:
        if tool == "make":
            assert {each for each in arguments if "=" not in each} <= TARGETS
        else:
            assert [tool, *arguments[:4]] == ["pipx", "run", "nox", "-f", "tests/noxfile.py"]
            assert arguments[arguments.index("-s") + 1].partition("-")[0] in SESSIONS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_little_and_its_actions_have_a_version(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        written = {what for what, how in job.get("permissions", {}).items() if how == "write"}
        assert written <= {"id-token", "attestations"}
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"[\w./-]+@(v\d+|release/v\d+)", step["uses"])
            assert not step["uses"].startswith("actions/checkout") or step["with"] == {"persist-credentials": False}
    assert "secrets." not in path.read_text(encoding="utf-8")


def test_what_is_run_on_each_python_is_what_the_package_says() -> None:
    matrix = load(ROOT / ".github/workflows/test.yml")["jobs"]["pythons"]["strategy"]["matrix"]["python"]
    assert f"PYTHONS = {matrix}".replace("'", '"') in NOXFILE
    named = {text.rpartition(" ")[2] for text in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", text)}
    assert PROJECT["requires-python"] == f">={matrix[0]}"
    assert named <= set(matrix)
    assert matrix[0] in named


def test_the_lowest_versions_are_those_of_pyproject() -> None:
    assert {"websockets==15", "pandas==2.3", "keyring==25", "pyarrow==16"} <= set(pins("lab", "keyring"))
    unbounded = {each for each in PROJECT["dependencies"] if ">=" not in each}
    assert len(pins()) == len(PROJECT["dependencies"]) - len(unbounded)
    assert unbounded == {"ipython", "numpy", "traitlets"}, "pyproject.toml says what bounds these"


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text[text.index("dependencies = [") : text.index("[project.scripts]")]
    lines = [line.strip() for line in block.splitlines()[1:-2]]
    for name in ("anywidget", "click", "filelock", "httpx", "ipython", "msgspec", "nest-asyncio", "websockets"):
        place = next(number for number, line in enumerate(lines) if line.startswith(f'"{name}'))
        assert lines[place - 1].startswith("#"), name


def test_the_other_files_are_yaml_and_name_commands_that_are_there() -> None:
    for path in [*ROOT.glob(".github/**/*.yml"), ROOT / ".pre-commit-config.yaml"]:
        assert load(path), path
    hooks = [hook for repo in load(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert "dpyauth doctor" in (ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text(encoding="utf-8")
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`make ([a-z-]+)`", told)) <= TARGETS
    for link in re.findall(r"\]\(([^)]+)\)", told + (ROOT / "SECURITY.md").read_text(encoding="utf-8")):
        assert (ROOT / link).exists(), link


def test_the_citation_and_the_recipe_are_of_this_version_and_need_what_the_package_needs() -> None:
    citation = load(ROOT / "CITATION.cff")
    assert citation["version"] == __version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{__version__}] - {citation['date-released']}\n" in changelog
    guide = (ROOT / "notebooks/guide/releasing.md").read_text(encoding="utf-8")
    recipe = yaml.safe_load(guide.partition("```yaml\n")[2].partition("```\n")[0])
    assert recipe["context"]["version"] == __version__
    extras = PROJECT["optional-dependencies"]
    assert dict(map(requirement, recipe["requirements"]["run"])) == dict(
        map(requirement, [f"python{PROJECT['requires-python']}", *PROJECT["dependencies"]])
    )
    assert dict(map(requirement, recipe["requirements"]["run_constraints"])) == dict(
        map(requirement, [*extras["dask"], *extras["keyring"], *extras["lab"]])
    )
