from __future__ import annotations

import math
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest

from dpyauth.errors import CallTimeout, ConnectionLost, OutcomeUnknown, SessionClosed
from dpyauth.wire.calls import MAX_LOSSES, Calls, Pending, Reply


def pending(req_id: int = 1, *, deadline: float = 30.0, **more: Any) -> Pending:
    return Pending(call="buy", req_id=req_id, text="{}", deadline=deadline, timeout=30.0, **more)


@pytest.fixture
def calls() -> Calls:
    return Calls()


def test_a_call_ends_once() -> None:
    call = pending()
    call.resolve({"first": 1})
    call.resolve({"second": 1})
    call.fail(SessionClosed("x"))
    assert call.future.result() == {"first": 1}
    other = pending()
    other.fail(SessionClosed("x"))
    other.resolve({})
    assert isinstance(other.future.exception(0), SessionClosed)


class CancelledInBetween(Future[Reply]):
    """A future that another thread cancels just after it was asked whether it has ended."""

    def done(self) -> bool:
        before = super().done()
        self.cancel()
        return before


@pytest.mark.parametrize("end", [lambda call: call.resolve({}), lambda call: call.fail(SessionClosed("x"))])
def test_a_waiter_that_leaves_at_the_last_moment_is_no_trouble(end: Any) -> None:
    for future in (CancelledInBetween(), Future[Reply]()):
        future.cancel()
        call = pending(future=future)
        end(call)
        with pytest.raises(CancelledError):
            call.future.result()
    end(pending(future=CancelledInBetween()))


def test_the_text_is_not_shown() -> None:
    call = pending()
    call.text = "secret text"
    assert "secret text" not in repr(call)


def test_calls_are_found_by_their_number(calls: Calls) -> None:
    one, two = pending(1), pending(2)
    calls.add(one)
    calls.add(two)
    assert calls.get(1) is one
    assert list(calls) == [one, two]
    assert len(calls) == 2
    for wrong in (3, True, 1.0, "1", None, [], {}):
        assert calls.get(wrong) is None
    calls.remove(one)
    calls.remove(one)
    assert calls.get(1) is None


def test_the_next_deadline_is_never_late(calls: Calls) -> None:
    assert calls.next_deadline == math.inf
    calls.add(pending(1, deadline=20))
    calls.add(pending(2, deadline=10))
    calls.add(pending(3, deadline=30))
    assert calls.next_deadline == 10
    calls.expire(15, None)
    assert calls.next_deadline == 20
    calls.expire(40, None)
    assert calls.next_deadline == math.inf
    assert len(calls) == 0


@pytest.mark.parametrize(
    ("state", "reason", "kind", "said"),
    [
        ({"sent": True}, None, CallTimeout, "did not answer 'buy' within 30 s"),
        ({"sent": True, "changes": True}, None, OutcomeUnknown, "no reply within 30 s"),
        ({"sent": True, "changes": True}, "down", OutcomeUnknown, "no reply within 30 s"),
        ({"changes": True}, None, CallTimeout, "did not answer"),
        ({}, "down", ConnectionLost, "not sent: .*no connection within 30 s: down"),
        ({}, None, CallTimeout, "did not answer"),
    ],
)
def test_time_is_up(calls: Calls, state: dict[str, bool], reason: str | None, kind: type, said: str) -> None:
    call = pending(**state)
    calls.add(call)
    calls.expire(29.9, reason)
    assert not call.future.done()
    calls.expire(30, reason)
    error = call.future.exception(0)
    assert type(error) is kind
    assert error.call == "buy"
    with pytest.raises(kind, match=said):
        raise error


def test_the_connection_is_lost(calls: Calls) -> None:
    read, waiting, change, early = pending(1), pending(2), pending(3, changes=True), pending(4, changes=True)
    read.sent = change.sent = True
    for call in (read, waiting, change, early):
        calls.add(call)
    calls.lost("cable cut")
    assert list(calls) == [read, waiting]
    assert (read.sent, read.losses) == (False, 1)
    assert waiting.losses == 0
    assert isinstance(change.future.exception(0), OutcomeUnknown)
    assert "cable cut" in str(change.future.exception(0))
    assert type(early.future.exception(0)) is ConnectionLost


def test_a_read_is_given_up_after_a_few_losses(calls: Calls) -> None:
    read = pending()
    calls.add(read)
    for _ in range(MAX_LOSSES - 1):
        read.sent = True
        calls.lost("cable cut")
        assert not read.future.done()
    read.sent = True
    calls.lost("cable cut")
    assert type(read.future.exception(0)) is ConnectionLost
    assert f"broke {MAX_LOSSES} times" in str(read.future.exception(0))
    assert len(calls) == 0


def test_all_end(calls: Calls) -> None:
    error = SessionClosed("closed")
    read, change = pending(1, sent=True), pending(2, sent=True, changes=True)
    early = pending(3, changes=True)
    for call in (read, change, early):
        calls.add(call)
    calls.fail_all(error)
    assert len(calls) == 0
    for call in (read, early):
        raised = call.future.exception(0)
        assert type(raised) is SessionClosed
        assert raised is not error
        assert raised.call == "buy"
    assert isinstance(change.future.exception(0), OutcomeUnknown)
