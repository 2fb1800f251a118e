"""Deriv's v3 API as `dpyauth.apis.base.Api` wants it: how a socket becomes authorised, and what its errors mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dpyauth.apis.base import Account, Endpoint, Learned, another_account, by_looks, choose, no_such_account, said_of
from dpyauth.apis.error_meanings import KINDS, Kind
from dpyauth.apis.error_replies import api_error
from dpyauth.apis.retiring import way_on
from dpyauth.catalog.calls import Call, load
from dpyauth.credentials import Credential, Secret
from dpyauth.errors import ApiError, BadReply, DpyauthError, SignInRefused
from dpyauth.net.messages import Reply, error_code, flag
from dpyauth.net.rate_limits import RateLimits
from dpyauth.net.state import Handshake
from dpyauth.registry import APIS

if TYPE_CHECKING:
    from dpyauth.apis.options.dispatcher import HttpDispatcher
    from dpyauth.settings import Settings

CATALOG = load("v3")
FACTS = APIS["v3"]

_REFUSALS = {
    "InvalidToken": "Deriv does not accept this API token: it is mistyped, deleted, expired, limited to another "
    f"internet address, or it belongs to another app ID. Create a new one ({FACTS.pages.tokens}). If Deriv has "
    f"moved you to its current API, no token of v3 works any more. {way_on()}",
    "AccountDisabled": "Deriv has disabled this account. Only Deriv's support can change that",
    "DisabledClient": "Deriv has disabled this account. Only Deriv's support can change that",
    "SelfExclusion": "This account is excluded at its owner's own request, so Deriv lets nobody sign in until the "
    "exclusion ends",
    "AuthorizationRequired": f"Deriv does not sign in with this API token. Create a new one ({FACTS.pages.tokens})",
}
"""Codes by which Deriv refuses the token, the account or the app ID; no other code ends a sign-in that stood."""


class V3SignIn:
    """A sign-in to v3: a token for each account.

    Parameters
    ----------
    settings : Settings
        Which Deriv, and the app ID.
    grants : mapping of str to Credential
        The credentials by login ID; under ``""``, one whose account is not known yet.
    first : Credential
        The one to begin with.
    loginid : str, optional
        The account to begin with instead, and no other.
    kept : str, optional
        The account that was remembered.
    """

    dispatcher: HttpDispatcher | None = None
    expires_at: float | None = None
    on_refusal: Callable[[SignInRefused], None] = staticmethod(lambda refusal: None)

    def __init__(
        self,
        settings: Settings,
        grants: Mapping[str, Credential],
        first: Credential,
        *,
        loginid: str | None = None,
        kept: str | None = None,
    ) -> None:
        self.learned = Learned()
        self._settings = settings
        self._named = loginid
        self.grants = grants
        self.remark = ""
        self._first: str | None = None
        if "" not in grants:
            there = by_looks(grants)
            if loginid is not None:
                first = grants[choose(there, loginid=loginid, kept=kept).loginid]
            begun = next((one for one in there if grants[one.loginid] is first), None)
            self._first = begun.loginid if begun else None
            if begun and len(there) > 1:
                self.remark = said_of(begun, there, loginid=loginid, kept=kept, sandbox=settings.loopback)
        self.credential = first

    def endpoint(self, loginid: str | None = None) -> Endpoint:
        """Return the way into one account: its token."""
        where = self._settings
        if loginid is None:
            return Endpoint(public(where), greeting(self.credential, self._named, self._first, where.app_id), account)
        return Endpoint(public(where), greeting(self.grants[loginid], None, loginid, where.app_id), account)

    def allow(self, seconds: float) -> None:
        """Do nothing: a first connection is tried once, however long the sign-in is waited for."""

    def entered(self, account: Account) -> None:
        """Take note that a sign-in has succeeded."""
        if "" in self.grants:
            self.grants = {account.loginid: self.credential}

    def end(self, error: DpyauthError) -> None:
        """Do nothing: only sockets are open."""

    def close(self, error: DpyauthError) -> None:
        """Do nothing: only sockets are open."""


def sign_in(settings: Settings, grants: Mapping[str, Credential], first: Credential, **options: Any) -> V3SignIn:
    """Return a sign-in with credentials by login ID (``""``: not known yet), of which one is used first."""
    return V3SignIn(settings, grants, first, **options)


def public(settings: Settings) -> str:
    """Return the address for calls that need no sign-in, and for all others too. It holds no secret."""
    return f"{settings.server}?{urlencode({'app_id': settings.app_id, 'l': settings.language})}"


def renamed(reply: Reply) -> Reply:
    """Return a reply as it is: its parts are named as v3 names them."""
    return reply


def payload(call: Call, reply: Reply) -> Any:
    """Return the payload of a reply."""
    return reply.get(call.name)


def budget() -> RateLimits:
    """Return the rate limits of v3."""
    return RateLimits()


def greeting(
    credential: Credential, loginid: str | None = None, known: str | None = None, app_id: str | None = None
) -> Handshake:
    """Return how a v3 socket becomes authorised: the ``authorize`` call.

    ``loginid`` is the account that the user has named, ``known`` the one that the token is known to be of. A token of
    another account is refused; so is one that is of another account than when it was signed in with before.
    """
    known = loginid or known
    stood = False

    def check(reply: Reply) -> tuple[DpyauthError, bool] | None:
        nonlocal known, stood
        refusal = _judge(reply, [credential.token], app_id)
        if refusal is not None:
            return refusal
        theirs = account(reply).loginid
        if not theirs:
            return _unreadable(), True
        if known and theirs.upper() != known.upper():
            named = loginid is not None and not stood
            return (no_such_account(known, [theirs]) if named else another_account(known, theirs)), False
        known, stood = known or theirs, True
        return None

    return Handshake("authorize", fields=lambda: {"authorize": credential.token.reveal()}, check=check)


def account(reply: Reply) -> Account:
    """Return the account in the reply to ``authorize``. Every field may be missing."""
    payload = reply.get("authorize")
    payload = payload if isinstance(payload, dict) else {}
    loginid = payload.get("loginid")
    scopes = payload.get("scopes")
    rows = payload.get("account_list")
    return Account(
        loginid=loginid if isinstance(loginid, str) else "",
        currency=str(payload.get("currency") or ""),
        demo=bool(flag(payload.get("is_virtual"))),
        scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else None,
        rows=tuple(row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else (),
    )


def error(
    reply: Reply, call: str, secrets: Collection[Secret] = (), *, changes: bool = False, held: bool | None = None
) -> ApiError | None:
    """Return the error that a reply amounts to, if it is one; see `dpyauth.apis.base.Api.error`."""
    return api_error(reply, call, secrets, _KINDS, CATALOG, changes=changes, held=held)


_KINDS: Mapping[str, Kind] = {
    **KINDS,
    "InvalidAppID": (SignInRefused, f"Deriv does not know the app ID of this session. {FACTS.check_app_id(None)}"),
    "InvalidToken": (
        ApiError,
        "If other calls still work, you are signed in: run the cell again. Else sign in again with dpyauth.login()",
    ),
    "UnrecognisedRequest": (ApiError, "Deriv may have withdrawn this call from v3"),
}


def _judge(reply: Reply, secrets: Collection[Secret], app_id: str | None = None) -> tuple[DpyauthError, bool] | None:
    """Return the error that the reply to ``authorize`` amounts to, if any, and whether it may pass.

    What does not say that Deriv refuses the token may pass. A token that is none of this API is refused by its looks:
    that ends the first sign-in, and later says nothing, as Deriv has taken the same token before.
    """
    code = error_code(reply)
    if code is None:
        return None if isinstance(reply.get("authorize"), dict) else (_unreadable(), True)
    general = error(reply, "authorize", secrets)
    assert general is not None
    text = _REFUSALS.get(code)
    if code == "InvalidAppID":
        which = f"the app ID {app_id}" if app_id else "the app ID of this session"
        text = f"Deriv does not know {which} on this API. {FACTS.check_app_id(app_id)}"
    in_shape = isinstance(reply["error"], dict)  # any other is not Deriv's own, whatever it says
    if not in_shape or (text is None and code != "InputValidationFailed"):
        return general, True
    # The server's own words are left out where ours say more: they may repeat what was sent.
    text, passing = text or str(general).rstrip("."), text is None
    refused = SignInRefused(
        f"{text}. ({code})", call="authorize", code=code, subcode=general.subcode, details=general.details
    )
    return refused, passing


def _unreadable() -> BadReply:
    return BadReply("Deriv answered the sign-in with something unreadable. Try again.", call="authorize")
