"""Read the parts of an account card, and turn the replies into rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from dpyauth.errors import DpyauthError
from dpyauth.panels import account_view, readings, switcher
from dpyauth.panels.card_rows import Row, plain, row
from dpyauth.panels.readings import Part, Readings
from dpyauth.panels.switcher import labels
from dpyauth.session.awaiting import run_async

if TYPE_CHECKING:
    from dpyauth.apis.base import Account
    from dpyauth.net.messages import Reply
    from dpyauth.session import Session

RARELY = 600.0
"""Interval in seconds for parts that hardly ever change."""

SURELY = 300.0
"""Interval in seconds after which the money is read again even without a transaction."""

_DAY = 86_400


class _Partial(NamedTuple):
    """Rows of a part, and the reason why others are missing."""

    rows: list[Row]
    trouble: str


class _Question(NamedTuple):
    """Description of how to read a part of the card."""

    call: str
    """Call that the part needs; without its scope, the part is left out."""
    ask: Callable[[Account], Coroutine[Any, Any, list[Row] | _Partial]]
    every: Callable[[], float]
    """Interval in seconds."""


class CardParts:
    """Parts of the card of one session.

    Parameters
    ----------
    session : Session
        Session to read from.
    words : mapping of str to str
        The words of the card.
    known : Readings
        Store for the results, shared by all cards of the session.
    """

    def __init__(self, session: Session, words: Mapping[str, str], known: Readings) -> None:
        self._session = session
        self._words = words
        self._readings = known

    async def learn(self, account: Account | None, name: str) -> None:
        """Read a part."""
        if account is None:
            return
        asked, part, how = time.time(), self._readings.of(account).part(name), self.all[name]
        if not self.lacking(how.call):
            try:
                came = await how.ask(account)
                rows, trouble = came if isinstance(came, _Partial) else (came, "")
                if trouble and part.rows:
                    part = replace(part, asked=asked, trouble=trouble)
                else:
                    part = Part(tuple(rows), asked, asked, trouble)
            except DpyauthError as error:
                part = replace(part, asked=asked, trouble=plain(error))
        if lacking := self.lacking(how.call):
            part = Part((row(self._words[name], lines=[lacking]),), asked, asked, refused=True)
        self._readings.read(self._session, account, name, part)

    async def learn_balance(self) -> None:
        """Read the balance."""
        account = self._session.core.active_account
        try:
            frame = await self._session.aio.balance(decimal=True)
        except DpyauthError as error:
            self._readings.learned(self._session, account, no_balance=self.why(error))
        else:
            amount = account_view.money(next(iter(frame["balance"]), None))
            self._readings.learned(self._session, account, balance=amount, no_balance="")

    @property
    def all(self) -> Mapping[str, _Question]:
        """Return the parts of the card for this API, in the order in which they are shown."""
        catalog = self._session.core.catalog
        known = "get_account_status" if "get_account_status" in catalog else "get_accounts"
        parts = {
            "status": _Question(known, self._status, lambda: switcher.EVERY),
            "money": _Question("portfolio", self._money, lambda: min(SURELY, _DAY - time.time() % _DAY + 1)),
            "wallets": _Question("wallet_list", self._wallets, lambda: switcher.EVERY),
            "moved": _Question("legacy_migration_status", self._moved, lambda: RARELY),
        }
        return {name: part for name, part in parts.items() if part.call in catalog}

    async def _status(self, account: Account) -> list[Row]:
        from dpyauth.panels.status_rows import Status, options_rows

        session, call = self._session, "get_account_status"
        if call not in session.core.catalog:
            return options_rows(await session.aio.account_status(), self._words)
        payload = self.payload(call, await session.aio.call(call))
        return Status(payload, demo=account.demo, words=self._words).rows()

    async def _money(self, account: Account) -> list[Row] | _Partial:
        from dpyauth.frames.values import mappings
        from dpyauth.panels.money_rows import money_rows
        from dpyauth.session.answers import at_stake

        told, came = await run_async(self._session.core, at_stake.asked(self._session.core, account.loginid))
        errors = [error for error in came.values() if isinstance(error, DpyauthError)]
        if errors and len(errors) == len(came):
            raise errors[0]
        latest = came["statement"]
        payload = {} if isinstance(latest, DpyauthError) else self.payload("statement", latest)
        if at_stake.glance_falls_short(mappings(payload.get("transactions"))):
            self._readings.spend(readings.MOST)  # each reading takes several calls
        rows = money_rows(told, came, account.currency, self._words, self.why)
        if {"open_contracts", "profit_month"} <= told.keys():
            return rows
        return _Partial(rows, plain(errors[0] if errors else told["remark"]))

    async def _wallets(self, account: Account) -> list[Row]:
        from dpyauth.panels.money_rows import wallets_row

        return [wallets_row(await self._session.aio.wallets(decimal=True), self._words)]

    async def _moved(self, account: Account) -> list[Row]:
        from dpyauth.panels.money_rows import moved_row

        return [moved_row(await self._session.aio.migration(), self._words)]

    def payload(self, call: str, reply: Reply) -> Mapping[str, Any]:
        """Return the payload of a reply; empty if it is not of the expected type."""
        payload = self._session.core.adapter.payload(self._session.core.catalog[call], reply)
        return payload if isinstance(payload, dict) else {}

    def why(self, error: DpyauthError) -> str:
        """Return why a part is not known."""
        return self.lacking(str(error.call)) or self._words["not_now"].format(why=plain(error))

    def lacking(self, call: str) -> str:
        """Return which scope the token lacks for a call; empty if it has it or that is not known."""
        session = self._session
        if session.core.active_account is None or call not in session.core.catalog or session.can(call) is not False:
            return ""
        return self._words["needs_scope"].format(scopes=labels(session, session.needs(call)))
