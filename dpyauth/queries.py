"""The questions one can put to a session."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dpyauth.apis import request as requests
from dpyauth.errors import BadReply, InvalidRequest
from dpyauth.plans import Plan, Request, Ticket, planned
from dpyauth.wire.calls import Reply

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.apis.catalog import Catalog
    from dpyauth.apis.v3 import Account
    from dpyauth.frames import Context


class Queries:
    """What a session answers, each method written once for its blocking and its awaitable face."""

    _catalog: Catalog
    _account: Account | None

    def _begin(self, request: Request) -> Ticket:
        raise NotImplementedError

    @planned
    def call(self, name: str, /, *, timeout: float | None = None, **fields: Any) -> Plan[Reply]:
        """Put any call to Deriv and return its reply.

        Parameters
        ----------
        name : str
            A call of Deriv's v3 API, such as ``"get_limits"``.
        timeout : float, optional
            How long to wait for the reply, in seconds.
        **fields
            The call's fields. Python, numpy and pandas values are converted to what Deriv wants: True to 1, a date
            or time to epoch seconds (without a zone it counts as UTC), and so on. None leaves a field out.

        Returns
        -------
        dict
            The whole reply, with the payload usually under the call's own name.

        Raises
        ------
        InvalidRequest
            No such call or field, or a value that cannot be right; nothing was sent.
        NotSignedIn, MissingScope
            The call needs a sign-in, or a scope that the token lacks; nothing was sent.
        ApiError
            Deriv answered with an error; ``code`` and ``details`` say which.
        CallTimeout, ConnectionLost
            No reply in time, or no connection. A call that only reads is sent again by itself after a break.
        OutcomeUnknown
            A call that changes something was sent, but never answered. It is never repeated.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.call("ping")["ping"]
        'pong'
        """
        fields = requests.seal(self._catalog.get(name), fields)  # first of all: tracebacks may show variables
        if name in _NOT_BY_CALL:
            raise InvalidRequest(_NOT_BY_CALL[name], call=name)
        if fields.get("subscribe") or (name in self._catalog and self._catalog[name].streams == "required"):
            raise InvalidRequest(
                f"call() returns one reply and '{name}' with subscribe is a stream of them. "
                "Leave 'subscribe' out to get the present state once.",
                call=name,
                field="subscribe",
            )
        return (yield Request(name, fields, timeout))

    def can(self, call: str) -> bool:
        """Whether the token signed in with may make a call, as far as its scopes tell.

        Parameters
        ----------
        call : str
            Name of the call.

        Returns
        -------
        bool
            True also where no sign-in is needed. False when nobody is signed in and the call needs it.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).can("get_account_status")
        True
        """
        needed = self._catalog.find(call).scopes
        account = self._account
        if not needed:
            return True
        return account is not None and (account.scopes is None or not set(needed).isdisjoint(account.scopes))

    def needs(self, call: str) -> tuple[str, ...]:
        """The scopes for a call: a token needs one of them. Empty when the call needs no sign-in.

        Parameters
        ----------
        call : str
            Name of the call.

        Returns
        -------
        tuple of str

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).needs("balance")
        ('read', 'trading_information')
        """
        return self._catalog.find(call).scopes

    # Frames

    @planned
    def account_status(self) -> Plan[pd.DataFrame]:
        """The state of the account in one row: risk, flags, verification, cashier.

        Stands on Deriv's call ``get_account_status`` (scope read).

        Returns
        -------
        pandas.DataFrame
            One row per account; columns and dtypes as `dpyauth.frames.account_status` says.

        Raises
        ------
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).account_status()["loginid"].item()
        'CR900001'
        """
        from dpyauth import frames

        return frames.account_status(*(yield from self._payload("get_account_status")))

    @planned
    def status_flags(self) -> Plan[pd.DataFrame]:
        """The account's status flags, one row per flag, each with what it means.

        Stands on Deriv's call ``get_account_status`` (scope read).

        Returns
        -------
        pandas.DataFrame
            Columns and dtypes as `dpyauth.frames.status_flags` says.

        Raises
        ------
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> flags = dpyauth.login(sandbox=True).status_flags()
        >>> bool(flags["known"].all())
        True
        """
        from dpyauth import frames

        return frames.status_flags(*(yield from self._payload("get_account_status")))

    @planned
    def verification(self) -> Plan[pd.DataFrame]:
        """What Deriv has verified, one row per check: status, expiry, attempts left, last rejection.

        Stands on Deriv's call ``get_account_status`` (scope read).

        Returns
        -------
        pandas.DataFrame
            Always the same rows in the same order; columns and dtypes as `dpyauth.frames.verification` says.

        Raises
        ------
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).verification().loc[0, "check"]
        'identity'
        """
        from dpyauth import frames

        return frames.verification(*(yield from self._payload("get_account_status")))

    @planned
    def currencies(self) -> Plan[pd.DataFrame]:
        """Whether money can go in and out now, one row per currency of the account.

        Stands on Deriv's call ``get_account_status`` (scope read).

        Returns
        -------
        pandas.DataFrame
            Columns and dtypes as `dpyauth.frames.currencies` says.

        Raises
        ------
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).currencies()["currency"].tolist()
        ['USD']
        """
        from dpyauth import frames

        return frames.currencies(*(yield from self._payload("get_account_status")))

    @planned
    def balance(self, account: str = "current", *, decimal: bool = False) -> Plan[pd.DataFrame]:
        """How much money there is.

        Stands on Deriv's call ``balance`` (scope read or trading_information).

        Parameters
        ----------
        account : str
            ``"current"``, a login ID, or ``"all"`` (which Deriv may refuse to API tokens).
        decimal : bool
            Money as exact `decimal.Decimal` instead of float64.

        Returns
        -------
        pandas.DataFrame
            One row per account; columns and dtypes as `dpyauth.frames.balance` says.

        Raises
        ------
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).balance()["currency"].item()
        'USD'
        """
        from dpyauth import frames

        payload, context = yield from self._payload("balance", {"account": account}, exact=decimal)
        return frames.balance(payload, context, decimal=decimal)

    @planned
    def accounts(self) -> Plan[pd.DataFrame]:
        """All accounts of the same user, one row per account.

        Stands on Deriv's call ``account_list`` (scope read).

        Returns
        -------
        pandas.DataFrame
            Columns and dtypes as `dpyauth.frames.accounts` says.

        Raises
        ------
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).accounts()["kind"].tolist()
        ['real', 'real', 'demo']
        """
        from dpyauth import frames

        return frames.accounts(*(yield from self._payload("account_list")))

    def _payload(
        self, call: str, fields: dict[str, Any] | None = None, *, exact: bool = False
    ) -> Plan[tuple[Any, Context]]:
        """The payload of a call's reply, and where it came from."""
        from dpyauth.frames import Context

        loginid = self._account.loginid if self._account else None
        reply = yield Request(call, fields or {}, exact=exact)
        if call not in reply:
            raise BadReply(f"Deriv's answer to '{call}' has nothing under that name.", call=call)
        return reply[call], Context(call=call, loginid=loginid, fetched=datetime.now(UTC))


_NOT_BY_CALL = {
    "authorize": "Sign in with dpyauth.login() instead of calling 'authorize': the session must know who is signed in.",
    "logout": "Use session.logout() instead of calling 'logout': the session must know that nobody is signed in.",
}
