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
        """Put any call to Deriv and return its reply.

        Parameters
        ----------
        name : str or dict
            A call of Deriv's API, such as ``"get_accounts"``; or a whole request as Deriv's documentation writes it,
            such as ``{"ticks_history": "R_100", "end": "latest"}``.
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
            No reply in time, or no connection. A call that only reads is sent again by itself, after a break and after
            an error that may be gone in a moment.
        OutcomeUnknown
            A call that changes something was sent, but never answered. It is never repeated.
        NotCarriedOut
            A transfer was sent, but never answered, and Deriv does not know of its ``request_id`` afterwards. That of
            a transfer is made for you if you leave it out; `transfers` lists it.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.call("ping")["ping"]
        'pong'
        """
        name, fields = named_call(self.core, name, fields)
        call = self.core.catalog.get(name)
        fields = requests.seal(call, fields)  # first of all: tracebacks may show variables
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
        """Put any call to Deriv and return its reply as a frame.

        The frame has a column for each field that Deriv documents, under Deriv's names. For what is asked most there
        are methods that give tidier ones, such as `balance` and `statement`.

        Parameters
        ----------
        name : str or dict
            A call of Deriv's API, such as ``"get_accounts"``, or a whole request, as for `call`; `calls` lists them,
            `help` tells its columns.
        account : str
            ``"current"``, the login ID of another account that the sign-in gave access to, or ``"all"`` of these. It
            always says whom to ask and is never sent: the call ``balance`` of v3 has a field of this name, which only
            `call` sends.
        decimal : bool
            Money and prices as exact `decimal.Decimal` instead of float64.
        explode : str or sequence of str
            Columns of lists to spread, one after the other: one row per item.
        reveal : bool
            Show secrets and personal data, which otherwise are ``•••``.
        timeout : float, optional
            How long to wait for the reply, in seconds.
        **fields
            The call's fields, as for `call`.

        Returns
        -------
        pandas.DataFrame
            A row per item where the reply is a list, else one row; columns and dtypes as `dpyauth.frames.generic`
            says, with a column ``currency`` wherever there is money that names none. With ``"all"`` the accounts come
            one after the other, and there are two more columns: ``loginid``, unless the call tells it itself, and
            ``error``, why an account could not be read (both string).

        Raises
        ------
        InvalidRequest
            As for `call`; or ``explode`` names no column of lists; or ``account`` makes no sense: a call over HTTP
            (options) is not about one of the accounts, and what changes something is done for one account at a time.
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost, OutcomeUnknown, NotCarriedOut
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.frame("get_accounts")["account_type"].tolist()
        ['real', 'demo']
        """
        explode = explode if isinstance(explode, str) else tuple(explode)  # it is gone over more than once
        name, fields = named_call(self.core, name, fields)
        known = self.core.catalog.get(name)
        fields = requests.seal(known, fields)
        from dpyauth import frames

        self._one_reply(name, known, fields)
        call = self.core.catalog.find(name)
        name = call.name
        asked = requests.build(call, fields)  # what is wrong with them is wrong for every account

        def shape(reply: Mapping[str, Any], context: Context) -> pd.DataFrame:
            if isinstance(loginid := asked.get("loginid"), str):  # the request itself may name another account
                context = replace(context, loginid=loginid.upper(), currency=self.core.currency_of(loginid.upper()))
            if reply:  # else it is only about the columns
                empty_replies.check(name, self.core.api, reply)
            whole = {"echo_req": asked, **reply}  # replies over HTTP do not repeat what was asked
            return frames.generic(call, whole, context, decimal=decimal, explode=explode, reveal=reveal)

        self._one_by_one(call, fields, account)
        if account == "all" or call.changes_with(fields):
            shape({}, self.core.context(name, None))  # a wrong explode must not cost a reply

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
        """Open a stream: updates that keep coming, also across reconnects.

        Equal streams share one subscription at Deriv. Close a stream when you have seen enough, best by using it in
        a ``with`` statement. Where a stream is of several things, such as ``ticks=["R_50", "R_100"]``, an error of one
        of them is an update with the key ``error``, and the others go on.

        Parameters
        ----------
        name : str or dict
            A call that streams, such as ``"ticks"``, ``"balance"``, ``"transaction"`` or
            ``"proposal_open_contract"``; or a whole request, as for `call`.
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
        if call.changes_with(fields):  # a stream is asked for again after every break, and this must not be
            raise InvalidRequest(
                f"'{name}' changes something at Deriv, so it cannot be a stream: make it with call(), and open a "
                "stream on what it made.",
                call=name,
            )
        built = requests.build(call, {**fields, "subscribe": 1})
        if requests.secrets(built):
            raise InvalidRequest(
                f"The request of a stream is kept, to be sent again after every break, and fields of this '{name}' are "
                "secret or personal. Leave them out.",
                call=name,
            )
        if keep < 1:
            raise InvalidSetting("keep must be a whole number above 0: how many updates to keep.")
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
        yield Request(name, {**fields, "subscribe": 1}, timeout, listener=feed)
        return Stream(self, feed)

    # Inside

    @staticmethod
    def _one_reply(name: str, call: Call | None, fields: Mapping[str, Any]) -> None:
        """Check that this call gives one reply, and may be made here at all."""
        if name in NOT_BY_CALL:
            raise InvalidRequest(NOT_BY_CALL[name], call=name)
        if fields.get("subscribe") or (call is not None and call.streams == "required"):
            raise InvalidRequest(
                f"One reply is returned here, and '{name}' with subscribe is a stream of them: use session.stream() "
                "for it, or leave 'subscribe' out to get the present state once.",
                call=name,
                field="subscribe",
            )

    def _one_by_one(self, call: Call, fields: Mapping[str, Any], account: str) -> None:
        """Check that the account makes sense for a call."""
        if account != "current" and call.rest is not None:
            raise InvalidRequest(
                f"'{call.name}' is not asked of one account: its answer is the same for all. Leave 'account' out.",
                call=call.name,
                field="account",
            )
        if account == "all" and call.changes_with(fields):
            raise InvalidRequest(
                f"'{call.name}' changes something at Deriv: make it for one account at a time, account='CR…'.",
                call=call.name,
                field="account",
            )


NOT_BY_CALL = {
    "authorize": "Sign in with dpyauth.login() instead of calling 'authorize': the session must know who is signed in.",
    "logout": "Use session.logout() instead of calling 'logout': the session must know that nobody is signed in.",
}
