"""Answer the calls for automated trading, which only this API has."""

from __future__ import annotations

from typing import Any

from dpyauth.sandbox import dealing, offers
from dpyauth.sandbox.contracts import Contract
from dpyauth.sandbox.encoding import Reply
from dpyauth.sandbox.options.reply_shapes import contract_request
from dpyauth.sandbox.options.socket_ask import Ask
from dpyauth.sandbox.runs import STRATEGIES, SUPPORTED, Run


def list_strategies(ask: Ask) -> dict[str, Any]:
    """Answer with the strategies, and the schema of each one's parameters."""
    return {
        "strategies": [
            {
                "description": strategy.about,
                "display_name": strategy.title,
                "parameters": strategy.parameters,
                "strategy_id": strategy_id,
                "supported_contract_types": SUPPORTED,
            }
            for strategy_id, strategy in STRATEGIES.items()
        ]
    }


def start(ask: Ask) -> Reply:
    """Begin a run."""
    dealing.check_trader(ask.account, ask.user.status)
    template = ask.request["contract_template"]
    terms = offers.read(contract_request(template))
    strategy_id, parameters = ask.request["strategy_id"], ask.request["strategy_parameters"]
    return _told(ask, ask.world.automation.start(ask.account, template, terms, strategy_id, parameters))


def get(ask: Ask) -> Reply:
    """Answer with a run."""
    return _told(ask, _found(ask))


def list_runs(ask: Ask) -> dict[str, Any]:
    """Answer with every run of the account, without its contracts."""
    rows = [_state(run) for run in ask.world.automation.of(ask.account)]
    return {"runs": [{name: value for name, value in row.items() if name != "contracts"} for row in rows]}


def turn(status: str) -> Any:
    """Return the function for the call that sets this status of a run."""
    return lambda ask: _state(ask.world.automation.turn(_found(ask), status))


def _found(ask: Ask) -> Run:
    return ask.world.automation.find(ask.account, ask.request["run_id"])


def _told(ask: Ask, run: Run) -> Reply:
    """Return the state of a run, with a stream of its changes if requested; a run that has ended has none."""
    first = Reply(ask.call, _state(run))
    if ask.get("subscribe") and run.status != "stopped":
        ask.stream(
            ask.call,
            run.run_id,
            "run",
            lambda event: Reply(ask.call, _state(run)) if event is run else None,
            private=True,
            shows_id=False,
        ).stamp(first)
    return first


def _state(run: Run) -> dict[str, Any]:
    money = run.account.money
    shown: dict[str, Any] = {
        "contract_template": run.template,
        "contracts": [_contract(run, contract) for contract in run.contracts],
        "run_id": run.run_id,
        "start_time": run.started,
        "status": run.status,
        "strategy_id": run.strategy_id,
        "strategy_parameters": run.parameters,
        "total_payout": money(sum(contract.sell_price for contract in run.contracts)),
        "total_stake": money(sum(contract.price for contract in run.contracts)),
    }
    if run.status == "stopped":
        shown.update(stop_reason=run.reason, stop_time=run.stopped)
        if run.reason_code:
            shown["stop_reason_code"] = run.reason_code
    return shown


def _contract(run: Run, contract: Contract) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "buy_price": run.account.money(contract.price),
        "contract_id": contract.contract_id,
        "contract_status": "open",
        "purchase_time": contract.bought,
    }
    if contract.sold is not None:
        shown.update(
            contract_status="won" if contract.sell_price > contract.price else "lost",
            sell_price=run.account.money(contract.sell_price),
            sell_time=contract.sold,
        )
    return shown
