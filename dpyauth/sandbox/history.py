"""The seeded money history of an account: contracts, the ledger they leave, and what is still open.

Everything is generated from the account's login ID and ends at one fixed moment, so that a lesson shows
the same rows on every run. Whether a contract won follows from the market's own prices.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass, field, replace
from typing import Any, Final

from dpyauth.sandbox import market

END: Final = 1_793_491_200  # 2026-11-01T00:00:00Z
DAY: Final = 86_400
_APP_IDS: Final = (16303, 16929, 1089)
_TYPES: Final = ("CALL", "PUT", "CALL", "PUT", "DIGITEVEN", "MULTUP")
_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 240)
_PAYOUT: Final = 1.95


@dataclass(slots=True)
class Contract:
    """One contract, open or closed. Money is in the currency's smallest unit."""

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

    @property
    def minutes(self) -> int:
        """Its duration."""
        return (self.expiry - self.bought) // 60

    @property
    def multiplier(self) -> int | None:
        """What a multiplier multiplies by."""
        return 100 if self.kind.startswith("MULT") else None

    def shortcode(self, digits: int) -> str:
        """Deriv's one-word form of the contract."""
        stake = f"{self.stake / 10**digits:.{digits}f}"
        if self.multiplier:
            return f"{self.kind}_{self.symbol}_{stake}_{self.multiplier}_{self.bought}_{self.expiry}_0_0.00_N1"
        return f"{self.kind}_{self.symbol}_{self.payout / 10**digits:.{digits}f}_{self.bought}_{self.expiry}_S0P_0"

    def longcode(self) -> str:
        """The contract in a sentence."""
        title = market.SYMBOLS[self.symbol].title
        match self.kind:
            case "CALL" | "PUT":
                side = "above" if self.kind == "CALL" else "below"
                return f"Pays out if {title} is {side} its entry price after {self.minutes} minutes."
            case "DIGITEVEN":
                return f"Pays out if the last digit of {title} is even after {self.minutes} minutes."
            case _:
                return f"Gains {self.multiplier} times what {title} gains, until it is closed."


@dataclass(slots=True)
class Row:
    """One ledger row. Money is in the currency's smallest unit."""

    when: int
    action: str
    amount: int
    contract: Contract | None = None
    more: dict[str, Any] = field(default_factory=dict)
    transaction_id: int = 0
    balance_after: int = 0


@dataclass(slots=True)
class Ledger:
    """What happened on an account, oldest first."""

    rows: list[Row] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)

    @property
    def balance(self) -> int:
        """The balance now, in the smallest unit."""
        return self.rows[-1].balance_after if self.rows else 0

    @property
    def open(self) -> list[Contract]:
        """Contracts not closed yet."""
        return [contract for contract in self.contracts if contract.sold is None]

    @property
    def closed(self) -> list[Contract]:
        """Closed contracts, in the order they were closed."""
        done = [contract for contract in self.contracts if contract.sold is not None]
        return sorted(done, key=lambda contract: (contract.sold, contract.sell_id))

    def post(self, row: Row) -> Row:
        """Append a row and carry the balance on."""
        row.balance_after = self.balance + row.amount
        row.transaction_id = self.rows[-1].transaction_id + 20 if self.rows else row.transaction_id
        self.rows.append(row)
        return row


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How much history an account has; a plan is equal only to itself, so that its history can be kept."""

    opened: int  # epoch of its first row
    unit: int  # a typical stake, in the smallest unit
    trades: int = 0
    still_open: int = 0
    funding: int = 0  # first deposit, in the smallest unit
    cash: tuple[tuple[str, int, dict[str, Any]], ...] = ()  # action, amount in units, further fields
    symbols: tuple[str, ...] = ("R_50", "R_100", "1HZ100V", "cryBTCUSD")


def write(loginid: str, plan: Plan) -> Ledger:
    """An account's ledger, the same one every time, for its owner to append to."""
    written = _write(loginid, plan)
    # Those still open can be closed in one sandbox without closing in the next.
    contracts = [replace(contract) if contract.sold is None else contract for contract in written.contracts]
    return Ledger(list(written.rows), contracts)


