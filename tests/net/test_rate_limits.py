"""Test how many calls Deriv allows, with a simulated clock."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.net.rate_limits import HOUR, MINUTE, PENALTIES, RateLimits
from dpyauth.sandbox.limits import Limits

LANES = ["general", "outcome", "pricing"]


def learned(**limits: tuple[int, int]) -> RateLimits:
    budget = RateLimits()
    budget.learn({"api_call_limits": Limits(**limits).announce()})
    return budget


def spend(budget: RateLimits, lane: str, times: int, now: float) -> None:
    for _ in range(times):
        assert budget.wait(lane, now) == 0
        budget.spend(lane, now)


@pytest.mark.parametrize(
    ("call", "lane"),
    [
        ("statement", "outcome"),
        ("portfolio", "outcome"),
        ("profit_table", "outcome"),
        ("proposal", "pricing"),
        ("proposal_open_contract", "pricing"),
        ("balance", "general"),
        ("nonsense", "general"),
    ],
)
def test_every_call_has_a_bucket(call: str, lane: str) -> None:
    assert RateLimits().bucket_of(call) == lane


@pytest.mark.parametrize(("lane", "most"), [("general", 180), ("outcome", 25), ("pricing", 80)])
def test_the_limit_per_minute(lane: str, most: int) -> None:
    budget = RateLimits()
    spend(budget, lane, most, 1000.0)
    assert budget.wait(lane, 1000.0) == MINUTE
    assert budget.wait(lane, 1040.0) == 20
    assert budget.wait(lane, 1000.0 + MINUTE) == 0


def test_the_minute_is_a_sliding_window() -> None:
    budget = learned(outcome=(3, 100))
    for now in (0.0, 20.0, 50.0):
        spend(budget, "outcome", 1, now)
    assert budget.wait("outcome", 50.0) == 10
    spend(budget, "outcome", 1, 60.0)
    assert budget.wait("outcome", 60.0) == 20


def test_the_limit_per_hour() -> None:
    budget = learned(outcome=(5, 10))
    now = 0.0
    for _ in range(2):
        spend(budget, "outcome", 5, now)
        now += MINUTE
    wait = budget.wait("outcome", now)
    assert HOUR - 2 * MINUTE <= wait <= HOUR
    assert budget.wait("outcome", now + wait) == 0


def test_a_used_up_bucket_stops_only_itself_unless_it_is_the_general_one() -> None:
    budget = learned(outcome=(2, 100), general=(5, 100))
    spend(budget, "outcome", 2, 0.0)
    assert budget.wait("outcome", 0.0) > 0
    assert budget.wait("pricing", 0.0) == budget.wait("general", 0.0) == 0
    spend(budget, "general", 3, 0.0)  # the other two count here as well
    assert [budget.wait(lane, 0.0) for lane in LANES] == [MINUTE] * 3


def test_refusals_in_a_row_make_longer_pauses() -> None:
    budget, now = RateLimits(), 0.0
    for pause in (*PENALTIES, PENALTIES[-1]):
        budget.refused("outcome", now)
        assert budget.wait("outcome", now) == pause
        assert budget.wait("general", now) == 0
        now += pause
        assert budget.wait("outcome", now) == 0


def test_refusals_of_concurrent_calls_count_once() -> None:
    budget = RateLimits()
    for late in range(10):
        budget.refused("outcome", late / 10)
    assert budget.wait("outcome", 1.0) == PENALTIES[0] - 1


def test_an_answer_resets_the_pauses() -> None:
    budget = RateLimits()
    budget.refused("outcome", 0.0)
    budget.granted("outcome")
    budget.refused("outcome", 100.0)
    assert budget.wait("outcome", 100.0) == PENALTIES[0]


def test_the_limits_are_learned() -> None:
    budget = learned(general=(220, 14_400), outcome=(30, 1_500), pricing=(90, 3_600))
    assert budget.left(0.0) == {"general": 220, "outcome": 30, "pricing": 90}
    assert budget.bucket_of("statement") == "outcome"


def test_lowering_a_limit_keeps_what_was_spent() -> None:
    budget = RateLimits()
    for now in range(10):
        budget.spend("outcome", float(now))
    budget.learn({"api_call_limits": Limits(outcome=(3, 100)).announce()})
    assert budget.left(9.0)["outcome"] == 0
    assert budget.wait("outcome", 9.0) == 7 + MINUTE - 9


def test_calls_that_deriv_names_for_a_limit_are_counted_there() -> None:
    budget = RateLimits()
    said = {"max_requests_outcome": {"applies_to": "portfolio, statement, profit_table, reality_check", "minutely": 9}}
    budget.learn({"api_call_limits": said})
    assert budget.bucket_of("reality_check") == "outcome"
    assert budget.bucket_of("statement") == "outcome"
    assert budget.bucket_of("balance") == "general"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["minutely", "hourly", "applies_to", "x"]), inner),
)
KEYS = ["max_requestes_general", "max_requests_outcome", "max_requests_pricing"]


@given(JSON | st.fixed_dictionaries({"api_call_limits": JSON | st.dictionaries(st.sampled_from(KEYS), JSON)}))
def test_any_reply_about_limits_is_accepted(status: Any) -> None:
    budget = RateLimits()
    budget.learn(status)
    assert all(left > 0 for left in budget.left(0.0).values())
    assert all(budget.wait(lane, 0.0) == 0 for lane in LANES)
    assert budget.bucket_of("statement") == "outcome"
    assert budget.bucket_of("balance") in LANES


def test_a_huge_limit_never_causes_a_wait() -> None:
    budget = learned(outcome=(10**12, 10**12), general=(10**12, 10**12))
    for _ in range(1000):
        budget.spend("outcome", 0.0)
    assert budget.wait("outcome", 0.0) == 0


def test_half_spent() -> None:
    budget = learned(outcome=(10, 100))
    spend(budget, "outcome", 5, 0.0)
    assert not budget.half_spent("outcome")
    spend(budget, "outcome", 1, 0.0)
    assert budget.half_spent("outcome")
    assert not budget.half_spent("general")


@given(
    st.lists(
        st.tuples(st.sampled_from(LANES), st.floats(0, 90) | st.sampled_from([0.0, MINUTE, HOUR])),
        max_size=200,
    )
)
def test_waiting_as_long_as_told_keeps_within_the_limits(steps: list[tuple[str, float]]) -> None:
    limits = {"general": (7, 30), "outcome": (2, 9), "pricing": (4, 20)}
    budget, now = learned(**limits), 0.0
    sent: list[tuple[float, str]] = []
    for lane, pause in steps:
        now += pause
        now += budget.wait(lane, now)
        assert budget.wait(lane, now) <= 1e-6
        budget.spend(lane, now)
        sent.append((now, lane))
        for name, most in limits.items():
            when = [at for at, used in sent if name in ("general", used)]
            for window, count in zip((MINUTE, HOUR), most, strict=True):
                assert sum(at > now - window + 1e-6 for at in when) <= count
        left = budget.left(now)
        assert all(0 <= left[name] <= limits[name][0] for name in limits)


def test_the_remaining_calls_may_be_read_on_any_thread() -> None:
    """Asking changes nothing, so it cannot disturb the connection's own count."""
    budget = learned(general=(1000, 10_000))
    stop = threading.Event()
    wrong: list[Any] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                wrong.extend(left for left in budget.left(1e9).values() if left < 0)
            except Exception as error:
                wrong.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for count in range(3000):
        budget.wait("general", count / 100)
        budget.spend("general", count / 100)
    stop.set()
    thread.join(5)
    assert wrong == []
    assert budget.left(29.99)["general"] == 0


@pytest.mark.parametrize("odd", [0, -1, -(10**9), "220", "many", None, [], {}, True, 2.5, float("nan"), float("inf")])
def test_an_invalid_limit_changes_nothing(odd: Any) -> None:
    budget = RateLimits()
    said = {"minutely": odd, "hourly": odd}
    assert not budget.learn({"api_call_limits": {"max_requestes_general": said, "max_requests_outcome": said}})
    assert budget.minutely == RateLimits().minutely


def test_an_hour_has_room_for_a_minute() -> None:
    budget = RateLimits()
    assert budget.learn({"api_call_limits": {"max_requests_outcome": {"minutely": 30, "hourly": 1}}})
    spend(budget, "outcome", 29, 0.0)
    assert budget.wait("outcome", 0.0) == 0
