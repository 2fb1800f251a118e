"""The questions one can put to a session."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dpyauth.apis import request as requests
from dpyauth.apis import v3
from dpyauth.errors import ApiError, BadReply, DpyauthError, InvalidRequest, InvalidSetting
from dpyauth.plans import Plan, Request, Ticket, planned
from dpyauth.wire.calls import Pending
from dpyauth.wire.replies import Reply

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.apis.catalog import Catalog
    from dpyauth.apis.v3 import Account
    from dpyauth.credentials import Credential
    from dpyauth.frames import Context
    from dpyauth.streams import Stream


class Queries:
    """What a session answers, each method written once for its blocking and its awaitable face."""

    _catalog: Catalog
    _account: Account | None
    _grants: dict[str, Credential]
    _begin: Callable[[Request, Callable[[Pending], None]], Ticket]
    _not_signed_in: Callable[[str], DpyauthError]
    _reach: Callable[[str], Plan[str]]

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
                f"call() returns one reply and '{name}' with subscribe is a stream of them: use session.stream() for "
                "it, or leave 'subscribe' out to get the present state once.",
                call=name,
                field="subscribe",
            )
        reply: Reply = yield Request(name, fields, timeout)
        return reply

    @planned
    def stream(self, name: str, /, *, keep: int = 10_000, timeout: float | None = None, **fields: Any) -> Plan[Stream]:
        """Open a stream: updates that keep coming, also across reconnects.

        Equal streams share one subscription at Deriv. Close a stream when you have seen enough, best by using it in
        a ``with`` statement.

        Parameters
        ----------
        name : str
            A call that streams, such as ``"ticks"``, ``"balance"``, ``"transaction"`` or
            ``"proposal_open_contract"``.
        keep : int
            How many updates to keep in memory, the latest ones.
        timeout : float, optional
            How long to wait for the first reply, in seconds.
        **fields
            The call's fields, as for `call`; ``subscribe`` is filled in.

        Returns
        -------
        Stream
            To iterate over, or to look at with ``frame()``.

        Raises
        ------
        InvalidRequest
            The call does not stream or changes something, or as for `call`.
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> with session.stream("ticks", ticks="R_100") as stream:
        ...     quotes = [stream.next()["tick"]["quote"] for _ in range(2)]
        >>> len(quotes)
        2
        """
        from dpyauth.streams import Stream

        fields = requests.seal(self._catalog.get(name), fields)
        call = self._catalog.find(name)
        if call.streams == "no":
            streams = ", ".join(
                sorted(other for other, entry in self._catalog.items() if entry.streams != "no" and not entry.changes)
            )
            raise InvalidRequest(f"'{name}' is not a stream; use call() for one reply. Streams: {streams}.", call=name)
        if call.changes_with(fields):  # a stream is asked for again after every break, and this must not be
            raise InvalidRequest(
                f"'{name}' changes something at Deriv, so it cannot be a stream: make it with call(), and open a "
                "stream on what it made.",
                call=name,
            )
        if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
            raise InvalidSetting("keep must be a whole number above 0: how many updates to keep.")
        many = name == "proposal_open_contract" and fields.get("contract_id") is None
        stream = Stream(name, keep, lambda reply: v3.error(reply, name), many=many)
        yield Request(name, {**fields, "subscribe": 1}, timeout, listener=stream)
        return stream

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
    def account_status(self, account: str = "current") -> Plan[pd.DataFrame]:
        """The state of the account in one row: risk, flags, verification, cashier.

        Stands on Deriv's call ``get_account_status`` (scope read).

        Parameters
        ----------
        account : str
            ``"current"``, the login ID of another account that the sign-in gave access to, or ``"all"`` of these.

        Returns
        -------
        pandas.DataFrame
            One row per account; columns and dtypes as `dpyauth.frames.account_status` says. With ``"all"`` there is
            one more column, ``error``: why an account could not be read (string).

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

        return (yield from self._per_account(account, "get_account_status", frames.account_status))

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
            ``"current"``, a login ID, or ``"all"``. Deriv may refuse ``"all"`` to API tokens; where the sign-in gave
            access to several accounts they are then asked one by one, and there is a column ``error``.
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

        try:
            payload, context = yield from self._payload("balance", {"account": account}, exact=decimal)
        except ApiError:
            if account != "all" or len(self._grants) < 2:
                raise
            shape = functools.partial(frames.balance, decimal=decimal)
            return (yield from self._per_account("all", "balance", shape, exact=decimal))
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
        self, call: str, fields: dict[str, Any] | None = None, *, exact: bool = False, loginid: str | None = None
    ) -> Plan[tuple[Any, Context]]:
        """The payload of a call's reply, and where it came from."""
        from dpyauth.frames import Context

        loginid = loginid or (self._account.loginid if self._account else None)
        reply = yield Request(call, fields or {}, exact=exact, account=loginid)
        if call not in reply:
            raise BadReply(f"Deriv's answer to '{call}' has nothing under that name.", call=call)
        return reply[call], Context(call=call, loginid=loginid, fetched=datetime.now(UTC))

    def _per_account(
        self, account: str, call: str, shape: Callable[[Any, Context], pd.DataFrame], *, exact: bool = False
    ) -> Plan[pd.DataFrame]:
        """The frame of a call for one account, or for each of those that the sign-in gave access to."""
        if account == "current":
            return shape(*(yield from self._payload(call, exact=exact)))
        if account != "all":
            loginid = yield from self._reach(account)
            return shape(*(yield from self._payload(call, exact=exact, loginid=loginid)))
        from dpyauth import frames

        parts: dict[str, pd.DataFrame | DpyauthError] = {}
        for loginid in list(self._grants):
            try:
                yield from self._reach(loginid)
                parts[loginid] = shape(*(yield from self._payload(call, exact=exact, loginid=loginid)))
            except DpyauthError as error:
                parts[loginid] = error
        if not parts:
            raise self._not_signed_in(call)
        return frames.together(parts, shape(None, frames.Context(call=call, fetched=datetime.now(UTC))))


_NOT_BY_CALL = {
    "authorize": "Sign in with dpyauth.login() instead of calling 'authorize': the session must know who is signed in.",
    "logout": "Use session.logout() instead of calling 'logout': the session must know that nobody is signed in.",
}
