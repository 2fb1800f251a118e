"""Test rate limits: which calls are counted together, and for how long."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.limits import Meter, OptionsLimits


def test_groups_share_a_limit() -> None:
    meter = Meter(OptionsLimits(account=((60, 2),), outcome=((60, 1),)))
    assert meter.call("me", 1, "balance", 0)
    assert meter.call("me", 1, "statement", 0)
    assert not meter.call("me", 2, "balance", 59)
    assert meter.call("me", 1, "balance", 60)
    assert meter.call("you", 1, "balance", 0)
    assert meter.call("me", 1, "portfolio", 0)
    assert not meter.call("me", 1, "profit_table", 0)
    assert meter.call("me", 1, "time", 0)


def test_an_hour_counts_too() -> None:
    meter = Meter(OptionsLimits(pricing=((60, 2), (3600, 3))))
    assert [meter.call("me", 1, "proposal", now) for now in (0, 1, 60, 120, 3600)] == [True, True, True, False, True]


def test_pings_are_counted_by_connection_and_second() -> None:
    meter = Meter(OptionsLimits(ping=((1, 1),)))
    assert [meter.call("me", number, "ping", now) for number, now in ((1, 0), (1, 0.5), (2, 0.5), (1, 1))] == [
        True,
        False,
        True,
        True,
    ]


def test_no_limits() -> None:
    meter = Meter(None)
    assert all(meter.call("me", 1, "balance", 0) for _ in range(500))


def test_the_documented_numbers() -> None:
    limits = OptionsLimits()
    assert (limits.rest, limits.outcome[0], limits.ping) == (((60, 60),), (60, 30), ((1, 10),))


def test_over_http_and_over_a_socket(rest: Any, socket: Any, clock: Any) -> None:
    with Sandbox(clock=clock) as box:
        one = rest("rich", box)
        answers = [one.get("/trading/v1/options/accounts") for _ in range(61)]
        assert {answer.status_code for answer in answers[:60]} == {200}
        assert answers[60].status_code == 429
        assert answers[60].json()["errors"][0]["code"] == "RateLimit"
        assert rest("moved", box).get("/trading/v1/options/accounts").status_code == 200
        clock.now += 60
        account = socket("DOT900003", on=box)
        replies = [account.ask(portfolio=1) for _ in range(31)]
        assert "error" not in replies[29]
        assert replies[30]["error"]["code"] == "RateLimit"
        other = socket("ROT900001", on=box)
        assert other.code(profit_table=1) == "RateLimit", "the limit belongs to the user"
        public = socket(on=box)
        replies = [public.ask(ping=1) for _ in range(11)]
        assert replies[9]["ping"] == "pong"
        assert replies[10]["error"]["code"] == "RateLimit"


def test_one_address_is_counted_for_all_users(clock: Any) -> None:
    with Sandbox(clock=clock) as box, httpx.Client(base_url=box.rest, trust_env=False) as anyone:
        codes = [anyone.get("/account/v1/nickname").status_code for _ in range(301)]
    assert (codes[299], codes[300]) == (401, 429)


@pytest.mark.parametrize("limits", [None, False])
def test_a_sandbox_without_limits_has_none_here(limits: Any) -> None:
    assert Sandbox(limits=limits).options.meter.limits is None
    assert Sandbox().options.meter.limits == OptionsLimits()
