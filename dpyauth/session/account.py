"""Ask about the account: its status, verification, balance and currencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth.columns import with_columns
from dpyauth.session import answers
from dpyauth.session.drive import dual
from dpyauth.session.payloads import Questions, chosen
from dpyauth.session.steps import Steps

if TYPE_CHECKING:
    import pandas as pd


class AccountQuestions(Questions):
    """Methods about the account and its balance."""

    @dual
    @with_columns
    def account_status(
        self, account: str = "current", *, detail: bool = False, decimal: bool = False
    ) -> Steps[pd.DataFrame]:
        """Return the status of the account in one row.

        The first columns are those that both of Deriv's APIs report: kind, status, currency, balance. Deriv's current
        API reports nothing about verification, cashier, risk and limits, so there the frame has no columns for them:
        see https://home.deriv.com/dashboard/profile. With ``detail=True`` these are followed by exposure and profits:
        open contracts, their cost and what they may pay, the profit of today and of this month (in UTC, by the time at
        which contracts were closed), and the latest transaction.

        Uses Deriv's calls ``get_accounts`` (options, scope trade; it goes over HTTP and needs no open connection), and
        ``get_account_status`` and ``balance`` (v3, scope read). With ``detail=True`` also ``portfolio`` and
        ``statement``, and ``profit_table`` if contracts that were bought last month were closed.

        Parameters
        ----------
        account : str
            ``"current"``, the login ID of another account that the sign-in gave access to, or ``"all"``.
        detail : bool
            Add exposure and profits. Values that the token may not see are missing, and ``remark`` says why.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            One row per account. With ``"all"`` there is one more column, ``error``: why an account could not be read
            (string).

            See ``dpyauth.columns.account_columns.STATUS``.

            With ``detail=True`` instead:

            See ``dpyauth.columns.account_columns.DETAIL``.

        Raises
        ------
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.account_status()[["loginid", "kind", "status", "currency"]]
             loginid  kind  status currency
        0  DOT900003  demo  active      USD
        >>> bool(session.account_status(detail=True)["at_stake"].item() >= 0)
        True
        """
        return (
            yield from answers.named(self.core.api).account_status(self.core, account, detail=detail, decimal=decimal)
        )

    @dual
    @with_columns
    def status_flags(self) -> Steps[pd.DataFrame]:
        """Return the status flags of the account with their meanings, one row per flag.

        Uses Deriv's call ``get_account_status`` (scope read; only in v3).

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.account_columns.STATUS_FLAGS``.

        Raises
        ------
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> flags = dpyauth.login(sandbox=True, api="v3").status_flags()
        >>> bool(flags["known"].all())
        True
        """
        from dpyauth import frames

        return frames.status_flags(*(yield from self.core.payload("get_account_status")))

    @dual
    @with_columns
    def verification(self, kind: str = "checks") -> Steps[pd.DataFrame]:
        """Return the state of verification, one row per check: status, expiry, attempts left, last rejection.

        Uses Deriv's call ``get_account_status`` (scope read; only in v3).

        Parameters
        ----------
        kind : {"checks", "attempts", "ownership", "jurisdictions"}
            The checks; the user's attempts to verify their identity, with the result of each; the payment methods that
            the user has to prove ownership of; or the MT5 jurisdictions in which the proof of address counts.

        Returns
        -------
        pandas.DataFrame
            For ``"checks"``, always the same rows in the same order, followed by any that Deriv has added:

            See ``dpyauth.columns.account_columns.VERIFICATION``.

            For ``"attempts"``:

            See ``dpyauth.columns.account_columns.ATTEMPTS``.

            For ``"ownership"``:

            See ``dpyauth.columns.account_columns.OWNERSHIP_REQUESTS``.

            For ``"jurisdictions"``:

            See ``dpyauth.columns.account_columns.JURISDICTIONS``.

        Raises
        ------
        InvalidRequest
            The kind is unknown; nothing was sent.
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True, api="v3").verification().loc[0, "check"]
        'identity'
        >>> session = dpyauth.login(sandbox=True, api="v3")
        >>> session.verification("ownership")["payment_method"].tolist()
        ['Sandbox Wallet']
        """
        from dpyauth import frames

        kinds = {
            "checks": frames.verification,
            "attempts": frames.attempts,
            "ownership": frames.ownership_requests,
            "jurisdictions": frames.jurisdictions,
        }
        shape = chosen("get_account_status", kind, kinds)
        return shape(*(yield from self.core.payload("get_account_status")))

    @dual
    @with_columns
    def currencies(self) -> Steps[pd.DataFrame]:
        """Return whether deposits and withdrawals are possible now, one row per currency of the account.

        Uses Deriv's call ``get_account_status`` (scope read; only in v3).

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.account_columns.CURRENCIES``.

        Raises
        ------
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True, api="v3").currencies()["currency"].tolist()
        ['USD']
        """
        from dpyauth import frames

        return frames.currencies(*(yield from self.core.payload("get_account_status")))

    @dual
    @with_columns
    def cashier_problems(self) -> Steps[pd.DataFrame]:
        """Return what keeps the cashier closed and what to do about it, one row per problem.

        Uses Deriv's call ``get_account_status`` (scope read; only in v3).

        Returns
        -------
        pandas.DataFrame
            No rows if the cashier is open:

            See ``dpyauth.columns.account_columns.CASHIER_PROBLEMS``.

        Raises
        ------
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> len(dpyauth.login("sandbox-trouble-read", sandbox=True, api="v3").cashier_problems())
        5
        """
        from dpyauth import frames

        return frames.cashier_problems(*(yield from self.core.payload("get_account_status")))

    @dual
    @with_columns
    def balance(self, account: str = "current", *, decimal: bool = False) -> Steps[pd.DataFrame]:
        """Return the balance of the account.

        Uses Deriv's call ``balance`` (scope read or trading_information; on the options API trade).

        Parameters
        ----------
        account : str
            ``"current"``, a login ID, or ``"all"``. Deriv may refuse ``"all"`` for API tokens; then the accounts that
            the sign-in gave access to (only one, with an API token) are asked one by one, and there is a column
            ``error``.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            One row per account:

            See ``dpyauth.columns.account_columns.BALANCE``.

            With ``"all"``, if Deriv lists them with one call, also:

            See ``dpyauth.columns.account_columns.OF_ALL_BALANCES``.

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
        return (yield from answers.named(self.core.api).balance(self.core, account, decimal=decimal))

    @dual
    @with_columns
    def accounts(self) -> Steps[pd.DataFrame]:
        """Return all accounts of the user, one row per account.

        Uses Deriv's calls ``get_accounts`` (options, scope trade) and ``account_list`` (v3, scope read).

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.account_columns.ACCOUNTS``.

        Raises
        ------
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).accounts()["kind"].tolist()
        ['real', 'demo']
        """
        return (yield from answers.named(self.core.api).accounts(self.core))

    @dual
    def migration(self) -> Steps[str]:
        """Return the progress of moving this user from v3 to the options API.

        Deriv moves its users one by one. Afterwards v3 no longer accepts them, and nothing is carried over: sign in
        with ``dpyauth.login(api="options")``, with a token and an app ID made at developers.deriv.com.

        Uses Deriv's calls ``connect_status`` (v3) and ``legacy_migration_status`` (options).

        Returns
        -------
        str
            ``"not begun"``, ``"pending"``, ``"complete"``, ``"failed"`` or ``"not applicable"`` (there is nothing to
            move); any other word from Deriv is returned unchanged.

        Raises
        ------
        NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).migration()
        'pending'
        """
        status = yield from answers.named(self.core.api).migration(self.core)
        return (status or "not begun").replace("_", " ")
