"""Draw balances, profits, payments and what is at stake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dpyauth.plots.canvas import GAIN, GREY, HATCHED, LINE, LOSS, OUT, Drawing, amounts, entitle, nothing, rows, times
from dpyauth.plots.frame_checks import check, days, moments, numbers, one_currency, only_one, short
from dpyauth.plots.wording import described, in_currency, money, signed
from dpyauth.texts import listed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from dpyauth.texts import Words

_ROWS = 12
_MONTHS = 13  # most month labels that fit side by side
_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (8, 2)), (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 2, 2, 2)))
_MANY = 2_000  # from here on, marks are drawn as one bitmap, which keeps an SVG small
_TRADING = ("buy", "sell")
SETTLED = ("complete", "completed")


def balance(frame: Any, words: Words) -> Drawing:
    """Draw the balance after each transaction, one line for each account."""
    table = check(frame, "balance", "transaction_time", "balance_after")
    currency = one_currency(table, "balance")
    title = in_currency(words, words["title_balance"], currency)
    known = table.assign(
        _at=moments(table, "transaction_time", "balance"), _after=numbers(table, "balance_after", "balance")
    )
    known = known.dropna(subset=["_at", "_after"]).sort_values("_at", kind="stable")
    if known.empty:
        return nothing(words, title, words["no_transactions"])
    accounts = known.groupby("loginid", sort=False, dropna=False) if "loginid" in known else [("", known)]
    lines = [(short(loginid), account) for loginid, account in accounts]
    name, (first, last) = words["the_balance"], known["_after"].iloc[[0, -1]]
    if len(lines) > 1:
        name, first, last = words("the_balances", count=len(lines)), *known["_after"].agg(["min", "max"])
    said = money(last, words)
    if len(known) > 1:
        said = words("from_to", first=money(first, words), last=said)
    text = described(words, name, in_currency(words, said, currency))
    told_apart = 1 < len(lines) <= len(_DASHES)
    paid = known[~known["action_type"].isin(_TRADING)] if "action_type" in known else known.head(0)

    def draw(axes: Axes) -> None:
        for place, (loginid, account) in enumerate(lines):
            style = _DASHES[place % len(_DASHES)]
            mark = "." if len(account) == 1 else ""
            at, after = days(account["_at"]), account["_after"].to_numpy()
            label = loginid if told_apart else None if len(lines) > 1 else words["trading"]
            axes.plot(at, after, linestyle=style, color=LINE, marker=mark, drawstyle="steps-post", label=label)
        if len(paid):
            at, after = days(paid["_at"]), paid["_after"].to_numpy()
            dense = len(paid) > _MANY
            axes.plot(at, after, "D", color=OUT, markersize=5, label=words["not_a_trade"], rasterized=dense)
        if told_apart or len(paid):
            axes.legend(ncols=4, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
        times(axes, words)
        amounts(axes, words)
        many = len(lines) > 1 and not told_apart
        entitle(axes, words("title_accounts", title=title, count=len(lines)) if many else title)

    return Drawing(text, 3.2, draw)


def profit(frame: Any, words: Words, by: str = "symbol") -> Drawing:
    """Draw the profit of each market."""
    table = check(frame, "profit", "profit", by)
    currency = one_currency(table, "profit")
    name = words.get(f"profit_by_{by}") or words("profit_by", column=by.replace("_", " "))
    title = in_currency(words, name, currency)
    sums = numbers(table, "profit", "profit")
    sums = sums.groupby(table[by].astype("string").fillna(words["other"])).sum(min_count=1).dropna().round(8)
    if sums.empty:
        return nothing(words, title, words["no_closed_contracts"])
    sums = sums.sort_values(ascending=False)
    (best, worst), (most, least) = sums.index[[0, -1]], sums.iloc[[0, -1]]
    highest, lowest = money(most, words), money(least, words)
    if len(sums) == 1:
        said = words("with_amount", name=short(best), amount=highest)
    elif most == least:
        said = words("each_with_amount", count=len(sums), amount=highest)
    else:
        said = words("best_worst", best=short(best), most=highest, worst=short(worst), least=lowest)
    shown = sums[sums.abs().nlargest(_ROWS).index].sort_values(ascending=False)

    def draw(axes: Axes) -> None:
        rows(axes, [short(name) for name in shown.index])
        for row, amount in enumerate(shown):
            look = {"color": GAIN} if amount >= 0 else {**HATCHED, "edgecolor": LOSS}
            bar = axes.barh(row, amount, 0.7, **look)
            axes.bar_label(bar, [signed(amount, words)], padding=4)
        axes.use_sticky_edges = False  # keeps the zero line away from the edge, also if all are losses
        axes.margins(x=0.1 + max(len(signed(amount, words)) for amount in shown) / 60)
        axes.axvline(0, color=GREY, linewidth=0.8)
        entitle(axes, _largest(words, title, len(sums)))

    return Drawing(described(words, title, said), 0.8 + 0.35 * len(shown), draw)


def profit_over_time(frame: Any, words: Words) -> Drawing:
    """Draw the profit of all contracts closed so far."""
    table = check(frame, "profit_over_time", "sell_time", "profit")
    currency = one_currency(table, "profit_over_time")
    title = in_currency(words, words["title_closed"], currency)
    at = moments(table, "sell_time", "profit_over_time")
    known = numbers(table, "profit", "profit_over_time").to_frame("profit").assign(at=at).dropna()
    known = known.sort_values("at", kind="stable")
    if known.empty:
        return nothing(words, title, words["no_closed_contracts"])
    sums = known["profit"].cumsum().round(8)
    facts = [words("after_contracts", amount=money(sums.iloc[-1], words), count=len(sums))]
    if len(sums) > 1:
        facts.append(words("lowest_highest", low=money(sums.min(), words), high=money(sums.max(), words)))

    def draw(axes: Axes) -> None:
        mark = "." if len(sums) == 1 else ""
        axes.plot(days(known["at"]), sums.to_numpy(), color=LINE, marker=mark, drawstyle="steps-post")
        axes.axhline(0, color=GREY, linewidth=0.8)
        times(axes, words)
        amounts(axes, words)
        entitle(axes, words("fact", name=title, what=signed(sums.iloc[-1], words)))

    return Drawing(described(words, title, *facts), 3.2, draw)


def exposure(frame: Any, words: Words) -> Drawing:
    """Draw what is at stake in each market, and what it may pay."""
    table = check(frame, "exposure", "symbol", "buy_price", "payout")
    currency = one_currency(table, "exposure")
    title = in_currency(words, words["title_exposure"], currency)
    if table.empty:
        return nothing(words, title, words["no_open_contracts"])
    stake, payout = numbers(table, "buy_price", "exposure"), numbers(table, "payout", "exposure")
    contracts = stake.to_frame("stake").assign(payout=payout, unfixed=~(payout > 0))
    markets = contracts.groupby(table["symbol"].astype("string").fillna(words["other"])).sum().round(8)
    markets = markets.sort_values("stake", ascending=False, kind="stable")
    text = described(
        words,
        in_currency(words, words("at_stake_in", count=len(table)), currency),
        listed(
            [
                money(markets["stake"].sum(), words),
                _pays(words, markets["payout"].sum(), markets["unfixed"].sum()),
            ],
            words["lang"],
        ),
        words("most_on", symbol=short(markets.index[0]), amount=money(markets["stake"].iloc[0], words)),
    )
    shown = markets.head(_ROWS)

    def draw(axes: Axes) -> None:
        rows(axes, [short(name) for name in shown.index])
        places = range(len(shown))
        staked = axes.barh([row - 0.2 for row in places], shown["stake"].to_numpy(), 0.34, **HATCHED)
        paid = axes.barh([row + 0.2 for row in places], shown["payout"].to_numpy(), 0.34, color=GAIN)
        stakes = [words("at_stake", amount=money(amount, words)) for amount in shown["stake"]]
        payouts = [_pays(words, *each) for each in zip(shown["payout"], shown["unfixed"], strict=True)]
        axes.bar_label(staked, stakes, padding=4)
        axes.bar_label(paid, payouts, padding=4)
        axes.margins(x=0.25)
        axes.set_xlim(left=0)
        entitle(axes, _largest(words, title, len(markets)))

    return Drawing(text, 0.8 + 0.6 * len(shown), draw)


def payments(frame: Any, words: Words) -> Drawing:
    """Draw payments by month: money in upwards, money out downwards."""
    import pandas as pd

    is_statement = isinstance(frame, pd.DataFrame) and "action_type" in frame and "amount" in frame
    moved = _of_statement(frame) if is_statement else _of_wallet(frame)
    title = in_currency(words, _whose(moved, words), one_currency(moved, "payments"))
    moved = moved.dropna(subset=["at"])
    if moved.empty:
        return nothing(words, title, words["no_payments"])
    month = moved["at"].dt.tz_localize(None).dt.to_period("M")
    months = pd.period_range(month.min(), month.max(), freq="M")
    came, went = (moved[way].groupby(month).sum().reindex(months, fill_value=0) for way in ("came", "went"))
    said = words(
        "in_and_out",
        came=money(came.sum(), words),
        went=money(went.sum(), words),
        first=str(months[0]),
        last=str(months[-1]),
    )

    def draw(axes: Axes) -> None:
        axes.use_sticky_edges = False
        axes.bar(range(len(months)), came.to_numpy(), 0.7, color=GAIN, label=words["money_in"])
        axes.bar(range(len(months)), -went.to_numpy(), 0.7, label=words["money_out"], **HATCHED)
        axes.axhline(0, color=GREY, linewidth=0.8)
        shown = range(len(months))[:: -(-len(months) // _MONTHS)]
        axes.set_xticks(shown, [str(months[place]) for place in shown])
        axes.set_xlim(-1, max(len(months), 6))
        amounts(axes, words)
        axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
        entitle(axes, title)

    return Drawing(described(words, title, said), 2.8, draw)


def _whose(moved: pd.DataFrame, words: Words) -> str:
    if wallet := only_one(moved, "wallet", "payments", "several wallets"):
        name = words.get(f"wallet_{wallet}", wallet.replace("_", " "))
        return words("title_payments_wallet", wallet=name)
    if loginid := only_one(moved, "loginid", "payments", "several accounts"):
        return words("title_payments_of", loginid=loginid)
    return words["title_payments"]


def _of_wallet(frame: Any) -> pd.DataFrame:
    """Return the completed payments of a wallet. Money in is counted after the fee, money out with it."""
    table = check(frame, "payments", "time", "category", "status", "currency", "gross", "net")
    gross, net = numbers(table, "gross", "payments"), numbers(table, "net", "payments")
    moved = table[["currency"]].assign(
        at=moments(table, "time", "payments"),
        came=net.where(table["category"] == "deposit", 0.0),
        went=gross.where(table["category"] == "withdrawal", 0.0),
    )
    if "wallet" in table:
        moved["wallet"] = table["wallet"]
    return moved[table["status"].isin(SETTLED)]


def _of_statement(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a statement that are not trades."""
    check(frame, "payments", "transaction_time")
    amount = numbers(frame, "amount", "payments")
    moved = frame.reindex(columns=["currency", "loginid"]).assign(
        at=moments(frame, "transaction_time", "payments"), came=amount.clip(lower=0), went=-amount.clip(upper=0)
    )
    return moved[~frame["action_type"].isin(_TRADING)]


def _pays(words: Words, payout: float, unfixed: float) -> str:
    """Return what contracts may pay. Some of them, such as multipliers, may have no fixed payout."""
    if not payout:
        return words["no_payout"]
    return words("may_pay_more" if unfixed else "may_pay", amount=money(payout, words))


def _largest(words: Words, title: str, count: int) -> str:
    return words("largest_of", title=title, shown=_ROWS, count=count) if count > _ROWS else title
