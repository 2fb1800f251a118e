"""What several test modules use, and no fixture has to make."""

from __future__ import annotations

import io
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LESSONS = sorted([*NOTEBOOKS.glob("[0-9]*.ipynb"), *NOTEBOOKS.glob("[!.]*/[0-9]*.ipynb")])
"""The lessons; after the English ones those in other languages, each in a folder named by its tag."""


def lesson_name(path: Path) -> str:
    """Return a name such as ``es/00-before-you-start``."""
    return path.relative_to(NOTEBOOKS).with_suffix("").as_posix()


def missing(what: str) -> NoReturn:
    """Skip a test for what is not on this machine; fail it where everything must run (``CI=true``)."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def chromium_path() -> str:
    """Return the path of a Chromium."""
    names = (os.environ.get("DPYAUTH_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    return path or missing("no Chromium found; install it, or name it in DPYAUTH_CHROMIUM")


def ipykernel_6() -> Path:
    """Return the folder that holds the older ipykernel."""
    folder = os.environ.get("DPYAUTH_IPYKERNEL6")
    if folder and Path(folder, "ipykernel").is_dir():
        return Path(folder)
    missing("DPYAUTH_IPYKERNEL6 names no folder with ipykernel 6.31; `make test` makes one")


kernels = itertools.count()


def own_line(folder: Path) -> dict[str, str]:
    """Return options of a new kernel's manager that give it sockets in a folder where the system has them.

    Of the ports that a manager chooses for a kernel, another process may take one before the kernel listens there.
    """
    path = str(folder / f"k{next(kernels)}.json")
    return {"transport": "ipc", "connection_file": path} if _fits(path) else {}


def _fits(path: str) -> bool:
    """Say whether sockets can have a name of about this length: a system takes 103 characters at least."""
    return len(path) < 100 and sys.platform != "win32"


def own_line_options(folder: Path) -> list[str]:
    """Return the same for the command line of a Jupyter tool."""
    return [f"--KernelManager.{name}={value}" for name, value in own_line(folder).items()]


def without(packages: str) -> str:
    """Return code that hides packages from a new process as if they were not installed."""
    return f"""
import importlib.machinery, sys

class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {packages.split()} else super().find_spec(name, path, target)

sys.meta_path = [Finder if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]
"""


def on_thread(function: Callable[[], Any]) -> Future[Any]:
    """Run something on a thread of its own."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


# Lower than the ports that systems give away, so that nothing takes one between a look and its use; and processes
# that test beside one another have others.
_ports = itertools.count(20_000 + os.getpid() * 100 % 12_000)


def listening(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port that nothing listens at, and nothing will before it is used."""
    return next(port for port in _ports if not listening(port))


@contextmanager
def jupyter(command: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[int]:
    """A Jupyter server for a while; the port that it answers at. Its kernels get sockets as in `own_line`."""
    with tempfile.TemporaryDirectory(prefix="jupyter-") as folder:  # a short name
        line = ["--KernelManager.transport=ipc"] if _fits(f"{folder}/kernel-{uuid.uuid4()}.json") else []
        options = [*command, "--ServerApp.port_retries=0", *line]
        with answering(options, {**env, "JUPYTER_RUNTIME_DIR": folder}, log) as port:
            yield port


@contextmanager
def answering(command: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[int]:
    """A server for a while, which takes ``--port``; the port that it answers at."""
    port = free_port()
    with log.open("w") as written:
        server = subprocess.Popen([*command, f"--port={port}"], env=env, stdout=written, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + 150
        while not listening(port):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=10)


def arrive(panel: Any, content: Any) -> dict[str, Any]:
    """Bring a browser's message to a panel as the kernel does; return that message."""
    message = {
        "content": {"comm_id": panel.comm.comm_id, "data": {"method": "custom", "content": content}},
        "buffers": [],
    }
    panel.comm.handle_msg(message)
    return message


def verifier(flow: Any) -> str:
    """Return the secret of a browser sign-in of the options API that goes to Deriv with the code alone."""
    found: str = flow._begun._verifier.reveal()
    return found


class Time:
    """Stands in for the module `time`; goes on when told to."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """What somebody looks at."""

    def isatty(self) -> bool:
        return True
