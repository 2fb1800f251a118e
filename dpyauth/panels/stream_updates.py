"""Turn updates of a stream into points of a chart or rows of a table. Values from the server are checked first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dpyauth.panels import account_view
from dpyauth.texts import Words

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 300
"""Largest number of characters of a text to show."""

WIDEST = 30
"""Largest number of columns for calls without a fixed set of columns."""

_LAST_SECOND = 253_402_300_799  # the year 9999; browsers can show later dates, too
_MOST_DIGITS = 8
_CHOSEN = {
    "balance": ("received", "balance", "currency", "loginid"),
    "transaction": (
        "transaction_time",
        "action",
        "amount",
        "balance",
        "currency",
        "symbol",
        "contract_id",
        "transaction_id",
    ),
}

_MONEY = (*_CHOSEN, "proposal_open_contract", "ticks")  # calls whose decimal numbers are money or prices

Update = tuple[float, Mapping[str, Any]]
Describe = Callable[[Mapping[str, Any], bool], str]
"""Function that describes a gap; it is told whether the gap has been filled afterwards."""


class Chart:
    """Chart of one symbol. Each update becomes one point.

    A point is a dict: ``t`` is the time in seconds since 1970, ``p`` the price, or open, high, low and close of a
    candle. If they apply, ``late`` says that it was fetched after a break, and ``gap`` describes a gap just before it.
    """

    def __init__(self, describe: Describe) -> None:
        self.digits = 0
        """Number of decimals: as Deriv states it, else as many as the prices so far have."""
        self._said = False
        self._describe = describe
        self._last = -math.inf

    def add(self, updates: Sequence[Update]) -> list[dict[str, Any]]:
        """Return the points that are new or have changed, the oldest first."""
        points: dict[float, dict[str, Any]] = {}
        for _, reply in updates:
            gap = reply.get("gap")
            found = list(_prices(reply))
            late = bool(reply.get("backfilled"))
            if isinstance(gap, Mapping) and len(found) > 1:  # a history that was fetched again after a break
                late = found[0][0] <= self._last
                gap = {**gap, "filled": late}
            for t, prices, digits in found:
                if digits is not None:
                    self.digits, self._said = digits, True
                elif not self._said:
                    self.digits = max(self.digits, *map(_digits, prices))
                if t < self._last:
                    continue
                before = points.get(t, {})
                points[t] = {**before, "t": t, "p": prices}
                if t > self._last:
                    if late:
                        points[t]["late"] = True
                    if isinstance(gap, Mapping):
                        filled = bool(gap.get("filled"))
                        points[t]["gap"] = {"filled": filled, "text": self._describe(gap, filled)}
                        gap = None
                self._last = t
        return list(points.values())


def _prices(reply: Mapping[str, Any]) -> Iterator[tuple[float, list[float], int | None]]:
    """Yield time, prices and (if given) decimals of all prices in a reply."""
    kind = str(reply.get("msg_type"))
    told = reply.get(kind)
    size = reply.get("pip_size")
    rows: Iterable[tuple[Any, list[Any]]] = ()
    if kind == "candles" and isinstance(told, list):
        rows = [(row.get("epoch"), _sides(row)) for row in told if isinstance(row, Mapping)]
    elif isinstance(told, Mapping):
        size = told.get("pip_size", size)
        times, prices = told.get("times"), told.get("prices")
        if kind == "history" and isinstance(times, list) and isinstance(prices, list):
            rows = [(time, [price]) for time, price in zip(times, prices, strict=False)]
        elif kind == "ohlc":
            rows = [(told.get("open_time"), _sides(told))]
        elif kind == "tick":
            rows = [(told.get("epoch"), [told.get("quote")])]
    for when, values in rows:
        t, numbers = _number(when), [number for value in values if (number := _number(value)) is not None]
        if t is not None and 0 <= t <= _LAST_SECOND and len(numbers) == len(values):
            yield t, numbers, size if type(size) is int and 0 <= size <= _MOST_DIGITS else None


def _sides(row: Mapping[str, Any]) -> list[Any]:
    return [row.get(side) for side in ("open", "high", "low", "close")]


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _digits(number: float) -> int:
    return min(len(f"{number:.{_MOST_DIGITS}f}".rstrip("0").partition(".")[2]), _MOST_DIGITS)


class Table:
    """Table of updates, as texts."""

    def __init__(self, call: str, describe: Describe, words: Words) -> None:
        self.names: list[str] = list(_CHOSEN.get(call, ()))
        """Names of the columns; new ones are added as rows arrive."""
        self._call = call
        self._describe = describe
        self._words = words
        self._numbers: set[str] = set()
        self._balances: dict[str, str] = {}

    def columns(self) -> list[dict[str, Any]]:
        """Return the headings of the columns, and whether they contain numbers."""
        labels = ((name, self._words.get(f"column_{name}", name)) for name in self.names)
        return [{"label": shortened(label), "number": name in self._numbers} for name, label in labels]

    def add(self, updates: Sequence[Update]) -> list[dict[str, Any]]:
        """Return the rows of these updates, the oldest first: ``cells``, and ``gap`` if one comes just before."""
        from dpyauth import frames

        rows: list[dict[str, Any]] = []
        found = frames.updates(self._call, updates).drop(columns="gap")
        if self._call not in _CHOSEN:
            self._widen(found)
        self._numbers |= {name for name in self.names if name in found and found[name].dtype.kind in "iuf"}
        for (_, reply), told in zip(updates, found.to_dict("records"), strict=False):
            gap = reply.get("gap")
            cells = [self._text(told.get(name)) for name in self.names]
            if isinstance(gap, Mapping):
                rows.append({"cells": cells, "gap": self._describe(gap, bool(gap.get("filled")))})
            elif self._call != "balance" or self._changes(told):
                rows.append({"cells": cells})
        return rows

    def _widen(self, found: pd.DataFrame) -> None:
        """Add columns for new fields with single values."""
        for name in map(str, found.columns):
            new = name not in self.names and "." not in name and len(self.names) < WIDEST
            if new and not any(isinstance(value, list | dict) for value in found[name]):
                self.names.append(name)

    def _changes(self, told: Mapping[Any, Any]) -> bool:
        """Return whether the balance differs from the one before."""
        whose, balance = str(told.get("loginid")), str(told.get("balance"))
        changes = self._balances.get(whose) != balance
        self._balances = {**self._balances, whose: balance} if len(self._balances) < 1000 else {whose: balance}
        return changes

    def _text(self, value: Any) -> str:
        if isinstance(value, str):
            return shortened(value)
        if value is None or str(value) in ("nan", "NaT", "<NA>"):
            return ""
        if isinstance(value, bool):
            return self._words["yes" if value else "no"]
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M:%S}"
        if isinstance(value, float):
            return shortened(
                account_view.money(value, self._words["lang"]) if self._call in _MONEY else f"{value:.15g}"
            )
        return shortened(str(value))


def shortened(text: str) -> str:
    """Return a text, cut to a readable length."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
