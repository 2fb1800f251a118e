"""What is handed out, installed into an empty environment: JupyterLab has the extension at once, and login works."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import missing, serving
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

LOGIN = "import dpyauth\nsession = dpyauth.login(sandbox=True)\nprint(dpyauth.__file__)"


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of an environment that has JupyterLab, the wheel and what that asks for, and nothing else."""
    folder = os.environ.get("DPYAUTH_RELEASE")
    if folder is None:
        missing("DPYAUTH_RELEASE names no environment with the wheel in it; `make test` makes one")
    return Path(folder, "bin", "python")


def test_nothing_is_missing_or_at_odds(python: Path) -> None:
    checked = subprocess.run([python, "-m", "pip", "check"], capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout


def test_in_jupyterlab(
    python: Path, chromium: Browser, opening: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with serving("jupyterlab", tmp_path_factory.mktemp("release"), python=python) as lab:
        with urllib.request.urlopen(f"{lab.url}/dpyauth/callback", timeout=10) as page:
            assert b"dpyauth" in page.read()
        assert "dpyauth.jupyter | extension was successfully loaded" in lab.log.read_text()
        with opening(lab, "lab", (LOGIN, "session.account_status()", "session")) as notebook:
            where = notebook.run(0)
            expect(where).to_contain_text("site-packages")
            expect(where).to_contain_text(str(python.parents[1]))
            expect(notebook.panel.locator(".dpyauth-loginid")).to_have_text("CR900001")
            expect(notebook.run(1).locator("table.dataframe")).to_contain_text("CR900001")
            expect(notebook.run(2).locator(".dpyauth-panel")).to_contain_text("9,363.47")
            notebook.shot("release")
