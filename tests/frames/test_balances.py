from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from dpyauth.frames import balance


def test_all_accounts(balance_payload: dict[str, Any]) -> None:
    frame = balance(balance_payload)
    assert frame.to_dict("list") == {
        "loginid": ["CR90000001", "VRTC90000002", "MTR90000003"],
        "currency": ["USD", "USD", "GBP"],
        "balance": [10.1, 10000.0, -25.5],
        "converted_amount": [9.3, 10000.0, -23.46],
        "converted_currency": ["EUR", "USD", "EUR"],
        "demo": [False, True, False],
        "active": [True, True, False],
        "type": ["deriv", "deriv", "mt5"],
    }
    assert frame["balance"].dtype == frame["converted_amount"].dtype == "float64"
    assert frame["demo"].dtype == frame["active"].dtype == "boolean"
    assert frame["type"].cat.categories.tolist() == ["deriv", "mt5"]


def test_a_single_balance_has_only_the_given_columns() -> None:
    frame = balance({"loginid": "VRTC90000002", "currency": "USD", "balance": 10000, "id": "stream"})
    assert frame.to_dict("records") == [{"loginid": "VRTC90000002", "currency": "USD", "balance": 10000.0}]


def test_an_account_without_a_currency() -> None:
    frame = balance({"loginid": "CRW90000001", "currency": "", "balance": 0})
    assert frame["currency"].isna().tolist() == [True]
    assert frame["balance"].tolist() == [0.0]


def test_an_update_adds_a_row_for_an_unlisted_account(balance_payload: dict[str, Any]) -> None:
    changed = {"loginid": "CR90000009", "currency": "USD", "balance": 5}
    assert balance({**changed, "total": balance_payload["total"]})["loginid"].tolist() == ["CR90000009"]
    listed = [*balance_payload["accounts"]]
    assert balance({**balance_payload, **changed})["loginid"].tolist() == ["CR90000009", *listed]


def test_decimal_is_exact_from_either_kind_of_json_number() -> None:
    text = Decimal("0.12345678901234567890")
    payload = {"accounts": {"CR1000": {"balance": text, "converted_amount": 0.1}, "CR1001": {"balance": None}}}
    frame = balance(payload, decimal=True)
    assert frame["balance"].tolist() == [text, np.nan]
    assert frame["converted_amount"].tolist() == [Decimal("0.1"), np.nan]


def test_decimal_keeps_trailing_zeros_and_sums_exactly() -> None:
    payload = {"accounts": {f"CR100{n}": {"balance": Decimal("0.10")} for n in range(3)}}
    frame = balance(payload, decimal=True)
    assert str(frame["balance"].sum()) == "0.30"


def test_decimal_when_empty() -> None:
    assert [*balance({}, decimal=True).dtypes] == [*balance({"balance": 1}, decimal=True).dtypes]


def test_a_float_frame_reads_what_was_parsed_as_decimal() -> None:
    frame = balance({"loginid": "CR90000001", "balance": Decimal("10.10")})
    assert frame["balance"].dtype == "float64"
    assert frame["balance"].tolist() == [10.1]
