"""The pictures of a report, where matplotlib is installed: SVG that reads on light and dark pages."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from dpyauth.panels import account_view
from dpyauth.report.parts import Part

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TEXT, _LINE, _GAIN, _LOSS, _OUT = "#7d8590", "#2f81d7", "#2da160", "#d9534a", "#c98500"
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
_HATCHED: dict[str, Any] = {"color": "none", "edgecolor": _OUT, "hatch": "////"}
_MARKETS = 12
_WALLETS = 4
_MONTHS = 13  # as many names of months stand side by side
_SETTLED = ("complete", "completed")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and the same in words."""

    text: str
    svg: bytes


def pictures(frames: Mapping[Part, pd.DataFrame]) -> list[Picture]:
    """Draw the pictures that the frames allow."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:  # not installed, or not usable
        return []
    named = {part.name: frame for part, frame in frames.items()}
    made = [
        _exposure(named.get("portfolio")),
        _balance(named.get("statement")),
        _markets(named.get("profit_table")),
        *_flows(named.get("wallet_transactions")),
    ]
    return [picture for picture in made if picture is not None]


def _exposure(portfolio: pd.DataFrame | None) -> Picture | None:
    """Draw what is at stake in each market, and what it may pay."""
    if portfolio is None or portfolio.empty:
        return None
    unfixed = ~(portfolio["payout"] > 0)
    contracts = portfolio.assign(symbol=portfolio["symbol"].fillna("other"), unfixed=unfixed)
    sums = contracts.groupby("symbol")[["buy_price", "payout", "unfixed"]].sum().round(8).sort_values("buy_price")
    stake, payout = sums["buy_price"], sums["payout"]
    text = (
        f"At stake in {len(portfolio):,} open {'contract' if len(portfolio) == 1 else 'contracts'}"
        f"{_currency(portfolio)}: {_money(stake.sum())}, {_pays(payout.sum(), unfixed.sum())}; "
        f"most on {sums.index[-1]} with {_money(stake.iloc[-1])}."
    )
    sums = sums.tail(_MARKETS)

    def draw(axes: Axes) -> None:
        rows = range(len(sums))
        staked = axes.barh([row + 0.2 for row in rows], sums["buy_price"].to_numpy(), 0.34, **_HATCHED)
        paid = axes.barh([row - 0.2 for row in rows], sums["payout"].to_numpy(), 0.34, color=_GAIN)
        axes.bar_label(staked, [f"{_money(amount)} at stake" for amount in sums["buy_price"]], padding=4)
        axes.bar_label(paid, [_pays(*each) for each in zip(sums["payout"], sums["unfixed"], strict=True)], padding=4)
        axes.set_yticks(rows, [_short(name) for name in sums.index])
        axes.set_xticks([])
        axes.margins(x=0.25)
        axes.set_title(f"What is at stake, and what it may pay{_currency(portfolio)}")
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(left=False)

    return Picture(text, _svg(draw, 0.8 + 0.6 * len(sums)))


def _pays(payout: float, unfixed: int) -> str:
    """Tell what contracts may pay; some of them, such as multipliers, may have no fixed payout."""
    if not payout:
        return "no fixed payout"
    return f"may pay {_money(payout)}{' and more' if unfixed else ''}"


def _flows(moved: pd.DataFrame | None) -> list[Picture]:
    """Draw what went in and out by month: of each wallet in each currency, those first in which most happened."""
    if moved is None:
        return []
    settled = moved[moved["status"].isin(_SETTLED)].dropna(subset=["time", "wallet", "currency"])
    pairs = settled.groupby(["wallet", "currency"], sort=False)
    return [_flow(pairs.get_group(pair), *pair) for pair in pairs.size().nlargest(_WALLETS).index]


def _flow(moved: pd.DataFrame, wallet: str, currency: str) -> Picture:
    """Draw what a wallet has taken in a currency, upwards, and given, downwards."""
    month = moved["time"].dt.tz_localize(None).dt.to_period("M")
    months = pd.period_range(month.min(), month.max(), freq="M")
    came, went = (
        moved[moved["category"] == category].groupby(month)[amount].sum().reindex(months, fill_value=0)
        for category, amount in (("deposit", "net"), ("withdrawal", "gross"))
    )
    title = f"In and out of the {wallet.replace('_', ' ')} wallet by month, {currency}"
    text = f"{title}: {_money(came.sum())} in and {_money(went.sum())} out from {months[0]} to {months[-1]}."

    def draw(axes: Axes) -> None:
        axes.bar(range(len(months)), came.to_numpy(), 0.7, color=_GAIN, label="in")
        axes.bar(range(len(months)), -went.to_numpy(), 0.7, label="out", **_HATCHED)
        axes.axhline(0, color=_TEXT, linewidth=0.8)
        shown = range(len(months))[:: -(-len(months) // _MONTHS)]
        axes.set_xticks(shown, [str(months[place]) for place in shown])
        axes.set_xlim(-1, max(len(months), 6))
        axes.yaxis.set_major_formatter("{x:,.8g}")
        axes.legend(frameon=False, ncols=2, loc="upper right", bbox_to_anchor=(1, 1.18))
        axes.set_title(title)

    return Picture(text, _svg(draw, 2.6))


def _balance(statement: pd.DataFrame | None) -> Picture | None:
    """Draw the balance after each transaction."""
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
    """Draw what each market has brought."""
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
    return account_view.money(round(amount, 8))


def _currency(frame: pd.DataFrame) -> str:
    known = frame["currency"].dropna()
    return f", {known.iloc[0]}" if len(known) else ""


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= 24 else f"{text[:23]}…"
