"""Show a session: the account card and other panels."""

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
    """Panels that show a session."""

    @public
    def card(self) -> Shown:
        """Show the account card: who is signed in, demo or real, the balance, and how the account stands.

        It tells what is at stake and may be paid, the profit of today and of this month (in UTC, by when contracts
        were closed), and what the token may do; on Deriv's current API also what your wallets hold and how far your
        history has moved from v3; on v3 also verification, cashier and restrictions. Where the token lacks a scope,
        the card leaves that part out and says which scope it needs.

        As the last line of a notebook's cell it is a panel that keeps itself up to date, also across reconnects and
        changes of account, until the notebook is closed; ``session`` as the last line shows the same. The balance is
        live; what is at stake and earned is read again after each transaction, at most five times a minute however
        many cards there are; wallets once a minute. In the middle of a cell, use ``display(session.card())``. What is
        saved with the notebook is a still picture of it, without any secret. Elsewhere, and for ``print``, it is a
        text.
        Stands on Deriv's calls ``balance``, ``transaction``, ``portfolio``, ``statement`` and, for contracts that were
        bought last month, ``profit_table``; with ``get_accounts``, ``wallet_list`` and ``legacy_migration_status``
        (options) or ``get_account_status`` (v3).

        Returns
        -------
        Shown
            To be shown.

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

        An account with real money is asked about once before it is used. Shows where `card` does.
        Stands on Deriv's calls ``balance`` and, for switching, ``authorize``.

        Returns
        -------
        Shown
            To be shown.

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
        """Explore the calls of the API in use: look one up, fill it in, send it, look at the reply.

        Shows what each call does, the access level it needs and whether your token has it, a form made from its
        fields, the request as JSON and as the Python to paste into a cell, and the reply as JSON and as a frame. What
        changes anything at Deriv is marked and has to be confirmed; on a real account, by typing its login ID. Secrets
        in replies are masked, as in frames.

        Returns
        -------
        AnyWidget
            The panel. As the last line of a cell it shows itself.

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
        """Manage the API tokens of the account in use, in a panel: see, create and revoke them.

        A new token is created for a purpose, with the least access for it. It is shown once, hidden until you press
        Show, and it is not saved with the notebook. `api_tokens` lists the same as a frame.
        Stands on Deriv's call ``api_token`` (scope admin; only in v3: on another API the panel says so, and what to do
        instead).

        Returns
        -------
        AnyWidget
            The panel. As the last line of a cell it shows itself.

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
        """Manage apps in a panel: those you have registered, and those that may use your accounts.

        Redirect URLs are checked before anything is sent. `apps` lists the same as a frame.
        Stands on Deriv's calls ``app_list`` and ``oauth_apps`` (scope read), ``app_register``, ``app_update``,
        ``app_delete`` and ``revoke_oauth_app`` (scope admin). They are only in v3: on another API the panel says so,
        and what to do instead.

        Returns
        -------
        AnyWidget
            The panel. As the last line of a cell it shows itself.

        Examples
        --------
        >>> import dpyauth
        >>> panel = dpyauth.login(sandbox=True, api="v3").apps_panel()
        >>> print(repr(panel).splitlines()[0])
        dpyauth apps panel: <dpyauth session: signed in, CR900001 (USD, sample)>
        """
        return views.installed().apps(self)

    def _ipython_display_(self) -> None:
        """Show the card, as IPython asks for it; where there are no panels, IPython goes on to ``repr``."""
        if not _environment.shows_panels() or not views.there_are():
            raise NotImplementedError
        self.card()._ipython_display_()

    def _display_(self) -> object:
        """Return the card, as marimo asks for it."""
        return self.card()._display_() if views.there_are() else repr(self)
