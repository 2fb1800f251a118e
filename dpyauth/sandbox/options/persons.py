"""Who has Options accounts in the sandbox. Every name and number here is invented."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from dpyauth.sandbox.ledgers import DAY, END, Plan
from dpyauth.sandbox.options.wallet_books import Wallet, wallet
from dpyauth.sandbox.users import Account, User

SCOPES: Final = ("trade", "account_manage", "payment", "application_read")
SAMPLES: Final = (  # tokens: what they are good for, whose they are, and what they may do
    ("rich, every scope", 9000001, SCOPES),
    ("rich, trading only", 9000001, ("trade",)),
    ("rich, account management only", 9000001, ("account_manage",)),
    ("trouble, the real account inactive", 9000011, ("trade", "account_manage")),
    ("new, no account yet", 9000021, ("trade", "account_manage", "payment")),
    ("moved, v3 refuses them", 9000031, SCOPES),
    ("partner, with clients and apps", 9000041, SCOPES),
    ("agent, pays clients in and out", 9000051, SCOPES),
    ("refused: token expired", 9000001, ("trade",)),
)
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
    "ROT900041": Plan(_OPENED, 100, 40, 0, 100_000),
    "DOT900042": Plan(_OPENED, 100, 10, 0, DEMO_UNITS),
    "ROT900051": Plan(_OPENED, 100, 0, 0, 20_000),
    "DOT900052": Plan(_OPENED, 100, 10, 0, DEMO_UNITS),
}


@dataclass(slots=True)
class Partner:
    """What somebody has who brings clients to Deriv."""

    partner_id: int
    clients: tuple[str, ...]  # Options accounts of those they brought


@dataclass(slots=True, eq=False)
class Agent:
    """A payment agent; not all of them are people of the sandbox."""

    number: int
    name: str
    nickname: str
    countries: tuple[str, ...]
    wallet: Wallet
    is_listed: bool = True
    is_active: bool = True


@dataclass(slots=True, eq=False)
class Person:
    """Somebody as this API knows them."""

    user: User
    accounts: list[Account]
    migration: str = "not_applicable"  # how far their move from v3 has come
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


def residents(users: Iterable[User]) -> list[Person]:
    """The people of v3 (rich, trouble, newcomer), each at another stage of the move, and those of this API alone."""
    rich, trouble, newcomer = users
    return [
        Person(
            rich,
            [_account("ROT900001"), _account("DOT900003")],
            "pending",
            "sandbox_rich",
            [wallet(rich.user_id, "main", ("USD", "EUR", "BTC"), 2_600), wallet(rich.user_id, "p2p", ("USD",), 140)],
        ),
        Person(
            trouble,
            [_account("ROT900011", disabled=True), _account("DOT900012")],
            "failed",
            "sandbox_trouble",
            [wallet(trouble.user_id, "main", ("USD",), 12)],
        ),
        Person(newcomer, []),
        Person(
            _user(9000031, "Sandbox Moved", "ke", _account("CR900031")),  # v3 keeps the history, and takes no token
            [_account("ROT900031"), _account("DOT900032")],
            "complete",
            "sandbox_moved",
            [wallet(9000031, "main", ("USD",), 30, END - 60 * DAY)],
        ),
        Person(
            _user(9000041, "Sandbox Partner", "br"),
            [_account("ROT900041"), _account("DOT900042")],
            nickname="sandbox_partner",
            wallets=[wallet(9000041, "main", ("USD",), 25), wallet(9000041, "partner", ("USD",), 150)],
            partner=Partner(7_041, ("ROT900001", "ROT900031")),
        ),
        _paying(
            Person(
                _user(9000051, "Sandbox Agent", "id"),
                [_account("ROT900051"), _account("DOT900052")],
                nickname="sandbox_agent",
            )
        ),
    ]


def strangers() -> list[Agent]:
    """Payment agents whom nobody can be."""
    return [
        Agent(41, "Sandbox Agent One", "sandbox_one", ("id", "ke"), _till(9_000_061)),
        Agent(42, "Sandbox Agent Two", "sandbox_two", ("br",), _till(9_000_062)),
        Agent(44, "Sandbox Agent Unlisted", "sandbox_unlisted", ("id",), _till(9_000_064), is_listed=False),
        Agent(45, "Sandbox Agent Away", "sandbox_away", ("id",), _till(9_000_065), is_listed=False, is_active=False),
    ]


def signed_up(number: int, email: str, now: int) -> Person:
    """Somebody who has just signed up: one demo account, an empty wallet, and nothing at v3."""
    user = User(user_id=9000200 + number, name="", country="", accounts=(), given_email=email)
    return Person(user, [opened("demo", 200 + number, now)], wallets=[wallet(user.user_id, "main")])


def opened(kind: str, number: int, now: int) -> Account:
    """A new account."""
    is_demo = kind == "demo"
    plan = Plan(now, 100, funding=DEMO_UNITS if is_demo else 0)
    return Account(f"{'DOT' if is_demo else 'ROT'}{900000 + number}", "USD", "virtual" if is_demo else "svg", plan)


def _account(loginid: str, disabled: bool = False) -> Account:
    company = "virtual" if loginid.startswith("DOT") else "svg"
    return Account(loginid, "USD", company, _PLANS[loginid], disabled=disabled)


def _user(user_id: int, name: str, country: str, *accounts: Account) -> User:
    return User(user_id=user_id, name=name, country=country, accounts=accounts)


def _till(user_id: int) -> Wallet:
    return wallet(user_id, "payment_agent", ("USD",), 320)


def _paying(person: Person) -> Person:
    """Make a person a payment agent."""
    user = person.user
    person.wallets = [wallet(user.user_id, "main", ("USD",), 40), _till(user.user_id)]
    person.agent = Agent(43, user.name, person.nickname, ("id", "ke"), person.wallets[1])
    return person
