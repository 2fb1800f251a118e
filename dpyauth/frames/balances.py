"""List balances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import BALANCE, OF_ALL_BALANCES
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import as_flag, get_path, keyed, listing, mapping, told, without

_CURRENT = ("loginid", "currency", "balance")
_KNOWN = (*_CURRENT, "accounts", "id")
"""Fields that go into rows, and the ID of the stream."""

_TOTALS = ("deriv", "deriv_demo", "mt5", "mt5_demo")


@with_columns
def balance(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List balances, one row per account.

    Parameters
    ----------
    payload : mapping
        The ``balance`` object of a ``balance`` reply or update: for one account or for all.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.account_columns.BALANCE``.

        If Deriv was asked for all accounts, it says more about each:

        See ``dpyauth.columns.account_columns.OF_ALL_BALANCES``.

    Examples
    --------
    >>> from dpyauth.frames import balance
    >>> row = balance({"loginid": "CR90000001", "currency": "USD", "balance": 10.1}, decimal=True)
    >>> row["balance"].item()
    Decimal('10.1')
    """
    if not isinstance(payload, Mapping):
        return frame(listing(payload, "balance"), BALANCE, context, decimal=decimal)
    columns = (*BALANCE, *OF_ALL_BALANCES) if "accounts" in payload else BALANCE
    rows = _rows(payload, context.currency if context else None)
    beside = {
        name: held
        for name, value in without(payload, *_KNOWN).items()
        if told(held := _unknown(value, name == "total"))
    }
    return frame(rows or ([{}] if beside else []), columns, context, decimal=decimal, beside=beside)


def _rows(payload: Mapping[str, Any], currency: str | None) -> list[dict[str, Any]]:
    listed = keyed(payload.get("accounts"), "loginid", "accounts")
    rows = [{**facts, "converted_currency": _total_currency(payload, facts)} for facts in listed]
    # An update of the stream of all accounts may have an empty list, with the changed account beside it.
    current = {key: payload[key] for key in _CURRENT if key in payload}
    known = next((row for row in rows if current.get("loginid") in (None, row.get("loginid"))), None)
    if current and known is None:
        rows.insert(0, {**current, "currency": current.get("currency") or currency})
    elif known is not None and current.get("loginid") is not None:
        # If both have a field, with different values, keep both values.
        others = {name: value for name, value in current.items() if known.get(name) != value}
        known |= {f"{name}_" if name in known else name: value for name, value in others.items()}
    return rows


def _unknown(value: Any, total: bool) -> Any:
    """Return the undocumented part of a field beside the accounts, without the sums of the totals."""
    if not total or not isinstance(value, Mapping):
        return value
    left = {
        name: without(mapping(each), "amount", "currency") or None for name, each in value.items() if name in _TOTALS
    }
    return {name: each for name, each in {**value, **left}.items() if told(each)}


def _total_currency(payload: Mapping[str, Any], facts: Mapping[str, Any]) -> Any:
    suffix = "_demo" if as_flag(facts.get("demo_account")) else ""
    return get_path(payload, f"total.{facts.get('type')}{suffix}.currency")
