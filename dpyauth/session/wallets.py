"""Ask about wallets, the nickname, and what apps and clients have earned, on Deriv's current API."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from dpyauth.catalog.descriptions import unknown_choice
from dpyauth.columns import with_columns
from dpyauth.errors import ApiError, BadReply, InvalidRequest, PermissionDenied, RateLimited, SignInRefused
from dpyauth.notes import left_out, note
from dpyauth.session import answers
from dpyauth.session.drive import dual
from dpyauth.session.history.collecting import HistoryQuestions
from dpyauth.session.history.cursor_walk import Cursors, Page, Place, page_of
from dpyauth.session.history.periods import When, days, period
from dpyauth.session.history.time_walk import within
from dpyauth.session.history.transactions import Row, oldest_first
from dpyauth.session.steps import Request, Steps

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.net.messages import Reply

PAGE = 1000
"""As many transactions of a wallet Deriv gives at a time."""

PAUSE, PAUSES = 10.0, 8
"""Wait in seconds where Deriv's limit of calls a minute is used up, and number of waits in a row."""

RESUMABLE = 15 * 60.0
"""Time for which an unfinished history can be resumed, in seconds: later it may have changed at Deriv."""

PARTNER_DAYS = 730
"""A period of a partner's figures has at most so many days between its ends."""

_Question = tuple[Any, ...]


class _BrokenOff(NamedTuple):
    """An unfinished history of wallet transactions."""

    question: _Question
    history: Cursors[Row]
    at: float


