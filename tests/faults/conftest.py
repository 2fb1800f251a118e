"""What the fault tests share: a sandbox behind the fault proxy, and sessions that are quick to notice."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dpyauth.credentials import api_token
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings

sys.path.insert(0, str(Path(__file__).parent))  # as for a script: chaos.py is one

from proxy import Proxy

Open = Callable[..., Session]


@pytest.fixture
def proxy(box: Sandbox) -> Iterator[Proxy]:
    """A proxy in front of the sandbox."""
    with Proxy(box.port) as proxy:
        yield proxy


@pytest.fixture
def quick(at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that takes its time by design, in a fraction of it."""
    for name, seconds in {
        "link.PING_EVERY": 0.3,  # 25 in earnest
        "link.PING_TIMEOUT": 0.5,  # 10
        "link.GREETING_TIMEOUT": 1.5,  # 15
        "connection.OPEN_TIMEOUT": 1.0,  # 10
        "connection.CLOSE_TIMEOUT": 0.5,  # 2
        "budget.PENALTIES": (0.1,),  # 5, 15, 30, 60
    }.items():
        monkeypatch.setattr(f"dpyauth.wire.{name}", seconds)


@pytest.fixture
def through(box: Sandbox, proxy: Proxy, quick: None) -> Iterator[Open]:
    """Opens sessions through the proxy (or on another address), which are closed afterwards."""
    opened: list[Session] = []

    def open_one(token: str | None = "sandbox-rich-all", timeout: float = 5.0, server: str | None = None) -> Session:
        session = Session(settings(app_id=box.app_id, server=server or proxy.url), timeout=timeout)
        opened.append(session)
        if token is not None:
            session._sign_in_and_wait(api_token(token, "a test"))
        return session

    yield open_one
    for session in opened:
        session.close()
