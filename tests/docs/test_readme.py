"""The tables of questions in the guide and in README: each line runs, with the extras of README and without any."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from helpers import LESSONS, lesson_name, without

from dpyauth.registry import APIS, DEFAULT

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUESTIONS = (ROOT / "notebooks" / "guide" / "questions.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

RUN = """
import ast, asyncio, inspect, sys
import dpyauth
session = dpyauth.login(sandbox=True, api=sys.argv[1])
for line in sys.argv[2:]:
    answer = eval(compile(line, line, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
    if inspect.iscoroutine(answer):
        answer = asyncio.run(answer)
    print(line)
"""


NEED_AN_EXTRA = ("dpyauth.plots.", "dpyauth.to_excel(", "xlsx")


def section(text: str, heading: str) -> str:
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def code_in_tables(text: str) -> list[str]:
    rows = [row for row in text.splitlines() if row.startswith("| `")]
    return [code for row in rows for code in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def lines(api: str) -> list[str]:
    """Return the code in the first columns of the guide's tables that an API is said to answer."""
    only = "On v3 only" if api == "v3" else "On the current API only"
    found = code_in_tables(section(QUESTIONS, "On both APIs") + section(QUESTIONS, only))
    assert len(found) > (30 if api == "v3" else 20)
    found.sort(key=lambda line: "close()" in line)  # after all others
    return [line.replace("since=...", 'since="2026-11-23"') for line in found]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("hidden", "file"),
    [("", "statement.parquet"), ("pyarrow matplotlib openpyxl keyring distributed", "statement.csv")],
    ids=["everything", "no extras"],
)
def test_every_line_of_the_tables_runs(api: str, hidden: str, file: str, tmp_path: Path) -> None:
    run = [line for line in lines(api) if not hidden or not any(name in line for name in NEED_AN_EXTRA)]
    for part in (run[::2], run[1::2]):  # all questions in one session would wait for Deriv's limits
        command = [sys.executable, "-c", without(hidden) + RUN, api, *part]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.splitlines()[-len(part) :] == part
    assert {"index.html", file} <= {entry.name for entry in (tmp_path / "my-report").iterdir()}


def test_every_line_of_readme_is_one_of_the_guide() -> None:
    panels = (ROOT / "notebooks" / "reference" / "panels.md").read_text(encoding="utf-8")
    asked = code_in_tables(section(README, "What you can ask"))
    assert len(asked) > 12
    assert set(asked) - set(code_in_tables(QUESTIONS)) - set(code_in_tables(panels)) == set()


def test_the_way_to_the_first_frame_of_the_users_account_is_short() -> None:
    way = README[: README.index("session.account_status()")]
    assert len(way.split()) < 150
    assert len(re.findall(r"^\d\. ", way, re.MULTILINE)) <= 6
    assert "v3" not in way
    pages = APIS[DEFAULT].pages
    assert {pages.apps, pages.tokens} <= set(re.findall(r"\((https:[^)]+)\)", way))


brought_by = functools.cache(metadata.packages_distributions)


def imported(source: str) -> set[str]:
    """Return the packages that some code imports."""
    nodes = list(ast.walk(compile(source, "lesson", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", LESSONS, ids=lesson_name)
def test_the_extra_that_readme_installs_has_the_imports_of_every_lesson(path: Path) -> None:
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"]
    listed = {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted}
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for package in set().union(*map(imported, cells)) - sys.stdlib_module_names - {"dpyauth"}:
        assert listed & set(brought_by()[package]), package
