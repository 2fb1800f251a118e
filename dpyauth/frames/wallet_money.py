"""List the wallets of Deriv's current API, and their transactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.money_columns import WALLET_TOTALS, WALLET_TRANSACTIONS, WALLETS
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import EXACTLY, as_list, as_number, listing, mapping, part, rows_of, without


@with_columns
def wallets(
    payload: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None,
    context: Context | None = None,
    *,
    totals: bool = False,
    decimal: bool = False,
) -> pd.DataFrame:
    """List wallets, one row per wallet and currency.

    Parameters
    ----------
    payload : list of mappings
        The ``data`` of a ``wallet_list`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    totals : bool
        Add the totals, which Deriv sends if a currency to convert to was requested.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them. A wallet without any currency has a row as well.

        See ``dpyauth.columns.money_columns.WALLETS``.

        With ``totals`` there are four more columns. They are about the whole wallet, so each of its rows repeats them,
        and they are **approximate**: Deriv converts at its own rate, which is not the rate of a transfer.

        See ``dpyauth.columns.money_columns.WALLET_TOTALS``.

    Examples
    --------
    >>> from dpyauth.frames import wallets
    >>> balances = {"USD": {"balance": "12.50", "input": "20.00", "output": "7.50"}}
    >>> wallets([{"wallet_id": "w", "type": "main", "balances": balances}])[["type", "currency", "balance"]]
       type currency  balance
    0  main      USD     12.5
    """
    listed, beside = _listed(payload)
    rows = [row for wallet in listed for row in _rows(wallet)]
    columns = (*WALLETS, *WALLET_TOTALS) if totals else WALLETS
    omits = [column.source for column in WALLET_TOTALS]
    return frame(rows, columns, context, decimal=decimal, call="wallet_list", omits=omits, beside=beside)


def _listed(payload: Any) -> tuple[list[Mapping[str, Any]], dict[str, Any]]:
    """Return the wallets of a reply and the fields beside them. Accepts a list, an older form, or one wallet."""
    beside: dict[str, Any] = {}
    for name in ("wallets", "items"):
        if isinstance(payload, Mapping) and name in payload:
            beside |= without(payload, name)
            payload = payload[name]
    return listing(payload, "wallets"), beside


def _rows(wallet: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    whole = without(wallet, "balances")
    if "wallet_id" not in whole:
        whole["wallet_id"] = whole.pop("id", None)
    entries = list(_entries(wallet.get("balances")))
    for currency, entry in entries or [(None, None)]:
        yield {**part(currency, entry, "balance"), "currency": currency, **whole}


def _entries(balances: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the currencies of a wallet, each with its balance."""
    if isinstance(balances, Mapping):
        yield from balances.items()
    else:
        yield from ((mapping(entry).get("currency"), entry) for entry in as_list(balances))


@with_columns
def wallet_transactions(
    rows: Sequence[Mapping[str, Any]] | None,
    context: Context | None = None,
    *,
    decimal: bool = False,
    reveal: bool = False,
) -> pd.DataFrame:
    """List the transactions of a wallet, one row per transaction.

    Parameters
    ----------
    rows : sequence of mappings
        The ``transactions`` of ``wallet_transactions`` replies.
    context : Context, optional
        Where they came from; stored in ``attrs``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.
    reveal : bool
        Show the IDs of clients instead of ``•••``.

    Returns
    -------
    pandas.DataFrame
        In the order given:

        See ``dpyauth.columns.money_columns.WALLET_TRANSACTIONS``.

    Examples
    --------
    >>> from dpyauth.frames import wallet_transactions
    >>> amounts = {"transaction_gross_amount": "10.10", "transaction_net_amount": "10.00"}
    >>> row = {"transaction_id": 7, "timestamp": "2026-11-01T12:00:00Z", "metadata": amounts}
    >>> wallet_transactions([row])[["transaction_id", "gross", "fee"]]
      transaction_id  gross  fee
    0              7   10.1  0.1
    """
    flat = [_flat(row) for row in rows_of(rows, "transactions")] if isinstance(rows, list) else []
    return frame(flat, WALLET_TRANSACTIONS, context, decimal=decimal, reveal=reveal, call="wallet_transactions")


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    more = row.get("metadata")
    told = {**without(row, "metadata"), **more} if isinstance(more, Mapping) else row
    return {**told, "fee": _less(told.get("transaction_gross_amount"), told.get("transaction_net_amount"))}


def _less(gross: Any, net: Any) -> Decimal | None:
    before, after = as_number(gross), as_number(net)
    return None if before is None or after is None else EXACTLY.subtract(before, after)
