from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from dpyauth.frames import Context
from dpyauth.frames.ledger import login_history, profit_table, statement

SALE = {
    "action_type": "sell",
    "amount": 19.5,
    "app_id": 16303,
    "balance_after": 1009.5,
    "contract_id": 267_916_992_852,
    "longcode": "Pays out if it rises.",
    "payout": 19.5,
    "purchase_time": 1_790_000_000,
    "reference_id": 400_900_063_260,
    "shortcode": "CALL_R_100",
    "transaction_id": 400_900_063_280,
    "transaction_time": 1_790_000_900,
}
TRANSFER = {
    "action_type": "transfer",
    "amount": -200,
    "app_id": None,
    "balance_after": 809.5,
    "contract_id": None,
    "fees": {"amount": 2.0, "currency": "USD", "minimum": 0.01, "percentage": 1.0},
    "from": {"loginid": "CR1"},
    "to": {"loginid": "CR2"},
    "longcode": "Transfer.",
    "shortcode": None,
    "transaction_id": 400_900_063_300,
    "transaction_time": 1_790_001_000,
    "withdrawal_details": "by hand",
}
CLOSED = {
    "app_id": 1089,
    "buy_price": 5.1,
    "contract_id": 267_916_992_852,
    "contract_type": "MULTUP",
    "longcode": "Gains.",
    "multiplier": "100",
    "payout": 0,
    "purchase_time": 1_790_000_000,
    "sell_price": 9.3,
    "sell_time": 1_790_000_900,
    "shortcode": "MULTUP_R_100",
    "transaction_id": 400_900_063_260,
    "underlying_symbol": "R_100",
}
LOGIN = {
    "action": "login",
    "browser": "firefox",
    "country": "id",
    "datetime": "2026-09-21T14:13:20Z",
    "device": "desktop",
    "environment": "IP=192.0.2.1",
    "ip": "192.0.2.1",
    "language": "EN",
    "os": "linux",
    "status": 0,
    "time": 1_790_000_000,
    "version": "143.0",
}


def context(call: str = "statement") -> Context:
    return Context(call, "CR1", api="v3")


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def test_statement() -> None:
    frame = statement([SALE, TRANSFER], context(), currency="USD")
    assert frame["loginid"].tolist() == ["CR1", "CR1"]
    assert frame["currency"].tolist() == ["USD", "USD"]
    assert frame["transaction_time"].tolist() == [
        pd.Timestamp(when, unit="s", tz="UTC") for when in (1_790_000_900, 1_790_001_000)
    ]
    assert frame["purchase_time"].tolist() == [pd.Timestamp(1_790_000_000, unit="s", tz="UTC"), pd.NaT]
    assert frame["action_type"].tolist() == ["sell", "transfer"]
    assert frame["amount"].tolist() == [19.5, -200.0]
    assert frame["balance_after"].tolist() == [1009.5, 809.5]
    assert frame["payout"].fillna(-1).tolist() == [19.5, -1]
    for name in ("transaction_id", "contract_id", "reference_id", "app_id"):
        assert frame[name].tolist() == [SALE[name], TRANSFER.get(name) or pd.NA]
    assert frame["fee"].fillna(-1).tolist() == [-1, 2.0]
    assert frame["fee_currency"].tolist() == [pd.NA, "USD"]
    assert frame["from_loginid"].tolist() == [pd.NA, "CR1"]
    assert frame["to_loginid"].tolist() == [pd.NA, "CR2"]
    assert frame["withdrawal_details"].tolist() == [pd.NA, "by hand"]
    assert frame["shortcode"].tolist() == ["CALL_R_100", pd.NA]
    assert frame["longcode"].tolist() == ["Pays out if it rises.", "Transfer."]
    assert frame.attrs["call"] == "statement"
    assert frame.attrs["loginid"] == "CR1"


@pytest.mark.parametrize("rows", [[], [SALE, TRANSFER], [{}]])
def test_statement_dtypes(rows: list[dict[str, Any]]) -> None:
    assert dtypes(statement(rows, context())) == {
        "loginid": "string",
        "currency": "string",
        "transaction_time": "datetime64[us, UTC]",
        "action_type": "category",
        "amount": "float64",
        "balance_after": "float64",
        "payout": "float64",
        "transaction_id": "Int64",
        "contract_id": "Int64",
        "reference_id": "Int64",
        "purchase_time": "datetime64[us, UTC]",
        "fee": "float64",
        "fee_currency": "string",
        "from_loginid": "string",
        "to_loginid": "string",
        "app_id": "Int64",
        "withdrawal_details": "string",
        "shortcode": "string",
        "longcode": "string",
    }


