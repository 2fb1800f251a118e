"""Draw prices: ticks as a line, candles as candles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dpyauth.errors import InvalidArgument
from dpyauth.plots.canvas import GREY, LINE, OUT, Drawing, entitle, nothing, times
from dpyauth.plots.frame_checks import QUESTIONS, check, days, given, moments, numbers, only_one

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_CANDLES = 200
"""Most candles to draw: more of them would be thinner than a line."""
_DOTS = 200
_MANY = 2_000
_OHLC = ["open", "high", "low", "close"]


def prices(frame: Any) -> Drawing:
    """Draw the prices of one market."""
    table = check(frame, "prices")
    symbol = only_one(table, "symbol", "prices", "the prices of several markets") or given(table.attrs.get("symbol"))
    title = f"Prices{f' of {symbol}' if symbol else ''}"
    if set(_OHLC) <= set(table.columns):
        return _candles(_timed(table, "open_time", *_OHLC), title)
    if "quote" in table.columns:
        return _ticks(_timed(table, "epoch", "quote"), title)
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


def _ticks(known: pd.DataFrame, title: str) -> Drawing:
    import numpy as np

    if known.empty:
        return nothing(title, "no prices")
    quotes = known["quote"]
    late = _flag(known, "backfilled")
    after = np.flatnonzero(_flag(known, "gap"))
    after = after[after > 0]
    said = [f"{late.sum():,} fetched after a break" * bool(late.any()), _gaps(len(after)) * bool(len(after))]
    span = (
        f"{len(known):,} from {_price(quotes.iloc[0])} to {_price(quotes.iloc[-1])}, lowest {_price(quotes.min())}, "
        f"highest {_price(quotes.max())}"
    )
    text = f"{title}: {'; '.join(filter(None, (span if len(known) > 1 else _price(quotes.iloc[0]), *said)))}."

    def draw(axes: Axes) -> None:
        at, values = days(known["at"]), quotes.to_numpy()
        # NaN breaks the line where prices are missing.
        axes.plot(np.insert(at, after, np.nan), np.insert(values, after, np.nan), color=LINE, linewidth=1.3)
        if len(known) <= _DOTS:
            axes.plot(at[~late], values[~late], ".", color=LINE, label="live" if late.any() else None)
        if late.any():
            dense = int(late.sum()) > _MANY
            looks: dict[str, Any] = {"markerfacecolor": "none", "rasterized": dense, "label": "fetched after a break"}
            axes.plot(at[late], values[late], "o", color=OUT, **looks)
        _shade(axes, at, after)
        _finish(axes, title)

    return Drawing(text, 3.0, draw)


def _candles(known: pd.DataFrame, title: str) -> Drawing:
    import numpy as np

    known = known.drop_duplicates("at", keep="last")  # a stream sends the current candle again with every tick
    if known.empty:
        return nothing(title, "no candles")
    each = -(-len(known) // _CANDLES)
    drawn = known.groupby(np.arange(len(known)) // each).agg(
        {"at": "first", "open": "first", "high": "max", "low": "min", "close": "last"}
    )
    after = np.flatnonzero(_flag(known, "gap"))
    after = np.unique(after[after > 0] // each)
    text = (
        f"{title}: {len(known):,} {'candle' if len(known) == 1 else 'candles'} from {_price(known['open'].iloc[0])} to "
        f"{_price(known['close'].iloc[-1])}, lowest {_price(known['low'].min())}, highest {_price(known['high'].max())}"
        f"{f'; {_gaps(len(after))}' if len(after) else ''}."
    )

    def draw(axes: Axes) -> None:
        at = days(drawn["at"])
        wide = 0.7 * (float(np.median(np.diff(at))) if len(at) > 1 else 1 / 1440)
        up = (drawn["close"] >= drawn["open"]).to_numpy()
        for some, fill, edge, name in ((up, "none", LINE, "up"), (~up, OUT, OUT, "down")):
            if not some.any():
                continue  # an empty series would be in the legend, in one of matplotlib's default colours
            part, there = drawn[some], at[some]
            bottom, top = part[["open", "close"]].min(axis=1), part[["open", "close"]].max(axis=1)
            axes.vlines(there, part["low"], bottom, color=edge, linewidth=1)
            axes.vlines(there, top, part["high"], color=edge, linewidth=1)
            axes.bar(there, top - bottom, wide, bottom=bottom, color=fill, edgecolor=edge, linewidth=1, label=name)
        _shade(axes, at, after)
        _finish(axes, title if each == 1 else f"{title} (each candle combines {each:,})")

    return Drawing(text, 3.0, draw)


def _flag(known: pd.DataFrame, column: str) -> Any:
    import numpy as np

    if column not in known:
        return np.zeros(len(known), dtype=bool)
    return known[column].astype("boolean").fillna(False).to_numpy(dtype=bool)


def _shade(axes: Axes, at: Any, after: Any) -> None:
    """Hatch the gaps."""
    for number, place in enumerate(after[:_DOTS]):
        looks: dict[str, Any] = {"facecolor": "none", "edgecolor": GREY, "hatch": "xx", "alpha": 0.5, "linewidth": 0}
        axes.axvspan(at[place - 1], at[place], label=None if number else "no data", **looks)


def _finish(axes: Axes, title: str) -> None:
    times(axes)
    axes.yaxis.set_major_formatter("{x:,.12g}")
    entitle(axes, title)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)


def _gaps(count: int) -> str:
    return f"{count:,} {'gap' if count == 1 else 'gaps'} without data"


def _price(price: float) -> str:
    return f"{price:,.10g}"
