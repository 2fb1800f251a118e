"""Ask for the complete histories of an account: transactions, closed contracts, sign-ins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dpyauth.catalog.descriptions import short
from dpyauth.columns import with_columns
from dpyauth.errors import InvalidRequest
from dpyauth.session.drive import dual
from dpyauth.session.history.paged import PagedHistories
from dpyauth.session.history.periods import When, dates, types_of
from dpyauth.session.history.transactions import Row, booked, bought
from dpyauth.session.steps import Steps
from dpyauth.texts.said import in_language, said

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.frames import Context


LOGINS = 50
"""Most sign-ins that Deriv returns."""


class Histories(PagedHistories):
    """Methods about the history of an account."""

    @dual
    @with_columns
    def statement(
        self,
        since: When = None,
        until: When = None,
        *,
        types: str | Iterable[str] | None = None,
        account: str = "current",
        decimal: bool = False,
    ) -> Steps[pd.DataFrame]:
        """Return all transactions of an account: purchases, sales, payments in and out.

        All pages are fetched, several at a time, as fast as Deriv's rate limits allow. If an interrupt or an error
        stops this, the transactions that have arrived are in `partial`.

        Uses Deriv's call ``statement`` (scope read or trading_information).

        Parameters
        ----------
        since, until : date, datetime, str or timedelta, optional
            Start and end of the period. A text is a date or time in ISO form (``"2026-01-31"``,
            ``"2026-01-31 14:30"``); a timedelta means that long ago. A time without a zone counts as UTC. A date means
            the whole day, also for ``until``. If left out, the period starts at the beginning and ends now.
        types : str or list of str, optional
            Return only these types of transaction, such as ``"deposit"`` or ``["deposit", "withdrawal"]``.
        account : str
            ``"current"``, the login ID of another account that the sign-in gave access to, or ``"all"``.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            One row per transaction, oldest first. With ``"all"`` the accounts follow each other, and there is one more
            column, ``error``: why an account could not be read (string).

            See ``dpyauth.columns.money_columns.STATEMENT``.

        Raises
        ------
        InvalidRequest
            A time, type or account is invalid; nothing was sent.
        BadReply
            The pages of Deriv's answer do not fit together.
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> statement = dpyauth.login(sandbox=True).statement(since="2025-01-01", types="deposit")
        >>> statement["action_type"].unique().tolist()
        ['deposit']
        """
        from dpyauth.frames import ledger

        call = self.core.catalog.find("statement")
        asked, wanted = types_of(call, call.fields["action_type"]["enum"], types)

        def shape(rows: list[Row], context: Context) -> pd.DataFrame:
            rows = [row for row in rows if not wanted or row.get("action_type") in wanted]
            return ledger.statement(rows, context, decimal=decimal)

        fields = {**dates(call, since, until), "action_type": asked[0] if len(asked) == 1 else None}
        return (yield from self._pages(call, fields, account, booked, shape, exact=decimal))

    @dual
    @with_columns
    def profit_table(
        self,
        since: When = None,
        until: When = None,
        *,
        types: str | Iterable[str] | None = None,
        by: str = "purchase",
        account: str = "current",
        decimal: bool = False,
    ) -> Steps[pd.DataFrame]:
        """Return every closed contract of an account, with its profit.

        Deriv selects closed contracts by the time of purchase: a contract that was bought before ``since`` is not
        returned, even if it was closed in the period. With ``by="sale"`` the contracts that were closed in the period
        are returned, whenever they were bought. The pages are fetched as for `statement`.

        Uses Deriv's call ``profit_table`` (scope read or trading_information); with ``by="sale"`` and ``since`` also
        ``statement``, whose sales tell how far back to look for the purchases.

        Parameters
        ----------
        since, until : date, datetime, str or timedelta, optional
            Start and end of the period, as for `statement`.
        by : {"purchase", "sale"}
            Select contracts that were bought in the period, or that were closed in it.
        types : str or list of str, optional
            Return only these types of contract, such as ``"CALL"`` or ``["CALL", "PUT"]``.
        account : str
            ``"current"``, the login ID of another account that the sign-in gave access to, or ``"all"``.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            One row per contract, sorted by time of purchase, or with ``by="sale"`` by time of closing. With ``"all"``,
            as for `statement`. ``attrs["by"]`` is ``by``.

            See ``dpyauth.columns.money_columns.PROFIT_TABLE``.

        Raises
        ------
        InvalidRequest, BadReply, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `statement`.

        Examples
        --------
        >>> import dpyauth
        >>> profits = dpyauth.login(sandbox=True).profit_table(since="2026-10-01", types=["CALL", "PUT"])
        >>> bool((profits["profit"] == (profits["sell_price"] - profits["buy_price"]).round(8)).all())
        True
        """
        from dpyauth.frames import ledger

        call = self.core.catalog.find("profit_table")
        asked, _ = types_of(call, call.fields["contract_type"]["items"]["enum"], types)
        if by not in ("purchase", "sale"):
            raise InvalidRequest(f"by takes 'purchase' or 'sale', not {short(by)}.", call=call.name, field="by")

        def shape(rows: list[Row], context: Context) -> pd.DataFrame:
            table = ledger.profit_table(rows, context, decimal=decimal)
            table.attrs["by"] = by
            if by == "purchase" and (since is not None or until is not None):
                table.attrs["note"] = in_language(said("by_purchase"), context.language)
            return table

        fields = {**dates(call, since, until), "contract_type": asked or None}
        gather = self._pages if by == "purchase" else self._sold
        return (yield from gather(call, fields, account, bought, shape, exact=decimal))

    @dual
    @with_columns
    def login_history(self, *, account: str = "current", reveal: bool = False) -> Steps[pd.DataFrame]:
        """Return the latest sign-ins and sign-outs, at most 50: Deriv returns no more.

        Uses Deriv's call ``login_history`` (scope read; only in v3).

        Parameters
        ----------
        account : str
            ``"current"``, the login ID of another account that the sign-in gave access to, or ``"all"``.
        reveal : bool
            Show the IP addresses instead of ``•••``. They are then saved with the notebook.

        Returns
        -------
        pandas.DataFrame
            One row per sign-in or sign-out, oldest first. With ``"all"``, as for `statement`.

            See ``dpyauth.columns.money_columns.LOGIN_HISTORY``.

        Raises
        ------
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True, api="v3").login_history()["ip"].unique().tolist()
        ['•••']
        """
        from dpyauth.frames import ledger

        call = self.core.catalog.find("login_history")

        def one(loginid: str | None) -> Steps[pd.DataFrame]:
            payload, context = yield from self.core.payload(call.name, {"limit": LOGINS}, loginid=loginid)
            return ledger.login_history(payload[::-1] if isinstance(payload, list) else None, context, reveal=reveal)

        def none() -> pd.DataFrame:
            return ledger.login_history(None, self.core.context(call.name, None))

        return (yield from self._of_accounts(call, account, one, none))
