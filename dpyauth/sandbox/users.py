"""People of the sandbox, with their accounts and sample tokens."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from dpyauth.sandbox import data_files, ledgers
from dpyauth.sandbox.encoding import Refusal
from dpyauth.sandbox.ledgers import Ledger, Plan

Owner = TypeVar("Owner")
OWN_APP_ID: Final = 16303
SCOPES: Final = ("read", "trade", "trading_information", "payments", "admin")
COMPANIES: Final = {"svg": "Sandbox (SVG) LLC", "virtual": "Sandbox Demo Limited"}
DIGITS: Final[dict[str, int]] = {code: facts["digits"] for code, facts in data_files.read("currencies").items()} | {
    "": 2
}


@dataclass(frozen=True, slots=True)
class SampleToken:
    """Sample token of the sandbox, for anyone to use.

    Parameters
    ----------
    token : str
        Token for the ``authorize`` call, or for after ``Bearer``. It works only in this sandbox.
    label : str
        Description in a few words.
    loginid : str
        Account that it belongs to; for a PAT, which is valid for all accounts of its user, the first one.
    scopes : tuple of str
        Scopes of the token.
    kind : str
        ``api`` for an API token, ``oauth`` for a session token of one app, ``pat`` for a token of the Options API.
    """

    token: str
    label: str
    loginid: str
    scopes: tuple[str, ...]
    kind: str = "api"


@dataclass(slots=True, eq=False)
class Token(Generic[Owner]):
    """Token in the server. A token of v3 is for one account, one of the Options API for all accounts of a person."""

    value: str = field(repr=False)
    owner: Owner  # the login ID of the account, or the person
    scopes: tuple[str, ...]
    name: str = ""
    app_id: int | str | None = None  # the only app that it works with; None for any app
    refusal: Refusal | None = None  # reason why it does not work
    ip: str = ""
    expires: float | None = None

    def expired(self, now: float) -> bool:
        """Return whether it has expired."""
        return self.expires is not None and now >= self.expires


@dataclass(slots=True)
class Account:
    """Account with its ledger."""

    loginid: str
    currency: str
    company: str
    plan: Plan
    linked: Sequence[Mapping[str, str]] = ()
    disabled: bool = False
    _ledger: Ledger | None = None

    @property
    def is_virtual(self) -> bool:
        """Return whether it is a demo account."""
        return self.loginid.startswith(("VR", "DOT"))

    @property
    def digits(self) -> int:
        """Return the decimals of its currency."""
        return DIGITS[self.currency]

    @property
    def ledger(self) -> Ledger:
        """Return its history, which is generated at the first use."""
        if self._ledger is None:
            self._ledger = ledgers.write(self.loginid, self.plan)
        return self._ledger

    @property
    def due(self) -> float:
        """Return the time at which a contract of this account may end."""
        return math.inf if self._ledger is None else self._ledger.due

    def money(self, units: int) -> float:
        """Return an amount in the smallest unit as a JSON number."""
        return round(units / float(10**self.digits), self.digits)


@dataclass(slots=True)
class User:
    """Person with accounts."""

    user_id: int
    name: str
    country: str
    accounts: tuple[Account, ...]
    authentication: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    exclusion: dict[str, Any] = field(default_factory=dict)
    mt5: Sequence[dict[str, Any]] = ()
    logins: list[dict[str, Any]] = field(default_factory=list)
    given_email: str = ""

    @property
    def email(self) -> str:
        """Return the e-mail address from the sign-up, or otherwise one that cannot exist."""
        return self.given_email or (self.name or "Sandbox Newcomer").lower().replace(" ", ".") + "@example.com"


def token_of(sample: SampleToken) -> Token[str]:
    """Return the server's token for a sample token."""
    refusals = {
        "sandbox-rich-disabled": Refusal("AccountDisabled", "Account is disabled."),
        "sandbox-rich-expired": Refusal("InvalidToken", "Your token has expired or is invalid."),
    }
    return Token(
        sample.token,
        sample.loginid,
        scopes=sample.scopes,
        name=sample.label,
        app_id=OWN_APP_ID if sample.kind == "oauth" else None,
        refusal=refusals.get(sample.token),
    )


SAMPLES: Final = tuple(
    SampleToken(**{**facts, "scopes": tuple(facts["scopes"])}) for facts in data_files.read("sample_tokens")["v3"]
)