@functools.cache
def _write(loginid: str, plan: Plan) -> Ledger:
    dice = random.Random(loginid)
    rows = [Row(plan.opened, "virtual_credit" if loginid.startswith("VR") else "deposit", plan.funding)]
    if not plan.funding:
        return Ledger()
    span = END - plan.opened - 2 * DAY
    for n, (action, amount, more) in enumerate(plan.cash):
        when = plan.opened + DAY + span * (n + 1) // (len(plan.cash) + 1)
        rows.append(Row(when + dice.randrange(3600), action, amount * plan.unit, more=dict(more)))
    contracts = [_trade(dice, plan, n, span) for n in range(plan.trades)]
    _settle(contracts)
    contracts += [_still_open(dice, plan, n) for n in range(plan.still_open)]
    for contract in contracts:
        rows.append(Row(contract.bought, "buy", -contract.stake, contract))
        if contract.sold is not None:
            rows.append(Row(contract.sold, "sell", contract.sell_price, contract))
    return _book(loginid, rows, contracts)


def _book(loginid: str, rows: list[Row], contracts: list[Contract]) -> Ledger:
    """Put rows in order of time and give them ids and balances."""
    first = 400_000_000_000 + int("".join(filter(str.isdigit, loginid))) * 1000
    ledger = Ledger(contracts=sorted(contracts, key=lambda contract: contract.bought))
    rows.sort(key=lambda row: (row.when, row.action != "buy"))
    rows[0].transaction_id = first
    for row in rows:
        ledger.post(row)
        if row.contract and row.action == "buy":
            row.contract.buy_id = row.transaction_id
        elif row.contract:
            row.contract.sell_id = row.transaction_id
    return ledger


def _trade(dice: random.Random, plan: Plan, n: int, span: int) -> Contract:
    """A contract that is over, still without what the market had to say."""
    kind, symbol = dice.choice(_TYPES), dice.choice(plan.symbols)
    bought = plan.opened + DAY + span * n // max(plan.trades, 1) + dice.randrange(60)
    expiry = bought + 60 * dice.choice(_MINUTES)
    stake = plan.unit * dice.randint(1, 20)
    return Contract(
        contract_id=250_000_000_000 + int(bought) * 10 + n % 10,
        kind=kind,
        symbol=symbol,
        stake=stake,
        payout=0 if kind == "MULTUP" else round(stake * _PAYOUT),
        bought=bought,
        expiry=expiry,
        entry=0.0,
        app_id=dice.choice((*_APP_IDS, None)),
        sold=expiry + dice.randrange(1, 4),
    )


def _settle(contracts: list[Contract]) -> None:
    """Give contracts their entry and their outcome; the market is asked once for each symbol, which is far quicker."""
    for symbol in {contract.symbol for contract in contracts}:
        own = [contract for contract in contracts if contract.symbol == symbol]
        begun = market.prices(symbol, [contract.bought + 1 for contract in own]).tolist()
        ended = market.prices(symbol, [contract.expiry for contract in own]).tolist()
        for contract, entry, last in zip(own, begun, ended, strict=True):
            contract.entry = entry
            contract.sell_price = value_at(contract, last, final=True)


def _still_open(dice: random.Random, plan: Plan, n: int) -> Contract:
    """A contract bought in the last day of the history that runs for two more years."""
    contract = _trade(dice, plan, n, 0)
    contract.kind = ("CALL", "PUT", "MULTUP")[n % 3]
    contract.bought = END - 3600 * (n + 2)
    contract.expiry = contract.bought + 730 * DAY
    contract.entry = market.spot(contract.symbol, contract.bought + 1)
    contract.payout = 0 if contract.kind == "MULTUP" else round(contract.stake * _PAYOUT)
    contract.contract_id = 250_000_000_000 + contract.bought * 10 + n
    contract.sold = None
    return contract


def value_at(contract: Contract, price: float, *, final: bool = False) -> int:
    """What a contract is worth at a price, in the smallest unit."""
    change = price / contract.entry - 1
    if contract.multiplier:
        return max(0, round(contract.stake * (1 + contract.multiplier * change)))
    if contract.kind == "DIGITEVEN":
        digits = market.SYMBOLS[contract.symbol].digits
        won = int(f"{price:.{digits}f}"[-1]) % 2 == 0
    else:
        won = change > 0 if contract.kind == "CALL" else change < 0
    if final:
        return contract.payout if won else 0
    side = change if contract.kind == "CALL" else -change
    return round(contract.stake * min(1.9, max(0.1, 0.97 + 5 * side)))
