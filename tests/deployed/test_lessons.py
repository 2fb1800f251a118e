"""Lessons with the one line changed that they say to change, run by the user's own Jupyter at Deriv's addresses."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import installed
import nbformat
import pytest
from front import Front
from talk import PATIENCE, user_of

from dpyauth.sandbox import Sandbox

LESSONS = Path(__file__).parents[2] / "notebooks"
CHANGES = {
    "01-sign-in-and-account-status": ("v3", "dpyauth.login(sandbox=True)", "dpyauth.login()"),
    "03-your-account-status": ("v3", "dpyauth.login(sandbox=True)", "dpyauth.login()"),
    "04-your-account-as-data": ("v3", "dpyauth.login(sandbox=True)", "dpyauth.login()"),
    "06-both-deriv-apis": ("options", "dpyauth.login(sandbox=True, api=API)", "dpyauth.login()"),
}


@pytest.mark.kernel
@pytest.mark.parametrize("name", CHANGES)
def test_with_an_account_of_ones_own(
    name: str, release: Path, around: dict[str, str], box: Sandbox, front: Front, tmp_path: Path
) -> None:
    api, before, after = CHANGES[name]
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
        if cell.cell_type == "code" and after not in cell.source and "NBVAL_IGNORE_OUTPUT" not in cell.source:
            assert texts(cell) == expected, cell.source
    shown = "".join(str(output) for cell in ran.cells for output in cell.get("outputs", []))
    assert user.loginid in shown
    assert user.env["DERIV_TOKEN"] not in path.read_text()
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
        command, env={**env, **home}, cwd=path.parent, capture_output=True, text=True, timeout=4 * PATIENCE, check=False
    )
    assert ended.returncode == 0, ended.stderr


def texts(cell: Any) -> list[str]:
    """What a cell shows, as text."""
    return [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", [])
        if output["output_type"] in ("execute_result", "stream")
    ]
