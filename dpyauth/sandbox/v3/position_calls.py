"""Answer calls about open contracts: the portfolio, and the value of each contract."""

from __future__ import annotations

from typing import Any

from dpyauth.sandbox import dealing, price_feed
from dpyauth.sandbox.contracts import Contract
from dpyauth.sandbox.currencies import money, text
from dpyauth.sandbox.encoding import Refusal, Reply
from dpyauth.sandbox.streams import Stream
from dpyauth.sandbox.users import Account
from dpyauth.sandbox.v3.handlers import Ask, answers, for_each

_ORDERS = {"stop_loss": "Stop loss", "take_profit": "Take profit"}


@answers("portfolio")
def _portfolio(ask: Ask) -> dict[str, Any]:
    account, kinds = ask.account, ask.get("contract_type")
    shown = [
        {
            "app_id": contract.app_id,
            "buy_price": account.money(contract.price),
            "contract_id": contract.contract_id,
            "contract_type": contract.kind,
            "currency": account.currency,
            "date_start": contract.bought,
            "expiry_time": contract.expiry,
            "longcode": contract.longcode(),
            "payout": account.money(contract.payout),
            "purchase_time": contract.bought,
            "shortcode": contract.shortcode(account.digits),
            "symbol": contract.symbol,
            "transaction_id": contract.buy_id,
        }
        for contract in account.ledger.open
        if not kinds or contract.kind in kinds
    ]
    return {"contracts": shown}


@answers("proposal_open_contract")
def _proposal_open_contract(ask: Ask) -> Any:
    account, wanted = ask.account, ask.get("contract_id")
    if not wanted:
        return for_each(lambda contract: _watched(ask, account, contract), account.ledger.open) or {}
    found = account.ledger.find(wanted)
    if found is None:
        raise Refusal("ContractNotFound", "This account has no such contract.", subcode="ContractNotFound")
    return _watched(ask, account, found)


def _watched(ask: Ask, account: Account, contract: Contract) -> Reply:
    """Return the current state of a contract, with a stream if requested; a closed one has none."""
    first = Reply("proposal_open_contract", state(account, contract, int(ask.now)))
    if ask.get("subscribe") and contract.sold is None:
        watch(ask, account, contract).stamp(first)
    return first


def watch(ask: Ask, account: Account, contract: Contract) -> Stream:
    """Stream the state of a contract every second, until and including its closing."""
    over = False

    def changed(event: int | tuple[Account, Any]) -> Reply | None:
        nonlocal over
        if over or (isinstance(event, tuple) and (event[1].contract is not contract or contract.sold is None)):
            return None
        over = contract.sold is not None
        return Reply("proposal_open_contract", state(account, contract, ask.world.now()))

    topics = ("second", "ledger")
    return ask.stream("proposal_open_contract", contract.contract_id, topics, changed, private=True)


