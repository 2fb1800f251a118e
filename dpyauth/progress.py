"""A bar for what takes long, that goes away with it."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

from dpyauth import _environment, _terminal
from dpyauth.net.loop import background

AFTER = 1.0
"""Seconds before a bar is worth showing."""

EVERY = 0.2
"""Seconds between two pictures of it."""

_WIDTH = 24


class Progress:
    """Shows how far something is once it has taken a second, where somebody looks.

    In a notebook it is an output that is empty at the end, in a terminal a line that is overwritten. In a run without
    a person (nbclient, papermill) nothing is shown, so that nothing of it is stored.

    Parameters
    ----------
    what : str
        What is being done.
    unit : str
        What it brings.
    """

    __slots__ = ("_display", "_due", "_told", "_unit", "_what")

    def __init__(self, what: str, unit: str = "rows") -> None:
        self._what = what
        self._unit = unit
        self._due = time.monotonic() + AFTER
        self._told = False
        self._display: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._told:
            self._wipe()

    def at(self, share: float | None, rows: int) -> None:
        """So far it is: a share from 0 to 1, or None where that cannot be told; and so many rows."""
        now = time.monotonic()
        if now < self._due or background.inside():  # there it is one of many, and who asks for them shows a bar
            return
        self._due = now + EVERY
        text = f"{self._what}: {rows:,} {self._unit}"
        if _environment.in_notebook():
            if _environment.somebody_there():
                import html

                self._show(_bar(share) + f" {html.escape(text)}")
        elif _terminal.overwrite(_line(share) + text, sys.stderr):
            self._told = True

    def _show(self, page: str) -> None:
        from IPython.display import HTML, display

        self._told = True
        if self._display is None:
            self._display = display(HTML(page), display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._display.update(HTML(page))  # type: ignore[no-untyped-call]

    def _wipe(self) -> None:
        if self._display is not None:
            self._display.update({"text/html": "", "text/plain": ""}, raw=True)
        else:
            _terminal.overwrite("", sys.stderr)


def _bar(share: float | None) -> str:
    return "<progress></progress>" if share is None else f'<progress max="1" value="{share:.3f}"></progress>'


def _line(share: float | None) -> str:
    if share is None:
        return ""
    done = round(share * _WIDTH)
    return f"[{'#' * done}{'.' * (_WIDTH - done)}] {share:4.0%}  "
