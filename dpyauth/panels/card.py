"""The account card: who is signed in, what is there, what is restricted, and what to do about it."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dpyauth.errors import DpyauthError, MissingScope
from dpyauth.panels import static
from dpyauth.panels.keeper import once
from dpyauth.panels.rows import Row, light, plain, row
from dpyauth.panels.switcher import EVERY, SwitcherDesk, scopes
from dpyauth.panels.texts import texts
from dpyauth.signin import views

if TYPE_CHECKING:
    from dpyauth.apis.access import Account
    from dpyauth.session import Session

FRESH = 5.0
"""Seconds for which there is no need to ask again."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one account."""

    account: Account | None = None
    rows: tuple[Row, ...] = ()
    at: float = 0.0
    """When Deriv was last asked for the rows."""
    trouble: str = ""
    """Why that gave nothing, or nothing newer."""
    balance: str = ""
    no_balance: str = ""
    """Why there is none."""


class CardDesk(SwitcherDesk):
    """What is behind the account card.

    Parameters
    ----------
    session : Session
        The session to show.
    """

    name = "card"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.words = texts("switcher", session._settings.language) | self.words
        self.picture = f"dpyauth-{secrets.token_hex(4)}"
        """Class of the card's still picture, which the card hides while it is there itself."""
        self._known = _Known()
        self._learning = threading.Lock()
        self._listing = False  # whether the reader has asked for the other accounts

    # What there is to show

    def content(self) -> dict[str, Any]:
        """All that the card shows, in words."""
        view, known, account = super().content(), self._known_of_this(), self.session._account
        for one in view["accounts"]:
            if one["current"]:
                one["balance"] = known.balance
        return {
            **view,
            "hint": "",
            "picture": self.picture,
            "account": views.account(self.session),
            "connection": self._connection(),
            "balance": known.balance,
            "no_balance": known.no_balance,
            "known": bool(known.rows),
            "rows": [*known.rows, *self._more(known), self._scopes(account), *self._end()] if account else [],
            "footnote": self.say("stale", time=static.clock(known.at), why=known.trouble)
            if known.trouble and known.rows
            else "",
        }

    def text(self) -> str:
        """The card as plain text."""
        return static.text(self.look(), self.words)

    def html(self) -> str:
        """The card as a still picture in HTML."""
        return static.html(self.look(), self.words)

    def _known_of_this(self) -> _Known:
        """What is known of the account in use."""
        known, account = self._known, self.session._account
        return known if known.account is account and account is not None else _Known(account)

    def _connection(self) -> dict[str, Any]:
        connection, state = self.session._connection, self.session.state
        if state == "signed in":
            trips = list(connection.link.round_trips)[-1:] if connection else []
            text = self.say("round_trip", time=max(1, round(trips[0] * 1000))) if trips else self.words["connected"]
            return {"on": True, "text": text}
        text = self.words.get(state) or state
        reason = plain(connection.reason) if connection else ""
        return {"on": False, "text": f"{text} {reason}" if reason and state == "reconnecting" else text}

    def _more(self, known: _Known) -> list[Row]:
        """What to say where nothing is known yet."""
        if known.rows:
            return []
        text = self.say("not_now", why=known.trouble) if known.trouble else self.words["reading"]
        return [row(self.words["status"], lines=[text])]

    def _scopes(self, account: Account) -> Row:
        """What the token may do: as Deriv states it, else as far as its answers have told."""
        labels, access = self.session._facts.scopes, self.session._access
        if account.scopes is not None or access is None:
            names = [plain(labels.get(scope, scope)) for scope in account.scopes or ()]
            return row(self.words["scopes"], [light("plain", name) for name in names or ["–"]])
        known = {label: access.learned.of([scope]) for scope, label in labels.items()}
        lights = [light("plain", label) for label, held in known.items() if held]
        lights += [
            light("off", self.say("scope_lacking", scope=label)) for label, held in known.items() if held is False
        ]
        rest = [label for label, held in known.items() if held is None]
        unknown = self.say("scopes_not_stated", scopes=", ".join(rest)) if lights else self.words["scopes_unknown"]
        return row(self.words["scopes"], [*lights, *([light("plain", unknown)] if rest else [])])

    def _end(self) -> list[Row]:
        """When the sign-in ends, where that is known."""
        expiry = self.session._expiry
        if expiry is None:
            return []
        text = self.say("ended" if expiry.has_passed else "until", time=expiry.clock)
        return [row(self.words["sign_in"], [light("plain" if expiry.due is None else "act", text)])]

    # What the reader does

    def do(self, said: dict[str, Any]) -> None:
        """As in the switcher; its accounts are unfolded first."""
        match said:
            case {"do": "list"}:
                if not self._listing:
                    self._listing = True
                    once(self._learn_balances(), self.name, patience=0)
            case _:
                super().do(said)

    # Keeping up to date

    async def follow(self) -> None:
        """Stay up to date for as long as the session does not change."""
        if self.session.state == "signed in":
            await asyncio.gather(self._follow_status(), self._follow_balance())

    async def learn(self) -> None:
        """Ask what there is to know."""
        await asyncio.gather(self._learn_status(), self._learn_balance())

    async def _follow_status(self) -> None:
        while True:
            if time.time() - self._known_of_this().at > FRESH:
                await self._learn_status()
            if self._listing:
                await self._learn_balances()
            await asyncio.sleep(EVERY)

    async def _follow_balance(self) -> None:
        session, account = self.session, self.session._account
        while True:
            try:
                async with await session.aio.stream("balance", keep=1) as stream:
                    async for update in stream:
                        payload = session._api.payload(session._catalog["balance"], update)
                        amount = payload.get("balance") if isinstance(payload, dict) else None
                        self._learned(account, balance=views.money(amount), no_balance="")
            except DpyauthError as error:
                self._learned(account, no_balance=self._why(error))
            await asyncio.sleep(EVERY)

    async def _learn_status(self) -> None:
        account = self.session._account
        try:
            rows = await self._rows(account)
        except MissingScope as error:
            rows = [row(self.words["status"], lines=[self._why(error)])]
        except DpyauthError as error:
            self._learned(account, at=time.time(), trouble=plain(error))
            return
        self._learned(account, rows=tuple(rows), at=time.time(), trouble="")

    async def _learn_balance(self) -> None:
        account = self.session._account
        try:
            frame = await self.session.aio.balance(decimal=True)
        except DpyauthError as error:
            self._learned(account, no_balance=self._why(error))
        else:
            self._learned(account, balance=views.money(next(iter(frame["balance"]), None)), no_balance="")

    async def _rows(self, account: Account | None) -> list[Row]:
        from dpyauth.panels.standing import Status, options_rows

        session, call = self.session, "get_account_status"
        if call not in session._catalog:
            return options_rows(await session.aio.account_status(), self.words, session._facts.pages.profile)
        payload = session._api.payload(session._catalog[call], await session.aio.call(call))
        demo = account is not None and account.demo
        return Status(payload if isinstance(payload, dict) else {}, demo=demo, words=self.words).rows()

    def _learned(self, account: Account | None, **what: Any) -> None:
        """Something is known that was asked for while this account was in use."""
        with self._learning:
            if account is None or account is not self.session._account:
                return
            known = replace(self._known_of_this(), **what)
            changed, self._known = known != self._known, known
        if changed:
            self.changed()

    def _why(self, error: DpyauthError) -> str:
        if isinstance(error, MissingScope):
            return self.say("needs_scope", scopes=scopes(self.session, error))
        return self.say("not_now", why=plain(error))
