"""Calls about money and contracts: statement, profit table, portfolio and their streams."""

from __future__ import annotations

from typing import Any, Final

from dpyauth.sandbox import market
from dpyauth.sandbox.calls.registry import Ask, answers, for_each
from dpyauth.sandbox.history import END, Contract, Row, value_at
from dpyauth.sandbox.messages import Refusal, Reply, epoch
from dpyauth.sandbox.users import Account

_ESCROW: Final = {"hold": "escrow", "release": "escrow"}  # what a request and the stream call these


@answers("statement")
def _statement(ask: Ask) -> dict[str, Any]:
    account = ask.account
    first, last, wanted = ask.get("date_from", 0), ask.get("date_to", 1 << 40), ask.get("action_type")
    rows = [
        row
        for row in reversed(account.ledger.rows)
        if first <= row.when <= last and wanted in (None, _ESCROW.get(row.action, row.action))
    ]
    page = _page(ask, rows, 100)
    return {"count": len(page), "transactions": [_ledger_row(account, row, ask.get("description")) for row in page]}


def _page(ask: Ask, rows: list[Any], size: int) -> list[Any]:
    offset = ask.get("offset", 0)
    return rows[offset : offset + int(ask.get("limit", size))]


def _ledger_row(account: Account, row: Row, describe: object) -> dict[str, Any]:
    contract = row.contract
    shown: dict[str, Any] = {
        "action_type": row.action,
        "amount": account.money(row.amount),
        "app_id": contract.app_id if contract else None,
        "balance_after": account.money(row.balance_after),
        "contract_id": contract.contract_id if contract else None,
        "payout": account.money(contract.payout) if contract else None,
        "reference_id": contract.buy_id if contract and row.action == "sell" else None,
        "transaction_id": row.transaction_id,
        "transaction_time": row.when,
    }
    if contract and row.action == "sell":
        shown["purchase_time"] = contract.bought
    shown.update({name: value for name, value in row.more.items() if name != "withdrawal_details"})
    if describe:
        shown["longcode"] = contract.longcode() if contract else f"{row.action.replace('_', ' ').capitalize()}."
        shown["shortcode"] = contract.shortcode(account.digits) if contract else None
        if "withdrawal_details" in row.more:
            shown["withdrawal_details"] = row.more["withdrawal_details"]
    return shown


@answers("profit_table")
def _profit_table(ask: Ask) -> dict[str, Any]:
    account = ask.account
    first, last = _moment(ask, "date_from", 0), _moment(ask, "date_to", 1 << 40)
    kinds = ask.get("contract_type")
    rows = [
        contract
        for contract in account.ledger.closed
        if first <= contract.bought <= last and (not kinds or contract.kind in kinds)
    ]
    if ask.get("sort") != "ASC":
        rows.reverse()
    page = _page(ask, rows, 50)
    return {"count": len(page), "transactions": [_closed_row(account, each, ask.get("description")) for each in page]}


def _moment(ask: Ask, name: str, default: int) -> int:
    """An epoch from epoch digits or from a date, which means its first second."""
    text = ask.get(name)
    if text is None:
        return default
    return epoch(text, name) if "-" in text else int(text)


def _closed_row(account: Account, contract: Contract, describe: object) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "app_id": contract.app_id,
        "buy_price": account.money(contract.stake),
        "contract_id": contract.contract_id,
        "payout": account.money(contract.payout),
        "purchase_time": contract.bought,
        "sell_price": account.money(contract.sell_price),
        "sell_time": contract.sold,
        "transaction_id": contract.buy_id,
    }
    if describe:
        shown.update(
            contract_type=contract.kind,
            duration_type=None if contract.multiplier else "minutes",
            longcode=contract.longcode(),
            shortcode=contract.shortcode(account.digits),
            underlying_symbol=contract.symbol,
        )
        if contract.multiplier:
            shown["multiplier"] = str(contract.multiplier)
    return shown


