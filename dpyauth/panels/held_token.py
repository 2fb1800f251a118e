"""Hold a token that was entered for another try, so that it need not be typed again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from dpyauth import _forks
from dpyauth.credentials import Secret

PATIENCE = 600.0
"""Seconds for which a token is kept."""


class HeldToken:
    """Holder of at most one token, in this process only, and only for a while. Safe to use from any thread.

    Parameters
    ----------
    dropped : callable
        Is called when its time is over.
    """

    def __init__(self, dropped: Callable[[], None]) -> None:
        self._dropped = dropped
        self._lock = threading.Lock()
        self._kept: tuple[str, Secret] | None = None
        self._timer: threading.Timer | None = None
        _forks.own(self)

    def _forked(self) -> None:
        """Forget the token in a forked process, where the timer is not."""
        self._lock = threading.Lock()
        self._kept = self._timer = None

    @property
    def api(self) -> str:
        """Return the API that the token is kept for; empty where there is none."""
        kept = self._kept
        return kept[0] if kept else ""

    def get(self, api: str) -> Secret | None:
        """Return the token that is kept for an API."""
        kept = self._kept
        return kept[1] if kept and kept[0] == api else None

    def keep(self, token: Secret, api: str) -> None:
        """Keep a token for an API, in place of any other; an empty one is no token."""
        self.drop()
        if not token.reveal().strip():
            return
        timer = threading.Timer(PATIENCE, lambda: self._expire(timer))
        timer.daemon = True
        with self._lock:
            self._kept, self._timer = (api, token), timer
        timer.start()

    def drop(self) -> None:
        """Forget the token."""
        with self._lock:
            timer, self._kept, self._timer = self._timer, None, None
        if timer is not None:
            timer.cancel()

    def _expire(self, timer: threading.Timer) -> None:
        with self._lock:
            if timer is not self._timer:
                return  # another one is kept meanwhile
            self._kept = self._timer = None
        self._dropped()
