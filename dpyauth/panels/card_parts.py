"""Read the parts of an account card, and turn the replies into rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from dpyauth.errors import DpyauthError
from dpyauth.panels import readings, switcher
from dpyauth.panels.card_rows import Row, plain
from dpyauth.panels.readings import Part, Readings, Shown, Why
from dpyauth.panels.switcher import labels
from dpyauth.session.awaiting import run_async
from dpyauth.texts import Words

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
    """Part whose rows are not all there, and the reason why others are missing."""

    shown: Shown
    trouble: DpyauthError


class _Question(NamedTuple):
    """Description of how to read a part of the card."""

    call: str
    """Call that the part needs; without its scope, the part is left out."""
    ask: Callable[[Account], Coroutine[Any, Any, Shown | _Partial]]
    every: Callable[[], float]
    """Interval in seconds."""


class CardParts:
    """Parts of the card of one session.

    Parameters
    ----------
    session : Session
        Session to read from.
    known : Readings
        Store for the results, shared by all cards of the session.
    """

    def __init__(self, session: Session, known: Readings) -> None:
        self._session = session
        self._readings = known

    async def learn(self, account: Account | None, name: str) -> None:
        """Read a part."""
        if account is None:
            return
        asked, part, how = time.time(), self._readings.of(account).part(name), self.all[name]
        if not self._lacks(how.call):
            try:
                came = await how.ask(account)
                shown, trouble = came if isinstance(came, _Partial) else (came, None)
                if trouble is not None and part.shown:
                    part = replace(part, asked=asked, trouble=trouble)
                else:
                    part = Part(shown, asked, asked, trouble)
            except DpyauthError as error:
                part = replace(part, asked=asked, trouble=error.copy())
        if self._lacks(how.call):
            part = Part(None, asked, asked, refused=True)
        self._readings.read(self._session, account, name, part)

    async def learn_balance(self) -> None:
        """Read the balance."""
        account = self._session.core.active_account
        try:
            frame = await self._session.aio.balance(decimal=True)
        except DpyauthError as error:
            self._readings.learned(self._session, account, no_balance=error.copy())
        else:
            amount = next(iter(frame["balance"]), None)
            self._readings.learned(self._session, account, balance=amount, no_balance=None)

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

    async def _status(self, account: Account) -> Shown:
        from dpyauth.panels.status_rows import Status, options_rows

        session, call = self._session, "get_account_status"
        if call not in session.core.catalog:
            status = await session.aio.account_status()
            return lambda words, why: options_rows(status, words)
        payload = self.payload(call, await session.aio.call(call))
        demo = account.demo
        return lambda words, why: Status(payload, demo=demo, words=words).rows()

    async def _money(self, account: Account) -> Shown | _Partial:
        from dpyauth.frames.values import mappings
        from dpyauth.panels.money_rows import money_rows
        from dpyauth.session.answers import at_stake

        told, came = await run_async(self._session.core, at_stake.asked(self._session.core, account.loginid))
        # Copies, without tracebacks: their frames hold the session, which the readings must not keep alive.
        came = {call: each.copy() if isinstance(each, DpyauthError) else each for call, each in came.items()}
        errors = [error for error in came.values() if isinstance(error, DpyauthError)]
        if errors and len(errors) == len(came):
            raise errors[0]
        latest = came["statement"]
        payload = {} if isinstance(latest, DpyauthError) else self.payload("statement", latest)
        if at_stake.glance_falls_short(mappings(payload.get("transactions"))):
            self._readings.spend(readings.MOST)  # each reading takes several calls

        currency = account.currency

        def shown(words: Words, why: Why) -> list[Row]:
            return money_rows(told, came, currency, words, why)

        if {"open_contracts", "profit_month"} <= told.keys():
            return shown
        return _Partial(shown, errors[0] if errors else DpyauthError(told["remark"]))

    async def _wallets(self, account: Account) -> Shown:
        from dpyauth.panels.money_rows import wallets_row

        wallets = await self._session.aio.wallets(decimal=True)
        return lambda words, why: [wallets_row(wallets, words)]

    async def _moved(self, account: Account) -> Shown:
        from dpyauth.panels.money_rows import moved_row

        status = await self._session.aio.migration()
        return lambda words, why: [moved_row(status, words)]

    def payload(self, call: str, reply: Reply) -> Mapping[str, Any]:
        """Return the payload of a reply; empty if it is not of the expected type."""
        payload = self._session.core.adapter.payload(self._session.core.catalog[call], reply)
        return payload if isinstance(payload, dict) else {}

    def why(self, error: DpyauthError, words: Words) -> str:
        """Return why a part is not known."""
        return self.lacking(str(error.call), words) or words("not_now", why=plain(error.in_language(words["lang"])))

    def lacking(self, call: str, words: Words) -> str:
        """Return which scope the token lacks for a call; empty if it has it or that is not known."""
        session = self._session
        return words("needs_scope", scopes=labels(session, session.needs(call))) if self._lacks(call) else ""

    def _lacks(self, call: str) -> bool:
        session = self._session
        known = session.core.active_account is not None and call in session.core.catalog
        return known and session.can(call) is False
