from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dpyauth import _environment


class ZMQInteractiveShell:
    """As ipykernel names its shell."""

    def __init__(self, allow_stdin: bool | None = True) -> None:
        self.kernel = SimpleNamespace() if allow_stdin is None else SimpleNamespace(_allow_stdin=allow_stdin)


class Shell(ZMQInteractiveShell):
    """As Colab derives its own."""


class TerminalInteractiveShell:
    """IPython in a terminal."""


def within(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    import IPython.core.getipython

    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: shell)


@pytest.mark.parametrize("shell", [ZMQInteractiveShell(), Shell()])
def test_in_a_notebook(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    within(monkeypatch, shell)
    assert _environment.kernel_shell() is shell
    assert _environment.in_notebook()


@pytest.mark.parametrize("shell", [None, TerminalInteractiveShell()])
def test_elsewhere(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    within(monkeypatch, shell)
    assert _environment.kernel_shell() is None
    assert not _environment.in_notebook()


def test_without_ipython_it_is_not_loaded() -> None:
    code = "import sys; from dpyauth import _environment as e; print(e.in_notebook(), 'IPython' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(("allowed", "there"), [(True, True), (False, False), (None, True)])
def test_a_front_end_says_whether_somebody_is_there(
    monkeypatch: pytest.MonkeyPatch, allowed: bool | None, there: bool
) -> None:
    within(monkeypatch, ZMQInteractiveShell(allowed))
    assert _environment.has_user() is there


@pytest.mark.parametrize(
    ("stdin", "there"),
    [(None, False), (SimpleNamespace(isatty=lambda: True), True), (SimpleNamespace(isatty=lambda: False), False)],
)
def test_so_does_a_terminal(monkeypatch: pytest.MonkeyPatch, stdin: Any, there: bool) -> None:
    within(monkeypatch, None)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert _environment.has_user() is there


def test_colab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not _environment.in_colab()
    package = tmp_path / "google" / "colab"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "google", raising=False)
    try:
        assert _environment.in_colab()
    finally:
        sys.modules.pop("google", None)  # the search has imported it


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
