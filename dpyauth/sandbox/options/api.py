"""State of the Options API: apps and accounts, tokens, codes, one-time passwords."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import string
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Literal

from dpyauth.sandbox import data_files
from dpyauth.sandbox.limits import Meter, OptionsLimits
from dpyauth.sandbox.options import persons
from dpyauth.sandbox.options.payments import Payments, remember
from dpyauth.sandbox.options.persons import SCOPES, Person
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.registered_apps import problem_with
from dpyauth.sandbox.users import Account, SampleToken, Token
from dpyauth.sandbox.world import World

STATUSES: Final = ("complete", "pending", "failed", "not_applicable", "not_started")
_LETTERS: Final = string.ascii_letters + string.digits
_PAT: Final = re.compile("pat_[0-9a-f]{64}")


@dataclass(slots=True)
class OptionsApp:
    """One registered app."""

    app_id: str
    name: str
    redirect_uri: str
    scopes: tuple[str, ...]
    kind: str  # "oauth" or "pat", the kind of token that it works with
    owner: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Otp:
    """One-time password: the account that it opens, and its expiry."""

    token: Token[Person]
    account: Account
    expires: float


@dataclass(slots=True, eq=False)
class Code:
    """Authorization code: its user and app, and the tokens that it was exchanged for."""

    app_id: str
    redirect_uri: str
    challenge: str
    person: Person
    scopes: tuple[str, ...]
    expires: float
    tokens: list[str] = field(default_factory=list, repr=False)


class Options:
    """Options API of a sandbox. Every attribute may be set at any time.

    Attributes
    ----------
    money : str
        Form of balances, and of the money in wallets and ``proposal_open_contract``: ``"documented"``, as in the
        schemas (numbers, and text), or all of it as ``"text"`` or ``"numbers"``. Reports of the real API differ from
        its schemas.
    links : str
        Form of the links between pages of ``wallet_transactions``: ``"urls"``, ``"relative"`` (addresses without a
        host), ``"cursors"`` (only the cursor), or ``"absent"`` (URLs, but none if there is only one page).
    times : str
        Form of the times of wallet transactions: ``"iso"``, or ``"epoch"`` (seconds, as text).
    agents_end : str
        State of transfers and withdrawals with payment agents: ``"complete"``; or ``"requested"``, ``"pending"``,
        ``"rejected"`` or ``"failed"``, in which no money moves.
    tells_range : bool
        Whether ``markup_statistics`` returns its dates; it is not known whether Deriv does.
    rate_lifetime, cursor_lifetime : float
        Seconds for which a quote of ``wallet_exchange_rate`` and a page cursor are valid; Deriv publishes neither.
    expires_in : int
        Lifetime of a token from a sign-in, in seconds.
    token_type : str
        Type of such a token, as the token endpoint returns it.
    gives_refresh_tokens, rotates : bool
        Whether a sign-in also returns a refresh token, and whether using it replaces it.
    sockets_outlive_tokens : bool
        Whether an open WebSocket keeps working when its token has expired or been revoked, as Deriv documents; if
        not, private calls get ``InvalidToken``.
    otp_lifetime, code_lifetime : float
        Seconds for which a one-time password and an authorization code are valid.
    most_sockets, most_streams : int
        Most open private sockets of a user, and most streams of a socket.
    """

    def __init__(
        self, world: World, clock: Callable[[], float], lifetime: float | None = None, limited: bool = True
    ) -> None:
        self.money: Literal["documented", "text", "numbers"] = "documented"
        self.links: Literal["urls", "relative", "cursors", "absent"] = "urls"
        self.times: Literal["iso", "epoch"] = "iso"
        self.agents_end: Literal["complete", "requested", "pending", "rejected", "failed"] = "complete"
        self.tells_range = False
        self.rate_lifetime = 60.0
        self.cursor_lifetime = 900.0
        self.expires_in = 2_591_999 if lifetime is None else max(1, int(lifetime))
        self.token_type = "bearer"
        self.gives_refresh_tokens = False
        self.rotates = True
        self.sockets_outlive_tokens = True
        self.otp_lifetime = 120.0
        self.code_lifetime = 60.0
        self.most_sockets = 5
        self.most_streams = 100
        self.meter = Meter(OptionsLimits() if limited else None)
        self.clock = clock
        self.world = world
        self.people = persons.people(world.users)
        for person in self.people:
            world.adopt(person.user, *person.user.accounts, *person.accounts)
            self._carry(person)
        self.payments = Payments(self.people)
        self.apps: dict[str, OptionsApp] = {}
        self.issued: dict[str, Token[Person]] = {}
        self._refreshes: dict[str, Token[Person]] = {}
        self._codes: dict[str, Code] = {}
        self._otps: dict[str, Otp] = {}
        self._opened = 0
        self.app_id = self.register("Sandbox PAT", "", SCOPES, "pat", owner=self.people[0].user.user_id).app_id
        for name in ("Partner's charts", "Partner's signals"):
            self.register(name, "https://partner.example.com/back", ("trade",), owner=9000041)
        self.tokens = tuple(self._sample(**sample) for sample in data_files.read("sample_tokens")["options"])

    def __repr__(self) -> str:
        return f"<Options API of a sandbox: {len(self.people)} people, {len(self.apps)} apps>"

    def register(
        self, name: str, redirect_uri: str, scopes: Collection[str], kind: str = "oauth", owner: int | None = None
    ) -> OptionsApp:
        """Add an app; raise ValueError with the reason if it is not valid."""
        if kind not in ("oauth", "pat"):
            raise ValueError("The kind of an app must be 'oauth' or 'pat'.")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise ValueError(f"The scopes must be among {', '.join(SCOPES)}.")
        if kind == "oauth" and not redirect_uri:
            raise ValueError("An OAuth app needs a redirect URL.")
        if wrong := problem_with(redirect_uri, ("trade",)):
            raise ValueError(wrong)
        app_id = "33" + "".join(secrets.choice(_LETTERS) for _ in range(19))
        app = self.apps[app_id] = OptionsApp(app_id, name, redirect_uri, tuple(scopes), kind, owner)
        return app

    def person(self, loginid: str) -> Person:
        """Return the owner of an account of this API or of v3."""
        user = self.world.user(loginid)
        return next(person for person in self.people if person.user is user)

    def move(self, loginid: str, status: str) -> None:
        """Set the stage of the owner's move from v3."""
        if status not in STATUSES:
            raise ValueError(f"The status must be one of {', '.join(STATUSES)}.")
        person = self.person(loginid)
        person.migration = status
        self._carry(person)

    def sign_up(self, email: str) -> Person:
        """Return a new person with a demo account, which exist as long as the sandbox."""
        self._opened += 1
        person = persons.signed_up(self._opened, email, int(self.clock()))
        self.people.append(person)
        self.world.adopt(person.user, *person.accounts)
        return person

    def open_account(self, person: Person, kind: str) -> Account:
        """Return a new account of a person."""
        self._opened += 1
        account = persons.opened(kind, 200 + self._opened, int(self.clock()))
        person.accounts.append(account)
        self.world.adopt(person.user, account)
        return account

    def mails(self, loginid: str) -> list[str]:
        """Return the texts that were sent by e-mail to an account's owner, oldest first.

        The verification code of a withdrawal through a payment agent comes this way.

        Parameters
        ----------
        loginid : str
            Login ID of one of the owner's accounts.
        """
        return list(self.person(loginid).mails)

    def grow_wallet(self, loginid: str, wallet_type: str, transactions: int, currency: str = "") -> None:
        """Add made-up transactions to a wallet of an account's owner, between its latest one and now.

        Parameters
        ----------
        loginid : str
            One of the owner's accounts.
        wallet_type : {"main", "p2p", "partner", "payment_agent"}
            The wallet.
        transactions : int
            Number of transactions to add.
        currency : str, optional
            Currency of all of them, which may be new in the wallet; by default, the currencies of the wallet.

        Raises
        ------
        ValueError
            There is no such wallet, or it is empty and no currency is passed.
        """
        wallet = self.person(loginid).wallet(wallet_type)
        if wallet is None:
            raise ValueError(f"The owner of {loginid} has no wallet of the type {wallet_type}.")
        if not (currency or wallet.currencies):
            raise ValueError("This wallet has no currency yet: pass one.")
        latest = wallet.entries[-1].when if wallet.entries else wallet.opened
        wallet.live(transactions, latest, max(latest, self.clock()), currency)

    def let_in(self, value: str, app_id: str) -> Token[Person]:
        """Return a token, if the app may use it; otherwise raise the reason."""
        is_pat = value.startswith("pat_")
        if not (_PAT.fullmatch(value) if is_pat else value.startswith("ory_at_")):
            raise Problem(401, "Unauthorized", "Invalid token format")
        if is_pat and not app_id:
            raise Problem(401, "Unauthorized", "Deriv-App-ID header is required for PAT tokens")
        app = self.apps.get(app_id)
        if app_id and app is None:
            raise Problem(401, "Unauthorized", "Invalid application")
        token = self.issued.get(value)
        if token is None or token.expired(self.clock()):
            raise Problem(401, "Unauthorized", "Invalid or expired token")
        if app is not None and (app.kind == "pat") != is_pat:
            # Deriv is known to answer 401; the text is the sandbox's own.
            raise Problem(401, "Unauthorized", "This type of token does not work with this type of application")
        if app is not None and token.app_id not in (None, app.app_id):
            raise Problem(401, "Unauthorized", "Invalid application")
        return token

    def works(self, token: Token[Person]) -> bool:
        """Return whether a token is still valid."""
        return token.value in self.issued and not token.expired(self.clock())

    def expire(self, value: str) -> bool:
        """Let a token expire; return whether it belongs to this API."""
        token = self.issued.get(value)
        if token is not None:
            token.expires = self.clock()
        return token is not None

    def revoke(self, token: str) -> bool:
        """Make an access or refresh token invalid; return whether it belongs to this API."""
        return bool(self.issued.pop(token, None)) | bool(self._refreshes.pop(token, None))

    def one_time_password(self, token: Token[Person], account: Account) -> str:
        """Return a one-time password for a WebSocket of an account."""
        password = secrets.token_urlsafe(24)
        remember(self._otps, password, Otp(token, account, self.clock() + self.otp_lifetime))
        return password

    def redeem(self, password: str, kind: str) -> Otp | None:
        """Return the one-time password's target at its first use; None if it is not valid."""
        otp = self._otps.pop(password, None)
        if otp is None or self.clock() >= otp.expires or otp.account.is_virtual != (kind == "demo"):
            return None
        return otp if self.works(otp.token) else None

    def authorize(self, app: OptionsApp, person: Person, scopes: tuple[str, ...], challenge: str) -> str:
        """Return an authorization code."""
        code = f"ory_ac_{secrets.token_urlsafe(32)}"
        until = self.clock() + self.code_lifetime
        remember(self._codes, code, Code(app.app_id, app.redirect_uri, challenge, person, scopes, until))
        return code

    def exchange(self, code: str, app_id: str, redirect_uri: str, verifier: str) -> tuple[Token[Person], str]:
        """Return access token and refresh token (or empty) for a code; raise KeyError with the reason otherwise."""
        known = self._codes.get(code)
        if known is None or known.app_id != app_id:
            raise KeyError("The authorization code is unknown.")
        if known.tokens:  # used twice, so it may have been stolen: revoke its tokens, as RFC 6749 recommends
            for value in known.tokens:
                self.revoke(value)
            raise KeyError("The authorization code has been used.")
        if self.clock() >= known.expires:
            raise KeyError("The authorization code has expired.")
        if known.redirect_uri != redirect_uri:
            raise KeyError("The redirect_uri is not the one the code was given to.")
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if not secrets.compare_digest(digest, known.challenge):
            raise KeyError("The code_verifier does not match the code_challenge.")
        token, refresh = self.issue(known.app_id, known.person, known.scopes)
        known.tokens += [token.value, refresh]
        return token, refresh

    def refresh(self, token: str, app_id: str) -> tuple[Token[Person], str]:
        """Return new tokens for a refresh token; the second is empty if the old one stays valid."""
        known = self._refreshes.get(token)
        if known is None or known.app_id != app_id:
            raise KeyError("The refresh token is unknown or has been used.")
        if self.rotates:
            del self._refreshes[token]
        return self.issue(app_id, known.owner, known.scopes, refreshable=self.rotates)

    def issue(
        self, app_id: str, person: Person, scopes: tuple[str, ...], refreshable: bool = True
    ) -> tuple[Token[Person], str]:
        """Return a new access token and a refresh token, which is empty if there is none."""
        value, refresh = f"ory_at_{secrets.token_urlsafe(32)}", ""
        token = self.issued[value] = Token(value, person, scopes, app_id=app_id, expires=self.clock() + self.expires_in)
        if refreshable and self.gives_refresh_tokens:
            refresh = f"ory_rt_{secrets.token_urlsafe(32)}"
            self._refreshes[refresh] = token
        return token, refresh

    def _sample(self, label: str, user_id: int, scopes: list[str]) -> SampleToken:
        """Return a sample PAT, which differs between sandboxes."""
        value = f"pat_{secrets.token_hex(32)}"
        person = next(person for person in self.people if person.user.user_id == user_id)
        self.issued[value] = Token(value, person, tuple(scopes), expires=0.0 if "expired" in label else None)
        return SampleToken(value, label, person.accounts[0].loginid if person.accounts else "", tuple(scopes), "pat")

    def _carry(self, person: Person) -> None:
        """Update in v3 whether it still serves a person."""
        if person.migration == "complete":
            self.world.moved.add(person.user.user_id)
        else:
            self.world.moved.discard(person.user.user_id)
