"""Run the tests on each Python, and with the lowest and the next releases of the packages that dpyauth needs.

    pipx run nox -f tests/noxfile.py             # the sessions `tests` (on every installed Python) and `lowest`
    pipx run nox -f tests/noxfile.py -s lowest   # one session

`make test` runs every check on one Python. These sessions run the tests whose result depends on the version of Python
or of other packages.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from lowest import pins  # noqa: E402

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
RUN = ("python", "-m", "pytest", "-q", "--dist", "loadfile", "--no-loadscope-reorder", "--durations", "15")
WITHOUT_BROWSER = ("--ignore", "tests/browser", "--ignore", "tests/deployed", "--ignore", "tests/docs")
LOOSE = ("websockets", "ipywidgets", "anywidget", "pandas")
"""Packages that have an upper bound, and the one whose releases change most for dpyauth."""

nox.options.sessions = ["tests", "lowest"]
nox.options.envdir = str(ROOT / ".nox")
nox.options.error_on_missing_interpreters = False
nox.needs_version = ">=2024.4"


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests that need no browser, with the newest releases."""
    session.chdir(ROOT)
    session.install("-e", ".[test]")
    session.run(*RUN, "-n", "4", *(session.posargs or WITHOUT_BROWSER))


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """Run the tests of most rooms with every dependency at the lowest version that pyproject.toml names."""
    session.chdir(ROOT)
    extras = ("lab", "dask", "keyring")
    session.install("-e", f".[{','.join(extras)}]", *pins(*extras))
    # What the tests of these rooms import; the extra `test` would raise some of the lowest versions.
    session.install("authlib", "hypothesis", "jsonschema", "pyyaml", "pytest", "pytest-xdist", "trustme")
    rooms = ("apis", "frames", "net", "oauth", "panels", "plots", "session", "storage")
    session.run(*RUN, "-n", "4", *(session.posargs or [f"tests/{room}" for room in rooms]))


@nox.session(python=PYTHONS[-2])
def newest(session: nox.Session) -> None:
    """Run the same tests with pre-releases and without the upper bounds, to see whether a bound can be raised."""
    session.chdir(ROOT)
    session.install("-e", ".[test]")
    session.install("--upgrade", "--pre", *LOOSE)
    session.run(*RUN, "-n", "4", *(session.posargs or WITHOUT_BROWSER))
