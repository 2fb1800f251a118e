"""People of the Options API. All names and numbers, in data/options_people.json, are invented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dpyauth.sandbox import data_files
from dpyauth.sandbox.ledgers import Plan
from dpyauth.sandbox.options.wallet_books import Wallet, wallet
from dpyauth.sandbox.residents import account
from dpyauth.sandbox.users import Account, User

SCOPES: Final = ("trade", "account_manage", "payment", "application_read")
DEMO_UNITS: Final = 1_000_000  # initial balance of a demo account, also after a reset: 10,000.00 USD


@dataclass(slots=True)
class Partner:
    """Partner, who refers clients to Deriv."""

    partner_id: int
    clients: Sequence[str]  # Options accounts of the referred clients


@dataclass(slots=True, eq=False)
class Agent:
    """Payment agent. Not all of them are people of the sandbox."""

    number: int
    name: str
    nickname: str
    countries: Sequence[str]
    wallet: Wallet
    is_listed: bool = True
    is_active: bool = True


@dataclass(slots=True, eq=False)
class Person:
    """User of this API."""

    user: User
    accounts: list[Account]
    migration: str = "not_applicable"  # state of their move from v3
    nickname: str = ""
    wallets: list[Wallet] = field(default_factory=list, repr=False)
    partner: Partner | None = None
    agent: Agent | None = None
    show_real_name: bool = False
    paid_by: set[int] = field(default_factory=set)  # numbers of the payment agents that have paid them
    mails: list[str] = field(default_factory=list, repr=False)

    def wallet(self, kind: str) -> Wallet | None:
        """Return the wallet of a kind, if there is one."""
        return next((wallet for wallet in self.wallets if wallet.kind == kind), None)


def people(users: Iterable[User]) -> list[Person]:
    """Return the users of v3, each at a different stage of the move, and those who are only in this API."""
    by_id = {user.user_id: user for user in users}
    return [_person(by_id, **facts) for facts in data_files.read("options_people")]


def _person(
    users: dict[int, User],
    user_id: int,
    accounts: list[str],
    name: str = "",
    country: str = "",
    v3_accounts: Iterable[str] = (),
    disabled: Iterable[str] = (),
    wallets: Iterable[dict[str, Any]] = (),
    partner: dict[str, Any] | None = None,
    agent: dict[str, Any] | None = None,
    **facts: Any,
) -> Person:
    user = users.get(user_id) or User(user_id, name, country, tuple(map(account, v3_accounts)))
    person = Person(user, [account(loginid, disabled=loginid in disabled) for loginid in accounts], **facts)
    person.wallets = [wallet(user_id, **each) for each in wallets]
    person.partner = Partner(**partner) if partner else None
    person.agent = Agent(**agent, wallet=person.wallets[-1]) if agent else None
    return person


def strangers() -> list[Agent]:
    """Return the payment agents who are not people of the sandbox."""
    return [_stranger(**facts) for facts in data_files.read("agents")]


def _stranger(user_id: int, **facts: Any) -> Agent:
    return Agent(**facts, wallet=wallet(user_id, "payment_agent", ("USD",), 320))


def signed_up(number: int, email: str, now: int) -> Person:
    """Return a person who has just signed up: with a demo account, an empty wallet, and nothing in v3."""
    user = User(user_id=9000200 + number, name="", country="", accounts=(), given_email=email)
    return Person(user, [opened("demo", 200 + number, now)], wallets=[wallet(user.user_id, "main")])


def opened(kind: str, number: int, now: int) -> Account:
    """Return a new account."""
    is_demo = kind == "demo"
    plan = Plan(now, 100, funding=DEMO_UNITS if is_demo else 0)
    return Account(f"{'DOT' if is_demo else 'ROT'}{900000 + number}", "USD", "virtual" if is_demo else "svg", plan)
