"""Tell whether a panel is looked at. Its browser says so every few seconds, but a busy kernel does not hear it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

SILENCE = 45.0
"""Seconds of silence after which a panel counts as hidden; its browser speaks every 10."""

GRACE = 5.0
"""Seconds for a kernel that was busy to hear what was said meanwhile."""


class Visibility:
    """Watch over a panel on the event loop that hears its browser: while that is blocked, no time passes.

    ``on_shown`` and ``on_hidden`` take turns, and are never called at the same time; on any thread.

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
            self._loop = None  # then there is no telling, and a panel once shown stays so

    def seen(self) -> None:
        """Note that the browser spoke."""
        with self._turn:
            self._heard = time.monotonic()
            if self.visible or self._over:
                return
            self.visible = True
            if self._loop is not None:
                with contextlib.suppress(RuntimeError):  # that loop is closed
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
