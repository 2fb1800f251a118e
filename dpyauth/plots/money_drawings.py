"""Draw balances, profits, payments and what is at stake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dpyauth.plots.canvas import GAIN, GREY, HATCHED, LINE, LOSS, OUT, Drawing, entitle, nothing, rows, times
from dpyauth.plots.frame_checks import check, days, moments, money, numbers, one_currency, only_one, short, signed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_ROWS = 12
_MONTHS = 13  # most month labels that fit side by side
_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (8, 2)), (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 2, 2, 2)))
_MANY = 2_000  # from here on, marks are drawn as one bitmap, which keeps an SVG small
_TRADING = ("buy", "sell")
SETTLED = ("complete", "completed")


def balance(frame: Any) -> Drawing:
    """Draw the balance after each transaction, one line for each account."""
    table = check(frame, "balance", "transaction_time", "balance_after")
    currency = one_currency(table, "balance")
    known = table.assign(
        _at=moments(table, "transaction_time", "balance"), _after=numbers(table, "balance_after", "balance")
    )
    known = known.dropna(subset=["_at", "_after"]).sort_values("_at", kind="stable")
    if known.empty:
        return nothing(f"Balance over time{currency}", "no transactions")
    accounts = known.groupby("loginid", sort=False, dropna=False) if "loginid" in known else [("", known)]
    lines = [(short(loginid), account) for loginid, account in accounts]
    name, (first, last) = "The balance", known["_after"].iloc[[0, -1]]
    if len(lines) > 1:
        name, first, last = f"The balances of {len(lines)} accounts", *known["_after"].agg(["min", "max"])
    amounts = f"from {money(first)} to {money(last)}" if len(known) > 1 else money(last)
    text = f"{name} over time: {amounts}{currency}."
    told_apart = 1 < len(lines) <= len(_DASHES)
    paid = known[~known["action_type"].isin(_TRADING)] if "action_type" in known else known.head(0)

    def draw(axes: Axes) -> None:
        for place, (loginid, account) in enumerate(lines):
            style = _DASHES[place % len(_DASHES)]
            mark = "." if len(account) == 1 else ""
            at, after = days(account["_at"]), account["_after"].to_numpy()
            label = loginid if told_apart else None if len(lines) > 1 else "trading"
            axes.plot(at, after, linestyle=style, color=LINE, marker=mark, drawstyle="steps-post", label=label)
        if len(paid):
            at, after = days(paid["_at"]), paid["_after"].to_numpy()
            dense = len(paid) > _MANY
            axes.plot(at, after, "D", color=OUT, markersize=5, label="not a trade", rasterized=dense)
        if told_apart or len(paid):
            axes.legend(ncols=4, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
        times(axes)
        axes.yaxis.set_major_formatter("{x:,.12g}")
        many = len(lines) > 1 and not told_apart
        entitle(axes, f"Balance over time{currency}{f' ({len(lines):,} accounts)' * many}")

    return Drawing(text, 3.2, draw)


def profit(frame: Any, by: str = "symbol") -> Drawing:
    """Draw the profit of each market."""
    table = check(frame, "profit", "profit", by)
    currency = one_currency(table, "profit")
    what = "market" if by == "symbol" else by.replace("_", " ")
    title = f"Profit by {what}{currency}"
    sums = numbers(table, "profit", "profit")
    sums = sums.groupby(table[by].astype("string").fillna("other")).sum(min_count=1).dropna().round(8)
    if sums.empty:
        return nothing(title, "no closed contracts")
    sums = sums.sort_values(ascending=False)
    (best, worst), (most, least) = sums.index[[0, -1]], sums.iloc[[0, -1]]
    if most == least:
        said = f"{short(best) if len(sums) == 1 else f'each of {len(sums):,}'} with {money(most)}"
    else:
        said = f"best {short(best)} with {money(most)}, worst {short(worst)} with {money(least)}"
    shown = sums[sums.abs().nlargest(_ROWS).index].sort_values(ascending=False)

    def draw(axes: Axes) -> None:
        rows(axes, [short(name) for name in shown.index])
        for row, amount in enumerate(shown):
            look = {"color": GAIN} if amount >= 0 else {**HATCHED, "edgecolor": LOSS}
            bar = axes.barh(row, amount, 0.7, **look)
            axes.bar_label(bar, [signed(amount)], padding=4)
        axes.use_sticky_edges = False  # keeps the zero line away from the edge, also if all are losses
        axes.margins(x=0.1 + max(len(signed(amount)) for amount in shown) / 60)
        axes.axvline(0, color=GREY, linewidth=0.8)
        entitle(axes, title + _rest(len(sums)))

    return Drawing(f"{title}: {said}.", 0.8 + 0.35 * len(shown), draw)


def profit_over_time(frame: Any) -> Drawing:
    """Draw the profit of all contracts closed so far."""
    table = check(frame, "profit_over_time", "sell_time", "profit")
    currency = one_currency(table, "profit_over_time")
    title = f"Profit of all contracts closed so far{currency}"
    at = moments(table, "sell_time", "profit_over_time")
    known = numbers(table, "profit", "profit_over_time").to_frame("profit").assign(at=at).dropna()
    known = known.sort_values("at", kind="stable")
    if known.empty:
        return nothing(title, "no closed contracts")
    sums = known["profit"].cumsum().round(8)
    span = f"; lowest {money(sums.min())}, highest {money(sums.max())}" if len(sums) > 1 else ""
    text = f"{title}: {money(sums.iloc[-1])} after {len(sums):,}{span}."

    def draw(axes: Axes) -> None:
        mark = "." if len(sums) == 1 else ""
        axes.plot(days(known["at"]), sums.to_numpy(), color=LINE, marker=mark, drawstyle="steps-post")
        axes.axhline(0, color=GREY, linewidth=0.8)
        times(axes)
        axes.yaxis.set_major_formatter("{x:,.12g}")
        entitle(axes, f"{title}: {signed(sums.iloc[-1])}")

    return Drawing(text, 3.2, draw)


def exposure(frame: Any) -> Drawing:
    """Draw what is at stake in each market, and what it may pay."""
    table = check(frame, "exposure", "symbol", "buy_price", "payout")
    currency = one_currency(table, "exposure")
    title = f"What is at stake, and what it may pay{currency}"
    if table.empty:
        return nothing(title, "no open contracts")
    stake, payout = numbers(table, "buy_price", "exposure"), numbers(table, "payout", "exposure")
    contracts = stake.to_frame("stake").assign(payout=payout, unfixed=~(payout > 0))
    markets = contracts.groupby(table["symbol"].astype("string").fillna("other")).sum().round(8)
    markets = markets.sort_values("stake", ascending=False, kind="stable")
    text = (
        f"At stake in {len(table):,} open {'contract' if len(table) == 1 else 'contracts'}{currency}: "
        f"{money(markets['stake'].sum())}, {_pays(markets['payout'].sum(), markets['unfixed'].sum())}; "
        f"most on {short(markets.index[0])} with {money(markets['stake'].iloc[0])}."
    )
    shown = markets.head(_ROWS)

    def draw(axes: Axes) -> None:
        rows(axes, [short(name) for name in shown.index])
        places = range(len(shown))
        staked = axes.barh([row - 0.2 for row in places], shown["stake"].to_numpy(), 0.34, **HATCHED)
        paid = axes.barh([row + 0.2 for row in places], shown["payout"].to_numpy(), 0.34, color=GAIN)
        axes.bar_label(staked, [f"{money(amount)} at stake" for amount in shown["stake"]], padding=4)
        axes.bar_label(paid, [_pays(*each) for each in zip(shown["payout"], shown["unfixed"], strict=True)], padding=4)
        axes.margins(x=0.25)
        axes.set_xlim(left=0)
        entitle(axes, title + _rest(len(markets)))

    return Drawing(text, 0.8 + 0.6 * len(shown), draw)


def payments(frame: Any) -> Drawing:
    """Draw payments by month: money in upwards, money out downwards."""
    import pandas as pd

    is_statement = isinstance(frame, pd.DataFrame) and "action_type" in frame and "amount" in frame
    moved = _of_statement(frame) if is_statement else _of_wallet(frame)
    wallet = only_one(moved, "place", "payments", "several wallets")
    currency = one_currency(moved, "payments")
    title = f"Payments in and out{f' of {wallet}' if wallet else ''} by month{currency}"
    moved = moved.dropna(subset=["at"])
    if moved.empty:
        return nothing(title, "no payments")
    month = moved["at"].dt.tz_localize(None).dt.to_period("M")
    months = pd.period_range(month.min(), month.max(), freq="M")
    came, went = (moved[way].groupby(month).sum().reindex(months, fill_value=0) for way in ("came", "went"))
    text = f"{title}: {money(came.sum())} in and {money(went.sum())} out from {months[0]} to {months[-1]}."

    def draw(axes: Axes) -> None:
        axes.use_sticky_edges = False
        axes.bar(range(len(months)), came.to_numpy(), 0.7, color=GAIN, label="in")
        axes.bar(range(len(months)), -went.to_numpy(), 0.7, label="out", **HATCHED)
        axes.axhline(0, color=GREY, linewidth=0.8)
        shown = range(len(months))[:: -(-len(months) // _MONTHS)]
        axes.set_xticks(shown, [str(months[place]) for place in shown])
        axes.set_xlim(-1, max(len(months), 6))
        axes.yaxis.set_major_formatter("{x:,.12g}")
        axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
        entitle(axes, title)

    return Drawing(text, 2.8, draw)


def _of_wallet(frame: Any) -> pd.DataFrame:
    """Return the completed payments of a wallet. Money in is counted after the fee, money out with it."""
    table = check(frame, "payments", "time", "category", "status", "currency", "gross", "net")
    gross, net = numbers(table, "gross", "payments"), numbers(table, "net", "payments")
    moved = table[["currency"]].assign(
        at=moments(table, "time", "payments"),
        came=net.where(table["category"] == "deposit", 0.0),
        went=gross.where(table["category"] == "withdrawal", 0.0),
        place="" if "wallet" not in table else table["wallet"].map(lambda name: f"the {short(name)} wallet"),
    )
    moved["place"] = moved["place"].str.replace("_", " ")
    return moved[table["status"].isin(SETTLED)]


def _of_statement(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a statement that are not trades."""
    check(frame, "payments", "transaction_time")
    amount = numbers(frame, "amount", "payments")
    moved = frame.reindex(columns=["currency", "loginid"]).assign(
        at=moments(frame, "transaction_time", "payments"), came=amount.clip(lower=0), went=-amount.clip(upper=0)
    )
    return moved.rename(columns={"loginid": "place"})[~frame["action_type"].isin(_TRADING)]


def _pays(payout: float, unfixed: float) -> str:
    """Return what contracts may pay, in words. Some of them, such as multipliers, may have no fixed payout."""
    if not payout:
        return "no fixed payout"
    return f"may pay {money(payout)}{' and more' if unfixed else ''}"


def _rest(count: int) -> str:
    return f" (the {_ROWS} largest of {count:,})" if count > _ROWS else ""
