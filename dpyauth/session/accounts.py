"""Use the accounts that one sign-in gives access to: switch between them, and connect to several."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dpyauth._nearest import nearest
from dpyauth.apis.connection_limit import looks_crowded, told
from dpyauth.errors import DpyauthError, InvalidRequest, SessionClosed
from dpyauth.net.connector import CLOSE_TIMEOUT
from dpyauth.net.state import State
from dpyauth.registry import APIS
from dpyauth.session.sending import Sending
from dpyauth.session.steps import Steps
from dpyauth.texts.said import Said, joined, said

if TYPE_CHECKING:
    from dpyauth.apis.base import Account
    from dpyauth.net.connection import Connection

_WORDS = frozenset({"current", "all"})
_LOGINID = re.compile(r"[A-Za-z]{1,8}[0-9]{0,12}", re.ASCII)


class Accounts(Sending):
    """Core that switches between accounts and connects to accounts other than the active one."""

    async def switch_to(self, loginid: str) -> Account:
        """Switch to another account of the same sign-in, on the background thread.

        If Deriv allows no more connections, those of this session are closed first.
        """
        try:
            return await asyncio.wrap_future(self.start_switch(loginid))
        except DpyauthError as error:
            if not looks_crowded(error, APIS[self.target.api]):
                raise
            # A switch opens the new connection before it closes the old one, which may be one more than Deriv allows.
            # So close the present ones and try again, with a spare to return to if that fails as well.
            go_back = asyncio.Event()
            spare, ends = self._give_up_connections(go_back)
            if spare is None:
                raise
        try:
            await asyncio.wait(ends, timeout=CLOSE_TIMEOUT)
            return await asyncio.wrap_future(self.start_switch(loginid))
        except BaseException:  # also a cancelled switch: without the spare, the session would have no connection
            go_back.set()
            spare.start()
            raise

    def _give_up_connections(self, go_back: asyncio.Event) -> tuple[Connection | None, list[asyncio.Task[None]]]:
        """Begin to close the session's connections; return a replacement for the active one, and tasks to await.

        The replacement does not connect before ``go_back`` is set. Meanwhile calls wait for it: a connection made for
        them would take the place that the other account needs. It is None if no connection is open.
        """
        with self._lock:
            sign_in, account, old = self.sign_in, self.active_account, self.connection
            if sign_in is None or account is None or old is None or old.state is not State.AUTHORISED:
                return None, []
            given_up, self.other_connections = [old, *self.other_connections.values()], {}
            endpoint = sign_in.endpoint(account.loginid)

            async def address() -> str:
                await go_back.wait()
                return endpoint.address if isinstance(endpoint.address, str) else await endpoint.address()

            self.connection = spare = self.connect(endpoint._replace(address=address), self.target)
            spare.keep_trying()
        self.note_event("connections closed", said("connections_limited"), None)
        ends = [connection.task for connection in given_up if connection.task is not None]
        for connection in given_up:
            connection.end(SessionClosed(said("switching_account")))
        return spare, ends

    def granted(self, loginid: str) -> str:
        """Return the login ID of an account that the sign-in gave access to, as Deriv writes it."""
        if self.active_account is None:
            raise self.not_signed_in("authorize")
        wanted = loginid.strip().upper()
        if wanted not in self.grants:
            raise InvalidRequest(self._no_access(loginid), call="authorize", field="loginid")
        return wanted

    def _no_access(self, given: str) -> Said:
        """Return the message for an account that the sign-in gives no access to, with what to write instead."""
        word = given.strip().lower()
        if word in _WORDS and given not in _WORDS:
            return said("account_word", right=repr(word), given=repr(given))
        # A text that does not look like a login ID may be a token, so it is not shown.
        there, near = [*self.grants], nearest(given, self.grants)
        return joined(
            said("no_access_to", given=repr(given), accounts=there)
            if _LOGINID.fullmatch(given)
            else said("no_access_there", accounts=there),
            said("did_you_mean", names=repr(near)) if near else "",
            said("accounts_lists_yours" if APIS[self.target.api].one_for_all else "token_of_one_account"),
        )

    def connect_account(self, loginid: str) -> Steps[str]:
        """Connect to an account unless there is a connection already; return its login ID as Deriv writes it."""
        loginid = self.granted(loginid)
        if self.active_account is None or self.active_account.loginid != loginid:
            yield lambda: self._reached(loginid)
        return loginid

    async def _reached(self, loginid: str) -> None:
        """Connect to an account, on the background thread."""
        await self._make_room(loginid)
        with self._lock:
            if self.sign_in is None:
                raise self.not_signed_in("authorize")
            # One that has ended for good is replaced; one that is reconnecting is kept.
            connection = self.other_connections.get(loginid)
            if connection is None or connection.failure is not None:
                connection = self.other_connections[loginid] = self.connect(self.sign_in.endpoint(loginid), self.target)
        connection.start()
        try:
            # Shielded: cancelling this wait would cancel `ready`, for which others may be waiting, too.
            await asyncio.shield(asyncio.wrap_future(connection.ready))
        except DpyauthError as error:
            raise told(error, APIS[self.target.api]) from None

    async def _make_room(self, loginid: str) -> None:
        """Close connections to other accounts if one more would be too many: the oldest of those without a call."""
        most = APIS[self.target.api].connections
        with self._lock:
            others = {
                name: each for name, each in self.other_connections.items() if each.failure is None and name != loginid
            }
            known = self.other_connections.get(loginid)
            if most is None or (known is not None and known.failure is None):
                return
            idle = [name for name, each in others.items() if not each.protocol.is_awaited]
            # Two more than the others: the active account's connection, and the one that is to be opened.
            closing = [self.other_connections.pop(name) for name in idle[: max(0, len(others) + 2 - most)]]
        ends = [each.task for each in closing if each.task is not None]
        for each in closing:
            each.end(SessionClosed(said("made_room")))
        if ends:
            await asyncio.wait(ends, timeout=CLOSE_TIMEOUT)

    def listed_account(self, loginid: str | None) -> Mapping[str, Any]:
        """Return what Deriv said about an account of this user at the sign-in, under v3's names."""
        return self.active_account.listed(loginid) if self.active_account is not None else {}

    def currency_of(self, loginid: str | None) -> str | None:
        """Return the currency of an account of this sign-in; None if it has none yet or Deriv did not say."""
        account = self.active_account
        if account is None or loginid is None:
            return None
        if account.loginid == loginid:
            return account.currency or None
        told = str(account.listed(loginid).get("currency") or "")
        return told or self._currency_by_its_own_sign_in(loginid)

    def _currency_by_its_own_sign_in(self, loginid: str) -> str | None:
        """Return the currency that Deriv named when another account was connected."""
        connection, sign_in = self.other_connections.get(loginid), self.sign_in
        if connection is None or sign_in is None or not connection.ready.done() or connection.ready.exception():
            return None
        reply = connection.ready.result()
        return None if reply is None else sign_in.endpoint(loginid).account(reply).currency or None
