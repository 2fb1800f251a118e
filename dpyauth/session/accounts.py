"""The several accounts that one sign-in gives access to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from dpyauth.apis.crowded import looks_crowded, told
from dpyauth.arguments import nearest
from dpyauth.errors import DpyauthError, InvalidRequest, SessionClosed
from dpyauth.plans import Plan, Request, Ticket, planned
from dpyauth.registry import APIS
from dpyauth.wire.connection import CLOSE_TIMEOUT
from dpyauth.wire.state import State

if TYPE_CHECKING:
    import threading

    from dpyauth.apis.access import Access, Account, Entrance
    from dpyauth.credentials import Credential
    from dpyauth.settings import Settings
    from dpyauth.wire.calls import Pending
    from dpyauth.wire.connection import Connection

_WORDS = frozenset({"current", "all"})
_LOGINID = re.compile(r"[A-Za-z]{1,8}[0-9]{0,12}", re.ASCII)
_ONE_ACCOUNT = "An API token belongs to one account; signing in with Deriv gives access to all"


class Accounts:
    """Switching between accounts, and reaching those that are not the one in use."""

    _access: Access | None
    _account: Account | None
    _begin: Callable[[Request, Callable[[Pending], None]], Ticket]
    _connect: Callable[[Entrance, Settings], Connection]
    _connection: Connection | None
    _lock: threading.RLock
    _not_signed_in: Callable[[str], DpyauthError]
    _others: dict[str, Connection]
    _settings: Settings
    _note: Callable[[str, str, float | None], None]
    _switch: Callable[[str], Future[Account]]

    if TYPE_CHECKING:

        @property
        def _grants(self) -> Mapping[str, Credential]: ...

    @planned
    def use(self, loginid: str) -> Plan[None]:
        """Switch to another account that the sign-in gave access to.

        Signing in with Deriv gives access to all accounts of the person, an API token to one. Calls and streams of
        the account in use end; the other one is signed in first, so that a failure changes nothing. Where Deriv allows
        no connection more (five at a time for each user, on its current API), the one in use is given up first; it is
        opened anew where the switch fails all the same.
        Stands on Deriv's call ``authorize`` (v3), or on ``balance`` and a one-time password (options).

        Parameters
        ----------
        loginid : str
            Login ID of the account, such as ``"VRTC900003"``.

        Raises
        ------
        InvalidRequest
            The sign-in gave no access to that account; the text lists those it did.
        SignInRefused, ConnectionFailed, CallTimeout
            Deriv did not accept the account's token, or could not be reached.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.use(session.loginid)
        """
        loginid = self._granted(loginid)
        if self._account is None or self._account.loginid != loginid:
            yield lambda: self._switched(loginid)

    async def _switched(self, loginid: str) -> Account:
        """Use another account of the same sign-in, on the background thread.

        Where Deriv allows no connection more, those of this session are given up first.
        """
        try:
            return await asyncio.wrap_future(self._switch(loginid))
        except DpyauthError as error:
            if not looks_crowded(error, APIS[self._settings.api]):
                raise
            go_back = asyncio.Event()
            spare, ends = self._give_up_connections(go_back)
            if spare is None:
                raise
        try:
            await asyncio.wait(ends, timeout=CLOSE_TIMEOUT)
            return await asyncio.wrap_future(self._switch(loginid))
        except BaseException:
            go_back.set()
            spare.start()
            raise

    def _give_up_connections(self, go_back: asyncio.Event) -> tuple[Connection | None, list[asyncio.Task[None]]]:
        """Begin to close the connections of this session; return one in place of that in use, and what to wait for.

        That one opens when it may. Calls meanwhile wait for it: none takes the place that is wanted for the other
        account. None is returned where no connection is open.
        """
        with self._lock:
            access, account, old = self._access, self._account, self._connection
            if access is None or account is None or old is None or old.state is not State.AUTHORISED:
                return None, []
            given_up, self._others = [old, *self._others.values()], {}
            entrance = access.entrance(account.loginid)

            async def address() -> str:
                await go_back.wait()
                return entrance.address if isinstance(entrance.address, str) else await entrance.address()

            self._connection = spare = self._connect(entrance._replace(address=address), self._settings)
            spare.keep_trying()
        self._note("connections given up", "Deriv allows no more of them, and another account is to be used", None)
        ends = [connection._task for connection in given_up if connection._task is not None]
        for connection in given_up:
            connection.end(SessionClosed("The session is being switched to another account. Run the cell again."))
        return spare, ends

    def _granted(self, loginid: str) -> str:
        """Return the login ID of an account that the sign-in gave access to, as Deriv writes it."""
        if self._account is None:
            raise self._not_signed_in("authorize")
        wanted = loginid.strip().upper()
        if wanted not in self._grants:
            raise InvalidRequest(self._no_access(loginid), call="authorize", field="loginid")
        return wanted

    def _no_access(self, given: str) -> str:
        """Return what to write instead of what is no account of this sign-in."""
        word = given.strip().lower()
        if word in _WORDS and given not in _WORDS:
            return f'An account is "current", "all" or a login ID, written so: {word!r}, not {given!r}.'
        # What looks like no login ID may be a token, and is not repeated.
        shown = f"an account {given!r}" if _LOGINID.fullmatch(given) else "such an account"
        near = nearest(given, self._grants)
        one_for_all = APIS[self._settings.api].one_for_all
        more = "session.accounts() lists yours" if one_for_all else _ONE_ACCOUNT
        return (
            f"This sign-in gives no access to {shown}, only to: {', '.join(self._grants)}."
            f"{f' Did you mean {near!r}?' if near else ''} {more}."
        )

    def _reach(self, loginid: str) -> Plan[str]:
        """See to it that there is a connection for an account; returns its login ID as Deriv writes it."""
        loginid = self._granted(loginid)
        if self._account is None or self._account.loginid != loginid:
            yield lambda: self._reached(loginid)
        return loginid

    async def _reached(self, loginid: str) -> None:
        """Connect to an account, on the background thread."""
        await self._make_room(loginid)
        with self._lock:
            if self._access is None:
                raise self._not_signed_in("authorize")
            connection = self._others.get(loginid)
            if connection is None or connection.failure is not None:
                connection = self._others[loginid] = self._connect(self._access.entrance(loginid), self._settings)
        connection.start()
        try:
            await asyncio.shield(asyncio.wrap_future(connection.ready))
        except DpyauthError as error:
            raise told(error, APIS[self._settings.api]) from None

    async def _make_room(self, loginid: str) -> None:
        """Close connections to other accounts where one more would be too many: of those without a call the oldest."""
        most = APIS[self._settings.api].connections
        with self._lock:
            others = {name: each for name, each in self._others.items() if each.failure is None and name != loginid}
            known = self._others.get(loginid)
            if most is None or (known is not None and known.failure is None):
                return
            idle = [name for name, each in others.items() if not each.link.is_awaited]
            closing = [self._others.pop(name) for name in idle[: max(0, len(others) + 2 - most)]]
        ends = [each._task for each in closing if each._task is not None]
        for each in closing:
            each.end(SessionClosed("This connection made room for one to another account. Run the cell again."))
        if ends:
            await asyncio.wait(ends, timeout=CLOSE_TIMEOUT)

    def _listed(self, loginid: str | None) -> Mapping[str, Any]:
        """Return what Deriv said of an account of this user when it was signed in to; the names are v3's."""
        return self._account.listed(loginid) if self._account is not None else {}

    def _currency(self, loginid: str | None) -> str | None:
        """Return the currency of an account of this sign-in; None while it has none, or where Deriv did not say it."""
        account = self._account
        if account is None or loginid is None:
            return None
        if account.loginid == loginid:
            return account.currency or None
        told = str(account.listed(loginid).get("currency") or "")
        return told or self._currency_by_its_own_sign_in(loginid)

    def _currency_by_its_own_sign_in(self, loginid: str) -> str | None:
        """Return what Deriv said when the connection of another account was signed in."""
        connection, access = self._others.get(loginid), self._access
        if connection is None or access is None or not connection.ready.done() or connection.ready.exception():
            return None
        reply = connection.ready.result()
        return None if reply is None else access.entrance(loginid).account(reply).currency or None
