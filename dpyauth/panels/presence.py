"""Whether anybody looks at a panel. Its browser says so every few seconds, but a busy kernel does not hear it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

SILENCE = 45.0
"""Seconds without a word from the browser after which nobody looks; it speaks every 10."""

GRACE = 5.0
"""Seconds for a kernel that was busy to hear what was said meanwhile."""


class Presence:
    """Watches over a panel, on the event loop that hears its browser: while that is blocked no time passes.

    Parameters
    ----------
    gone : callable
        Called, on that loop, when nobody looks any more.
    """

    def __init__(self, gone: Callable[[], None]) -> None:
        self.present = False
        self._gone = gone
        self._heard = 0.0
        self._over = False
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None  # then nobody can tell, and the panel counts as looked at

    def here(self) -> bool:
        """The browser spoke; returns whether somebody is here who was not before."""
        self._heard = time.monotonic()
        if self.present or self._over:
            return False
        self.present = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # that loop is closed
                self._loop.call_soon_threadsafe(self._wait, SILENCE)
        return True

    def end(self) -> None:
        """Stop watching."""
        self._over = True
        self.present = False

    def _wait(self, seconds: float, *, sure: bool = False) -> None:
        assert self._loop is not None
        self._loop.call_later(seconds, self._check, sure)

    def _check(self, sure: bool) -> None:
        if not self.present:
            return
        if time.monotonic() - self._heard < SILENCE:
            self._wait(SILENCE)
        elif not sure:
            self._wait(GRACE, sure=True)
        else:
            self.present = False
            self._gone()
