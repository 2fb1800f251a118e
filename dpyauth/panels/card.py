"""Model the account card: who is signed in, what is there, what is restricted, and what to do about it."""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from dpyauth.errors import DpyauthError
from dpyauth.panels import card_text, readings, sign_in_view
from dpyauth.panels.card_rows import Row, light, plain, row
from dpyauth.panels.readings import Known, Part, readings_of
from dpyauth.panels.refresh import once
from dpyauth.panels.switcher import EVERY, SwitcherModel, labels
from dpyauth.panels.texts import texts
from dpyauth.session.awaiting import run_async

if TYPE_CHECKING:
    from dpyauth.apis.base import Account
    from dpyauth.net.messages import Reply
    from dpyauth.session import Session

RARELY = 600.0
"""Seconds between two questions about what hardly ever changes."""

SURELY = 300.0
"""Seconds after which the money is read again even without a transaction."""

AGAIN = 1.0
"""Seconds to wait while another card asks for the same."""

_DAY = 86_400


class _Partly(NamedTuple):
    """Rows of a part, and the reason that others are missing."""

    rows: list[Row]
    trouble: str


class _Ask(NamedTuple):
    """Way to ask for a part of the card."""

    call: str
    """Call it needs: without the scope for that there is no part."""
    ask: Callable[[Account], Coroutine[Any, Any, list[Row] | _Partly]]
    every: Callable[[], float]
    """Seconds between two questions."""


