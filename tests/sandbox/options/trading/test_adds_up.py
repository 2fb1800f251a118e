"""Whatever is bought, sold, paid out or waited for, the money adds up."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from traders import DAY, DIGITS, Open, Trader, both

from dpyauth.sandbox import Sandbox

MARKETS = ("R_100", "1HZ10V", "cryBTCUSD")
ACTIONS = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from([*DIGITS, "CALL", "PUT", "PUTE"]), st.integers(35, 300_000)),
    st.tuples(st.just("multiply"), st.sampled_from(["MULTUP", "MULTDOWN"]), st.integers(35, 300_000)),
    st.tuples(st.just("propose"), st.sampled_from(MARKETS), st.integers(35, 20_000)),
    st.tuples(st.sampled_from(["sell", "cancel", "update"]), st.none(), st.integers(0, 20)),
    st.tuples(st.just("wait"), st.none(), st.sampled_from([1, 5, 40, 700, DAY])),
    st.tuples(st.just("pay"), st.none(), st.integers(-50_000, 50_000)),
)


def act(one: Trader, box: Sandbox, account: str, what: str, kind: Any, number: int) -> None:
    """Do something, which may be refused."""
    parameters: dict[str, Any] = {}
    match what:
        case "buy":
            digits = {"duration": 3, "duration_unit": "t", "barrier": "4"} if kind in DIGITS else {}
            parameters = one.terms(contract_type=kind, amount=number / 100, **digits)
        case "multiply":
            extra = ({"cancellation": "5m"}, {"limit_order": {"take_profit": 2, "stop_loss": 0.2}}, {})[number % 3]
            parameters = one.multiplier(contract_type=kind, amount=number / 100, **extra)
        case "propose":
            reply = one.reply(proposal=1, **one.terms(basis="payout", amount=number / 100, on=kind, duration=600))
            if "proposal" in reply:
                one.reply(buy=reply["proposal"]["id"], price=number / 100)
        case "wait":
            one.later(number)
        case "pay":
            try:
                box.pay(account, number / 100, "deposit" if number > 0 else "withdrawal")
            except ValueError:
                assert number / 100 < -one.balance
        case _:
            held = sorted(one.open)
            chosen = held[number % len(held)] if held else 1
            fields = {"sell": {"sell": chosen, "price": 0}, "cancel": {"cancel": chosen}}.get(
                what, {"contract_update": 1, "contract_id": chosen, "limit_order": {"stop_loss": number / 10}}
            )
            one.reply(**fields)
    if parameters:
        one.reply(buy="1", price=5_000, parameters=parameters)


def every(one: Trader, call: str, size: int, **more: Any) -> list[Any]:
    rows: list[Any] = []
    while True:
        page = one.ask(**{call: 1}, limit=size, offset=len(rows), **more)["transactions"]
        rows += page
        if len(page) < size:
            return rows


@both
def test_money_adds_up_whatever_is_done(timed: Sandbox, trader: Open, api: str) -> None:
    one = trader(api, "sandbox-rich-demo" if api == "v3" else None)
    account = "VRTC900003" if api == "v3" else "DOT900003"
    start = one.clock.now

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(ACTIONS, min_size=1, max_size=12))
    def run(actions: list[Any]) -> None:
        for action in actions:
            act(one, timed, account, *action)
        rows = every(one, "statement", 999)[::-1]
        balance = 0
        for row in rows:
            balance += round(row["amount"] * 100)
            assert round(row["balance_after"] * 100) == balance >= 0
        assert round(one.balance * 100) == balance
        closed, held = every(one, "profit_table", 500), one.open
        bought = {row["contract_id"]: row for row in rows if row["action_type"] == "buy"}
        sold = {row["contract_id"]: row for row in rows if row["action_type"] == "sell"}
        assert {row["contract_id"] for row in closed} == set(sold)
        assert set(held) == set(bought) - set(sold)
        for row in closed:
            assert row["buy_price"] == -bought[row["contract_id"]]["amount"]
            assert row["sell_price"] == sold[row["contract_id"]]["amount"]
        for number, row in held.items():
            assert row["buy_price"] == -bought[number]["amount"]
        times = [row["transaction_time"] for row in rows if row["transaction_time"] >= start]
        assert times == sorted(times)

    run()
