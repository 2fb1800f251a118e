"""Run lessons as users do on their own accounts: on either of Deriv's APIs, and on accounts with less data than the
sandbox's first user has. `make test` runs all lessons unchanged with nbval."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from helpers import own_line
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

LESSONS = Path(__file__).parents[2] / "notebooks"
LOGIN = "session = dpyauth.login(sandbox=True)"
ON_V3 = 'session = dpyauth.login(sandbox=True, api="v3")'
PERSON = """\
from dpyauth.sandbox import shared

token = next(each.token for each in shared().side("{api}").tokens if each.label.startswith("{person}"))
session = dpyauth.login(token, sandbox=True, api="{api}", create_demo={is_new})"""


class User(NamedTuple):
    """A sample user of the sandbox."""

    api: str
    person: str

    @property
    def login(self) -> str:
        """Return code that signs in. On the current API, a new user has no account yet."""
        if self == RICH:
            return ON_V3
        return PERSON.format(api=self.api, person=self.person, is_new=self == User("options", "new"))


RICH = User("v3", "rich")
LOGINIDS = {
    RICH: "CR900001",
    User("options", "new"): "DOT900201",
    User("options", "trouble"): "DOT900012",
    User("options", "moved"): "DOT900032",
    User("options", "partner"): "ROT900041",
    User("options", "agent"): "ROT900051",
    User("v3", "new"): "VRTC900021",
    User("v3", "trouble"): "CR900011",
}
USERS = {
    "01-sign-in-and-account-status": "v3 rich, options new, options trouble, v3 new, v3 trouble",
    "02-sign-in-with-deriv": "v3 rich",
    "03-your-account-status": ", ".join(" ".join(user) for user in LOGINIDS),
    "04-your-account-as-data": "v3 rich, options new, options trouble, options partner, options agent, v3 new",
    "05-live-streams": "v3 rich",
    "06-both-deriv-apis": "v3 rich, options new, v3 new",
    "08-keeping-a-session-alive": "v3 rich",
    "09-async-and-nest-asyncio": "v3 rich",
    "10-many-accounts": "v3 rich",
    "11-if-deriv-still-serves-you-on-v3": "v3 new, v3 trouble",
}
ON_V3_SAYS = {
    "01-sign-in-and-account-status": "Identity: verified until Dec 15, 2026",
    "02-sign-in-with-deriv": "9363.47",
    "03-your-account-status": "v3) does not report wallets.",
    "04-your-account-as-data": "v3) does not report wallets.",
    "06-both-deriv-apis": "This API knows of 7 checks.",
}


def run(name: str, users: Iterable[User], folder: Path) -> dict[User, list[NotebookNode]]:
    """Run a lesson for each user; return the cells of code.

    The users share a kernel, because starting one takes longer than a lesson; each run starts without names.
    """
    signing_in = ON_V3 if name.startswith("11") else LOGIN
    config = Config(KernelManager=own_line(folder))
    resources = {"metadata": {"path": LESSONS}}
    client = NotebookClient(nbformat.v4.new_notebook(), timeout=120, resources=resources, config=config)
    cells = {}
    with client.setup_kernel():
        for user in users:
            lesson = nbformat.read(LESSONS / f"{name}.ipynb", as_version=4)
            cells[user] = [cell for cell in lesson.cells if cell.cell_type == "code"]
            (changed,) = (cell for cell in cells[user] if signing_in in cell.source)
            changed.source = changed.source.replace(signing_in, user.login)
            client.nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%reset -f"), *cells[user]])
            for number, cell in enumerate(client.nb.cells):
                try:
                    client.execute_cell(cell, number)
                except Exception as error:
                    error.add_note(f"as {user}")
                    raise
    return cells


@pytest.mark.kernel
@pytest.mark.parametrize("name", USERS)
def test_a_lesson_runs_on_any_account(name: str, tmp_path: Path) -> None:
    ran = run(name, [User(*text.split()) for text in USERS[name].split(", ")], tmp_path)
    for user, code in ran.items():
        shown = "".join(str(cell.outputs) for cell in code)
        assert LOGINIDS[user] in shown, user
        if user == RICH:  # one line was changed
            assert "DOT900003" not in shown
            assert ON_V3_SAYS.get(name, "") in shown
            continue
        first = next(cell for cell in code if "session.account_status(" in cell.source or "session.use(" in cell.source)
        assert LOGINIDS[user] in str(first.outputs), user
        assert [output for cell in code for output in cell.outputs if output.get("name") == "stderr"] == [], user
        if user == User("options", "trouble"):  # this token lacks a scope, and the lesson goes on without the data
            wallets = [str(cell.outputs) for cell in code if "session.wallets(" in cell.source]
            assert all("a token with the scope 'payment'" in text for text in wallets)
