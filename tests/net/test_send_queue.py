"""Test the order in which waiting calls are sent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.net.pending import PendingCall
from dpyauth.net.rate_limits import MINUTE, RateLimits, SendQueue
from dpyauth.sandbox.limits import Limits


def pending(req_id: int, bucket: str = "general", *, changes: bool = False) -> PendingCall:
    return PendingCall("call", req_id, "", deadline=30.0, timeout=30.0, bucket=bucket, changes=changes)


@pytest.fixture
def queue() -> SendQueue:
    budget = RateLimits()
    budget.learn({"api_call_limits": Limits(outcome=(1, 100), general=(10, 100)).announce()})
    return SendQueue(budget)


def take(queue: SendQueue, now: float = 0.0) -> list[int]:
    """Take all calls that may be sent, as the protocol does."""
    taken = []
    while (call := queue.take(now)) is not None:
        queue.rate_limits.spend(call.bucket, now)
        taken.append(call.req_id)
    return taken


def test_first_come_first_served_across_buckets(queue: SendQueue) -> None:
    for number, bucket in enumerate(["general", "pricing", "general", "outcome", "pricing"]):
        queue.put(pending(number, bucket))
    assert take(queue) == [0, 1, 2, 3, 4]
    assert queue.take(0.0) is None
    assert queue.wake_at == math.inf


def test_a_bucket_that_must_wait_does_not_hold_up_the_others(queue: SendQueue) -> None:
    for number, bucket in enumerate(["outcome", "outcome", "general", "outcome", "general"]):
        queue.put(pending(number, bucket))
    assert take(queue) == [0, 2, 4]
    assert queue.wake_at == MINUTE
    assert take(queue, 59.0) == []
    assert queue.wake_at == MINUTE
    assert take(queue, 60.0) == [1]
    assert queue.wake_at == 120.0
    assert take(queue, 120.0) == [3]
    assert queue.wake_at == math.inf


def test_a_change_goes_before_everything(queue: SendQueue) -> None:
    queue.put(pending(1))
    queue.put(pending(2, changes=True))
    queue.put(pending(3, changes=True))
    assert take(queue) == [2, 3, 1]


def test_first_means_before_the_others(queue: SendQueue) -> None:
    queue.put(pending(1))
    queue.put(pending(3), first=True)
    queue.put(pending(2), first=True)
    assert take(queue) == [2, 3, 1]


def test_a_bucket_held_up_for_an_hour() -> None:
    budget = RateLimits()
    budget.learn({"api_call_limits": Limits(outcome=(4, 4)).announce()})
    queue = SendQueue(budget)
    for number, bucket in enumerate([*["outcome"] * 5, "general"]):
        queue.put(pending(number, bucket))
    assert take(queue) == [0, 1, 2, 3, 5]
    assert queue.wake_at >= 3600
    assert take(queue, 3599.0) == []
    assert take(queue, queue.wake_at) == [4]
    assert queue.wake_at == math.inf


def test_nothing_is_left_after_clearing(queue: SendQueue) -> None:
    for number in range(3):
        queue.put(pending(number, "outcome"))
    queue.put(pending(9, changes=True))
    take(queue)
    assert queue.wake_at < math.inf
    queue.clear()
    assert queue.wake_at == math.inf
    assert take(queue, 1e6) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["general", "outcome", "pricing"]), st.booleans(), st.sampled_from([0.0, 0.0, 1.0, 30.0])
        ),
        max_size=60,
    )
)
def test_waking_up_when_told_yields_every_call_once_and_in_order(steps: list[tuple[str, bool, float]]) -> None:
    budget = RateLimits()
    budget.learn({"api_call_limits": Limits(general=(6, 500), outcome=(2, 500), pricing=(3, 500)).announce()})
    queue, now = SendQueue(budget), 0.0
    order: dict[str, list[int]] = {"general": [], "outcome": [], "pricing": []}
    bucket_of = {}
    for number, (bucket, changes, pause) in enumerate(steps):
        bucket_of[number] = "changes" if changes else bucket
        queue.put(pending(number, bucket, changes=changes))
        now += pause
        for req_id in take(queue, now):
            order.setdefault(bucket_of[req_id], []).append(req_id)
    for _ in range(len(steps) + 1):
        if queue.wake_at == math.inf:
            break
        assert queue.wake_at > now, "a busy loop"
        now = queue.wake_at
        for req_id in take(queue, now):
            order[bucket_of[req_id]].append(req_id)
    assert sorted(number for taken in order.values() for number in taken) == list(range(len(steps)))
    assert all(taken == sorted(taken) for taken in order.values())
