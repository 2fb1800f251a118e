"""What the options API says of an account's state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.frames.columns import Context, frame
from dpyauth.frames.status import ACCOUNT
from dpyauth.frames.values import as_seconds, mappings


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
    listed = [{"loginid": row.get("account_id"), "account": _told(row)} for row in mappings(rows)]
    result = frame(listed, ACCOUNT, context, decimal=decimal)
    for column in ACCOUNT:
        if column.kind == "list":
            result[column.name] = pd.Series(pd.NA, index=result.index, dtype="object")
    return result


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of an account, under the names that the columns have."""
    return {
        **{name: row.get(name) for name in ("status", "currency", "balance", "group")},
        "kind": row.get("account_type"),
        "created": as_seconds(row.get("created_at")),
        "last_used": as_seconds(row.get("last_access_at")),
    }
