"""Install the release into an empty environment: JupyterLab has the extension at once, and login works."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from conftest import Lab

pytestmark = pytest.mark.browser

LOGIN = "import dpyauth\nsession = dpyauth.login(sandbox=True)\nprint(dpyauth.__file__)"


def test_in_jupyterlab(opening: Callable[..., Any], released: Path, released_lab: Lab) -> None:
    assert "dpyauth.jupyter | extension was successfully loaded" in released_lab.log.read_text()
    with urllib.request.urlopen(f"{released_lab.url}/dpyauth/callback", timeout=10) as page:
        assert b"dpyauth" in page.read()
    with opening(released_lab, "lab", (LOGIN, "session.account_status()", "session")) as notebook:
        where = notebook.run(0)
        expect(where).to_contain_text(str(released))
        expect(where).to_contain_text("site-packages")
        expect(notebook.panel.locator(".dpyauth-loginid")).to_have_text("DOT900003")
        expect(notebook.run(1).locator("table.dataframe")).to_contain_text("DOT900003")
        expect(notebook.run(2).locator(".dpyauth-panel")).to_contain_text("9,969.39")
        notebook.shot("release")
