"""Lessons are run on readers' own accounts: nothing there may be missing, or in a bad way, that a lesson relies on."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

LESSONS = Path(__file__).parents[2] / "notebooks"
LOGIN = "session = dpyauth.login(sandbox=True)"


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("lesson", "person", "loginid"),
    [
        ("01-sign-in-and-account-status", "new", "VRTC900021"),
        ("03-your-account-status", "new", "VRTC900021"),
        ("03-your-account-status", "trouble", "CR900011"),
        ("04-your-account-as-data", "new", "VRTC900021"),
    ],
)
def test_a_lesson_about_an_account_runs_on_any(lesson: str, person: str, loginid: str) -> None:
    notebook = nbformat.read(LESSONS / f"{lesson}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    (signing_in,) = (cell for cell in code if LOGIN in cell.source)
    signing_in.source = signing_in.source.replace(
        LOGIN, f'session = dpyauth.login("sandbox-{person}-read", sandbox=True)'
    )
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": LESSONS}}).execute()
    first = next(cell for cell in code if "session.account_status()" in cell.source)
    assert loginid in str(first.outputs)
