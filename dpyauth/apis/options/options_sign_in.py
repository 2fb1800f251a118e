"""Sign-in to the options API: one token for all accounts of the user, and a one-time password for each socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dpyauth.apis.base import Account, Candidate, Endpoint, Learned, by_name_only, choose, said_of
from dpyauth.apis.options.auth import Change, TokenAuth
from dpyauth.apis.options.dispatcher import HttpDispatcher
from dpyauth.apis.options.errors import socket_error
from dpyauth.apis.options.proof import Proof
from dpyauth.apis.options.rest import Rest
from dpyauth.catalog.calls import Call, load
from dpyauth.credentials import Credential, Secret, api_of
from dpyauth.errors import ApiError, BadReply, DpyauthError, InvalidSetting, RateLimited, SignInRefused
from dpyauth.net.messages import Reply
from dpyauth.net.state import Handshake, unreachable
from dpyauth.registry import APIS
from dpyauth.settings import Settings
from dpyauth.texts.said import joined, said

HTTP_TIMEOUT = 15.0
"""Time limit for a call that a sign-in needs, in seconds."""

SHARE = 0.8
"""Share of the time for a sign-in that one such call may take, so that there is time left to report its error."""

_CALLS = load("options")
_FACTS = APIS["options"]


class OptionsSignIn:
    """Sign-in to the options API.

    Parameters
    ----------
    settings : Settings
        Server, and the app ID.
    grants : mapping of str to Credential
        Credential by login IDs, as far as these are known.
    first : Credential
        Credential to sign in with.
    loginid : str, optional
        Account to begin with; no other is used.
    kept : str, optional
        Account that was remembered.
    create_demo : bool
        True to create a demo account if there is none, unless the account to begin with exists.
    rest : Rest, optional
        Client for the calls over HTTP.
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
        rest: Rest | None = None,
    ) -> None:
        if settings.app_id is None:
            older = "" if api_of(first.token) else said("for_older_token")
            where = said("where_app_id_is", apps=_FACTS.pages.apps)
            raise InvalidSetting(joined(said("app_id_needed"), older, where), field="app_id")
        self.rows: list[Mapping[str, Any]] = []
        self.remark = ""
        self.learned = Learned()
        self.on_refusal: Callable[[SignInRefused], None] = lambda refusal: None
        self.rest = rest or Rest(
            settings.server, token=lambda: self.credential.token, app_id=settings.app_id, direct=settings.loopback
        )
        self.dispatcher = HttpDispatcher(self._ask, self._end)
        # Nothing reads these. The latest ones are kept because `scrub` removes only secrets that still exist, and an
        # error may repeat a password that has been used.
        self.one_time_passwords: deque[Secret] = deque(maxlen=16)
        self._auth = TokenAuth(
            first,
            lambda left: self.rest.ask(_CALLS["get_accounts"], {}, timeout=left),  # a valid token may make this call
            lambda refusal: self.on_refusal(refusal),
        )
        self._loginids = list(grants)
        self._named = loginid
        self._kept = kept
        self._create_demo = create_demo
        self._sandbox = settings.loopback
        self._patience = HTTP_TIMEOUT  # time limit for a call that a connection to an account needs

    @property
    def credential(self) -> Credential:
        """Credential with the current token."""
        return self._auth.credential

    @property
    def grants(self) -> Mapping[str, Credential]:
        """Credential by the login IDs of the accounts, as far as these are known."""
        return dict.fromkeys(self._loginids, self._auth.credential)

    @property
    def expires_at(self) -> float | None:
        """Expiry of the sign-in, in seconds since 1970; None if it can be renewed, or if Deriv did not state it."""
        return self._auth.expires_at

    def endpoint(self, loginid: str | None = None) -> Endpoint:
        """Return the endpoint of one account: a one-time password for each connection, and a balance as its proof."""
        chosen: list[str] = [loginid] if loginid else []
        known: Future[Account] = Future()

        async def address() -> str:
            if not chosen:
                chosen.append(await self._first())
                if self._row(chosen[0]).get("status") != "inactive":  # an inactive account may turn out to be closed
                    known.set_result(self._account(chosen[0]))
            try:
                given = await self._auth.ask(lambda left: self.rest.otp(chosen[0], timeout=left), self._patience)
            except ApiError as error:
                self._advise(error, chosen[0])
                if await self._may_pass(error, chosen[0], stood=proof.stood, accepted=proof.stood or known.done()):
                    # A ConnectionFailed, which is in `connector.PASSING`: another attempt follows.
                    raise unreachable(error.text) from None
                raise
            self._check_kind(given, chosen[0])
            values = (Secret(value) for _, value in parse_qsl(urlsplit(given.reveal()).query))
            self.one_time_passwords += (given, *values)
            return given.reveal()

        proof = Proof(
            lambda: chosen[0], self._ids, lambda reply: socket_error(reply, "balance", [self.credential.token])
        )
        greeting = Handshake("balance", lambda: {"balance": 1}, proof.check, reads_early=True)
        return Endpoint(address, greeting, lambda _: self._account(chosen[0]), known)

    def allow(self, seconds: float) -> None:
        """Take note of the time limit for the sign-in. Each call gets less, so that it can report its own error."""
        self._patience = min(HTTP_TIMEOUT, SHARE * seconds)

    def entered(self, account: Account) -> None:
        """Take note that the first sign-in has succeeded."""
        self._patience = HTTP_TIMEOUT
        self._auth.has_worked = True
        self.learned.heard(_CALLS["get_accounts"], True)  # otherwise the accounts would not be known
        self._loginids = [str(row["account_id"]) for row in self.rows]

    def end(self, error: DpyauthError) -> None:
        """Start to close, because the sign-in is no longer needed."""
        self.dispatcher.end(error)

    def close(self, error: DpyauthError) -> None:
        """Close, and wait for it."""
        self.dispatcher.close(error)

    # On the background thread

    async def _ask(self, call: Call, fields: Mapping[str, Any], timeout: float, exact: bool) -> Reply:
        change = Change(call.name, call.look(fields)) if call.changes_with(fields) else None
        return await self._auth.ask(
            lambda left: self.rest.ask(call, fields, timeout=left, exact=exact), timeout, change
        )

    async def _end(self) -> None:
        self._auth.cancel()
        await self.rest.close()

    async def _may_pass(self, error: ApiError, loginid: str, *, stood: bool, accepted: bool) -> bool:
        """Return whether to ask for an address again later, because the sign-in and the account may still be valid.

        ``stood`` is True if a connection to the account has been open before, ``accepted`` if the sign-in has
        succeeded. After that, a single refusal, by one service or by something in between, must not end it. By now
        another call has checked whether the token is still accepted; if it is not, the connection ends as well.
        """
        if isinstance(error, RateLimited) or not accepted:
            return False
        if isinstance(error, SignInRefused) or (not stood and error.code.startswith("HTTP")):
            return True
        return stood and await self._is_listed(loginid)

    async def _is_listed(self, loginid: str) -> bool:
        """Return whether Deriv still lists an account as usable; True if the list cannot be fetched."""
        try:
            rows = await self._list()
        except DpyauthError:
            return True
        status = next((row.get("status") for row in rows if row["account_id"] == loginid), "inactive")
        return status != "inactive"

    def _check_kind(self, given: Secret, loginid: str) -> None:
        """Check that an address leads to an account of the requested kind, demo or real.

        If an address for real money were used by mistake, the next order would be placed with it.
        """
        kinds = {"demo", "real"} & set(urlsplit(given.reveal()).path.split("/"))
        wanted = self._row(loginid).get("account_type")
        if len(kinds) == 1 and wanted in {"demo", "real"} and wanted not in kinds:
            key = "demo_address_for_real" if wanted == "real" else "real_address_for_demo"
            raise BadReply(said(key, loginid=loginid), call="otp")

    async def _first(self) -> str:
        """Choose the account to begin with."""
        self.rows = await self._list()
        wanted = {self._named, self._kept}
        if self._create_demo and not any(_is_demo(row) or row["account_id"] in wanted for row in self.rows):
            fields = {"currency": "USD", "group": "row", "account_type": "demo"}
            await self._ask(_CALLS["create_account"], fields, self._patience, False)
            self.rows = await self._list()
        if not self.rows:
            raise SignInRefused(
                said("no_options_account"),
                call="get_accounts",
                code="NoAccount",
            )
        there = [Candidate(row["account_id"], _is_demo(row), row.get("status") != "inactive") for row in self.rows]
        chosen = choose(there, loginid=self._named, kept=self._kept)
        self.remark = said_of(chosen, there, loginid=self._named, kept=self._kept, sandbox=self._sandbox)
        return chosen.loginid

    def _advise(self, error: ApiError, loginid: str) -> None:
        """Add advice to the error if a demo account that was not named is refused and only real ones are left."""
        row, usable = self._row(loginid), [row for row in self.rows if row.get("status") != "inactive"]
        real = [str(row["account_id"]) for row in usable if not _is_demo(row)]
        if _is_demo(row) and row not in usable and real and loginid != self._named:
            error.add_note(by_name_only(loginid, real))

    async def _list(self) -> list[Mapping[str, Any]]:
        listed = (await self._ask(_CALLS["get_accounts"], {}, self._patience, False)).get("data")
        if not isinstance(listed, list):
            raise BadReply(said("accounts_unreadable"), call="get_accounts")
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


def _is_demo(row: Mapping[str, Any]) -> bool:
    return row.get("account_type") == "demo"


def _as_v3(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the list of accounts with v3's names."""
    return {
        "loginid": str(row["account_id"]),
        "currency": str(row.get("currency") or ""),
        "is_virtual": int(_is_demo(row)),
        "balance": row.get("balance"),
        "is_disabled": {"active": 0, "inactive": 1}.get(str(row.get("status"))),
    }
