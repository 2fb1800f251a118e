"""What signing in to the sandbox costs a new process."""

from __future__ import annotations

import subprocess
import sys

import pytest

NEEDLESS = ["jsonschema", "lark", "pandas", "IPython", "ipywidgets", "anywidget", "oauthlib"]


@pytest.mark.parametrize("api", ["v3", "options"])
def test_signing_in_loads_nothing_that_it_does_not_need(api: str) -> None:
    code = (
        f"import sys, dpyauth; dpyauth.login(sandbox=True, api={api!r});"
        f"print([name for name in {NEEDLESS} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
