"""Show a session as the account card and other panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth import _environment
from dpyauth.arguments import public
from dpyauth.session import views
from dpyauth.session.payloads import Questions
from dpyauth.session.views import Shown

if TYPE_CHECKING:
    from anywidget import AnyWidget


class Display(Questions):
    """Methods that show panels of a session."""

    @public
    def card(self) -> Shown:
        """Show the account card: the account, demo or real, its balance, exposure and profits.

        It shows what is at stake and what it may pay, the profit of today and of this month (in UTC, by the time at
        which contracts were closed), and what the token may do; on Deriv's current API also your wallets and the
        progress of your move from v3; on v3 also verification, cashier and restrictions. If the token lacks a scope,
        the card leaves that part out and says which scope it needs.

        As the last line of a cell in a notebook it is a panel that updates itself, also across reconnects and switches
        of account, until the notebook is closed; ``session`` as the last line shows the same. The balance is live;
        exposure and profits are fetched again after each transaction, at most five times a minute however many cards
        there are; wallets once a minute. In the middle of a cell, use ``display(session.card())``. The notebook is
        saved with a still picture of the card, without any secret. Outside of notebooks, and for ``print``, it is
        text.

        Uses Deriv's calls ``balance``, ``transaction``, ``portfolio``, ``statement`` and, for contracts that were
        bought last month, ``profit_table``; also ``get_accounts``, ``wallet_list`` and ``legacy_migration_status``
        (options) or ``get_account_status`` (v3).

        Returns
        -------
        Shown
            Panel in a notebook, text elsewhere.

        Examples
        --------
        >>> import dpyauth
        >>> card = dpyauth.login(sandbox=True).card()
        >>> print(str(card).splitlines()[0])
        DOT900003 · Demo account · options API · Sandbox: nothing here is real
        """
        return views.installed().card(self)

    @public
    def switcher(self) -> Shown:
        """Show the account switcher: all accounts of the sign-in, with their balances, and one click to use another.

        It asks for confirmation before it switches to an account with real money. It is shown where `card` is.

        Uses Deriv's calls ``balance`` and, for switching, ``authorize``.

        Returns
        -------
        Shown
            Panel in a notebook, text elsewhere.

        Examples
        --------
        >>> import dpyauth
        >>> switcher = dpyauth.login(sandbox=True).switcher()
        >>> str(switcher).split()[0]
        'ROT900001'
        """
        return views.installed().switcher(self)

    @public
    def explorer(self) -> AnyWidget:
        """Show the API explorer: look up a call, fill in its fields, send it, and see the reply.

        It shows what each call does, the scope it needs and whether your token has it, a form with its fields, the
        request as JSON and as Python code for a cell, and the reply as JSON and as a frame. Calls that change something
        at Deriv are marked and have to be confirmed; on a real account, by typing its login ID. Secrets in replies are
        masked, as in frames.

        Returns
        -------
        AnyWidget
            The panel, shown if it is the last line of a cell.

        Examples
        --------
        >>> import dpyauth
        >>> panel = dpyauth.login(sandbox=True).explorer()
        >>> print(repr(panel).splitlines()[0])
        dpyauth explorer panel: <dpyauth session: signed in, DOT900003 (USD, demo)>
        """
        return views.installed().explorer(self)

    @public
    def tokens_panel(self) -> AnyWidget:
        """Show a panel to see, create and revoke the API tokens of the account in use.

        A new token is created for a purpose, with only the scopes it needs. It is shown once, masked until you press
        Show, and it is not saved with the notebook. `api_tokens` returns the same list as a frame.

        Uses Deriv's call ``api_token`` (scope admin; only in v3: on the other API the panel says so, and what to do
        instead).

        Returns
        -------
        AnyWidget
            The panel, shown if it is the last line of a cell.

        Examples
        --------
        >>> import dpyauth
        >>> panel = dpyauth.login(sandbox=True, api="v3").tokens_panel()
        >>> print(repr(panel).splitlines()[0])
        dpyauth tokens panel: <dpyauth session: signed in, CR900001 (USD, sample)>
        """
        return views.installed().tokens(self)

    @public
    def apps_panel(self) -> AnyWidget:
        """Show a panel to manage apps: those you have registered, and those that may use your accounts.

        Redirect URLs are checked before anything is sent. `apps` returns the same list as a frame.

        Uses Deriv's calls ``app_list`` and ``oauth_apps`` (scope read), ``app_register``, ``app_update``,
        ``app_delete`` and ``revoke_oauth_app`` (scope admin). They exist only in v3: on the other API the panel says
        so, and what to do instead.

        Returns
        -------
        AnyWidget
            The panel, shown if it is the last line of a cell.

        Examples
        --------
        >>> import dpyauth
        >>> panel = dpyauth.login(sandbox=True, api="v3").apps_panel()
        >>> print(repr(panel).splitlines()[0])
        dpyauth apps panel: <dpyauth session: signed in, CR900001 (USD, sample)>
        """
        return views.installed().apps(self)

    def _ipython_display_(self) -> None:
        """Show the card when IPython displays the session; without panels, IPython falls back to ``repr``."""
        if not _environment.shows_panels() or not views.there_are():
            raise NotImplementedError
        self.card()._ipython_display_()

    def _display_(self) -> object:
        """Return the card for marimo."""
        return self.card()._display_() if views.there_are() else repr(self)
