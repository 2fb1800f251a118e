"""Turn what the options API says of an account's state into a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import OPTIONS_STATUS
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import listing, told


@with_columns(OPTIONS_STATUS)
def options_status(
    rows: Sequence[Mapping[str, Any]] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """Turn the list of accounts on the options API into a frame, one row per account.

    This API says nothing of risk, verification or the cashier: in those columns there is ``<NA>``, in lists, too.

    Parameters
    ----------
    rows : list of mappings
        The ``data`` of a ``get_accounts`` reply.
    context : Context, optional
        Where they came from; becomes ``attrs``.
    decimal : bool
        Money as exact `decimal.Decimal` objects (missing: None) instead of float64 (missing: NaN).

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them, with the columns of `account_status`. Deriv documents neither ``created`` nor
        ``last_used`` for this call: they are there where it sends them all the same.

        {columns}

    Examples
    --------
    >>> from dpyauth.frames import options_status
    >>> options_status([{"account_id": "DOT90000001", "balance": "10.5"}])[["loginid", "balance", "flags"]]
           loginid  balance flags
    0  DOT90000001     10.5  <NA>
    """
    listed = listing(rows, "data")
    result = frame(listed, OPTIONS_STATUS, context, decimal=decimal, call="get_accounts")
    for column in OPTIONS_STATUS:
        if column.kind == "list" and not any(told(row.get(column.name)) for row in listed):
            result[column.name] = pd.Series(pd.NA, index=result.index, dtype="object")
    return result
