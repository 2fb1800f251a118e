"""Limit a frame to the period of its request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd

from dpyauth import _times
from dpyauth.notes import left_out, note, utc
from dpyauth.texts.said import said

_DAY = re.compile(r"\d{4}-\d\d?-\d\d?", re.ASCII)
_ONE_DIGIT = re.compile(r"-(?=\d(?!\d))", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Period(NamedTuple):
    """Fields of a request with the start and end of the period, and columns with the time of a row."""

    since: str
    until: str
    columns: tuple[str, ...]


_DATES = ("date_from", "date_to")
_PERIODS = {
    "app_markup_details": _Period(*_DATES, ("transaction_time",)),
    "economic_calendar": _Period("start_date", "end_date", ("release_date",)),
    "legacy_statement": _Period(*_DATES, ("transaction_time",)),
    "p2p_order_list": _Period(*_DATES, ("created_time",)),
    "profit_table": _Period(*_DATES, ("purchase_time",)),
    "statement": _Period(*_DATES, ("transaction_time",)),
    "ticks_history": _Period("start", "end", ("times", "epoch")),
    "wallet_transactions": _Period("start_date_time", "end_date_time", ("timestamp",)),
}


def within(table: pd.DataFrame, call: str, asked: Mapping[str, Any], language: str) -> pd.DataFrame:
    """Leave out the rows from outside the period of a request, and warn about it.

    A row without a time stays. A candle is in the period if a part of it is.
    """
    period = _PERIODS.get(call)
    column = next((name for name in period.columns if name in table), None) if period else None
    if period is None or column is None or not isinstance(table[column].dtype, pd.DatetimeTZDtype):
        return table
    since, until = _first(asked.get(period.since)), _last(asked.get(period.until))
    if _times.seconds(asked.get("adjust_start_time")):
        since = None  # with this field Deriv starts earlier if the market is closed
    elif since is not None and column == "epoch":
        since -= (_times.seconds(asked.get("granularity")) or 60) - 1
    outside = pd.Series(False, index=table.index)
    if since is not None:
        outside |= table[column] < _EPOCH + timedelta(seconds=since)
    if until is not None:
        outside |= table[column] >= _EPOCH + timedelta(seconds=min(until + 1, _times.LAST_SECOND))
    if not outside.any():
        return table
    kept = table[~outside].reset_index(drop=True)
    kept.attrs = dict(table.attrs)
    instead = said("rows_begin", time=utc(table[column].min().timestamp())) if kept.empty else None
    return note(kept, left_out(int(outside.sum())), instead, language=language)


def _first(value: Any) -> float | None:
    """Return the first second of a period. In a date, Deriv also accepts months and days with one digit."""
    return _times.seconds(_ONE_DIGIT.sub("-0", value) if isinstance(value, str) else value, documented=True)


def _last(value: Any) -> float | None:
    """Return the last second of a period; for a date, the end of that day."""
    seconds = _first(value)
    is_day = isinstance(value, str) and _DAY.fullmatch(value.strip()) is not None
    return seconds + 86_399 if seconds is not None and is_day else seconds
