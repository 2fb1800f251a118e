"""Ask about the user's limits, open contracts, profile, MT5 accounts, API tokens and apps."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dpyauth.columns import with_columns
from dpyauth.session.drive import dual
from dpyauth.session.payloads import Questions, chosen
from dpyauth.session.steps import Steps

if TYPE_CHECKING:
    import pandas as pd


class UserQuestions(Questions):
    """Methods about the user, apart from the status of the account."""

    @dual
    @with_columns
    def limits(self, kind: str = "values", account: str = "current", *, decimal: bool = False) -> Steps[pd.DataFrame]:
        """Return the limits on what the account may hold, stake, be paid, withdraw and transfer.

        Uses Deriv's call ``get_limits`` (scope read; only in v3).

        Parameters
        ----------
        kind : {"values", "markets", "transfers"}
            The account's own limits, those of single markets, or those of transfers between your accounts.
        account : str
            ``"current"``, the login ID of another account that the sign-in gave access to, or ``"all"``.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            One row per limit; not all are in the account's currency. With ``"all"`` the accounts follow each other, and
            there are two more columns: ``loginid``, and ``error``, why an account could not be read (both string).

            See ``dpyauth.columns.profile_columns.LIMITS``.

            For ``"markets"``:

            See ``dpyauth.columns.profile_columns.MARKET_LIMITS``.

            For ``"transfers"``:

            See ``dpyauth.columns.profile_columns.TRANSFER_LIMITS``.

        Raises
        ------
        InvalidRequest
            The kind is unknown, or the sign-in gave no access to that account; nothing was sent.
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> limits = dpyauth.login(sandbox=True, api="v3").limits()
        >>> limits.set_index("limit")["value"]["open_positions"].item()
        100.0
        """
        from dpyauth import frames

        kinds = {"values": frames.limits, "markets": frames.market_limits, "transfers": frames.transfer_limits}
        shape = functools.partial(chosen("get_limits", kind, kinds), decimal=decimal)
        return (yield from self.core.per_account(account, "get_limits", shape, exact=decimal))

    @dual
    @with_columns
    def portfolio(self, account: str = "current", *, decimal: bool = False) -> Steps[pd.DataFrame]:
        """Return the open contracts, one row per contract.

        It does not have their present value: for that, open the stream ``proposal_open_contract``.

        Uses Deriv's call ``portfolio`` (scope read or trading_information; on the options API trade).

        Parameters
        ----------
        account : str
            ``"current"``, the login ID of another account that the sign-in gave access to, or ``"all"``.
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them. With ``"all"``, as for `limits`.

            See ``dpyauth.columns.money_columns.PORTFOLIO``.

        Raises
        ------
        InvalidRequest, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `limits`.

        Examples
        --------
        >>> import dpyauth
        >>> portfolio = dpyauth.login(sandbox=True).portfolio()
        >>> portfolio["currency"].unique().tolist()
        ['USD']
        """
        from dpyauth import frames

        shape = functools.partial(frames.open_contracts, decimal=decimal)
        return (yield from self.core.per_account(account, "portfolio", shape, exact=decimal))

    @dual
    @with_columns
    def settings(self, *, reveal: bool = False) -> Steps[pd.DataFrame]:
        """Return the user's profile, one row per setting; personal data is masked by default.

        Uses Deriv's call ``get_settings`` (scope read; only in v3).

        Parameters
        ----------
        reveal : bool
            Show personal data instead of ``•••``. It is then saved with the notebook.

        Returns
        -------
        pandas.DataFrame
            One row for every setting that Deriv documents, and for any other that it sent:

            See ``dpyauth.columns.profile_columns.SETTINGS``.

        Raises
        ------
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> settings = dpyauth.login(sandbox=True, api="v3").settings()
        >>> settings.set_index("setting")["value"]["email"]
        '•••'
        """
        from dpyauth import frames

        return frames.settings(*(yield from self.core.payload("get_settings")), reveal=reveal)

    @dual
    @with_columns
    def mt5_accounts(self, *, decimal: bool = False) -> Steps[pd.DataFrame]:
        """Return the user's MT5 accounts, one row per account.

        Uses Deriv's call ``mt5_login_list`` (scope read; only in v3).

        Parameters
        ----------
        decimal : bool
            Return money as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.profile_columns.MT5_ACCOUNTS``.

        Raises
        ------
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True, api="v3").mt5_accounts()["account_type"].tolist()
        ['real', 'demo', 'real']
        """
        from dpyauth import frames

        return frames.mt5_accounts(*(yield from self.core.payload("mt5_login_list", exact=decimal)), decimal=decimal)

    @dual
    @with_columns
    def api_tokens(self, *, reveal: bool = False) -> Steps[pd.DataFrame]:
        """Return the user's API tokens with their scopes and last use, one row per token.

        Uses Deriv's call ``api_token`` (scope admin; only in v3).

        Parameters
        ----------
        reveal : bool
            Show the tokens instead of ``•••``. They are then saved with the notebook.

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.profile_columns.API_TOKENS``.

        Raises
        ------
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True, api="v3").api_tokens()["token"].unique().tolist()
        ['•••']
        """
        from dpyauth import frames

        return frames.api_tokens(*(yield from self.core.payload("api_token")), reveal=reveal)

    @dual
    @with_columns
    def apps(self, kind: str = "registered") -> Steps[pd.DataFrame]:
        """Return the apps that the user has registered, or those that may use the user's accounts.

        Uses Deriv's calls ``app_list`` and ``oauth_apps`` (scope read; only in v3).

        Parameters
        ----------
        kind : {"registered", "allowed"}
            Registered apps, or apps that may use the accounts.

        Returns
        -------
        pandas.DataFrame
            One row per app:

            See ``dpyauth.columns.profile_columns.APPS``.

        Raises
        ------
        InvalidRequest
            The kind is unknown; nothing was sent.
        NotInThisApi, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True, api="v3").apps()["active"].tolist()
        [True, False]
        """
        from dpyauth import frames

        call = chosen("app_list", kind, {"registered": "app_list", "allowed": "oauth_apps"})
        return frames.apps(*(yield from self.core.payload(call)))
