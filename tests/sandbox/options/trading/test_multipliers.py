"""Test contracts without a fixed end: their limits, and the right to cancel them."""

from __future__ import annotations

import itertools

import pytest
from traders import DAY, Open, both

from dpyauth.sandbox import price_feed


def moves(side: str, start: int, least: float) -> int:
    """Return the first second after a start in which R_100 has moved this far, as a share of its first price."""
    entry = price_feed.spot("R_100", start + 1)
    for second in itertools.count(start + 1):
        change = price_feed.spot("R_100", second) / entry - 1
        if (change if side == "MULTUP" else -change) >= least:
            return second
    raise AssertionError


@pytest.mark.parametrize("kind", ["MULTUP", "MULTDOWN"])
@both
def test_a_multiplier_takes_its_profit(trader: Open, api: str, kind: str) -> None:
    one = trader(api)
    start = int(one.clock.now)
    terms = one.multiplier(contract_type=kind, amount=100, multiplier=10, limit_order={"take_profit": 1})
    bought = one.buy(terms)
    assert bought["payout"] == 0
    number = bought["contract_id"]
    due = moves(kind, start, (1 + 0.2) / 1000)
    one.later(due - start - 1)
    state = one.state(number)
    assert state["status"] == "open"
    assert state["limit_order"]["take_profit"]["order_amount"] == 1
    assert {"stop_out", "take_profit"} == set(state["limit_order"])
    one.later(1)
    state = one.state(number)
    assert (state["status"], state["sell_time"]) == ("won", due)
    assert one.number(state["profit"]) >= 1
    assert one.closed(number)["multiplier"] == "10"


@both
def test_a_multiplier_is_stopped(trader: Open, api: str) -> None:
    one = trader(api)
    start = int(one.clock.now)
    stopped = one.buy(one.multiplier(amount=100, multiplier=10, limit_order={"stop_loss": 2}))["contract_id"]
    ruined = one.buy(one.multiplier(amount=100, multiplier=200))["contract_id"]
    one.later(30 * DAY)
    state = one.state(stopped)
    assert (state["status"], state["sell_time"]) == ("lost", moves("MULTDOWN", start, (2 - 0.2) / 1000))
    assert 97.5 < one.number(state["sell_price"]) <= 98
    state = one.state(ruined)
    assert (state["status"], one.number(state["sell_price"]), one.number(state["profit"])) == ("lost", 0, -100)


@both
def test_a_multiplier_that_was_not_read_for_months(trader: Open, api: str) -> None:
    one = trader(api)
    terms = one.multiplier(on="frxEURUSD", amount=100, multiplier=10, limit_order={"stop_loss": 30, "take_profit": 30})
    number = one.buy(terms)["contract_id"]
    one.later(300 * DAY)
    state = one.state(number)
    when, entry = state["sell_time"], float(state["entry_spot"])
    assert when > one.clock.now - 293 * DAY, "otherwise only the first days were checked"
    assert (when // DAY + 3) % 7 < 5
    gain = round(1000 * (price_feed.spot("frxEURUSD", when) / entry - 1) - 0.2, 2)
    assert one.number(state["profit"]) == gain
    assert state["status"] == ("won" if gain >= 30 else "lost")
    assert abs(gain) >= 30


@both
def test_limits_that_change(trader: Open, api: str) -> None:
    one = trader(api)
    number = one.buy(one.multiplier(amount=100, multiplier=10, limit_order={"take_profit": 50}))["contract_id"]
    one.later(5)
    told = one.ask(contract_update=1, contract_id=number, limit_order={"stop_loss": 40.5, "take_profit": None})
    assert told["stop_loss"]["order_amount"] == -40.5
    assert float(told["stop_loss"]["value"]) < float(one.state(number)["entry_spot"])
    assert told["take_profit"]["order_amount"] is None
    assert set(one.state(number)["limit_order"]) == {"stop_out", "stop_loss"}
    rows = one.ask(contract_update_history=1, contract_id=number)
    assert [(row["order_type"], row["order_amount"]) for row in rows] == [
        *(("take_profit", "0.00"), ("stop_loss", "-40.50"), ("take_profit", "50.00"))
    ]
    assert one.ask(contract_update_history=1, contract_id=number, limit=1) == rows[:1]
    for order, subcode in (
        ({}, "InvalidUpdateArgument"),
        ({"stop_loss": 0}, "LimitOrderAmountTooLow"),
        ({"stop_loss": 101}, "LimitOrderAmountTooHigh"),
        ({"take_profit": 0.001}, "LimitOrderIncorrectDecimal"),
        ({"stop_loss": 0.01}, "InvalidUpdateValue"),
    ):
        assert one.error(contract_update=1, contract_id=number, limit_order=order)["subcode"] == subcode
    assert one.ask(contract_update_history=1, contract_id=number) == rows
    other = one.buy()["contract_id"]
    error = one.error(contract_update=1, contract_id=other, limit_order={"stop_loss": 1})
    assert (error["code"], error["subcode"]) == ("ContractUpdateFailure", "ContractUpdateNotAllowed")


@both
def test_a_deal_is_cancelled(trader: Open, api: str) -> None:
    one = trader(api)
    before = one.balance
    terms = one.multiplier(amount=100, cancellation="5m")
    offer = one.ask(proposal=1, **terms)
    fee = offer["cancellation"]["ask_price"]
    assert offer["ask_price"] == round(100 + fee, 2)
    first, second = (one.buy(terms)["contract_id"] for _ in range(2))
    plain = one.buy(one.multiplier(amount=100))["contract_id"]
    one.later(200)
    state = one.state(first)
    assert (state["is_valid_to_cancel"], one.number(state["buy_price"])) == (1, offer["ask_price"])
    error = one.error(contract_update=1, contract_id=first, limit_order={"stop_loss": 1})
    assert error["subcode"] == "OrderUpdateNotAllowed"
    told = one.ask(cancel=first)
    assert told["sold_for"] == 100
    assert one.state(first)["status"] == "cancelled"
    row = one.closed(first)
    assert (row["buy_price"], row["sell_price"]) == (offer["ask_price"], 100)
    assert row["deal_cancellation_duration"] == "5m"
    assert one.error(cancel=first)["code"] == "NoOpenPosition"
    assert one.error(cancel=plain)["subcode"] == "DealCancellationNotBought"
    assert one.error(cancel=1)["code"] == "ContractNotFound"
    one.later(101)
    if one.state(second)["status"] == "open":
        error = one.error(cancel=second)
        assert (error["code"], error["subcode"]) == ("CannotCancelContract", "DealCancellationExpired")
    assert one.booked(first)[-1]["balance_after"] == round(before - 2 * offer["ask_price"], 2)


@both
def test_a_deal_that_can_be_cancelled_is_not_stopped(trader: Open, api: str) -> None:
    one = trader(api)
    start = int(one.clock.now)
    ruin = {
        kind: moves("MULTDOWN" if kind == "MULTUP" else "MULTUP", start, 1 / 200) for kind in ("MULTUP", "MULTDOWN")
    }
    kind = min(ruin, key=lambda kind: ruin[kind])
    assert ruin[kind] < start + 3600
    number = one.buy(one.multiplier(contract_type=kind, multiplier=200, amount=10, cancellation="60m"))["contract_id"]
    plain = one.buy(one.multiplier(contract_type=kind, multiplier=200, amount=10))["contract_id"]
    one.later(ruin[kind] - start)
    state = one.state(number)
    assert (state["status"], one.number(state["bid_price"])) == ("open", 0)
    assert one.state(plain)["status"] == "lost"
    assert one.ask(cancel=number)["sold_for"] == 10
