"""Tell the user if a frame does not hold everything that was asked for."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dpyauth.texts.said import in_language, said

if TYPE_CHECKING:
    import pandas as pd

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


class PeriodWarning(UserWarning):
    """Warn that a frame does not cover the whole period asked for, or that Deriv has sent rows from outside it.

    ``warnings.filterwarnings("ignore", category=dpyauth.notes.PeriodWarning)`` hides this warning.
    """


def note(table: pd.DataFrame, *sentences: str | None, language: str) -> pd.DataFrame:
    """Append sentences to ``attrs["note"]`` in a language, and show them as a warning in English.

    Parameters
    ----------
    table : pandas.DataFrame
        The frame, which is changed in place.
    *sentences : str or None
        Sentences to add; None is skipped.
    language : str
        Tag of the language of ``attrs["note"]``. A warning is in English, as errors are, so that a search finds it.

    Returns
    -------
    pandas.DataFrame
        The same frame.
    """
    told = " ".join(filter(None, sentences))
    if told:
        before = table.attrs.get("note")
        here = " ".join(in_language(each, language) for each in sentences if each)
        table.attrs["note"] = f"{before} {here}" if before else here
        if (heard := _heard.get()) is not None:
            heard.append(told)
        else:
            show(told)
    return table


def show(told: str) -> None:
    """Show a warning for the line of the user's own code that led here."""
    warnings.warn(told, PeriodWarning, stacklevel=_outside())


@contextmanager
def heard(sentences: list[str]) -> Iterator[None]:
    """Collect the sentences of `note` in a list instead of showing them.

    A fleet uses this to show them once, on the user's own thread.
    """
    before = _heard.set(sentences)
    try:
        yield
    finally:
        _heard.reset(before)


def left_out(count: int) -> str | None:
    """Return the sentence about rows that Deriv sent from outside the period asked for; None if there were none."""
    return said("rows_left_out", count=count) if count else None


def utc(seconds: float) -> str:
    """Return a time as text."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _outside() -> int:
    """Return the ``stacklevel`` with which `warnings.warn` names the user's own code."""
    level, place = 1, sys._getframe(1)
    while place.f_back is not None and place.f_code.co_filename.startswith(_HERE):
        place = place.f_back
        level += 1
    return level
