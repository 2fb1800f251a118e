"""Who has Options accounts in the sandbox. Every name and number here is invented."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from dpyauth.sandbox.history import DAY, END, Plan
from dpyauth.sandbox.users import Account, User

DEMO_UNITS: Final = 1_000_000  # what a demo account begins with and is reset to: 10,000.00 USD
_OPENED: Final = END - 240 * DAY
_CASH: Final[tuple[tuple[str, int, dict[str, Any]], ...]] = (("deposit", 250, {}), ("withdrawal", -400, {}))
_PLANS: Final = {
    "ROT900001": Plan(_OPENED, 100, 700, 4, DEMO_UNITS, _CASH),
    "DOT900003": Plan(_OPENED, 100, 60, 2, DEMO_UNITS),
    "ROT900011": Plan(_OPENED, 100, 0, 0, 50_000),
    "DOT900012": Plan(_OPENED, 100, 20, 1, DEMO_UNITS),
    "CR900031": Plan(END - 660 * DAY, 100, 300, 0, 300_000),
    "ROT900031": Plan(END - 60 * DAY, 100, 90, 3, 300_000),
    "DOT900032": Plan(END - 60 * DAY, 100, funding=DEMO_UNITS),
}


@dataclass(slots=True, eq=False)
class Person:
    """Somebody as this API knows them."""

    user: User
    accounts: list[Account]
    migration: str = "not_applicable"  # how far their move from v3 has come
    nickname: str = ""


def residents(users: Iterable[User]) -> list[Person]:
    """The people of v3 (rich, trouble, newcomer), each at another stage of the move, and one who has moved."""
    rich, trouble, newcomer = users
    return [
        Person(rich, [_account("ROT900001"), _account("DOT900003")], "pending", "sandbox_rich"),
        Person(trouble, [_account("ROT900011", disabled=True), _account("DOT900012")], "failed", "sandbox_trouble"),
        Person(newcomer, []),
        Person(_moved(), [_account("ROT900031"), _account("DOT900032")], "complete", "sandbox_moved"),
    ]


def signed_up(number: int, email: str, now: int) -> Person:
    """Somebody who has just signed up: one demo account, and none at v3."""
    user = User(user_id=9000200 + number, name="", country="", accounts=(), given_email=email)
    return Person(user, [opened("demo", 200 + number, now)])


def opened(kind: str, number: int, now: int) -> Account:
    """A new account."""
    is_demo = kind == "demo"
    plan = Plan(now, 100, funding=DEMO_UNITS if is_demo else 0)
    return Account(f"{'DOT' if is_demo else 'ROT'}{900000 + number}", "USD", "virtual" if is_demo else "svg", plan)


def _account(loginid: str, disabled: bool = False) -> Account:
    company = "virtual" if loginid.startswith("DOT") else "svg"
    return Account(loginid, "USD", company, _PLANS[loginid], disabled=disabled)


def _moved() -> User:
    """Moved from v3, where the history stays and no token works any more."""
    return User(user_id=9000031, name="Sandbox Moved", country="ke", accounts=(_account("CR900031"),))
