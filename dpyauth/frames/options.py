"""What the options API says of an account's state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.frames.arrays import Column
from dpyauth.frames.columns import Context, frame
from dpyauth.frames.values import mappings

_STATUS = (
    Column("loginid", source="account_id"),
    Column("kind", "enum", "account_type", values=("real", "demo")),
    Column("status", "enum", values=("active", "inactive")),
    Column("currency"),
    Column("balance", "money"),
    Column("group"),
    Column("created", "time", "created_at"),
)


def options_status(rows: Sequence[Mapping[str, Any]] | None, context: Context | None = None) -> pd.DataFrame:
    """Turn the list of accounts on the options API into a frame, one row per account.

    This API says nothing of risk, verification or the cashier: those columns of `account_status` are not there,
    rather than empty.

    Parameters
    ----------
    rows : list of mappings
        The ``data`` of a ``get_accounts`` reply.
    context : Context, optional
        Where they came from; becomes ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        ========  ===================  ===========================================
        loginid   string
        kind      category             real, demo
        status    category             active, inactive
        currency  string
        balance   float64              in ``currency``
        group     string               Deriv's group of accounts
        created   datetime64[us, UTC]  missing where Deriv does not tell
        ========  ===================  ===========================================

    Examples
    --------
    >>> from dpyauth.frames import options_status
    >>> options_status([{"account_id": "DOT90000001", "balance": "10.5"}])[["loginid", "balance"]]
           loginid  balance
    0  DOT90000001     10.5
    """
    return frame(mappings(rows), _STATUS, context)
