"""The users of the sandbox. Every name, address and document of theirs, in data/users.json, is invented.

- *rich* has three accounts, years of history, all verified, and two things that soon expire.
- *trouble* has a locked cashier, rejected documents, a ban, and a flag that is documented nowhere.
- *new* has a demo account opened a moment before the history ends, with nothing in it.
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
    """Return the users that every sandbox begins with: rich, trouble and new."""
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
    """Return how much history accounts of either API have, by login ID; the same plans every time."""
    return {
        loginid: Plan(**{**facts, "cash": tuple(map(tuple, facts.get("cash", ())))})
        for loginid, facts in data_files.read("plans").items()
    }


def account(loginid: str, currency: str = "USD", **facts: Any) -> Account:
    """Return an account with the history that it has in every sandbox."""
    facts.setdefault("company", "virtual" if loginid.startswith(("VR", "DOT")) else "svg")
    return Account(loginid, currency, plan=plans()[loginid], **facts)


def _user(accounts: list[dict[str, Any]], logins: Mapping[str, Any] | None = None, **facts: Any) -> User:
    return User(
        accounts=tuple(account(**each) for each in accounts), logins=_logins(**logins) if logins else [], **facts
    )


def _logins(count: int, network: str, country: str, failures: int = 0) -> list[dict[str, Any]]:
    """Return made-up rows of the login history, newest first; the oldest are the failures."""
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
