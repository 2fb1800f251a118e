"""The several accounts that one sign-in gives access to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.errors import InvalidRequest, NotSignedIn
from dpyauth.plans import Plan, Request, Ticket, planned

if TYPE_CHECKING:
    import threading

    from dpyauth.apis.access import Access, Account, Entrance
    from dpyauth.credentials import Credential
    from dpyauth.settings import Settings
    from dpyauth.wire.calls import Pending
    from dpyauth.wire.connection import Connection


class Accounts:
    """Switching between accounts, and reaching those that are not the one in use."""

    _access: Access | None
    _account: Account | None
    _begin: Callable[[Request, Callable[[Pending], None]], Ticket]
    _connect: Callable[[Entrance, Settings], Connection]
    _lock: threading.RLock
    _not_signed_in: Callable[[str], NotSignedIn]
    _others: dict[str, Connection]
    _settings: Settings
    _switched: Callable[[str], Coroutine[Any, Any, Account]]

    if TYPE_CHECKING:

        @property
        def _grants(self) -> Mapping[str, Credential]: ...

    @planned
    def use(self, loginid: str) -> Plan[None]:
        """Switch to another account that the sign-in gave access to.

        Signing in with Deriv gives access to all accounts of the person, an API token to one. Calls and streams of
        the account in use end; the other one is signed in first, so that a failure changes nothing.
        Stands on Deriv's call ``authorize``.

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

    def _granted(self, loginid: str) -> str:
        """The login ID of an account that the sign-in gave access to, as Deriv writes it."""
        if self._account is None:
            raise self._not_signed_in("authorize")
        if not isinstance(loginid, str) or loginid.upper() not in self._grants:
            raise InvalidRequest(
                f"This sign-in gives no access to an account {loginid!r}, only to: {', '.join(self._grants)}. An API "
                "token belongs to one account; signing in with Deriv gives access to all.",
                call="authorize",
                field="loginid",
            )
        return loginid.upper()

    def _reach(self, loginid: str) -> Plan[str]:
        """See to it that there is a connection for an account; returns its login ID as Deriv writes it."""
        loginid = self._granted(loginid)
        if self._account is None or self._account.loginid != loginid:
            yield lambda: self._reached(loginid)
        return loginid

    async def _reached(self, loginid: str) -> None:
        """Connect to an account, on the background thread."""
        with self._lock:
            if self._access is None:
                raise self._not_signed_in("authorize")
            connection = self._others.get(loginid)
            if connection is None or connection.failure is not None:
                connection = self._others[loginid] = self._connect(self._access.entrance(loginid), self._settings)
        connection.start()
        await asyncio.shield(asyncio.wrap_future(connection.ready))

    def _listed(self, loginid: str | None) -> Mapping[str, Any]:
        """Return what Deriv said of an account of this user when it was signed in to; the names are v3's."""
        rows = self._account.rows if self._account is not None else ()
        return next((row for row in rows if row.get("loginid") == loginid), {})

    def _currency(self, loginid: str | None) -> str | None:
        """Return the currency of an account of this sign-in; None while it has none, or where Deriv did not say it."""
        account = self._account
        if account is None or loginid is None:
            return None
        if account.loginid == loginid:
            return account.currency or None
        told = str(self._listed(loginid).get("currency") or "")
        return told or self._currency_by_its_own_sign_in(loginid)

    def _currency_by_its_own_sign_in(self, loginid: str) -> str | None:
        """Return what Deriv said when the connection of another account was signed in."""
        connection, access = self._others.get(loginid), self._access
        if connection is None or access is None or not connection.ready.done() or connection.ready.exception():
            return None
        reply = connection.ready.result()
        return None if reply is None else access.entrance(loginid).account(reply).currency or None
