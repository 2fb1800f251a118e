"""What the fault tests share: a sandbox behind the fault proxy, and sessions that are quick to notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from proxy import Proxy

from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Open = Callable[..., Session]
Tune = Callable[[str, object], None]


@pytest.fixture
def proxy(box: Sandbox) -> Iterator[Proxy]:
    """A proxy in front of the sandbox."""
    with Proxy(box.port) as proxy:
        yield proxy


@pytest.fixture
def quick(at_once: None, tune: Tune) -> None:
    """Everything that takes its time by design, in a fraction of it."""
    for name, seconds in {
        "keepalive.PING_EVERY": 0.3,  # 25 in earnest
        "keepalive.PING_TIMEOUT": 0.5,  # 10
        "protocol.HANDSHAKE_TIMEOUT": 1.5,  # 15
        "connector.OPEN_TIMEOUT": 1.0,  # 10
        "connector.CLOSE_TIMEOUT": 0.5,  # 2
        "rate_limits.PENALTIES": (0.1,),  # 5, 15, 30, 60
    }.items():
        tune(name, seconds)


@pytest.fixture
def through(proxy: Proxy, quick: None, open_session: Open) -> Open:
    """Opens sessions through the proxy (or on another address), which are closed afterwards."""

    def open_one(token: str | None = "sandbox-rich-all", timeout: float = 5.0, server: str | None = None) -> Session:
        return open_session(token, timeout, server or proxy.url)

    return open_one
