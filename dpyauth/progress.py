"""Show a line about a long wait, and remove it when the wait is over."""

from __future__ import annotations

import html
import math
import sys
import threading
import time
from typing import Any, Self

from dpyauth import _environment, _terminal
from dpyauth.net.loop import background
from dpyauth.net.pending import PendingCall, WaitingFor

AFTER = 1.0
"""Seconds before progress is worth showing."""

NOTICE_AFTER = 2.0
"""Seconds of waiting before a notice is worth showing."""

EVERY = 0.2
"""Seconds between two updates of progress."""

_WIDTH = 24  # characters of a bar in a terminal


class _Line:
    """Line that the next one replaces.

    In a notebook this is an output that is empty at the end, in a terminal a line that is overwritten. In a run without
    a user (nbclient, papermill) nothing is shown, so that no progress is stored with the notebook.
    """

    __slots__ = ("_display", "_shown", "_started")

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown = False
        self._display: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._shown:
            self._show("", "")

    def _show(self, plain: str, page: str) -> None:
        if _environment.unattended():
            return
        self._shown = True
        # In marimo, `display` would replace the cell's output.
        if not _environment.in_notebook() or _environment.in_marimo():
            _terminal.overwrite(plain, sys.stderr)
            return
        from IPython.display import display

        shown = {"text/plain": plain, "text/html": page}
        if self._display is None:
            self._display = display(shown, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._display.update(shown, raw=True)


class Progress(_Line):
    """Progress bar for work that takes more than a second; it disappears when the work is done.

    Parameters
    ----------
    work : str
        Name of the work.
    unit : str
        Name of its results.
    """

    __slots__ = ("_due", "_unit", "_work")

    def __init__(self, work: str, unit: str = "rows") -> None:
        super().__init__()
        self._work = work
        self._unit = unit
        self._due = self._started + AFTER

    def at(self, share: float | None, rows: int) -> None:
        """Show the share of the work that is done (0 to 1, or None if unknown), and the number of results."""
        now = time.monotonic()
        # On the background thread this work is one of many, and the caller shows one bar for all of them.
        if now < self._due or background.inside():
            return
        self._due = now + EVERY
        text = f"{self._work}: {rows:,} {self._unit}"
        if share is None:
            self._show(text, f"<progress></progress> {html.escape(text)}")
            return
        done = round(share * _WIDTH)
        line = f"[{'#' * done}{'.' * (_WIDTH - done)}] {share:4.0%}  {text}"
        self._show(line, f'<progress max="1" value="{share:.3f}"></progress> {html.escape(text)}')


class Notice(_Line):
    """Notice that a call waits for Deriv's rate limits, shown for waits of more than two seconds.

    Only the main thread shows it: a panel's call, on another thread, has nothing to do with the cell that is running.
    """

    __slots__ = ()

    def about(self, pending: PendingCall) -> None:
        """Show why a call waits, if it has waited for long enough."""
        waited = time.monotonic() - self._started
        if waited < NOTICE_AFTER or threading.current_thread() is not threading.main_thread():
            return
        text = ""
        if pending.looking:
            text = f"No reply; asking Deriv about '{pending.call}': {waited:.0f} s"
        elif reason := _reason(pending):
            left = reason.until - time.monotonic()
            more = f", about {left:.0f} s more" if 1 <= left < math.inf else ""
            text = f"Waiting for {reason.what}: {waited:.0f} s{more}"
        if text:
            self._show(text, f"<i>{html.escape(text, quote=False)}</i>")


def _reason(pending: PendingCall) -> WaitingFor | None:
    """Return the reason why a call has not been sent yet; None for a change, which never waits."""
    if pending.changes:
        return None
    told = pending.waiting_for() if pending.waiting_for is not None else None
    return told or (
        None if pending.sent else WaitingFor("Deriv's limit on calls per minute, or for the connection", math.inf)
    )
