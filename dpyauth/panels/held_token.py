"""Keep a token between two attempts, so that the user need not enter it again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from dpyauth import _forks
from dpyauth.credentials import Secret

PATIENCE = 600.0
"""Longest time for which a token is kept, in seconds."""


class HeldToken:
    """Keep at most one token, in the memory of this process and for a limited time. Thread-safe.

    It belongs to the model and is never part of the widget's state, which is saved with the notebook.

    Parameters
    ----------
    dropped : callable
        Called when the time is over and the token has been dropped.
    """

    def __init__(self, dropped: Callable[[], None]) -> None:
        self._dropped = dropped
        self._lock = threading.Lock()
        self._kept: tuple[str, Secret] | None = None
        self._timer: threading.Timer | None = None
        _forks.own(self)

    def _forked(self) -> None:
        """Forget the token in a forked process: the timer does not exist there, so it would be kept for ever."""
        self._lock = threading.Lock()
        self._kept = self._timer = None

    @property
    def api(self) -> str:
        """Return the API that the token is kept for; empty if there is no token."""
        kept = self._kept
        return kept[0] if kept else ""

    def get(self, api: str) -> Secret | None:
        """Return the token that is kept for an API."""
        kept = self._kept
        return kept[1] if kept and kept[0] == api else None

    def keep(self, token: Secret, api: str) -> None:
        """Keep a token for an API, in place of any other. An empty token is not kept."""
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
                return  # another token has replaced it in the meantime
            self._kept = self._timer = None
        self._dropped()
