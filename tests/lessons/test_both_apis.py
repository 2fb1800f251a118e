"""What is common to both of Deriv's APIs, on the older one: `make test` runs all lessons as they are, with nbval."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

LESSONS = Path(__file__).parents[2] / "notebooks"
LOGIN = "dpyauth.login(sandbox=True)"


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("lesson", "says"),
    [
        ("01-sign-in-and-account-status", "Identity: verified until 2026-12-15"),
        ("02-sign-in-with-deriv", "9363.47"),
        ("06-both-deriv-apis", "This API knows of 7 checks."),
    ],
)
def test_a_lesson_runs_on_v3_by_changing_one_line(lesson: str, says: str) -> None:
    notebook = nbformat.read(LESSONS / f"{lesson}.ipynb", as_version=4)
    (signing_in,) = (cell for cell in notebook.cells if cell.cell_type == "code" and LOGIN in cell.source)
    signing_in.source = signing_in.source.replace(LOGIN, 'dpyauth.login(sandbox=True, api="v3")')
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": LESSONS}}).execute()
    said = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", []))
    assert "CR900001" in said
    assert "DOT900003" not in said
    assert says in said
