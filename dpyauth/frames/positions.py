"""List the client's open contracts and MT5 accounts."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.money_columns import OPEN_CONTRACTS, PORTFOLIO
from dpyauth.columns.profile_columns import MT5_ACCOUNTS
from dpyauth.frames.build import Context, frame
from dpyauth.frames.documented import documented
from dpyauth.frames.values import get_path, listing, split, told, without


@with_columns
def open_contracts(
    payload: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None,
    context: Context | None = None,
    *,
    decimal: bool = False,
) -> pd.DataFrame:
    """List the client's open contracts, one row per contract.

    Parameters
    ----------
    payload : mapping, or list of mappings
        The ``portfolio`` object of a ``portfolio`` reply; or the ``proposal_open_contract`` object of a reply to that
        call, or several of them. Only these say what a contract is worth now.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them. For a ``portfolio``, and without rows:

        See ``dpyauth.columns.money_columns.PORTFOLIO``.

        For ``proposal_open_contract``:

        See ``dpyauth.columns.money_columns.OPEN_CONTRACTS``.

    Examples
    --------
    >>> from dpyauth.frames import open_contracts
    >>> open_contracts({"contracts": [{"contract_id": 7, "symbol": "R_100", "buy_price": 5}]})["buy_price"].item()
    5.0
    """
    beside: Mapping[str, Any] = {}
    if isinstance(payload, Mapping) and "contracts" in payload:
        listed, beside = split(payload, "contracts")
    else:
        listed = listing(payload, "contracts")
    currency = context.currency if context else None
    rows = [_contract(row, currency) for row in listed if row]  # Deriv answers {} if there is no contract
    rows = rows or ([{}] if listed and beside else [])
    valued = any(told(row.get(column.path)) for row in rows for column in OPEN_CONTRACTS if column not in PORTFOLIO)
    columns = OPEN_CONTRACTS if valued else PORTFOLIO
    return frame(rows, columns, context, decimal=decimal, call="proposal_open_contract", omits=_omits(), beside=beside)


_ALIASES = {
    "symbol": ("symbol", "underlying_symbol", "underlying"),
    "expires": ("expiry_time", "date_expiry"),
    "transaction_id": ("transaction_id", "transaction_ids"),
}
"""Names that Deriv uses for the value of a column."""


@functools.cache
def _omits() -> frozenset[str]:
    known = documented("portfolio", "portfolio.contracts.[]") | documented(
        "proposal_open_contract", "proposal_open_contract"
    )
    return known - {name for names in _ALIASES.values() for name in names}


def _contract(row: Mapping[str, Any], currency: str | None) -> dict[str, Any]:
    made = {**row, "currency": row.get("currency") or currency}
    for column, names in _ALIASES.items():
        value = next((made[name] for name in names if made.get(name) is not None), None)
        for name in names:
            if name in made and (made[name] is None or made[name] == value):
                del made[name]
        made[column] = value
    if isinstance(ids := made["transaction_id"], Mapping):
        made["transaction_id"], made["transaction_ids"] = ids.get("buy"), without(ids, "buy", "sell")
    return made


@with_columns
def mt5_accounts(
    payload: Sequence[Mapping[str, Any]] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List the client's MT5 accounts, one row per account.

    While an MT5 server is down, Deriv only sends the logins of its accounts and the reason: such a row has
    ``error_code`` and ``error``, but no balance.

    Parameters
    ----------
    payload : list of mappings
        The ``mt5_login_list`` of an ``mt5_login_list`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them. The client's name and e-mail address are left out.

        See ``dpyauth.columns.profile_columns.MT5_ACCOUNTS``.

    Examples
    --------
    >>> from dpyauth.frames import mt5_accounts
    >>> down = {"error": {"code": "MT5AccountInaccessible", "details": {"login": "MTR1000001"}}}
    >>> mt5_accounts([down])[["login", "error_code"]]
            login              error_code
    0  MTR1000001  MT5AccountInaccessible
    """
    rows = [_mt5_account(row) for row in listing(payload, "mt5_login_list")]
    omits = documented("mt5_login_list", "mt5_login_list.[]")
    return frame(rows, MT5_ACCOUNTS, context, decimal=decimal, call="mt5_login_list", omits=omits)


def _mt5_account(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an account; if its server is down, with the details from the error."""
    details = get_path(row, "error.details")
    return {**details, **row, "error": without(row["error"], "details")} if isinstance(details, Mapping) else row
