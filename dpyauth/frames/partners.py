"""List the earnings from apps and clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.money_columns import MARKUP, PARTNER_OVERVIEW
from dpyauth.frames.build import Context, frame
from dpyauth.frames.documented import documented
from dpyauth.frames.values import listing, mapping, split, without

_DOLLARS = "USD"


@with_columns
def markup(payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False) -> pd.DataFrame:
    """List the earnings of apps from their markup, one row per app.

    Parameters
    ----------
    payload : mapping
        The ``data`` of a ``markup_statistics`` reply, or the ``app_markup_statistics`` object of a reply of v3.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them. If Deriv sends only totals, there is one row without ``app_id``.

        See ``dpyauth.columns.money_columns.MARKUP``.

        A client who used two apps counts in both, so the sum of ``clients`` is not the number of clients.

    Examples
    --------
    >>> from dpyauth.frames import markup
    >>> markup({"breakdown": [{"app_id": "33abc", "app_markup_usd": 1.5, "contract_count": 3}]})[["app_id", "markup"]]
      app_id  markup
    0  33abc     1.5
    """
    totals = {name: value for name, value in mapping(payload).items() if name.startswith("total_")}
    rows, beside = split(payload, "breakdown", *_sums())
    if not any(rows) and (total := _total(totals)):
        rows, beside = total, without(beside, *totals)
    named = [_named(row) for row in rows]
    same = {"currency": _DOLLARS}
    omits = ("app_markup_value", "dev_currcode")  # in v3: the same amount in the currency of the app's owner
    return frame(named, MARKUP, context, decimal=decimal, same=same, omits=omits, beside=beside)


def _sums() -> frozenset[str]:
    """Return the names of the totals over all apps, which the rows already contain."""
    sums = documented("markup_statistics", "data") | documented("app_markup_statistics", "app_markup_statistics")
    return sums - {"breakdown"}


def _named(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if "contract_count" in row or "transactions_count" not in row:
        return row
    return {**without(row, "transactions_count"), "contract_count": row["transactions_count"]}


def _total(totals: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    named = {name.removeprefix("total_"): value for name, value in totals.items()}
    return [named] if any(value not in (0, "0", None) for value in named.values()) else []


@with_columns
def partner_overview(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """Sum up the results of a partner in a period, in one row.

    Parameters
    ----------
    payload : mapping
        A ``partners_analytics_overview`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        One row, or none if the payload is empty:

        See ``dpyauth.columns.money_columns.PARTNER_OVERVIEW``.

    Examples
    --------
    >>> from dpyauth.frames import partner_overview
    >>> told = {"currency": "USD", "activity": {"paid": 12.5, "active_traders": 3}}
    >>> partner_overview(told)[["currency", "paid", "active_traders"]]
      currency  paid  active_traders
    0      USD  12.5               3
    """
    rows = [payload] if isinstance(payload, Mapping) and payload else listing(payload, "data")
    rows = [row for row in rows if row]
    return frame(rows, PARTNER_OVERVIEW, context, decimal=decimal)
