"""Answer calls about the time before the move from v3: the state of the move, accounts and statement."""

from __future__ import annotations

import re
from typing import Any, Final

from dpyauth.sandbox.ledgers import Row
from dpyauth.sandbox.options.http_answers import Answer
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.rest_requests import Request, answers
from dpyauth.sandbox.users import Account

_EPOCHS: Final = 2_147_483_647
_ACTIONS: Final = frozenset(
    ("buy", "sell", "deposit", "withdrawal", "transfer", "hold", "release", "adjustment", "escrow")
)
_CLASSES: Final = {"DIGITEVEN": "digit_bet", "MULTUP": "multiplier"}


@answers("legacy_migration_status")
def migration_status(ask: Request) -> Answer:
    """Answer with the state of the move from v3."""
    return Answer({"status": ask.person.migration}, headers={"Cache-Control": "no-store"})


def _moved(ask: Request) -> list[Account]:
    """Return the v3 accounts of a user who has moved; raise if the user has not."""
    person = ask.person
    if person.migration in ("pending", "failed"):
        raise Problem(409, "MigrationPending", "The move of this user is not complete")
    if not person.user.accounts or person.migration != "complete":
        raise Problem(404, "NotFound", "This user has no legacy accounts")
    return [account for account in person.user.accounts if account.currency]


def _number(account: Account) -> int:
    return int("".join(filter(str.isdigit, account.loginid)))


@answers("legacy_accounts")
def accounts(ask: Request) -> Answer:
    """Answer with the accounts from before the move."""
    rows = _moved(ask)
    return Answer(
        {"loginids": {each.loginid: [{"account_id": _number(each), "currency": each.currency}] for each in rows}}
    )


@answers("legacy_statement")
def statement(ask: Request) -> Answer:
    """Answer with the transactions from before the move."""
    loginid, wanted = ask.query("loginid"), ask.query("action_type")
    if not loginid:
        raise Problem(422, "FieldIsRequired", "loginid is required", "loginid")
    if not re.fullmatch(r"[A-Z]+[0-9]+", loginid, re.ASCII):
        raise Problem(400, "BadInputRequest", "loginid is malformed", "loginid")
    if wanted and wanted not in _ACTIONS:
        raise Problem(422, "ValidationError", "Unknown action_type", "action_type")
    first, last = ask.whole("date_from", 0, 0, _EPOCHS), ask.whole("date_to", _EPOCHS, 0, _EPOCHS)
    limit, offset = ask.whole("limit", 100, 1, 999), ask.whole("offset", 0, 0, 1 << 31)
    account = next((each for each in _moved(ask) if each.loginid == loginid), None)
    if account is None:
        raise Problem(404, "AccountNotFound", "This login ID has no legacy account")
    rows = [
        _row(account, row)
        for row in reversed(account.ledger.rows)
        if first <= row.when < last and wanted in ("", row.action)
    ][offset : offset + limit]
    return Answer({"transactions": rows, "count": len(rows)})


def _row(account: Account, row: Row) -> dict[str, Any]:
    contract = row.contract
    return {
        "transaction_id": row.transaction_id,
        "account_id": _number(account),
        "loginid": account.loginid,
        "action_type": row.action,
        "amount": f"{account.money(row.amount):.{account.digits}f}",
        "balance_after": f"{account.money(row.balance_after):.{account.digits}f}",
        "transaction_time": row.when,
        "contract_id": contract.contract_id if contract else None,
        "currency": account.currency,
        "shortcode": contract.shortcode(account.digits) if contract else None,
        "bet_class": _CLASSES.get(contract.kind, "higher_lower_bet") if contract else None,
        "bet_type": contract.kind if contract else None,
        "symbol": contract.symbol if contract else None,
        "app_id": contract.app_id if contract else None,
    }
