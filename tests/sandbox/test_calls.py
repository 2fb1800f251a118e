"""Test the replies of single calls, beyond their form."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from dpyauth.sandbox.ledgers import DAY, END


def whole(one: Any, call: str, size: int, **fields: Any) -> list[dict[str, Any]]:
    """Return all rows of a paged call."""
    rows: list[dict[str, Any]] = []
    while True:
        reply = one.ask(**{call: 1}, limit=size, offset=len(rows), **fields)[call]
        assert reply["count"] == len(reply["transactions"])
        rows += reply["transactions"]
        if len(reply["transactions"]) < size:
            return rows


@pytest.mark.parametrize(
    "token", ["sandbox-rich-read", "sandbox-rich-btc", "sandbox-rich-demo", "sandbox-trouble-read"]
)
def test_statement_chains_to_the_balance(client: Any, token: str) -> None:
    one = client(token)
    rows = whole(one, "statement", 999)
    assert rows[0]["balance_after"] == one.ask(balance=1)["balance"]["balance"]
    for newer, older in itertools.pairwise(rows):
        assert newer["transaction_time"] >= older["transaction_time"]
        assert newer["balance_after"] == pytest.approx(older["balance_after"] + newer["amount"], abs=1e-9)


def test_pages_of_any_size_have_the_same_rows(client: Any) -> None:
    one = client("sandbox-rich-demo")
    assert whole(one, "statement", 17) == whole(one, "statement", 999)
    assert whole(one, "profit_table", 7) == whole(one, "profit_table", 500)


def test_defaults_of_paging(client: Any) -> None:
    one = client("sandbox-rich-read")
    assert one.ask(statement=1)["statement"]["count"] == 100
    assert one.ask(profit_table=1)["profit_table"]["count"] == 50
    assert one.ask(statement=1, limit=0)["statement"] == {"count": 0, "transactions": []}


def test_profit_table_and_statement_agree(client: Any) -> None:
    one = client("sandbox-rich-read")
    sells = {row["reference_id"]: row for row in whole(one, "statement", 999, action_type="sell")}
    closed = whole(one, "profit_table", 500)
    assert len(closed) == len(sells) == 1600
    for row in closed:
        sell = sells[row["transaction_id"]]
        assert (row["sell_price"], row["sell_time"], row["contract_id"], row["purchase_time"]) == (
            sell["amount"],
            sell["transaction_time"],
            sell["contract_id"],
            sell["purchase_time"],
        )


def test_filters_of_the_statement(client: Any) -> None:
    one = client("sandbox-rich-read")
    escrow = whole(one, "statement", 999, action_type="escrow")
    assert [row["action_type"] for row in escrow] == ["release", "hold"]
    week = whole(one, "statement", 999, date_from=END - 7 * DAY, date_to=END - DAY)
    assert week
    assert all(END - 7 * DAY <= row["transaction_time"] <= END - DAY for row in week)
    plain = one.ask(statement=1, limit=1)["statement"]["transactions"][0]
    described = one.ask(statement=1, limit=1, description=1)["statement"]["transactions"][0]
    assert set(described) - set(plain) == {"longcode", "shortcode"}
    withdrawal = whole(one, "statement", 999, action_type="withdrawal", description=1)[0]
    assert withdrawal["withdrawal_details"]
    assert withdrawal["shortcode"] is None


def test_filters_of_the_profit_table(client: Any) -> None:
    one = client("sandbox-rich-read")
    ascending = whole(one, "profit_table", 500, sort="ASC")
    assert ascending == whole(one, "profit_table", 500)[::-1]
    assert [row["sell_time"] for row in ascending] == sorted(row["sell_time"] for row in ascending)
    october = whole(one, "profit_table", 500, date_from="2026-10-01", date_to="2026-11-01", description=1)
    assert october == whole(one, "profit_table", 500, date_from="1790812800", date_to=str(END), description=1)
    assert {row["contract_type"] for row in october} == {"CALL", "PUT", "DIGITEVEN", "MULTUP"}
    calls = whole(one, "profit_table", 500, contract_type=["CALL"], description=1)
    assert {row["contract_type"] for row in calls} == {"CALL"}
    assert one.code(profit_table=1, date_from="2026-02-30") == "InputValidationFailed"
    assert one.code(trading_times="2026-02-30") == "InputValidationFailed"


def test_open_contracts(client: Any) -> None:
    one = client("sandbox-rich-read")
    assert len(one.ask(portfolio=1)["portfolio"]["contracts"]) == 6
    assert {row["contract_type"] for row in one.ask(portfolio=1, contract_type=["PUT"])["portfolio"]["contracts"]} == {
        "PUT"
    }
    assert one.code(proposal_open_contract=1, contract_id=1) == "ContractNotFound"
    check = one.ask(reality_check=1)["reality_check"]
    assert check["open_contract_count"] == 6
    assert check["buy_count"] >= 6


def test_balances(client: Any) -> None:
    assert client("sandbox-rich-read").code(balance=1, account="all") == "PermissionDenied"
    assert client("sandbox-rich-read").code(balance=1, account="CR900002") == "PermissionDenied"
    one = client("a1-sandbox-rich-usd")
    every = one.ask(balance=1, account="all")["balance"]
    assert set(every["accounts"]) == {"CR900001", "CR900002", "VRTC900003", "MTR9000041", "MTD9000042"}
    real = [row for row in every["accounts"].values() if row["type"] == "deriv" and not row["demo_account"]]
    assert every["total"]["deriv"]["amount"] == pytest.approx(sum(row["converted_amount"] for row in real))
    assert one.ask(balance=1, account="CR900002")["balance"]["currency"] == "BTC"
    assert one.code(balance=1, account="CR900011") == "PermissionDenied"


def test_trouble_has_troubles(client: Any) -> None:
    status = client("sandbox-trouble-read").ask(get_account_status=1)["get_account_status"]
    assert {"cashier_locked", "withdrawal_locked", "quantum_review_pending"} <= set(status["status"])
    assert status["cashier_validation"]
    assert status["p2p_status"] == "temp_ban"
    assert status["authentication"]["needs_verification"] == ["identity", "document"]
    assert status["authentication"]["identity"]["services"]["idv"]["last_rejected"]


def test_a_new_user_has_nothing(client: Any) -> None:
    one = client("a1-sandbox-new")
    assert one.ask(balance=1)["balance"] == {"balance": 0, "currency": "", "loginid": "VRTC900021"}
    assert "authentication" not in one.ask(get_account_status=1)["get_account_status"]
    for call in ("app_list", "login_history", "mt5_login_list", "oauth_apps"):
        assert one.ask(**{call: 1})[call] == []
    assert one.ask(get_self_exclusion=1)["get_self_exclusion"] == {}
    assert one.ask(statement=1)["statement"]["transactions"] == []
    assert one.ask(portfolio=1)["portfolio"]["contracts"] == []
    assert one.ask(proposal_open_contract=1, subscribe=1)["proposal_open_contract"] == {}
    assert one.ask(payout_currencies=1)["payout_currencies"] == ["BTC", "ETH", "EUR", "USD"]


def test_a_server_that_is_down_is_a_row_of_its_own(client: Any) -> None:
    rows = client("sandbox-rich-read").ask(mt5_login_list=1)["mt5_login_list"]
    assert [set(row) == {"error"} for row in rows] == [False, False, True]


def test_login_history(client: Any) -> None:
    one = client("sandbox-rich-read")
    assert len(one.ask(login_history=1)["login_history"]) == 10
    rows = one.ask(login_history=1, limit=50)["login_history"]
    assert [row["time"] for row in rows] == sorted((row["time"] for row in rows), reverse=True)
    one.ask(authorize="sandbox-rich-read", add_to_login_history=1)
    assert one.ask(login_history=1, limit=1)["login_history"][0]["ip"] == "127.0.0.1"
    failed = client("sandbox-trouble-read").ask(login_history=1)["login_history"]
    assert {row["status"] for row in failed} == {0, 1}


def test_creating_and_deleting_api_tokens(client: Any) -> None:
    one = client("sandbox-rich-all")
    before = one.ask(api_token=1)["api_token"]["tokens"]
    made = one.ask(api_token=1, new_token="A name", new_token_scopes=["trade"], valid_for_current_ip_only=1)[
        "api_token"
    ]
    assert made["new_token"] == 1
    row = made["tokens"][-1]
    assert (row["display_name"], row["scopes"], row["valid_for_ip"]) == ("A name", ["trade"], "127.0.0.1")
    other = client(row["token"])
    assert other.code(get_settings=1) == "PermissionDenied"
    gone = one.ask(api_token=1, delete_token=row["token"])["api_token"]
    assert gone == {"delete_token": 1, "tokens": before}
    assert other.code(statement=1) == "InvalidToken"
    assert one.code(api_token=1, delete_token="nosuch") == "InvalidToken"
    assert one.code(api_token=1, new_token="x") == "InputValidationFailed"


def test_apps(client: Any) -> None:
    one = client("sandbox-rich-read")
    listed = one.ask(app_list=1)["app_list"]
    assert listed[0]["homepage"] is None
    assert one.ask(app_get=listed[0]["app_id"])["app_get"]["homepage"] == ""
    assert one.code(app_get=1) == "AppGet"


def test_rates(client: Any) -> None:
    one = client()
    assert one.ask(exchange_rates=1, base_currency="BTC")["exchange_rates"]["rates"]["USD"] == 64_000
    spread = one.ask(exchange_rates=1, base_currency="BTC", target_currency="EUR", include_spread=1)
    rate = spread["exchange_rates"]["rates"]["EUR"]
    assert rate["bid_rate"] < rate["spot_rate"] < rate["ask_rate"]
    assert one.code(exchange_rates=1, base_currency="XYZ") == "ExchangeRatesNotAvailable"
    assert one.code(exchange_rates=1, base_currency="USD", subscribe=1) == "MissingTargetCurrency"


def test_places(client: Any) -> None:
    one = client()
    assert one.ask(landing_company="ID")["landing_company"]["id"] == "id"
    assert one.code(landing_company="zz") == "UnknownLandingCompany"
    assert set(one.ask(residence_list=1, query=["value"])["residence_list"][0]) == {"value"}
    assert client("sandbox-rich-btc").ask(payout_currencies=1)["payout_currencies"] == ["BTC"]
    assert one.code(ticks=[]) == "InputValidationFailed"
