"""Lessons with the one line changed that they say to change, run by the user's own Jupyter at Deriv's addresses."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import installed
import nbformat
import pytest
from front import Front
from helpers import own_line_options
from talk import PATIENCE, user_of

from dpyauth.catalog.calls import load
from dpyauth.sandbox import Sandbox

LESSONS = Path(__file__).parents[2] / "notebooks"
APIS = {
    "00-before-you-start": "options",
    "01-sign-in-and-account-status": "options",
    "02-sign-in-with-deriv": "options",
    "03-your-account-status": "options",
    "04-your-account-as-data": "options",
    "05-live-streams": "options",
    "06-both-deriv-apis": "options",
    "07-access-levels-and-staying-safe": "options",
    "08-keeping-a-session-alive": "options",
    "09-async-and-nest-asyncio": "options",
    "10-many-accounts": "options",
    "11-if-deriv-still-serves-you-on-v3": "v3",
}
LOGIN = {
    "options": ("dpyauth.login(sandbox=True)", "dpyauth.login()"),
    "v3": ('dpyauth.login(sandbox=True, api="v3")', 'dpyauth.login(api="v3")'),
    "07-access-levels-and-staying-safe": (
        'dpyauth.login(sandbox=True, profile="everything")',
        'dpyauth.login(profile="everything")',
    ),
}
"""The line to change, and what to."""
FREE = ("session.sandbox", 'keys=["before", "after"]')
"""What is in cells that may show something else than in the sandbox, where things are made to happen."""


@pytest.mark.kernel
@pytest.mark.parametrize("name", APIS)
def test_with_an_account_of_ones_own(
    name: str, release: Path, around: dict[str, str], box: Sandbox, front: Front, tmp_path: Path
) -> None:
    api = APIS[name]
    before, after = LOGIN.get(name, LOGIN[api])
    user = user_of(api, box)
    lesson = nbformat.read(LESSONS / f"{name}.ipynb", as_version=4)
    changed = [cell for cell in lesson.cells if cell.cell_type == "code" and before in cell.source]
    assert len(changed) == 1
    changed[0].source = changed[0].source.replace(before, after)
    stored = [texts(cell) for cell in lesson.cells]
    path = tmp_path / "lesson.ipynb"
    nbformat.write(lesson, path)
    execute(path, release, {**around, **user.env})
    ran = nbformat.read(path, as_version=4)
    for cell, expected in zip(ran.cells, stored, strict=True):
        is_free = "nbval-ignore-output" in cell.metadata.get("tags", ()) or any(text in cell.source for text in FREE)
        if cell.cell_type == "code" and not is_free and after not in cell.source:
            assert texts(cell) == expected, cell.source
    shown = "".join(str(output) for cell in ran.cells for output in cell.get("outputs", []))
    assert user.loginid in shown
    assert user.env["DERIV_TOKEN"] not in path.read_text()
    changes = {name for name, call in load(api).items() if call.changes is True}  # whatever its fields are
    assert changes.isdisjoint(request.call for request in box.received)
    assert {host for host, _ in front.asked} == {"ws.derivws.com" if api == "v3" else "api.derivws.com"}


def execute(path: Path, release: Path, env: dict[str, str]) -> None:
    """Run all cells of a notebook as somebody without the source does, in place."""
    home = {
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": f"{path.parent}/ipython",
        "JUPYTER_RUNTIME_DIR": f"{path.parent}/runtime",
    }
    command = [installed.python(release), "-I", "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", path]
    ended = subprocess.run(
        [*command, *own_line_options(path.parent)],
        env={**env, **home},
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def texts(cell: Any) -> list[str]:
    """What a cell shows, as text."""
    return [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", [])
        if output["output_type"] in ("execute_result", "stream")
    ]
