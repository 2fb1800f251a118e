from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dpyauth.frames import mt5_accounts, open_contracts

HELD = {
    "contract_id": 7,
    "contract_type": "CALL",
    "symbol": "R_100",
    "currency": "USD",
    "buy_price": 5,
    "payout": 9.5,
    "purchase_time": 60,
    "date_start": 60,
    "expiry_time": 120,
    "transaction_id": 70,
}
VALUED = {
    "contract_id": 7,
    "underlying": "R_100",
    "status": "open",
    "bid_price": 6.5,
    "profit": 1.5,
    "is_valid_to_sell": 1,
    "date_expiry": 120,
    "transaction_ids": {"buy": 70},
}


def test_of_a_portfolio() -> None:
    frame = open_contracts({"contracts": [HELD]})
    assert frame["symbol"].tolist() == ["R_100"]
    assert frame["buy_price"].tolist() == [5.0]
    assert frame["expires"].tolist() == [pd.Timestamp(120, unit="s", tz="UTC")]
    assert frame["transaction_id"].tolist() == [70]
    assert not {"bid_price", "profit", "status", "can_sell"} & {*frame}  # only `proposal_open_contract` has them


@pytest.mark.parametrize("payload", [VALUED, [VALUED], [{}, VALUED]])
def test_of_valued_contracts(payload: object) -> None:
    frame = open_contracts(payload)  # type: ignore[arg-type]
    assert frame[["contract_id", "symbol", "status", "transaction_id"]].values.tolist() == [[7, "R_100", "open", 70]]
    assert frame["profit"].tolist() == [1.5]
    assert frame["can_sell"].tolist() == [True]
    assert frame["expires"].tolist() == [pd.Timestamp(120, unit="s", tz="UTC")]


def test_options_writes_money_as_texts() -> None:
    frame = open_contracts({**VALUED, "bid_price": "6.50", "underlying_symbol": "1HZ100V", "underlying": None})
    assert frame["bid_price"].tolist() == [6.5]
    assert frame["symbol"].tolist() == ["1HZ100V"]
    assert str(open_contracts({"payout": "1.10"}, decimal=True)["payout"].iloc[0]) == "1.10"


@pytest.mark.parametrize("nothing", [None, {}, [], {"contracts": []}])
def test_no_contracts(nothing: Any) -> None:
    frame = open_contracts(nothing)
    assert len(frame) == 0
    assert frame.dtypes.to_dict() == open_contracts({"contracts": [HELD]}).dtypes.to_dict()


def test_an_mt5_server_that_is_down_does_not_hide_the_others() -> None:
    up = {"login": "MTR1", "account_type": "real", "balance": 10.5, "leverage": 500, "email": "someone@example.com"}
    details = {"login": "MTR2", "account_type": "demo", "server": "p02"}
    down = {"error": {"code": "MT5AccountInaccessible", "details": details, "message_to_client": "Try later."}}
    frame = mt5_accounts([up, down])
    assert frame["login"].tolist() == ["MTR1", "MTR2"]
    assert frame["account_type"].tolist() == ["real", "demo"]
    assert frame["balance"].isna().tolist() == [False, True]
    assert frame["error_code"].isna().tolist() == [True, False]
    assert frame["error"].tolist()[1] == "Try later."
    assert "someone@example.com" not in frame.to_string()
    assert mt5_accounts(None).dtypes.tolist() == frame.dtypes.tolist()
