"""List prices, market hours and exchange rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import zip_longest
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.market_columns import EXCHANGE_RATES, OHLC, QUOTES, SPREAD, TIME, TRADING_TIMES
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import as_list, keyed, listing, mapping, rows_of, split, told, without


@with_columns
def ticks(payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False) -> pd.DataFrame:
    """List past ticks of a symbol, ready for calculations and plots.

    Parameters
    ----------
    payload : mapping
        The ``history`` object of a ``ticks_history`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return prices as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them (oldest first), indexed by ``time`` (datetime64[us, UTC]):

        See ``dpyauth.columns.market_columns.QUOTES``.

    Examples
    --------
    >>> from dpyauth.frames import ticks
    >>> ticks({"times": [0, 2], "prices": [10.5, 11.5]})["quote"].mean()
    np.float64(11.0)
    """
    history = mapping(payload)
    pairs = zip_longest(as_list(history.get("times")), as_list(history.get("prices")))
    rows = [{"epoch": time, "prices": price} for time, price in pairs]
    return _by_time(frame(rows, (*QUOTES, TIME), context, decimal=decimal, beside=without(history, "times", "prices")))


@with_columns
def candles(
    payload: Sequence[Mapping[str, Any]] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List past candles of a symbol, ready for calculations and plots.

    Parameters
    ----------
    payload : list of mappings
        The ``candles`` of a ``ticks_history`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return prices as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them (oldest first), indexed by ``time``, the start of the candle
        (datetime64[us, UTC]):

        See ``dpyauth.columns.market_columns.OHLC``.

    Examples
    --------
    >>> from dpyauth.frames import candles
    >>> candles([{"epoch": 0, "open": 1.0, "high": 3.0, "low": 0.5, "close": 2.0}])["close"].item()
    2.0
    """
    rows = listing(payload, "candles")
    return _by_time(frame(rows, (*OHLC, TIME), context, decimal=decimal))


def _by_time(made: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its times as the index."""
    made.index = pd.DatetimeIndex(made.pop("time"), name="time")
    return made


@with_columns
def trading_times(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, day: date | str | None = None
) -> pd.DataFrame:
    """List when each symbol can be traded on a day, one row per symbol.

    Parameters
    ----------
    payload : mapping
        The ``trading_times`` object of a ``trading_times`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    day : date or str, optional
        Requested day, as a date or "YYYY-MM-DD"; the day of ``context.fetched`` if left out or "today". Without either,
        the day is unknown, and ``open``, ``close`` and ``settlement`` are missing.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.market_columns.TRADING_TIMES``.

    Examples
    --------
    >>> from dpyauth.frames import trading_times
    >>> hours = {"symbol": "R_100", "times": {"open": ["08:00:00"], "close": ["16:30:00"]}}
    >>> listed = {"markets": [{"name": "Derived", "submarkets": [{"name": "Random", "symbols": [hours]}]}]}
    >>> trading_times(listed, day="2026-11-24")["close"].item()
    Timestamp('2026-11-24 16:30:00+0000', tz='UTC')
    """
    midnight = _midnight(day, context)
    markets, beside = split(payload, "markets")
    rows = [
        {
            **_hours(symbol, midnight),
            **_named("market", market, without(market, "submarkets")),
            **_named("submarket", submarket, without(submarket, "symbols")),
        }
        for market in markets
        for submarket in rows_of(market.get("submarkets"), "submarkets") or [{}]
        for symbol in rows_of(submarket.get("symbols"), "symbols") or [{}]
        if symbol or _strange(submarket, "symbols") or (not submarket and _strange(market, "submarkets"))
    ]
    return frame(rows, TRADING_TIMES, context, beside=beside)


def _strange(group: Mapping[str, Any], of: str) -> bool:
    """Return whether a market has other fields than its name and its parts."""
    return any(map(told, without(group, "name", of).values()))


def _named(column: str, group: Mapping[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return a market's name for its column, and Deriv's other fields about it."""
    return {column: more.pop("name", None), f"{column}s": more}


def _hours(symbol: Mapping[str, Any], midnight: float | None) -> dict[str, Any]:
    times = mapping(symbol.get("times"))
    opens, closes = as_list(times.get("open")), as_list(times.get("close"))
    sessions = [(o, c) for o, c in zip(opens, closes, strict=False) if _seconds(o) is not None]
    read = {"settlement"} if _is_of_day(times.get("settlement")) else set()
    read |= {"open", "close"} if len(opens) == len(closes) and all(map(_is_session, opens, closes)) else set()
    row = {
        **symbol,
        "symbol": symbol.get("symbol", symbol.get("underlying_symbol")),
        "open": _moment(midnight, sessions[0][0] if sessions else None),
        "close": _moment(midnight, sessions[-1][1] if sessions else None),
        "settlement": _moment(midnight, times.get("settlement")),
        "sessions": sessions,
        "times": without(times, *read) if isinstance(symbol.get("times"), Mapping) else symbol.get("times"),
    }
    return without(row, "underlying_symbol") if row["symbol"] == row.get("underlying_symbol") else row


def _is_session(opens: Any, closes: Any) -> bool:
    """Return whether these are the start and end of a session, or say that there is none."""
    return (_seconds(opens) is None) == (_seconds(closes) is None) and _is_of_day(opens) and _is_of_day(closes)


def _is_of_day(text: Any) -> bool:
    return text is None or text == "" or text == "--" or _seconds(text) is not None


def _midnight(day: date | str | None, context: Context | None) -> float | None:
    if isinstance(day, str) and day != "today":
        try:
            day = date.fromisoformat(day)
        except ValueError:
            return None
    if not isinstance(day, date):
        if context is None or context.fetched is None:
            return None
        day = context.fetched.astimezone(UTC)
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _seconds(text: Any) -> int | None:
    """Return a time of day in seconds; None if there is none, for which Deriv writes "--"."""
    parts = text.split(":") if isinstance(text, str) else []
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() and len(part) == 2 for part in parts):
        return None
    hours, minutes, seconds = map(int, (*parts, "0")[:3])
    return hours * 3600 + minutes * 60 + seconds


def _moment(midnight: float | None, text: Any) -> float | None:
    seconds = _seconds(text)
    return None if midnight is None or seconds is None else midnight + seconds


@with_columns
def exchange_rates(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, spread: bool = False, decimal: bool = False
) -> pd.DataFrame:
    """List exchange rates of a currency, one row per other currency.

    Parameters
    ----------
    payload : mapping
        The ``exchange_rates`` object of an ``exchange_rates`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    spread : bool
        Add columns for bid and ask, if they were requested.
    decimal : bool
        Return rates as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.market_columns.EXCHANGE_RATES``.

        With ``spread`` also:

        See ``dpyauth.columns.market_columns.SPREAD``.

    Examples
    --------
    >>> from dpyauth.frames import exchange_rates
    >>> exchange_rates({"base_currency": "USD", "date": 0, "rates": {"EUR": 0.9}})["rate"].item()
    0.9
    """
    payload = mapping(payload)
    same = {name: payload.get(name) for name in ("base_currency", "date")}
    beside = {name: value for name, value in without(payload, "rates", *same).items() if told(value)}
    rows = [{**row, **same} for row in keyed(payload.get("rates"), "currency", "spot_rate")]
    rows = rows or ([same] if beside and payload.get("rates") is None else [])
    columns = (*EXCHANGE_RATES, *SPREAD) if spread else EXCHANGE_RATES
    return frame(rows, columns, context, decimal=decimal, beside=beside)
