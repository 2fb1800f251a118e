"""Only the registry knows the names of the APIs; no other module of the package compares with one."""

from __future__ import annotations

import ast
from pathlib import Path

from dpyauth.registry import APIS

PACKAGE = Path(__file__).parents[2] / "dpyauth"


def test_no_module_decides_by_the_name_of_an_api() -> None:
    """Each such comparison would have to be edited to support another API."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                values = [one.value for one in [node.left, *node.comparators] if isinstance(one, ast.Constant)]
                if set(APIS) & {value for value in values if isinstance(value, str)}:
                    found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert found == []
