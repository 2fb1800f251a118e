from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.net.pending import PendingCall
from dpyauth.net.rate_limits import MINUTE, RateLimits, SendQueue
from dpyauth.sandbox.limits import Limits


def pending(req_id: int, lane: str = "general", *, changes: bool = False) -> PendingCall:
    return PendingCall("call", req_id, "", deadline=30.0, timeout=30.0, lane=lane, changes=changes)


@pytest.fixture
def lanes() -> SendQueue:
    budget = RateLimits()
    budget.learn({"api_call_limits": Limits(outcome=(1, 100), general=(10, 100)).announce()})
    return SendQueue(budget)


def take(lanes: SendQueue, now: float = 0.0) -> list[int]:
    """Take all that may go, as the link does."""
    taken = []
    while (call := lanes.take(now)) is not None:
        lanes.budget.spend(call.lane, now)
        taken.append(call.req_id)
    return taken


def test_first_come_first_served_across_lanes(lanes: SendQueue) -> None:
    for number, lane in enumerate(["general", "pricing", "general", "outcome", "pricing"]):
        lanes.put(pending(number, lane))
    assert take(lanes) == [0, 1, 2, 3, 4]
    assert lanes.take(0.0) is None
    assert lanes.wake_at == math.inf


def test_a_lane_that_must_wait_does_not_hold_up_the_others(lanes: SendQueue) -> None:
    for number, lane in enumerate(["outcome", "outcome", "general", "outcome", "general"]):
        lanes.put(pending(number, lane))
    assert take(lanes) == [0, 2, 4]
    assert lanes.wake_at == MINUTE
    assert take(lanes, 59.0) == []
    assert lanes.wake_at == MINUTE
    assert take(lanes, 60.0) == [1]
    assert lanes.wake_at == 120.0
    assert take(lanes, 120.0) == [3]
    assert lanes.wake_at == math.inf


def test_a_change_goes_before_everything(lanes: SendQueue) -> None:
    lanes.put(pending(1))
    lanes.put(pending(2, changes=True))
    lanes.put(pending(3, changes=True))
    assert take(lanes) == [2, 3, 1]


def test_first_means_before_the_others(lanes: SendQueue) -> None:
    lanes.put(pending(1))
    lanes.put(pending(3), first=True)
    lanes.put(pending(2), first=True)
    assert take(lanes) == [2, 3, 1]


def test_a_lane_held_up_for_an_hour() -> None:
    budget = RateLimits()
    budget.learn({"api_call_limits": Limits(outcome=(4, 4)).announce()})
    lanes = SendQueue(budget)
    for number, lane in enumerate([*["outcome"] * 5, "general"]):
        lanes.put(pending(number, lane))
    assert take(lanes) == [0, 1, 2, 3, 5]
    assert lanes.wake_at >= 3600
    assert take(lanes, 3599.0) == []
    assert take(lanes, lanes.wake_at) == [4]
    assert lanes.wake_at == math.inf


def test_nothing_is_left_after_clearing(lanes: SendQueue) -> None:
    for number in range(3):
        lanes.put(pending(number, "outcome"))
    lanes.put(pending(9, changes=True))
    take(lanes)
    assert lanes.wake_at < math.inf
    lanes.clear()
    assert lanes.wake_at == math.inf
    assert take(lanes, 1e6) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["general", "outcome", "pricing"]), st.booleans(), st.sampled_from([0.0, 0.0, 1.0, 30.0])
        ),
        max_size=60,
    )
)
def test_whoever_wakes_up_when_told_gets_every_call_once_and_in_order(steps: list[tuple[str, bool, float]]) -> None:
    budget = RateLimits()
    budget.learn({"api_call_limits": Limits(general=(6, 500), outcome=(2, 500), pricing=(3, 500)).announce()})
    lanes, now = SendQueue(budget), 0.0
    order: dict[str, list[int]] = {"general": [], "outcome": [], "pricing": []}
    lane_of = {}
    for number, (lane, changes, pause) in enumerate(steps):
        lane_of[number] = "changes" if changes else lane
        lanes.put(pending(number, lane, changes=changes))
        now += pause
        for req_id in take(lanes, now):
            order.setdefault(lane_of[req_id], []).append(req_id)
    for _ in range(len(steps) + 1):
        if lanes.wake_at == math.inf:
            break
        assert lanes.wake_at > now, "a busy loop"
        now = lanes.wake_at
        for req_id in take(lanes, now):
            order[lane_of[req_id]].append(req_id)
    assert sorted(number for taken in order.values() for number in taken) == list(range(len(steps)))
    assert all(taken == sorted(taken) for taken in order.values())
