"""Buy and sell contracts: prices, proposals, and their effect on an account."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from dpyauth.sandbox import offers, price_feed
from dpyauth.sandbox.contracts import FEE, Contract, Order
from dpyauth.sandbox.currencies import text
from dpyauth.sandbox.encoding import Refusal
from dpyauth.sandbox.ledgers import Row
from dpyauth.sandbox.offers import Terms, invalid
from dpyauth.sandbox.users import Account

LIFETIME: Final = 60  # seconds for which a proposal without a stream can be bought; Deriv does not document it
_KEPT: Final = 1_000  # most open proposals of one connection
_LEAST_CHANCE: Final = 0.02  # with a smaller one, a payout would be more than fifty times the stake
_MOST_OPEN: Final = 100  # contracts, as `get_limits` says
_BARRED: Final = frozenset({"no_trading", "no_withdrawal_or_trading", "unwelcome", "disabled"})


@dataclass(frozen=True, slots=True)
class Quote:
    """Current price of a contract that has not been bought yet."""

    contract: Contract
    spot: float
    spot_time: int

    @property
    def ask(self) -> int:
        """Return its price, in the currency's smallest unit."""
        return self.contract.price


def quote(terms: Terms, now: int) -> Quote:
    """Return the current price of a contract, or refuse it.

    Raises
    ------
    Refusal
        The market is closed, or no such contract is offered at the moment.
    """
    symbol = terms.symbol
    if not symbol.is_open(now):
        raise invalid("MarketIsClosed", "This market is presently closed.", "symbol", "MarketIsClosed")
    if terms.until is not None:
        offers.check_seconds(symbol, terms.kind, terms.until - now)
    if terms.multiplier is None and not symbol.is_open(terms.expiry(now)):
        raise invalid(
            "TradingDayExpiry",
            "The market is closed at the time when this contract would end.",
            "duration",
            offers.OFFERINGS,
        )
    spot = price_feed.spot(symbol.name, now)
    draft = terms.draft(now, spot)
    if not terms.multiplier:
        _price(draft, terms, spot, now)
    for name in ("stop_loss", "take_profit"):
        amount = getattr(terms, name)
        if amount is not None:
            draft.orders[name] = Order(name, amount, now)
    return Quote(draft, spot, now - now % symbol.every)


def _price(draft: Contract, terms: Terms, spot: float, now: int) -> None:
    """Set the stake and the payout of a contract that pays all or nothing."""
    chance = draft.chance(spot, draft.expiry - now) + FEE
    if chance < _LEAST_CHANCE:
        raise invalid("InvalidBarrier", "The barrier is too far away.", "barrier")
    if terms.is_payout:
        draft.stake = math.ceil(round(terms.amount * chance, 6))
    else:
        draft.payout = math.floor(round(terms.amount / chance, 6))
    if draft.payout <= draft.stake:
        raise invalid("NoReturn", "This contract offers no return.", "barrier" if terms.barrier else "amount")
    if terms.is_payout:
        offers.check_stake(draft.stake, terms.currency)
    most = offers.limits(terms.currency).most_payout
    if draft.payout > most:
        raise invalid("PayoutLimits", f"The payout is {text(most, terms.currency)} {terms.currency} at most.", "amount")


@dataclass(slots=True)
class Proposals:
    """Proposals of one connection that can still be bought, once each."""

    _known: dict[str, tuple[Terms, float]] = field(default_factory=dict)

    def add(self, proposal_id: str, terms: Terms, until: float = math.inf) -> None:
        """Add a proposal; without an end it is valid as long as its stream."""
        self._known[proposal_id] = (terms, until)
        while len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]

    def take(self, proposal_id: str, now: float, end_stream: Callable[[str], bool]) -> Terms:
        """Remove and return a proposal; end its stream."""
        terms, until = self._known.pop(proposal_id, (None, 0.0))
        if terms is None or now >= until or (until == math.inf and not end_stream(proposal_id)):
            message = "This proposal is unknown, or has expired."
            raise Refusal("InvalidContractProposal", message, {"field": "buy"})
        return terms


def check_trader(account: Account, flags: Mapping[str, object]) -> None:
    """Refuse a user who may not trade with real money."""
    if not account.is_virtual and (account.disabled or not _BARRED.isdisjoint(_listed(flags.get("status")))):
        raise Refusal("ClientUnwelcome", "This account may not trade.", subcode="ClientUnwelcome")


def _listed(value: object) -> list[str]:
    return value if isinstance(value, list) else []


