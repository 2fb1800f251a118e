"""Write what a plot says in a language."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

from dpyauth.settings import language_of
from dpyauth.texts import number, texts

if TYPE_CHECKING:
    from dpyauth.texts import Words


def words_in(language: str | None) -> Words:
    """Return the texts of plots in a language; by default in that of the environment."""
    return texts("plots", language=language_of(language))


def described(words: Words, title: str, *facts: str) -> str:
    """Return a picture in words."""
    return words("described", title=title, facts=joined(words, *facts))


def joined(words: Words, *facts: str) -> str:
    """Return facts as a list; each may itself have commas."""
    return reduce(lambda first, second: words("clauses", first=first, second=second), facts)


def in_currency(words: Words, what: str, currency: str) -> str:
    """Return a text with the currency of its amounts, if the frame states it."""
    return words("in_currency", what=what, currency=currency) if currency else what


def money(amount: float, words: Words) -> str:
    """Return an amount as the language writes it."""
    from dpyauth.panels.account_view import money as written

    return written(round(float(f"{amount:.15g}"), 8), words["lang"])  # 15 digits, which every float holds


def signed(amount: float, words: Words) -> str:
    """Return an amount with a plus in front where it is a gain."""
    return f"+{money(amount, words)}" if amount > 0 else money(amount, words)


def numeral(value: float, language: str, digits: int = 10) -> str:
    """Return a number with at most so many digits; with an exponent if it has more before the decimal point."""
    text = f"{value:.{digits}g}"
    return text if "e" in text else number(Decimal(text), language)
