"""Add to the status of accounts what is at stake and what was earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import DETAIL, STATUS
from dpyauth.frames.arrays import array
from dpyauth.frames.values import mapping
from dpyauth.texts.languages import ENGLISH
from dpyauth.texts.said import in_language


@with_columns
def account_detail(
    status: pd.DataFrame,
    details: Sequence[Mapping[str, Any] | None],
    *,
    decimal: bool = False,
    language: str = ENGLISH,
) -> pd.DataFrame:
    """Add to the status of accounts what is at stake and what was earned.

    Parameters
    ----------
    status : pandas.DataFrame
        Frame from `account_status` or `options_status`.
    details : sequence of mappings
        For each row, the values of the columns below, as far as they are known.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.
    language : str
        Tag of the language of the remarks.

    Returns
    -------
    pandas.DataFrame
        The same rows, without the other columns that exist only in v3:

        See ``dpyauth.columns.account_columns.DETAIL``.

    Examples
    --------
    >>> from dpyauth.frames import account_detail, options_status
    >>> status = options_status([{"account_id": "DOT90000001", "currency": "USD"}])
    >>> account_detail(status, [{"open_contracts": 2, "at_stake": "30.5"}])[["loginid", "open_contracts", "at_stake"]]
           loginid  open_contracts  at_stake
    0  DOT90000001               2      30.5
    """
    rows = [{**told, "remark": in_language(told.get("remark") or "", language)} for told in map(mapping, details)]
    made: dict[str, Any] = {}
    for column in DETAIL:
        if column not in STATUS:
            made[column.name] = array(column, [row.get(column.name) for row in rows], decimal)
        elif column.name in status:
            made[column.name] = status[column.name].array
    known = [column.name for column in STATUS]
    for name in status.columns.difference(known, sort=False):  # undocumented fields
        made[name if name not in made else f"{name}_"] = status[name].array
    told = pd.DataFrame(made, index=status.index)
    told.attrs = dict(status.attrs)
    return told
