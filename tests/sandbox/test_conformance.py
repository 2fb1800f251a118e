"""Check every reply against Deriv's published schema."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from published import published

from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.ledgers import DAY, END
from dpyauth.sandbox.v3.handlers import HANDLERS

SCHEMAS = published("v3")
USERS = ("a1-sandbox-rich-usd", "a1-sandbox-rich-btc", "a1-sandbox-rich-demo", "a1-sandbox-trouble", "a1-sandbox-new")

ANYONE: list[dict[str, Any]] = [
    {"ping": 1},
    {"time": 1},
    {"website_status": 1},
    {"forget": "0" * 32},
    {"forget_all": "ticks"},
    {"forget_all": ["candles", "balance"]},
    {"landing_company": "id"},
    {"payout_currencies": 1},
    {"exchange_rates": 1, "base_currency": "USD"},
    {"exchange_rates": 1, "base_currency": "USD", "target_currency": "BTC", "include_spread": 1},
    {"active_symbols": "brief"},
    {"active_symbols": "full", "product_type": "basic"},
    {"trading_times": "today"},
    {"trading_times": "2026-11-01"},
    {"ticks": "R_50"},
    {"ticks_history": "R_50", "end": "latest"},
    {"ticks_history": "R_100", "end": "latest", "count": 3, "style": "candles", "granularity": 3600},
    {"ticks_history": "frxEURUSD", "end": str(END), "start": END - DAY, "adjust_start_time": 1},
    {"residence_list": 1},
    {"residence_list": 1, "query": ["text", "value"]},
    {"states_list": "id"},
    {"states_list": "xx"},
    {"website_config": 1},
    {"asset_index": 1},
    {"asset_index": 1, "landing_company": "svg"},
    {"contracts_for": "R_50"},
    {"contracts_for": "frxEURUSD", "currency": "BTC", "landing_company": "svg", "product_type": "basic"},
    {"contracts_for_company": 1},
]
SIGNED_IN: list[dict[str, Any]] = [
    {"account_list": 1},
    {"balance": 1},
    {"balance": 1, "account": "all"},
    {"get_account_status": 1},
    {"get_settings": 1},
    {"get_limits": 1},
    {"get_self_exclusion": 1},
    {"login_history": 1},
    {"login_history": 1, "limit": 50},
    {"kyc_auth_status": 1},
    {"kyc_auth_status": 1, "landing_companies": ["svg", "virtual"]},
    {"kyc_auth_status": 1, "landing_company": "svg", "country": "id"},
    {"connect_status": 1},
    {"mt5_login_list": 1},
    {"app_list": 1},
    {"oauth_apps": 1},
    {"statement": 1},
    {"statement": 1, "limit": 999, "offset": 5, "description": 1},
    {"statement": 1, "action_type": "escrow"},
    {"statement": 1, "action_type": "transfer", "description": 1},
    {"statement": 1, "date_from": END - 30 * DAY, "date_to": END},
    {"profit_table": 1},
    {"profit_table": 1, "limit": 500, "description": 1, "sort": "ASC"},
    {"profit_table": 1, "contract_type": ["MULTUP"], "date_from": "2026-1-1", "date_to": str(END)},
    {"portfolio": 1},
    {"portfolio": 1, "contract_type": ["CALL"]},
    {"reality_check": 1},
    {"proposal_open_contract": 1},
    {"payout_currencies": 1},
    {"sell_expired": 1},
]


@functools.cache
def validator(call: str) -> Validator:
    schema = SCHEMAS[call]["reply"]
    if call == "account_list":  # it requires a field that it forbids, so no reply can conform
        schema["properties"]["account_list"]["items"]["required"].remove("broker_code")
    return validator_for(schema)(schema)


def conforms(call: str, reply: dict[str, Any]) -> None:
    errors = [f"{list(error.absolute_path)}: {error.message[:300]}" for error in validator(call).iter_errors(reply)]
    assert not errors, "\n".join(errors)


def shown(request: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in request.items())[:60]


@pytest.mark.parametrize("request_", ANYONE, ids=shown)
def test_replies_without_sign_in(client: Any, request_: dict[str, Any]) -> None:
    reply = client().ask(**request_)
    assert "error" not in reply
    conforms(next(iter(request_)), reply)


@pytest.mark.parametrize("token", USERS)
def test_replies_after_sign_in(client: Any, token: str) -> None:
    one = client()
    conforms("authorize", one.ask(authorize=token, add_to_login_history=1))
    for request in SIGNED_IN:
        one.send({**request, "req_id": 7})
        replies = [one.receive()]
        if request == {"proposal_open_contract": 1}:
            one.send({"ping": 1})
            while (more := one.receive())["msg_type"] != "ping":
                replies.append(more)
        for reply in replies:
            assert "error" not in reply, reply
            assert reply["req_id"] == 7
            conforms(next(iter(request)), reply)
    conforms("logout", one.ask(logout=1))


def test_every_contract_of_the_portfolio_and_some_closed_ones(client: Any) -> None:
    one = client("sandbox-rich-all")
    closed = one.ask(profit_table=1, limit=40)["profit_table"]["transactions"]
    held = one.ask(portfolio=1)["portfolio"]["contracts"]
    for row in held + closed:
        reply = one.ask(proposal_open_contract=1, contract_id=row["contract_id"])
        conforms("proposal_open_contract", reply)
        assert reply["proposal_open_contract"]["buy_price"] == row["buy_price"]
        assert reply["proposal_open_contract"]["is_sold"] == (row in closed)


def test_api_tokens_and_apps(client: Any) -> None:
    one = client("sandbox-rich-all")
    conforms("api_token", one.ask(api_token=1))
    made = one.ask(api_token=1, new_token="Conformance", new_token_scopes=["read", "admin"])
    conforms("api_token", made)
    token = made["api_token"]["tokens"][-1]["token"]
    conforms("api_token", one.ask(api_token=1, delete_token=token))
    for app in one.ask(app_list=1)["app_list"]:
        conforms("app_get", one.ask(app_get=app["app_id"]))
    made = one.ask(
        app_register=1, name="Conformance", scopes=["read"], redirect_uri="http://localhost/", app_markup_percentage=1.5
    )
    conforms("app_register", made)
    app_id = made["app_register"]["app_id"]
    conforms("app_update", one.ask(app_update=app_id, name="Other", scopes=[], homepage="https://example.com"))
    conforms("app_list", one.ask(app_list=1))
    conforms("app_delete", one.ask(app_delete=app_id))
    conforms("revoke_oauth_app", one.ask(revoke_oauth_app=16929))


def test_a_new_user(box: Sandbox, client: Any) -> None:
    app = box.world.apps.find(box.app_id)
    assert app is not None
    [grant] = box.world.let_in(app, box.world.sign_up("someone@example.com"))
    one = client()
    conforms("authorize", one.ask(authorize=grant.value))
    for request in SIGNED_IN:
        conforms(next(iter(request)), one.ask(**request))


def test_streams_of_prices(client: Any) -> None:
    one = client("sandbox-rich-read")
    for request in (
        {"ticks": ["1HZ100V", "cryBTCUSD"], "subscribe": 1},
        {"exchange_rates": 1, "base_currency": "USD", "target_currency": "EUR", "subscribe": 1},
        {"ticks_history": "R_10", "end": "latest", "count": 2, "subscribe": 1},
        {"ticks_history": "1HZ10V", "end": "latest", "count": 2, "style": "candles", "subscribe": 1},
        {"proposal_open_contract": 1, "subscribe": 1},
    ):
        one.send(request)
    firsts: set[str] = set()
    updated: set[str] = set()
    while len(updated) < 3 + 1 + 1 + len(one_contracts(client)):
        reply = one.receive()
        stream = reply["subscription"]["id"]
        (updated if stream in firsts else firsts).add(stream)
        if reply["msg_type"] == "ohlc":
            ohlc(reply)
        else:
            conforms("ticks" if reply["msg_type"] == "tick" else next(iter(reply["echo_req"])), reply)


def one_contracts(client: Any) -> list[Any]:
    return client("sandbox-rich-read").ask(portfolio=1)["portfolio"]["contracts"]


def ohlc(reply: dict[str, Any]) -> None:
    """Check this message here, because none of the published schemas has it."""
    candle = reply["ohlc"]
    assert set(candle) == {
        *("open", "high", "low", "close", "epoch", "granularity", "id", "open_time", "pip_size", "symbol")
    }
    assert all(isinstance(candle[side], str) for side in ("open", "high", "low", "close"))
    assert float(candle["low"]) <= float(candle["close"]) <= float(candle["high"])
    assert candle["open_time"] <= candle["epoch"] < candle["open_time"] + candle["granularity"]


def test_streams_of_events(box: Sandbox, client: Any) -> None:
    one = client("a1-sandbox-rich-usd")
    for request in (
        {"balance": 1, "subscribe": 1},
        {"balance": 1, "account": "all", "subscribe": 1},
        {"transaction": 1, "subscribe": 1},
        {"website_status": 1, "subscribe": 1},
    ):
        conforms(next(iter(request)), one.ask(**request))
    box.pay("CR900001", 12.5)
    updates = [one.receive() for _ in range(3)]
    assert [reply["msg_type"] for reply in updates] == ["balance", "balance", "transaction"]
    box.faults.maintenance("updating", refuse=False)
    updates.append(one.receive())
    assert updates[-1]["website_status"]["site_status"] == "updating"
    for reply in updates:
        conforms(reply["msg_type"], reply)


def test_every_simulated_call_is_tested_here() -> None:
    tried = {next(iter(request)) for request in ANYONE + SIGNED_IN}
    elsewhere = {"authorize", "logout", "api_token", "app_get", "transaction"}
    elsewhere |= {"proposal", "buy", "sell", "cancel", "contract_update", "contract_update_history"}
    elsewhere |= {"app_register", "app_update", "app_delete", "revoke_oauth_app"}
    assert tried | elsewhere == set(HANDLERS)
