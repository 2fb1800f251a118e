from __future__ import annotations

from typing import Any

import pandas as pd

from dpyauth.frames import accounts


def test_accounts_row_by_row(authorize_payload: dict[str, Any]) -> None:
    frame = accounts(authorize_payload)
    assert frame["loginid"].tolist() == ["CR90000001", "VRW90000003"]
    assert frame["kind"].tolist() == ["real", "demo"]
    assert frame["account_category"].tolist() == ["trading", "wallet"]
    assert frame["account_type"].tolist() == ["binary", "virtual"]
    assert frame["broker"].tolist() == ["CR", "VRW"]
    assert frame["landing_company"].tolist() == ["svg", "virtual"]
    assert frame["disabled"].tolist() == [False, True]
    assert frame["linked_to"].tolist() == [["CRW90000002"], []]
    assert frame["created"].tolist() == [pd.Timestamp("2020-01-01", tz="UTC"), pd.NaT]
    assert frame["excluded_until"].tolist() == [pd.Timestamp("2030-01-01", tz="UTC"), pd.NaT]
    assert frame["currency"].isna().tolist() == [False, True]


def test_both_calls_that_list_accounts_give_the_same_frame(authorize_payload: dict[str, Any]) -> None:
    pd.testing.assert_frame_equal(accounts(authorize_payload), accounts(authorize_payload["account_list"]))


def test_dtypes() -> None:
    frame = accounts([])
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "loginid": "string",
        "currency": "string",
        "kind": "category",
        "account_category": "category",
        "account_type": "string",
        "broker": "string",
        "landing_company": "string",
        "created": "datetime64[us, UTC]",
        "disabled": "boolean",
        "excluded_until": "datetime64[us, UTC]",
        "linked_to": "object",
    }


def test_an_account_of_unknown_kind_is_not_called_real() -> None:
    assert accounts([{"loginid": "CR90000001"}])["kind"].isna().all()


def test_a_link_without_a_login_id_is_dropped() -> None:
    linked = [{"platform": "mt5"}, None, {"loginid": "MTR90000001", "platform": "mt5"}]
    assert accounts([{"loginid": "CRW90000001", "linked_to": linked}])["linked_to"].item() == ["MTR90000001"]
