"""Test rate limits."""

from __future__ import annotations

from typing import Any

import pytest

from dpyauth.sandbox import Limits, Sandbox
from dpyauth.sandbox.limits import Meter


def over(meter: Meter, call: str, now: float, who: int = 1) -> bool:
    return not meter.call(who, 1, call, now)


def test_a_minute_and_an_hour() -> None:
    meter = Meter(Limits(general=(2, 3)))
    assert [over(meter, "time", 0) for _ in range(3)] == [False, False, True]
    assert [over(meter, "time", 60) for _ in range(2)] == [False, True]
    assert over(meter, "time", 3599)
    assert not over(meter, "time", 3600)


def test_kinds_of_calls_and_users_are_counted_apart() -> None:
    meter = Meter(Limits(general=(1, 9), outcome=(1, 9), pricing=(1, 9)))
    for call in ("time", "statement", "proposal_open_contract"):
        assert not over(meter, call, 0)
        assert over(meter, call, 0)
        assert not over(meter, call, 0, who=2)
    assert over(meter, "profit_table", 0), "it shares the statement's limit"


@pytest.mark.parametrize("limits", [True, Limits(outcome=(2, 100))])
def test_the_server_keeps_what_it_announces(limits: Any, client: Any) -> None:
    with Sandbox(limits=limits, clock=lambda: 1_793_491_200.0) as box:
        one = client("sandbox-rich-read", on=box)
        most = one.ask(website_status=1)["website_status"]["api_call_limits"]["max_requests_outcome"]["minutely"]
        for _ in range(most):
            assert "error" not in one.ask(statement=1, limit=1)
        assert one.code(statement=1) == "RateLimit"
        again = client("sandbox-rich-read", on=box)
        assert again.code(statement=1) == "RateLimit", "a new connection belongs to the same user"
        assert "ping" in one.ask(ping=1)


def test_limits_can_be_switched_off(client: Any) -> None:
    one = client()
    assert all("error" not in one.ask(ping=1) for _ in range(200))
