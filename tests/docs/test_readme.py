"""README's table of questions: each line of it runs, in the environment that README makes and in the smallest one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from helpers import without

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

RUN = """
import ast, asyncio, inspect, sys
import dpyauth
session = dpyauth.login(sandbox=True)
for line in sys.argv[1:]:
    answer = eval(compile(line, line, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
    if inspect.iscoroutine(answer):
        answer = asyncio.run(answer)
    print(line)
"""


def lines() -> list[str]:
    """The code in the first column of the table."""
    table = README.partition("## What you can ask\n\n")[2].partition("\n\n")[0]
    found = [code for row in table.splitlines()[2:] for code in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    assert len(found) > 25
    return [line.replace("since=...", 'since="2026-11-23"') for line in found]


@pytest.mark.parametrize(
    ("hidden", "file"),
    [("", "statement.parquet"), ("pyarrow matplotlib keyring distributed", "statement.csv")],
    ids=["everything", "no extras"],
)
def test_every_line_of_the_table_runs(hidden: str, file: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", without(hidden) + RUN, *lines()]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-len(lines()) :] == lines()
    assert {"index.html", file} <= {entry.name for entry in (tmp_path / "my-report").iterdir()}


def imported(source: str) -> set[str]:
    """The packages that some code imports."""
    nodes = list(ast.walk(compile(source, "lesson", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_a_lesson_imports_comes_with_the_extra_that_readme_installs(path: Path) -> None:
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"]
    listed = {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted}
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    brought_by = metadata.packages_distributions()
    for package in set().union(*map(imported, cells)) - sys.stdlib_module_names - {"dpyauth"}:
        assert listed & set(brought_by[package]), package
