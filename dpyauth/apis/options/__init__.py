"""What is particular to Deriv's options API: HTTP calls, and sockets that a one-time password opens."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlsplit

from dpyauth.apis.base import (
    Account,
    Candidate,
    Endpoint,
    Learned,
    by_name_only,
    choose,
    said_of,
)
from dpyauth.apis.error_meanings import KINDS, Kind
from dpyauth.apis.error_replies import api_error
from dpyauth.apis.expiry import Expiry
from dpyauth.apis.options.dispatcher import HttpDispatcher
from dpyauth.apis.options.proof import Proof
from dpyauth.apis.options.rest import Rest
from dpyauth.catalog.calls import Call, load
from dpyauth.credentials import Credential, Secret, Tokens, api_of
from dpyauth.errors import (
    ApiError,
    BadReply,
    ConnectionFailed,
    DpyauthError,
    InvalidSetting,
    RateLimited,
    SignInRefused,
)
from dpyauth.net.messages import Reply
from dpyauth.net.pending import outcome_unknown
from dpyauth.net.rate_limits import GENERAL, Limit, RateLimits
from dpyauth.net.state import Handshake, unreachable
from dpyauth.registry import APIS
from dpyauth.settings import Settings

CATALOG = load("options")
FACTS = APIS["options"]

LIMITS = {
    GENERAL: Limit(220, 14_400),
    "account": Limit(100, 2_000, frozenset({"balance", "statement"})),
    "outcome": Limit(30, 1_500, frozenset({"portfolio", "profit_table"})),
    "pricing": Limit(360, 14_400, frozenset({"proposal", "proposal_open_contract", "buy", "sell"})),
}
"""What Deriv documents for calls over sockets."""

PATH = "/trading/v1/options"
HTTP_TIMEOUT = 15.0
SHARE = 0.8
"""How much of the time for a sign-in one question may take."""
DECIDE_TIMEOUT = 15.0
EARLY = 60.0
"""A token is renewed when it ends within this many seconds."""

REFUSING = frozenset(
    {
        "invalid_grant",
        "invalid_client",
        "unauthorized_client",
        "access_denied",
        "invalid_scope",
        "unsupported_grant_type",
    }
)
"""Words of the sign-in server that say that it renews no tokens with this refresh token; any other may pass."""

T = TypeVar("T")


class _Change(NamedTuple):
    """A call that changes something."""

    name: str
    look: str
    """Where to see whether it has happened."""


class OptionsSignIn:
    """What one sign-in brought: one token for all accounts of the user.

    Parameters
    ----------
    settings : Settings
        Which Deriv, and the app ID.
    grants : mapping of str to Credential
        The credential by the login IDs of the accounts, as far as they are known.
    first : Credential
        The credential.
    loginid : str, optional
        The account to begin with, and no other.
    kept : str, optional
        The account that was remembered.
    create_demo : bool
        Make a demo account where there is none, unless the account to begin with is there.
    """

    def __init__(
        self,
        settings: Settings,
        grants: Mapping[str, Credential],
        first: Credential,
        *,
        loginid: str | None = None,
        kept: str | None = None,
        create_demo: bool = False,
    ) -> None:
        if settings.app_id is None:
            older = "" if api_of(first.token) else 'For a token of the older API it takes dpyauth.login(api="v3"). '
            raise InvalidSetting(
                f"{FACTS.title} needs the ID of an app of your own: give app_id=, or set the environment variable "
                f"DERIV_APP_ID. {older}You find it where you registered your app: {FACTS.pages.apps}",
                field="app_id",
            )
        self.credential = first
        self.grants = grants
        self.rows: list[Mapping[str, Any]] = []
        self.remark = ""
        self.learned = Learned()
        self._named = loginid
        self._kept = kept
        self._create_demo = create_demo
        self.on_refusal: Callable[[SignInRefused], None] = lambda refusal: None
        self._renewing: asyncio.Task[bool | None] | None = None
        self._doubting: asyncio.Task[None] | None = None
        self._entered = False
        self._patience = HTTP_TIMEOUT  # for a question that the connection to an account takes
        self._passwords: deque[Secret] = deque(maxlen=16)  # the latest one-time passwords: errors may repeat them
        self._rest = Rest(
            settings.server, token=lambda: self.credential.token, app_id=settings.app_id, direct=settings.loopback
        )
        self.dispatcher = HttpDispatcher(self._ask, self._end)

    @property
    def expires_at(self) -> float | None:
        """When it ends and cannot be renewed, in seconds since 1970."""
        tokens = self.credential.tokens
        return tokens.expires_at if tokens and tokens.refresh is None else None

    def endpoint(self, loginid: str | None = None) -> Endpoint:
        """The way into one account: a one-time password for each connection, and a balance as proof that it works."""
        chosen: list[str] = [loginid] if loginid else []
        known: Future[Account] = Future()

        async def address() -> str:
            if not chosen:
                chosen.append(await self._first())
                if self._row(chosen[0]).get("status") != "inactive":  # of such a one it is not certain that it opens
                    known.set_result(self._account(chosen[0]))
            try:
                given = await self._asked(lambda left: self._rest.otp(chosen[0], timeout=left), self._patience)
            except ApiError as error:
                self._advise(error, chosen[0])
                if await self._may_pass(error, chosen[0], stood=proof.stood, accepted=proof.stood or known.done()):
                    raise unreachable(str(error).rstrip(".")) from None
                raise
            self._check_kind(given, chosen[0])
            self._passwords += (given, *(Secret(value) for _, value in parse_qsl(urlsplit(given.reveal()).query)))
            return given.reveal()

        proof = Proof(lambda: chosen[0], self._ids, lambda reply: error(reply, "balance", [self.credential.token]))
        greeting = Handshake("balance", lambda: {"balance": 1}, proof.check, along=True)
        return Endpoint(address, greeting, lambda _: self._account(chosen[0]), known)

    def allow(self, seconds: float) -> None:
        """Take note of how long the sign-in is waited for: each question has less, to say why there is no answer."""
        self._patience = min(HTTP_TIMEOUT, SHARE * seconds)

    def entered(self, account: Account) -> None:
        """The first sign-in has succeeded."""
        self._patience = HTTP_TIMEOUT
        self._entered = True
        self.learned.heard(CATALOG["get_accounts"], True)  # else there would be no account
        self.grants = {str(row["account_id"]): self.credential for row in self.rows}

    def end(self, error: DpyauthError) -> None:
        """Begin to close: nobody needs it any more."""
        self.dispatcher.end(error)

    def close(self, error: DpyauthError) -> None:
        """Close, and wait for that."""
        self.dispatcher.close(error)

    # On the background thread

    async def _ask(self, call: Call, fields: Mapping[str, Any], timeout: float, exact: bool) -> Reply:
        change = _Change(call.name, call.look(fields)) if call.changes_with(fields) else None
        return await self._asked(lambda left: self._rest.ask(call, fields, timeout=left, exact=exact), timeout, change)

    async def _asked(self, ask: Callable[[float], Awaitable[T]], timeout: float, change: _Change | None = None) -> T:
        """Ask within so many seconds; where the token is refused, see whether that is the end of the sign-in."""
        end = time.monotonic() + timeout
        try:
            return await self._with_token(ask, timeout, change)
        except SignInRefused as refusal:
            with suppress(asyncio.CancelledError):  # the answer is there already, whoever has called off the rest
                await self._doubt(end)
            raise refusal

    async def _doubt(self, end: float) -> None:
        """Have another question decide whether Deriv still takes the sign-in, in the time that is left.

        One answer is not enough to end it: a single service or a proxy may be wrong. The list of accounts is what
        the sign-in began with. Whoever waits for the decision may go; it is made all the same.
        """
        if self._doubting is None and self._entered:
            self._doubting = asyncio.create_task(self._decide())
        if self._doubting is not None:
            await asyncio.wait([self._doubting], timeout=max(0.0, end - time.monotonic()))

    async def _may_pass(self, error: ApiError, loginid: str, *, stood: bool, accepted: bool) -> bool:
        """Return whether to ask for an address again later, as nothing says that the sign-in or the account has ended.

        ``stood`` says that a connection to the account has been open before, ``accepted`` that the sign-in has
        succeeded: what refuses it then must be more than one answer of one service, or of something in between.
        Whether the token is still accepted has been asked by now; what ends the sign-in ends the connection, too.
        """
        if isinstance(error, RateLimited) or not accepted:
            return False
        if isinstance(error, SignInRefused) or (not stood and error.code.startswith("HTTP")):
            return True
        return stood and await self._is_listed(loginid)

    async def _is_listed(self, loginid: str) -> bool:
        """Return whether Deriv still lists an account as one that can be used; True where it does not say."""
        try:
            rows = await self._list()
        except DpyauthError:
            return True
        status = next((row.get("status") for row in rows if row["account_id"] == loginid), "inactive")
        return status != "inactive"

    def _check_kind(self, given: Secret, loginid: str) -> None:
        """Check that an address leads to an account of the kind that was asked for."""
        kinds = {"demo", "real"} & set(urlsplit(given.reveal()).path.split("/"))
        wanted = self._row(loginid).get("account_type")
        if len(kinds) == 1 and wanted in {"demo", "real"} and wanted not in kinds:
            raise BadReply(
                f"Deriv gave the address of a {kinds.pop()} account for {loginid}, which is a {wanted} account. "
                "Nothing was sent there. Try again in a moment.",
                call="otp",
            )

    async def _decide(self) -> None:
        refused: SignInRefused | None = None
        try:
            await self._with_token(
                lambda left: self._rest.ask(CATALOG["get_accounts"], {}, timeout=left), DECIDE_TIMEOUT
            )
        except SignInRefused as refusal:
            refused = refusal
        except DpyauthError:
            pass  # nothing is known for certain
        finally:
            self._doubting = None
        in_words = refused is not None and not refused.code.startswith("HTTP")  # else something in between may refuse
        if refused is not None and in_words and refused.about.startswith("token"):  # the app ID was right at first
            self.on_refusal(refused.copy())

    async def _with_token(
        self, ask: Callable[[float], Awaitable[T]], timeout: float, change: _Change | None = None
    ) -> T:
        """Ask within so many seconds; with a new token where this one ends soon, or where Deriv says that it has.

        This machine's clock may be wrong, so that an end which has passed here is no reason to give up. A change is
        sent once, whatever comes of it.
        """
        end = time.monotonic() + timeout
        tokens = self.credential.tokens
        if tokens and tokens.expires_at is not None and tokens.expires_at - time.time() < _early(tokens.life):
            with suppress(ConnectionFailed):
                await self._renew(end)
        used = self.credential.token
        try:
            return await ask(end - time.monotonic())
        except SignInRefused as refused:
            renewed, trouble = used != self.credential.token, ""
            try:
                renewed = renewed or await self._renew(end)
            except ConnectionFailed as error:
                if change is None:
                    raise
                trouble = f" {error}"
            if change is not None:
                if not renewed and refused.code.startswith("HTTP"):
                    await self._doubt(end)
                raise _change_refused(change, self._dated(refused), renewed, trouble) from None
            if not renewed:
                raise self._dated(refused) from None
        return await ask(end - time.monotonic())

    def _dated(self, refused: SignInRefused) -> SignInRefused:
        """Return an error that says when the sign-in ended, where that is why its token was refused."""
        expiry = Expiry.of(self)
        if expiry is None or not expiry.has_passed or not refused.about.startswith("token"):
            return refused
        return SignInRefused(
            f"This sign-in ended at {expiry.date_and_clock}, and Deriv no longer accepts it. Sign in again with "
            f"dpyauth.login(). ({refused.code})",
            call=refused.call,
            code=refused.code,
            subcode=refused.subcode,
            details=refused.details,
            about=refused.about,
        )

    async def _renew(self, end: float) -> bool:
        """Get a new token, where that is possible, in half of the time that is left; one at a time."""
        tokens, renew = self.credential.tokens, self.credential.renew
        if tokens is None or tokens.refresh is None or renew is None:
            return False
        if self._renewing is None:  # goes on when its waiters do not: a refresh token may be good once only
            self._renewing = asyncio.create_task(self._renewed(tokens, tokens.refresh, renew))
        renewing = self._renewing
        await asyncio.wait([renewing], timeout=(end - time.monotonic()) / 2)
        renewed = renewing.result() if renewing.done() else None
        if renewed is None:
            raise ConnectionFailed(
                "The sign-in has to be renewed, and just now Deriv cannot be reached for that. Run the cell again in "
                "a moment."
            )
        return renewed

    async def _renewed(self, old: Tokens, refresh: Secret, renew: Callable[[Secret], Awaitable[Tokens]]) -> bool | None:
        """Whether there is a new token; None where there may be one later."""
        try:
            new = await renew(refresh)
        except SignInRefused as refused:
            if refused.code not in REFUSING:
                return None
            new = replace(old, refresh=None)  # the access token is good for as long as it was
        except DpyauthError:
            return None
        finally:
            self._renewing = None
        tokens = replace(new, scopes=new.scopes or old.scopes)
        self.credential = self.credential._replace(token=new.access, tokens=tokens)
        self.grants = dict.fromkeys(self.grants, self.credential)
        return new.access != old.access

    async def _end(self) -> None:
        for task in (self._renewing, self._doubting):
            if task is not None:
                task.cancel()
        await self._rest.close()

    async def _first(self) -> str:
        """The account to begin with."""
        self.rows = await self._list()
        if self._create_demo and not any(_is_demo(row) or row["account_id"] in self._wanted for row in self.rows):
            fields = {"currency": "USD", "group": "row", "account_type": "demo"}
            await self._ask(CATALOG["create_account"], fields, self._patience, False)
            self.rows = await self._list()
        if not self.rows:
            raise SignInRefused(
                "Deriv accepts the token, but there is no options account yet. Create one at Deriv, or run "
                "dpyauth.login(..., create_demo=True), which makes a demo account (the token needs the scope "
                "account_manage).",
                call="get_accounts",
                code="NoAccount",
            )
        there = [Candidate(row["account_id"], _is_demo(row), row.get("status") != "inactive") for row in self.rows]
        chosen = choose(there, loginid=self._named, kept=self._kept)
        self.remark = said_of(chosen, there, loginid=self._named, kept=self._kept)
        return chosen.loginid

    @property
    def _wanted(self) -> set[str | None]:
        return {self._named, self._kept}

    def _advise(self, error: ApiError, loginid: str) -> None:
        """Say how to go on, where a demo account that nobody has named is refused and only real ones are left."""
        row, usable = self._row(loginid), [row for row in self.rows if row.get("status") != "inactive"]
        real = [str(row["account_id"]) for row in usable if not _is_demo(row)]
        if _is_demo(row) and row not in usable and real and loginid != self._named:
            error.add_note(by_name_only(loginid, real))

    async def _list(self) -> list[Mapping[str, Any]]:
        listed = (await self._ask(CATALOG["get_accounts"], {}, self._patience, False)).get("data")
        if not isinstance(listed, list):
            raise BadReply("Deriv's list of accounts cannot be read. Try again.", call="get_accounts")
        return [row for row in listed if isinstance(row, dict) and isinstance(row.get("account_id"), str)]

    def _ids(self) -> set[str]:
        """Return the IDs of all accounts of this sign-in."""
        return {str(row["account_id"]) for row in self.rows}

    def _row(self, loginid: str) -> Mapping[str, Any]:
        return next((row for row in self.rows if row["account_id"] == loginid), {})

    def _account(self, loginid: str) -> Account:
        row = self._row(loginid)
        return Account(
            loginid=loginid,
            currency=str(row.get("currency") or ""),
            demo=_is_demo(row),
            scopes=self.credential.tokens.scopes if self.credential.tokens else None,
            rows=tuple(_as_v3(row) for row in self.rows),
        )


def sign_in(settings: Settings, grants: Mapping[str, Credential], first: Credential, **options: Any) -> OptionsSignIn:
    """What a sign-in with this credential brings."""
    return OptionsSignIn(settings, grants, first, **options)


def public(settings: Settings) -> str:
    """Where calls go that need no sign-in."""
    return f"{settings.server.replace('http', 'ws', 1)}{PATH}/ws/public"


def error(
    reply: Reply, call: str, secrets: Collection[Secret] = (), *, changes: bool = False, held: bool | None = None
) -> ApiError | None:
    """The error that a reply amounts to, if it is one; secrets of the request that it repeats are blotted out."""
    return api_error(reply, call, secrets, _KINDS, CATALOG, changes=changes, held=held)


def _change_refused(change: _Change, refused: SignInRefused, renewed: bool, trouble: str) -> DpyauthError:
    """Return the error for a change that was answered with HTTP 401."""
    if refused.code.startswith("HTTP"):  # no word of the API's own, so it may be that of a gateway in between
        return outcome_unknown(change.name, f"HTTP 401, and not from Deriv's API{trouble}", change.look)
    if not renewed:
        return refused
    return SignInRefused(
        f"Deriv did not carry out '{change.name}': the sign-in had ended ({refused.code}). It is renewed now, and "
        "nothing was sent again. Run the cell again if you still want it.",
        call=change.name,
        code=refused.code,
    )


_KINDS: Mapping[str, Kind] = {
    **KINDS,
    "InvalidToken": (SignInRefused, "Sign in again with dpyauth.login()"),
    "Unauthorized": (SignInRefused, "Sign in again with dpyauth.login()"),
    "UnrecognisedRequest": (ApiError, "Deriv may have withdrawn this call"),
}

_NAMES = {
    "portfolio": {"underlying_symbol": "symbol"},
    "transaction": {"underlying_symbol": "symbol", "date_expiry": "expiry_time"},
    "proposal_open_contract": {"underlying_symbol": "underlying"},
}


def renamed(reply: Reply) -> Reply:
    """A reply with its parts named as v3 names them, so that frames need know one set of names."""
    kind = str(reply.get("msg_type"))
    names, payload = _NAMES.get(kind), reply.get(kind)
    if names is None or not isinstance(payload, dict):
        return reply
    if isinstance(payload.get("contracts"), list):
        contracts = [_rename(row, names) if isinstance(row, dict) else row for row in payload["contracts"]]
        return {**reply, kind: {**payload, "contracts": contracts}}
    return {**reply, kind: _rename(payload, names)}


def payload(call: Call, reply: Reply) -> Any:
    """What a reply brings, named as v3 names it."""
    if call.rest is not None:
        return reply.get("data", reply)  # most answers are wrapped, some are not
    return renamed(reply).get(call.name)


def budget() -> RateLimits:
    """How many calls Deriv allows."""
    return RateLimits(LIMITS, fixed=True)


def _rename(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in row.items()}


def _early(life: float | None) -> float:
    """Return how long before its end a token is renewed, in seconds: not at once, however short its life is."""
    return EARLY if life is None else min(EARLY, life / 2)


def _is_demo(row: Mapping[str, Any]) -> bool:
    return row.get("account_type") == "demo"


def _as_v3(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the accounts, as v3 lists them."""
    return {
        "loginid": str(row["account_id"]),
        "currency": str(row.get("currency") or ""),
        "is_virtual": int(_is_demo(row)),
        "balance": row.get("balance"),
        "is_disabled": {"active": 0, "inactive": 1}.get(str(row.get("status"))),
    }
