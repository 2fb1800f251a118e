"""Every column is explained once, and docstrings show the explanation with the dtype of the frame."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from textwrap import indent

import pandas as pd
import pytest

import dpyauth.columns
from dpyauth import frames
from dpyauth.columns import (
    Column,
    account_columns,
    market_columns,
    money_columns,
    profile_columns,
    session_columns,
    table,
)
from dpyauth.frames import Context
from dpyauth.frames.ledger import login_history, profit_table, statement
from dpyauth.session import Session
from dpyauth.session.aio import AsyncSession

CONTEXT = Context("call", api="v3")
DECLARED = {
    f"{module.name}.{name}": held
    for module in pkgutil.iter_modules(dpyauth.columns.__path__, "dpyauth.columns.")
    for name, held in vars(importlib.import_module(module.name)).items()
    if isinstance(held, tuple) and held and all(isinstance(item, Column) for item in held)
}
MADE: list[tuple[Callable[..., pd.DataFrame], tuple[object, ...], Sequence[Column]]] = [
    (frames.account_detail, (frames.options_status([]), []), account_columns.DETAIL),
    (frames.account_status, (None,), account_columns.STATUS),
    (frames.accounts, (None,), account_columns.ACCOUNTS),
    (frames.api_tokens, (None,), profile_columns.API_TOKENS),
    (frames.apps, (None,), profile_columns.APPS),
    (frames.attempts, (None,), account_columns.ATTEMPTS),
    (frames.balance, (None,), account_columns.BALANCE),
    (frames.calls, ({}, None), session_columns.CALLS),
    (frames.candles, (None,), market_columns.OHLC),
    (frames.cashier_problems, (None,), account_columns.CASHIER_PROBLEMS),
    (frames.currencies, (None,), account_columns.CURRENCIES),
    (frames.events, ([],), session_columns.EVENTS),
    (frames.exchange_rates, (None,), market_columns.EXCHANGE_RATES),
    (frames.jurisdictions, (None,), account_columns.JURISDICTIONS),
    (frames.landing_company, (None,), market_columns.LANDING_COMPANIES),
    (login_history, (None, CONTEXT), money_columns.LOGIN_HISTORY),
    (profit_table, ([], CONTEXT), money_columns.PROFIT_TABLE),
    (statement, ([], CONTEXT), money_columns.STATEMENT),
    (frames.limits, (None,), profile_columns.LIMITS),
    (frames.market_limits, (None,), profile_columns.MARKET_LIMITS),
    (frames.markup, (None,), money_columns.MARKUP),
    (frames.mt5_accounts, (None,), profile_columns.MT5_ACCOUNTS),
    (frames.open_contracts, (None,), money_columns.PORTFOLIO),
    (frames.open_contracts, ([{"bid_price": 1}],), money_columns.OPEN_CONTRACTS),
    (frames.options_status, (None,), account_columns.OPTIONS_STATUS),
    (frames.ownership_requests, (None,), account_columns.OWNERSHIP_REQUESTS),
    (frames.partner_overview, (None,), money_columns.PARTNER_OVERVIEW),
    (frames.settings, (None,), profile_columns.SETTINGS),
    (frames.site_currencies, (None,), market_columns.SITE_CURRENCIES),
    (frames.site_limits, (None,), market_columns.SITE_LIMITS),
    (frames.status_flags, (None,), account_columns.STATUS_FLAGS),
    (frames.ticks, (None,), market_columns.QUOTES),
    (frames.trading_times, (None,), market_columns.TRADING_TIMES),
    (frames.transfer_fees, (None,), market_columns.TRANSFER_FEES),
    (frames.transfer_limits, (None,), profile_columns.TRANSFER_LIMITS),
    (frames.transfers, ([],), session_columns.TRANSFERS),
    (frames.verification, (None,), account_columns.VERIFICATION),
    (frames.wallet_transactions, (None,), money_columns.WALLET_TRANSACTIONS),
    (frames.wallets, (None,), money_columns.WALLETS),
]
PARTS = {
    "CANDLE",
    "ON_BOTH_APIS",
    "OPEN_CONTRACTS",
    "RECEIVED",
    *("BALANCE_UPDATE", "CONTRACT_UPDATE", "TICK", "TRANSACTION_UPDATE"),
}
"""Columns that no method of a session returns alone."""

UPDATES = {
    "ticks": session_columns.TICK,
    "balance": session_columns.BALANCE_UPDATE,
    "transaction": session_columns.TRANSACTION_UPDATE,
    "proposal_open_contract": session_columns.CONTRACT_UPDATE,
}


def dtype(column: pd.Series) -> str:
    """Return the name of a dtype as in the documentation; columns of Python objects have the name of their kind."""
    name = str(column.dtype)
    return "list or dict" if name == "object" else name


def indented(text: str) -> str:
    """Return a table as it appears in a section of a docstring."""
    return indent(text, "    ")


def documented(columns: Sequence[Column]) -> dict[str, str]:
    return {c.name: "list or dict" if c.dtype in ("list", "dict") else c.dtype for c in columns}


@pytest.mark.parametrize("name", DECLARED)
def test_every_column_has_a_meaning(name: str) -> None:
    assert [column.name for column in DECLARED[name] if not column.meaning] == []


@pytest.mark.parametrize(("build", "given", "columns"), MADE, ids=lambda value: getattr(value, "__name__", ""))
def test_a_docstring_shows_the_columns_and_dtypes_of_the_frame(
    build: Callable[..., pd.DataFrame], given: tuple[object, ...], columns: Sequence[Column]
) -> None:
    made = build(*given)
    assert {name: dtype(made[name]) for name in made} == documented(columns)
    assert indented(table(columns)) in inspect.cleandoc(build.__doc__ or "")


@pytest.mark.parametrize("call", UPDATES)
def test_a_docstring_shows_the_columns_of_updates_of_streams(call: str) -> None:
    made = frames.updates(call, [])
    assert {name: dtype(made[name]) for name in made} == documented((*session_columns.RECEIVED, *UPDATES[call]))
    assert indented(table(UPDATES[call])) in inspect.cleandoc(frames.updates.__doc__ or "")


def test_every_table_of_columns_belongs_to_a_frame() -> None:
    used = {id(columns) for _, _, columns in MADE} | {id(columns) for columns in UPDATES.values()}
    others = {name.rpartition(".")[2] for name, columns in DECLARED.items() if id(columns) not in used}
    parts = {"CANDLE", "ON_BOTH_APIS", "RECEIVED", "OF_ALL_BALANCES", "SPREAD", "WALLET_TOTALS"}
    assert others == {*parts, "LEGACY_ACCOUNTS"}  # the columns of a session's frame


@pytest.mark.parametrize("name", [name for name in dir(Session) if not name.startswith("_")])
def test_a_session_shows_the_same_columns(name: str) -> None:
    """Every column that a method names is in a table, which its docstring gets on import."""
    text = inspect.getdoc(getattr(Session, name)) or ""
    assert "dpyauth.columns" not in text  # every reference to columns has become their table
    twin = getattr(AsyncSession, name, None)
    assert twin is None or inspect.getdoc(twin) == text
    kinds = [columns for build, _, columns in MADE if build.__name__ == name]
    assert all(indented(table(columns)) in text for columns in kinds)


def test_a_session_documents_all_kinds_of_its_answers() -> None:
    shown = "\n".join(inspect.getdoc(getattr(Session, name)) or "" for name in dir(Session))
    missing = {
        name
        for name, columns in DECLARED.items()
        if name.split(".")[-1] not in PARTS and indented(table(columns)) not in shown
    }
    assert missing == set()


@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_python_may_run_without_docstrings(option: str) -> None:
    code = "from dpyauth import frames; print(frames.balance.__doc__ is None, list(frames.balance(None))[0])"
    ran = subprocess.run([sys.executable, option, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert ran.stdout.split() == [str(option == "-OO"), "loginid"]
