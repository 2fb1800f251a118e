"""Test waiting calls: how each one ends, once, and when."""

from __future__ import annotations

import math
import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from dpyauth.errors import CallTimeout, ConnectionLost, OutcomeUnknown, RateLimited, SessionClosed
from dpyauth.net.pending import MAX_LOSSES, PATIENCE, PendingCall, PendingCalls


def pending(
    req_id: int = 1, *, deadline: float = 30.0, sent: bool = False, waited: float = 0.0, **more: Any
) -> PendingCall:
    sent_at = 0.0 if sent else None
    made = PendingCall(call="buy", req_id=req_id, text="{}", deadline=deadline, timeout=30.0, sent_at=sent_at, **more)
    made.waited = waited
    return made


@pytest.fixture
def calls() -> PendingCalls:
    return PendingCalls()


def test_a_call_ends_once() -> None:
    delivered: list[PendingCall] = []
    call = pending(deliver=delivered.append)
    assert not call.done
    call.resolve({"first": 1})
    call.resolve({"second": 1})
    call.fail(SessionClosed("x"))
    assert call.done
    assert (call.reply, call.error) == ({"first": 1}, None)
    other = pending(2, deliver=delivered.append)
    other.fail(SessionClosed("x"))
    other.resolve({})
    assert isinstance(other.error, SessionClosed)
    assert other.reply is None
    assert delivered == [call, other]


def test_a_call_is_done_when_it_is_delivered() -> None:
    seen: list[Any] = []
    call = pending(deliver=lambda call: seen.append((call.done, call.reply)))
    call.resolve({"x": 1})
    assert seen == [(True, {"x": 1})]


@pytest.mark.parametrize("end", [lambda call: call.resolve({"x": 1}), lambda call: call.fail(SessionClosed("x"))])
def test_another_thread_that_sees_a_call_done_sees_its_result(end: Callable[[PendingCall], None]) -> None:
    call, looked = pending(), []

    def look(frame: FrameType, event: str, argument: Any) -> Any:  # another thread may look between any two lines
        looked.append((call.done, call.reply is not None or call.error is not None))
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        end(call)
    finally:
        sys.settrace(before)
    assert (True, True) in looked
    assert (True, False) not in looked


