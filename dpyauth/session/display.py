"""How a session shows itself: the account card and the account switcher."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from dpyauth import _environment, _terminal
from dpyauth.arguments import public
from dpyauth.session.payloads import Questions

if TYPE_CHECKING:
    from dpyauth.panels.switcher import SwitcherModel
    from dpyauth.session import Session


class Shown:
    """Something to look at: a live panel where a notebook shows it, elsewhere the same as text.

    Parameters
    ----------
    model : type of SwitcherModel
        What is behind the panel, which has the skin of the same name.
    session : Session
        What it shows.
    """

    def __init__(self, model: type[SwitcherModel], session: Session) -> None:
        self._kind = model
        self._session = session
        self._model = self._prepared()
        self._displayed = False

    def __repr__(self) -> str:
        text = "\n".join(filter(None, (self._model.as_text(), self._model.without_panel())))
        return _terminal.writable(text, sys.stdout)

    def _ipython_display_(self) -> None:
        if not _environment.in_notebook() or not _environment.has_widgets():
            raise NotImplementedError  # then IPython goes on to the text
        if self._displayed:
            self._model = self._prepared()  # one model is for one panel
        self._displayed = True
        from dpyauth.panels import widgets

        widgets.show(self._model)

    def _prepared(self) -> SwitcherModel:
        model = self._kind(self._session)
        model.prepare()
        return model


class Showing(Questions):
    """What a session has to look at."""

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
        from dpyauth.panels.card import CardModel

        return Shown(CardModel, cast("Session", self))

    @public
    def switcher(self) -> Shown:
        """The account switcher: all accounts of the sign-in, with their balances, and one click to use another.

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
        from dpyauth.panels.switcher import SwitcherModel

        return Shown(SwitcherModel, cast("Session", self))

    def _ipython_display_(self) -> None:
        """What IPython calls to show a session; where there are no panels, it goes on to ``repr``."""
        if not _environment.in_notebook() or not _environment.has_widgets():
            raise NotImplementedError
        self.card()._ipython_display_()
