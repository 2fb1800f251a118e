"""Read ticks and candles from replies, and find where Deriv's prices begin. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from dpyauth import _times
from dpyauth.errors import BadReply
from dpyauth.net.messages import Reply
from dpyauth.notes import utc
from dpyauth.session.history.time_walk import WEEK, TimeWalk
from dpyauth.texts.said import said

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.catalog.calls import Call
    from dpyauth.frames import Context

YEAR = 365 * 86_400
"""Time for which Deriv keeps prices, about a year, in seconds. Asked for older ones, it returns the newest."""

Point = tuple[int, Any, Any]
"""Second of a price, its time as Deriv wrote it, and the price or candle."""


class Kind(NamedTuple):
    """Functions to read ticks, or candles."""

    name: str
    points: Callable[[Call, Reply], list[Point]]
    """Function that returns the points in a reply, oldest first."""
    key: Callable[[Point], object]
    """Function that returns the key of a point."""
    frame: Callable[[list[Point], Context], pd.DataFrame]


def second_of(point: Point) -> int:
    """Return the second of a point."""
    return point[0]


def _tick_points(call: Call, reply: Reply) -> list[Point]:
    history = reply.get("history")
    moments, prices = (history.get("times"), history.get("prices")) if isinstance(history, dict) else (None, None)
    if not isinstance(moments, list) or not isinstance(prices, list):
        raise unreadable(call)
    return _sorted(call, moments, prices)


def _candle_points(call: Call, reply: Reply) -> list[Point]:
    candles = reply.get("candles")
    if not isinstance(candles, list) or not all(isinstance(candle, dict) for candle in candles):
        raise unreadable(call)
    return _sorted(call, [candle.get("epoch") for candle in candles], candles)


def _sorted(call: Call, moments: list[Any], held: list[Any]) -> list[Point]:
    if len(moments) != len(held):  # times and prices cannot be matched
        raise unreadable(call)
    points: list[Point] = []
    for moment, value in zip(moments, held, strict=True):
        second = seconds_of(moment)
        if second is None:
            raise unreadable(call)
        points.append((math.floor(second), moment, value))
    return sorted(points, key=second_of)


def _tick_frame(points: list[Point], context: Context) -> pd.DataFrame:
    from dpyauth import frames

    return frames.ticks({"times": [point[1] for point in points], "prices": [point[2] for point in points]}, context)


def _candle_frame(points: list[Point], context: Context) -> pd.DataFrame:
    from dpyauth import frames

    return frames.candles([point[2] for point in points], context)


# Two ticks may have the same second, so their key includes the price; a candle is known by its second.
TICKS = Kind("ticks", _tick_points, lambda point: (point[0], str(point[2])), _tick_frame)
CANDLES = Kind("candles", _candle_points, second_of, _candle_frame)


def begins(walk: TimeWalk[Point], what: str, symbol: str, asked: int | None, last: int, now: int) -> list[str]:
    """Return sentences on where Deriv's prices begin, if that is within the period; else none."""
    rows = walk.rows()
    if rows:
        begin = second_of(rows[0])
        if walk.is_enough if asked is None else begin - asked < WEEK and walk.later is None:
            return []
        return [said(f"{what}_begin", symbol=symbol, time=utc(begin))]
    if walk.later is None and last >= now - YEAR and asked is not None and last - asked < WEEK:
        return []  # the market was closed
    if walk.later is None:
        none = said(f"{what}_none", symbol=symbol)
    else:
        none = said(f"{what}_later", symbol=symbol, time=utc(walk.later))
    return [none, *([said("prices_kept", time=utc(now - YEAR))] if last < now - YEAR else [])]


def seconds_of(value: Any) -> float | None:
    """Return a time in any form as seconds since 1970; most are whole numbers of seconds already."""
    return float(value) if type(value) is int and 0 <= value < 10**11 else _times.seconds(value)


def unreadable(call: Call) -> BadReply:
    """Return the error for a reply without the documented content."""
    return BadReply(f"Deriv's reply to '{call.name}' does not have the documented content. Try again.", call=call.name)
