from __future__ import annotations

import json
import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dpyauth import frames
from dpyauth.catalog.calls import Call, load
from dpyauth.errors import InvalidRequest
from dpyauth.frames import Context, generic


def ask(name: str, reply: Any, api: str = "v3", **options: Any) -> pd.DataFrame:
    return generic(load(api)[name], reply, Context(name, api=api), **options)


def dtypes(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return [(name, "category" if dtype == "category" else str(dtype)) for name, dtype in frame.dtypes.items()]


def test_a_list_of_objects() -> None:
    row = {"loginid": "CR1", "created_at": 60, "is_virtual": 0, "account_category": "wallet", "linked_to": [{"a": 1}]}
    frame = ask("account_list", {"account_list": [row, {}], "msg_type": "account_list", "req_id": 3})
    assert len(frame) == 2
    assert frame["created_at"].tolist()[0] == pd.Timestamp(60, unit="s", tz="UTC")
    assert frame["is_virtual"].tolist() == [False, pd.NA]
    assert frame["account_category"].cat.categories.tolist() == ["trading", "wallet"]
    assert frame["linked_to"].tolist() == [[{"a": 1}], []]


def test_an_object_with_data_as_keys_and_fields_beside_it() -> None:
    reply = {"exchange_rates": {"base_currency": "USD", "date": 0, "rates": {"EUR": 0.9, "BTC": {"bid_rate": 2.5}}}}
    frame = ask("exchange_rates", reply)
    assert frame["key"].tolist() == ["EUR", "BTC"]
    assert frame["value"].tolist()[0] == 0.9
    assert frame["bid_rate"].tolist()[1] == 2.5
    assert frame["base_currency"].tolist() == ["USD", "USD"]


def test_lists_side_by_side_even_if_one_is_shorter() -> None:
    frame = ask("ticks_history", {"history": {"times": [1, 2], "prices": [10.5]}, "pip_size": 2})
    assert frame["prices"].isna().tolist() == [False, True]
    assert frame["pip_size"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("reply", "first"),
    [
        ({}, "times"),
        ({"candles": []}, "close"),
        ({"echo_req": {"style": "candles"}}, "close"),
        ({"history": {}, "echo_req": {"style": "candles"}}, "times"),
    ],
)
def test_the_form_of_a_reply_follows_from_its_fields_or_the_request(reply: dict[str, Any], first: str) -> None:
    assert ask("ticks_history", reply).columns[0] == first


def test_lists_whose_places_have_meanings() -> None:
    contracts = [["callput", "Up/Down", "5t", "365d"], ["digits", "Digits", "1t", "10t"]]
    reply = {"asset_index": [["R_100", "Volatility 100", contracts]]}
    assert ask("asset_index", reply)[["symbol", "name"]].values.tolist() == [["R_100", "Volatility 100"]]
    spread = ask("asset_index", reply, explode="contracts")
    assert spread["contracts.longest"].tolist() == ["365d", "10t"]


def test_single_values_and_lists_of_them() -> None:
    assert ask("time", {"time": 0})["time"].tolist() == [pd.Timestamp(0, tz="UTC")]
    assert ask("payout_currencies", {"payout_currencies": ["USD", "BTC"]})["payout_currencies"].tolist() == [
        "USD",
        "BTC",
    ]
    assert ask("paymentagent_transfer", {"paymentagent_transfer": 1, "transaction_id": 7})["transaction_id"].item() == 7
    assert len(ask("proposal_open_contract", {"proposal_open_contract": {}})) == 0
    assert len(ask("statement", None)) == 0


def test_a_payload_that_is_a_value_or_an_object() -> None:
    assert ask("cashier", {"cashier": "https://example.com"}, reveal=True)["value"].item() == "https://example.com"
    assert ask("cashier", {"cashier": {"action": "deposit"}})["action"].item() == "deposit"


def test_undocumented_fields_become_typed_columns() -> None:
    row = {"loginid": "CR1", "new": {"deep": 1.5, "on": True}, "list": [1], "n": 2**70, "nested": {"email": "a@b"}}
    frame = ask("account_list", {"account_list": [row, {"loginid": "CR2"}], "extra": 3, "new.deep": 1})
    assert frame["new.deep"].tolist()[0] == 1.5
    assert frame["new.on"].dtype == "boolean"
    assert frame["list"].tolist() == [[1], []]
    assert frame["n"].tolist() == [2**70, np.nan]
    assert frame["extra"].tolist() == [3, 3]
    assert frame["nested.email"].tolist()[0] == "•••"
    assert frame["new.deep_"].tolist() == [1, 1]


def test_an_undocumented_call() -> None:
    call = Call("novelty", "", {}, ())
    frame = generic(call, {"novelty": [{"a": 1}, {"a": 2}], "msg_type": "novelty"})
    assert frame["a"].tolist() == [1, 2]
    assert generic(call, {"novelty": {"a": "x"}})["a"].tolist() == ["x"]
    assert generic(call, {"novelty": 5})["value"].tolist() == [5]


def test_fields_of_rows_win_over_fields_beside_them() -> None:
    frame = ask("portfolio", {"portfolio": {"contracts": [{"currency": "USD"}], "payout": 1}})
    assert frame["currency"].tolist() == ["USD"]
    assert frame["payout"].isna().all()
    assert frame["portfolio.payout"].tolist() == [1]


def test_the_number_of_rows_is_no_column() -> None:
    told = {"count": 1, "transactions": [{"amount": 5, "account_id": 7}]}
    assert "count" not in ask("legacy_statement", told, "options")
    assert "count" not in ask("statement", {"statement": {"count": 1, "transactions": [{"amount": 5}]}})


def test_decimals_are_exact() -> None:
    row = {"amount": Decimal("0.10"), "fees": {"percentage": Decimal("1.50")}}
    frame = ask("statement", {"statement": {"transactions": [row]}}, decimal=True)
    assert str(frame["amount"].item()) == "0.10"
    assert frame["fees.percentage"].dtype == "float64"


def test_explode_lists_one_after_the_other() -> None:
    symbols = [{"symbol": "R_10"}, {"symbol": "R_25", "new": 1}]
    markets = [
        {"name": "A", "submarkets": [{"name": "a", "symbols": symbols}]},
        {"name": "B", "submarkets": []},
    ]
    reply = {"trading_times": {"markets": markets}}
    frame = ask("trading_times", reply, explode=["submarkets", "submarkets.symbols"])
    assert frame["name"].tolist() == ["A", "A", "B"]
    assert frame["submarkets.symbols.symbol"].fillna("-").tolist() == ["R_10", "R_25", "-"]
    assert frame["submarkets.symbols.new"].isna().tolist() == [True, False, True]
    empty = ask("trading_times", {}, explode=["submarkets", "submarkets.symbols"])
    assert dtypes(empty) == dtypes(frame)[:-1]


def test_explode_maps_and_lists_of_values_and_undocumented_lists() -> None:
    config = {"USD": {"name": "US Dollar"}, "BTC": {"name": "Bitcoin"}}
    frame = ask("website_status", {"website_status": {"currencies_config": config}}, explode="currencies_config")
    assert frame["currencies_config.key"].tolist() == ["USD", "BTC"]
    assert frame["currencies_config.name"].tolist() == ["US Dollar", "Bitcoin"]
    tokens = {"tokens": [{"display_name": "x", "scopes": ["read", "trade"]}]}
    assert ask("api_token", {"api_token": tokens}, explode=("tokens", "tokens.scopes"))["tokens.scopes"].tolist() == [
        "read",
        "trade",
    ]
    rows = [{"more": [{"n": 1}, {"n": 2}]}]
    assert ask("account_list", {"account_list": rows}, explode="more")["more.n"].tolist() == [1, 2]
    limits = {"market_specific": {"forex": [{"payout_limit": 5}]}}
    spread = ask("get_limits", {"get_limits": limits}, explode=("market_specific", "market_specific.value"))
    assert spread["market_specific.value.payout_limit"].item() == 5


def test_the_error_of_explode_lists_the_possible_columns() -> None:
    with pytest.raises(InvalidRequest, match=r"'statement' has no column of lists 'amount'.*none") as caught:
        ask("statement", {}, explode="amount")
    assert caught.value.field == "explode"
    with pytest.raises(InvalidRequest, match=r"'submarkets'"):
        ask("trading_times", {}, explode="nonsense")


SECRETS = {
    "api_token": {"api_token": {"tokens": [{"token": "s3cret-value", "valid_for_ip": "s3cret-value"}]}},
    "get_settings": {
        "get_settings": {
            **dict.fromkeys(
                ("email", "phone", "first_name", "last_name", "address_line_1", "address_city"), "s3cret-value"
            ),
            **dict.fromkeys(("place_of_birth", "tax_identification_number", "user_hash"), "s3cret-value"),
            "secret_answer": "s3cret-value",
            "more": {"phone_number": "s3cret-value", "list": [{"email": "s3cret-value"}]},
        }
    },
    "login_history": {"login_history": [{"ip": "s3cret-value", "environment": "IP=s3cret-value"}]},
    "authorize": {"authorize": {"email": "s3cret-value", "fullname": "s3cret-value"}},
    "new_account_virtual": {"new_account_virtual": {"oauth_token": "s3cret-value", "refresh_token": "s3cret-value"}},
    "mt5_login_list": {"mt5_login_list": [{"name": "s3cret-value", "email": "s3cret-value"}]},
    "p2p_advertiser_payment_methods": {
        "p2p_advertiser_payment_methods": {"1": {"fields": {"account": {"value": "s3cret-value"}}}}
    },
    "get_account_status": {
        "get_account_status": {
            "authentication": {
                "identity": {"services": {"idv": {"reported_properties": {"first_name": "s3cret-value"}}}}
            }
        }
    },
    "get_third_party_redirect": {"redirect_url": "https://example.com/?s3cret-value"},
    "cashier": {"cashier": "https://example.com/?s3cret-value"},
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_and_personal_data_are_masked_unless_asked_for(name: str) -> None:
    frame = ask(name, SECRETS[name])
    assert "s3cret-value" not in str(frame.to_dict("list"))
    assert "•••" in str(frame.to_dict("list"))
    assert "s3cret-value" in str(ask(name, SECRETS[name], reveal=True).to_dict("list"))


def test_times_are_masked_and_missing_values_are_not() -> None:
    masked = ask("get_settings", {"get_settings": {"date_of_birth": 0, "email": ""}})
    assert masked["date_of_birth"].tolist() == ["•••"]
    assert masked["email"].isna().all()
    revealed = ask("get_settings", {"get_settings": {"date_of_birth": 0}}, reveal=True)
    assert str(revealed["date_of_birth"].dtype) == "datetime64[us, UTC]"


def test_attrs_describe_the_request_without_secrets() -> None:
    echo = {"authorize": "s3cret-value", "tokens": ["s3cret-value"], "req_id": 7, "x": [{"token": "s3cret-value"}]}
    frame = pickle.loads(pickle.dumps(ask("authorize", {"authorize": {}, "echo_req": echo})))
    assert json.loads(frame.attrs["request"]) == {"authorize": "•••", "tokens": "•••", "x": [{"token": "•••"}]}
    assert ask("api_token", {"echo_req": {"api_token": 1}}).attrs["request"] == '{"api_token": 1}'
    assert "request" not in ask("ping", {"ping": "pong"}).attrs
    assert generic(load("v3")["ping"], {}, Context("ping", request="{}")).attrs["request"] == "{}"


def test_very_deep_objects_stay_objects() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = {"a": deep}
    frame = ask("ping", {"ping": "pong", "deep": deep})
    assert len(frame.columns) == 2


ACCOUNT = {"account_id": "DOT1", "name": "Jo Canary", "email": "jo@canary", "newTotp": "Canary", "tokens_left": 3}


@pytest.mark.parametrize("reveal", [False, True])
def test_undocumented_fields_are_masked_by_their_names_and_neighbours(reveal: bool) -> None:
    reply = {"data": [{**ACCOUNT, "credentials": {"a": "Canary"}, "holder": {"name": "Jo Canary"}, "pin": True}]}
    call, context = load("options")["get_accounts"], Context("get_accounts", api="options")
    row = generic(call, reply, context, reveal=reveal).iloc[0]
    assert ("Canary" in str(row.to_dict())) == reveal
    assert (row["account_id"], row["tokens_left"], bool(row["pin"])) == ("DOT1", 3, True)
    assert (row["name"] == "•••") == (not reveal)
    assert (row["credentials.a"] == "•••") == (not reveal)


@pytest.mark.parametrize(
    "reply",
    [
        {"secret_key": "Canary"},
        {"secret_keys": ["Canary"]},
        {"x": {"otp_url": "Canary"}},
        {"x": [{"accessToken": "Canary"}]},
    ],
)
def test_fields_of_undocumented_calls_are_masked_by_their_names(reply: dict[str, Any]) -> None:
    call = Call("new_call", "", {}, ())
    assert "Canary" not in generic(call, reply, Context("new_call")).to_string()
    assert "Canary" in generic(call, reply, Context("new_call"), reveal=True).to_string()


def test_names_of_apps_and_companies_are_shown() -> None:
    app = {"app_id": 1, "name": "Mine", "redirect_uri": "https://example.com", "scopes": ["read"]}
    assert generic(load("v3")["app_list"], {"app_list": [app]})["name"].tolist() == ["Mine"]
    company = {"name": "Deriv (SVG) LLC", "shortcode": "svg", "address": ["1 Street"]}
    shown = generic(load("v3")["landing_company_details"], {"landing_company_details": company})
    assert (shown["name"].item(), shown["address"].item()) == ("Deriv (SVG) LLC", ["1 Street"])


def test_handwritten_frames_and_streams_are_masked_too() -> None:
    tokens = frames.api_tokens({"tokens": [{"display_name": "Mine", "token": "Canary", "valid_for_ip": "Canary"}]})
    assert tokens["name"].tolist() == ["Mine"]
    update = {
        "msg_type": "p2p_order_info",
        "p2p_order_info": {"id": "1", "contact_info": "Canary", "accessToken": "Canary"},
    }
    received = frames.updates("p2p_order_info", [(0.0, update)])
    assert received["id"].tolist() == ["1"]
    assert "Canary" not in tokens.to_string() + received.to_string()
