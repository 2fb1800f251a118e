"""Explain how to write a time that could not be read."""

from __future__ import annotations

import calendar
import datetime as dt
import numbers
import re
from typing import Any

_YEAR_FIRST = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[t ]++(.*))?", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", re.ASCII)
_SPAN = re.compile(r"(\d{1,5}) ?(second|minute|hour|day|week|s|m|min|h|d|w)s?(?: ago)?", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WORDS = {"today": 0, "yesterday": 1, "tomorrow": -1}


def instead_of_time(value: Any) -> str:
    """Return a sentence on what to write instead of a time that cannot be read; empty if that is not known."""
    if isinstance(value, dt.timedelta):
        minus = value < dt.timedelta()
        return "A timedelta says how long ago: leave out the minus." if minus else "That is before the year 1."
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return _of_epoch(value)
    if not isinstance(value, str):
        return ""
    text = value.strip().lower()
    if text in _WORDS:
        date = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=_WORDS[text])
        return f"Write '{date}', which is {text} in UTC."
    if text == "now":
        return "To end a period now, leave out until=."
    if span := _SPAN.fullmatch(text):
        return f"Write datetime.timedelta({_UNITS[span[2][0]]}={int(span[1])})."
    if found := _YEAR_FIRST.fullmatch(text):
        return _of_day(int(found[1]), int(found[2]), int(found[3]), found[4] or "")
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = map(int, found.groups())
        days = [_day(year, second, first), _day(year, first, second)]
        near = " or ".join(map(repr, dict.fromkeys(filter(None, days))))
        return f"Write it as {near}." if near else "There is no such day."
    if re.fullmatch(r"\d{1,2}:\d{2}.*", text):
        return "Write the date as well, such as '2026-01-31 14:30'."
    return _of_epoch(float(text)) if re.fullmatch(r"\d{9,19}", text, re.ASCII) else ""


def _day(year: int, month: int, day: int) -> str:
    """Return a day in ISO format; empty if there is no such day."""
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return ""


def _of_day(year: int, month: int, day: int, clock: str) -> str:
    found = _day(year, month, day)
    if found and clock and not re.fullmatch(r"\d{1,2}(:\d{1,2}){0,2}(\.\d*)?", clock):
        return "Write the time like '14:30', in UTC, or with its zone, like '14:30+07:00'."
    if found:
        return f"There is no such time of day as '{clock}'." if clock else f"Write it as '{found}'."
    if not 1 <= month <= 12:
        swapped = _day(year, day, month)
        return f"There is no month {month}." + (f" Write it as '{swapped}'." if swapped else "")
    if year < 1:
        return "There is no such year."
    return f"There is no such day: {year}-{month:02} has {calendar.monthrange(year, month)[1]} days."


def _of_epoch(value: Any) -> str:
    """Return how to write a number of seconds, milliseconds and so on since 1970 as a time."""
    for unit in (1, 10**3, 10**6, 10**9):
        if 10**8 * unit <= value < 10**10 * unit:
            return f"Write it as '{dt.datetime.fromtimestamp(float(value / unit), dt.UTC):%Y-%m-%d %H:%M:%S}'."
    return ""
