"""Test runs that buy one contract after another."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from traders import DIGITS, Open, Trader

from dpyauth.sandbox import Sandbox


@pytest.fixture
def runner(trader: Open) -> Trader:
    return trader("options")


def ticks(one: Trader, **wish: Any) -> dict[str, Any]:
    """Return a template of contracts that last a few ticks."""
    return one.terms(**{"contract_type": "DIGITEVEN", "duration": 1, "duration_unit": "t", "amount": 1, **wish})


def start(one: Trader, strategy: str = "martingale", template: Any = None, **parameters: Any) -> Any:
    return one.ask(
        auto_start=1,
        strategy_id=strategy,
        contract_template=template or ticks(one),
        strategy_parameters=parameters,
    )


def step(one: Trader, run: Any) -> Any:
    """Let the open contract of a run end; return the run."""
    one.later(4)
    return one.ask(auto_get=1, run_id=run["run_id"])


def to_the_end(one: Trader, run: Any) -> Any:
    """Let a run continue until it ends by itself; return it."""
    for _ in range(100):
        run = step(one, run)
        if run["status"] != "running":
            return run
    raise AssertionError("the run did not end")


def test_strategies(socket: Any, timed: Sandbox, runner: Trader) -> None:
    public = Trader("options", socket(on=timed), None)
    strategies = public.ask(auto_list_strategies=1)["strategies"]
    assert {row["strategy_id"] for row in strategies} == {"martingale", "dalembert"}
    for row in strategies:
        assert {"max_contracts", "profit_threshold", "loss_threshold"} < set(row["parameters"]["properties"])
        for kind in row["supported_contract_types"]:
            barrier = {"HIGHER": "+0.1", "LOWER": "-0.1"}.get(kind, "5" if kind in DIGITS else None)
            template = ticks(runner, contract_type=kind, duration=5, barrier=barrier)
            start(runner, row["strategy_id"], template, max_contracts=1)


@pytest.mark.parametrize("strategy", ["martingale", "dalembert"])
def test_a_run_buys_one_after_another(runner: Trader, strategy: str) -> None:
    before = runner.balance
    run = start(runner, strategy, max_contracts=6, **({"multiplier": 3} if strategy == "martingale" else {"unit": 2}))
    assert (run["status"], len(run["contracts"]), run["total_stake"]) == ("running", 1, 1)
    run = to_the_end(runner, run)
    assert (run["status"], run["stop_reason"], run["stop_reason_code"]) == (
        *("stopped", "condition_triggered", "max_contracts"),
    )
    rows = run["contracts"]
    assert len(rows) == 6
    for row, following in itertools.pairwise(rows):
        won = row["contract_status"] == "won"
        assert won == (row["sell_price"] > 0)
        lost, again = {"martingale": (3 * row["buy_price"], 1), "dalembert": (row["buy_price"] + 2, None)}[strategy]
        again = max(1, row["buy_price"] - 2) if again is None else again
        assert following["buy_price"] == (again if won else lost)
        assert following["purchase_time"] >= row["sell_time"]
    assert run["total_stake"] == sum(row["buy_price"] for row in rows)
    assert run["total_payout"] == round(sum(row["sell_price"] for row in rows), 2)
    assert runner.balance == round(before - run["total_stake"] + run["total_payout"], 2)
    assert {row["contract_id"] for row in rows} < {
        row["contract_id"] for row in runner.ask(profit_table=1, limit=500)["transactions"]
    }
    [told] = runner.ask(auto_list=1)["runs"]
    assert told == {name: value for name, value in run.items() if name != "contracts"}


@pytest.mark.parametrize(("name", "sign"), [("profit_threshold", 1), ("loss_threshold", -1)])
def test_a_run_ends_at_its_limits(runner: Trader, name: str, sign: int) -> None:
    run = start(runner, "dalembert", unit=0.1, max_contracts=100, **{name: 2.5})
    run = to_the_end(runner, run)
    assert run["stop_reason_code"] == name
    assert sign * (run["total_payout"] - run["total_stake"]) >= 2.5


def test_a_run_that_cannot_buy_any_more_ends(runner: Trader) -> None:
    run = start(runner, "martingale", ticks(runner, amount=900), multiplier=10, max_contracts=100)
    run = to_the_end(runner, run)
    assert (run["stop_reason"], run["stop_reason_code"]) == ("error", "ContractBuyValidationError")


def test_a_run_is_paused_and_stopped(runner: Trader, timed: Sandbox) -> None:
    run = start(runner, max_contracts=100)
    request = {"run_id": run["run_id"]}
    assert runner.ask(auto_pause=1, **request)["status"] == "paused"
    assert runner.error(auto_pause=1, **request)["code"] == "ValidationError"
    assert [len(step(runner, run)["contracts"]) for _ in range(2)] == [1, 1]
    resumed = runner.ask(auto_resume=1, **request)
    assert (resumed["status"], len(resumed["contracts"])) == ("running", 2)
    assert runner.error(auto_resume=1, **request)["code"] == "ValidationError"
    stopped = runner.ask(auto_stop=1, **request)
    assert (stopped["status"], stopped["stop_reason"]) == ("stopped", "user_stopped")
    assert stopped["stop_time"] == int(runner.clock.now)
    for call in ("auto_stop", "auto_pause", "auto_resume"):
        assert runner.error(**{call: 1}, **request)["code"] == "ValidationError"
    last = step(runner, run)
    assert [row["contract_status"] == "open" for row in last["contracts"]] == [False, False], "it ends by itself"


def test_a_run_sends_updates(runner: Trader) -> None:
    request = {"contract_template": ticks(runner), "strategy_id": "martingale", "strategy_parameters": {}}
    reply = runner.reply(auto_start=1, subscribe=1, req_id=8, **request)
    stream, run_id = reply["subscription"]["id"], reply["auto_start"]["run_id"]
    other = runner.reply(auto_get=1, run_id=run_id, subscribe=1)
    assert runner.error(auto_get=1, run_id=run_id, subscribe=1)["code"] == "AlreadySubscribed"
    runner.later(4)
    updates = [runner.receive() for _ in range(2)]
    assert {update["msg_type"] for update in updates} == {"auto_start", "auto_get"}
    for update in updates:
        assert len(update[update["msg_type"]]["contracts"]) == 2
    [update] = [update for update in updates if update["msg_type"] == "auto_start"]
    assert (update["req_id"], update["subscription"]["id"]) == (8, stream)
    assert runner.ask(forget=stream) == runner.ask(forget=other["subscription"]["id"]) == 1
    runner.ask(auto_stop=1, run_id=run_id)
    assert "subscription" not in runner.reply(auto_get=1, run_id=run_id, subscribe=1), "the run sends nothing more"


def test_runs_that_are_refused(runner: Trader, trader: Open) -> None:
    before, held = runner.balance, set(runner.open)
    template = ticks(runner)
    for wish, code, details in (
        ({"strategy_id": "x"}, "ValidationError", {"field": "strategy_id"}),
        ({"strategy_parameters": {"max_contracts": 0}}, "InputValidationFailed", None),
        ({"strategy_parameters": {"stop": 1}}, "InputValidationFailed", None),
        ({"contract_template": {**template, "underlying_symbol": "NOPE"}}, "OfferingsInvalidSymbol", None),
        ({"contract_template": {**template, "contract_type": "ACCU"}}, "NotSimulated", None),
        ({"contract_template": {**template, "amount": 0}}, "ContractBuyValidationError", {"field": "amount"}),
        ({"contract_template": ticks(runner, contract_type="CALL", barrier="+1")}, "ContractBuyValidationError", None),
        ({"contract_template": runner.multiplier()}, "ValidationError", {"field": "contract_type"}),
    ):
        request = {"strategy_id": "martingale", "strategy_parameters": {}, "contract_template": template, **wish}
        error = runner.error(auto_start=1, **request)
        assert error["code"] == code, (wish, error)
        assert details is None or error["details"] == details
    assert runner.ask(auto_list=1)["runs"] == []
    assert (runner.balance, set(runner.open)) == (before, held)
    run = start(runner)
    other = trader("options", "ROT900001")
    for call in ("auto_get", "auto_stop", "auto_pause", "auto_resume"):
        assert other.error(**{call: 1}, run_id=run["run_id"])["code"] == "NotFound"
        assert runner.error(**{call: 1}, run_id="x")["code"] == "NotFound"
    assert other.ask(auto_list=1)["runs"] == []
