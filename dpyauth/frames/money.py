"""`balance` as a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dpyauth.frames.arrays import Column
from dpyauth.frames.columns import Context, frame
from dpyauth.frames.values import as_flag, dig, mapping

_BALANCE = (
    Column("loginid"),
    Column("currency"),
    Column("balance", "money"),
    Column("converted_amount", "money"),
    Column("converted_currency"),
    Column("demo", "flag", "demo_account"),
    Column("active", "flag", "status"),
    Column("type", "enum", values=("deriv", "mt5")),
)


def balance(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List balances, one row per account.

    Parameters
    ----------
    payload : mapping
        The ``balance`` object of a ``balance`` reply or update: for one account or for all.
    context : Context, optional
        Where the payload came from; becomes ``attrs``.
    decimal : bool
        Money as exact `decimal.Decimal` objects (missing: None) instead of float64 (missing: NaN).

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them. Of a single account Deriv tells only login ID, currency and balance.

        ==================  ========  ===============================================================
        loginid             string
        currency            string    missing while the account has none
        balance             float64   in ``currency``; can be negative on MT5
        converted_amount    float64   the balance, in ``converted_currency``
        converted_currency  string    the currency in which Deriv adds up accounts of this kind
        demo                boolean   whether the money is play money
        active              boolean   whether the account is in good order and can be reached
        type                category  deriv, mt5
        ==================  ========  ===============================================================

    Examples
    --------
    >>> from dpyauth.frames import balance
    >>> row = balance({"loginid": "CR90000001", "currency": "USD", "balance": 10.1}, decimal=True)
    >>> row["balance"].item()
    Decimal('10.1')
    """
    rows = _rows(mapping(payload), context.currency if context else None)
    return frame(rows, _BALANCE, context, decimal=decimal)


def _rows(payload: Mapping[str, Any], currency: str | None) -> list[dict[str, Any]]:
    listed = mapping(payload.get("accounts"))
    rows = [
        {**mapping(facts), "loginid": loginid, "converted_currency": _total_currency(payload, mapping(facts))}
        for loginid, facts in listed.items()
    ]
    # An update of the stream over all accounts may list none and name the changed one beside the list.
    current = {key: payload[key] for key in ("loginid", "currency", "balance") if key in payload}
    if current and not (listed and current.get("loginid") in (None, *listed)):
        rows.insert(0, {**current, "currency": current.get("currency") or currency})
    return rows


def _total_currency(payload: Mapping[str, Any], facts: Mapping[str, Any]) -> Any:
    suffix = "_demo" if as_flag(facts.get("demo_account")) else ""
    return dig(payload, f"total.{facts.get('type')}{suffix}.currency")
