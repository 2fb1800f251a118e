"""Lessons on what both of Deriv's APIs have, as readers run them: on the older API, or as somebody who has less than
the sandbox's first user. `make test` runs all lessons as they are, with nbval."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

LESSONS = Path(__file__).parents[2] / "notebooks"
LOGIN = "session = dpyauth.login(sandbox=True)"
PERSON = """\
from dpyauth.sandbox import shared

token = next(each.token for each in shared().side("{api}").tokens if each.label.startswith("{person}"))
session = dpyauth.login(token, sandbox=True)"""


def run(name: str, login: str) -> list[NotebookNode]:
    """Run a lesson that signs in like this; return its boxes of code."""
    lesson = nbformat.read(LESSONS / f"{name}.ipynb", as_version=4)
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    (signing_in,) = (cell for cell in code if LOGIN in cell.source)
    signing_in.source = signing_in.source.replace(LOGIN, login)
    NotebookClient(lesson, timeout=120, resources={"metadata": {"path": LESSONS}}).execute()
    return code


@pytest.mark.kernel
@pytest.mark.parametrize(
    "name",
    [
        "04-your-account-as-data",
        "05-live-streams",
        "08-keeping-a-session-alive",
        "09-async-and-nest-asyncio",
        "10-many-accounts",
    ],
)
def test_it_runs_on_the_older_api_by_one_changed_line(name: str) -> None:
    code = run(name, 'session = dpyauth.login(sandbox=True, api="v3")')
    shown = [str(cell.outputs) for cell in code]
    assert "CR900001" in "".join(shown)
    assert "DOT900003" not in "".join(shown)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("api", "person", "loginid"), [("options", "trouble", "DOT900012"), ("v3", "new", "VRTC900021")]
)
def test_the_lesson_on_ones_account_runs_on_any(api: str, person: str, loginid: str) -> None:
    """One has an account that is not active, the other nothing on it."""
    code = run("04-your-account-as-data", PERSON.format(api=api, person=person))
    (chosen,) = (cell for cell in code if "session.use(" in cell.source)
    assert loginid in str(chosen.outputs)
