"""Ask about wallets, the nickname, and earnings from apps and clients, on Deriv's current API."""

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
from dpyauth.texts.said import said

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.net.messages import Reply

PAGE = 1000
"""Most transactions of a wallet that Deriv returns at a time."""

PAUSE, PAUSES = 10.0, 8
"""Length of a wait if Deriv's rate limit is used up, in seconds, and most waits in a row."""

RESUMABLE = 15 * 60.0
"""Time for which an unfinished history can be resumed, in seconds. Later it may have changed at Deriv."""

PARTNER_DAYS = 730
"""Most days between the ends of a period of a partner's figures."""

_Question = tuple[Any, ...]


class _BrokenOff(NamedTuple):
    """An unfinished history of wallet transactions."""

    question: _Question
    history: Cursors[Row]
    at: float


class Wallets(HistoryQuestions):
    """Methods about the user's wallets, and for partners and developers."""

    _broken_off: _BrokenOff | None = None

    @dual
    @with_columns
    def wallets(
        self, convert: str | None = None, since: When = None, until: When = None, *, decimal: bool = False
    ) -> Steps[pd.DataFrame]:
        """Return the balances of the user's wallets, one row per wallet and currency.

        Uses Deriv's call ``wallet_list`` (scope payment; only in options).

        Parameters
        ----------
        convert : str, optional
            Code of a currency, such as ``"USD"``: adds the totals of each wallet in that currency. They are
            approximate: Deriv converts at its own rates.
        since, until : date, datetime, str or timedelta, optional
            Period for the payments in and out, as for `statement`; the balance is that at its end. If left out, Deriv
            chooses the period.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them. A wallet without any currency has a row as well.

            See ``dpyauth.columns.money_columns.WALLETS``.

            With ``convert`` there are four more columns about the whole wallet:

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
        """Return all transactions of a wallet: payments in and out, and transfers.

        Deriv returns a thousand at a time, and each page has the cursor of the next, so they are fetched one after the
        other; if Deriv's rate limit is used up, this waits. If an interrupt or an error stops it, the transactions
        that have arrived are in `partial`; repeat the same call within a quarter of an hour to continue from there.

        Uses Deriv's call ``wallet_transactions`` (scope payment; only in options).

        Parameters
        ----------
        wallet : {"main", "p2p", "partner", "payment_agent"}
            Type of the wallet.
        since, until : date, datetime, str or timedelta, optional
            Start and end of the period, as for `statement`.
        currency : str, optional
            Return only transactions in this currency, such as ``"USD"``.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.
        reveal : bool
            Show the IDs of clients instead of ``•••``. They are then saved with the notebook.

        Returns
        -------
        pandas.DataFrame
            One row per transaction, oldest first:

            See ``dpyauth.columns.money_columns.WALLET_TRANSACTIONS``.

        Raises
        ------
        InvalidRequest
            A wallet or time is invalid; nothing was sent.
        BadReply
            The pages of Deriv's answer do not fit together.
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
        # The question includes the time of the sign-in: another user must not continue this user's history.
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
            waits = 0  # a page has arrived, so the next wait is the first in a row
            data = reply.get("data")
            rows = data.get("transactions") if isinstance(data, dict) else data
            if rows is None and isinstance(data, dict) and "transactions" in data:
                rows = []
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise BadReply(said("reply_undocumented", call=call.name), call=call.name)
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
            # Any other error may be about the cursor, which may have expired: continue without it.
            return not isinstance(error, SignInRefused | PermissionDenied | RateLimited) and history.lost()

        try:
            table = yield from self._collect(call, history, request, page, made, mend)
        except BaseException as stopped:  # an interrupt, too: long histories are what users interrupt
            self._broken_off = _BrokenOff(question, history, time.monotonic())
            if history.count:
                stopped.add_note("Repeat the same call within a quarter of an hour to continue from there.")
            raise
        outside = wallet_rows.outside(history.rows(), first, last)
        return note(table, left_out(outside), language=self.core.target.language)

    def _taken_up(self, question: _Question) -> Cursors[Row] | None:
        """Return the unfinished history of the same question, if it stopped a short while ago. It is returned once."""
        broken_off, self._broken_off = self._broken_off, None
        if broken_off is None or broken_off.question != question or time.monotonic() - broken_off.at > RESUMABLE:
            return None
        broken_off.history.resume()
        return broken_off.history

    @dual
    def nickname(self) -> Steps[str | None]:
        """Return the nickname under which other clients see the user; None if there is none.

        Uses Deriv's call ``account_nickname`` (scope account_manage; only in options).

        Returns
        -------
        str or None
            The nickname.

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
            raise BadReply(said("reply_undocumented", call="account_nickname"), call="account_nickname")
        nickname = payload["nickname"]
        return str(nickname) if nickname else None

    @dual
    @with_columns
    def markup(self, since: When = None, until: When = None, *, decimal: bool = False) -> Steps[pd.DataFrame]:
        """Return the earnings of the user's apps from their markup, one row per app.

        On Deriv's current API the last hour is missing, and Deriv keeps only six months: it silently replaces an
        earlier first day by the earliest it has. ``attrs`` have the details: ``"asked"``, the first and last day
        requested; ``"told"``, the days that the reply names, or None; and ``"note"``.

        Uses Deriv's calls ``markup_statistics`` (options, scope application_read) and ``app_markup_statistics`` (v3,
        scope read).

        Parameters
        ----------
        since, until : date, datetime, str or timedelta, optional
            Start and end of the period, as for `statement`; on the current API whole days in UTC. If left out,
            everything that Deriv keeps, until now.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

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
        """Return the user's results as a partner of Deriv, in one row.

        Uses Deriv's call ``partners_analytics_overview`` (scope application_read; only in options).

        Parameters
        ----------
        since, until : date, datetime, str or timedelta, optional
            First and last day, in UTC, as for `statement`; at most 730 days apart. If left out, the last 730 days.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

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
                f"since ({first}) is more than {PARTNER_DAYS} days before until ({last}), which is the longest "
                "period that Deriv returns. Choose a later since or an earlier until.",
                call=call.name,
                field="since",
            )
        payload, context = yield from self.core.payload(
            call.name, {"start_date": first, "end_date": last}, exact=decimal
        )
        return frames.partner_overview(payload, context, decimal=decimal)
