"""Draw prices: ticks as a line, candles as candles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dpyauth.errors import InvalidArgument
from dpyauth.plots.canvas import GREY, LINE, OUT, Drawing, amounts, entitle, nothing, times
from dpyauth.plots.frame_checks import QUESTIONS, check, days, given, moments, numbers, only_one
from dpyauth.plots.wording import described, numeral

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from dpyauth.texts import Words

_CANDLES = 200
"""Most candles to draw: more of them would be thinner than a line."""
_DOTS = 200
_MANY = 2_000
_OHLC = ["open", "high", "low", "close"]


def prices(frame: Any, words: Words) -> Drawing:
    """Draw the prices of one market."""
    table = check(frame, "prices")
    symbol = only_one(table, "symbol", "prices", "the prices of several markets") or given(table.attrs.get("symbol"))
    title = words("title_prices_of", symbol=symbol) if symbol else words["title_prices"]
    if set(_OHLC) <= set(table.columns):
        return _candles(_timed(table, "open_time", *_OHLC), title, words)
    if "quote" in table.columns:
        return _ticks(_timed(table, "epoch", "quote"), title, words)
    raise InvalidArgument(
        "plots.prices() draws ticks or candles, and this frame has neither a column 'quote' nor the columns open, "
        f"high, low and close. Write dpyauth.plots.prices({QUESTIONS['prices']}), or use session.candles instead of "
        "session.ticks. For a stream of prices, pass stream.frame().",
        field="frame",
    )


def _timed(table: pd.DataFrame, time: str, *columns: str) -> pd.DataFrame:
    """Return prices sorted by time. A stream's frame has the time as a column, that of a history as its index."""
    if time not in table.columns:
        time = "time"
    if time not in table.columns:
        table = table.assign(time=table.index)
    values = {column: numbers(table, column, "prices") for column in columns}
    known = table.assign(at=moments(table, time, "prices"), **values)
    if "gap" in known:
        known["gap"] = known["gap"].astype("boolean").fillna(False).astype(bool)
    return known.dropna(subset=["at", *columns]).sort_values("at", kind="stable")


def _ticks(known: pd.DataFrame, title: str, words: Words) -> Drawing:
    import numpy as np

    if known.empty:
        return nothing(words, title, words["no_prices"])
    quotes = known["quote"]
    late = _flag(known, "backfilled")
    after = np.flatnonzero(_flag(known, "gap"))
    after = after[after > 0]
    facts = [numeral(quotes.iloc[0], words["lang"])]
    if len(known) > 1:
        facts = [
            _span(words, "prices_from_to", len(known), quotes.iloc[0], quotes.iloc[-1], quotes.min(), quotes.max())
        ]
    if late.any():
        facts.append(words("fetched", count=int(late.sum())))
    if len(after):
        facts.append(words("gaps", count=len(after)))

    def draw(axes: Axes) -> None:
        at, values = days(known["at"]), quotes.to_numpy()
        # NaN breaks the line where prices are missing.
        axes.plot(np.insert(at, after, np.nan), np.insert(values, after, np.nan), color=LINE, linewidth=1.3)
        if len(known) <= _DOTS:
            axes.plot(at[~late], values[~late], ".", color=LINE, label=words["live"] if late.any() else None)
        if late.any():
            dense = int(late.sum()) > _MANY
            looks: dict[str, Any] = {"markerfacecolor": "none", "rasterized": dense, "label": words["fetched_late"]}
            axes.plot(at[late], values[late], "o", color=OUT, **looks)
        _shade(axes, at, after, words["no_data"])
        _finish(axes, title, words)

    return Drawing(described(words, title, *facts), 3.0, draw)


def _candles(known: pd.DataFrame, title: str, words: Words) -> Drawing:
    import numpy as np

    known = known.drop_duplicates("at", keep="last")  # a stream sends the current candle again with every tick
    if known.empty:
        return nothing(words, title, words["no_candles"])
    each = -(-len(known) // _CANDLES)
    drawn = known.groupby(np.arange(len(known)) // each).agg(
        {"at": "first", "open": "first", "high": "max", "low": "min", "close": "last"}
    )
    after = np.flatnonzero(_flag(known, "gap"))
    after = np.unique(after[after > 0] // each)
    first, last = known["open"].iloc[0], known["close"].iloc[-1]
    facts = [_span(words, "candles_from_to", len(known), first, last, known["low"].min(), known["high"].max())]
    if len(after):
        facts.append(words("gaps", count=len(after)))

    def draw(axes: Axes) -> None:
        at = days(drawn["at"])
        wide = 0.7 * (float(np.median(np.diff(at))) if len(at) > 1 else 1 / 1440)
        up = (drawn["close"] >= drawn["open"]).to_numpy()
        for some, fill, edge, name in ((up, "none", LINE, words["up"]), (~up, OUT, OUT, words["down"])):
            if not some.any():
                continue  # an empty series would be in the legend, in one of matplotlib's default colours
            part, there = drawn[some], at[some]
            bottom, top = part[["open", "close"]].min(axis=1), part[["open", "close"]].max(axis=1)
            axes.vlines(there, part["low"], bottom, color=edge, linewidth=1)
            axes.vlines(there, top, part["high"], color=edge, linewidth=1)
            axes.bar(there, top - bottom, wide, bottom=bottom, color=fill, edgecolor=edge, linewidth=1, label=name)
        _shade(axes, at, after, words["no_data"])
        _finish(axes, title if each == 1 else words("title_combined", title=title, count=each), words)

    return Drawing(described(words, title, *facts), 3.0, draw)


def _flag(known: pd.DataFrame, column: str) -> Any:
    import numpy as np

    if column not in known:
        return np.zeros(len(known), dtype=bool)
    return known[column].astype("boolean").fillna(False).to_numpy(dtype=bool)


def _shade(axes: Axes, at: Any, after: Any, label: str) -> None:
    """Hatch the gaps."""
    for number, place in enumerate(after[:_DOTS]):
        looks: dict[str, Any] = {"facecolor": "none", "edgecolor": GREY, "hatch": "xx", "alpha": 0.5, "linewidth": 0}
        axes.axvspan(at[place - 1], at[place], label=None if number else label, **looks)


def _finish(axes: Axes, title: str, words: Words) -> None:
    times(axes, words)
    amounts(axes, words)
    entitle(axes, title)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)


def _span(words: Words, key: str, count: int, *prices: float) -> str:
    first, last, low, high = (numeral(price, words["lang"]) for price in prices)
    return words(key, count=count, first=first, last=last, low=low, high=high)