class CardModel(SwitcherModel):
    """Model of the account card.

    Parameters
    ----------
    session : Session
        The session to show.
    """

    name = "card"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.words = texts("switcher", session.core.target.language) | self.words
        self.picture = f"dpyauth-{secrets.token_hex(4)}"
        """Class of the card's still picture, which the card hides while it is there itself."""
        self._readings = readings_of(session)
        self._readings.cards.add(self)
        self._listing = False  # whether the user has asked for the other accounts

    def close(self) -> None:
        """Take the panel away for good."""
        super().close()
        self._readings.cards.discard(self)

    # What there is to show

    def content(self) -> dict[str, Any]:
        """Return all that the card shows, in words."""
        view, account = super().content(), self.session.core.active_account
        known = self._readings.of(account)
        for one in view["accounts"]:
            if one["current"]:
                one["balance"] = known.balance
        return {
            **view,
            "hint": "",
            "picture": self.picture,
            "account": sign_in_view.account(self.session),
            "connection": self._connection(),
            "balance": known.balance,
            "no_balance": known.no_balance,
            "complete": all(known.part(name).asked for name in self._parts) and bool(known.balance or known.no_balance),
            "known": [name for name in self._parts if known.part(name).rows],
            "rows": self._rows(known) if account else [],
            "footnote": self._footnote(known),
        }

    def as_text(self) -> str:
        """Return the card as plain text."""
        return card_text.text(self.view(), self.words)

    def without_panel(self) -> str:
        """Return nothing: the picture beside the panel shows the same."""
        return ""

    def as_html(self) -> str:
        """Return the card as a still picture in HTML."""
        return card_text.html(self.view(), self.words)

    def _connection(self) -> dict[str, Any]:
        connection, state = self.session.core.connection, self.session.state
        if state == "signed in":
            trips = list(connection.protocol.round_trips)[-1:] if connection else []
            text = self.text("round_trip", time=max(1, round(trips[0] * 1000))) if trips else self.words["connected"]
            return {"on": True, "text": text}
        text = self.words.get(state) or state
        reason = plain(connection.reason) if connection else ""
        return {"on": False, "text": f"{text} {reason}" if reason and state == "reconnecting" else text}

    def _rows(self, known: Known) -> list[Row]:
        from dpyauth.panels.status_rows import untold_row

        rows = [one for name in self._parts for one in known.part(name).rows or [self._unread(name, known.part(name))]]
        rows += [row(self.words["scopes"], sign_in_view.scopes(self.session, self.words)), *self._end()]
        if "get_account_status" not in self.session.core.catalog:
            rows.append(untold_row(self.words, self.session.core.api_facts.pages.profile))
        return rows

    def _unread(self, name: str, part: Part) -> Row:
        """Say why nothing is known of a part yet."""
        text = self.text("not_now", why=part.trouble) if part.trouble else self.words["reading"]
        return row(self.words[name], lines=[text])

    def _footnote(self, known: Known) -> str:
        """Say what is old, since when, and why."""
        old: dict[str, list[tuple[str, Part]]] = {}
        for name in self._parts:
            part = known.part(name)
            if part.rows and part.trouble and part.at < part.asked:
                old.setdefault(part.trouble, []).append((name, part))
        return " ".join(
            self.text(
                "stale",
                time=card_text.clock(min(part.at for _, part in parts)),
                what=", ".join(self.words[name] for name, _ in parts),
                why=why,
            )
            for why, parts in old.items()
        )

    def _end(self) -> list[Row]:
        """Say when the sign-in ends, where that is known."""
        expiry = self.session.core.expiry
        if expiry is None:
            return []
        text = self.text("ended" if expiry.has_passed else "until", time=expiry.clock)
        return [row(self.words["sign_in"], [light("plain" if expiry.due is None else "act", text)])]

    # What the user does

    def handle(self, message: dict[str, Any]) -> None:
        """Do what the user did: as in the switcher, whose accounts are unfolded first."""
        match message:
            case {"do": "list"}:
                if not self._listing:
                    self._listing = True
                    once(self._learn_balances(), self.name, patience=0)
            case _:
                super().handle(message)

    # Keeping up to date

    async def follow(self) -> None:
        """Stay up to date for as long as the session does not change."""
        if self.session.state == "signed in":
            news, since = asyncio.Event(), time.time() - readings.FRESH
            parts = [self._follow_part(name, since, news) for name in self._parts]
            await asyncio.gather(*parts, self._follow_balance(), self._follow_money(news), self._follow_others())

    async def learn(self) -> None:
        """Ask for all that there is to know."""
        account = self.session.core.active_account
        asking = [name for name in self._parts if not self._readings.of(account).part(name).refused]
        await asyncio.gather(self._learn_balance(), *(self._learn(account, name) for name in asking))

    async def _follow_part(self, name: str, since: float, news: asyncio.Event) -> None:
        """Ask for a part again whenever it is time to."""
        account, of_money = self.session.core.active_account, name == "money"
        waiting = self._readings.wait_for_money if of_money else self._readings.wait
        while not math.isinf(wait := waiting(account, name, self._parts[name].every(), since)):
            if wait <= 0:
                with self._readings.turn(account, name) as mine:
                    if mine:
                        if of_money:
                            self._readings.spend()
                        await self._learn(account, name)
                wait = 0 if mine else AGAIN
            if not of_money:
                await asyncio.sleep(wait)
                continue
            news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), wait)

    async def _follow_balance(self) -> None:
        session, account = self.session, self.session.core.active_account
        while True:
            try:
                async with await session.aio.stream("balance", keep=1) as stream:
                    async for update in stream:
                        amount = self._payload("balance", update).get("balance")
                        self._readings.learned(session, account, balance=sign_in_view.money(amount), no_balance="")
            except DpyauthError as error:
                self._readings.learned(session, account, no_balance=self._why(error))
            await asyncio.sleep(EVERY)

    async def _follow_money(self, news: asyncio.Event) -> None:
        """Listen for transactions: each of them changes what is at stake, or what was earned."""
        session = self.session
        while True:
            with suppress(DpyauthError):  # then the money is read now and then
                async with await session.aio.stream("transaction", keep=1) as stream:
                    with self._readings.listening():
                        news.set()
                        async for update in stream:
                            if "gap" in update or self._payload("transaction", update).get("transaction_id"):
                                self._readings.moved()
                                news.set()
            await asyncio.sleep(EVERY)

    async def _follow_others(self) -> None:
        while True:
            if self._listing:
                await self._learn_balances()
            await asyncio.sleep(EVERY)

    async def _learn(self, account: Account | None, name: str) -> None:
        """Ask for a part."""
        if account is None:
            return
        asked, part, how = time.time(), self._readings.of(account).part(name), self._parts[name]
        if not self._lacking(how.call):
            try:
                came = await how.ask(account)
                rows, trouble = came if isinstance(came, _Partly) else (came, "")
                if trouble and part.rows:
                    part = replace(part, asked=asked, trouble=trouble)
                else:
                    part = Part(tuple(rows), asked, asked, trouble)
            except DpyauthError as error:
                part = replace(part, asked=asked, trouble=plain(error))
        if lacking := self._lacking(how.call):
            part = Part((row(self.words[name], lines=[lacking]),), asked, asked, refused=True)
        self._readings.read(self.session, account, name, part)

    async def _learn_balance(self) -> None:
        account = self.session.core.active_account
        try:
            frame = await self.session.aio.balance(decimal=True)
        except DpyauthError as error:
            self._readings.learned(self.session, account, no_balance=self._why(error))
        else:
            amount = sign_in_view.money(next(iter(frame["balance"]), None))
            self._readings.learned(self.session, account, balance=amount, no_balance="")

    # What is asked for

    @property
    def _parts(self) -> Mapping[str, _Ask]:
        """Return the parts of the card that this API has, in the order in which they are shown."""
        catalog = self.session.core.catalog
        known = "get_account_status" if "get_account_status" in catalog else "get_accounts"
        parts = {
            "status": _Ask(known, self._status, lambda: EVERY),
            "money": _Ask("portfolio", self._money, lambda: min(SURELY, _DAY - time.time() % _DAY + 1)),
            "wallets": _Ask("wallet_list", self._wallets, lambda: EVERY),
            "moved": _Ask("legacy_migration_status", self._moved, lambda: RARELY),
        }
        return {name: part for name, part in parts.items() if part.call in catalog}

    async def _status(self, account: Account) -> list[Row]:
        from dpyauth.panels.status_rows import Status, options_rows

        session, call = self.session, "get_account_status"
        if call not in session.core.catalog:
            return options_rows(await session.aio.account_status(), self.words)
        payload = self._payload(call, await session.aio.call(call))
        return Status(payload, demo=account.demo, words=self.words).rows()

    async def _money(self, account: Account) -> list[Row] | _Partly:
        from dpyauth.frames.values import mappings
        from dpyauth.panels.money_rows import money_rows
        from dpyauth.session.answers import at_stake

        told, came = await run_async(self.session.core, at_stake.asked(self.session.core, account.loginid))
        errors = [error for error in came.values() if isinstance(error, DpyauthError)]
        if errors and len(errors) == len(came):
            raise errors[0]
        latest = came["statement"]
        payload = {} if isinstance(latest, DpyauthError) else self._payload("statement", latest)
        if at_stake.glance_falls_short(mappings(payload.get("transactions"))):
            self._readings.spend(readings.MOST)  # there is much to read each time
        rows = money_rows(told, came, account.currency, self.words, self._why)
        if {"open_contracts", "profit_month"} <= told.keys():
            return rows
        return _Partly(rows, plain(errors[0] if errors else told["remark"]))

    async def _wallets(self, account: Account) -> list[Row]:
        from dpyauth.panels.money_rows import wallets_row

        return [wallets_row(await self.session.aio.wallets(decimal=True), self.words)]

    async def _moved(self, account: Account) -> list[Row]:
        from dpyauth.panels.money_rows import moved_row

        return [moved_row(await self.session.aio.migration(), self.words)]

    def _payload(self, call: str, reply: Reply) -> Mapping[str, Any]:
        """Return what a reply brings; nothing where that is not what it should be."""
        payload = self.session.core.adapter.payload(self.session.core.catalog[call], reply)
        return payload if isinstance(payload, dict) else {}

    def _why(self, error: DpyauthError) -> str:
        return self._lacking(str(error.call)) or self.text("not_now", why=plain(error))

    def _lacking(self, call: str) -> str:
        """Say which scope the token lacks for a call; empty where it has it, or that is not known."""
        session = self.session
        if session.core.active_account is None or call not in session.core.catalog or session.can(call) is not False:
            return ""
        return self.text("needs_scope", scopes=labels(session, session.needs(call)))
