"""Currencies and their exchange rates, which never change."""

from __future__ import annotations

from typing import Final

from dpyauth.sandbox import data_files
from dpyauth.sandbox.users import DIGITS

CURRENCIES: Final[dict[str, tuple[str, float]]] = {
    code: (facts["name"], facts["dollars"]) for code, facts in data_files.read("currencies").items()
}


def rate(base: str, target: str) -> float:
    """Return the exchange rate between two currencies."""
    return round(CURRENCIES[base][1] / CURRENCIES[target][1], 8)


def in_currency(dollars: float, code: str) -> float:
    """Return an amount of US dollars in a currency; unchanged for an account without a currency."""
    return round(dollars * rate("USD", code or "USD"), DIGITS[code])


def money(units: int, currency: str) -> float:
    """Return an amount in the smallest unit as a JSON number."""
    digits = DIGITS[currency]
    return round(units / float(10**digits), digits)


def text(units: int, currency: str) -> str:
    """Return an amount in the smallest unit as text."""
    return f"{money(units, currency):.{DIGITS[currency]}f}"
