"""What has happened on an account: its ledger, its closed contracts, its sign-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.frames.arrays import Column
from dpyauth.frames.columns import Context, frame
from dpyauth.frames.values import EXACTLY, listing, rows_of

ACTIONS = (
    "buy",
    "sell",
    "deposit",
    "withdrawal",
    "transfer",
    "hold",
    "release",
    "adjustment",
    "virtual_credit",
)

_WHOSE = (Column("loginid"), Column("currency"))
_STATEMENT = (
    *_WHOSE,
    Column("transaction_time", "time"),
    Column("action_type", "enum", values=ACTIONS),
    Column("amount", "money"),
    Column("balance_after", "money"),
    Column("payout", "money"),
    Column("transaction_id", "count"),
    Column("contract_id", "count"),
    Column("reference_id", "count"),
    Column("purchase_time", "time"),
    Column("fee", "money", "fees.amount"),
    Column("fee_currency", source="fees.currency"),
    Column("from_loginid", source="from.loginid"),
    Column("to_loginid", source="to.loginid"),
    Column("app_id", "count"),
    Column("withdrawal_details"),
    Column("shortcode"),
    Column("longcode"),
)
_PROFIT_TABLE = (
    *_WHOSE,
    Column("purchase_time", "time"),
    Column("sell_time", "time"),
    Column("contract_type"),
    Column("symbol", source="underlying_symbol"),
    Column("buy_price", "money"),
    Column("sell_price", "money"),
    Column("profit", "money"),
    Column("payout", "money"),
    Column("contract_id", "count"),
    Column("transaction_id", "count"),
    Column("duration_type"),
    Column("multiplier", "exact"),
    Column("growth_rate", "exact"),
    Column("deal_cancellation_duration"),
    Column("app_id", "count"),
    Column("shortcode"),
    Column("longcode"),
)
_LOGINS = (
    Column("loginid"),
    Column("time", "time"),
    Column("action", "enum", values=("login", "logout")),
    Column("succeeded", "flag", "status"),
    Column("country"),
    Column("ip"),
    Column("device"),
    Column("os"),
    Column("browser"),
    Column("version"),
    Column("language"),
)


def statement(
    rows: Sequence[Mapping[str, Any]], context: Context, *, currency: str | None = None, decimal: bool = False
) -> pd.DataFrame:
    """List what moved money on an account, one row per transaction.

    Parameters
    ----------
    rows : sequence of mappings
        The ``transactions`` of ``statement`` replies.
    context : Context
        Where they came from; says whose they are.
    currency : str, optional
        The currency of the account, where the context does not say it; Deriv does not.
    decimal : bool
        Money as exact `decimal.Decimal` instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order given:

        ==================  ===================  ==============================================================
        loginid             string
        currency            string               of amount, balance_after and payout
        transaction_time    datetime64[us, UTC]
        action_type         category             buy, sell, deposit, withdrawal, transfer, hold, release, ...
        amount              money                below zero where it left the account
        balance_after       money
        payout              money                what the contract may pay
        transaction_id      Int64
        contract_id         Int64
        reference_id        Int64                of a sale: the transaction_id of its purchase
        purchase_time       datetime64[us, UTC]  only of sales
        fee                 money                of a transfer, in fee_currency
        fee_currency        string
        from_loginid        string               of a transfer
        to_loginid          string
        app_id              Int64                which app did it
        withdrawal_details  string
        shortcode           string               the contract in one word
        longcode            string               the contract, or what it was, in a sentence
        ==================  ===================  ==============================================================

    Examples
    --------
    >>> from dpyauth.frames import Context
    >>> from dpyauth.frames.ledger import statement
    >>> statement([{"action_type": "deposit", "amount": 5}], Context("statement", "CR1"))[["loginid", "amount"]]
      loginid  amount
    0     CR1     5.0
    """
    same = {"loginid": context.loginid, "currency": currency or context.currency}
    omits = ("fees.minimum", "fees.percentage")
    return frame(rows_of(rows, "transactions"), _STATEMENT, context, decimal=decimal, same=same, omits=omits)


def profit_table(
    rows: Sequence[Mapping[str, Any]], context: Context, *, currency: str | None = None, decimal: bool = False
) -> pd.DataFrame:
    """List closed contracts with what each has brought, one row per contract.

    Parameters
    ----------
    rows : sequence of mappings
        The ``transactions`` of ``profit_table`` replies.
    context : Context
        Where they came from; says whose they are.
    currency : str, optional
        The currency of the account, where the context does not say it; Deriv does not.
    decimal : bool
        Money as exact `decimal.Decimal` instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order given:

        ==========================  ===================  ======================================================
        loginid                     string
        currency                    string               of all money here
        purchase_time               datetime64[us, UTC]  what Deriv's periods of closed contracts go by
        sell_time                   datetime64[us, UTC]  when it was closed
        contract_type               string               such as CALL
        symbol                      string               such as R_100
        buy_price, sell_price       money
        profit                      money                sell_price less buy_price
        payout                      money                what the contract could pay
        contract_id                 Int64
        transaction_id              Int64                of the purchase
        duration_type               string
        multiplier, growth_rate     money                only of contracts that have one (no money, but exact)
        deal_cancellation_duration  string
        app_id                      Int64                which app bought it
        shortcode                   string               the contract in one word
        longcode                    string               the contract in a sentence
        ==========================  ===================  ======================================================

    Examples
    --------
    >>> from dpyauth.frames import Context
    >>> from dpyauth.frames.ledger import profit_table
    >>> profit_table([{"buy_price": 5.1, "sell_price": 9.3}], Context("profit_table"))["profit"].item()
    4.2
    """
    same = {"loginid": context.loginid, "currency": currency or context.currency}
    table = frame(rows_of(rows, "transactions"), _PROFIT_TABLE, context, decimal=decimal, same=same)
    sold, bought = table["sell_price"], table["buy_price"]
    if decimal:
        pairs = zip(sold, bought, strict=True)
        table["profit"] = pd.Series(
            [None if s is None or b is None else EXACTLY.subtract(s, b) for s, b in pairs], dtype="object"
        )
    else:
        table["profit"] = (sold - bought).round(8)  # no currency has more decimals; the noise beyond is binary
    return table


def login_history(rows: object, context: Context, *, reveal: bool = False) -> pd.DataFrame:
    """List who came in when, one row per sign-in or sign-out.

    Parameters
    ----------
    rows : list of mappings
        The ``login_history`` of a reply.
    context : Context
        Where they came from; says whose they are.
    reveal : bool
        Show the internet addresses; otherwise they read ``•••``, because notebooks get passed on.

    Returns
    -------
    pandas.DataFrame
        In the order given: ``loginid`` string, ``time`` datetime64[us, UTC], ``action`` category (login, logout),
        ``succeeded`` boolean, and ``country``, ``ip``, ``device``, ``os``, ``browser``, ``version``, ``language``
        (string).

    Examples
    --------
    >>> from dpyauth.frames import Context
    >>> from dpyauth.frames.ledger import login_history
    >>> rows = [{"action": "login", "status": 1, "time": 0, "ip": "192.0.2.1"}]
    >>> login_history(rows, Context("login_history"))[["action", "succeeded", "ip"]]
      action  succeeded   ip
    0  login       True  •••
    """
    same, omits = {"loginid": context.loginid}, ("environment", "datetime")  # both repeat what other columns say
    listed = listing(rows, "login_history")
    return frame(listed, _LOGINS, context, same=same, reveal=reveal, call="login_history", omits=omits)
