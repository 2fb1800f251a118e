"""Provide a user with an empty home folder at a terminal, and a sandbox."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as FailKeyring
from terminals import Run, Said

from dpyauth.__main__ import main
from dpyauth.sandbox import Sandbox


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an empty home folder, without a keyring."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def run_one(*arguments: str) -> Said:
        capsys.readouterr()
        status = main(arguments)
        return Said(status, *capsys.readouterr())

    return run_one


@pytest.fixture
def signed_in(box: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands as a user whose token is in the environment."""
    monkeypatch.setenv("DERIV_TOKEN", box.options_token("rich").token)
    monkeypatch.setenv("DERIV_APP_ID", box.options_app_id)
    return lambda *arguments: run(*arguments, "--server", box.rest)
