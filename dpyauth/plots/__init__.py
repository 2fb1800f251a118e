"""Draw pictures of an account: each function takes a frame and returns the axes it has drawn on.

The pictures need matplotlib (``pip install matplotlib``). They are readable on light and dark pages and without
colours, whatever the notebook's matplotlib settings are, and they do not change those settings. Amounts in different
currencies are never drawn together. Times are in UTC.

If a frame has no rows, the axes say so. End the cell with ``;`` to see only the picture.

>>> import dpyauth
>>> session = dpyauth.login(sandbox=True)
>>> dpyauth.plots.balance(session.statement()).get_title(loc="left")
'Balance over time, USD'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth.arguments import public
from dpyauth.names import suggesting
from dpyauth.plots import call_drawings, money_drawings, price_drawings, status_drawings
from dpyauth.plots.canvas import show, text_of
from dpyauth.plots.wording import words_in

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


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # a type checker would take every name for right
    __getattr__ = suggesting(__name__, __all__)


@public
def account_status(frame: pd.DataFrame, *, ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw each account: its balance, whether it is active, and what you have to do.

    There is one bar per account. Its length is the balance, compared with the other accounts in the same currency. Real
    money is hatched, and an account that is not active is grey. A dot means that all is well, a diamond that Deriv is
    waiting for something, and a cross that something is wrong.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.account_status` returns, also with ``account="all"`` or ``detail=True``; or what the same
        method of a fleet returns. The first 40 rows are drawn.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument
        The frame is a different one, and the message says which method returns the right one; or the frame holds what
        cannot be drawn together, such as amounts in several currencies.
    InvalidSetting
        matplotlib is missing.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> ax = dpyauth.plots.account_status(session.account_status(account="all"))
    >>> dpyauth.plots.describe(ax)
    'Account status: ROT900001, real: 9,698.18 USD, active; DOT900003, demo: 9,969.39 USD, active.'
    """
    return show(status_drawings.account_status(frame, words_in(language)), ax)


@public
def verification(frame: pd.DataFrame, *, ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw the progress of each verification check, what is needed, and when it expires.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.verification` returns (v3 only).
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument, InvalidSetting
        As for `account_status`.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True, api="v3")
    >>> ax = dpyauth.plots.verification(session.verification().query("needed"))
    >>> dpyauth.plots.describe(ax)
    'Verification: ownership: pending, needed.'
    """
    return show(status_drawings.verification(frame, words_in(language)), ax)


@public
def status_flags(frame: pd.DataFrame, *, ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw what Deriv has noted about the account, the most serious first.

    A square is a restriction, a diamond is something for you to do, a ring is information, and a star is a flag that
    dpyauth does not know.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.status_flags` returns (v3 only). The first 40 rows are drawn.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument, InvalidSetting
        As for `account_status`.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True, api="v3")
    >>> dpyauth.plots.status_flags(session.status_flags()).get_title(loc="left")
    'What Deriv has noted'
    """
    return show(status_drawings.status_flags(frame, words_in(language)), ax)


@public
def balance(frame: pd.DataFrame, *, ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw the balance over time; a diamond marks a change that was not a trade.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.statement` returns. With several accounts in one currency, each has its own line.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument, InvalidSetting
        As for `account_status`.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> ax = dpyauth.plots.balance(session.statement())
    >>> dpyauth.plots.describe(ax)
    'The balance over time: from 10,000.00 to 9,969.39, USD.'
    """
    return show(money_drawings.balance(frame, words_in(language)), ax)


@public
def profit(frame: pd.DataFrame, *, by: str = "symbol", ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw the total profit of closed contracts by market. A loss is hatched and goes to the left of the line.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.profit_table` returns.
    by : str
        Column to group by, such as ``"contract_type"``. The 12 largest sums are drawn.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument, InvalidSetting
        As for `account_status`.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> dpyauth.plots.profit(session.profit_table(), by="contract_type").get_title(loc="left")
    'Profit by contract type, USD'
    """
    return show(money_drawings.profit(frame, words_in(language), by), ax)


@public
def profit_over_time(frame: pd.DataFrame, *, ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw the running total of the profit of closed contracts.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.profit_table` returns.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument, InvalidSetting
        As for `account_status`.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> ax = dpyauth.plots.profit_over_time(session.profit_table())
    """
    return show(money_drawings.profit_over_time(frame, words_in(language)), ax)


@public
def exposure(frame: pd.DataFrame, *, ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw open contracts by market: what is at stake (hatched) and what they may pay (filled).

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.portfolio` returns. The 12 markets with the most at stake are drawn.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument, InvalidSetting
        As for `account_status`.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> dpyauth.plots.exposure(session.portfolio()).get_title(loc="left")
    'What is at stake, and what it may pay, USD'
    """
    return show(money_drawings.exposure(frame, words_in(language)), ax)


@public
def payments(frame: pd.DataFrame, *, ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw payments by month: money in upwards and filled, money out downwards and hatched.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.wallet_transactions` returns, for one wallet and currency: completed payments count. Or
        what `dpyauth.Session.statement` returns: every transaction counts that is neither a purchase nor a sale of a
        contract.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument, InvalidSetting
        As for `account_status`.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> moved = session.wallet_transactions("main")
    >>> dpyauth.plots.payments(moved[moved["currency"] == "USD"]).get_title(loc="left")
    'Payments in and out by month, USD'
    """
    return show(money_drawings.payments(frame, words_in(language)), ax)


@public
def prices(frame: pd.DataFrame, *, ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw the prices of one market: ticks as a line, candles as candles.

    A candle that went up is empty, one that went down is filled. Ticks that were fetched after a break in the
    connection are rings. Where prices are missing, the line is broken and the gap is hatched. More than 200 candles are
    combined into fewer; the title then says how many each one stands for.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.ticks` or `dpyauth.Session.candles` returns, or what `dpyauth.Stream.frame` returns for a
        stream of prices.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument, InvalidSetting
        As for `account_status`.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> ax = dpyauth.plots.prices(session.candles("R_100").tail(60))
    """
    return show(price_drawings.prices(frame, words_in(language)), ax)


@public
def scopes(frame: pd.DataFrame, *, ax: Axes | None = None, language: str | None = None) -> Axes:
    """Draw how many calls each scope allows. Filled calls only read, hatched ones change something.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `dpyauth.Session.calls` returns.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on, such as one of ``plt.subplots(2)``; a new figure is made if left out.
    language : str, optional
        Language of the picture and of its description, such as ``session.language`` or ``"es"``; by default that of
        the environment, as for `dpyauth.login`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes it was drawn on.

    Raises
    ------
    InvalidArgument, InvalidSetting
        As for `account_status`.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> dpyauth.plots.scopes(session.calls()).get_title(loc="left")
    'Calls by the scope they need'
    """
    return show(call_drawings.scopes(frame, words_in(language)), ax)


@public
def describe(ax: Axes) -> str:
    """Return what a picture shows, in words; notebooks use it as alternative text.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes that one of these functions returned.

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
