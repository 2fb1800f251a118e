"""Let whoever waits for a call know what holds it up, and for how long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from dpyauth.net.pending import Held, PendingCall

current: ContextVar[PendingCall | None] = ContextVar("dpyauth_call", default=None)
"""The call that the present task carries out."""


@contextmanager
def held_up(what: str, seconds: float) -> Iterator[None]:
    """Note on the present call what it waits for, in words that follow "Waiting for", and for how long."""
    pending = current.get()
    if pending is None:
        yield
        return
    until = time.monotonic() + seconds
    pending.held = lambda: Held(what, until)
    try:
        yield
    finally:
        pending.held = None
