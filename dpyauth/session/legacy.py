"""Ask about the accounts that the user had on v3 before the move to the options API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.columns import with_columns
from dpyauth.errors import BadReply
from dpyauth.net.messages import Reply
from dpyauth.notes import left_out, note
from dpyauth.session.drive import dual
from dpyauth.session.history.collecting import HistoryQuestions
from dpyauth.session.history.periods import When, period, types_of
from dpyauth.session.history.time_walk import Pages
from dpyauth.session.history.transactions import booked
from dpyauth.session.steps import Request, Steps
from dpyauth.texts.said import said

if TYPE_CHECKING:
    import pandas as pd

PAGE = 999
"""Most rows of a legacy statement that Deriv returns at a time."""


class Legacy(HistoryQuestions):
    """Methods about v3 accounts that the options API answers."""

    @dual
    @with_columns
    def legacy_accounts(self) -> Steps[pd.DataFrame]:
        """Return the accounts that the user had on v3, one row per account.

        Uses Deriv's call ``legacy_accounts`` (scope trade; only in options, after the move).

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.money_columns.LEGACY_ACCOUNTS``.

        Raises
        ------
        NotInThisApi, NotSignedIn, MissingScope, CallTimeout, ConnectionLost
            As for `call`.
        ApiError
            As for `call`; also while the move is not complete.

        Examples
        --------
        >>> import dpyauth
        >>> from dpyauth.sandbox import shared
        >>> token = shared().options_token("moved").token
        >>> dpyauth.login(token, sandbox=True, api="options").legacy_accounts()["loginid"].tolist()
        ['CR900031']
        """
        from dpyauth import frames

        call = self.core.catalog.find("legacy_accounts")
        rows = frames.generic(call, *(yield from self.core.reply_to(call.name)), explode="value")
        return rows.rename(columns={"key": "loginid"} | {f"value.{name}": name for name in ("account_id", "currency")})

    @dual
    def legacy_statement(
        self,
        loginid: str,
        since: When = None,
        until: When = None,
        *,
        types: str | Iterable[str] | None = None,
        decimal: bool = False,
    ) -> Steps[pd.DataFrame]:
        """Return all transactions of an account that the user had on v3.

        The pages are fetched as for `statement`.

        Uses Deriv's call ``legacy_statement`` (scope trade; only in options, after the move).

        Parameters
        ----------
        loginid : str
            Login ID of the account, from `legacy_accounts`.
        since, until : date, datetime, str or timedelta, optional
            Start and end of the period, as for `statement`.
        types : str or list of str, optional
            Return only these types of transaction, such as ``"deposit"`` or ``["deposit", "withdrawal"]``.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            One row per transaction, oldest first, with the columns that ``session.help("legacy_statement")`` lists.

        Raises
        ------
        InvalidRequest, NotInThisApi, BadReply, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `statement` and `legacy_accounts`.

        Examples
        --------
        >>> import dpyauth
        >>> from dpyauth.sandbox import shared
        >>> session = dpyauth.login(shared().options_token("moved").token, sandbox=True, api="options")
        >>> session.legacy_statement("CR900031", types="deposit")["action_type"].unique().tolist()
        ['deposit']
        """
        from dpyauth import frames

        call = self.core.catalog.find("legacy_statement")
        first, last = period(call, since, until)
        _, wanted = types_of(call, call.fields["action_type"]["enum"], types)
        fields = {
            "loginid": loginid,
            "date_from": first,
            "date_to": None if last is None else last + 1,  # this call excludes the end of the period
            "action_type": types if isinstance(types, str) else None,
            "limit": PAGE,
        }

        def rows_of(reply: Reply) -> list[Mapping[str, Any]]:
            rows = reply.get("transactions")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise BadReply(said("reply_undocumented", call=call.name), call=call.name)
            return rows

        def made(rows: list[Mapping[str, Any]]) -> pd.DataFrame:
            kept = [
                row for row in rows[::-1] if isinstance(types, str) or not wanted or row.get("action_type") in wanted
            ]
            context = self.core.context(call.name, loginid)
            return frames.generic(call, {"transactions": kept}, context, decimal=decimal)

        def request(offset: int) -> Request:
            return Request(call.name, {**fields, "offset": offset}, exact=decimal)

        pages = Pages(PAGE, _transaction, booked, first, last, call=call.name)
        table = yield from self._collect(call, pages, request, rows_of, made)
        return note(table, left_out(len(pages.outside)), language=self.core.target.language)


def _transaction(row: Mapping[str, Any]) -> object:
    return row.get("transaction_id") or repr(row)
