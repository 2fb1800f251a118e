"""Types that the APIs share: an account, its endpoint, a sign-in, and the adapter of an API."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from dpyauth.errors import SignInRefused
from dpyauth.texts import Either
from dpyauth.texts.said import Said, joined, said

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
    """Account that a session is signed in to. It holds no personal data beyond the login ID."""

    loginid: str
    currency: str
    demo: bool
    scopes: tuple[str, ...] | None
    """Scopes of the token; None if Deriv did not state them."""
    rows: tuple[Mapping[str, Any], ...] = ()
    """One mapping per account of the same user, with v3's names: ``loginid``, ``is_virtual`` and so on."""

    def __repr__(self) -> str:
        return f"Account({self.loginid!r}, {self.currency!r}, demo={self.demo}, scopes={self.scopes})"

    @property
    def kind(self) -> str:
        """``"demo"`` or ``"real"``."""
        return "demo" if self.demo else "real"

    def listed(self, loginid: str | None) -> Mapping[str, Any]:
        """Return the row that Deriv sent at the sign-in for an account of the same user; empty if it sent none."""
        return next((row for row in self.rows if row.get("loginid") == loginid), {})


class Candidate(NamedTuple):
    """Account that a sign-in could begin with."""

    loginid: str
    demo: bool
    active: bool = True


def by_looks(loginids: Collection[str]) -> list[Candidate]:
    """Return the accounts of a sign-in that has not succeeded yet, with their kinds as the login IDs show them."""
    return [Candidate(loginid, loginid.startswith(("VR", "DOT"))) for loginid in loginids]


def choose(candidates: Sequence[Candidate], *, loginid: str | None, kept: str | None) -> Candidate:
    """Choose the account that a sign-in begins with.

    That is the account named by its login ID; otherwise the remembered one, if it is active; otherwise a demo account,
    preferably an active one. A real account is chosen only if there is no demo account, so that real money is never
    used without being asked for.

    Raises
    ------
    SignInRefused
        The named account does not belong to this sign-in.
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
    """Return what the user should know about the chosen account; empty if there is nothing to say."""
    if chosen.loginid == loginid:
        return ""
    lost: Said | None = None
    if kept is not None and chosen.loginid != kept:
        there = any(one.loginid == kept for one in candidates)
        lost = said("remembered_unusable" if there else "remembered_gone", loginid=kept)
    mine = chosen.loginid
    if chosen.demo:
        return joined(lost, said("began_with_demo", loginid=mine)) if lost else ""
    if not any(one.demo for one in candidates):
        begun = said("began_with_sample" if sandbox else "began_with_real", loginid=mine)
        return joined(lost, begun) if lost else begun
    return said("remembered_sample" if sandbox else "remembered_real", loginid=mine) if mine == kept else ""


def no_such_account(loginid: str, there: Collection[str]) -> SignInRefused:
    """Return the error for a named account that does not belong to this sign-in."""
    return SignInRefused(
        said("no_such_account", loginid=loginid, accounts=[*there]),
        call="authorize",
        code="AccountNotFound",
    )


def another_account(expected: str, told: str) -> SignInRefused:
    """Return the error for a connection that Deriv opened to a different account than the requested one."""
    return SignInRefused(
        said("another_account", opened=told, expected=expected),
        call="authorize",
        code="AnotherAccount",
    )


def by_name_only(unusable: str, real: Collection[str]) -> Said:
    """Return the note for the refusal of a demo account if only real accounts are left."""
    code = f'dpyauth.login(loginid="{next(iter(real))}")'
    return said("only_real_left", loginid=unusable, accounts=Either(real), code=code)


class Endpoint(NamedTuple):
    """Address and handshake for one account."""

    address: str | Callable[[], Awaitable[str]]
    """Address to connect to; if an address works for one connection only, a function that gets a new one."""
    greeting: Handshake | None
    account: Callable[[Reply], Account]
    """Function that returns the account, given the reply to the handshake."""
    known: Future[Account] | None = None
    """Future for the account, if it is certain before there is a connection."""


class Learned:
    """Scopes that a token has or lacks, as Deriv's replies have shown. Safe to use on any thread."""

    def __init__(self) -> None:
        self._held: dict[str, bool] = {}

    def heard(self, call: Call, held: bool) -> bool:
        """Take note that Deriv accepted a call with this token, or refused it; return whether that is new.

        A call for which one of several scopes is enough says nothing about any of them.
        """
        if len(call.scopes) != 1 or self._held.get(call.scopes[0]) is held:
            return False
        self._held[call.scopes[0]] = held
        return True

    def of(self, scopes: Collection[str]) -> bool | None:
        """Return whether the token has one of these scopes; None if that is not known."""
        known = {self._held.get(scope) for scope in scopes}
        return True if True in known else None if None in known else False


class SignIn(Protocol):
    """Sign-in with all of its accounts."""

    on_refusal: Callable[[SignInRefused], None]
    """Called on the background thread when Deriv no longer accepts it, if a call outside of a connection shows that."""

    learned: Learned
    """Scopes that the token has turned out to have, or to lack."""

    @property
    def credential(self) -> Credential:
        """Current credential."""

    @property
    def grants(self) -> Mapping[str, Credential]:
        """Credentials of its accounts, by login ID."""

    @property
    def dispatcher(self) -> HttpDispatcher | None:
        """Dispatcher of the calls over HTTP, if the API has any."""

    @property
    def remark(self) -> str:
        """Remark for the user about the account it began with."""

    @property
    def expires_at(self) -> float | None:
        """Expiry of a sign-in that cannot be renewed, in seconds since 1970; None if it is not known."""

    def endpoint(self, loginid: str | None = None) -> Endpoint:
        """Return the endpoint of one account; without a login ID, of the account to begin with."""

    def allow(self, seconds: float) -> None:
        """Take note of the time limit for the sign-in, so that errors are reported within that time."""

    def entered(self, account: Account) -> None:
        """Take note that the first sign-in has succeeded."""

    def end(self, error: DpyauthError) -> None:
        """Start to close, because it is no longer needed. Safe to call twice."""

    def close(self, error: DpyauthError) -> None:
        """Close, and wait for it unless the caller is on the background thread. Safe to call twice."""


class Api(Protocol):
    """Adapter of one API. Each adapter is a module of this package."""

    CATALOG: Catalog

    @staticmethod
    def sign_in(settings: Settings, grants: Mapping[str, Credential], first: Credential, **options: Any) -> SignIn:
        """Return a sign-in with credentials by login ID (``""`` if not known yet), which begins with ``first``."""

    @staticmethod
    def public(settings: Settings) -> str:
        """Return the address for calls that need no sign-in."""

    @staticmethod
    def error(
        reply: Reply, call: str, secrets: Collection[Secret] = (), *, changes: bool = False, held: bool | None = None
    ) -> ApiError | None:
        """Return the error in a reply; None if there is none."""

    @staticmethod
    def renamed(reply: Reply) -> Reply:
        """Return a reply with v3's names for its fields, so that frames need to know only one set of names."""

    @staticmethod
    def payload(call: Call, reply: Reply) -> Any:
        """Return the payload of a reply, with v3's names; None if there is none."""

    @staticmethod
    def budget() -> RateLimits:
        """Return the rate limits of the API."""


@functools.cache
def named(name: str) -> Api:
    """Return the adapter of the API of this name."""
    return cast("Api", importlib.import_module(f"dpyauth.apis.{name}"))
