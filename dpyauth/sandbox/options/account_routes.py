"""Accounts of the Options API and their owner."""

from __future__ import annotations

from typing import Any

from dpyauth.sandbox.options.http_answers import Answer
from dpyauth.sandbox.options.persons import DEMO_UNITS
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.rest_requests import BASE, Request, answers
from dpyauth.sandbox.users import Account
from dpyauth.settings import is_loopback


def _row(ask: Request, account: Account) -> dict[str, Any]:
    balance = account.money(account.ledger.balance)
    return {
        "account_id": account.loginid,
        "balance": f"{balance:.2f}" if ask.rest.sandbox.options.money == "text" else balance,
        "currency": account.currency,
        "group": "row",
        "status": "inactive" if account.disabled else "active",
        "account_type": "demo" if account.is_virtual else "real",
    }


@answers("get_accounts")
def get_accounts(ask: Request) -> Answer:
    """Answer with all accounts of the user."""
    return ask.rest.data([_row(ask, account) for account in ask.person.accounts])


@answers("create_account")
def create_account(ask: Request) -> Answer:
    """Open a demo or real account."""
    allowed = {"currency": ("USD",), "group": ("row",), "account_type": ("demo", "real")}
    for name, choices in allowed.items():
        if name not in ask.body:
            raise Problem(400, "FieldIsRequired", f"{name} is required", name)
        if ask.body[name] not in choices:
            raise Problem(400, "ValidationError", f"{name} must be {' or '.join(choices)}", name)
    wants_demo = ask.body["account_type"] == "demo"
    for account in ask.person.accounts:
        if account.is_virtual == wants_demo:
            return ask.rest.data(_row(ask, account))
    account = ask.rest.sandbox.options.open_account(ask.person, ask.body["account_type"])
    return ask.rest.data([_row(ask, account)], 201)


@answers("reset_demo_balance")
def reset_demo_balance(ask: Request) -> Answer:
    """Reset the balance of a demo account."""
    account = ask.account
    if not account.is_virtual:
        raise Problem(400, "ValidationError", "Only the balance of a demo account can be reset", "account_id")
    missing = DEMO_UNITS - account.ledger.balance
    if missing:
        action = "deposit" if missing > 0 else "withdrawal"
        ask.rest.sandbox.world.book(account, action, missing)
    return ask.rest.data({name: value for name, value in _row(ask, account).items() if name != "group"})


@answers("otp")
def otp(ask: Request) -> Answer:
    """Answer with the address of an account's socket, which contains a one-time password."""
    account = ask.account
    if account.disabled:
        raise Problem(400, "ValidationError", "This account is inactive")
    otp = ask.rest.sandbox.options.one_time_password(ask.token, account)
    kind = "demo" if account.is_virtual else "real"
    return ask.rest.data({"url": f"{_sockets(ask)}{BASE}/ws/{kind}?otp={otp}"})


def _sockets(ask: Request) -> str:
    """Return the address of the sockets for this client, at the host that it named.

    The sandbox is on this machine and uses plain HTTP. A client that uses another name came through something that
    encrypts, such as a tunnel.
    """
    request = ask.rest.request
    return f"{'ws' if is_loopback(request.host_name) else 'wss'}://{request.host}"


@answers("account_nickname")
def nickname(ask: Request) -> Answer:
    """Answer with the user's nickname."""
    person = ask.person
    if not person.nickname:
        raise Problem(404, "IdentityNotFound", "This user has no nickname")
    reference = f"00000000-0000-4000-8000-{person.user.user_id:012d}"
    return ask.rest.data({"external_reference_id": reference, "nickname": person.nickname})
