"""Payments between wallets, accounts and payment agents, with their quotes and codes."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any, Final, TypeVar

from dpyauth.sandbox.options import persons
from dpyauth.sandbox.options.page_cursors import Cursors
from dpyauth.sandbox.options.persons import Agent, Person
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.wallet_books import RATES

T = TypeVar("T")
K = TypeVar("K")
_KEPT: Final = 10_000  # most quotes and requests to remember
_EXACTNESS: Final = Context(prec=12)


@dataclass(frozen=True, slots=True)
class Quote:
    """Exchange rate that was quoted to a user."""

    person: Person
    source: str
    destination: str
    rate: Decimal
    until: float


@dataclass(slots=True)
class VerificationCode:
    """Code that confirms a withdrawal through a payment agent."""

    terms: tuple[int, Decimal, str]  # agent, amount, currency
    code: str = field(repr=False)
    expires: float
    next_request: float
    wrong: int = 0
    next_try: float = 0.0


Paid = tuple[str, int | None]  # state of a payment, and the number of its transaction
Sent = tuple[str, Mapping[str, Any], Any]  # kind of transfer, its request, and its reply


class Payments:
    """Quotes, cursors and requests; and the money that has left all wallets and accounts.

    Attributes
    ----------
    fees : Counter
        Fees taken so far, in the smallest unit of each currency.
    exchanged : Counter
        Amounts given to the exchange, less the amounts that it paid out.
    """

    def __init__(self, residents: list[Person]) -> None:
        own = [person.agent for person in residents if person.agent]
        self.agents: list[Agent] = sorted([*own, *persons.strangers()], key=lambda agent: agent.number)
        self.cursors = Cursors()
        self.fees: Counter[str] = Counter()
        self.exchanged: Counter[str] = Counter()
        self._quotes: dict[str, Quote] = {}
        self.codes: dict[int, VerificationCode] = {}  # by user ID
        self.paid: dict[tuple[int, str, str], Paid] = {}  # by user ID, kind and request_id
        self._sent: dict[tuple[int, str], Sent] = {}

    def quote(self, person: Person, source: str, destination: str, until: float) -> tuple[str, str]:
        """Return a rate, as exact text, and the token of the quote."""
        rate, token = exchange_rate(source, destination), secrets.token_urlsafe(24)
        remember(self._quotes, token, Quote(person, source, destination, rate, until))
        return f"{rate:f}", token

    def quoted(self, person: Person, source: str, destination: str, rate: str, token: str, now: float) -> Decimal:
        """Return the rate that was quoted to a person for this exchange; raise if none was."""
        quote = self._quotes.get(token)
        if quote is None or quote.person is not person or (quote.source, quote.destination) != (source, destination):
            raise Problem(400, "InvalidRateToken", "The rate token is not for this exchange", "rate_token")
        if now >= quote.until:
            raise Problem(400, "RateTokenExpired", "The quote has expired: get a new one", "rate_token")
        if Decimal(rate) != quote.rate:
            raise Problem(400, "InvalidExchangeRate", "This is not the rate of the quote", "exchange_rate")
        return quote.rate

    def sent(self, person: Person, request_id: str) -> Sent | None:
        """Return the transfer that a person has made with this ID."""
        return self._sent.get((person.user.user_id, request_id.lower()))

    def keep(self, person: Person, request_id: str, sent: Sent) -> None:
        """Remember a transfer that was made."""
        remember(self._sent, (person.user.user_id, request_id.lower()), sent)


def exchange_rate(source: str, destination: str) -> Decimal:
    """Return the exchange rate between two currencies."""
    for name in (source, destination):
        if name not in RATES:
            raise Problem(400, "ValidationError", "There is no rate for this currency")
    return _EXACTNESS.divide(RATES[source], RATES[destination]).normalize()


def remember(kept: dict[K, T], key: K, value: T) -> None:
    """Add an entry, and remove the oldest one if there are too many."""
    kept[key] = value
    while len(kept) > _KEPT:
        del kept[next(iter(kept))]