def test_rows_of_the_options_api_lack_some_fields() -> None:
    """The rows have no app, no fees, no sender and no recipient."""
    row = {name: value for name, value in SALE.items() if name != "app_id"}
    frame = statement([row], Context("statement", "DOT1"))
    assert not {"app_id", "fee", "fee_currency", "from_loginid", "to_loginid", "withdrawal_details"} & {*frame}
    assert frame["transaction_id"].item() == SALE["transaction_id"]


def test_an_action_deriv_adds_later_is_kept() -> None:
    frame = statement([{**SALE, "action_type": "gift"}, SALE], context())
    assert frame["action_type"].tolist() == ["gift", "sell"]
    assert frame["action_type"].cat.categories[-1] == "gift"


def test_exact_money() -> None:
    exact = statement([{"amount": Decimal("0.00000001"), "balance_after": 12}], context(), decimal=True)
    assert exact["amount"].item() == Decimal("0.00000001")
    assert exact["balance_after"].item() == Decimal(12)


def test_profit_table() -> None:
    frame = profit_table([CLOSED], context("profit_table"), currency="BTC")
    row = frame.iloc[0]
    assert row["profit"] == 4.2
    assert row["symbol"] == "R_100"
    assert row["multiplier"] == 100.0
    assert row["currency"] == "BTC"
    assert row["sell_time"] - row["purchase_time"] == pd.Timedelta("15min")
    assert pd.isna(row["growth_rate"])
    assert (row["contract_id"], row["transaction_id"]) == (CLOSED["contract_id"], CLOSED["transaction_id"])


@pytest.mark.parametrize("rows", [[], [CLOSED], [{}]])
@pytest.mark.parametrize("exact", [False, True])
def test_profit_table_dtypes(rows: list[dict[str, Any]], exact: bool) -> None:
    money = "object" if exact else "float64"
    frame = profit_table(rows, context("profit_table"), decimal=exact)
    assert {name: dtype for name, dtype in dtypes(frame).items() if name in ("profit", "buy_price", "sell_time")} == {
        "profit": money,
        "buy_price": money,
        "sell_time": "datetime64[us, UTC]",
    }
    assert frame.columns.tolist() == profit_table([CLOSED], context()).columns.tolist()


def test_profit_needs_both_prices() -> None:
    rows = [{"buy_price": 5.0}, {"sell_price": 5.0}, {"buy_price": 5.0, "sell_price": None}]
    for exact in (False, True):
        assert profit_table(rows, context(), decimal=exact)["profit"].isna().all()


def test_profit_has_no_binary_noise() -> None:
    assert 1.9 - 1.1 != 0.8
    assert profit_table([{"buy_price": 1.1, "sell_price": 1.9}], context())["profit"].item() == 0.8
    coins = [{"buy_price": 0.00000003, "sell_price": 0.00000007}]
    assert profit_table(coins, context())["profit"].item() == 0.00000004


def test_exact_profit_does_not_depend_on_the_decimal_context() -> None:
    row = {"buy_price": Decimal("0.00000001"), "sell_price": Decimal("123456789.12345678")}
    with decimal.localcontext(prec=5):
        frame = profit_table([row], context(), decimal=True)
    assert frame["profit"].item() == Decimal("123456789.12345677")


def test_login_history() -> None:
    frame = login_history([LOGIN, {**LOGIN, "action": "logout", "status": 1}], context("login_history"))
    assert frame["action"].tolist() == ["login", "logout"]
    assert frame["succeeded"].tolist() == [False, True]
    assert frame["time"].tolist() == [pd.Timestamp(1_790_000_000, unit="s", tz="UTC")] * 2
    assert frame["loginid"].tolist() == ["CR1", "CR1"]
    assert frame.loc[0, ["country", "device", "os", "browser", "version", "language"]].tolist() == [
        LOGIN[name] for name in ("country", "device", "os", "browser", "version", "language")
    ]


def test_addresses_are_hidden_unless_asked_for() -> None:
    rows = [LOGIN, {**LOGIN, "ip": None}]
    hidden = login_history(rows, context())
    assert hidden["ip"].tolist() == ["•••", pd.NA]
    assert "192.0.2.1" not in hidden.to_csv()
    assert login_history(rows, context(), reveal=True)["ip"].tolist() == ["192.0.2.1", pd.NA]
    assert str(hidden["ip"].dtype) == "string"


@pytest.mark.parametrize("junk", [None, "x", 5, [None, 3], {}])
def test_a_malformed_login_history(junk: object) -> None:
    frame = login_history(junk, context())
    assert len(frame) <= 1
    promised = dtypes(login_history([LOGIN], context()))
    assert [*dtypes(frame).items()][: len(promised)] == [*promised.items()]