class Wallets(HistoryQuestions):
    """Questions about the user's wallets, and those of partners and developers."""

    _broken_off: _BrokenOff | None = None

    @dual
    @with_columns
    def wallets(
        self, convert: str | None = None, since: When = None, until: When = None, *, decimal: bool = False
    ) -> Steps[pd.DataFrame]:
        """Return what the user's wallets hold, one row per wallet and currency.

        Stands on Deriv's call ``wallet_list`` (scope payment; only in options).

        Parameters
        ----------
        convert : str, optional
            Code of a currency, such as ``"USD"``: adds what each wallet holds in all, in that currency. These totals
            are approximate: Deriv converts at rates of its own.
        since, until : date, datetime, str or timedelta, optional
            The period in which Deriv counts what was paid in and out, as for `statement`; the balance is that of its
            end. Left out: Deriv decides.
        decimal : bool
            Money as exact `decimal.Decimal` instead of float64.

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them. A wallet without any currency has a row, too.

            See ``dpyauth.columns.money_columns.WALLETS``.

            With ``convert`` there are four more columns, which are about the whole wallet:

            See ``dpyauth.columns.money_columns.WALLET_TOTALS``.

        Raises
        ------
        NotInThisApi, InvalidRequest, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> wallets = dpyauth.login(sandbox=True).wallets()
        >>> wallets["type"].iloc[0]
        'main'
        """
        from dpyauth import frames

        call = self.core.catalog.find("wallet_list")
        first, last = period(call, since, until)
        fields = {"conversion_currency": convert, "start_date_time": first, "end_date_time": last}
        payload, context = yield from self.core.payload(call.name, fields, exact=decimal)
        return frames.wallets(payload, context, totals=convert is not None, decimal=decimal)

    @dual
    @with_columns
    def wallet_transactions(
        self,
        wallet: str = "main",
        since: When = None,
        until: When = None,
        currency: str | None = None,
        *,
        decimal: bool = False,
        reveal: bool = False,
    ) -> Steps[pd.DataFrame]:
        """Return every transaction of a wallet: what was paid in, paid out and moved.

        Deriv gives them a thousand at a time, and each page names the next, so one follows the other; where Deriv's
        limit of calls a minute is used up, they wait. What is there when an interrupt or an error comes between is kept
        in `partial`; ask the same again within a quarter of an hour, and it goes on from there.
        Stands on Deriv's call ``wallet_transactions`` (scope payment; only in options).

        Parameters
        ----------
        wallet : {"main", "p2p", "partner", "payment_agent"}
            Which of the user's wallets, by its type.
        since, until : date, datetime, str or timedelta, optional
            From when and until when, as for `statement`.
        currency : str, optional
            Only those in this currency, such as ``"USD"``.
        decimal : bool
            Money as exact `decimal.Decimal` instead of float64.
        reveal : bool
            Show the IDs of the clients, which otherwise are ``•••``. They are then saved with the notebook.

        Returns
        -------
        pandas.DataFrame
            One row per transaction, the oldest first:

            See ``dpyauth.columns.money_columns.WALLET_TRANSACTIONS``.

        Raises
        ------
        InvalidRequest
            A wallet or time that cannot be right; nothing was sent.
        BadReply
            The pages do not fit together.
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> paid = dpyauth.login(sandbox=True).wallet_transactions("main", since="2026-10-01")
        >>> bool(paid["time"].is_monotonic_increasing)
        True
        """
        from dpyauth import frames
        from dpyauth.session.history import wallet as wallet_rows

        call = self.core.catalog.find("wallet_transactions")
        known = call.fields["wallet_type"]["enum"]
        if wallet not in known:
            raise InvalidRequest(unknown_choice("wallet", wallet, known), call=call.name, field="wallet")
        currency = None if currency is None else str(currency).strip().upper()
        first, last = period(call, since, until)
        question: _Question = (self.core.since, wallet, repr(since), repr(until), currency, decimal)
        history = self._taken_up(question)
        if history is None:
            history = Cursors(PAGE, wallet_rows.key_of, wallet_rows.happened, first, last, call=call.name)

        def request(place: Place) -> Request:
            return Request(
                call.name, {"wallet_type": wallet, **wallet_rows.fields(place, PAGE, first, currency)}, exact=decimal
            )

        waits = 0

        def page(reply: Reply) -> Page[Row]:
            nonlocal waits
            waits = 0
            data = reply.get("data")
            rows = data.get("transactions") if isinstance(data, dict) else data
            if rows is None and isinstance(data, dict) and "transactions" in data:
                rows = []
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise BadReply(f"Deriv's answer to '{call.name}' does not hold what it should.", call=call.name)
            return page_of(rows, reply.get("links"))

        def made(rows: list[Row]) -> pd.DataFrame:
            kept = [row for row in rows if within(wallet_rows.happened(row), first, last)]
            kept = oldest_first(kept, wallet_rows.happened)
            if currency is not None:
                kept = [row for row in kept if wallet_rows.is_in(row, currency)]
            return frames.wallet_transactions(kept, self.core.context(call.name, None), decimal=decimal, reveal=reveal)

        def mend(error: ApiError) -> Steps[bool]:
            nonlocal waits
            if isinstance(error, RateLimited) and waits < PAUSES:
                waits += 1
                yield lambda: asyncio.sleep(PAUSE)
                return True
            return not isinstance(error, SignInRefused | PermissionDenied | RateLimited) and history.lost()

        try:
            table = yield from self._collect(call, history, request, page, made, mend)
        except BaseException as stopped:
            self._broken_off = _BrokenOff(question, history, time.monotonic())
            if history.count:
                stopped.add_note("Ask the same again within a quarter of an hour, and it goes on from there.")
            raise
        return note(table, left_out(wallet_rows.outside(history.rows(), first, last), "transaction"))

    def _taken_up(self, question: _Question) -> Cursors[Row] | None:
        """Return the unfinished history of the same question, once, if it broke off a short while ago."""
        broken_off, self._broken_off = self._broken_off, None
        if broken_off is None or broken_off.question != question or time.monotonic() - broken_off.at > RESUMABLE:
            return None
        broken_off.history.resume()
        return broken_off.history

    @dual
    def nickname(self) -> Steps[str | None]:
        """Return the nickname that other clients know the user by; None where the user has none.

        Stands on Deriv's call ``account_nickname`` (scope account_manage; only in options).

        Returns
        -------
        str or None

        Raises
        ------
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).nickname()
        'sandbox_rich'
        """
        try:
            payload, _ = yield from self.core.payload("account_nickname")
        except ApiError as error:
            if error.code != "IdentityNotFound":
                raise
            return None
        if not isinstance(payload, dict) or "nickname" not in payload:
            raise BadReply(
                "Deriv's answer to 'account_nickname' does not hold what it should.", call="account_nickname"
            )
        nickname = payload["nickname"]
        return str(nickname) if nickname else None

    @dual
    @with_columns
    def markup(self, since: When = None, until: When = None, *, decimal: bool = False) -> Steps[pd.DataFrame]:
        """Return what the user's apps have earned with their markup, one row per app.

        On Deriv's current API the last hour is missing, and only six months are kept: Deriv takes an earlier day for
        the earliest it has, without a word. ``attrs`` tell it all: ``"asked"``, the first and the last day that were
        asked for, ``"told"``, what the reply says of them, or None, and ``"note"``.
        Stands on Deriv's calls ``markup_statistics`` (options, scope application_read) and ``app_markup_statistics``
        (v3, scope read).

        Parameters
        ----------
        since, until : date, datetime, str or timedelta, optional
            From when and until when, as for `statement`; on the current API whole days in UTC. Left out: all that Deriv
            keeps, until now.
        decimal : bool
            Money as exact `decimal.Decimal` instead of float64.

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.money_columns.MARKUP``.

        Raises
        ------
        InvalidRequest, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).markup(since="2026-10-01")["currency"].unique().tolist()
        ['USD']
        """
        return (yield from answers.named(self.core.api).markup(self.core, since, until, decimal=decimal))

    @dual
    @with_columns
    def partner_overview(self, since: When = None, until: When = None, *, decimal: bool = False) -> Steps[pd.DataFrame]:
        """Return what the user has reached as a partner of Deriv, in one row.

        Stands on Deriv's call ``partners_analytics_overview`` (scope application_read; only in options).

        Parameters
        ----------
        since, until : date, datetime, str or timedelta, optional
            The first and the last day, in UTC, as for `statement`; at most 730 days apart. Left out: 730 days back,
            until today.
        decimal : bool
            Money as exact `decimal.Decimal` instead of float64.

        Returns
        -------
        pandas.DataFrame
            One row:

            See ``dpyauth.columns.money_columns.PARTNER_OVERVIEW``.

        Raises
        ------
        NotInThisApi, InvalidRequest, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> from dpyauth.sandbox import shared
        >>> partner = dpyauth.login(shared().options_token("partner").token, sandbox=True)
        >>> partner.partner_overview(since="2026-10-01")["currency"].item()
        'USD'
        """
        from dpyauth import frames

        call = self.core.catalog.find("partners_analytics_overview")
        first, last = days(call, since, until, PARTNER_DAYS)
        if (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days > PARTNER_DAYS:
            raise InvalidRequest(
                f"since ({first}) lies more than {PARTNER_DAYS} days before until ({last}), and Deriv tells no longer "
                "period at once.",
                call=call.name,
                field="since",
            )
        payload, context = yield from self.core.payload(
            call.name, {"start_date": first, "end_date": last}, exact=decimal
        )
        return frames.partner_overview(payload, context, decimal=decimal)
