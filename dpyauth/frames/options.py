"""What the options API says of an account's state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from dpyauth.frames.columns import Context, frame
from dpyauth.frames.status import ACCOUNT
from dpyauth.frames.values import listing, told

_COLUMNS = (replace(ACCOUNT[0], source="account_id"), *ACCOUNT[1:])


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
        In the order Deriv sent them; columns and dtypes as those of `account_status`. Deriv documents neither
        ``created`` nor ``last_used`` for this call: they are there where it sends them all the same.

    Examples
    --------
    >>> from dpyauth.frames import options_status
    >>> options_status([{"account_id": "DOT90000001", "balance": "10.5"}])[["loginid", "balance", "flags"]]
           loginid  balance flags
    0  DOT90000001     10.5  <NA>
    """
    listed = listing(rows, "data")
    result = frame(listed, _COLUMNS, context, decimal=decimal, call="get_accounts")
    for column in ACCOUNT:
        if column.kind == "list" and not any(told(row.get(column.name)) for row in listed):
            result[column.name] = pd.Series(pd.NA, index=result.index, dtype="object")
    return result
