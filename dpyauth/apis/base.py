"""Types that the APIs share: an account, the way into it, a sign-in, and the adapter of an API."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from dpyauth.errors import SignInRefused

if TYPE_CHECKING:
    from dpyauth.apis.options.dispatcher import HttpDispatcher
    from dpyauth.catalog.calls import Call, Catalog
    from dpyauth.credentials import Credential, Secret
    from dpyauth.errors import ApiError, DpyauthError
    from dpyauth.net.messages import Reply
    from dpyauth.net.rate_limits import RateLimits
    from dpyauth.net.state import Handshake
    from dpyauth.settings import Settings


class Account(NamedTuple):
    """The account a session is signed in to. Holds no personal data beyond the login ID."""

    loginid: str
    currency: str
    demo: bool
    scopes: tuple[str, ...] | None
    """Scopes of the token; None if Deriv did not say."""
    rows: tuple[Mapping[str, Any], ...] = ()
    """One mapping per account of the same user, with v3's names: ``loginid``, ``is_virtual`` and so on."""

    def __repr__(self) -> str:
        return f"Account({self.loginid!r}, {self.currency!r}, demo={self.demo}, scopes={self.scopes})"

    @property
    def kind(self) -> str:
        """``"demo"`` or ``"real"``."""
        return "demo" if self.demo else "real"

    def listed(self, loginid: str | None) -> Mapping[str, Any]:
        """Return what Deriv said of an account of the same user at the sign-in; empty if it said nothing."""
        return next((row for row in self.rows if row.get("loginid") == loginid), {})


class Candidate(NamedTuple):
    """An account that a sign-in could begin with."""

    loginid: str
    demo: bool
    active: bool = True


def by_looks(loginids: Collection[str]) -> list[Candidate]:
    """Return the accounts of a sign-in that has not succeeded yet: only their login IDs tell what kind they are."""
    return [Candidate(loginid, loginid.startswith(("VR", "DOT"))) for loginid in loginids]


def choose(candidates: Sequence[Candidate], *, loginid: str | None, kept: str | None) -> Candidate:
    """Choose the account that a sign-in begins with.

    That is the one named by its login ID; else the one that was remembered, while it is active; else a demo account,
    an active one first. A real account comes in only where there is no other kind: real money is never used unasked.

    Raises
    ------
    SignInRefused
        The account that was named is none of these.
    """
    if loginid is not None:
        named = next((one for one in candidates if one.loginid == loginid), None)
        if named is None:
            raise no_such_account(loginid, [one.loginid for one in candidates])
        return named
    mine = next((one for one in candidates if one.loginid == kept), None)
    if mine is not None and mine.active:
        return mine
    kind = [one for one in candidates if one.demo] or candidates
    return min(kind, key=lambda one: (not one.active, one is not mine))


def said_of(
    chosen: Candidate, candidates: Sequence[Candidate], *, loginid: str | None, kept: str | None, sandbox: bool
) -> str:
    """Return what the user should know of the account that was chosen, if anything; in the sandbox nothing is real."""
    if chosen.loginid == loginid:
        return ""
    lost = ""
    if kept is not None and chosen.loginid != kept:
        there = any(one.loginid == kept for one in candidates)
        lost = f"The remembered account {kept} {'cannot be used now' if there else 'is not there any more'}. "
    if chosen.demo:
        return f"{lost}This is the demo account {chosen.loginid}." if lost else ""
    money, kind = ("At Deriv this would be real money", "sample") if sandbox else ("This is real money", "real")
    if not any(one.demo for one in candidates):
        return f"{lost}{money}: {chosen.loginid} is a {kind} account, and there is no demo account."
    return f"{money}: {chosen.loginid} is the account that was remembered." if chosen.loginid == kept else ""


def no_such_account(loginid: str, there: Collection[str]) -> SignInRefused:
    """Return the error for an account that was named and is none of this sign-in's."""
    return SignInRefused(
        f"This sign-in gives no access to an account {loginid}, only to: {', '.join(there)}. Check the login ID. "
        "(AccountNotFound)",
        call="authorize",
        code="AccountNotFound",
    )


def another_account(expected: str, told: str) -> SignInRefused:
    """Return the error for a connection that Deriv opened to another account than the one that was asked for."""
    return SignInRefused(
        f"Deriv opened the account {told} instead of {expected}. dpyauth closed that connection and changed nothing "
        "there. Sign in again with dpyauth.login(), and check which account it is. (AnotherAccount)",
        call="authorize",
        code="AnotherAccount",
    )


