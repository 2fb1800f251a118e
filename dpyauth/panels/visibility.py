"""Find out whether a browser shows a panel. It reports every few seconds, but a busy kernel does not hear it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

SILENCE = 45.0
"""Seconds without a report after which a panel counts as hidden; its browser reports every 10."""

GRACE = 5.0
"""Seconds that a kernel gets after being busy to read the reports that have arrived in the meantime."""


class Visibility:
    """Visibility of a panel, measured on the event loop that receives the browser's messages.

    While a cell blocks that loop, reports are not heard, but the timer of this class does not run either. A timer on
    another thread would take every panel for hidden during a long cell.

    ``on_shown`` and ``on_hidden`` are called alternately, on any thread, and never at the same time.

    Parameters
    ----------
    on_shown : callable
        Called when a browser shows the panel, for the first time or again.
    on_hidden : callable
        Called when no browser shows it any more.
    """

    def __init__(self, on_shown: Callable[[], None], on_hidden: Callable[[], None]) -> None:
        self.visible = False
        self._on_shown = on_shown
        self._on_hidden = on_hidden
        self._heard = 0.0
        self._over = False
        self._turn = threading.RLock()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None  # without a loop there is no timer: a panel that was shown counts as visible for good

    def seen(self) -> None:
        """Note a report from the browser."""
        with self._turn:
            self._heard = time.monotonic()
            if self.visible or self._over:
                return
            self.visible = True
            if self._loop is not None:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    self._loop.call_soon_threadsafe(self._check, False)
            self._on_shown()

    def end(self) -> None:
        """Stop watching for good, and call ``on_hidden`` whether or not the panel was visible."""
        with self._turn:
            if not self._over:
                self._over = True
                self._hide()

    def _hide(self) -> None:
        self.visible = False
        self._on_hidden()

    def _check(self, sure: bool) -> None:
        assert self._loop is not None
        with self._turn:
            if not self.visible:
                return
            silent = time.monotonic() - self._heard
            if silent < SILENCE:
                self._loop.call_later(SILENCE - silent, self._check, False)
            elif not sure:
                self._loop.call_later(GRACE, self._check, True)
            else:
                self._hide()
