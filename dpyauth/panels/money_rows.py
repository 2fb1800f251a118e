"""Make the rows on what an account has at stake, has earned, and holds in wallets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.errors import DpyauthError
from dpyauth.frames.values import as_number, get_path, mappings
from dpyauth.panels.account_view import money
from dpyauth.panels.card_rows import Amount, Row, amount, light, plain, row
from dpyauth.session.answers.at_stake import GLANCE
from dpyauth.texts import Words
from dpyauth.texts.said import in_language

if TYPE_CHECKING:
    import pandas as pd

MANY = 12
"""Largest number of wallet amounts to show."""

Why = Callable[[DpyauthError], str]
_TONES = {"complete": "good", "pending": "wait", "failed": "bad"}  # tones of the states of a move; any other is off


def money_rows(told: Mapping[str, Any], came: Mapping[str, Any], currency: str, words: Words, why: Why) -> list[Row]:
    """Make the rows on the amount at stake and the profit.

    Parameters
    ----------
    told : mapping
        Result of `answers.standing.standing`.
    came : mapping
        Replies to its calls, or the errors in their place.
    currency : str
        Currency of the account.
    words : Words
        The words of the card.
    why : callable
        Function that returns the text for an error.
    """
    parts = (("portfolio", "open_contracts", _stake), ("statement", "profit_month", _profit))
    rows = []
    for call, column, shown in parts:
        name = words["stake" if call == "portfolio" else "profit"]
        if isinstance(came[call], DpyauthError):
            rows.append(row(name, lines=[why(came[call])]))
        elif column not in told:
            rows.append(
                row(name, lines=[words("not_now", why=plain(in_language(told["remark"], words["lang"]), 1000))])
            )
        else:
            rows.append(shown(name, told, came[call], plain(currency), words))
    return rows


def _stake(name: str, told: Mapping[str, Any], reply: Mapping[str, Any], currency: str, words: Words) -> Row:
    count = told["open_contracts"]
    if not count:
        return row(name, [light("off", words["stake_none"])])
    title = words("stake_in", count=count)
    cost, pays = (_with(told[column], currency, words) for column in ("at_stake", "may_pay"))
    payouts = [as_number(contract.get("payout")) for contract in mappings(get_path(reply, "portfolio.contracts"))]
    open_ended = sum(not payout for payout in payouts)
    amounts = [amount(title, cost), *([amount(words["stake_pays"], pays)] if open_ended < count else [])]
    return row(name, lines=[words("stake_open", count=open_ended)] if open_ended else [], amounts=amounts)


def _profit(name: str, told: Mapping[str, Any], reply: Mapping[str, Any], currency: str, words: Words) -> Row:
    latest = mappings(get_path(reply, "statement.transactions"))
    if len(latest) < GLANCE and not any(transaction.get("action_type") in ("buy", "sell") for transaction in latest):
        return row(name, [light("off", words["profit_none"])])
    if told["profit_month"] is None:
        return row(name, lines=[words["profit_unknown"]])
    amounts = [_earned(words[column], told[column], currency, words) for column in ("profit_today", "profit_month")]
    return row(name, amounts=amounts)


def _earned(name: str, value: Any, currency: str, words: Words) -> Amount:
    sign, tone = ("+", "good") if value > 0 else ("−", "bad") if value < 0 else ("", "")
    exact = money(value.copy_abs(), words["lang"])
    return amount(name, f"{sign}{exact} {currency}".strip(), tone)


def _with(value: Any, currency: str, words: Words) -> str:
    return words["amount_unknown"] if value is None else f"{money(value, words['lang'])} {currency}".strip()


def wallets_row(wallets: pd.DataFrame, words: Words) -> Row:
    """Make the row on wallets, with one amount per wallet and currency and without their IDs."""
    amounts = [
        amount(_titled(kind, words), _held(balance, currency, words))
        for kind, currency, balance in wallets[["type", "currency", "balance"]].itertuples(index=False, name=None)
    ]
    more = len(amounts) - MANY
    lines = [words("wallets_more", count=more)] if more > 0 else []
    lights = [] if amounts else [light("off", words["wallets_none"])]
    return row(words["wallets"], lights, lines, amounts=amounts[:MANY])


def _titled(kind: Any, words: Words) -> str:
    told = plain(kind) if isinstance(kind, str) else ""
    return words.get(f"wallet_{told}") or told or words["wallet"]


def _held(balance: Any, currency: Any, words: Words) -> str:
    if not isinstance(currency, str):
        return words["wallet_empty"]
    return f"{money(balance, words['lang']) or words['amount_unknown']} {plain(currency)}"


def moved_row(status: str, words: Words) -> Row:
    """Make the row on how far Deriv is with moving the user's history from v3."""
    said = words.get(f"moved_{status.replace(' ', '_')}") or plain(status)
    return row(words["moved"], [light(_TONES.get(status, "off"), said)])
