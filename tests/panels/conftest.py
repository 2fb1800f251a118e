"""Fixtures for the tests of several panels."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dpyauth.credentials import Credential, Secret
from dpyauth.panels import switcher
from dpyauth.session import Session


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as long as necessary for the first picture, so that it is complete on a slow machine."""
    monkeypatch.setattr(switcher, "PATIENCE", 60.0)


@pytest.fixture
def several(open_session: Callable[..., Session]) -> Session:
    """Sign in with Deriv as the rich user with three accounts."""
    made = open_session(None)
    tokens = {"CR900001": "usd", "CR900002": "btc", "VRTC900003": "demo"}
    grants = {loginid: Credential(Secret(f"a1-sandbox-rich-{name}"), "a test") for loginid, name in tokens.items()}
    made.core.sign_in_and_wait(grants["CR900001"], grants=grants)
    return made