def buy(account: Account, terms: Terms, now: int, contract_id: int, most: float, app_id: int | None = None) -> Row:
    """Buy a contract at its current price.

    Parameters
    ----------
    most : float
        Highest price to accept, in the account's currency.

    Raises
    ------
    Refusal
        It cannot be bought, or costs more than that or than the account's balance.
    """
    if terms.currency != account.currency:
        message = f"This account is in {account.currency or 'no currency yet'}."
        raise invalid("NotDefaultCurrency", message, "currency", "InvalidCurrency")
    found = quote(terms, now)
    ask, ledger = found.ask, account.ledger
    if ask > most * 10**account.digits + 1e-6:
        raise Refusal(
            "PriceMoved",
            f"The price is {text(ask, account.currency)} {account.currency} now.",
            {"field": "price", "ask_price": account.money(ask)},
            "PriceMoved",
        )
    if len(ledger.open) >= _MOST_OPEN:
        message = f"This account has {_MOST_OPEN} open contracts, which is the most allowed."
        raise Refusal("OpenPositionLimitExceeded", message, subcode="OpenPositionLimitExceeded")
    if ask > ledger.balance:
        there = text(ledger.balance, account.currency)
        message = f"The balance of {there} is not enough for a price of {text(ask, account.currency)}."
        raise Refusal("InsufficientBalance", message, subcode="InsufficientBalance")
    contract = found.contract
    contract.contract_id, contract.app_id = contract_id, app_id
    contract.entry = price_feed.spot(contract.symbol, contract.entry_time)
    contract.changes = list(contract.orders.values())
    return ledger.buy(contract)


def held(account: Account, contract_id: int) -> Contract:
    """Return an open contract of an account, or refuse any other."""
    contract = account.ledger.find(contract_id)
    if contract is None:
        raise Refusal("ContractNotFound", "This account has no such contract.", subcode="ContractNotFound")
    if contract.sold is not None:
        raise Refusal("NoOpenPosition", "This contract has been sold or has ended.", subcode="ContractAlreadySold")
    return contract


def resale_problem(contract: Contract, now: int) -> Refusal | None:
    """Return the reason why a contract cannot be sold now; None if it can."""
    if contract.ticks is not None or contract.category == "digits":
        message, subcode = "A contract of this kind cannot be sold before it ends.", "ResaleNotOffered"
    elif now < contract.entry_time:
        message, subcode = "The contract has no entry price yet.", "EntryTickMissing"
    elif not price_feed.SYMBOLS[contract.symbol].is_open(now):
        message, subcode = "This market is presently closed.", "MarketIsClosed"
    else:
        return None
    return Refusal("InvalidSellContractProposal", message, subcode=subcode)


def sell(account: Account, contract_id: int, now: int, least: float) -> Row:
    """Sell a contract at its current price, unless that is below `least`; 0 accepts any price."""
    contract = held(account, contract_id)
    if problem := resale_problem(contract, now):
        raise problem
    bid = contract.worth(now)
    if bid < least * 10**account.digits - 1e-6:
        raise Refusal(
            "PriceMoved",
            f"The price is {text(bid, account.currency)} {account.currency} now.",
            {"field": "price", "bid_price": account.money(bid)},
            "PriceMoved",
        )
    return account.ledger.close(contract, now, bid, "sold")


def cancel(account: Account, contract_id: int, now: int) -> Row:
    """Cancel a contract for its stake, if that right was bought and has not expired."""
    contract = held(account, contract_id)
    if contract.cancellation is None:
        message, subcode = "This contract was bought without a cancellation.", "DealCancellationNotBought"
    elif now > contract.cancellable:
        message, subcode = "The time for a cancellation is over.", "DealCancellationExpired"
    else:
        return account.ledger.close(contract, now, contract.stake, "cancelled")
    raise Refusal("CannotCancelContract", message, subcode=subcode)


def update(account: Account, contract_id: int, wanted: Mapping[str, float | None], now: int) -> Contract:
    """Set, change or remove the limits at which a multiplier closes by itself.

    Raises
    ------
    Refusal
        The contract has no limits, or one of them would be reached at once.
    """
    contract = held(account, contract_id)
    code = "ContractUpdateFailure"
    if not contract.multiplier or contract.checked is None:
        raise Refusal(code, "Only multipliers have limits.", subcode="ContractUpdateNotAllowed")
    if not wanted:
        raise Refusal(code, "Pass stop_loss or take_profit.", {"field": "limit_order"}, "InvalidUpdateArgument")
    if now <= contract.cancellable:
        message = "A contract has no limits while it can be cancelled."
        raise Refusal(code, message, {"field": "limit_order"}, "OrderUpdateNotAllowed")
    gain = contract.worth(now) - contract.stake
    made = []
    for name, amount in wanted.items():
        exact = None if amount is None else offers.order(name, amount, account.currency, contract.stake)
        if exact is not None and (gain <= -exact if name == "stop_loss" else gain >= exact):
            raise Refusal(code, "This limit has been reached already.", {"field": name}, "InvalidUpdateValue")
        made.append(Order(name, exact, now))
    for each in made:
        contract.orders[each.name] = each
        contract.changes.append(each)
    return contract


def settle(account: Account, now: int) -> list[Row]:
    """Close the contracts that have ended by now, in the order in which they ended."""
    endings = []
    for contract in account.ledger.open:
        ending = contract.ending(now)
        if ending is not None:
            endings.append((ending[0], contract.contract_id, contract, ending))
    endings.sort(key=lambda each: each[:2])
    rows = [account.ledger.close(contract, *ending) for _, _, contract, ending in endings]
    account.ledger.look_again()
    return rows
