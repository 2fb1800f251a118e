"""Run a marimo notebook as a script, without a user."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dpyauth.sandbox import Sandbox

pytestmark = pytest.mark.kernel

NOTEBOOK = """
import marimo

app = marimo.App()


@app.cell
def _():
    import dpyauth
    session = dpyauth.login(server={server!r})
    return (session,)


@app.cell
def _(session):
    session
    return
"""


@pytest.fixture
def notebook(tmp_path: Path, box: Sandbox) -> Path:
    path = tmp_path / "page.py"
    path.write_text(NOTEBOOK.format(server=box.rest))
    return path


@pytest.fixture
def surroundings(surroundings: dict[str, str], tmp_path: Path) -> dict[str, str]:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        surroundings[name] = str(tmp_path / "home")
    return surroundings


def run(surroundings: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    nothing = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 120}
    return subprocess.run([sys.executable, *command], env=surroundings, **nothing)  # type: ignore[call-overload, no-any-return]


EXPORT = ("-m", "marimo", "export", "html", "page.py", "-o", "page.html")


def test_without_a_credential_the_error_says_what_to_set(
    notebook: Path, surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(notebook.parent)
    ran = run(surroundings, *EXPORT)
    assert ran.returncode != 0
    assert "this run cannot ask you for one" in ran.stderr
    assert "DERIV_TOKEN" in ran.stderr


def test_with_a_credential_it_signs_in(
    notebook: Path, surroundings: dict[str, str], box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(notebook.parent)
    token = box.options_token("rich").token
    ran = run(surroundings | {"DERIV_TOKEN": token, "DERIV_APP_ID": box.options_app_id}, *EXPORT)
    assert ran.returncode == 0, ran.stderr
    assert "DOT900003 \\u00b7 Demo account" in (notebook.parent / "page.html").read_text()
    for path in notebook.parent.rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes(), path
    assert token not in ran.stdout + ran.stderr
