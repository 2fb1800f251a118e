"""Test recognising the front end: notebooks, terminals, Colab, Kaggle, Spyder, and none."""

from __future__ import annotations

import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dpyauth import _environment


class ZMQInteractiveShell:
    """A shell with the class name that ipykernel uses."""

    def __init__(self, allow_stdin: bool | None = True) -> None:
        self.kernel = SimpleNamespace() if allow_stdin is None else SimpleNamespace(_allow_stdin=allow_stdin)


class Shell(ZMQInteractiveShell):
    """A subclass, as Colab's shell is."""


class TerminalInteractiveShell:
    """The shell of IPython in a terminal."""


def within(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    import IPython.core.getipython

    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: shell)


@pytest.mark.parametrize("shell", [ZMQInteractiveShell(), Shell()])
def test_in_a_notebook(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    within(monkeypatch, shell)
    assert _environment.kernel_shell() is shell
    assert _environment.in_notebook()


@pytest.mark.parametrize("shell", [None, TerminalInteractiveShell()])
def test_outside_a_notebook(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    within(monkeypatch, shell)
    assert _environment.kernel_shell() is None
    assert not _environment.in_notebook()


def test_ipython_is_not_imported_to_find_out() -> None:
    code = "import sys; from dpyauth import _environment as e; print(e.in_notebook(), 'IPython' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(("allowed", "there"), [(True, True), (False, False), (None, True)])
def test_a_front_end_says_whether_a_user_can_answer(
    monkeypatch: pytest.MonkeyPatch, allowed: bool | None, there: bool
) -> None:
    within(monkeypatch, ZMQInteractiveShell(allowed))
    assert _environment.has_user() is there


@pytest.mark.parametrize(
    ("stdin", "there"),
    [(None, False), (SimpleNamespace(isatty=lambda: True), True), (SimpleNamespace(isatty=lambda: False), False)],
)
def test_a_terminal_says_whether_a_user_can_answer(monkeypatch: pytest.MonkeyPatch, stdin: Any, there: bool) -> None:
    within(monkeypatch, None)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert _environment.has_user() is there


def test_colab_and_kaggle(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _environment.in_colab()
    assert not _environment.on_hosted_server()
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))  # Colab's kernels import it
    assert _environment.in_colab()
    assert _environment.on_hosted_server()
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")  # Colab's package is installed on Kaggle's machines
    assert _environment.in_kaggle()
    assert not _environment.in_colab()
    assert _environment.on_hosted_server()


@pytest.mark.parametrize(
    ("command", "console"),
    [
        (["/usr/bin/python3", "/home/jane/bin/jupyter-console", "--kernel=python3"], True),
        (["/usr/bin/python3", "-m", "qtconsole"], True),
        ([r"C:\Python\python.exe", r"C:\Python\Scripts\jupyter-qtconsole.exe"], True),
        (["python", "-m", "jupyter_console"], True),
        (["/usr/bin/python3", "/home/jane/bin/jupyter-lab", "qtconsole.ipynb"], False),
        (["/usr/bin/python3", "/home/jane/bin/jupyter-lab", "--port", "1", "jupyter-console.ipynb"], False),
        ([], False),
    ],
)
def test_a_kernel_that_a_console_has_started(
    monkeypatch: pytest.MonkeyPatch, command: list[str], console: bool
) -> None:
    within(monkeypatch, ZMQInteractiveShell())
    monkeypatch.setattr(_environment, "_command", lambda process: command)
    _environment._started_by_console.cache_clear()
    assert _environment.in_console() is console
    assert _environment.shows_panels() is not console
    _environment._started_by_console.cache_clear()


def test_the_kernel_of_spyder(monkeypatch: pytest.MonkeyPatch) -> None:
    class SpyderKernel(SimpleNamespace):
        pass

    shell = ZMQInteractiveShell()
    monkeypatch.setattr(shell, "kernel", SpyderKernel(_allow_stdin=True))
    within(monkeypatch, shell)
    assert _environment.in_console()
    assert not _environment.shows_panels()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_that_a_kernel_has_forked_has_no_front_end() -> None:
    code = """
import os
import IPython.core.getipython as ipython
from dpyauth._environment import in_notebook

class ZMQInteractiveShell: pass

shell = ZMQInteractiveShell()
ipython.get_ipython = lambda: shell
if child := os.fork():
    os.waitpid(child, 0)
else:
    print(in_notebook())
    shell = ZMQInteractiveShell()  # of a kernel that the child has started
print(in_notebook(), flush=True)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.split() == ["False", "True", "True"], ran.stderr
