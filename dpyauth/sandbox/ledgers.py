"""Generate the history of an account: its contracts and its ledger, with some contracts still open.

Everything is generated from the account's login ID and ends at a fixed time, so that a lesson shows the same rows on
every run. Whether a contract is won follows from the prices of its market.
"""

from __future__ import annotations

import functools
import math
import random
from dataclasses import dataclass, field, replace
from typing import Any, Final

from dpyauth.sandbox import price_feed
from dpyauth.sandbox.contracts import Contract as Contract

END: Final = 1_793_491_200  # 2026-11-01T00:00:00Z
DAY: Final = 86_400
_APP_IDS: Final = (16303, 16929, 1089)
_TYPES: Final = ("CALL", "PUT", "CALL", "PUT", "DIGITEVEN", "MULTUP")
_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 240)
_PAYOUT: Final = 1.95
_MULTIPLIER: Final = 100


@dataclass(slots=True)
class Row:
    """One row of a ledger. Amounts of money are in the currency's smallest unit."""

    when: int
    action: str
    amount: int
    contract: Contract | None = None
    more: dict[str, Any] = field(default_factory=dict)
    transaction_id: int = 0
    balance_after: int = 0


@dataclass(slots=True)
class Ledger:
    """Transactions of an account, oldest first."""

    rows: list[Row] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    due: float = field(default=math.inf, init=False, compare=False)  # when a contract may end
    _by_id: dict[int, Contract] = field(default_factory=dict, init=False, repr=False, compare=False)
    _open: dict[int, Contract] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_id = {contract.contract_id: contract for contract in self.contracts}
        self._open = {key: contract for key, contract in self._by_id.items() if contract.sold is None}
        self.look_again()

    @property
    def balance(self) -> int:
        """Return the current balance, in the smallest unit."""
        return self.rows[-1].balance_after if self.rows else 0

    @property
    def open(self) -> list[Contract]:
        """Return the open contracts."""
        return [contract for contract in self._open.values() if contract.sold is None]

    @property
    def closed(self) -> list[Contract]:
        """Return the closed contracts, in the order in which they were closed."""
        done = [contract for contract in self.contracts if contract.sold is not None]
        return sorted(done, key=lambda contract: (contract.sold, contract.sell_id))

    def find(self, contract_id: int) -> Contract | None:
        """Return a contract of this account; None if it has none with this ID."""
        return self._by_id.get(contract_id)

    def post(self, row: Row) -> Row:
        """Append a row, and update the balance."""
        row.balance_after = self.balance + row.amount
        row.transaction_id = self.rows[-1].transaction_id + 20 if self.rows else row.transaction_id
        self.rows.append(row)
        return row

    def buy(self, contract: Contract) -> Row:
        """Pay for a contract, and add it to the open ones."""
        row = self.post(Row(contract.bought, "buy", -contract.price, contract))
        contract.buy_id = row.transaction_id
        self.contracts.append(contract)
        self._by_id[contract.contract_id] = self._open[contract.contract_id] = contract
        self.look_again()
        return row

    def close(self, contract: Contract, when: int, price: int, how: str = "") -> Row:
        """Close a contract for a price, which may be 0."""
        row = self.post(Row(when, "sell", price, contract))
        contract.sell_id, contract.sold, contract.sell_price, contract.ended = row.transaction_id, when, price, how
        del self._open[contract.contract_id]
        self.look_again()
        return row

    def look_again(self) -> None:
        """Find out when the next contract may end."""
        self.due = min((contract.due for contract in self._open.values()), default=math.inf)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Size of an account's history. A plan is equal only to itself, so that its history can be cached."""

    opened: int  # epoch of the first row
    unit: int  # a typical stake, in the smallest unit
    trades: int = 0
    still_open: int = 0
    funding: int = 0  # first deposit, in the smallest unit
    cash: tuple[tuple[str, int, dict[str, Any]], ...] = ()  # action, amount in units, further fields
    symbols: tuple[str, ...] = ("R_50", "R_100", "1HZ100V", "cryBTCUSD")


def write(loginid: str, plan: Plan) -> Ledger:
    """Return a new copy of an account's ledger, with the same rows every time."""
    written = _write(loginid, plan)
    # Copies of the open contracts, so that closing one in a sandbox does not close it in the next.
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
    """Sort rows by time, and give them IDs and balances."""
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
    """Return a contract that has ended, without its prices and its outcome."""
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
        multiplier=_MULTIPLIER if kind == "MULTUP" else None,
    )


def _settle(contracts: list[Contract]) -> None:
    """Set the entry price and the outcome of contracts, with one request for prices per symbol, which is far faster."""
    for symbol in {contract.symbol for contract in contracts}:
        own = [contract for contract in contracts if contract.symbol == symbol]
        begun = price_feed.prices(symbol, [contract.bought + 1 for contract in own]).tolist()
        ended = price_feed.prices(symbol, [contract.expiry for contract in own]).tolist()
        for contract, entry, last in zip(own, begun, ended, strict=True):
            contract.entry = entry
            contract.sell_price = contract.settlement(last)


def _still_open(dice: random.Random, plan: Plan, n: int) -> Contract:
    """Return a contract that was bought on the last day of the history and runs for two more years."""
    contract = _trade(dice, plan, n, 0)
    contract.kind = ("CALL", "PUT", "MULTUP")[n % 3]
    contract.multiplier = _MULTIPLIER if contract.kind == "MULTUP" else None
    contract.bought = END - 3600 * (n + 2)
    contract.expiry = contract.bought + 730 * DAY
    contract.entry = price_feed.spot(contract.symbol, contract.bought + 1)
    contract.payout = 0 if contract.kind == "MULTUP" else round(contract.stake * _PAYOUT)
    contract.contract_id = 250_000_000_000 + contract.bought * 10 + n
    contract.sold = None
    return contract
