"""An environment as README tells a user to make it: the built wheel with its extra `lab`, and nothing else.

    python tests/deployed/installed.py FOLDER

makes it, or brings it up to date. DPYAUTH_RELEASE names such a folder to the tests; without it they make one.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 900.0
"""Seconds that another process may take to make it."""


class NotInstalled(Exception):
    """The packages that the wheel needs could not be had, as where there is no network."""


def make(folder: Path) -> None:
    """Build the wheel and install it as README says; what it needs is kept for as long as pyproject.toml stays."""
    with tempfile.TemporaryDirectory() as built:
        try:
            _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", built, str(ROOT))
        except subprocess.CalledProcessError as error:
            raise NotInstalled(error.output) from None
        (wheel,) = Path(built).glob("*.whl")
        asked = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
        stamp = folder / "made-from"
        if not stamp.exists() or stamp.read_text() != asked:
            venv.EnvBuilder(clear=True, with_pip=True).create(folder)
            try:
                _install(folder, f"{wheel}[lab]")
            except subprocess.CalledProcessError as error:
                raise NotInstalled(error.output) from None
            stamp.write_text(asked)
        else:
            _install(folder, "--force-reinstall", "--no-deps", str(wheel))


def provide(shared: Path) -> Path:
    """Return the environment to test: the one that DPYAUTH_RELEASE names, or one made once for all who share a folder.

    Raises
    ------
    NotInstalled
        There is none and none can be made.
    """
    if given := os.environ.get("DPYAUTH_RELEASE"):
        return Path(given)
    folder, over = shared / "release", shared / "release-over"
    try:
        (shared / "release-begun").mkdir()
    except FileExistsError:
        _wait_for(over)
    else:
        trouble = "it was interrupted"
        try:
            make(folder)
            trouble = ""
        except NotInstalled as error:
            trouble = str(error)
        finally:
            written = over.with_suffix(".new")
            written.write_text(trouble)
            written.rename(over)  # whole or not at all
    if trouble := over.read_text():
        raise NotInstalled(trouble)
    return folder


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of a run share, and no other run."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _wait_for(path: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > until:
            raise NotInstalled("another process did not get it done")
        time.sleep(0.1)


def _install(folder: Path, *what: str) -> None:
    _run(str(python(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)


def python(folder: Path) -> Path:
    """Return the Python of an environment."""
    return folder / "bin" / "python"


def _run(*command: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(command, check=True, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main() -> NoReturn:
    """Make what the command line names."""
    try:
        make(Path(sys.argv[1]))
    except subprocess.CalledProcessError as error:
        sys.exit(error.output)
    except NotInstalled as error:
        sys.exit(str(error))
    sys.exit(0)


if __name__ == "__main__":
    main()
