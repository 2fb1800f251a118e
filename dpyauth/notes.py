"""Say what a frame does not hold of what was asked for."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


class PeriodWarning(UserWarning):
    """Warn that a frame does not hold all of the period asked for, or that Deriv has sent rows from outside it.

    ``warnings.filterwarnings("ignore", category=dpyauth.notes.PeriodWarning)`` hides it.
    """


def note(table: pd.DataFrame, *sentences: str | None) -> pd.DataFrame:
    """Put sentences into ``attrs["note"]``, after what it says already, and show them as a warning.

    Parameters
    ----------
    table : pandas.DataFrame
        The frame; it is changed.
    *sentences : str or None
        What is to be said; None says nothing.

    Returns
    -------
    pandas.DataFrame
        The same frame.
    """
    told = " ".join(filter(None, sentences))
    if told:
        before = table.attrs.get("note")
        table.attrs["note"] = f"{before} {told}" if before else told
        if (heard := _heard.get()) is not None:
            heard.append(told)
        else:
            show(told)
    return table


def show(told: str) -> None:
    """Warn, at the line of the user's own that asked."""
    warnings.warn(told, PeriodWarning, stacklevel=_outside())


@contextmanager
def heard(said: list[str]) -> Iterator[None]:
    """Have what `note` says put into a list and not shown: a fleet shows it once, on the user's own thread."""
    before = _heard.set(said)
    try:
        yield
    finally:
        _heard.reset(before)


def left_out(count: int, what: str) -> str | None:
    """Return the sentence on what Deriv sent from outside the period asked for; None where there was nothing."""
    if not count:
        return None
    they = f"1 {what}" if count == 1 else f"{count:,} {what}s"
    return (
        f"Deriv also sent {they} from outside the period asked for; {'it was' if count == 1 else 'they were'} left out."
    )


def utc(seconds: float) -> str:
    """Return a time as text."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _outside() -> int:
    """Return how many calls up the user's own code is, as `warnings.warn` counts them in `note`."""
    level, place = 1, sys._getframe(1)
    while place.f_back is not None and place.f_code.co_filename.startswith(_HERE):
        place = place.f_back
        level += 1
    return level
