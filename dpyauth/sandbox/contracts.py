"""A contract: its terms, its description, its value and how it ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dpyauth.sandbox import data_files, price_feed

FEE: Final = 0.0128  # added to the chance of a contract in the price to buy it, and subtracted in the price to sell it
_YEAR: Final = 31_557_600
_EXACT: Final = 7 * 86_400  # limits are checked for every second of this period, and after it only for every minute
_AT_ONCE: Final = 50_000  # prices
_UNITS: Final = ((86_400, "days"), (60, "minutes"), (1, "seconds"))


class Kind(NamedTuple):
    """Contract type: its category and its side."""

    category: str
    sentiment: str


KINDS: Final = {name: Kind(*facts) for name, facts in data_files.read("contract_kinds").items()}
_DIGITS: Final[dict[str, Callable[[int, int], bool]]] = {
    "match": lambda digit, barrier: digit == barrier,
    "differ": lambda digit, barrier: digit != barrier,
    "even": lambda digit, barrier: digit % 2 == 0,
    "odd": lambda digit, barrier: digit % 2 == 1,
    "over": lambda digit, barrier: digit > barrier,
    "under": lambda digit, barrier: digit < barrier,
}
_DIGIT_TEXTS: Final = {
    "match": "is {}",
    "differ": "is not {}",
    "even": "is even",
    "odd": "is odd",
    "over": "is above {}",
    "under": "is below {}",
}


class Order(NamedTuple):
    """Limit at which a contract closes by itself: a gain or loss, in the smallest unit."""

    name: str  # "take_profit" or "stop_loss"
    amount: int | None  # None: the limit was removed
    since: int

    @property
    def gain(self) -> int:
        """Return its amount as a gain, which is negative for a stop loss."""
        return (self.amount or 0) * (-1 if self.name == "stop_loss" else 1)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Right to get the stake back, for a limited time."""

    text: str  # duration in the form of the request, such as "5m"
    price: int
    until: int


