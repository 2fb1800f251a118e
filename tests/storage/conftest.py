"""Provide a user with an empty home folder, and keyrings that only imitate the system's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends.fail import Keyring as FailKeyring


class Ring:
    """A keyring that works, in memory."""

    priority = 5.0

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.held.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self.held[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        del self.held[service, name]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home folder; there is no keyring until a test sets one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    return tmp_path


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Return a function that sets the system's keyring."""

    def use_one(ring: Any) -> Any:
        monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
        return ring

    return use_one


@pytest.fixture
def ring(use: Callable[[Any], Any]) -> Ring:
    """Set a keyring that works."""
    made: Ring = use(Ring())
    return made


@pytest.fixture
def kept_file(home: Path) -> Path:
    """Return the path of the file on Linux."""
    return home / ".config" / "dpyauth" / "credentials.json"
