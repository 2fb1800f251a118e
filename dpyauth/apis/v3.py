"""Adapter of Deriv's v3 API (`dpyauth.apis.base.Api`): how a socket is signed in, and what its errors mean."""

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
from dpyauth.texts.said import joined, said

if TYPE_CHECKING:
    from dpyauth.apis.options.dispatcher import HttpDispatcher
    from dpyauth.settings import Settings

CATALOG = load("v3")
FACTS = APIS["v3"]

_REFUSALS = {
    "InvalidToken": "token_refused_v3",
    "AccountDisabled": "account_disabled",
    "DisabledClient": "account_disabled",
    "SelfExclusion": "self_excluded",
    "AuthorizationRequired": "token_not_for_sign_in",
}
"""Texts for the codes with which Deriv refuses the token or the account. Of all other codes, only that of a refused app
ID ends a sign-in that has worked."""


class V3SignIn:
    """Sign-in to v3, which has a token for each account.

    Parameters
    ----------
    settings : Settings
        Server, and the app ID.
    grants : mapping of str to Credential
        Credentials by login ID; the key is ``""`` if the account is not known yet.
    first : Credential
        Credential to begin with.
    loginid : str, optional
        Account to begin with instead; no other is used.
    kept : str, optional
        Account that was remembered.
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
        """Return the endpoint of one account, which signs in with its token."""
        where = self._settings
        if loginid is None:
            return Endpoint(public(where), greeting(self.credential, self._named, self._first, where.app_id), account)
        return Endpoint(public(where), greeting(self.grants[loginid], None, loginid, where.app_id), account)

    def allow(self, seconds: float) -> None:
        """Do nothing: a first connection is tried only once, whatever the time limit."""

    def entered(self, account: Account) -> None:
        """Take note that a sign-in has succeeded."""
        if "" in self.grants:
            self.grants = {account.loginid: self.credential}

    def end(self, error: DpyauthError) -> None:
        """Do nothing: only sockets are open."""

    def close(self, error: DpyauthError) -> None:
        """Do nothing: only sockets are open."""


def sign_in(settings: Settings, grants: Mapping[str, Credential], first: Credential, **options: Any) -> V3SignIn:
    """Return a sign-in with credentials by login ID (``""`` if it is not known yet), which begins with ``first``."""
    return V3SignIn(settings, grants, first, **options)


def public(settings: Settings) -> str:
    """Return the address for calls that need no sign-in, and for all others as well. It contains no secret."""
    return f"{settings.server}?{urlencode({'app_id': settings.app_id, 'l': settings.language_at_deriv})}"


def renamed(reply: Reply) -> Reply:
    """Return a reply unchanged: it has v3's names already."""
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
    """Return the handshake that signs a v3 socket in: the ``authorize`` call.

    ``loginid`` is the account that the user has named, ``known`` the account that the token is known to belong to. A
    token of another account is refused, and so is one whose account differs from that of an earlier connection.
    """
    known = loginid or known
    stood = False  # True once a connection has signed in

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
    """Return the error in a reply, if there is one; see `dpyauth.apis.base.Api.error`."""
    return api_error(reply, call, secrets, _KINDS, CATALOG, changes=changes, held=held)


_KINDS: Mapping[str, Kind] = {
    **KINDS,
    "InvalidAppID": (SignInRefused, lambda: joined(said("session_app_id_unknown"), FACTS.check_app_id(None))),
    "InvalidToken": (ApiError, "still_signed_in"),
    "UnrecognisedRequest": (ApiError, "withdrawn_from_v3"),
}


def _judge(reply: Reply, secrets: Collection[Secret], app_id: str | None = None) -> tuple[DpyauthError, bool] | None:
    """Return the error in the reply to ``authorize``, if there is one, and whether it may be temporary.

    Every error may be temporary unless it says that Deriv refuses the token. Deriv refuses a token that does not belong
    to this API by its form (InputValidationFailed). That ends a first sign-in. Later it proves nothing, because Deriv
    has accepted the same token before.
    """
    code = error_code(reply)
    if code is None:
        return None if isinstance(reply.get("authorize"), dict) else (_unreadable(), True)
    general = error(reply, "authorize", secrets)
    assert general is not None
    text = _refusal(code, app_id)
    in_shape = isinstance(reply["error"], dict)  # an error in another form is not Deriv's own, whatever it says
    if not in_shape or (text is None and code != "InputValidationFailed"):
        return general, True
    # Deriv's own words are replaced if ours say more, because they may repeat what was sent.
    text, passing = text or general.text, text is None
    more = way_on() if code == "InvalidToken" else ""
    refused = SignInRefused(
        joined(text, f"({code})", more), call="authorize", code=code, subcode=general.subcode, details=general.details
    )
    return refused, passing


def _refusal(code: str, app_id: str | None) -> str | None:
    """Return why Deriv refuses a sign-in, for the codes with which it does; None for all others."""
    if code == "InvalidAppID":
        unknown = said("app_id_not_known", app_id=app_id) if app_id else said("session_app_id_not_known")
        return joined(unknown, FACTS.check_app_id(app_id))
    if code not in _REFUSALS:
        return None
    return said(_REFUSALS[code], tokens=FACTS.pages.tokens)


def _unreadable() -> BadReply:
    return BadReply(said("sign_in_unreadable"), call="authorize")
