"""Provide a home folder for each test, and a notebook without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends.fail import Keyring as FailKeyring

from dpyauth import _environment
from dpyauth.panels import widgets
from dpyauth.panels.sign_in import SignInModel


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an empty home folder, without a keyring."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    return tmp_path


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch, login: Any) -> list[SignInModel]:
    """Show panels as in a notebook; return the models of those shown. ``login`` is that of the test's own module."""
    shown: list[SignInModel] = []
    monkeypatch.setattr(widgets, "show", shown.append)
    monkeypatch.setattr(_environment, "in_notebook", lambda: True)
    monkeypatch.setattr(_environment, "has_user", lambda: True)
    return shown
