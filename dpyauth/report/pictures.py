"""The pictures of a report, where matplotlib is installed: SVG that reads on light and dark pages."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from dpyauth.report.parts import Part
from dpyauth.signin import views

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TEXT, _LINE, _GAIN, _LOSS = "#7d8590", "#2f81d7", "#2da160", "#d9534a"
_STYLE: dict[Any, Any] = {
    "axes.edgecolor": _TEXT,
    "axes.labelcolor": _TEXT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": _TEXT,
    "font.family": "DejaVu Sans",
    "svg.fonttype": "path",
    "text.color": _TEXT,
    "text.parse_math": False,  # names come from outside
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
}
_MARKETS = 12


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and the same in words."""

    text: str
    svg: bytes


def pictures(frames: Mapping[Part, pd.DataFrame]) -> list[Picture]:
    """What the frames look like."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:  # not installed, or not usable
        return []
    named = {part.name: frame for part, frame in frames.items()}
    made = [_balance(named.get("statement")), _markets(named.get("profit_table"))]
    return [picture for picture in made if picture is not None]


def _balance(statement: pd.DataFrame | None) -> Picture | None:
    """The balance after each transaction."""
    if statement is None:
        return None
    known = statement.dropna(subset=["transaction_time", "balance_after"]).set_index("transaction_time")
    balance = known["balance_after"]
    if len(balance) < 2:
        return None
    text = f"The balance over time: from {_money(balance.iloc[0])} to {_money(balance.iloc[-1])}{_currency(statement)}."

    def draw(axes: Axes) -> None:
        axes.step(balance.index.to_numpy(), balance.to_numpy(), where="post", color=_LINE)
        axes.set_title(f"Balance over time{_currency(statement)}")
        axes.yaxis.set_major_formatter("{x:,.8g}")

    return Picture(text, _svg(draw, 3.0))


def _markets(closed: pd.DataFrame | None) -> Picture | None:
    """What each market has brought."""
    if closed is None:
        return None
    profit = closed.groupby("symbol")["profit"].sum().round(8)
    if profit.empty:
        return None
    profit = profit[profit.abs().nlargest(_MARKETS).index].sort_values()
    best, worst = str(profit.index[-1]), str(profit.index[0])
    text = (
        f"Profit by market{_currency(closed)}: best {best} with {_money(profit.iloc[-1])}, "
        f"worst {worst} with {_money(profit.iloc[0])}."
    )

    def draw(axes: Axes) -> None:
        colours = [_GAIN if amount >= 0 else _LOSS for amount in profit]
        bars = axes.barh([_short(name) for name in profit.index], profit.to_numpy(), color=colours)
        axes.bar_label(bars, ["+" * (amount > 0) + _money(amount) for amount in profit], padding=4)
        axes.margins(x=0.15)
        axes.axvline(0, color=_TEXT, linewidth=0.8)
        axes.set_title(f"Profit by market{_currency(closed)}")
        axes.spines["left"].set_visible(False)
        axes.tick_params(left=False)

    return Picture(text, _svg(draw, 0.8 + 0.35 * len(profit)))


def _svg(draw: Any, height: float) -> bytes:
    # No pyplot: what the notebook draws must not change this, nor the reverse.
    import matplotlib
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that the font lacks
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        figure = Figure(figsize=(9, height), layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()


def _money(amount: float) -> str:
    return views.money(round(amount, 8))


def _currency(frame: pd.DataFrame) -> str:
    known = frame["currency"].dropna()
    return f", {known.iloc[0]}" if len(known) else ""


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= 24 else f"{text[:23]}…"
