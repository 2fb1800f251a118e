from __future__ import annotations

import pytest

from dpyauth.catalog.calls import load
from dpyauth.frames import calls, help_text


@pytest.mark.parametrize("api", ["v3", "options"])
def test_every_call_is_listed(api: str) -> None:
    frame = calls(load(api), lambda call: not call.needs_auth).set_index("call")
    assert frame.index.tolist() == sorted(load(api))
    assert set(frame["api"]) == {api}
    assert frame["summary"].notna().all()
    assert frame.loc["ticks", "streams"] != "no"
    assert frame.loc["buy", "changes"] == "always"
    assert frame.loc["buy", "scope"] == "trade"
    assert not frame.loc["buy", "allowed"]
    assert frame.loc["ping", "allowed"]
    assert calls(load("options"), lambda call: None)["allowed"].isna().all()
    assert frame["scope"].isna()["ping"]


def test_calls_that_change_only_with_some_fields() -> None:
    assert calls(load("v3"), lambda _: True).set_index("call").loc["api_token", "changes"] == "with some fields"


@pytest.mark.parametrize("api", ["v3", "options"])
def test_help_lists_every_field_and_column(api: str) -> None:
    for call in load(api).values():
        text = help_text(call, api)
        assert text.startswith(f"{call.name}: {call.summary}\n")
        assert all(name in text for name in call.fields if name != "subscribe")
        assert "Columns of its frame" in text
        assert all(scope in text for scope in call.scopes)


def test_help_in_full() -> None:
    assert help_text(load("v3")["exchange_rates"], "v3").splitlines()[:17] == [
        "exchange_rates: Exchange rates",
        "",
        "Needs    no sign-in",
        "Answers  one reply, or a stream",
        "Changes  nothing",
        "",
        "Fields",
        "  exchange_rates*  Always 1: it names the call.",
        "                   1",
        "  base_currency*   Currency of which one unit is converted.",
        "                   a currency code, such as 'USD'",
        "  include_spread   With 1, the rates for buying and selling are returned as well; needs",
        "                     target_currency.",
        "                   1",
        "  target_currency  Keep only the rate to this currency; by default, all.",
        "                   a currency code, such as 'USD'",
        "  loginid          Login ID of the account for the call, if your token covers several; by default,",
    ]
    assert "something at Deriv if you pass delete_token or new_token" in help_text(load("v3")["api_token"], "v3")
    assert "something at Deriv, so dpyauth never repeats it" in help_text(load("v3")["buy"], "v3")
    assert "secret or personal" in help_text(load("v3")["set_settings"], "v3")
    assert "status  category: pending, complete, failed" in help_text(load("v3")["connect_status"], "v3")


@pytest.mark.parametrize(
    ("name", "api", "line"),
    [
        ("statement", "v3", "  amount              float64; negative if money left the account"),
        ("get_accounts", "options", "  balance       float64; in currency"),
        ("portfolio", "options", "  buy_price          float64; cost of the contract"),
    ],
)
def test_help_explains_columns(name: str, api: str, line: str) -> None:
    assert line in help_text(load(api)[name], api).splitlines()