def by_name_only(unusable: str, real: Collection[str]) -> str:
    """Return what to add to the refusal of a demo account, where only real ones are left."""
    return (
        f"{unusable} is the demo account, and dpyauth uses no real money unasked. To use {' or '.join(real)} "
        f'instead, name it: dpyauth.login(loginid="{next(iter(real))}").'
    )


class Endpoint(NamedTuple):
    """The way into one account."""

    address: str | Callable[[], Awaitable[str]]
    """Address to connect to; if an address is good for one connection only, a callable that gets a fresh one."""
    greeting: Handshake | None
    account: Callable[[Reply], Account]
    """Returns the account, from the reply to the greeting."""
    known: Future[Account] | None = None
    """Gets the account, if it is certain before there is a connection."""


class Learned:
    """Scopes that Deriv's answers have shown a token to have, or to lack. Safe to use on any thread."""

    def __init__(self) -> None:
        self._held: dict[str, bool] = {}

    def heard(self, call: Call, held: bool) -> bool:
        """Hear that Deriv answered a call, or refused it to this token; return whether that is news.

        A call for which one of several scopes is enough tells nothing of any of them.
        """
        if len(call.scopes) != 1 or self._held.get(call.scopes[0]) is held:
            return False
        self._held[call.scopes[0]] = held
        return True

    def of(self, scopes: Collection[str]) -> bool | None:
        """Return whether the token has one of these scopes; None where that is not known."""
        known = {self._held.get(scope) for scope in scopes}
        return True if True in known else None if None in known else False


class SignIn(Protocol):
    """A sign-in, with all of its accounts."""

    on_refusal: Callable[[SignInRefused], None]
    """Called on the background thread when Deriv no longer accepts it, if the API can tell beside a connection."""

    learned: Learned
    """Scopes that the token has turned out to have, or to lack."""

    @property
    def credential(self) -> Credential:
        """The credential of the moment."""

    @property
    def grants(self) -> Mapping[str, Credential]:
        """The accounts it gives access to, by login ID."""

    @property
    def dispatcher(self) -> HttpDispatcher | None:
        """Dispatcher of the calls that go over HTTP, if the API has any."""

    @property
    def remark(self) -> str:
        """Remark for the user about the account it began with."""

    @property
    def expires_at(self) -> float | None:
        """End of a sign-in that cannot be renewed, in seconds since 1970; None if there is none that is known."""

    def endpoint(self, loginid: str | None = None) -> Endpoint:
        """Return the way into one account; without a login ID, into the one to begin with."""

    def allow(self, seconds: float) -> None:
        """Take note of how long the sign-in is waited for, so that what is wrong is told within that time."""

    def entered(self, account: Account) -> None:
        """Take note that the first sign-in has succeeded."""

    def end(self, error: DpyauthError) -> None:
        """Begin to close: it is not needed any more. Safe to call twice."""

    def close(self, error: DpyauthError) -> None:
        """Close, and wait for that where the caller is on another thread. Safe to call twice."""


class Api(Protocol):
    """Adapter of one API. Each is a module of this package."""

    CATALOG: Catalog

    @staticmethod
    def sign_in(settings: Settings, grants: Mapping[str, Credential], first: Credential, **options: Any) -> SignIn:
        """Return a sign-in with credentials by login ID (``""``: not known yet), of which one is used first."""

    @staticmethod
    def public(settings: Settings) -> str:
        """Return the address for calls that need no sign-in."""

    @staticmethod
    def error(
        reply: Reply, call: str, secrets: Collection[Secret] = (), *, changes: bool = False, held: bool | None = None
    ) -> ApiError | None:
        """Return the error that a reply amounts to, if it is one."""

    @staticmethod
    def renamed(reply: Reply) -> Reply:
        """Return a reply with its parts named as v3 names them, so that frames need to know one set of names."""

    @staticmethod
    def payload(call: Call, reply: Reply) -> Any:
        """Return the payload of a reply, named as v3 names it; None if there is none."""

    @staticmethod
    def budget() -> RateLimits:
        """Return the rate limits of the API."""


@functools.cache
def named(name: str) -> Api:
    """Return the adapter of the API of this name."""
    return cast("Api", importlib.import_module(f"dpyauth.apis.{name}"))
