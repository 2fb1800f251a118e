"""Lessons as readers run them on accounts of their own: on either of Deriv's APIs, and with less on them than the
sandbox's first user has. `make test` runs all lessons as they are, with nbval."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

LESSONS = Path(__file__).parents[2] / "notebooks"
LOGIN = "session = dpyauth.login(sandbox=True)"
ON_V3 = 'session = dpyauth.login(sandbox=True, api="v3")'
PERSON = """\
from dpyauth.sandbox import shared

token = next(each.token for each in shared().side("{api}").tokens if each.label.startswith("{person}"))
session = dpyauth.login(token, sandbox=True, api="{api}", create_demo={is_new})"""


def run(name: str, login: str, instead_of: str = LOGIN) -> list[NotebookNode]:
    """Run a lesson that signs in like this; return its boxes of code."""
    lesson = nbformat.read(LESSONS / f"{name}.ipynb", as_version=4)
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    (signing_in,) = (cell for cell in code if instead_of in cell.source)
    signing_in.source = signing_in.source.replace(instead_of, login)
    NotebookClient(lesson, timeout=120, resources={"metadata": {"path": LESSONS}}).execute()
    return code


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("01-sign-in-and-account-status", "Identity: verified until 2026-12-15"),
        ("02-sign-in-with-deriv", "9363.47"),
        ("03-your-account-status", "v3) does not tell wallets."),
        ("04-your-account-as-data", "v3) does not tell wallets."),
        ("05-live-streams", ""),
        ("06-both-deriv-apis", "This API knows of 7 checks."),
        ("08-keeping-a-session-alive", ""),
        ("09-async-and-nest-asyncio", ""),
        ("10-many-accounts", ""),
    ],
)
def test_it_runs_on_the_older_api_by_one_changed_line(name: str, says: str) -> None:
    shown = "".join(str(cell.outputs) for cell in run(name, ON_V3))
    assert "CR900001" in shown
    assert "DOT900003" not in shown
    assert says in shown


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("name", "api", "person"),
    [
        ("01-sign-in-and-account-status", "options", "new"),
        ("01-sign-in-and-account-status", "options", "trouble"),
        ("01-sign-in-and-account-status", "v3", "new"),
        ("01-sign-in-and-account-status", "v3", "trouble"),
        ("03-your-account-status", "options", "new"),
        ("03-your-account-status", "options", "trouble"),
        ("03-your-account-status", "options", "moved"),
        ("03-your-account-status", "options", "partner"),
        ("03-your-account-status", "options", "agent"),
        ("03-your-account-status", "v3", "new"),
        ("03-your-account-status", "v3", "trouble"),
        ("04-your-account-as-data", "options", "new"),
        ("04-your-account-as-data", "options", "trouble"),
        ("04-your-account-as-data", "options", "partner"),
        ("04-your-account-as-data", "options", "agent"),
        ("04-your-account-as-data", "v3", "new"),
        ("06-both-deriv-apis", "options", "new"),
        ("06-both-deriv-apis", "v3", "new"),
        ("11-if-deriv-still-serves-you-on-v3", "v3", "new"),
        ("11-if-deriv-still-serves-you-on-v3", "v3", "trouble"),
    ],
)
def test_a_lesson_on_ones_account_runs_on_any(name: str, api: str, person: str) -> None:
    """The current API has no account yet of a user who is new, and one that is not active of a user in trouble."""
    signing_in = PERSON.format(api=api, person=person, is_new=(api, person) == ("options", "new"))
    code = run(name, signing_in, ON_V3 if name.startswith("11") else LOGIN)
    first = next(cell for cell in code if "session.account_status(" in cell.source or "session.use(" in cell.source)
    loginids = {
        ("options", "new"): "DOT900201",
        ("options", "trouble"): "DOT900012",
        ("options", "moved"): "DOT900032",
        ("options", "partner"): "ROT900041",
        ("options", "agent"): "ROT900051",
        ("v3", "new"): "VRTC900021",
        ("v3", "trouble"): "CR900011",
    }
    assert loginids[api, person] in str(first.outputs)
    assert [output for cell in code for output in cell.outputs if output.get("name") == "stderr"] == []
    if (api, person) == ("options", "trouble"):  # this token lacks a scope, and the lesson goes on without
        wallets = [str(cell.outputs) for cell in code if "session.wallets(" in cell.source]
        assert all("a token with the scope 'payment'" in shown for shown in wallets)
