"""Trade with the sandbox on either API, and check every reply against its schema."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from published import published

APIS = ("v3", "options")
both = pytest.mark.parametrize("api", APIS)
DAY = 86_400
DIGITS = ("DIGITMATCH", "DIGITDIFF", "DIGITEVEN", "DIGITODD", "DIGITOVER", "DIGITUNDER")


@functools.cache
def validator(api: str, call: str) -> Validator:
    schema = published(api)[call]["reply"]
    return validator_for(schema)(schema)


class Trader:
    """A client that trades with an account of one of the APIs, and checks every reply against the schema."""

    def __init__(self, api: str, client: Any, clock: Any) -> None:
        self.api, self.client, self.clock = api, client, clock
        self.symbol = "symbol" if api == "v3" else "underlying_symbol"

    def receive(self) -> dict[str, Any]:
        reply: dict[str, Any] = self.client.receive()
        call = {"tick": "ticks", "history": "ticks_history"}.get(reply["msg_type"], reply["msg_type"])
        if "error" not in reply:
            errors = [
                f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator(self.api, call).iter_errors(reply)
            ]
            assert not errors, (call, errors)
        return reply

    def reply(self, **request: Any) -> dict[str, Any]:
        self.client.send(request) if self.api == "v3" else self.client.send(**request)
        return self.receive()

    def ask(self, **request: Any) -> Any:
        """Return the payload of a reply, which must not be an error."""
        reply = self.reply(**request)
        assert "error" not in reply, reply
        return reply[reply["msg_type"]]

    def error(self, **request: Any) -> dict[str, Any]:
        """Return the error of a reply."""
        error: dict[str, Any] = self.reply(**request)["error"]
        return error

    def terms(self, **wish: Any) -> dict[str, Any]:
        """Return the fields of a contract: by default a rise within a minute."""
        usual = {"contract_type": "CALL", "amount": 10, "basis": "stake", "currency": "USD", "duration": 60}
        symbol = {self.symbol: wish.pop("on", "R_100")}
        return {key: value for key, value in {**usual, **symbol, **wish}.items() if value is not None}

    def multiplier(self, **wish: Any) -> dict[str, Any]:
        usual = {"contract_type": "MULTUP", "multiplier": 100, "duration": None, "basis": "stake"}
        return self.terms(**{**usual, **wish})

    def propose(self, **wish: Any) -> Any:
        return self.ask(proposal=1, **self.terms(**wish))

    def buy(self, parameters: dict[str, Any] | None = None, price: float = 1000, **wish: Any) -> Any:
        return self.ask(buy="1", price=price, parameters=parameters or self.terms(**wish))

    def state(self, contract_id: int) -> Any:
        return self.ask(proposal_open_contract=1, contract_id=contract_id)

    def number(self, value: Any) -> float:
        """Return an amount of `proposal_open_contract`, which is text on one of the APIs."""
        return round(float(value), 2)

    @property
    def balance(self) -> float:
        return float(self.ask(balance=1)["balance"])

    @property
    def open(self) -> dict[int, Any]:
        return {row["contract_id"]: row for row in self.ask(portfolio=1)["contracts"]}

    def closed(self, contract_id: int) -> Any:
        rows = self.ask(profit_table=1, limit=500, description=1)["transactions"]
        return next((row for row in rows if row["contract_id"] == contract_id), None)

    def booked(self, contract_id: int) -> list[Any]:
        """Return the ledger rows of a contract, oldest first."""
        rows = self.ask(statement=1, limit=100, description=1)["transactions"]
        return [row for row in reversed(rows) if row["contract_id"] == contract_id]

    def later(self, seconds: int) -> int:
        self.clock.now += seconds
        return int(self.clock.now)


Open = Callable[..., Trader]
