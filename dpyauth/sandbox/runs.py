"""Automated trading: runs that buy one contract after another, with the sandbox's own strategies."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from dpyauth.catalog.schemas import problems
from dpyauth.sandbox import dealing
from dpyauth.sandbox.contracts import KINDS, Contract
from dpyauth.sandbox.currencies import money
from dpyauth.sandbox.encoding import Refusal
from dpyauth.sandbox.offers import Terms
from dpyauth.sandbox.users import Account

_MOST_CONTRACTS: Final = 100
_ENDS: Final = {
    "max_contracts": {"type": "integer", "minimum": 1, "maximum": _MOST_CONTRACTS, "default": 10},
    "profit_threshold": {"type": "number", "minimum": 0.01},
    "loss_threshold": {"type": "number", "minimum": 0.01},
}


class Strategy(NamedTuple):
    """Rule for the amount of the next contract."""

    title: str
    about: str
    own: Mapping[str, Any]  # schemas of its own parameters
    next: Callable[[Run, bool], int]  # amount of the next contract, given whether the last one was won

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the schema of its parameters."""
        return {"type": "object", "additionalProperties": False, "properties": {**self.own, **_ENDS}}


@dataclass(slots=True, eq=False)
class Run:
    """Run of a strategy for an account."""

    run_id: str
    account: Account
    template: Mapping[str, Any]
    terms: Terms
    strategy_id: str
    parameters: Mapping[str, Any]
    started: int
    amount: int  # of the latest contract, in the currency's smallest unit
    status: str = "running"
    reason: str = ""
    reason_code: str = ""
    stopped: int = 0
    contracts: list[Contract] = field(default_factory=list)

    def parameter(self, name: str) -> Any:
        """Return a parameter or its default; None if it has none."""
        known = STRATEGIES[self.strategy_id].parameters["properties"]
        return self.parameters.get(name, known[name].get("default"))

    @property
    def profit(self) -> float:
        """Return the profit of the closed contracts, in the account's currency."""
        closed = [contract for contract in self.contracts if contract.sold is not None]
        return money(sum(contract.sell_price - contract.price for contract in closed), self.account.currency)

    def end(self, now: int, reason: str, code: str = "") -> None:
        """Stop for good."""
        self.status, self.reason, self.reason_code, self.stopped = "stopped", reason, code, now

    def condition(self) -> str:
        """Return the condition that ends it now; empty if none does."""
        most, gain, loss = (self.parameter(name) for name in _ENDS)
        if gain is not None and self.profit >= gain:
            return "profit_threshold"
        if loss is not None and self.profit <= -loss:
            return "loss_threshold"
        return "max_contracts" if len(self.contracts) >= most else ""


def _martingale(run: Run, won: bool) -> int:
    return run.terms.amount if won else round(run.amount * run.parameter("multiplier"))


def _dalembert(run: Run, won: bool) -> int:
    step: int = round(run.parameter("unit") * run.terms.amount)
    return max(run.terms.amount, run.amount - step) if won else run.amount + step


_FACTOR: Final = {"type": "number", "minimum": 1, "maximum": 10, "default": 2}
_UNIT: Final = {"type": "number", "minimum": 0.1, "maximum": 10, "default": 1}
STRATEGIES: Final = {
    "martingale": Strategy("Martingale", "Multiplies the amount after a loss.", {"multiplier": _FACTOR}, _martingale),
    "dalembert": Strategy("D'Alembert", "Adds to the amount after a loss.", {"unit": _UNIT}, _dalembert),
}
SUPPORTED: Final = [kind for kind, facts in KINDS.items() if facts.category != "multiplier"]


class Automation:
    """All runs of a sandbox. A run continues at every request, and every second.

    Parameters
    ----------
    now, contract_id : callable
        Functions that return the current second, and the ID of a new contract.
    tell : callable
        Function that sends an event to streams.
    """

    def __init__(
        self, now: Callable[[], int], contract_id: Callable[[], int], tell: Callable[[str, object], None]
    ) -> None:
        self._now = now
        self._contract_id = contract_id
        self._tell = tell
        self._runs: dict[str, Run] = {}

    def start(
        self,
        account: Account,
        template: Mapping[str, Any],
        terms: Terms,
        strategy_id: str,
        parameters: Mapping[str, Any],
    ) -> Run:
        """Start a run by buying its first contract.

        Raises
        ------
        Refusal
            There is no such strategy, its parameters are wrong, or the contract cannot be bought.
        """
        strategy = STRATEGIES.get(strategy_id)
        if strategy is None:
            raise Refusal("ValidationError", "The sandbox has no such strategy.", {"field": "strategy_id"})
        if terms.kind not in SUPPORTED:
            raise Refusal("ValidationError", "No strategy buys contracts of this type.", {"field": "contract_type"})
        wrong = {
            str(next(iter(each.path), "strategy_parameters")) for each in problems(strategy.parameters, parameters)
        }
        if wrong:
            details = dict.fromkeys(sorted(wrong), "This value is not allowed here.")
            raise Refusal("InputValidationFailed", f"Input validation failed: {', '.join(sorted(wrong))}", details)
        now = self._now()
        run = Run(str(uuid.uuid4()), account, template, terms, strategy_id, parameters, now, terms.amount)
        self._buy(run, now)
        self._runs[run.run_id] = run
        return run

    def of(self, account: Account) -> list[Run]:
        """Return the runs of an account, newest first."""
        return [run for run in reversed(self._runs.values()) if run.account is account]

    def find(self, account: Account, run_id: str) -> Run:
        """Return a run of an account, or refuse any other."""
        run = self._runs.get(run_id)
        if run is None or run.account is not account:
            raise Refusal("NotFound", "This account has no such run.")
        return run

    def turn(self, run: Run, status: str) -> Run:
        """Pause, resume or stop a run."""
        allowed = {"paused": ("running",), "running": ("paused",), "stopped": ("running", "paused")}[status]
        if run.status not in allowed:
            raise Refusal("ValidationError", f"This run is {run.status}.", {"field": "run_id"})
        now = self._now()
        if status == "stopped":
            run.end(now, "user_stopped")
        else:
            run.status = status
        self._tell("run", run)
        self.go_on()
        return run

    def go_on(self) -> None:
        """Continue every run whose contract is closed: buy the next contract, or end."""
        now = self._now()
        for run in tuple(self._runs.values()):
            last = run.contracts[-1]
            if run.status != "running" or last.sold is None:
                continue
            if condition := run.condition():
                run.end(now, "condition_triggered", condition)
            else:
                run.amount = STRATEGIES[run.strategy_id].next(run, last.sell_price > last.price)
                try:
                    self._buy(run, now)
                except Refusal as refusal:
                    run.end(now, "error", refusal.code)
            self._tell("run", run)

    def _buy(self, run: Run, now: int) -> None:
        terms = replace(run.terms, amount=run.amount)
        row = dealing.buy(run.account, terms, now, self._contract_id(), most=float("inf"))
        assert row.contract is not None
        run.contracts.append(row.contract)
        self._tell("ledger", (run.account, row))
