"""Make any call of either API, and return its reply, its frame or its stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dpyauth.apis import empty_replies
from dpyauth.catalog import request as requests
from dpyauth.errors import InvalidRequest, InvalidSetting
from dpyauth.net.messages import Reply
from dpyauth.session.drive import dual
from dpyauth.session.known_calls import named_call
from dpyauth.session.payloads import Questions
from dpyauth.session.steps import Request, Steps
from dpyauth.session.symbols import names_symbols

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.catalog.calls import Call
    from dpyauth.frames import Context
    from dpyauth.session.stream import Stream


class Calls(Questions):
    """Methods that make a call by its name."""

    @dual
    @names_symbols
    def call(self, name: str | Mapping[str, Any], /, *, timeout: float | None = None, **fields: Any) -> Steps[Reply]:
        """Make any call of Deriv's API and return the reply.

        Parameters
        ----------
        name : str or dict
            Name of the call, such as ``"get_accounts"``; or a whole request in the form of Deriv's documentation, such
            as ``{"ticks_history": "R_100", "end": "latest"}``.
        timeout : float, optional
            How long to wait for the reply, in seconds.
        **fields
            Fields of the call. Python, numpy and pandas values are converted for Deriv: True to 1, a date or time to
            epoch seconds (UTC if it has no time zone), and so on. None leaves a field out.

        Returns
        -------
        dict
            The whole reply, with the payload usually under the name of the call.

        Raises
        ------
        InvalidRequest
            The call or field does not exist, or a value is invalid; nothing was sent.
        NotSignedIn, MissingScope
            The call needs a sign-in, or a scope that the token lacks; nothing was sent.
        ApiError
            Deriv answered with an error; ``code`` and ``details`` say which.
        CallTimeout, ConnectionLost
            No reply in time, or no connection. A call that only reads is sent again automatically after a break of the
            connection and after a temporary error at Deriv.
        OutcomeUnknown
            A call that changes something was sent, but no reply says whether Deriv carried it out. dpyauth never
            repeats such a call.
        NotCarriedOut
            The reply to a transfer was lost, and Deriv has no record of its ``request_id``. If you leave out the
            ``request_id`` of a transfer, dpyauth makes one; `transfers` lists it.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.call("ping")["ping"]
        'pong'
        """
        name, fields = named_call(self.core, name, fields)
        call = self.core.catalog.get(name)
        fields = requests.seal(call, fields)  # before anything can fail: tracebacks may show secrets in variables
        self._one_reply(name, call, fields)
        reply: Reply = yield Request(name, fields, timeout)
        return reply

    @dual
    @names_symbols
    def frame(
        self,
        name: str | Mapping[str, Any],
        /,
        *,
        account: str = "current",
        decimal: bool = False,
        explode: str | Sequence[str] = (),
        reveal: bool = False,
        timeout: float | None = None,
        **fields: Any,
    ) -> Steps[pd.DataFrame]:
        """Make any call of Deriv's API and return the reply as a frame.

        The frame has a column for each field that Deriv documents, under Deriv's names. For the most common calls there
        are methods with tidier frames, such as `balance` and `statement`.

        Parameters
        ----------
        name : str or dict
            Name of the call, such as ``"get_accounts"``, or a whole request, as for `call`. `calls` lists all calls,
            `help` shows the columns of each.
        account : str
            ``"current"``, the login ID of another account that the sign-in gave access to, or ``"all"``. It says which
            account to ask and is never sent as a field: v3's call ``balance`` has a field of this name, which only
            `call` sends.
        decimal : bool
            Return money and prices as exact `decimal.Decimal` objects instead of float64.
        explode : str or sequence of str
            Columns of lists to spread, one after the other, into one row per item.
        reveal : bool
            Show secrets and personal data instead of ``•••``. They are then saved with the notebook.
        timeout : float, optional
            How long to wait for the reply, in seconds.
        **fields
            Fields of the call, as for `call`.

        Returns
        -------
        pandas.DataFrame
            One row per item if the reply is a list, else one row. Columns and dtypes are those of
            `dpyauth.frames.generic`, with a column ``currency`` if there is money without a currency. With ``"all"``
            the accounts follow each other, and there are two more columns: ``loginid``, unless the reply has it, and
            ``error``, why an account could not be read (both string).

        Raises
        ------
        InvalidRequest
            As for `call`; or ``explode`` does not name a column of lists; or ``account`` cannot be used: calls over
            HTTP (options) are not about a single account, and calls that change something are made for one account at
            a time.
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost, OutcomeUnknown, NotCarriedOut
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.frame("get_accounts")["account_type"].tolist()
        ['real', 'demo']
        """
        explode = explode if isinstance(explode, str) else tuple(explode)  # an iterator could be read only once
        name, fields = named_call(self.core, name, fields)
        known = self.core.catalog.get(name)
        fields = requests.seal(known, fields)
        # Imported after sealing: loading pandas takes long enough to be interrupted, and a traceback may show
        # variables.
        from dpyauth import frames

        self._one_reply(name, known, fields)
        call = self.core.catalog.find(name)
        name = call.name
        asked = requests.build(call, fields)  # raises once, rather than an error for each account

        def shape(reply: Mapping[str, Any], context: Context) -> pd.DataFrame:
            if isinstance(loginid := asked.get("loginid"), str):  # the request may name another account
                context = replace(context, loginid=loginid.upper(), currency=self.core.currency_of(loginid.upper()))
            if reply:  # else only the columns are wanted
                empty_replies.check(name, self.core.api, reply)
            whole = {"echo_req": asked, **reply}  # replies over HTTP do not repeat the request
            return frames.generic(call, whole, context, decimal=decimal, explode=explode, reveal=reveal)

        self._one_by_one(call, fields, account)
        if account == "all" or call.changes_with(fields):
            # Raises if explode is wrong: afterwards the change would have been made, and its reply would be lost.
            shape({}, self.core.context(name, None))

        def one(loginid: str | None) -> Steps[pd.DataFrame]:
            return shape(
                *(yield from self.core.reply_to(name, fields, exact=decimal, loginid=loginid, timeout=timeout))
            )

        return (yield from self.core.for_accounts(account, name, one, lambda: shape({}, self.core.context(name, None))))

    @dual
    @names_symbols
    def stream(
        self, name: str | Mapping[str, Any], /, *, keep: int = 10_000, timeout: float | None = None, **fields: Any
    ) -> Steps[Stream]:
        """Open a stream of updates, which continues across reconnects.

        Equal streams share one subscription at Deriv. Close a stream when you no longer need it, preferably by using it
        in a ``with`` statement. If a stream covers several things, such as ``ticks=["R_50", "R_100"]``, an error of one
        of them is an update with the key ``error``, and the others continue.

        Parameters
        ----------
        name : str or dict
            Name of a call that streams, such as ``"ticks"``, ``"balance"``, ``"transaction"`` or
            ``"proposal_open_contract"``; or a whole request, as for `call`.
        keep : int
            How many of the latest updates to keep in memory.
        timeout : float, optional
            How long to wait for the first reply, in seconds.
        **fields
            Fields of the call, as for `call`; ``subscribe`` is added.

        Returns
        -------
        Stream
            Iterate over it, or get its updates with ``frame()``.

        Raises
        ------
        InvalidRequest
            The call does not stream, or changes something; or as for `call`.
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
        name, fields = named_call(self.core, name, fields)
        fields = requests.seal(self.core.catalog.get(name), fields)
        from dpyauth.session.feed import Feed
        from dpyauth.session.stream import Stream

        call = self.core.catalog.find(name)
        if call.streams == "no":
            streams = ", ".join(
                sorted(
                    other for other, entry in self.core.catalog.items() if entry.streams != "no" and not entry.changes
                )
            )
            raise InvalidRequest(f"'{name}' is not a stream; use call() for one reply. Streams: {streams}.", call=name)
        # A stream is requested again after every break; a change must never be sent twice.
        if call.changes_with(fields):
            raise InvalidRequest(
                f"'{name}' changes something at Deriv, so it cannot be a stream. Make it with call(), then open a "
                "stream of the result.",
                call=name,
            )
        built = requests.build(call, {**fields, "subscribe": 1})
        # The text of the request stays in memory as long as the stream is open.
        if requests.secrets(built):
            raise InvalidRequest(
                f"Some fields of this '{name}' are secret or personal. The request of a stream stays in memory, to be "
                "sent again after every break, so leave these fields out.",
                call=name,
            )
        if keep < 1:
            raise InvalidSetting("keep must be a whole number above 0: the number of updates to keep.")
        api, account = self.core.adapter, self.core.active_account
        feed = Feed(
            name,
            int(keep),
            lambda reply: api.error(reply, name),
            many=call.many_with(built),
            named=api.renamed,
            api=self.core.api,
            loginid=account.loginid if account else None,
        )
        # The feed goes first: updates may arrive before this thread continues. If it never does, because of an
        # interrupt, the call is left like any other, which closes the stream at Deriv.
        yield Request(name, {**fields, "subscribe": 1}, timeout, listener=feed)
        return Stream(self, feed)

    @staticmethod
    def _one_reply(name: str, call: Call | None, fields: Mapping[str, Any]) -> None:
        """Raise an error if a call cannot be made here, or does not return a single reply."""
        if name in NOT_BY_CALL:
            raise InvalidRequest(NOT_BY_CALL[name], call=name)
        if fields.get("subscribe") or (call is not None and call.streams == "required"):
            raise InvalidRequest(
                f"'{name}' with subscribe is a stream, and only one reply is returned here. Use session.stream(), or "
                "leave out 'subscribe' to get the present state once.",
                call=name,
                field="subscribe",
            )

    def _one_by_one(self, call: Call, fields: Mapping[str, Any], account: str) -> None:
        """Raise an error if a call cannot be made for this account."""
        if account != "current" and call.rest is not None:
            raise InvalidRequest(
                f"'{call.name}' is not about a single account: its answer is the same for all. Leave out 'account'.",
                call=call.name,
                field="account",
            )
        if account == "all" and call.changes_with(fields):
            raise InvalidRequest(
                f"'{call.name}' changes something at Deriv, so make it for one account at a time: account='CR…'.",
                call=call.name,
                field="account",
            )


NOT_BY_CALL = {
    "authorize": "Sign in with dpyauth.login() instead of calling 'authorize': the session must know its account.",
    "logout": "Use session.logout() instead of calling 'logout': the session must know that it is signed out.",
}
