"""A user with an empty home folder, and keyrings that only look like the system's."""

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
    """The home folder; there is no keyring until a test brings one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    return tmp_path


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Make something the system's keyring."""

    def use_one(ring: Any) -> Any:
        monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
        return ring

    return use_one


@pytest.fixture
def ring(use: Callable[[Any], Any]) -> Ring:
    """The system has a keyring that works."""
    made: Ring = use(Ring())
    return made


@pytest.fixture
def kept_file(home: Path) -> Path:
    """Where the file should be on Linux."""
    return home / ".config" / "dpyauth" / "credentials.json"
