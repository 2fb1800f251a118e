"""Pictures of an account: each takes a frame, and returns the axes it is drawn on.

They need matplotlib (``pip install matplotlib``). They read on light and dark pages and without colours, whatever
settings of matplotlib the notebook has, and they leave those alone. Amounts in different currencies are never drawn
together. Times are in UTC.

A frame without rows makes axes that say so. End the cell with ``;`` to see the picture alone.

>>> import dpyauth
>>> session = dpyauth.login(sandbox=True)
>>> dpyauth.plots.balance(session.statement()).get_title(loc="left")
'Balance over time, USD'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth.arguments import public
from dpyauth.columns import with_texts
from dpyauth.names import suggesting
from dpyauth.plots import call_drawings, money_drawings, price_drawings, status_drawings
from dpyauth.plots.canvas import show, text_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "account_status",
    "balance",
    "describe",
    "exposure",
    "payments",
    "prices",
    "profit",
    "profit_over_time",
    "scopes",
    "status_flags",
    "verification",
]


_DOCUMENTED = with_texts(
    ax="""ax : matplotlib.axes.Axes, optional
    Axes to draw on, such as one of ``plt.subplots(2)``; a new figure's if left out.""",
    drawn="""Returns
-------
matplotlib.axes.Axes
    The axes it was drawn on.

Raises
------
InvalidArgument
    This is another frame, and the message says which question to ask; or what it holds cannot be drawn together,
    such as amounts in several currencies.
InvalidSetting
    matplotlib is missing.""",
)
"""Parts that the docstrings of all plots have."""


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # a type checker would take every name for right
    __getattr__ = suggesting(__name__, __all__)


@public
@_DOCUMENTED
def account_status(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each account: what is in it, whether it is active, and what there is to do.

    One bar per account, as long as there is money in it, next to the others in the same currency. Real money is
    hatched, and an account that is not active is grey. A dot says that all is well, a diamond that Deriv waits for
    something, and a cross that something is wrong.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.account_status`, also with ``account="all"`` or ``detail=True``, or of the same question
        to a fleet. The first 40 rows are drawn.
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> ax = dpyauth.plots.account_status(session.account_status(account="all"))
    >>> dpyauth.plots.describe(ax)
    'Account status: ROT900001, real: 9,698.18 USD, active; DOT900003, demo: 9,969.39 USD, active.'
    """
    return show(status_drawings.account_status(frame), ax)


@public
@_DOCUMENTED
def verification(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how far each check has got, with what is needed and when it runs out.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.verification` (v3 only).
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True, api="v3")
    >>> ax = dpyauth.plots.verification(session.verification().query("needed"))
    >>> dpyauth.plots.describe(ax)
    'Verification: ownership: pending, needed.'
    """
    return show(status_drawings.verification(frame), ax)


@public
@_DOCUMENTED
def status_flags(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw what Deriv has noted about the account, the most serious first.

    A square is a restriction, a diamond waits for the user, a ring is good to know, and a star is a flag that dpyauth
    does not know.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.status_flags` (v3 only). The first 40 rows are drawn.
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True, api="v3")
    >>> dpyauth.plots.status_flags(session.status_flags()).get_title(loc="left")
    'What Deriv has noted'
    """
    return show(status_drawings.status_flags(frame), ax)


@public
@_DOCUMENTED
def balance(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the balance over time; a diamond is a change that no trade has made.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.statement`. With several accounts in one currency there is a line for each.
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> ax = dpyauth.plots.balance(session.statement())
    >>> dpyauth.plots.describe(ax)
    'The balance over time: from 10,000.00 to 9,969.39, USD.'
    """
    return show(money_drawings.balance(frame), ax)


@public
@_DOCUMENTED
def profit(frame: pd.DataFrame, *, by: str = "symbol", ax: Axes | None = None) -> Axes:
    """Draw the profit of closed contracts, added up by market. A loss is hatched, and to the left of the line.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.profit_table`.
    by : str
        Column to add up by, such as ``"contract_type"``. The 12 largest sums are drawn.
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> dpyauth.plots.profit(session.profit_table(), by="contract_type").get_title(loc="left")
    'Profit by contract type, USD'
    """
    return show(money_drawings.profit(frame, by), ax)


@public
@_DOCUMENTED
def profit_over_time(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how the profit of closed contracts has added up.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.profit_table`.
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> ax = dpyauth.plots.profit_over_time(session.profit_table())
    """
    return show(money_drawings.profit_over_time(frame), ax)


@public
@_DOCUMENTED
def exposure(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw what is at stake in open contracts, hatched, and what they may pay, filled; by market.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.portfolio`. The 12 markets with most at stake are drawn.
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> dpyauth.plots.exposure(session.portfolio()).get_title(loc="left")
    'What is at stake, and what it may pay, USD'
    """
    return show(money_drawings.exposure(frame), ax)


@public
@_DOCUMENTED
def payments(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw what came in by month, upwards and filled, and what went out, downwards and hatched.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.wallet_transactions`, for one wallet and currency: payments that came to pass count. Or of
        `dpyauth.Session.statement`: what is neither bought nor sold counts.
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> moved = session.wallet_transactions("main")
    >>> dpyauth.plots.payments(moved[moved["currency"] == "USD"]).get_title(loc="left")
    'In and out by month, USD'
    """
    return show(money_drawings.payments(frame), ax)


@public
@_DOCUMENTED
def prices(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the prices of one market: ticks as a line, candles as candles.

    A candle that went up is empty, one that went down is filled. Ticks that were fetched after a break in the
    connection are rings. Where prices are missing, the line is broken and the stretch is hatched. More than 200
    candles are summed up to fewer; the title then says how many each stands for.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.ticks` or `dpyauth.Session.candles`, or what `dpyauth.Stream.frame` returns for a
        stream of prices.
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> ax = dpyauth.plots.prices(session.candles("R_100").tail(60))
    """
    return show(price_drawings.prices(frame), ax)


@public
@_DOCUMENTED
def scopes(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many calls each scope opens. Filled only looks, hatched changes something.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `dpyauth.Session.calls`.
    {ax}

    {drawn}

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> dpyauth.plots.scopes(session.calls()).get_title(loc="left")
    'Calls by the scope they need'
    """
    return show(call_drawings.scopes(frame), ax)


@public
def describe(ax: Axes) -> str:
    """Return what a picture shows in words, as its alternative text.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        What one of these plots has returned.

    Returns
    -------
    str
        One sentence; empty for axes that no plot of dpyauth has drawn on.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> dpyauth.plots.describe(dpyauth.plots.exposure(session.portfolio().head(0)))
    'What is at stake, and what it may pay: nothing to show, no open contracts.'
    """
    return text_of(ax)
