"""What the client holds: open contracts, and accounts on MT5."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.frames.arrays import Column
from dpyauth.frames.columns import Context, frame
from dpyauth.frames.omitted import documented
from dpyauth.frames.values import get_path, listing, split, without

_CONTRACTS = (
    Column("contract_id", "count"),
    Column("contract_type"),
    Column("symbol"),
    Column("status", "enum", values=("open", "sold", "won", "lost", "cancelled")),
    Column("currency"),
    Column("buy_price", "money"),
    Column("bid_price", "money"),
    Column("payout", "money"),
    Column("profit", "money"),
    Column("purchased", "time", "purchase_time"),
    Column("starts", "time", "date_start"),
    Column("expires", "time"),
    Column("can_sell", "flag", "is_valid_to_sell"),
    Column("transaction_id", "count"),
    Column("longcode"),
    Column("shortcode"),
)
_MT5 = (
    Column("login"),
    Column("account_type", "enum", values=("demo", "real")),
    Column("market_type", "enum", values=("financial", "synthetic", "all")),
    Column("sub_account_type"),
    Column("product"),
    Column("landing_company", source="landing_company_short"),
    Column("currency"),
    Column("balance", "money"),
    Column("leverage", "count"),
    Column("server"),
    Column("status"),
    Column("error_code", source="error.code"),
    Column("error", source="error.message_to_client"),
)


def open_contracts(
    payload: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None,
    context: Context | None = None,
    *,
    decimal: bool = False,
) -> pd.DataFrame:
    """List contracts the client holds, one row per contract.

    Parameters
    ----------
    payload : mapping, or list of mappings
        The ``portfolio`` object of a ``portfolio`` reply; or the ``proposal_open_contract`` object of a reply of that
        call, or several of them: they alone tell what a contract is worth now.
    context : Context, optional
        Where the payload came from; becomes ``attrs``.
    decimal : bool
        Money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them. Of a ``portfolio``, status, bid_price, profit and can_sell are missing.

        ==============  ===================  ==================================================
        contract_id     Int64
        contract_type   string               such as CALL
        symbol          string
        status          category             open, sold, won, lost, cancelled
        currency        string               of all money here; Deriv names it, else it is the account's
        buy_price       float64              what it cost
        bid_price       float64              what selling it now would bring
        payout          float64              what it pays if it is won
        profit          float64              bid_price less buy_price
        purchased       datetime64[us, UTC]
        starts          datetime64[us, UTC]
        expires         datetime64[us, UTC]
        can_sell        boolean              whether Deriv would take it back now
        transaction_id  Int64                of the purchase
        longcode        string               the contract in words
        shortcode       string
        ==============  ===================  ==================================================

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
    rows = [_contract(row, currency) for row in listed if row]  # Deriv answers {} where there is no contract
    rows = rows or ([{}] if listed and beside else [])
    return frame(
        rows, _CONTRACTS, context, decimal=decimal, call="proposal_open_contract", omits=_omits(), beside=beside
    )


_ALIASES = {
    "symbol": ("symbol", "underlying_symbol", "underlying"),
    "expires": ("expiry_time", "date_expiry"),
    "transaction_id": ("transaction_id", "transaction_ids"),
}
"""What a contract is told under one of several names, by column."""


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


def mt5_accounts(
    payload: Sequence[Mapping[str, Any]] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List the client's MT5 accounts, one row per account.

    While a server of MT5 is down, Deriv tells of its accounts only which they are, and why there is no more: such a
    row has ``error_code`` and ``error``, and no balance.

    Parameters
    ----------
    payload : list of mappings
        The ``mt5_login_list`` of an ``mt5_login_list`` reply.
    context : Context, optional
        Where the payload came from; becomes ``attrs``.
    decimal : bool
        Money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them. The client's name and e-mail address are left out.

        ================  ========  =====================================
        login             string    such as MTR1000001
        account_type      category  demo, real
        market_type       category  financial, synthetic, all
        sub_account_type  string
        product           string
        landing_company   string    short code of the Deriv company
        currency          string
        balance           float64   in ``currency``
        leverage          Int64
        server            string
        status            string    missing while nothing is wrong
        error_code        string    why there is no more about the account
        error             string
        ================  ========  =====================================

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
    return frame(rows, _MT5, context, decimal=decimal, call="mt5_login_list", omits=omits)


def _mt5_account(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an account with what the error tells of it, while its server is down."""
    details = get_path(row, "error.details")
    return {**details, **row, "error": without(row["error"], "details")} if isinstance(details, Mapping) else row
