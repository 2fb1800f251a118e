from __future__ import annotations

from decimal import Decimal

import pandas as pd

from dpyauth.frames import api_tokens, apps, limits, market_limits, settings, transfer_limits


def values(frame: pd.DataFrame) -> dict[str, str | None]:
    return {row.setting: None if pd.isna(row.value) else row.value for row in frame.itertuples()}


def test_settings_are_readable_and_personal_data_is_hidden() -> None:
    payload = {
        "email": "someone@example.com",
        "date_of_birth": 0,
        "address_line_2": "",
        "allow_copiers": 0,
        "non_pep_declaration": 1,
        "immutable_fields": ["residence", "citizen"],
        "cooling_off_expiration_date": 1_700_000_000,
        "tnc_status": {"svg": 1},
        "phone_number_verification": {"verified": 0, "next_attempt": 86_400},
        "tomorrow": "new",
    }
    told = values(settings(payload))
    assert told["email"] == "•••"
    assert told["date_of_birth"] == "•••"
    assert told["address_line_2"] is None
    assert told["allow_copiers"] == "no"
    assert told["non_pep_declaration"] == "yes"
    assert told["immutable_fields"] == "residence, citizen"
    assert told["cooling_off_expiration_date"] == "2023-11-14T22:13:20+00:00"
    assert told["tnc_status"] == '{"svg": 1}'
    assert told["phone_number_verification.next_attempt"] == "1970-01-02"
    assert told["tomorrow"] == "new"
    assert settings(payload).set_index("setting")["hidden"][["email", "allow_copiers"]].tolist() == [True, False]
    revealed = values(settings(payload, reveal=True))
    assert revealed["email"] == "someone@example.com"
    assert revealed["date_of_birth"] == "1970-01-01"


def test_every_documented_setting_has_its_row_even_if_none_was_sent() -> None:
    nothing = settings(None)
    assert nothing["setting"].tolist() == settings({"email": "x"})["setting"].tolist()
    assert nothing["value"].isna().all()
    assert not nothing["hidden"].any()


def test_limits_are_always_the_same_rows_and_new_ones_after_them() -> None:
    frame = limits({"payout": 50_000, "payout_per_symbol": {"non_atm": {"less_than_seven_days": 3}}, "new_limit": 7})
    by_name = frame.set_index("limit")["value"]
    assert by_name["payout"] == 50_000.0
    assert by_name["payout_per_symbol.non_atm.less_than_seven_days"] == 3.0
    assert by_name["new_limit"] == 7.0
    assert frame["limit"].tolist()[:-1] == limits(None)["limit"].tolist()
    assert limits(None)["meaning"].notna().all()
    assert limits({"payout": Decimal("0.10")}, decimal=True)["value"].tolist()[3] == Decimal("0.10")


def test_limits_of_markets() -> None:
    rows = [{"name": "Forex", "level": "market", "profile_name": "low_risk", "turnover_limit": 5, "payout_limit": None}]
    frame = market_limits({"market_specific": {"forex": rows, "indices": []}})
    assert frame[["market", "name", "level", "profile"]].values.tolist() == [["forex", "Forex", "market", "low_risk"]]
    assert frame["turnover_limit"].tolist() == [5.0]
    assert market_limits({}).dtypes.tolist() == frame.dtypes.tolist()


def test_limits_of_transfers_of_all_kinds() -> None:
    frame = transfer_limits(
        {
            "lifetime_transfers": {"crypto_to_fiat": {"allowed": 100, "available": 40}},
            "daily_transfers": {"mt5": {"allowed": 10, "available": 9}},
            "daily_cumulative_amount_transfers": {"enabled": 1, "allowed": 500, "available": 300},
        }
    )
    assert frame["period"].tolist() == ["lifetime", "daily", "daily"]
    assert frame["counted"].tolist() == ["amount", "transfers", "amount"]
    assert frame["transfer"].fillna("all").tolist() == ["crypto_to_fiat", "mt5", "all"]
    assert frame["available"].tolist() == [40.0, 9.0, 300.0]
    assert len(transfer_limits({"daily_cumulative_amount_transfers": {"enabled": 0}})) == 0


def test_tokens_are_hidden_unless_asked_for() -> None:
    row = {"display_name": "x", "token": "s3cret", "scopes": ["read"], "last_used": "", "valid_for_ip": "1.2.3.4"}
    frame = api_tokens({"tokens": [row, {**row, "valid_for_ip": ""}]})
    assert frame["token"].tolist() == ["•••", "•••"]
    assert frame["valid_for_ip"].fillna("anywhere").tolist() == ["•••", "anywhere"]
    assert frame["last_used"].isna().all()
    assert api_tokens({"tokens": [row]}, reveal=True)["token"].tolist() == ["s3cret"]
    assert api_tokens(None).dtypes.tolist() == frame.dtypes.tolist()


def test_apps_of_each_call() -> None:
    registered = {"app_id": 1, "name": "Mine", "active": 0, "app_markup_percentage": 1.5, "scopes": ["read"]}
    used = {"app_id": 2, "name": "Theirs", "official": 1, "last_used": "2026-11-01"}
    frame = apps([registered, used])
    assert frame["app_id"].tolist() == [1, 2]
    assert frame["active"].tolist() == [False, pd.NA]
    assert frame["official"].tolist() == [pd.NA, True]
    assert frame["markup_percent"].tolist()[0] == 1.5
    assert apps(registered)["name"].tolist() == ["Mine"]
