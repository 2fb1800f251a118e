"""Test what signing in to the sandbox costs a new process."""

from __future__ import annotations

import subprocess
import sys

import pytest

NEEDLESS = ["jsonschema", "lark", "pandas", "IPython", "ipywidgets", "anywidget", "oauthlib"]

every_api = pytest.mark.parametrize("api", ["v3", "options"])


def last_line(code: str) -> str:
    """Return the last line that this code prints in a process of its own."""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return ran.stdout.splitlines()[-1]


@every_api
def test_signing_in_imports_only_what_it_needs(api: str) -> None:
    code = (
        f"import sys, dpyauth; dpyauth.login(sandbox=True, api={api!r});"
        f"print([name for name in {NEEDLESS} if name in sys.modules])"
    )
    assert last_line(code) == "[]"


@every_api
def test_signing_in_reads_no_certificates(api: str) -> None:
    code = (
        "import ssl, dpyauth; ssl.SSLContext.load_verify_locations = None;"
        f"print(dpyauth.login(sandbox=True, api={api!r}).state)"
    )
    assert last_line(code) == "signed in"
