"""List the accounts of the options API with their status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import OPTIONS_STATUS
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import listing


@with_columns
def options_status(
    rows: Sequence[Mapping[str, Any]] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List the accounts of the options API with their status, one row per account.

    This API reports nothing about risk, verification or the cashier, so with its context there are no such columns.

    Parameters
    ----------
    rows : list of mappings
        The ``data`` of a ``get_accounts`` reply.
    context : Context, optional
        Where they came from; stored in ``attrs``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them, with the columns of `account_status`:

        See ``dpyauth.columns.account_columns.OPTIONS_STATUS``.

    Examples
    --------
    >>> from dpyauth.frames import Context, options_status
    >>> listed = [{"account_id": "DOT90000001", "account_type": "demo", "status": "active", "currency": "USD"}]
    >>> options_status(listed, Context("get_accounts")).drop(columns=["balance", "group"])
           loginid  kind currency  status
    0  DOT90000001  demo      USD  active
    """
    return frame(listing(rows, "data"), OPTIONS_STATUS, context, decimal=decimal, call="get_accounts")
