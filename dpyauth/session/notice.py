"""A line that says what a long wait is for, and goes away with it."""

from __future__ import annotations

import math
import sys
import threading
import time
from typing import Any, Self

from dpyauth import _environment, _terminal
from dpyauth.net.pending import PendingCall, WaitingFor

AFTER = 2.0
"""Seconds of waiting before anything is said."""


class Notice:
    """Says after a while that a call waits for Deriv's rate limits.

    In a notebook the line is an output that is replaced, and empty at the end; in a terminal it is overwritten. In a
    run without a person nothing is shown, so that nothing of it is stored. Other threads than the main one say nothing:
    what a panel waits for is no news in the cell that happens to run.
    """

    __slots__ = ("_display", "_started", "_told")

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._told = False
        self._display: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._told:
            self._say("")

    def about(self, pending: PendingCall) -> None:
        """Look whether there is something to say."""
        waited = time.monotonic() - self._started
        here = threading.current_thread() is threading.main_thread()
        if waited < AFTER or not here:
            return
        if pending.looking:
            self._told = True
            self._say(f"No answer; asking Deriv what became of '{pending.call}': {waited:.0f} s")
        elif held := _held(pending):
            self._told = True
            left = held.until - time.monotonic()
            more = f", about {left:.0f} s more" if 1 <= left < math.inf else ""
            self._say(f"Waiting for {held.what}: {waited:.0f} s{more}")

    def _say(self, text: str) -> None:
        if _environment.nobody_looks():
            return
        if _environment.in_notebook():
            from IPython.display import display

            shown = {"text/plain": text, "text/html": f"<i>{text}</i>" if text else ""}
            if self._display is None:
                self._display = display(shown, raw=True, display_id=True)  # type: ignore[no-untyped-call]
            else:
                self._display.update(shown, raw=True)
        else:
            _terminal.overwrite(text, sys.stderr)


def _held(pending: PendingCall) -> WaitingFor | None:
    """Return what a call waits for before it is sent, if it does; a change does not wait."""
    if pending.changes:
        return None
    told = pending.waiting_for() if pending.waiting_for is not None else None
    return told or (
        None if pending.sent else WaitingFor("Deriv's limit of calls a minute, or for the connection", math.inf)
    )