def state(account: Account, contract: Contract, second: int) -> dict[str, Any]:
    """Return the state of a contract in this second, with all of Deriv's fields."""
    symbol = price_feed.SYMBOLS[contract.symbol]
    is_sold = contract.sold is not None
    looked = second if contract.sold is None else min(contract.sold, contract.expiry)
    price = price_feed.spot(contract.symbol, looked)
    worth = contract.sell_price if is_sold else contract.worth(second)
    profit = worth - contract.price
    number, unit = contract.duration()
    shown: dict[str, Any] = {
        "account_id": int("".join(filter(str.isdigit, account.loginid))),
        "barrier": barrier_of(contract, looked),
        "barrier_count": 1,
        "bid_price": account.money(worth),
        "buy_price": account.money(contract.price),
        "contract_id": contract.contract_id,
        "contract_type": contract.kind,
        "currency": account.currency,
        "current_spot": price,
        "current_spot_display_value": f"{price:.{symbol.digits}f}",
        "current_spot_time": looked,
        "date_expiry": contract.expiry,
        "date_settlement": contract.expiry,
        "date_start": contract.bought,
        "display_name": symbol.title,
        "expiry_time": contract.expiry,
        "is_expired": int(is_sold),
        "is_forward_starting": 0,
        "is_intraday": int(contract.expiry - contract.bought < 86_400),
        "is_path_dependent": 0,
        "is_settleable": int(is_sold),
        "is_sold": int(is_sold),
        "is_valid_to_cancel": int(not is_sold and second <= contract.cancellable),
        "is_valid_to_sell": 0,
        "longcode": contract.longcode(),
        "payout": account.money(contract.payout),
        "profit": account.money(profit),
        "profit_percentage": round(100 * profit / contract.price, 2),
        "purchase_time": contract.bought,
        "shortcode": contract.shortcode(account.digits),
        "status": contract.status,
        "transaction_ids": {"buy": contract.buy_id},
        "underlying": contract.symbol,
    }
    if looked >= contract.entry_time:
        entry = f"{contract.entry:.{symbol.digits}f}"
        shown.update(
            entry_spot=contract.entry,
            entry_spot_display_value=entry,
            entry_tick=contract.entry,
            entry_tick_display_value=entry,
            entry_tick_time=contract.entry_time,
        )
    if contract.multiplier:
        shown["multiplier"] = contract.multiplier
        shown["limit_order"] = limits(contract, account.currency)
        if contract.checked is not None:
            shown["commission"] = account.money(contract.commission)
    if contract.cancellation:
        shown["cancellation"] = {
            "ask_price": account.money(contract.cancellation.price),
            "date_expiry": contract.cancellation.until,
        }
    if unit == "ticks":
        ticks = _ticks(contract, looked)
        shown.update(tick_count=number, tick_passed=len(ticks), tick_stream=ticks)
    if not is_sold:
        problem = dealing.resale_problem(contract, second)
        if problem is None:
            shown["is_valid_to_sell"] = 1
        else:
            shown.update(validation_error=problem.message, validation_error_code=problem.subcode)
        return shown
    shown.update(
        sell_price=account.money(contract.sell_price),
        sell_time=contract.sold,
        exit_tick=price,
        exit_tick_display_value=f"{price:.{symbol.digits}f}",
        exit_tick_time=looked,
    )
    shown["transaction_ids"]["sell"] = contract.sell_id
    return shown


def barrier_of(contract: Contract, second: int) -> str | None:
    """Return the barrier as text; None if there is none, or none yet."""
    if contract.category == "digits":
        return contract.barrier or None
    if contract.multiplier or second < contract.entry_time:
        return None
    return f"{contract.strike:.{price_feed.SYMBOLS[contract.symbol].digits}f}"


def _ticks(contract: Contract, until: int) -> list[dict[str, Any]]:
    """Return the ticks from the entry on, for a contract whose duration is counted in ticks."""
    symbol = price_feed.SYMBOLS[contract.symbol]
    first = contract.entry_time - contract.entry_time % symbol.every
    times = range(first, min(until, contract.expiry) + 1, symbol.every)
    prices = [price_feed.spot(symbol.name, when) for when in times]
    return [
        {"epoch": when, "tick": price, "tick_display_value": f"{price:.{symbol.digits}f}"}
        for when, price in zip(times, prices, strict=True)
    ]


def limits(contract: Contract, currency: str) -> dict[str, Any]:
    """Return the limits at which a multiplier closes by itself."""
    shown = {"stop_out": _limit(contract, currency, "Stop out", -contract.stake, contract.bought)}
    for name, order in contract.orders.items():
        if order.amount is not None:
            shown[name] = _limit(contract, currency, _ORDERS[name], order.gain, order.since)
    return shown


def _limit(contract: Contract, currency: str, title: str, gain: int, since: int) -> dict[str, Any]:
    return {
        "display_name": title,
        "display_order_amount": text(gain, currency),
        "order_amount": money(gain, currency),
        "order_date": since,
        "value": f"{contract.limit_price(gain):.{price_feed.SYMBOLS[contract.symbol].digits}f}",
    }


def orders(contract: Contract, currency: str) -> dict[str, Any]:
    """Return the limits that were set or removed, in the form of `contract_update`."""
    shown: dict[str, Any] = {}
    for name, order in contract.orders.items():
        told = _limit(contract, currency, _ORDERS[name], order.gain, order.since)
        del told["display_order_amount"]
        shown[name] = told if order.amount is not None else {**told, "order_amount": None, "value": None}
    return shown


def changes(contract: Contract, currency: str) -> list[dict[str, Any]]:
    """Return every order that a contract has had, newest first."""
    rows = []
    for order in reversed(contract.changes):
        told = _limit(contract, currency, _ORDERS[order.name], order.gain, order.since)
        rows.append(
            {
                "display_name": told["display_name"],
                "order_amount": told["display_order_amount"],
                "order_date": order.since,
                "order_type": order.name,
                "value": None if order.amount is None else told["value"],
            }
        )
    return rows
