"""Answer calls about the sign-in and the balances of accounts."""

from __future__ import annotations

from typing import Any

from dpyauth.sandbox.currencies import rate
from dpyauth.sandbox.encoding import Refusal, Reply
from dpyauth.sandbox.ledgers import Row
from dpyauth.sandbox.residents import login_row
from dpyauth.sandbox.users import COMPANIES, DIGITS, Account, Token, User
from dpyauth.sandbox.v3.handlers import Ask, answers

_LOOPBACK = "127.0.0.1"
_BEFORE = 4 * 3600 + 25 * 60 + 18
"""Seconds from the opening of an account to the midnight at which its ledger begins."""


@answers("authorize")
def _authorize(ask: Ask) -> dict[str, Any]:
    grants = _grants(ask)
    ask.connection.sign_in(grants)
    first = grants[0]
    account = ask.world.account(first.owner)
    user = ask.world.user(first.owner)
    if ask.get("add_to_login_history"):
        user.logins.insert(0, login_row("login", int(ask.now), _LOOPBACK))
    return {
        "account_list": [_authorize_row(each) for each in user.accounts],
        "balance": account.money(account.ledger.balance),
        "country": user.country,
        "currency": account.currency,
        "email": user.email,
        "fullname": "" if account.is_virtual else user.name,
        "is_virtual": int(account.is_virtual),
        "landing_company_fullname": COMPANIES[account.company],
        "landing_company_name": account.company,
        "linked_to": list(account.linked),
        "local_currencies": {account.currency: {"fractional_digits": account.digits}} if account.currency else {},
        "loginid": account.loginid,
        "preferred_language": "EN" if user.name else None,
        "scopes": list(first.scopes),
        "upgradeable_landing_companies": ["svg"] if len(user.accounts) == 1 and account.is_virtual else [],
        "user_id": user.user_id,
    }


def _grants(ask: Ask) -> list[Token[str]]:
    """Return the tokens of an authorize call, which must all belong to one user."""
    main, others = ask.request["authorize"], ask.get("tokens", [])
    tokens = others if main == "MULTI" and others else [main, *others]
    grants = [ask.world.grant(token, ask.connection.app_id) for token in tokens]
    if len({ask.world.user(grant.owner).user_id for grant in grants}) > 1:
        raise Refusal("InvalidToken", "The tokens belong to more than one user.")
    return grants


def _row(account: Account) -> dict[str, Any]:
    return {
        "account_category": "trading",
        "account_type": "binary",
        "broker": "".join(filter(str.isalpha, account.loginid)),
        "created_at": account.plan.opened - _BEFORE,
        "currency": account.currency,
        "is_disabled": int(account.disabled),
        "is_virtual": int(account.is_virtual),
        "landing_company_name": account.company,
        "linked_to": list(account.linked),
        "loginid": account.loginid,
    }


def _authorize_row(account: Account) -> dict[str, Any]:
    kind = "crypto" if account.digits > 2 else "fiat"
    return {**_row(account), "currency_type": kind if account.currency else ""}


@answers("logout")
def _logout(ask: Ask) -> int:
    """End the session. The token of a browser sign-in becomes invalid, an API token does not."""
    loginid = ask.get("loginid")
    leaving = [grant for grant in ask.connection.grants.values() if loginid in (None, grant.owner)]
    for grant in leaving:
        user = ask.world.user(grant.owner)
        user.logins.insert(0, login_row("logout", int(ask.now), _LOOPBACK))
        if grant.app_id is not None:
            ask.world.revoke(grant.value)
    ask.connection.sign_out(loginid)
    return 1


@answers("account_list")
def _account_list(ask: Ask) -> list[dict[str, Any]]:
    return [_row(account) for account in ask.user.accounts]


@answers("balance")
def _balance(ask: Ask) -> Reply:
    wanted = ask.get("account", "current")
    user, own = ask.user, ask.account
    by_app = ask.grant is not None and ask.grant.app_id is not None
    if wanted == "all" and not by_app:
        raise Refusal("PermissionDenied", "Permission denied, balances of all accounts require an OAuth token.")
    account = own if wanted in ("current", "all") else _own(user, wanted)
    if account is not own and not by_app:
        raise Refusal("PermissionDenied", "Permission denied, this token belongs to another account.")
    first = Reply("balance", _one(account))
    if wanted == "all":
        first.payload.update(accounts=_every(user), total=_total(user))

    def changed(event: tuple[Account, Row]) -> Reply | None:
        which = event[0]
        if wanted == "all" and which in user.accounts:
            return Reply("balance", {**_one(which), "total": _total(user)})
        return Reply("balance", _one(which)) if which is account else None

    if ask.get("subscribe"):
        ask.stream("balance", wanted, "ledger", changed, private=True).stamp(first)
    return first


def _own(user: User, loginid: str) -> Account:
    for account in user.accounts:
        if account.loginid == loginid:
            return account
    raise Refusal("PermissionDenied", "Permission denied, this is not an account of yours.")


def _one(account: Account) -> dict[str, Any]:
    balance = account.money(account.ledger.balance)
    return {"balance": balance, "currency": account.currency, "loginid": account.loginid}


def _in_dollars(account: Account) -> float:
    return round(account.money(account.ledger.balance) * rate(account.currency or "USD", "USD"), DIGITS["USD"])


def _every(user: User) -> dict[str, Any]:
    rows: dict[str, Any] = {
        account.loginid: {
            "balance": account.money(account.ledger.balance),
            "converted_amount": _in_dollars(account),
            "currency": account.currency,
            "demo_account": int(account.is_virtual),
            "status": int(not account.disabled),
            "type": "deriv",
        }
        for account in user.accounts
    }
    for row in user.mt5:
        if "login" in row:
            rows[row["login"]] = {
                "balance": row["balance"],
                "converted_amount": row["balance"],
                "currency": row["currency"],
                "demo_account": int(row["account_type"] == "demo"),
                "status": 1,
                "type": "mt5",
            }
    return rows


def _total(user: User) -> dict[str, Any]:
    rows = _every(user).values()
    return {
        name: {
            "amount": round(sum(r["converted_amount"] for r in rows if (r["type"], r["demo_account"]) == which), 2),
            "currency": "USD",
        }
        for name, which in {
            "deriv": ("deriv", 0),
            "deriv_demo": ("deriv", 1),
            "mt5": ("mt5", 0),
            "mt5_demo": ("mt5", 1),
        }.items()
    }
