"""Symbols and their prices. A price depends only on symbol and second, so past and live prices agree."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dpyauth.sandbox import data_files

_YEAR: Final = 31_557_600
_PERIODS: Final = np.array([4**n for n in range(14)], dtype=np.uint64)  # 1 s to 2 years
_CANDLE_SAMPLES: Final = 60
_U: Final = np.uint64
_Whole = npt.NDArray[np.uint64]
_Real = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Symbol:
    """Symbol that can be traded."""

    name: str
    title: str
    market: tuple[str, str]  # code, display name
    submarket: tuple[str, str]
    kind: str
    base: float
    volatility: float  # a year's standard deviation
    pip: float
    every: int = 1  # seconds between ticks
    weekdays: bool = False

    @property
    def digits(self) -> int:
        """Return the decimals of a price."""
        return len(f"{self.pip:.8f}".rstrip("0").split(".")[1])

    def is_open(self, second: int) -> bool:
        """Return whether its market is open in this second."""
        return not self.weekdays or datetime.fromtimestamp(second, UTC).weekday() < 5


SYMBOLS: Final[dict[str, Symbol]] = {
    facts["name"]: Symbol(
        **facts,
        market=tuple(group["market"]),
        submarket=tuple(group["submarket"]),
        kind=group["kind"],
        weekdays=group.get("weekdays", False),
    )
    for group in data_files.read("symbols")
    for facts in group["symbols"]
}


def _noise(seed: int, period: _Whole, step: _Whole) -> _Real:
    """Return a pseudo-random number in [-1, 1) for each lattice point."""
    mixed: _Whole = step * _U(0x9E3779B97F4A7C15) + period * _U(0xBF58476D1CE4E5B9) + _U(seed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> _U(shift))) * _U(factor)
    noise: _Real = (mixed ^ (mixed >> _U(31))).astype(np.float64)
    return noise / 2.0**63 - 1.0


def prices(name: str, seconds: npt.ArrayLike) -> _Real:
    """Return the prices of a symbol in these seconds, rounded to its pip.

    A price is the sum of noise at fourteen time scales, each with the weight that a random walk with the symbol's
    volatility has at that scale.
    """
    symbol = SYMBOLS[name]
    when = np.asarray(seconds, dtype=np.uint64).reshape(1, -1)
    when = when - when % _U(symbol.every)
    period = _PERIODS.reshape(-1, 1)
    step, rest = when // period, (when % period) / period
    seed = zlib.crc32(name.encode())
    here, there = _noise(seed, period, step), _noise(seed, period, step + _U(1))
    weight = symbol.volatility * np.sqrt(_PERIODS / _YEAR)
    walk: _Real = weight @ (here + (there - here) * rest)
    return np.round(symbol.base * np.exp(walk), symbol.digits)


@functools.lru_cache(maxsize=4096)
def spot(name: str, second: int) -> float:
    """Return the price of a symbol in one second."""
    return float(prices(name, [second])[0])


def quote(name: str, second: int) -> dict[str, Any]:
    """Return one tick, in the form of the `ticks` stream."""
    symbol = SYMBOLS[name]
    price, spread = spot(name, second), symbol.pip * 5
    return {
        "ask": round(price + spread, symbol.digits),
        "bid": round(price - spread, symbol.digits),
        "epoch": second - second % symbol.every,
        "pip_size": symbol.digits,
        "quote": price,
        "symbol": name,
    }


def tick_times(name: str, start: int, end: int, count: int) -> list[int]:
    """Return the newest `count` seconds with a tick from start to end, oldest first."""
    symbol = SYMBOLS[name]
    found: list[int] = []
    second = end - end % symbol.every
    while second >= start and len(found) < count:
        if symbol.is_open(second):
            found.append(second)
            second -= symbol.every
        else:
            second = second - second % 86_400 - symbol.every  # no ticks before this on the same day
    return found[::-1]


def candles(name: str, starts: Sequence[int], granularity: int, until: int) -> list[dict[str, Any]]:
    """Return the candles with these starts; a candle that contains `until` ends there.

    High and low are taken from sixty evenly spaced seconds and the last one, so they are exact for candles of a minute
    and close for longer ones.
    """
    if not starts:
        return []
    step = granularity // _CANDLE_SAMPLES
    offsets = np.append(np.arange(_CANDLE_SAMPLES) * step, granularity - 1)
    seconds = np.asarray(starts, dtype=np.int64).reshape(-1, 1) + offsets
    table = prices(name, np.minimum(seconds, until)).reshape(seconds.shape)
    columns = zip(
        starts, table[:, 0].tolist(), table.max(1).tolist(), table.min(1).tolist(), table[:, -1].tolist(), strict=True
    )
    return [{"epoch": e, "open": o, "high": h, "low": low, "close": c} for e, o, h, low, c in columns]


def candle_starts(name: str, start: int, end: int, granularity: int, count: int) -> list[int]:
    """Return the newest `count` candle starts that lie from start to end, oldest first."""
    symbol = SYMBOLS[name]
    found: list[int] = []
    second = end - end % granularity
    while second >= start and len(found) < count:
        if symbol.is_open(second):
            found.append(second)
        second -= granularity
    return found[::-1]
