"""Run a sandbox whose clock is moved by the test, and clients that trade on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from traders import Open, Trader

from dpyauth.sandbox import Sandbox


@pytest.fixture
def timed(clock: Any) -> Iterator[Sandbox]:
    """Run a sandbox whose clock stands still until the test moves it."""
    with Sandbox(limits=None, clock=clock) as box:
        yield box


@pytest.fixture
def trader(timed: Sandbox, client: Any, socket: Any, clock: Any) -> Open:
    def open_one(api: str, account: str | None = None, label: str = "rich") -> Trader:
        if api == "v3":
            token = account or "sandbox-rich-all"
            return Trader(api, client(token, on=timed, app_id=timed.app_id), clock)
        return Trader(api, socket(account or "DOT900003", label, on=timed), clock)

    return open_one
