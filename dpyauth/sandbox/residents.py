"""Users of the sandbox. All names, addresses and documents, in data/users.json, are invented.

- *rich* has three accounts with years of history, is fully verified, and has two documents that expire soon.
- *trouble* has a locked cashier, rejected documents, a ban, and an undocumented status.
- *new* has an empty demo account that was opened just before the history ends.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dpyauth.sandbox import data_files
from dpyauth.sandbox.ledgers import END, Plan
from dpyauth.sandbox.users import Account, User


def users() -> list[User]:
    """Return the initial users of a sandbox: rich, trouble and new."""
    return [_user(**facts) for facts in data_files.read("users")]


def signed_up(number: int, email: str, now: int) -> User:
    """Return a user who has just opened a demo account."""
    loginid = f"VRTC{900100 + number}"
    return User(
        user_id=9000100 + number,
        name="",
        country="",
        accounts=(Account(loginid, "USD", "virtual", Plan(now, 100, funding=1_000_000)),),
        status={"status": [], "risk_classification": "low"},
        given_email=email,
    )


@functools.cache
def plans() -> dict[str, Plan]:
    """Return the size of the history of each account of both APIs, by login ID; the same objects every time."""
    return {
        loginid: Plan(**{**facts, "cash": tuple(map(tuple, facts.get("cash", ())))})
        for loginid, facts in data_files.read("plans").items()
    }


def account(loginid: str, currency: str = "USD", **facts: Any) -> Account:
    """Return an account with its history, which is the same in every sandbox."""
    facts.setdefault("company", "virtual" if loginid.startswith(("VR", "DOT")) else "svg")
    return Account(loginid, currency, plan=plans()[loginid], **facts)


def _user(accounts: list[dict[str, Any]], logins: Mapping[str, Any] | None = None, **facts: Any) -> User:
    return User(
        accounts=tuple(account(**each) for each in accounts), logins=_logins(**logins) if logins else [], **facts
    )


def _logins(count: int, network: str, country: str, failures: int = 0) -> list[dict[str, Any]]:
    """Return made-up rows of the login history, newest first; the oldest ones are failures."""
    rows = []
    for n in range(count):
        action, when = "logout" if n % 4 == 3 else "login", END - 3600 * (7 + 31 * n)
        rows.append(login_row(action, when, f"{network}{10 + n % 5}", n < count - failures, country))
    return rows


def login_row(action: str, when: int, ip: str, ok: bool = True, country: str = "id") -> dict[str, Any]:
    """Return a row of the login history."""
    device = {"browser": "firefox", "version": "143.0", "os": "linux", "device": "desktop"}
    stamp = datetime.fromtimestamp(when, UTC)
    return {
        "action": action,
        **device,
        "country": country,
        "datetime": stamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "environment": f"{stamp:%Y-%m-%d %H:%M:%S}GMT IP={ip} IP_COUNTRY={country} User_AGENT=Sandbox LANG=EN",
        "ip": ip,
        "language": "EN",
        "status": int(ok),
        "time": when,
    }
