"""Make the calls of the example programs of Deriv's own v3 clients, in their order."""

from __future__ import annotations

from typing import Any

import pytest
from traders import Open, Trader

RISE: dict[str, Any] = {"contract_type": "CALL", "currency": "USD", "symbol": "R_100"}
A_MINUTE: dict[str, Any] = {**RISE, "amount": 10, "barrier": "+0.1", "basis": "payout", "duration": 1}
A_MINUTE["duration_unit"] = "m"
SYMBOLS = {"active_symbols": "brief", "product_type": "basic"}


def test_a_bot_that_buys_and_sells(trader: Open) -> None:
    one = trader("v3")
    one.ask(ping=1)
    one.ask(**SYMBOLS)
    assert one.ask(balance=1)["currency"] == "USD"
    one.ask(asset_index=1)
    terms = {**RISE, "amount": 100, "barrier": "+0.1", "basis": "payout", "duration": 60, "duration_unit": "s"}
    offer = one.ask(proposal=1, **terms)
    bought = one.ask(buy=offer["id"], price=100)
    assert bought["buy_price"] == offer["ask_price"]
    assert bought["longcode"]
    one.later(1)
    assert one.state(bought["contract_id"])["is_sold"] == 0
    one.later(1)
    assert one.ask(sell=bought["contract_id"], price=30)["sold_for"] >= 30
    assert one.ask(profit_table=1, description=1, sort="ASC")["count"] == 50
    assert one.ask(statement=1, description=1, limit=100, offset=25)["count"] == 100


def test_a_bot_that_buys_what_pays_enough(trader: Open) -> None:
    one = trader("v3")
    first = one.reply(proposal=1, subscribe=1, **{**A_MINUTE, "duration": 160, "duration_unit": "s"})
    assert first["proposal"]["payout"] >= 10
    bought = one.ask(buy=first["proposal"]["id"], price=10)
    one.reply(proposal_open_contract=1, contract_id=bought["contract_id"], subscribe=1)
    one.later(2)
    assert one.receive()["proposal_open_contract"]["contract_id"] == bought["contract_id"]
    assert one.ask(forget=first["subscription"]["id"]) == 0


def test_a_bot_with_streams_of_its_money(trader: Open) -> None:
    one = trader("v3")
    one.ask(get_account_status=1)
    one.reply(balance=1, subscribe=1)
    one.ask(active_symbols="brief")
    one.reply(transaction=1, subscribe=1)
    terms = {**RISE, "symbol": "frxUSDJPY", "amount": 10, "basis": "stake", "duration": 15, "duration_unit": "m"}
    offer = one.reply(proposal=1, subscribe=1, **terms)["proposal"]
    assert offer["payout"] >= 19
    one.client.send({"buy": offer["id"], "price": offer["ask_price"]})
    told = {reply["msg_type"]: reply for reply in (one.receive() for _ in range(3))}
    assert told["transaction"]["transaction"]["symbol"] == "frxUSDJPY"
    assert told["balance"]["balance"]["balance"] == told["buy"]["buy"]["balance_after"]
    number = told["buy"]["buy"]["contract_id"]
    one.reply(proposal_open_contract=1, contract_id=number, subscribe=1)
    one.later(15 * 60)
    told = {reply["msg_type"]: reply for reply in (one.receive() for _ in range(3))}
    state = told["proposal_open_contract"]["proposal_open_contract"]
    assert state["is_expired"] == state["is_sold"] == 1
    assert told["transaction"]["transaction"]["amount"] == state["sell_price"]
    assert one.ask(sell_expired=1) == {"count": 0}


@pytest.mark.parametrize(
    "request_",
    [
        SYMBOLS,
        {"contracts_for": "R_50", "currency": "USD", "landing_company": "svg", "product_type": "basic"},
        {"portfolio": 1},
        {"profit_table": 1, "description": 1, "limit": 10, "offset": 25, "sort": "ASC"},
        {"proposal_open_contract": 1},
        {"sell_expired": 1},
        {"statement": 1, "description": 1, "limit": 10, "offset": 25},
        {"ticks_history": "R_50", "adjust_start_time": 1, "count": 10, "end": "latest", "start": 1, "style": "ticks"},
        {"website_status": 1},
    ],
    ids=lambda request: next(iter(request)),
)
def test_the_examples_of_the_documentation(trader: Open, request_: dict[str, Any]) -> None:
    assert trader("v3").ask(**request_)


def test_a_page_that_shows_a_price_and_stays_connected(trader: Open) -> None:
    one = trader("v3")
    assert one.ask(proposal=1, subscribe=1, **A_MINUTE)["display_value"]
    one.later(2)
    assert one.receive()["proposal"]["payout"] == 10
    assert one.ask(ping=1) == "pong"


def test_a_page_that_buys(trader: Open) -> None:
    one: Trader = trader("v3", "a1-sandbox-rich-demo")
    parameters = {**RISE, "symbol": "R_10", "amount": 1, "basis": "stake", "duration": 1, "duration_unit": "m"}
    bought = one.reply(buy=1, subscribe=1, price=10, parameters=parameters)["buy"]
    assert bought["buy_price"] == 1
    one.later(30)
    assert one.receive()["proposal_open_contract"]["is_sold"] == 0
    one.later(30)
    assert one.receive()["proposal_open_contract"]["status"] in ("won", "lost")
    assert one.ask(balance=1, account="all", subscribe=1)["accounts"]
