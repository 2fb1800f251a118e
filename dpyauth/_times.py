"""Read the times in Deriv's replies, which come in several forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""First and last second of the years 1 to 9999, the range of Python's datetime; in seconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_BELOW = 10**11  # as seconds, this is the year 5138
_SMALLER_FROM = 5 * 10**11  # as milliseconds, this is 1985
_BEYOND = 10**20  # as nanoseconds, this is the year 5138
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_DAY = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])", re.ASCII)  # as seconds, these are in 1970
_SPACED_OFFSET = re.compile(r"(?<!\s)\s++(?=[+-]\d\d:?\d\d$)", re.ASCII)
_UTC = re.compile(r"(?<!\s)\s*+(?:UTC|GMT|Z)$")
_OF_HTTP = re.compile(r"(?:[a-z]{3,9},? )?\d{1,2} [a-z]{3} \d{4} \d{1,2}:\d\d", re.ASCII | re.IGNORECASE)


def microseconds(value: Any, *, documented: bool = False) -> int | None:
    """Return a time as microseconds since 1970; None if the value cannot be read as a time.

    A number, or a string of digits, counts seconds, milliseconds, microseconds or nanoseconds; its size shows which. (A
    string of eight digits may be a day, such as 20260131.) Any other string has the form of ISO 8601, with or without a
    time zone, or of HTTP headers. A time without a zone is in UTC, as all times of Deriv are.

    Parameters
    ----------
    value : object
        Value from JSON.
    documented : bool
        True if Deriv documents the unit as seconds: then any number that can be seconds is read as seconds.
    """
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text) or _DAY.fullmatch(text):
            return _dated(text)
        value = Decimal(text)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if (isinstance(value, Decimal) and not value.is_finite()) or not -_BEYOND < value < _BEYOND:
        return None
    if (FIRST_SECOND <= value <= LAST_SECOND) if documented else (FIRST_SECOND <= value < _SECONDS_BELOW):
        return _scaled(value, 1_000_000)
    if _SECONDS_BELOW <= value < 10**14 and not (documented and value < _SMALLER_FROM):
        return _scaled(value, 1_000)
    if 10**14 <= value < 10**17:
        return int(value)
    return int(value) // 1_000 if value >= 10**17 else None


def seconds(value: Any, *, documented: bool = False) -> float | None:
    """Return a time, as `microseconds` reads it, in seconds since 1970; None if it cannot be read."""
    micros = microseconds(value, documented=documented)
    return None if micros is None else micros / 1_000_000


def _scaled(value: float | Decimal, factor: int) -> int:
    """Multiply without Decimal arithmetic, as the user's code may have changed its precision."""
    whole = int(value)
    return whole * factor + round((float(value) - whole) * factor)


def _dated(text: str) -> int | None:
    iso = _SPACED_OFFSET.sub("", _UTC.sub("+00:00", text[:10].replace("/", "-") + text[10:].upper()))
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        if not _OF_HTTP.match(text):
            return None
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    try:
        micros = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        return None
    return micros if FIRST_SECOND <= micros // 1_000_000 <= LAST_SECOND else None
