"""Test the public names, and what importing them costs."""

from __future__ import annotations

import inspect
import subprocess
import sys

import dpyauth
from dpyauth import errors

HEAVY = [
    "pandas",
    "numpy",
    "ipywidgets",
    "IPython",
    "jsonschema",
    "tornado",
    "anywidget",
    "httpx",
    "oauthlib",
    "matplotlib",
]

PANELS = {"apps", "explorer", "tokens"}
OTHERS = {
    "Fleet",
    "Session",
    "Stream",
    "__version__",
    "allow_nested_asyncio",
    "doctor",
    "export",
    "fleet",
    "for_storage",
    "forget",
    "login",
    "plots",
    "restored",
    "to_excel",
}


def test_the_list_is_sorted_and_every_name_is_there() -> None:
    assert dpyauth.__all__ == sorted(dpyauth.__all__)
    assert len(set(dpyauth.__all__)) == len(dpyauth.__all__)
    assert all(hasattr(dpyauth, name) for name in dpyauth.__all__)


def test_every_error_is_exported_and_nothing_unexpected() -> None:
    kinds = {
        name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, errors.DpyauthError)
    }
    assert set(dpyauth.__all__) == kinds | OTHERS | PANELS


def test_every_exported_name_is_documented() -> None:
    assert all(inspect.getdoc(getattr(dpyauth, name)) for name in dpyauth.__all__ if name != "__version__")


def test_importing_loads_nothing_heavy_and_starts_no_thread() -> None:
    code = (
        "import sys, threading, dpyauth;"
        "[getattr(dpyauth, name) for name in dpyauth.__all__];"
        f"print([name for name in {HEAVY} if name in sys.modules], threading.active_count())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == "[] 1"
    assert not ran.stderr
