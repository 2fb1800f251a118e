"""List the history of an account: its statement, its closed contracts, its sign-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.money_columns import LOGIN_HISTORY, PROFIT_TABLE, STATEMENT
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import EXACTLY, listing, rows_of


@with_columns
def statement(
    rows: Sequence[Mapping[str, Any]], context: Context, *, currency: str | None = None, decimal: bool = False
) -> pd.DataFrame:
    """List the transactions of an account, one row per transaction.

    Parameters
    ----------
    rows : sequence of mappings
        The ``transactions`` of ``statement`` replies.
    context : Context
        Where the rows came from; its login ID goes into the column ``loginid``.
    currency : str, optional
        Currency of the account, if the context does not have it; the rows do not have it either.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order given:

        See ``dpyauth.columns.money_columns.STATEMENT``.

    Examples
    --------
    >>> from dpyauth.frames import Context
    >>> from dpyauth.frames.ledger import statement
    >>> statement([{"action_type": "deposit", "amount": 5}], Context("statement", "CR1"))[["loginid", "amount"]]
      loginid  amount
    0     CR1     5.0
    """
    same = {"loginid": context.loginid, "currency": currency or context.currency}
    omits = ("fees.minimum", "fees.percentage")
    return frame(rows_of(rows, "transactions"), STATEMENT, context, decimal=decimal, same=same, omits=omits)


@with_columns
def profit_table(
    rows: Sequence[Mapping[str, Any]], context: Context, *, currency: str | None = None, decimal: bool = False
) -> pd.DataFrame:
    """List closed contracts with their profits, one row per contract.

    Parameters
    ----------
    rows : sequence of mappings
        The ``transactions`` of ``profit_table`` replies.
    context : Context
        Where the rows came from; its login ID goes into the column ``loginid``.
    currency : str, optional
        Currency of the account, if the context does not have it; the rows do not have it either.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order given:

        See ``dpyauth.columns.money_columns.PROFIT_TABLE``.

    Examples
    --------
    >>> from dpyauth.frames import Context
    >>> from dpyauth.frames.ledger import profit_table
    >>> profit_table([{"buy_price": 5.1, "sell_price": 9.3}], Context("profit_table"))["profit"].item()
    4.2
    """
    same = {"loginid": context.loginid, "currency": currency or context.currency}
    table = frame(rows_of(rows, "transactions"), PROFIT_TABLE, context, decimal=decimal, same=same)
    sold, bought = table["sell_price"], table["buy_price"]
    if decimal:
        known = sold.notna() & bought.notna()
        table["profit"] = sold[known].combine(bought[known], EXACTLY.subtract).reindex(table.index)
    else:
        table["profit"] = (sold - bought).round(8)  # no currency has more decimals; the rest is rounding error
    return table


@with_columns
def login_history(rows: object, context: Context, *, reveal: bool = False) -> pd.DataFrame:
    """List sign-ins and sign-outs, one row each.

    Parameters
    ----------
    rows : list of mappings
        The ``login_history`` of a reply.
    context : Context
        Where the rows came from; its login ID goes into the column ``loginid``.
    reveal : bool
        Show the IP addresses instead of ``•••``. They are hidden because notebooks get passed on.

    Returns
    -------
    pandas.DataFrame
        In the order given:

        See ``dpyauth.columns.money_columns.LOGIN_HISTORY``.

    Examples
    --------
    >>> from dpyauth.frames import Context
    >>> from dpyauth.frames.ledger import login_history
    >>> rows = [{"action": "login", "status": 1, "time": 0, "ip": "192.0.2.1"}]
    >>> login_history(rows, Context("login_history"))[["action", "succeeded", "ip"]]
      action  succeeded   ip
    0  login       True  •••
    """
    same, omits = {"loginid": context.loginid}, ("environment", "datetime")  # both repeat what other columns say
    listed = listing(rows, "login_history")
    return frame(listed, LOGIN_HISTORY, context, same=same, reveal=reveal, call="login_history", omits=omits)
