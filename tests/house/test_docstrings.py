"""Docstrings of the package begin with a verb, or with a noun for classes and attributes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "dpyauth"
QUESTION = re.compile(r"(What|Whether|How|Who|Whose|Where|Which|When|Why)\b")


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every docstring, including those of attributes."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for each in getattr(node, "body", []) if not isinstance(node, ast.Lambda | ast.IfExp) else []:
                if (
                    isinstance(each, ast.Expr)
                    and isinstance(each.value, ast.Constant)
                    and isinstance(each.value.value, str)
                ):
                    yield f"{path.relative_to(PACKAGE)}, line {each.lineno}", each.value.value.strip()


def test_no_docstring_begins_like_a_question() -> None:
    wrong = [f"{place}: {text.splitlines()[0]}" for place, text in docstrings() if QUESTION.match(text)]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)
