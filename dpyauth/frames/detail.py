"""What is at stake on an account, and what it has earned: the part of its status that a trader asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.frames.arrays import Column, array
from dpyauth.frames.ledger import ACTIONS
from dpyauth.frames.status import ACCOUNT
from dpyauth.frames.values import mapping

_ON_BOTH_APIS = [column.name for column in ACCOUNT].index("risk")
"""How many columns come before those that only v3 tells."""

_COLUMNS = (
    *ACCOUNT[:_ON_BOTH_APIS],
    Column("open_contracts", "count"),
    Column("at_stake", "money"),
    Column("may_pay", "money"),
    Column("profit_today", "money"),
    Column("profit_month", "money"),
    Column("last_transaction", "time"),
    Column("last_action", "enum", values=ACTIONS),
    Column("last_amount", "money"),
    Column("remark"),
)


def account_detail(
    status: pd.DataFrame, details: Sequence[Mapping[str, Any] | None], *, decimal: bool = False
) -> pd.DataFrame:
    """Put what is at stake, and what was earned, beside the status of accounts.

    Parameters
    ----------
    status : pandas.DataFrame
        As `account_status` or `options_status` gives it.
    details : sequence of mappings
        Of each of its rows: the values of the columns below, as far as they are known.
    decimal : bool
        Money as exact `decimal.Decimal` objects (missing: None) instead of float64 (missing: NaN).

    Returns
    -------
    pandas.DataFrame
        The same rows. First the columns from ``loginid`` to ``last_used`` of `account_status`, which both of Deriv's
        APIs tell (those that only v3 tells are left out), then:

        ================  ===================  ==============================================================
        open_contracts    Int64                how many contracts are open
        at_stake          float64              what they have cost, in ``currency``
        may_pay           float64              what they pay if all of them are won, in ``currency``; contracts
                                               without a fixed payout, such as multipliers, count as 0
        profit_today      float64              of the contracts closed since midnight UTC, in ``currency``:
                                               what they have paid less what they have cost
        profit_month      float64              of those closed since the first of the month, UTC
        last_transaction  datetime64[us, UTC]  when money moved last
        last_action       category             buy, sell, deposit, withdrawal, transfer, hold, release, ...
        last_amount       float64              below zero where it left the account, in ``currency``
        remark            string               what is missing, and why; missing where nothing is
        ================  ===================  ==============================================================

    Examples
    --------
    >>> from dpyauth.frames import account_detail, options_status
    >>> status = options_status([{"account_id": "DOT90000001", "currency": "USD"}])
    >>> account_detail(status, [{"open_contracts": 2, "at_stake": "30.5"}])[["loginid", "open_contracts", "at_stake"]]
           loginid  open_contracts  at_stake
    0  DOT90000001               2      30.5
    """
    rows = [mapping(told) for told in details]
    told = status[[column.name for column in _COLUMNS[:_ON_BOTH_APIS]]].copy()
    for column in _COLUMNS[_ON_BOTH_APIS:]:
        told[column.name] = array(column, [row.get(column.name) for row in rows], decimal)
    known = [column.name for column in ACCOUNT]
    for name in status.columns.difference(known, sort=False):  # what has no column of its own
        told[name if name not in told else f"{name}_"] = status[name]
    told.attrs = dict(status.attrs)
    return told
