"""Model the account card: the account in use, its money, its restrictions, and what to do about them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from dpyauth.errors import DpyauthError
from dpyauth.panels import account_view, card_text, readings, switcher
from dpyauth.panels.card_parts import CardParts
from dpyauth.panels.card_rows import Row, light, plain, row
from dpyauth.panels.readings import Known, Part, Shown, readings_of
from dpyauth.panels.refresh import once
from dpyauth.panels.stills.markup import clock
from dpyauth.panels.switcher import SwitcherModel
from dpyauth.texts import Words
from dpyauth.texts.said import in_language

if TYPE_CHECKING:
    from dpyauth.session import Session

AGAIN = 1.0
"""Seconds to wait while another card reads the same part."""


class CardModel(SwitcherModel):
    """Model of the account card.

    Parameters
    ----------
    session : Session
        The session to show.
    """

    name = "card"
    beside = ("switcher",)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.readings = readings_of(session)
        self.readings.cards.add(self)
        self._parts = CardParts(session, self.readings)
        self._kept: dict[str, tuple[Shown, Words, Sequence[Row]]] = {}  # rows, and what they were made of and in
        self._listing = False  # whether the user has opened the list of accounts

    def close(self) -> None:
        """Close the panel for good."""
        super().close()
        self.readings.cards.discard(self)

    # What there is to show

    def content(self) -> dict[str, Any]:
        """Return everything that the card shows, as texts."""
        view, account = super().content(), self.session.core.active_account
        known, words = self.readings.of(account), self.words
        balance = account_view.money(known.balance, words["lang"])
        missing = self._parts.why(known.no_balance, words) if known.no_balance is not None else ""
        parts = {name: known.part(name) for name in self._parts.all}
        for entry in view["accounts"]:
            if entry["current"]:
                entry["balance"] = balance
        return {
            **view,
            "hint": "",
            "account": account_view.account(self.session, self.words["lang"]),
            "connection": self._connection(),
            "balance": balance,
            "no_balance": missing,
            "complete": all(part.asked for part in parts.values()) and bool(balance or missing),
            "known": [name for name, part in parts.items() if part.shown or part.refused],
            "rows": self._rows(known) if account else [],
            "footnote": self._footnote(known),
        }

    def as_text(self) -> str:
        """Return the card as plain text."""
        return card_text.text(self.view(), self.words)

    def without_panel(self) -> str:
        """Return an empty text: the still beside the panel shows the same."""
        return ""

    def subject(self, view: dict[str, Any]) -> object:
        """Return the parts that a new still depends on: the account, and whether everything about it is known."""
        account, known = view["account"], (*view["known"], bool(view["balance"]))
        whose = account and (account["loginid"], account["api"], view["complete"] and known)
        return view["state"] == "closed", whose

    def still(self, view: dict[str, Any]) -> str:
        """Return the still, in HTML."""
        return card_text.html(view, self.words)

    def still_text(self) -> str:
        """Return the card as plain text, without values that are true only at this moment."""
        return card_text.text(self.view(), self.words, live=False)

    def _connection(self) -> dict[str, Any]:
        connection, state = self.session.core.connection, self.session.state
        if state == "signed in":
            trips = list(connection.protocol.round_trips)[-1:] if connection else []
            text = self.text("round_trip", time=max(1, round(trips[0] * 1000))) if trips else self.words["connected"]
            return {"on": True, "text": text}
        reason = plain(in_language(connection.reason, self.words["lang"])) if connection else ""
        if reason and state == "reconnecting":
            return {"on": False, "text": self.text("reconnecting_because", why=reason)}
        return {"on": False, "text": self.words.get(state) or state}

    def _rows(self, known: Known) -> list[Row]:
        from dpyauth.panels.status_rows import untold_row

        parts = {name: known.part(name) for name in self._parts.all}
        rows = [
            each
            for name, part in parts.items()
            for each in (self._made(name, part.shown) if part.shown else [self._unread(name, part)])
        ]
        rows += [row(self.words["scopes"], account_view.scopes(self.session, self.words)), *self._end()]
        if "get_account_status" not in self.session.core.catalog:
            rows.append(untold_row(self.words, self.session.core.api_facts.pages.profile))
        return rows

    def _made(self, name: str, shown: Shown) -> Sequence[Row]:
        """Return the rows of a part, made once for each reply and language: that takes frames, and views are many."""
        words, kept = self.words, self._kept.get(name)
        if kept is None or kept[0] is not shown or kept[1] is not words:
            kept = self._kept[name] = (shown, words, shown(words, partial(self._parts.why, words=words)))
        return kept[2]

    def _unread(self, name: str, part: Part) -> Row:
        """Return why nothing is known about a part yet."""
        trouble = part.trouble
        if part.refused:
            return row(self.words[name], lines=[self._parts.lacking(self._parts.all[name].call, self.words)])
        text = self.text("not_now", why=plain(self.said(trouble))) if trouble is not None else self.words["reading"]
        return row(self.words[name], lines=[text])

    def _footnote(self, known: Known) -> str:
        """Return which parts are out of date, since when, and why."""
        old: dict[str, list[tuple[str, Part]]] = {}
        for name in self._parts.all:
            part = known.part(name)
            if part.shown and part.trouble is not None and part.at < part.asked:
                old.setdefault(plain(self.said(part.trouble)), []).append((name, part))
        return " ".join(
            self.text(
                "stale",
                time=clock(min(part.at for _, part in parts)),
                what=[self.words[name] for name, _ in parts],
                why=why,
            )
            for why, parts in old.items()
        )

    def _end(self) -> list[Row]:
        """Return when the sign-in ends, if that is known."""
        expiry = self.session.core.expiry
        if expiry is None:
            return []
        text = self.text("ended" if expiry.has_passed else "until", time=expiry.clock)
        return [row(self.words["sign_in"], [light("plain" if expiry.due is None else "act", text)])]

    # What the user does

    def handle(self, message: dict[str, Any]) -> None:
        """Handle a message from the browser, as in the switcher; the list of accounts has to be opened first."""
        match message:
            case {"do": "list"}:
                if not self._listing:
                    self._listing = True
                    once(self._learn_balances(), self.name, patience=0)
            case _:
                super().handle(message)

    # Keeping up to date

    async def follow(self) -> None:
        """Keep the card up to date until the session changes, when the work is cancelled and started again."""
        if self.session.state == "signed in":
            news, since = asyncio.Event(), time.time() - readings.FRESH
            parts = [self._follow_part(name, since, news) for name in self._parts.all]
            await asyncio.gather(*parts, self._follow_balance(), self._follow_money(news), self._follow_others())

    async def learn(self) -> None:
        """Read everything that the card shows."""
        account = self.session.core.active_account
        asking = [name for name in self._parts.all if not self.readings.of(account).part(name).refused]
        await asyncio.gather(self._parts.learn_balance(), *(self._parts.learn(account, name) for name in asking))

    async def _follow_part(self, name: str, since: float, news: asyncio.Event) -> None:
        """Read a part again whenever it is due."""
        account, of_money = self.session.core.active_account, name == "money"
        waiting = self.readings.wait_for_money if of_money else self.readings.wait
        while not math.isinf(wait := waiting(account, name, self._parts.all[name].every(), since)):
            if wait <= 0:
                with self.readings.turn(account, name) as mine:
                    if mine:
                        if of_money:
                            self.readings.spend()
                        await self._parts.learn(account, name)
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
                        amount = self._parts.payload("balance", update).get("balance")
                        self.readings.learned(session, account, balance=amount, no_balance=None)
            except DpyauthError as error:
                self.readings.learned(session, account, no_balance=error.copy())
            await asyncio.sleep(switcher.EVERY)

    async def _follow_money(self, news: asyncio.Event) -> None:
        """Listen for transactions: each of them changes the amount at stake or the profit."""
        session = self.session
        while True:
            with suppress(DpyauthError):  # the token may not: then the money is read at intervals
                async with await session.aio.stream("transaction", keep=1) as stream:
                    with self.readings.listening():
                        news.set()
                        async for update in stream:
                            if "gap" in update or self._parts.payload("transaction", update).get("transaction_id"):
                                self.readings.moved()
                                news.set()
            await asyncio.sleep(switcher.EVERY)

    async def _follow_others(self) -> None:
        while True:
            if self._listing:
                await self._learn_balances()
            await asyncio.sleep(switcher.EVERY)
