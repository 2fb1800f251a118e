"""Lessons are run on readers' own accounts: nothing there may be missing, or in a bad way, that a lesson relies on."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

LESSONS = Path(__file__).parents[2] / "notebooks"
LOGIN = re.compile(r"dpyauth\.login\(sandbox=True.*?\)")
PEOPLE = {
    ("options", "new"): ("shared().options_token('new').token, create_demo=True", "DOT900201"),
    ("options", "trouble"): ("shared().options_token('trouble').token", "DOT900012"),
    ("v3", "new"): ("'sandbox-new-read'", "VRTC900021"),
    ("v3", "trouble"): ("'sandbox-trouble-read'", "CR900011"),
}
"""How each signs in, and the account that begins with. A new user has no account yet on the current API."""


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("lesson", "api", "person"),
    [
        ("01-sign-in-and-account-status", "options", "new"),
        ("01-sign-in-and-account-status", "options", "trouble"),
        ("01-sign-in-and-account-status", "v3", "new"),
        ("01-sign-in-and-account-status", "v3", "trouble"),
        ("03-your-account-status", "options", "new"),
        ("03-your-account-status", "options", "trouble"),
        ("04-your-account-as-data", "options", "new"),
        ("06-both-deriv-apis", "options", "new"),
        ("06-both-deriv-apis", "v3", "new"),
        ("11-if-deriv-still-serves-you-on-v3", "v3", "new"),
        ("11-if-deriv-still-serves-you-on-v3", "v3", "trouble"),
    ],
)
def test_a_lesson_about_an_account_runs_on_any(lesson: str, api: str, person: str) -> None:
    notebook = nbformat.read(LESSONS / f"{lesson}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    signing_in = next(cell for cell in code if LOGIN.search(cell.source))
    token, loginid = PEOPLE[api, person]
    login = f'dpyauth.login({token}, sandbox=True, api="{api}")'
    signing_in.source = "from dpyauth.sandbox import shared\n" + LOGIN.sub(login, signing_in.source)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": LESSONS}}).execute()
    first = next(cell for cell in code if "session.account_status(" in cell.source)
    assert loginid in str(first.outputs)