@dataclass(slots=True)
class Contract:
    """One contract, open or closed. Amounts of money are in the currency's smallest unit."""

    contract_id: int
    kind: str
    symbol: str
    stake: int
    payout: int
    bought: int
    expiry: int
    entry: float
    app_id: int | None
    buy_id: int = 0
    sell_id: int | None = None
    sold: int | None = None
    sell_price: int = 0
    ticks: int | None = None  # its duration, if that is counted in ticks
    barrier: str = ""  # "+0.1": from the entry; "1234.5": a price; "5": a digit; empty: the entry itself
    multiplier: int | None = None
    commission: int = 0
    orders: dict[str, Order] = field(default_factory=dict)
    changes: list[Order] = field(default_factory=list)  # every order it has had, oldest first
    cancellation: Cancellation | None = None
    ended: str = ""  # how it ended, unless that follows from its proceeds
    checked: int | None = None  # time until which its limits have been checked; None if it has none

    @property
    def category(self) -> str:
        """Return the category of its type."""
        return KINDS[self.kind].category

    @property
    def price(self) -> int:
        """Return its purchase price."""
        return self.stake + (self.cancellation.price if self.cancellation else 0)

    @property
    def status(self) -> str:
        """Return Deriv's name of its state."""
        if self.sold is None:
            return "open"
        return self.ended or ("sold" if self.multiplier else "won" if self.sell_price else "lost")

    @property
    def entry_time(self) -> int:
        """Return the time of its entry price: the second after the purchase."""
        return self.bought + 1

    @property
    def strike(self) -> float:
        """Return the price that decides whether it is won."""
        if not self.barrier:
            return self.entry
        relative = self.barrier[0] in "+-"
        return round(float(self.barrier) + (self.entry if relative else 0.0), price_feed.SYMBOLS[self.symbol].digits)

    @property
    def digit(self) -> int:
        """Return the digit of a digit contract."""
        return int(self.barrier or 0)

    @property
    def due(self) -> int:
        """Return the second in which it may end."""
        return self.expiry if self.checked is None else min(self.expiry, self.checked + 1)

    @property
    def cancellable(self) -> int:
        """Return the time until which it can be cancelled; 0 if it cannot."""
        return self.cancellation.until if self.cancellation else 0

    def duration(self) -> tuple[int, str]:
        """Return its duration: a number and a unit."""
        if self.ticks is not None:
            return self.ticks, "ticks"
        seconds = self.expiry - self.bought
        if seconds < 86_400 or seconds % 86_400:
            size, name = _UNITS[1] if seconds % 60 == 0 else _UNITS[2]
        else:
            size, name = _UNITS[0]
        return seconds // size, name

    def shortcode(self, digits: int) -> str:
        """Return Deriv's one-word form of the contract."""
        stake = f"{self.stake / 10**digits:.{digits}f}"
        if self.multiplier:
            return f"{self.kind}_{self.symbol}_{stake}_{self.multiplier}_{self.bought}_{self.expiry}_0_0.00_N1"
        until = self.expiry if self.ticks is None else f"{self.ticks}T"
        payout = f"{self.payout / 10**digits:.{digits}f}"
        return f"{self.kind}_{self.symbol}_{payout}_{self.bought}_{until}_{self._barrier_code()}_0"

    def longcode(self) -> str:
        """Return a sentence that describes the contract."""
        title = price_feed.SYMBOLS[self.symbol].title
        side = KINDS[self.kind].sentiment
        if self.multiplier:
            return f"Gains {self.multiplier} times what {title} {_moves(side)}, until it is closed."
        number, unit = self.duration()
        after = f"after {number} {unit}."
        if self.category == "digits":
            return f"Pays out if the last digit of {title} {_DIGIT_TEXTS[side].format(self.digit)} {after}"
        where = "above" if side == "up" else "below"
        same = "at or " if self.category == "callputequal" else ""
        return f"Pays out if {title} is {same}{where} {self._barrier_text()} {after}"

    def wins(self, price: float) -> bool:
        """Return whether it is won with this last price."""
        side = KINDS[self.kind].sentiment
        if self.category == "digits":
            return _DIGITS[side](int(f"{price:.{price_feed.SYMBOLS[self.symbol].digits}f}"[-1]), self.digit)
        if price == self.strike:
            return self.category == "callputequal"
        return (price > self.strike) == (side == "up")

    def chance(self, price: float, seconds: int) -> float:
        """Return the probability that it is won, given the current price and the seconds left."""
        side = KINDS[self.kind].sentiment
        if self.category == "digits":
            return sum(_DIGITS[side](digit, self.digit) for digit in range(10)) / 10
        if seconds <= 0 or self.strike <= 0:
            return float(self.wins(price))
        spread = price_feed.SYMBOLS[self.symbol].volatility * math.sqrt(seconds / _YEAR)
        above = 0.5 * (1 + math.erf(math.log(price / self.strike) / spread / math.sqrt(2)))
        return above if side == "up" else 1 - above

    def settlement(self, price: float) -> int:
        """Return its proceeds with this last price."""
        if self.multiplier:
            return max(0, self.stake + self.gain(price))
        return self.payout if self.wins(price) else 0

    def gain(self, price: float) -> int:
        """Return the gain or loss of a multiplier at this price."""
        assert self.multiplier is not None
        change = price / self.entry - 1
        side = change if KINDS[self.kind].sentiment == "up" else -change
        return round(self.stake * self.multiplier * side) - self.commission

    def worth(self, second: int) -> int:
        """Return the price for which it can be sold in this second."""
        if second >= self.expiry:
            return self.settlement(price_feed.spot(self.symbol, self.expiry))
        price = price_feed.spot(self.symbol, second) if second >= self.entry_time else self.entry
        if self.multiplier:
            return self.settlement(price)
        return round(self.payout * max(0.0, self.chance(price, self.expiry - second) - FEE))

    def limit_price(self, amount: int) -> float:
        """Return the price at which a multiplier has gained an amount."""
        assert self.multiplier is not None
        change = (amount + self.commission) / (self.stake * self.multiplier)
        side = change if KINDS[self.kind].sentiment == "up" else -change
        return self.entry * (1 + side)

    def ending(self, now: int) -> tuple[int, int, str] | None:
        """Return when it ended by itself, its proceeds and how it ended; None if it has not ended yet."""
        limit = self._limit(min(now, self.expiry)) if self.checked is not None else None
        if limit is None and now >= self.expiry:
            return self.expiry, self.settlement(price_feed.spot(self.symbol, self.expiry)), ""
        return limit

    def _limit(self, until: int) -> tuple[int, int, str] | None:
        """Return the same for the first price since the last check that reached a limit."""
        assert self.checked is not None
        first, self.checked = max(self.checked + 1, self.entry_time), max(self.checked, until)
        exact = min(until, first + _EXACT)
        for start in range(first, exact + 1, _AT_ONCE):
            found = self._reached(np.arange(start, min(start + _AT_ONCE, exact + 1)))
            if found is not None:
                return found
        return self._reached(np.arange(exact + 60 - exact % 60, until + 1, 60))

    def _reached(self, seconds: npt.NDArray[np.int64]) -> tuple[int, int, str] | None:
        """Return the first of these seconds in which a limit is reached, with the proceeds and the limit."""
        if price_feed.SYMBOLS[self.symbol].weekdays:
            seconds = seconds[(seconds // 86_400 + 3) % 7 < 5]
        assert self.multiplier is not None
        side = 1 if KINDS[self.kind].sentiment == "up" else -1
        changes = side * (price_feed.prices(self.symbol, seconds) / self.entry - 1)
        gains = np.round(self.stake * self.multiplier * changes) - self.commission
        reached = (gains <= -self.stake) & (seconds > self.cancellable)
        for order in self.orders.values():
            if order.amount is not None:
                reached |= gains <= order.gain if order.name == "stop_loss" else gains >= order.gain
        if not reached.any():
            return None
        place = int(reached.argmax())
        gain = int(gains[place])
        return int(seconds[place]), max(0, self.stake + gain), "won" if gain > 0 else "lost"

    def _barrier_code(self) -> str:
        if self.category == "digits" and self.barrier:
            return self.barrier
        if self.barrier and self.barrier[0] not in "+-":
            return str(round(float(self.barrier) * 1_000_000))
        return f"S{round(float(self.barrier or 0) / price_feed.SYMBOLS[self.symbol].pip)}P"

    def _barrier_text(self) -> str:
        if not self.barrier:
            return "its entry price"
        if self.barrier[0] not in "+-":
            return self.barrier
        return f"its entry price {'plus' if self.barrier[0] == '+' else 'minus'} {self.barrier[1:]}"


def _moves(side: str) -> str:
    return "gains" if side == "up" else "loses"