def test_only_one_of_many_threads_ends_a_call() -> None:
    delivered: Counter[int] = Counter()
    made = [pending(number, deliver=lambda call: delivered.update([call.req_id])) for number in range(300)]
    start = threading.Barrier(4)

    def end(number: int) -> None:
        start.wait(5)
        for call in made:
            call.resolve({"by": number}) if number % 2 else call.fail(SessionClosed("x"))

    threads = [threading.Thread(target=end, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert set(delivered.values()) == {1}
    assert len(delivered) == 300
    assert all((call.reply is None) != (call.error is None) for call in made)


def test_the_text_is_not_shown() -> None:
    call = pending()
    call.text = "secret text"
    call.reply = {"token": "C4nary"}
    assert "secret text" not in repr(call)
    assert "C4nary" not in repr(call)


def test_calls_are_found_by_their_number(calls: PendingCalls) -> None:
    one, two = pending(1), pending(2)
    calls.add(one)
    calls.add(two)
    assert calls.get(1) is one
    assert list(calls) == [one, two]
    assert len(calls) == 2
    assert one in calls
    assert pending(1) not in calls
    assert calls.get(3) is None
    calls.remove(one)
    calls.remove(one)
    assert calls.get(1) is None
    assert one not in calls


def test_the_next_deadline_is_never_late(calls: PendingCalls) -> None:
    assert calls.next_deadline == math.inf
    calls.add(pending(1, deadline=20, sent=True))
    calls.add(pending(2, deadline=10, sent=True))
    calls.add(pending(3, deadline=30, sent=True))
    assert calls.next_deadline == 10
    calls.expire(15, ready=True)
    assert calls.next_deadline == 20
    calls.expire(40, ready=True)
    assert calls.next_deadline == math.inf
    assert len(calls) == 0


def test_a_call_held_by_the_rate_limits_gets_more_time(calls: PendingCalls) -> None:
    held = pending(deadline=20, waited=100.0)
    calls.add(held)
    calls.expire(20, ready=True)
    assert not held.done
    assert calls.next_deadline == 20 + PATIENCE - 100
    calls.expire(20 + PATIENCE - 100, ready=True)
    assert type(held.error) is RateLimited


def test_a_held_call_gets_no_more_time_without_a_connection(calls: PendingCalls) -> None:
    held = pending(deadline=20)
    calls.add(held)
    calls.expire(20, ready=False)
    assert type(held.error) is ConnectionLost


@pytest.mark.parametrize(
    ("state", "ready", "reason", "kind", "said"),
    [
        ({"sent": True}, True, "", CallTimeout, "did not answer 'buy' within 30 s"),
        ({"sent": True}, False, "down", CallTimeout, "did not answer 'buy' within 30 s"),
        ({"sent": True, "changes": True}, True, "", OutcomeUnknown, "no reply within 30 s"),
        ({"sent": True, "changes": True}, False, "down", OutcomeUnknown, "no reply within 30 s"),
        ({"changes": True}, False, "", ConnectionLost, "not sent: .*no connection within 30 s"),
        ({}, False, "down", ConnectionLost, "not sent: .*no connection within 30 s: down"),
        ({"waited": PATIENCE}, True, "", RateLimited, "waited 10 minutes for Deriv's rate limits and was not sent"),
    ],
)
def test_time_is_up(
    calls: PendingCalls, state: dict[str, Any], ready: bool, reason: str, kind: type, said: str
) -> None:
    call = pending(**state)
    calls.add(call)
    calls.expire(29.9, ready=ready, reason=reason)
    assert not call.done
    calls.expire(30, ready=ready, reason=reason)
    error = call.error
    assert type(error) is kind
    assert error.call == "buy"
    with pytest.raises(kind, match=said):
        raise error


def test_the_connection_is_lost(calls: PendingCalls) -> None:
    read, waiting = pending(1, sent=True), pending(2)
    change, early = pending(3, changes=True, sent=True), pending(4, changes=True)
    for call in (read, waiting, change, early):
        calls.add(call)
    assert calls.connection_lost("cable cut") == 1
    assert list(calls) == [read, waiting]
    assert (read.sent, read.losses) == (False, 1)
    assert waiting.losses == 0
    assert isinstance(change.error, OutcomeUnknown)
    assert "cable cut" in str(change.error)
    assert type(early.error) is ConnectionLost


def test_a_read_is_given_up_after_a_few_losses(calls: PendingCalls) -> None:
    read = pending()
    calls.add(read)
    for _ in range(MAX_LOSSES - 1):
        read.sent_at = 0.0
        assert calls.connection_lost("cable cut") == 1
        assert not read.done
    read.sent_at = 0.0
    assert calls.connection_lost("cable cut") == 0
    assert type(read.error) is ConnectionLost
    assert f"broke {MAX_LOSSES} times" in str(read.error)
    assert len(calls) == 0


def test_all_end(calls: PendingCalls) -> None:
    error = SessionClosed("closed")
    read, change = pending(1, sent=True), pending(2, sent=True, changes=True)
    early = pending(3, changes=True)
    for call in (read, change, early):
        calls.add(call)
    calls.fail_all(error)
    assert len(calls) == 0
    for call in (read, early):
        assert type(call.error) is SessionClosed
        assert call.error is not error
        assert call.error.call == "buy"
    assert isinstance(change.error, OutcomeUnknown)


def test_a_callback_for_failures_is_called() -> None:
    told: list[PendingCall] = []
    calls = PendingCalls(told.append)
    late, lost, left, answered = (pending(number, sent=True) for number in range(4))
    late.deadline, lost.losses = 10, MAX_LOSSES - 1
    for call in (late, lost, left, answered):
        calls.add(call)
    calls.remove(answered)
    calls.expire(10, ready=True)
    calls.connection_lost("cable cut")
    calls.fail_all(SessionClosed("closed"))
    assert told == [late, lost, left]
    assert all(call.error for call in told)
