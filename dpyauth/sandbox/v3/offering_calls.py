"""Answer calls about the contracts that can be bought."""

from __future__ import annotations

from typing import Any

from dpyauth.sandbox import offers, price_feed
from dpyauth.sandbox.contracts import KINDS
from dpyauth.sandbox.currencies import CURRENCIES
from dpyauth.sandbox.offers import TITLES
from dpyauth.sandbox.price_feed import SYMBOLS
from dpyauth.sandbox.v3.handlers import Ask, answers

_LATER = frozenset({"higherlower"})  # categories that have their own contract types only in the Options API


def _kinds() -> list[str]:
    return [kind for kind, facts in KINDS.items() if facts.category not in _LATER]


@answers("contracts_for")
def _contracts_for(ask: Ask) -> dict[str, Any]:
    currency, now = ask.get("currency", "USD"), int(ask.now)
    if currency not in CURRENCIES:
        raise offers.invalid(
            "InvalidPayoutCurrency", "The sandbox has no such currency.", "currency", "InvalidCurrency"
        )
    rows = [
        row
        for row in offers.available(ask.request["contracts_for"], currency)
        if row["contract_category"] not in _LATER
    ]
    symbol = SYMBOLS[ask.request["contracts_for"]]
    day = now - now % 86_400
    return {
        "available": rows,
        "close": day + 86_399 if symbol.is_open(now) else None,
        "feed_license": "realtime",
        "hit_count": len(rows),
        "open": day if symbol.is_open(now) else None,
        "spot": price_feed.spot(symbol.name, now),
    }


@answers("contracts_for_company")
def _contracts_for_company(ask: Ask) -> dict[str, Any]:
    rows = [
        {
            "barrier_category": "euro_atm",
            "contract_category": KINDS[kind].category,
            "contract_category_display": TITLES[KINDS[kind].category],
            "contract_display": TITLES[KINDS[kind].category],
            "contract_type": kind,
            "default_stake": offers.DEFAULT_STAKE,
            "sentiment": KINDS[kind].sentiment,
        }
        for kind in _kinds()
    ]
    return {"available": rows, "hit_count": len(rows)}


@answers("asset_index")
def _asset_index(ask: Ask) -> list[Any]:
    """Answer with nested lists: symbol, name, and for each category its name and durations."""
    return [[symbol.name, symbol.title, _categories(symbol)] for symbol in SYMBOLS.values()]


def _categories(symbol: price_feed.Symbol) -> list[list[str]]:
    found: dict[str, list[str]] = {}
    for kind in _kinds():
        category, spans = KINDS[kind].category, offers.spans(symbol, kind)
        if spans:
            found[category] = [category, TITLES[category], spans[0].least, spans[-1].most]
    return list(found.values())