@answers("portfolio")
def _portfolio(ask: Ask) -> dict[str, Any]:
    account, kinds = ask.account, ask.get("contract_type")
    shown = [
        {
            "app_id": contract.app_id,
            "buy_price": account.money(contract.stake),
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


@answers("transaction")
def _transaction(ask: Ask) -> Reply:
    account = ask.account

    def booked(event: tuple[Account, Row]) -> Reply | None:
        which, row = event
        if which is not account:
            return None
        shown = {
            "action": _ESCROW.get(row.action, row.action),
            "amount": account.money(row.amount),
            "balance": account.money(row.balance_after),
            "currency": account.currency,
            "transaction_id": row.transaction_id,
            "transaction_time": row.when,
        }
        return Reply("transaction", shown)

    return ask.stream("transaction", "", "ledger", booked, private=True).stamp(Reply("transaction", {}))


@answers("proposal_open_contract")
def _proposal_open_contract(ask: Ask) -> Any:
    account, wanted = ask.account, ask.get("contract_id")
    every = account.ledger.contracts
    found = [each for each in every if each.contract_id == wanted] if wanted else account.ledger.open
    if wanted and not found:
        raise Refusal("ContractNotFound", "This account has no such contract.")
    if not found:
        return {}
    return for_each(lambda contract: _watch(ask, account, contract), found)


def _watch(ask: Ask, account: Account, contract: Contract) -> Reply:
    """A contract's state now, and with a stream its state every second; a closed one never changes."""

    def now(second: int) -> Reply:
        return Reply("proposal_open_contract", _state(account, contract, second))

    first = now(int(ask.now))
    if ask.get("subscribe") and contract.sold is None:
        ask.stream("proposal_open_contract", contract.contract_id, "second", now, private=True).stamp(first)
    return first


def _state(account: Account, contract: Contract, second: int) -> dict[str, Any]:
    symbol = market.SYMBOLS[contract.symbol]
    is_sold = contract.sold is not None
    looked = contract.expiry if is_sold else second
    price = market.spot(contract.symbol, looked)
    worth = contract.sell_price if is_sold else value_at(contract, price)
    profit = worth - contract.stake
    shown: dict[str, Any] = {
        "account_id": int("".join(filter(str.isdigit, account.loginid))),
        "barrier": None if contract.multiplier else f"{contract.entry:.{symbol.digits}f}",
        "barrier_count": 1,
        "bid_price": account.money(worth),
        "buy_price": account.money(contract.stake),
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
        "entry_spot": contract.entry,
        "entry_spot_display_value": f"{contract.entry:.{symbol.digits}f}",
        "entry_tick": contract.entry,
        "entry_tick_display_value": f"{contract.entry:.{symbol.digits}f}",
        "entry_tick_time": contract.bought + 1,
        "expiry_time": contract.expiry,
        "is_expired": int(is_sold),
        "is_forward_starting": 0,
        "is_intraday": int(contract.expiry - contract.bought < 86_400),
        "is_path_dependent": 0,
        "is_settleable": int(is_sold),
        "is_sold": int(is_sold),
        "is_valid_to_cancel": 0,
        "is_valid_to_sell": int(not is_sold),
        "longcode": contract.longcode(),
        "payout": account.money(contract.payout),
        "profit": account.money(profit),
        "profit_percentage": round(100 * profit / contract.stake, 2),
        "purchase_time": contract.bought,
        "shortcode": contract.shortcode(account.digits),
        "status": "open",
        "transaction_ids": {"buy": contract.buy_id},
        "underlying": contract.symbol,
    }
    if contract.multiplier:
        stop = account.money(-contract.stake)
        shown["multiplier"] = contract.multiplier
        shown["limit_order"] = {
            "stop_out": {
                "display_name": "Stop out",
                "display_order_amount": f"{stop:.{account.digits}f}",
                "order_amount": stop,
                "order_date": contract.bought,
                "value": f"{contract.entry * (1 - 1 / contract.multiplier):.{symbol.digits}f}",
            }
        }
    if is_sold:
        shown["status"] = "sold" if contract.multiplier else "won" if contract.sell_price else "lost"
        shown["sell_price"] = account.money(contract.sell_price)
        shown["sell_time"] = contract.sold
        shown["exit_tick"] = price
        shown["exit_tick_display_value"] = f"{price:.{symbol.digits}f}"
        shown["exit_tick_time"] = contract.expiry
        shown["transaction_ids"]["sell"] = contract.sell_id
    return shown


@answers("reality_check")
def _reality_check(ask: Ask) -> dict[str, Any]:
    """What happened in the last day of the history, which is the session the sandbox pretends."""
    account = ask.account
    start = END - 86_400
    rows = [row for row in account.ledger.rows if row.when >= start]
    bought, sold = ([row for row in rows if row.action == action] for action in ("buy", "sell"))
    return {
        "buy_amount": account.money(-sum(row.amount for row in bought)),
        "buy_count": len(bought),
        "currency": account.currency,
        "loginid": account.loginid,
        "open_contract_count": len(account.ledger.open),
        "potential_profit": account.money(sum(max(0, c.payout - c.stake) for c in account.ledger.open)),
        "sell_amount": account.money(sum(row.amount for row in sold)),
        "sell_count": len(sold),
        "start_time": start,
    }
