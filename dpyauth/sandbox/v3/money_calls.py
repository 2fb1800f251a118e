"""Answer calls about money that has moved: statement, profit table, and the stream of transactions."""

from __future__ import annotations

from typing import Any, Final

from dpyauth.sandbox.contracts import Contract
from dpyauth.sandbox.encoding import Reply, epoch
from dpyauth.sandbox.ledgers import END, Row
from dpyauth.sandbox.price_feed import SYMBOLS
from dpyauth.sandbox.users import Account
from dpyauth.sandbox.v3.handlers import Ask, answers

_ESCROW: Final = {"hold": "escrow", "release": "escrow"}  # names of these in a request and in the stream


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
    """Return an epoch, given as digits or as a date, which means the first second of the day."""
    text = ask.get(name)
    if text is None:
        return default
    return epoch(text, name) if "-" in text else int(text)


def _closed_row(account: Account, contract: Contract, describe: object) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "app_id": contract.app_id,
        "buy_price": account.money(contract.price),
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
            duration_type=None if contract.multiplier else contract.duration()[1],
            longcode=contract.longcode(),
            shortcode=contract.shortcode(account.digits),
            underlying_symbol=contract.symbol,
        )
        if contract.multiplier:
            shown["multiplier"] = str(contract.multiplier)
        if contract.cancellation:
            shown["deal_cancellation_duration"] = contract.cancellation.text
    return shown


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
            **(_traded(row.contract) if row.contract else {}),
        }
        return Reply("transaction", shown)

    return ask.stream("transaction", "", "ledger", booked, private=True).stamp(Reply("transaction", {}))


def _traded(contract: Contract) -> dict[str, Any]:
    """Return the fields of a transaction that describe its contract."""
    shown: dict[str, Any] = {
        "contract_id": contract.contract_id,
        "date_expiry": contract.expiry,
        "display_name": SYMBOLS[contract.symbol].title,
        "longcode": contract.longcode(),
        "purchase_time": contract.bought,
        "symbol": contract.symbol,
    }
    if contract.barrier:
        shown["barrier"] = contract.barrier
    return shown


@answers("reality_check")
def _reality_check(ask: Ask) -> dict[str, Any]:
    """Answer with the last day of the history, which counts as the session in the sandbox."""
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
