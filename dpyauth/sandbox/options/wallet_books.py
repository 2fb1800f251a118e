"""Wallets with their transactions, and exchange rates."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from dpyauth.sandbox.ledgers import DAY, END

KINDS: Final = ("main", "p2p", "partner", "payment_agent")
RATES: Final = {"USD": Decimal(1), "EUR": Decimal("1.08"), "BTC": Decimal(64_000), "ETH": Decimal(3_200)}  # in USD
_DIGITS: Final = {"BTC": 8, "ETH": 8}
_TYPICAL: Final = {"BTC": 40_000, "ETH": 900_000}  # a small amount, in the smallest unit
_SETTLED: Final = ("complete", "completed")
_UNSETTLED: Final = ("failed", "cancelled", "reverted")


def digits(currency: str) -> int:
    """Return the decimals of a currency."""
    return _DIGITS.get(currency, 2)


def text(units: int, currency: str) -> str:
    """Return an amount in the smallest unit as exact text, like Deriv."""
    places = digits(currency)
    return f"{Decimal(units).scaleb(-places):.{places}f}"


def iso(when: float) -> str:
    """Return an epoch time as ISO 8601."""
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class Entry:
    """Transaction of a wallet. Amounts of money are in the currency's smallest unit."""

    number: int
    when: int
    request_id: str
    currency: str
    gross: int
    net: int  # after the fee
    is_deposit: bool
    channel: str
    status: str = "completed"
    parties: dict[str, str] = field(default_factory=dict)  # source and destination, in the form of the metadata

    @property
    def change(self) -> int:
        """Return the change of the balance."""
        if self.status not in _SETTLED:
            return 0
        return self.net if self.is_deposit else -self.gross


@dataclass(slots=True, eq=False)
class Wallet:
    """Wallet with its transactions, oldest first.

    Its history up to the sandbox's fixed end is generated from its ID at the first use.
    """

    wallet_id: str
    kind: str
    currencies: tuple[str, ...] = ()
    size: int = 0  # transactions of the generated history
    opened: int = END - 400 * DAY
    _entries: list[Entry] | None = field(default=None, repr=False)

    @property
    def entries(self) -> list[Entry]:
        """Return the transactions, oldest first."""
        if self._entries is None:
            self._entries = []
            self.live(self.size, self.opened, END)
        return self._entries

    def holds(self, currency: str) -> bool:
        """Return whether it has a currency, even with a balance of zero."""
        return currency in self.currencies

    def balance(self, currency: str, until: float | None = None) -> int:
        """Return the current balance, or that at a time."""
        return sum(entry.change for entry in self._within(currency, None, until))

    def flows(self, currency: str, since: float | None, until: float | None) -> tuple[int, int]:
        """Return the amounts that came in and went out between two times."""
        changes = [entry.change for entry in self._within(currency, since, until)]
        return sum(each for each in changes if each > 0), -sum(each for each in changes if each < 0)

    def book(self, when: float, **what: Any) -> Entry:
        """Add a transaction, with a number that is unique among all wallets."""
        entry = Entry(number=self._first + len(self.entries), when=int(when), **what)
        self.entries.append(entry)
        if entry.currency not in self.currencies:
            self.currencies += (entry.currency,)
        return entry

    def live(self, count: int, start: float, end: float, currency: str = "") -> None:
        """Add made-up transactions, spread evenly over a period; the balance never becomes negative."""
        known = self.entries
        dice = random.Random(f"{self.wallet_id} {len(known)}")
        among = (currency,) if currency else self.currencies
        held = {each: self.balance(each) for each in among}
        for n in range(count):
            chosen = dice.choice(among)
            entry = self.book(start + (end - start) * n // max(count, 1), **_made_up(dice, chosen, held[chosen]))
            held[chosen] += entry.change

    @property
    def _first(self) -> int:
        return 600_000_000_000 + int(self.wallet_id[-12:]) * 1_000_000

    def _within(self, currency: str, since: float | None, until: float | None) -> Iterator[Entry]:
        for entry in self.entries:
            if (
                entry.currency == currency
                and (since is None or entry.when >= since)
                and (until is None or entry.when <= until)
            ):
                yield entry


def wallet(user_id: int, kind: str, currencies: Iterable[str] = (), size: int = 0, opened: int = 0) -> Wallet:
    """Return a person's wallet, with an ID that is the same in every sandbox."""
    number = (user_id % 100_000) * 10 + KINDS.index(kind)
    return Wallet(f"00000000-0000-4000-8000-{number:012d}", kind, tuple(currencies), size, opened or END - 400 * DAY)


def _made_up(dice: random.Random, currency: str, held: int) -> dict[str, Any]:
    typical = _TYPICAL.get(currency, 1_000)
    amount = typical * dice.randint(1, 20) + dice.randrange(typical)
    is_deposit = held < amount or dice.random() < 0.5
    by_agent = dice.random() < 0.2
    settled = dice.random() < 0.97
    fee = amount // 100 if by_agent else 0
    return {
        "request_id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "currency": currency,
        "gross": amount,
        "net": amount - fee,
        "is_deposit": is_deposit,
        "channel": "payment_agent" if by_agent else "cashier",
        "status": _SETTLED[not by_agent] if settled else dice.choice(_UNSETTLED),
    }
