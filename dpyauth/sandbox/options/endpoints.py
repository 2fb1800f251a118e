"""What each REST call brings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from dpyauth.sandbox.history import Contract, Row
from dpyauth.sandbox.messages import Refusal, epoch
from dpyauth.sandbox.options.http import Answer
from dpyauth.sandbox.options.people import DEMO_UNITS
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.rest import Request, Route
from dpyauth.sandbox.users import Account
from dpyauth.settings import is_loopback

_OPTIONS: Final = "/trading/v1/options"
_PAYMENT: Final = "/payment-agents/v1"
_EPOCHS: Final = 2_147_483_647
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LEGACY_ACTIONS: Final = frozenset(
    ("buy", "sell", "deposit", "withdrawal", "transfer", "hold", "release", "adjustment", "escrow")
)
_CLASSES: Final = {"DIGITEVEN": "digit_bet", "MULTUP": "multiplier"}
_AGENTS: Final[tuple[dict[str, Any], ...]] = tuple(
    {
        "id": number,
        "created_at": 1_717_000_000_000 + number,
        "is_listed": True,
        "name": name,
        "information": "An agent of the sandbox.",
        "email": f"agent{number}@example.com",
        "phone_numbers": ["+10000000000"],
        "payment_methods": ["bank_transfer"],
        "countries": countries,
    }
    for number, name, countries in ((41, "Sandbox Agent One", ["id", "ke"]), (42, "Sandbox Agent Two", ["br"]))
)
_TERMS: Final = {
    "deposit_commission": 1.5,
    "withdrawal_commission": 2.0,
    "withdrawal_minimum": "10.00",
    "withdrawal_maximum": "1000.00",
}


def _row(ask: Request, account: Account) -> dict[str, Any]:
    balance = account.money(account.ledger.balance)
    return {
        "account_id": account.loginid,
        "balance": f"{balance:.2f}" if ask.rest.box.options.money == "text" else balance,
        "currency": account.currency,
        "group": "row",
        "status": "inactive" if account.disabled else "active",
        "account_type": "demo" if account.is_virtual else "real",
    }


def _get_accounts(ask: Request) -> Answer:
    return ask.rest.data([_row(ask, account) for account in ask.holder.person.accounts])


def _create_account(ask: Request) -> Answer:
    allowed = {"currency": ("USD",), "group": ("row",), "account_type": ("demo", "real")}
    for name, choices in allowed.items():
        if name not in ask.body:
            raise Problem(400, "FieldIsRequired", f"{name} is required", name)
        if ask.body[name] not in choices:
            raise Problem(400, "ValidationError", f"{name} must be {' or '.join(choices)}", name)
    wants_demo = ask.body["account_type"] == "demo"
    for account in ask.holder.person.accounts:
        if account.is_virtual == wants_demo:
            return ask.rest.data(_row(ask, account))
    account = ask.rest.box.options.open_account(ask.holder.person, ask.body["account_type"])
    return ask.rest.data([_row(ask, account)], 201)


def _reset_demo_balance(ask: Request) -> Answer:
    account = ask.account
    if not account.is_virtual:
        raise Problem(400, "ValidationError", "Only the balance of a demo account can be reset", "account_id")
    missing = DEMO_UNITS - account.ledger.balance
    if missing:
        action = "deposit" if missing > 0 else "withdrawal"
        ask.rest.box.pay(account.loginid, account.money(missing), action)
    return ask.rest.data({name: value for name, value in _row(ask, account).items() if name != "group"})


def _otp(ask: Request) -> Answer:
    account = ask.account
    if account.disabled:
        raise Problem(400, "ValidationError", "This account is inactive")
    otp = ask.rest.box.options.one_time_password(ask.holder, account)
    kind = "demo" if account.is_virtual else "real"
    return ask.rest.data({"url": f"{_sockets(ask)}{_OPTIONS}/ws/{kind}?otp={otp}"})


def _sockets(ask: Request) -> str:
    """Return where the sockets are for this client: at the host it named.

    The sandbox itself is on this machine and speaks plain HTTP. A client that knows it by any other name came through
    something that encrypts.
    """
    request = ask.rest.request
    return f"{'ws' if is_loopback(request.host_name) else 'wss'}://{request.host}"


def _migration_status(ask: Request) -> Answer:
    return Answer({"status": ask.holder.person.migration}, headers={"Cache-Control": "no-store"})


def _moved(ask: Request) -> list[Account]:
    """The v3 accounts of somebody who has moved."""
    person = ask.holder.person
    if person.migration in ("pending", "failed"):
        raise Problem(409, "MigrationPending", "The move of this user is not complete")
    if not person.user.accounts or person.migration != "complete":
        raise Problem(404, "NotFound", "This user has no legacy accounts")
    return [account for account in person.user.accounts if account.currency]


def _number(account: Account) -> int:
    return int("".join(filter(str.isdigit, account.loginid)))


def _legacy_accounts(ask: Request) -> Answer:
    rows = _moved(ask)
    return Answer(
        {"loginids": {each.loginid: [{"account_id": _number(each), "currency": each.currency}] for each in rows}}
    )


def _legacy_statement(ask: Request) -> Answer:
    loginid, wanted = ask.query("loginid"), ask.query("action_type")
    if not loginid:
        raise Problem(422, "FieldIsRequired", "loginid is required", "loginid")
    if not re.fullmatch(r"[A-Z]+[0-9]+", loginid, re.ASCII):
        raise Problem(400, "BadInputRequest", "loginid is malformed", "loginid")
    if wanted and wanted not in _LEGACY_ACTIONS:
        raise Problem(422, "ValidationError", "There is no such action_type", "action_type")
    first, last = ask.whole("date_from", 0, 0, _EPOCHS), ask.whole("date_to", _EPOCHS, 0, _EPOCHS)
    limit, offset = ask.whole("limit", 100, 1, 999), ask.whole("offset", 0, 0, 1 << 31)
    account = next((each for each in _moved(ask) if each.loginid == loginid), None)
    if account is None:
        raise Problem(404, "AccountNotFound", "This login ID has no legacy account")
    rows = [
        _legacy_row(account, row)
        for row in reversed(account.ledger.rows)
        if first <= row.when < last and wanted in ("", row.action)
    ][offset : offset + limit]
    return Answer({"transactions": rows, "count": len(rows)})


def _legacy_row(account: Account, row: Row) -> dict[str, Any]:
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


def _markup_statistics(ask: Request) -> Answer:
    first, last = _day(ask, "date_from"), _day(ask, "date_to") + 86_400
    if first >= last:
        raise Problem(422, "ValidationError", "date_from lies after date_to", "date_from")
    options, user = ask.rest.box.options, ask.holder.person.user
    own = [app.app_id for app in options.apps.values() if app.owner == user.user_id]
    account = next((each for each in ask.holder.person.accounts if not each.is_virtual), None)
    traded = [each for each in account.ledger.contracts if first <= each.bought < last] if account and own else []
    breakdown = [{"app_id": own[0], **_earned(account, traded)}] if account and traded else []
    total = _earned(account, traded) if account else _earned(None, [])
    return ask.rest.data({**{f"total_{name}": value for name, value in total.items()}, "breakdown": breakdown})


def _earned(account: Account | None, contracts: list[Contract]) -> dict[str, Any]:
    """What one app brought: a hundredth of what was staked."""
    money = account.money if account else float
    volume = sum(each.stake for each in contracts)
    return {
        "app_markup_usd": money(volume // 100),
        "volume_usd": money(volume),
        "payout_usd": money(sum(each.payout for each in contracts)),
        "contract_count": len(contracts),
        "client_count": int(bool(contracts)),
    }


def _day(ask: Request, name: str) -> int:
    text = ask.query(name)
    if not _DATE.fullmatch(text):
        raise Problem(422, "ValidationError", f"{name} must be a date (YYYY-MM-DD)", name)
    try:
        return epoch(text, name)
    except Refusal:
        raise Problem(422, "ValidationError", f"{name} is no date", name) from None


def _nickname(ask: Request) -> Answer:
    person = ask.holder.person
    if not person.nickname:
        raise Problem(404, "IdentityNotFound", "This user has no nickname")
    reference = f"00000000-0000-4000-8000-{person.user.user_id:012d}"
    return ask.rest.data({"external_reference_id": reference, "nickname": person.nickname})


def _agents(ask: Request) -> Answer:
    if not ask.query("currency"):
        raise Problem(400, "InputError", "currency is required")
    country = ask.query("country")
    found = [
        {**agent, **_TERMS}
        for agent in _AGENTS
        if ask.query("currency") == "USD" and (not country or country in agent["countries"])
    ]
    page, size = ask.whole("page", 1, 1, 10_000), ask.whole("per_page", 25, 1, 1000)
    return ask.rest.data(found[(page - 1) * size : page * size])


def _agent(ask: Request) -> Answer:
    wanted = ask.found["agent"]
    if not wanted.isdigit() and wanted != "me":
        raise Problem(400, "InvalidAgentID", "This is no number of an agent")
    for agent in _AGENTS:
        if wanted == str(agent["id"]):
            return ask.rest.data({**agent, "urls": [], "currencies": [{"currency": "USD", **_TERMS}]})
    raise Problem(404, "AgentNotFound", "There is no such agent")


def _agent_statistics(ask: Request) -> Answer:
    countries = sorted({country for agent in _AGENTS for country in agent["countries"]})
    return ask.rest.data({"available_countries": countries, "available_currencies": ["USD"]})


def _missing(ask: Request) -> Answer:
    raise ask.rest.not_simulated()


def _route(name: str, method: str, path: str, scope: str, serve: Callable[[Request], Answer]) -> Route:
    pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)
    return Route(name, method, re.compile(pattern), scope, serve)


ROUTES: Final = (
    _route("get_accounts", "GET", f"{_OPTIONS}/accounts", "trade", _get_accounts),
    _route("create_account", "POST", f"{_OPTIONS}/accounts", "account_manage", _create_account),
    _route(
        "reset_demo_balance",
        "POST",
        f"{_OPTIONS}/accounts/{{account}}/reset-demo-balance",
        "trade",
        _reset_demo_balance,
    ),
    _route("otp", "POST", f"{_OPTIONS}/accounts/{{account}}/otp", "trade", _otp),
    _route("legacy_migration_status", "GET", f"{_OPTIONS}/legacy/migration-status", "trade", _migration_status),
    _route("legacy_accounts", "GET", f"{_OPTIONS}/legacy/accounts", "trade", _legacy_accounts),
    _route("legacy_statement", "GET", f"{_OPTIONS}/legacy/statement", "trade", _legacy_statement),
    _route("markup_statistics", "GET", "/applications/v1/markup-statistics", "application_read", _markup_statistics),
    _route("account_nickname", "GET", "/account/v1/nickname", "account_manage", _nickname),
    _route("payment_agent_list", "GET", f"{_PAYMENT}/agents", "payment", _agents),
    _route("payment_agent_get", "GET", f"{_PAYMENT}/agents/{{agent}}", "payment", _agent),
    _route("payment_agent_statistics", "GET", f"{_PAYMENT}/agent-statistics", "payment", _agent_statistics),
    _route("payment_agent_transfer", "POST", f"{_PAYMENT}/transfer", "payment", _missing),
    _route("payment_agent_withdraw", "POST", f"{_PAYMENT}/withdraw", "payment", _missing),
    _route(
        "payment_agent_withdraw_verification",
        "POST",
        f"{_PAYMENT}/withdraw/verification_code",
        "payment",
        _missing,
    ),
    _route("payment_agent_withdraw_status", "GET", f"{_PAYMENT}/withdraw/{{request}}", "payment", _missing),
    *(
        _route("?", method, pattern, scope, _missing)
        for pattern, scope in ((r"/wallet/v1/.+", "payment"), (r"/partners/.+", "application_read"))
        for method in ("GET", "POST")
    ),
)
