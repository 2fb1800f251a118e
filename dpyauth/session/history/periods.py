"""Read the arguments that select a part of a history: start, end, types and granularity."""

from __future__ import annotations

import datetime as dt
import math
import numbers
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dpyauth.catalog.descriptions import short
from dpyauth.catalog.time_hints import instead_of_time
from dpyauth.errors import InvalidRequest

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call

When = dt.date | dt.timedelta | str | None
"""Time, or how long ago."""

_HELD = {"hold": "escrow", "release": "escrow"}  # names in rows for what a request calls escrow
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}


def now() -> dt.datetime:
    """Return the current time of this machine, in UTC."""
    return dt.datetime.now(dt.UTC)


def period(call: Call, since: When, until: When) -> tuple[int | None, int | None]:
    """Return the first and last second; None if open. A future end is open: this machine's clock may be wrong."""
    at = now()
    first, last = _moment(call, "since", since, at), _moment(call, "until", until, at)
    if last is not None and last >= at:
        last = None
    if first is not None and first > (last or at):
        raise InvalidRequest(
            f"since ({first:%Y-%m-%d %H:%M:%S} UTC) is after {'until' if last else 'now'} "
            f"({last or at:%Y-%m-%d %H:%M:%S} UTC), so the period is empty.",
            call=call.name,
            field="since",
        )
    return (
        None if first is None else max(0, math.ceil(first.timestamp())),
        None if last is None else max(0, math.floor(last.timestamp())),
    )


def dates(call: Call, since: When, until: When) -> dict[str, Any]:
    """Return the period as fields of a request."""
    first, last = period(call, since, until)
    return {"date_from": first, "date_to": last}


def days(call: Call, since: When, until: When, most: int) -> tuple[str, str]:
    """Return the first and last day in UTC, as ``"YYYY-MM-DD"``; by default as many days as Deriv keeps, up to today.

    A future end counts as today; otherwise the default start would be too late.
    """
    at = now()
    first, last = _moment(call, "since", since, at), min(_moment(call, "until", until, at) or at, at)
    first = first or last - min(dt.timedelta(days=most), last - dt.datetime.min.replace(tzinfo=dt.UTC))
    if first > last:
        raise InvalidRequest(
            f"since ({first:%Y-%m-%d}, UTC) is after until ({last:%Y-%m-%d}), so the period is empty.",
            call=call.name,
            field="since",
        )
    return f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"


def _moment(call: Call, name: str, value: Any, at: dt.datetime) -> dt.datetime | None:
    """Convert a time from the caller. A day becomes its first moment, or its last second for ``until``."""
    if value is None:
        return None
    try:
        moment = _parsed(value, at)
        if not isinstance(moment, dt.datetime):
            moment = dt.datetime(moment.year, moment.month, moment.day, tzinfo=dt.UTC)
            if name == "until":
                moment += dt.timedelta(days=1, seconds=-1)
        return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)
    except (AttributeError, TypeError, ValueError, ArithmeticError):
        instead = instead_of_time(value)
        raise InvalidRequest(
            f"{name} takes a date or time, such as '2026-01-31', '2026-01-31 14:30' or a datetime, or a timedelta for "
            f"how long ago; not {short(value)}. {instead}".rstrip(),
            call=call.name,
            field=name,
        ) from None


def _parsed(value: Any, at: dt.datetime) -> dt.date:
    # In this order, because the types overlap: numpy and pandas first (a Timestamp is a datetime, NaT passes for one,
    # and a Timedelta is a timedelta), then dates, then texts.
    if getattr(value, "dtype", None) == "datetime64[D]":
        value = value.item()  # a day
    elif type(value).__name__ in {"datetime64", "timedelta64"}:
        import pandas as pd

        value = (pd.Timestamp if type(value).__name__ == "datetime64" else pd.Timedelta)(value)
    if type(value).__name__ == "NaTType":
        raise ValueError
    if isinstance(value, dt.timedelta):
        if value < dt.timedelta():
            raise ValueError
        return at - dt.timedelta(seconds=value.total_seconds())
    if hasattr(value, "to_pydatetime"):  # of pandas; without a warning about nanoseconds
        return value.to_pydatetime(warn=False)  # type: ignore[no-any-return]
    if isinstance(value, dt.date):
        return value
    text = value.strip()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return dt.datetime.fromisoformat(text)


def types_of(call: Call, known: list[str], types: str | Iterable[str] | None) -> tuple[list[str], frozenset[str]]:
    """Return the types to ask for and the types of rows to keep; empty means all."""
    if types is None:
        return [], frozenset()
    wanted = [types] if isinstance(types, str) else list(types)
    asked = list(dict.fromkeys(_HELD.get(each, each) if isinstance(each, str) else "" for each in wanted))
    if not asked or not set(asked) <= set(known):
        raise InvalidRequest(
            f"types takes one or more of {', '.join(known)}; not {', '.join(map(short, wanted)) or 'nothing'}.",
            call=call.name,
            field="types",
        )
    held = [row for row, name in _HELD.items() if name in wanted]
    return asked, frozenset([*wanted, *held])


def granularity_of(call: Call, value: Any) -> int:
    """Return the length of a candle, in seconds."""
    known: list[int] = call.fields["granularity"]["enum"]
    seconds = value
    if isinstance(value, str):
        found = re.fullmatch(r"(\d{1,5}) ?(s|min|h|d)", value.strip().lower())
        seconds = int(found[1]) * _UNITS[found[2]] if found else None
    elif isinstance(value, dt.timedelta):
        seconds = value.total_seconds()
    if isinstance(seconds, numbers.Real):
        for choice in known:
            if choice == seconds:
                return choice
    raise InvalidRequest(
        f"granularity takes the length of a candle: one of {', '.join(map(str, known))} (seconds), or a text such as "
        f"'1min', '4h' or '1D'; not {short(value)}.",
        call=call.name,
        field="granularity",
    )
