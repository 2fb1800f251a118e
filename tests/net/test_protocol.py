"""Test every step in the life of a connection, without a socket and with a simulated clock."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.errors import (
    CallTimeout,
    ConnectionFailed,
    ConnectionLost,
    DpyauthError,
    OutcomeUnknown,
    RateLimited,
    SessionClosed,
    SignInRefused,
)
from dpyauth.net.backoff import FIRST, LONGEST
from dpyauth.net.keepalive import DOUBT_AFTER, PING_EVERY, PING_TIMEOUT
from dpyauth.net.messages import error_code
from dpyauth.net.pending import MAX_LOSSES, OFF_TIMEOUT, PATIENCE, PendingCall
from dpyauth.net.protocol import HANDSHAKE_TIMEOUT, OVERSLEPT, OWN_TIMEOUT, Protocol
from dpyauth.net.rate_limits import MINUTE, PENALTIES, RateLimits
from dpyauth.net.retries import REOPEN_TRIES
from dpyauth.net.state import Handshake, State
from dpyauth.net.subscription import Subscription
from dpyauth.sandbox.limits import Limits

Tune = Callable[[str, object], None]

REFUSED = SignInRefused("no such token", code="InvalidToken")
BUSY = DpyauthError("busy")


def check(reply: dict[str, Any]) -> tuple[DpyauthError, bool] | None:
    return {None: None, "InvalidToken": (REFUSED, False)}.get(error_code(reply), (BUSY, True))


class Wire:
    """A protocol, its messages, its states, and the clock."""

    def __init__(self, greeting: bool = True, rate_limits: RateLimits | None = None, reads_early: bool = False) -> None:
        self.now = 1000.0
        self.events: list[tuple[str, str]] = []
        self.changes: list[State] = []
        self.readies: list[Any] = []
        self.sent: list[dict[str, Any]] = []
        self.protocol = Protocol(
            Handshake("authorize", lambda: {"authorize": "token"}, check, reads_early) if greeting else None,
            rate_limits=rate_limits,
            on_change=lambda state, reason: self.changes.append(state),
            on_ready=self.readies.append,
            on_event=lambda what, why, took: self.events.append((what, why)),
        )

    def call(self, name: str = "balance", *, timeout: float = 30.0, **more: Any) -> PendingCall:
        req_id = self.protocol.new_id()
        text = json.dumps({name: 1, "req_id": req_id})
        pending = PendingCall(call=name, req_id=req_id, text=text, deadline=self.now + timeout, timeout=timeout, **more)
        self.protocol.submit(pending, self.now)
        return pending

    def pump(self) -> list[dict[str, Any]]:
        """Take the messages to send."""
        out = []
        while (message := self.protocol.next_message(self.now)) is not None:
            out.append(json.loads(message))
        self.sent += out
        return out

    def reply(self, req_id: Any, **fields: Any) -> str | None:
        return self.protocol.received(json.dumps({"req_id": req_id, **fields}).encode(), self.now)

    def connect(self) -> dict[str, Any]:
        """Open a socket; return the greeting."""
        self.protocol.connection_made(self.now)
        return self.pump()[0]

    def tick(self, seconds: float) -> str | None:
        self.now += seconds
        return self.protocol.tick(self.now)


@pytest.fixture
def fresh() -> Wire:
    return Wire()


@pytest.fixture
def wire() -> Wire:
    """One that is signed in."""
    wire = Wire()
    wire.reply(wire.connect()["req_id"], authorize={})
    return wire


def failed(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "No."}}


# From the first connection to the sign-in


def test_connecting_greeting_signed_in(fresh: Wire) -> None:
    assert fresh.protocol.state is State.CONNECTING
    assert fresh.protocol.connect_delay(fresh.now) == 0
    early = fresh.call()
    assert fresh.pump() == []
    greeting = fresh.connect()
    assert greeting["authorize"] == "token"
    assert fresh.protocol.state is State.OPEN
    assert not fresh.protocol.ready
    assert fresh.pump() == []  # the call waits for the sign-in
    assert fresh.reply(greeting["req_id"], authorize={"loginid": "CR1"}) is None
    assert fresh.protocol.ready
    assert fresh.readies == [{"req_id": greeting["req_id"], "authorize": {"loginid": "CR1"}}]
    assert [message["req_id"] for message in fresh.pump()] == [early.req_id]
    assert early.sent
    assert fresh.changes == [State.OPEN, State.AUTHORISED]


@pytest.mark.parametrize("req_id", [True, 1.0, "1", None])
def test_a_number_of_another_type_does_not_answer_the_greeting(fresh: Wire, req_id: Any) -> None:
    assert fresh.connect()["req_id"] == 1
    fresh.reply(req_id, authorize={})
    assert not fresh.protocol.ready
    assert fresh.protocol.unmatched == 1


def test_without_a_greeting_it_is_ready_at_once() -> None:
    wire = Wire(greeting=False)
    call = wire.call("ping")
    wire.protocol.connection_made(wire.now)
    assert wire.readies == [None]
    assert wire.changes == [State.OPEN]
    assert [message["req_id"] for message in wire.pump()] == [call.req_id]


def test_a_failed_first_connection_is_final(fresh: Wire) -> None:
    call = fresh.call()
    fresh.protocol.connection_lost("nothing answers", fresh.now)
    assert fresh.protocol.state is State.CLOSED
    assert fresh.protocol.over
    assert fresh.protocol.connect_delay(fresh.now) is None
    assert type(fresh.protocol.failure) is ConnectionFailed
    assert "nothing answers" in str(fresh.protocol.failure)
    assert type(call.error) is ConnectionFailed


def test_the_error_of_a_failed_connection_may_be_passed(fresh: Wire) -> None:
    fresh.protocol.connection_lost("HTTP 401", fresh.now, error=REFUSED)
    assert fresh.protocol.failure is REFUSED


@pytest.mark.parametrize(("code", "error"), [("InvalidToken", REFUSED), ("RateLimit", BUSY)])
def test_a_refused_first_sign_in_is_final(fresh: Wire, code: str, error: DpyauthError) -> None:
    call = fresh.call()
    dropped = fresh.reply(fresh.connect()["req_id"], **failed(code))
    assert dropped == str(error)
    assert fresh.protocol.state is State.SIGNED_OUT
    assert fresh.protocol.failure is error
    assert type(call.error) is type(error)
    assert call.error is not error
    assert fresh.readies == []
    assert fresh.pump() == []
    fresh.protocol.connection_lost("closed", fresh.now)
    assert fresh.protocol.state is State.SIGNED_OUT
    assert fresh.protocol.connect_delay(fresh.now) is None


def test_a_sign_in_without_an_answer_drops_the_connection(fresh: Wire) -> None:
    fresh.connect()
    assert fresh.protocol.wake_at == fresh.now + HANDSHAKE_TIMEOUT
    assert fresh.tick(HANDSHAKE_TIMEOUT - 0.1) is None
    assert "sign-in" in str(fresh.tick(0.1))


# Replies


def test_each_reply_goes_to_its_call_in_any_order(wire: Wire) -> None:
    calls = [wire.call() for _ in range(4)]
    wire.pump()
    for call in reversed(calls):
        wire.reply(call.req_id, mine=call.req_id)
    assert [call.reply["mine"] for call in calls] == [call.req_id for call in calls]
    assert wire.protocol.unmatched == 0


def test_unmatched_replies_are_counted_and_ignored(wire: Wire) -> None:
    call, unsent = wire.call(), None
    wire.pump()
    wire.reply(call.req_id, first=1)
    unsent = wire.call()
    strays: list[Any] = [call.req_id, 999, True, None, 1.0, "1", [], {}, unsent.req_id, -1, 10**30]
    for req_id in strays:
        assert wire.reply(req_id, second=1) is None
    assert wire.protocol.received(b"{}", wire.now) is None
    assert wire.protocol.unmatched == len(strays) + 1
    assert call.reply == {"req_id": call.req_id, "first": 1}
    assert not unsent.done


def test_a_late_reply_is_unmatched(wire: Wire) -> None:
    call = wire.call(timeout=5)
    wire.pump()
    wire.tick(5)
    assert type(call.error) is CallTimeout
    wire.reply(call.req_id)
    assert wire.protocol.unmatched == 1


@pytest.mark.parametrize(
    "message",
    [b"", b"nonsense", b"[]", b"1", b"null", b"{", b"\xff\xfe", b'{"a": "\xff"}', b'{"a":' * 100_000, b"1" * 5000],
    ids=range(10),
)
def test_an_unreadable_message_drops_the_connection(wire: Wire, message: bytes) -> None:
    assert "not a reply" in str(wire.protocol.received(message, wire.now))


def test_exact_numbers(wire: Wire) -> None:
    exact, usual = wire.call(exact=True), wire.call()
    wire.pump()
    for call in (exact, usual):
        wire.protocol.received(b'{"req_id": %d, "balance": 0.10, "n": 5}' % call.req_id, wire.now)
    assert exact.reply["balance"] == Decimal("0.10")
    assert str(exact.reply["balance"]) == "0.10"
    assert exact.reply["n"] == 5
    assert type(usual.reply["balance"]) is float


@given(
    st.binary() | st.text().map(str.encode) | st.dictionaries(st.text(), st.integers()).map(json.dumps).map(str.encode)
)
def test_any_message_is_handled(message: bytes) -> None:
    wire = Wire()
    wire.reply(wire.connect()["req_id"], authorize={})
    call = wire.call()
    wire.pump()
    wire.protocol.received(message, wire.now)
    assert not call.done


# Losing the connection


def test_reads_are_sent_again_in_their_order_and_changes_are_not(wire: Wire) -> None:
    first, change = wire.call(), wire.call("buy", changes=True)
    wire.pump()
    second, early = wire.call(), wire.call("sell", changes=True)
    wire.protocol.connection_lost("cable cut", wire.now)
    assert wire.protocol.state is State.RECONNECTING
    assert wire.protocol.reason == "cable cut"
    assert isinstance(change.error, OutcomeUnknown)
    assert type(early.error) is ConnectionLost
    assert wire.pump() == []
    assert wire.protocol.connect_delay(wire.now) is not None
    wire.reply(wire.connect()["req_id"], authorize={})
    assert [message["req_id"] for message in wire.pump()] == [first.req_id, second.req_id]
    assert wire.protocol.reconnects == 1
    wire.reply(first.req_id)
    assert first.done


def test_a_change_is_not_taken_while_reconnecting_but_a_read_is(wire: Wire) -> None:
    wire.protocol.connection_lost("cable cut", wire.now)
    change, read = wire.call("buy", changes=True), wire.call()
    assert type(change.error) is ConnectionLost
    assert "cable cut" in str(change.error)
    assert not read.done
    wire.reply(wire.connect()["req_id"], authorize={})
    assert [message["req_id"] for message in wire.pump()] == [read.req_id]


def test_a_change_made_between_connection_and_sign_in_is_sent_after_it(wire: Wire) -> None:
    wire.protocol.connection_lost("cable cut", wire.now)
    greeting = wire.connect()
    change = wire.call("buy", changes=True)
    assert wire.pump() == []
    wire.reply(greeting["req_id"], authorize={})
    assert [message["req_id"] for message in wire.pump()] == [change.req_id]


def test_a_read_survives_only_a_few_losses(wire: Wire) -> None:
    read = wire.call()
    for _ in range(MAX_LOSSES):
        assert not read.done
        wire.pump()
        wire.protocol.connection_lost("cable cut", wire.now)
        wire.protocol.connection_made(wire.now)
        wire.reply(wire.pump()[0]["req_id"], authorize={})
    assert type(read.error) is ConnectionLost
    assert wire.pump() == []


def test_failed_attempts_do_not_count_as_losses(wire: Wire) -> None:
    read = wire.call()
    wire.pump()
    for _ in range(10):
        wire.protocol.connection_lost("nothing answers", wire.now)
    assert read.losses == 1
    assert not read.done


def test_a_reply_to_an_old_greeting_does_not_answer_the_new_one(wire: Wire) -> None:
    wire.protocol.connection_lost("cable cut", wire.now)
    old = wire.connect()["req_id"]
    wire.protocol.connection_lost("cable cut", wire.now)
    new = wire.connect()["req_id"]
    assert old != new
    wire.reply(old, authorize={})
    assert not wire.protocol.ready
    wire.reply(new, authorize={})
    assert wire.protocol.ready


def test_a_refusal_on_reconnecting_signs_out(wire: Wire) -> None:
    read = wire.call()
    wire.protocol.connection_lost("cable cut", wire.now)
    dropped = wire.reply(wire.connect()["req_id"], **failed("InvalidToken"))
    assert dropped == str(REFUSED)
    assert wire.protocol.state is State.SIGNED_OUT
    assert type(read.error) is SignInRefused
    later = wire.call()
    assert type(later.error) is SignInRefused
    assert later.error.call == "balance"


def test_a_temporary_refusal_on_reconnecting_does_not_sign_out(wire: Wire) -> None:
    read = wire.call()
    wire.protocol.connection_lost("cable cut", wire.now)
    assert wire.reply(wire.connect()["req_id"], **failed("RateLimit")) == "busy"
    wire.protocol.connection_lost("busy", wire.now)
    assert wire.protocol.state is State.RECONNECTING
    assert not read.done
    wire.reply(wire.connect()["req_id"], authorize={})
    assert wire.protocol.ready


def test_no_connection_within_the_timeout(wire: Wire) -> None:
    wire.protocol.connection_lost("cable cut", wire.now)
    read = wire.call(timeout=5)
    assert wire.protocol.wake_at == wire.now + 5
    wire.tick(5)
    assert type(read.error) is ConnectionLost
    assert "cable cut" in str(read.error)
    wire.reply(wire.connect()["req_id"], authorize={})
    assert wire.pump() == []


# Keeping it alive


def test_pings(wire: Wire) -> None:
    assert wire.protocol.wake_at == wire.now + PING_EVERY
    assert wire.tick(PING_EVERY) is None
    (ping,) = wire.pump()
    assert ping == {"ping": 1, "req_id": ping["req_id"]}
    wire.now += 0.25
    wire.reply(ping["req_id"], ping="pong")
    assert list(wire.protocol.round_trips) == [0.25]
    assert wire.protocol.wake_at == pytest.approx(wire.now + PING_EVERY - 0.25)
    assert wire.protocol.unmatched == 0


def test_pings_go_out_while_the_sign_in_is_awaited(wire: Wire, tune: Tune) -> None:
    tune("protocol.HANDSHAKE_TIMEOUT", 1000.0)
    wire.protocol.connection_lost("cable cut", wire.now)
    wire.connect()
    wire.tick(PING_EVERY)
    assert ["ping" in message for message in wire.pump()] == [True]


def test_a_missed_pong_drops_the_connection(wire: Wire) -> None:
    wire.tick(PING_EVERY)
    wire.pump()
    assert wire.protocol.wake_at == wire.now + PING_TIMEOUT
    assert wire.tick(PING_TIMEOUT - 0.1) is None
    assert "ping" in str(wire.tick(0.1))


def test_a_long_waiting_call_causes_a_ping(wire: Wire) -> None:
    """A connection that died silently is found while there is still time to ask again."""
    read = wire.call(timeout=30)
    (asked,) = wire.pump()
    assert wire.protocol.wake_at == wire.now + DOUBT_AFTER
    assert wire.tick(DOUBT_AFTER) is None
    assert ["ping" in message for message in wire.pump()] == [True]
    dropped = wire.tick(PING_TIMEOUT)
    assert dropped is not None
    assert "ping" in dropped
    wire.protocol.connection_lost(dropped, wire.now)
    wire.reply(wire.connect()["req_id"], authorize={})
    assert wire.pump() == [asked]
    wire.reply(read.req_id, balance={})
    assert read.reply is not None


def test_a_slow_answer_costs_one_ping(wire: Wire) -> None:
    wire.call()
    wire.pump()
    wire.tick(DOUBT_AFTER)
    (ping,) = wire.pump()
    wire.reply(ping["req_id"], ping="pong")
    wire.tick(DOUBT_AFTER)
    assert wire.pump() == []
    assert wire.protocol.wake_at == wire.now - DOUBT_AFTER + PING_EVERY


def test_each_long_waiting_call_causes_a_ping(wire: Wire) -> None:
    wire.call()
    wire.pump()
    wire.now += 3
    wire.call()
    wire.pump()
    wire.tick(DOUBT_AFTER - 3)
    (ping,) = wire.pump()
    wire.reply(ping["req_id"], ping="pong")
    assert wire.protocol.wake_at == wire.now + 3
    wire.tick(3)
    assert ["ping" in message for message in wire.pump()] == [True]


def test_calls_answered_in_time_cause_no_ping(wire: Wire) -> None:
    for _ in range(20):
        read = wire.call()
        wire.pump()
        wire.tick(1)
        wire.reply(read.req_id, balance={})
    assert not [message for message in wire.sent if "ping" in message]
    young = wire.call()
    wire.pump()
    wire.tick(DOUBT_AFTER - 0.5)
    assert wire.pump() == []
    assert wire.tick(0.5) is None
    assert ["ping" in message for message in wire.pump()] == [True]
    assert not young.done


def test_a_machine_that_slept_pings_again_first(wire: Wire) -> None:
    wire.tick(PING_EVERY)
    wire.pump()
    assert wire.tick(PING_TIMEOUT + OVERSLEPT + 0.1) is None
    assert len(wire.pump()) == 1
    assert "ping" in str(wire.tick(PING_TIMEOUT))


def test_a_machine_that_slept_during_the_sign_in_pings_again_first(fresh: Wire) -> None:
    fresh.connect()
    assert fresh.tick(HANDSHAKE_TIMEOUT + OVERSLEPT + 0.1) is None
    woke = fresh.now
    while (dropped := fresh.tick(fresh.protocol.wake_at - fresh.now)) is None:
        fresh.pump()
    assert "sign-in" in dropped
    assert fresh.now == pytest.approx(woke + PING_TIMEOUT)


def test_a_ping_that_never_went_out_does_not_go_before_the_sign_in(wire: Wire) -> None:
    wire.tick(PING_EVERY)
    wire.protocol.connection_lost("cable cut", wire.now)
    wire.protocol.connection_made(wire.now)
    assert ["authorize" in message for message in wire.pump()] == [True]


def test_the_first_reconnect_is_immediate_even_for_a_new_connection(fresh: Wire) -> None:
    assert fresh.protocol.connect_delay(fresh.now) == 0
    fresh.protocol.connecting(fresh.now)
    fresh.reply(fresh.connect()["req_id"], authorize={})
    fresh.now += 3
    fresh.protocol.connection_lost("cable cut", fresh.now)
    assert fresh.protocol.connect_delay(fresh.now) == 0


def test_no_timer_without_a_connection(wire: Wire) -> None:
    wire.protocol.connection_lost("cable cut", wire.now)
    assert wire.protocol.wake_at == math.inf


# Timeouts


@pytest.mark.parametrize(("changes", "kind"), [(False, CallTimeout), (True, OutcomeUnknown)])
def test_no_reply_within_the_timeout(wire: Wire, changes: bool, kind: type) -> None:
    call = wire.call(timeout=5, changes=changes)
    wire.pump()
    assert wire.protocol.wake_at == wire.now + 5
    assert wire.tick(4.9) is None
    assert not call.done
    assert wire.tick(0.1) is None
    assert type(call.error) is kind
    assert wire.protocol.ready


def test_a_call_that_timed_out_is_not_sent(fresh: Wire) -> None:
    greeting = fresh.connect()
    call = fresh.call(timeout=5)
    fresh.tick(5)
    fresh.reply(greeting["req_id"], authorize={})
    assert fresh.pump() == []
    assert call.done


# When Deriv forgets the sign-in


def drop(wire: Wire, reason: str | None) -> None:
    """Drop the connection, as the driver does when the protocol says so."""
    assert reason is not None
    wire.protocol.connection_lost(reason, wire.now)


def test_a_read_is_repeated_after_a_new_sign_in(wire: Wire) -> None:
    read, other = wire.call(), wire.call()
    wire.pump()
    drop(wire, wire.reply(read.req_id, **failed("AuthorizationRequired")))
    assert "not signed in" in wire.protocol.reason
    assert not read.done
    assert wire.pump() == []
    wire.reply(wire.connect()["req_id"], authorize={})
    assert [message["req_id"] for message in wire.pump()] == [read.req_id, other.req_id]
    wire.reply(read.req_id, balance={})
    assert read.reply == {"req_id": read.req_id, "balance": {}}


def test_a_read_is_repeated_after_a_new_sign_in_only_once(wire: Wire) -> None:
    read = wire.call()
    wire.pump()
    drop(wire, wire.reply(read.req_id, **failed("AuthorizationRequired")))
    wire.reply(wire.connect()["req_id"], authorize={})
    wire.pump()
    assert wire.reply(read.req_id, **failed("AuthorizationRequired")) is None
    assert read.reply["error"]["code"] == "AuthorizationRequired"
    assert "authorize" in wire.pump()[0]


def test_a_change_is_not_repeated_after_a_new_sign_in(wire: Wire) -> None:
    change = wire.call("buy", changes=True)
    wire.pump()
    wire.reply(change.req_id, **failed("AuthorizationRequired"))
    assert change.reply["error"]["code"] == "AuthorizationRequired"
    (greeting,) = wire.pump()
    assert "authorize" in greeting
    assert wire.protocol.ready  # until the answer says otherwise
    wire.reply(greeting["req_id"], authorize={})
    assert wire.pump() == []


def test_a_reply_about_an_invalid_token_causes_a_new_sign_in(wire: Wire) -> None:
    read, other = wire.call(), wire.call()
    wire.pump()
    wire.reply(read.req_id, **failed("InvalidToken"))
    assert read.reply["error"]["code"] == "InvalidToken"
    (greeting,) = wire.pump()
    assert wire.reply(greeting["req_id"], **failed("InvalidToken")) == str(REFUSED)
    assert wire.protocol.state is State.SIGNED_OUT
    assert type(other.error) is SignInRefused


def test_without_a_greeting_there_is_no_new_sign_in() -> None:
    wire = Wire(greeting=False)
    call = wire.call()
    wire.protocol.connection_made(wire.now)
    wire.pump()
    wire.reply(call.req_id, **failed("AuthorizationRequired"))
    assert call.reply["error"]["code"] == "AuthorizationRequired"
    assert wire.pump() == []


# Rate limits


def tight(wire: Wire, **limits: tuple[int, int]) -> None:
    wire.protocol.rate_limits.learn({"api_call_limits": Limits(**limits).announce()})


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    return [message["req_id"] for message in messages]


def test_calls_beyond_the_limit_are_held_and_wake_up_in_time(wire: Wire) -> None:
    tight(wire, outcome=(2, 100))
    held = [wire.call("statement") for _ in range(3)]
    other = wire.call()
    assert numbers(wire.pump()) == [held[0].req_id, held[1].req_id, other.req_id]
    assert not held[2].sent
    while wire.now < 1000 + MINUTE:
        wire.tick(wire.protocol.wake_at - wire.now)
        for message in wire.pump():
            if message["req_id"] != held[2].req_id:
                wire.reply(message["req_id"], ping="pong")
    assert held[2].sent_at == pytest.approx(1000 + MINUTE)


def test_waiting_for_the_limits_does_not_count_towards_the_timeout(wire: Wire) -> None:
    tight(wire, outcome=(1, 100))
    first, held = wire.call("statement"), wire.call("statement", timeout=5)
    wire.pump()
    wire.reply(first.req_id)
    wire.now += MINUTE
    wire.protocol.tick(wire.now)
    assert held.req_id in numbers(wire.pump())
    assert wire.protocol.wake_at <= wire.now + 5
    wire.now += 4.9
    wire.protocol.tick(wire.now)
    assert not held.done
    wire.now += 0.1
    wire.protocol.tick(wire.now)
    assert type(held.error) is CallTimeout


def test_waiting_for_the_limits_after_a_break_does_not_count_either(wire: Wire) -> None:
    tight(wire, outcome=(1, 100))
    first, held = wire.call("statement"), wire.call("statement", timeout=5)
    wire.pump()
    wire.reply(first.req_id)
    wire.now += 30
    wire.protocol.connection_lost("cable cut", wire.now)
    wire.tick(4)
    assert not held.done
    wire.reply(wire.connect()["req_id"], authorize={})
    wire.now += 30
    assert held.req_id in numbers(wire.pump())


def test_waiting_for_the_limits_is_bounded(wire: Wire) -> None:
    """Also if Deriv refuses the call again and again."""
    call = wire.call("statement", timeout=30)
    while not call.done and wire.now < 10_000:
        for message in wire.pump():
            wire.reply(message["req_id"], **(failed("RateLimit") if message["req_id"] == call.req_id else {}))
        wire.tick(wire.protocol.wake_at - wire.now)
    assert type(call.error) is RateLimited
    assert 1000 + PATIENCE < wire.now < 1000 + PATIENCE + 100


def test_a_rate_limited_read_waits_and_is_sent_first(wire: Wire) -> None:
    refused, later = wire.call("statement"), wire.call("statement")
    wire.pump()
    wire.reply(later.req_id)
    newer = wire.call("statement")
    assert wire.reply(refused.req_id, **failed("RateLimit")) is None
    assert wire.pump() == []
    wire.reply(refused.req_id, late=True)  # not under way
    assert wire.protocol.unmatched == 1
    wire.now += PENALTIES[0]
    assert numbers(wire.pump()) == [refused.req_id, newer.req_id]
    wire.reply(refused.req_id, statement={})
    assert refused.reply == {"req_id": refused.req_id, "statement": {}}


def test_the_refusal_of_a_change_is_its_answer(wire: Wire) -> None:
    change = wire.call("buy", changes=True)
    wire.pump()
    wire.reply(change.req_id, **failed("RateLimit"))
    assert change.reply["error"]["code"] == "RateLimit"
    assert wire.pump() == []


def test_changes_beyond_the_limit_are_not_sent_also_when_they_come_in_one_go(wire: Wire) -> None:
    tight(wire, general=(4, 100))  # one of which was spent on the sign-in
    changes = [wire.call("buy", changes=True) for _ in range(5)]
    assert numbers(wire.pump()) == [change.req_id for change in changes[:3]]
    for change in [*changes[3:], wire.call("buy", changes=True)]:
        assert type(change.error) is RateLimited
        assert "not sent" in str(change.error)
    assert wire.pump() == []
    assert not any(change.done for change in changes[:3])


def test_cancelled_calls_do_not_count_towards_the_limits(wire: Wire) -> None:
    tight(wire, outcome=(2, 100))
    given_up = [wire.call("statement") for _ in range(5)]
    for call in given_up:
        wire.protocol.abandon(call)
    wanted = [wire.call("statement") for _ in range(2)]
    assert numbers(wire.pump()) == [call.req_id for call in wanted]


def test_the_limits_are_requested_once_when_half_is_spent(wire: Wire) -> None:
    for _ in range(30):
        call = wire.call("statement")
        wire.pump()
        if call.sent:
            wire.reply(call.req_id)
    asked = [message for message in wire.sent if "website_status" in message]
    assert len(asked) == 1
    status = {"api_call_limits": Limits(outcome=(100, 1000)).announce()}
    assert wire.reply(asked[0]["req_id"], website_status=status) is None
    assert wire.protocol.rate_limits.left(wire.now)["outcome"] > 70
    assert wire.protocol.unmatched == 0


def spend_half(wire: Wire) -> list[dict[str, Any]]:
    """Make calls until the limits are requested, at most until half is spent; return those requests."""
    wire.sent.clear()
    for _ in range(15):
        call = wire.call("statement")
        wire.pump()
        wire.reply(call.req_id)
    return [message for message in wire.sent if "website_status" in message]


STATUS = {"website_status": {"api_call_limits": Limits(outcome=(100, 1000), general=(220, 14_400)).announce()}}
ODD: list[dict[str, Any]] = [
    failed("WrongResponse"),
    {},
    {"website_status": None},
    {"website_status": {"api_call_limits": []}},
    {"website_status": {"api_call_limits": {"max_requests_outcome": {"minutely": "many", "hourly": -1}}}},
]


def test_the_limits_are_requested_again_after_a_break(wire: Wire) -> None:
    assert len(spend_half(wire)) == 1
    wire.protocol.connection_lost("cable cut", wire.now)
    wire.now += MINUTE
    wire.reply(wire.connect()["req_id"], authorize={})
    (asked,) = spend_half(wire)
    wire.reply(asked["req_id"], **STATUS)
    assert wire.protocol.rate_limits.minutely == {"general": 220, "outcome": 100, "pricing": 80}
    wire.now += MINUTE
    assert spend_half(wire) == []


@pytest.mark.parametrize("odd", ODD)
def test_the_limits_are_requested_again_after_an_error(wire: Wire, odd: dict[str, Any]) -> None:
    (asked,) = spend_half(wire)
    wire.reply(asked["req_id"], **odd)
    wire.now += MINUTE
    (asked,) = spend_half(wire)
    wire.reply(asked["req_id"], **STATUS)
    assert wire.protocol.rate_limits.minutely["general"] == 220


def test_the_limits_are_requested_again_without_an_answer(wire: Wire) -> None:
    assert len(spend_half(wire)) == 1
    wire.now += MINUTE
    assert len(spend_half(wire)) == 1


def test_the_limits_are_requested_less_and_less_often(wire: Wire) -> None:
    asked = 0
    for _ in range(120):
        for message in spend_half(wire):
            asked += 1
            wire.reply(message["req_id"], **failed("WrongResponse"))
        wire.now += MINUTE
    assert asked == 6  # at once, then after 15 seconds, 1, 5 and 60 minutes


def test_another_connection_continues_to_request_the_limits(wire: Wire) -> None:
    """The connection that made the request was closed, as when another account is used."""
    assert len(spend_half(wire)) == 1
    wire.protocol.close(SessionClosed("closed"))
    other = Wire(rate_limits=wire.protocol.rate_limits)
    other.reply(other.connect()["req_id"], authorize={})
    assert len(spend_half(other)) == 1


def test_the_limits_are_reported(wire: Wire) -> None:
    (asked,) = spend_half(wire)
    wire.reply(asked["req_id"], **STATUS)
    assert ("rate limits", "Deriv's limits of calls per minute: general 220, outcome 100, pricing 80") in wire.events


def test_the_limits_are_also_learned_from_the_users_own_call(wire: Wire) -> None:
    call = wire.call("website_status")
    wire.pump()
    wire.reply(call.req_id, website_status={"api_call_limits": Limits(outcome=(7, 70)).announce()})
    assert wire.protocol.rate_limits.left(wire.now)["outcome"] == 7


def test_requests_of_the_protocol_never_wait_for_the_limits(wire: Wire) -> None:
    tight(wire, general=(1, 100))
    held = wire.call()
    wire.now += PING_EVERY
    wire.protocol.tick(wire.now)
    assert ["ping" in message for message in wire.pump()] == [True]
    assert not held.sent


def test_a_socket_that_takes_no_more_messages_makes_no_busy_loop(wire: Wire) -> None:
    """While a connection closes, nothing can be sent; the timer must not fire again and again."""
    tight(wire, outcome=(1, 100))
    for _ in range(2):
        wire.call("statement", timeout=500)
    wire.pump()
    wire.reply(wire.sent[-1]["req_id"])
    wire.now += MINUTE
    wire.protocol.tick(wire.now)
    assert wire.protocol.wake_at > wire.now


# Streams


class Hearer:
    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.ends: list[DpyauthError | None] = []

    def push(self, reply: dict[str, Any]) -> None:
        self.heard.append(reply)

    def refuse(self, reply: dict[str, Any]) -> None:
        self.push(reply)
        self.end(None)

    def end(self, error: DpyauthError | None) -> None:
        self.ends.append(error)


def stream(wire: Wire, key: str = "R_1", **more: Any) -> tuple[PendingCall, Hearer]:
    hearer = Hearer()
    subscription = Subscription("ticks", key, 0, "")
    req_id = wire.protocol.new_id()
    subscription.req_id = req_id
    subscription.text = json.dumps({"ticks": key, "subscribe": 1, "req_id": req_id})
    timeout = more.pop("timeout", 30.0)
    pending = PendingCall(
        "ticks",
        req_id,
        subscription.text,
        wire.now + timeout,
        timeout,
        listener=hearer,
        subscription=subscription,
        **more,
    )
    wire.protocol.submit(pending, wire.now)
    return pending, hearer


def updates(wire: Wire, req_id: int, epoch: int = 1, stream_id: str = "a") -> str | None:
    return wire.reply(req_id, msg_type="tick", tick={"epoch": epoch}, subscription={"id": stream_id})


def test_a_stream_is_opened_read_and_left(wire: Wire) -> None:
    pending, hearer = stream(wire)
    assert numbers(wire.pump()) == [pending.req_id]
    updates(wire, pending.req_id, 1)
    updates(wire, pending.req_id, 2)
    assert pending.reply is not None
    assert [reply["tick"]["epoch"] for reply in hearer.heard] == [1, 2]
    assert wire.protocol.streams == 1
    assert pending.subscription is not None
    wire.protocol.leave(hearer)
    assert [message.get("forget") for message in wire.pump()] == ["a"]
    updates(wire, pending.req_id, 3)
    assert len(hearer.heard) == 2
    assert wire.pump() == []  # was already on its way


def test_a_stream_that_cannot_be_opened_leaves_nothing(wire: Wire) -> None:
    late, _ = stream(wire, timeout=5)
    wire.pump()
    wire.tick(5)
    assert type(late.error) is CallTimeout
    assert wire.protocol.streams == 0
    again, hearer = stream(wire)
    assert numbers(wire.pump()) == [again.req_id]
    updates(wire, again.req_id)
    assert len(hearer.heard) == 1


def test_a_stream_that_broke_too_often_while_opening_leaves_nothing(wire: Wire) -> None:
    pending, hearer = stream(wire)
    for _ in range(MAX_LOSSES):
        wire.pump()
        wire.protocol.connection_lost("cable cut", wire.now)
        wire.reply(wire.connect()["req_id"], authorize={})
    assert type(pending.error) is ConnectionLost
    assert wire.protocol.streams == 0
    assert [type(end) for end in hearer.ends] == [ConnectionLost]


def test_an_open_stream_survives_any_breaks(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    for _ in range(10):
        wire.protocol.connection_lost("cable cut", wire.now)
        wire.tick(3600)
        wire.reply(wire.connect()["req_id"], authorize={})
        assert numbers(wire.pump()) == [pending.req_id]
    assert hearer.ends == []
    updates(wire, pending.req_id, 2)
    assert hearer.heard[-1]["gap"]["reason"] == "cable cut"
    assert len(hearer.heard) == 2


def test_a_break_while_it_is_reopened_and_then_a_long_absence(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    wire.protocol.connection_lost("cable cut", wire.now)
    wire.reply(wire.connect()["req_id"], authorize={})
    wire.pump()
    wire.protocol.connection_lost("cable cut", wire.now)
    for _ in range(10):
        wire.tick(60)
    assert hearer.ends == []


def reconnected(wire: Wire) -> None:
    wire.protocol.connection_lost("cable cut", wire.now)
    wire.reply(wire.connect()["req_id"], authorize={})


def asked_for(wire: Wire, req_id: int, seconds: float) -> list[float]:
    """Let time pass, and answer everything but one request; return the times when that was sent."""
    end, times = wire.now + seconds, []
    while True:
        for message in wire.pump():
            if message["req_id"] == req_id:
                times.append(wire.now)
            else:
                wire.reply(message["req_id"], authorize={})
        if wire.protocol.wake_at > end:
            wire.now = end
            return times
        wire.tick(wire.protocol.wake_at - wire.now)


def when_asked(wire: Wire, req_id: int) -> float:
    """Let time pass until this is requested; return the time."""
    while not (times := asked_for(wire, req_id, 0)):
        wire.tick(wire.protocol.wake_at - wire.now)
    return times[0]


def test_reopening_without_an_answer_is_repeated(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    reconnected(wire)
    times = asked_for(wire, pending.req_id, 1000)
    assert 10 < len(times) < 25  # the timeout, and a pause after it
    assert hearer.ends == []
    updates(wire, pending.req_id, 2)
    assert hearer.heard[-1]["gap"]["reason"] == "cable cut"
    assert asked_for(wire, pending.req_id, 1000) == []


@pytest.mark.parametrize(
    "code", ["WrongResponse", "Timeout", "CallError", "InternalServerError", "", "New", "InvalidToken"]
)
def test_a_temporary_error_ends_no_stream(wire: Wire, code: str) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    reconnected(wire)
    for _ in range(5):
        when_asked(wire, pending.req_id)
        assert wire.reply(pending.req_id, **failed(code)) is None
        for message in wire.pump():
            assert message["req_id"] != pending.req_id
            wire.reply(message["req_id"], authorize={})
    when_asked(wire, pending.req_id)
    updates(wire, pending.req_id, 2)
    assert hearer.ends == []
    assert hearer.heard[-1]["gap"]
    assert len(hearer.heard) == 2


HOLLOW: list[dict[str, Any]] = [{}, {"error": None}, {"tick": None}, {"msg_type": "tick", "subscription": None}]


@pytest.mark.parametrize("answer", [*HOLLOW, {"msg_type": "tick", "tick": {"epoch": 7, "quote": 1}}])
def test_an_answer_without_a_subscription_ends_no_stream(wire: Wire, answer: dict[str, Any]) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    reconnected(wire)
    when_asked(wire, pending.req_id)
    assert wire.reply(pending.req_id, **answer) is None
    assert hearer.ends == []
    when_asked(wire, pending.req_id)
    updates(wire, pending.req_id, 2)
    assert [reply["tick"]["epoch"] for reply in hearer.heard] == [1, 2]
    assert hearer.heard[-1]["gap"]


@pytest.mark.parametrize("contract", [{}, {"is_sold": 1}])
def test_a_contract_sold_during_the_break_ends_its_stream(wire: Wire, contract: dict[str, Any]) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    reconnected(wire)
    when_asked(wire, pending.req_id)
    wire.reply(pending.req_id, proposal_open_contract=contract)
    assert hearer.ends == [None]


@pytest.mark.parametrize("answer", HOLLOW)
def test_an_empty_answer_opens_no_stream(wire: Wire, answer: dict[str, Any]) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    wire.reply(pending.req_id, **answer)
    assert not pending.done
    assert len(asked_for(wire, pending.req_id, 1)) == 1
    updates(wire, pending.req_id)
    assert pending.done
    assert len(hearer.heard) == 1


def test_ending_a_stream_does_not_extend_a_rate_limit(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    wire.protocol.leave(hearer)
    (forget,) = wire.pump()
    assert forget["forget"]
    wire.reply(forget["req_id"], **failed("RateLimit"))
    for _ in range(100):
        wire.tick(1)
        assert not any("forget" in message for message in wire.pump())


def test_the_pauses_grow_up_to_a_maximum(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    reconnected(wire)
    times = []
    for _ in range(30):
        times.append(when_asked(wire, pending.req_id))
        wire.reply(pending.req_id, **failed("WrongResponse"))
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert pauses[:8] == sorted(pauses[:8])
    assert all(FIRST / 2 <= each <= LONGEST for each in pauses)
    assert min(pauses[10:]) >= LONGEST / 2
    assert hearer.ends == []


@pytest.mark.parametrize(
    "code",
    [
        *("InvalidSymbol", "PermissionDenied", "InputValidationFailed", "ContractNotFound", "UnrecognisedRequest"),
        *("MarketIsClosed", "StreamingNotAllowed", "DisabledClient", "ValidationError", "NotFound"),
    ],
)
def test_a_final_error_ends_a_stream(wire: Wire, code: str) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    reconnected(wire)
    wire.pump()
    wire.reply(pending.req_id, **failed(code))
    assert hearer.heard[-1]["error"]["code"] == code
    assert hearer.ends == [None]
    assert asked_for(wire, pending.req_id, 1000) == []


def test_a_stream_that_goes_on_is_not_requested_again(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    wire.reply(pending.req_id, **failed("WrongResponse"))
    updates(wire, pending.req_id, 2)
    assert asked_for(wire, pending.req_id, 100) == []
    assert [reply["tick"]["epoch"] for reply in hearer.heard] == [1, 2]


def test_a_stream_that_deriv_says_goes_on_is_not_requested_again(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    wire.reply(pending.req_id, **failed("WrongResponse"))
    when_asked(wire, pending.req_id)
    wire.reply(pending.req_id, **failed("AlreadySubscribed"))
    assert asked_for(wire, pending.req_id, 1000) == []
    updates(wire, pending.req_id, 2)
    assert hearer.heard[-1]["gap"]
    assert hearer.ends == []


def test_a_stream_without_listeners_is_not_requested_again(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    reconnected(wire)
    wire.pump()
    wire.protocol.leave(hearer)
    wire.reply(pending.req_id, **failed("WrongResponse"))
    assert asked_for(wire, pending.req_id, 1000) == []
    assert wire.protocol.streams == 0
    assert not wire.protocol.is_awaited


def test_a_stream_left_while_it_waits_is_not_requested_again(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    reconnected(wire)
    wire.pump()
    wire.reply(pending.req_id, **failed("WrongResponse"))
    wire.pump()
    wire.protocol.leave(hearer)
    assert asked_for(wire, pending.req_id, 1000) == []
    assert wire.protocol.streams == 0
    assert not wire.protocol.is_awaited


# Several things in one message


def several(wire: Wire, *symbols: str, **more: Any) -> tuple[PendingCall, Hearer]:
    pending, hearer = stream(wire, "several", **more)
    assert pending.subscription is not None
    pending.subscription.many, pending.subscription.symbols = True, symbols
    return pending, hearer


def kinds(hearer: Hearer) -> list[Any]:
    return [reply["error"]["code"] if "error" in reply else reply["tick"]["epoch"] for reply in hearer.heard]


def test_an_error_about_one_symbol_leaves_the_others(wire: Wire) -> None:
    for order in ([1, "InvalidSymbol"], ["InvalidSymbol", 1]):  # Deriv may also send one ID twice
        pending, hearer = several(wire, "R_1", "NOPE")
        wire.pump()
        for each in order:
            wire.reply(pending.req_id, **failed(each)) if isinstance(each, str) else updates(wire, pending.req_id, each)
        assert pending.reply is not None
        assert "error" not in pending.reply
        assert kinds(hearer) == [1, "InvalidSymbol"]
        updates(wire, pending.req_id, 2)
        assert hearer.ends == []
        wire.protocol.leave(hearer)
        assert asked_for(wire, pending.req_id, 100) == []


def test_errors_about_all_symbols_fail_at_once(wire: Wire) -> None:
    pending, _ = several(wire, "NO", "NOPE")
    wire.pump()
    wire.reply(pending.req_id, **failed("InvalidSymbol"))
    assert not pending.done
    wire.reply(pending.req_id, **failed("InvalidSymbol"))
    assert error_code(pending.reply or {}) == "InvalidSymbol"
    assert wire.protocol.streams == 0


@pytest.mark.parametrize("symbols", [(), ("R_1", "R_10", "R_100")])
def test_an_error_without_anything_else_fails_soon(wire: Wire, symbols: tuple[str, ...]) -> None:
    pending, _ = several(wire, *symbols)
    wire.pump()
    wire.reply(pending.req_id, **failed("PermissionDenied"))
    wire.tick(0.9)
    assert not pending.done
    wire.tick(0.2)
    assert error_code(pending.reply or {}) == "PermissionDenied"
    assert wire.protocol.streams == 0


def test_several_outlive_a_break_in_which_one_of_them_ends(wire: Wire) -> None:
    pending, hearer = several(wire, "R_1", "R_10")
    wire.pump()
    updates(wire, pending.req_id, 1)
    reconnected(wire)
    wire.pump()
    wire.reply(pending.req_id, **failed("MarketIsClosed"))
    updates(wire, pending.req_id, 2, "b")
    assert kinds(hearer) == [1, 2, "MarketIsClosed"]
    assert hearer.heard[1]["gap"]
    assert asked_for(wire, pending.req_id, 100) == []
    assert hearer.ends == []


def test_a_stream_of_several_ends_when_none_can_be_reopened(wire: Wire) -> None:
    pending, hearer = several(wire, "R_1", "R_10")
    wire.pump()
    updates(wire, pending.req_id, 1)
    reconnected(wire)
    wire.pump()
    wire.reply(pending.req_id, **failed("PermissionDenied"))
    assert hearer.ends == []
    wire.tick(1)
    assert hearer.ends == [None]
    assert kinds(hearer)[-1] == "PermissionDenied"


def test_one_of_several_is_requested_again_but_rarely(wire: Wire) -> None:
    """Also while the others go on, and Deriv says that they do."""
    pending, hearer = several(wire, "R_1", "R_10")
    wire.pump()
    updates(wire, pending.req_id, 1)
    wire.reply(pending.req_id, **failed("WrongResponse"))
    asked = 0
    for epoch in range(2, 300):
        updates(wire, pending.req_id, epoch)
        for _ in asked_for(wire, pending.req_id, 1):
            asked += 1
            wire.reply(pending.req_id, **failed("AlreadySubscribed"))
            wire.reply(pending.req_id, **failed("WrongResponse"))
    assert 5 <= asked <= 15
    assert hearer.ends == []
    assert "AlreadySubscribed" not in kinds(hearer)
    assert kinds(hearer).count("WrongResponse") == asked + 1


def test_several_are_requested_again_together(wire: Wire) -> None:
    pending, hearer = several(wire)
    wire.pump()
    wire.reply(pending.req_id, **failed("WrongResponse"))
    assert len(asked_for(wire, pending.req_id, 0.5)) == 1
    updates(wire, pending.req_id, 1)
    assert kinds(hearer) == [1]


# Reads that are answered with an error that may pass


@pytest.mark.parametrize(
    "error", [{"code": "WrongResponse"}, {"code": "Timeout"}, {"code": "CallError"}, {}, "busy", [], [{}], 5, False, ""]
)
def test_a_read_is_repeated_after_a_temporary_error(wire: Wire, error: Any) -> None:
    call = wire.call()
    for _ in range(3):
        when_asked(wire, call.req_id)
        wire.reply(call.req_id, error=error)
        assert not call.done
    when_asked(wire, call.req_id)
    wire.reply(call.req_id, balance={})
    assert call.reply == {"req_id": call.req_id, "balance": {}}
    assert call.last is None
    assert wire.protocol.wake_at > wire.now


def test_the_last_error_is_raised_at_the_timeout(wire: Wire) -> None:
    call = wire.call(timeout=30)
    sent = 0
    while not call.done:
        sent += len(asked_for(wire, call.req_id, 0.1))
        wire.reply(call.req_id, **failed("InternalServerError" if sent > 1 else "WrongResponse"))
    assert error_code(call.reply or {}) == "InternalServerError"
    assert wire.now <= 1030
    assert 5 < sent < 12


def test_the_last_error_is_raised_if_the_last_attempt_gets_no_answer(wire: Wire) -> None:
    call = wire.call(timeout=10)
    wire.pump()
    wire.reply(call.req_id, **failed("WrongResponse"))
    asked_for(wire, call.req_id, 9.9)
    assert not call.done
    assert wire.protocol.wake_at == pytest.approx(1010)
    wire.tick(0.1)
    assert error_code(call.reply or {}) == "WrongResponse"


def test_a_lost_connection_is_raised_instead_of_the_last_error(wire: Wire) -> None:
    call = wire.call(timeout=10)
    wire.pump()
    wire.reply(call.req_id, **failed("WrongResponse"))
    wire.protocol.connection_lost("cable cut", wire.now)
    wire.tick(10)
    assert type(call.error) is ConnectionLost


def test_a_read_is_repeated_at_once_after_a_break(wire: Wire) -> None:
    call = wire.call()
    wire.pump()
    for _ in range(4):
        wire.reply(call.req_id, **failed("WrongResponse"))
        wire.tick(wire.protocol.wake_at - wire.now)
        wire.pump()
    wire.reply(call.req_id, **failed("WrongResponse"))
    reconnected(wire)
    assert numbers(wire.pump()) == [call.req_id]


@pytest.mark.parametrize("code", ["WrongResponse", "InternalServerError", "", None])
def test_a_change_is_never_repeated(wire: Wire, code: str | None) -> None:
    call = wire.call("buy", changes=True)
    wire.pump()
    wire.reply(call.req_id, **(failed(code) if code is not None else {"error": "busy"}))
    assert call.done
    assert asked_for(wire, call.req_id, 100) == []


def test_a_call_cancelled_while_it_waits_is_not_repeated(wire: Wire) -> None:
    call = wire.call()
    wire.pump()
    wire.reply(call.req_id, **failed("WrongResponse"))
    wire.protocol.abandon(call)
    assert asked_for(wire, call.req_id, 100) == []
    assert call.last is None


@pytest.mark.parametrize("joined", [False, True])
def test_opening_a_stream_is_a_read(wire: Wire, joined: bool) -> None:
    pending, hearer = stream(wire)
    other, _ = stream(wire) if joined else (pending, hearer)
    wire.pump()
    wire.reply(pending.req_id, **failed("WrongResponse"))
    assert not any(each.done for each in (pending, other))
    assert len(asked_for(wire, pending.req_id, 1)) == 1
    updates(wire, pending.req_id)
    for each in (pending, other):
        assert each.reply is not None
        assert "error" not in each.reply
    assert "gap" not in hearer.heard[0]


def test_a_stream_that_cannot_be_opened_in_time_ends_with_derivs_last_error(wire: Wire) -> None:
    (pending, hearer), (other, _) = stream(wire), stream(wire)
    while not pending.done:
        asked_for(wire, pending.req_id, 0.1)
        wire.reply(pending.req_id, **failed("WrongResponse"))
    for each in (pending, other):
        assert error_code(each.reply or {}) == "WrongResponse"
    assert hearer.heard == []
    assert wire.protocol.streams == 0
    assert not wire.protocol.is_awaited


# Requests that the protocol makes itself


def test_a_lost_forget_does_not_use_the_limits_up(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    wire.protocol.leave(hearer)
    for _ in range(216):
        updates(wire, pending.req_id, 2)
        wire.tick(0.02)
        wire.pump()
    assert sum("forget" in message for message in wire.sent) == 1
    assert wire.protocol.rate_limits.left(wire.now)["general"] > 170


def test_half_of_the_limit_is_left_to_the_user(wire: Wire) -> None:
    tight(wire, general=(20, 1000))
    for number in range(100):
        wire.reply(7_000_000, subscription={"id": f"stream-{number}"}, tick={})
    wire.pump()
    assert sum("forget" in message for message in wire.sent) < 10
    change = wire.call("buy", changes=True)
    assert change.req_id in numbers(wire.pump())
    later = asked_for(wire, 0, 20 * MINUTE)
    assert later == []
    assert sum("forget" in message for message in wire.sent) == 100
    assert len({message["forget"] for message in wire.sent if "forget" in message}) == 100


def test_a_stream_is_ended_before_an_equal_one_is_opened(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    wire.protocol.leave(hearer)
    again, _ = stream(wire)
    assert [message.get("forget") or message["req_id"] for message in wire.pump()] == ["a", again.req_id]


def test_a_stream_is_ended_before_an_equal_one_is_opened_with_half_the_limit_used(wire: Wire) -> None:
    tight(wire, general=(20, 1000))
    pending, hearer = stream(wire)
    for _ in range(12):
        wire.call("ping")
    wire.pump()
    updates(wire, pending.req_id)
    wire.protocol.leave(hearer)
    again, _ = stream(wire)
    assert [message.get("forget") or message["req_id"] for message in wire.pump()] == ["a", again.req_id]


def test_a_stream_that_deriv_still_has_is_opened_after_ending_it(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    wire.protocol.leave(hearer)
    again, other = stream(wire)
    forget = wire.pump()[0]
    wire.reply(again.req_id, **failed("AlreadySubscribed"))
    wire.reply(forget["req_id"], forget=1)
    assert len(asked_for(wire, again.req_id, 1)) == 1
    updates(wire, again.req_id, 5, "b")
    assert len(other.heard) == 1
    another, _ = stream(wire, "R_5")
    wire.pump()
    wire.reply(another.req_id, **failed("AlreadySubscribed"))
    assert error_code(another.reply or {}) == "AlreadySubscribed"  # nothing is being ended that the call could wait for


def test_ticks_for_a_gap_are_requested_again_but_not_for_long(wire: Wire) -> None:
    pending, hearer = stream(wire)
    assert pending.subscription is not None
    pending.subscription.symbol = "R_1"
    wire.pump()
    updates(wire, pending.req_id, 1)
    reconnected(wire)
    wire.pump()
    updates(wire, pending.req_id, 9)
    end = wire.now + 60
    while wire.now < end:
        for message in wire.pump():
            wire.reply(message["req_id"], **(failed("WrongResponse") if "ticks_history" in message else {}))
        wire.tick(0.1)
    asked = [message for message in wire.sent if "ticks_history" in message]
    assert 2 < len(asked) < 10
    assert [reply["tick"]["epoch"] for reply in hearer.heard] == [1, 9]
    assert hearer.heard[-1]["gap"]["filled"] is False


def test_ticks_for_a_gap_may_never_come(wire: Wire) -> None:
    pending, hearer = stream(wire)
    assert pending.subscription is not None
    pending.subscription.symbol = "R_1"
    wire.pump()
    updates(wire, pending.req_id, 1)
    reconnected(wire)
    wire.pump()
    updates(wire, pending.req_id, 9)
    (fill,) = wire.pump()
    assert fill["ticks_history"]
    asked_for(wire, fill["req_id"], OWN_TIMEOUT - 0.1)
    assert len(hearer.heard) == 1
    asked_for(wire, fill["req_id"], 0.2)
    assert hearer.heard[-1]["gap"]["filled"] is False


def test_reopened_streams_go_before_calls_in_their_own_order(wire: Wire) -> None:
    streams = [stream(wire, key)[0] for key in ("R_1", "R_2", "R_3")]
    wire.pump()
    for pending in streams:
        updates(wire, pending.req_id)
    wire.protocol.connection_lost("cable cut", wire.now)
    read = wire.call()
    wire.reply(wire.connect()["req_id"], authorize={})
    assert numbers(wire.pump()) == [*(pending.req_id for pending in streams), read.req_id]


def test_a_stream_that_deriv_no_longer_authorizes_ends_with_its_error(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    updates(wire, pending.req_id)
    reconnected(wire)
    times = []
    while not hearer.ends:
        times.append(when_asked(wire, pending.req_id))
        assert wire.reply(pending.req_id, **failed("AuthorizationRequired")) is None  # no endless reconnecting
    assert len(times) == REOPEN_TRIES + 1
    assert hearer.heard[-1]["error"]["code"] == "AuthorizationRequired"
    assert hearer.ends == [None]
    assert wire.protocol.state is State.AUTHORISED  # the sign-in was checked and is valid
    assert wire.protocol.reconnects == 1


def test_each_caller_of_a_shared_request_has_its_own_timeout(wire: Wire) -> None:
    stream(wire, timeout=500)
    hasty, hearer = stream(wire, timeout=5)
    wire.pump()
    assert wire.protocol.wake_at == wire.now + 5
    wire.tick(5)
    assert type(hasty.error) is CallTimeout
    assert wire.protocol.streams == 1
    assert hearer.heard == []


def test_a_shared_request_survives_its_first_caller(wire: Wire) -> None:
    first, gone = stream(wire)
    second, hearer = stream(wire)
    wire.protocol.abandon(first)
    assert numbers(wire.pump()) == [first.req_id]
    updates(wire, first.req_id)
    assert second.reply is not None
    assert (len(gone.heard), len(hearer.heard)) == (0, 1)


def test_a_shared_request_that_all_leave_is_not_sent(wire: Wire) -> None:
    (first, _), (second, _) = stream(wire), stream(wire)
    wire.protocol.abandon(first)
    wire.protocol.abandon(second)
    assert wire.pump() == []
    assert wire.protocol.streams == 0
    assert not wire.protocol.is_awaited


def test_a_sent_request_that_all_leave_is_forgotten_once_its_id_is_known(wire: Wire) -> None:
    first, _ = stream(wire)
    wire.pump()
    wire.protocol.abandon(first)
    second, hearer = stream(wire)  # an equal stream opened in the meantime need not be requested again
    wire.protocol.abandon(second)
    assert wire.pump() == []
    updates(wire, first.req_id)
    (forget,) = wire.pump()
    assert forget.get("forget") == "a"
    wire.reply(forget["req_id"], forget=1)
    assert wire.protocol.streams == 0
    assert not wire.protocol.is_awaited
    assert hearer.heard == []


def test_closing_ends_streams_and_those_being_opened(wire: Wire) -> None:
    (opened, hearer), (first, _), (second, _) = stream(wire), stream(wire, "R_2"), stream(wire, "R_2")
    wire.pump()
    updates(wire, opened.req_id)
    wire.protocol.close(SessionClosed("closed"))
    assert [type(pending.error) for pending in (first, second)] == [SessionClosed] * 2
    assert [type(end) for end in hearer.ends] == [SessionClosed]
    updates(wire, first.req_id)
    assert wire.pump() == []
    assert wire.protocol.unmatched == 0


# Sleeping


def test_waking_up_checks_the_connection_at_once(wire: Wire) -> None:
    wire.protocol.clock_jumped(wire.now)
    wire.protocol.clock_jumped(wire.now)
    assert ["ping" in message for message in wire.pump()] == [True]
    assert wire.protocol.wake_at == wire.now + PING_TIMEOUT


def test_waking_up_without_a_connection_checks_nothing(wire: Wire) -> None:
    wire.protocol.connection_lost("cable cut", wire.now)
    wire.protocol.clock_jumped(wire.now)
    assert wire.pump() == []
    assert wire.protocol.wake_at == math.inf


# Leaving


def test_closing(wire: Wire) -> None:
    read, change, early = wire.call(), wire.call("buy", changes=True), None
    wire.pump()
    early = wire.call("sell", changes=True)
    wire.protocol.close(SessionClosed("closed"))
    assert wire.protocol.state is State.CLOSED
    assert type(read.error) is SessionClosed
    assert type(early.error) is SessionClosed
    assert isinstance(change.error, OutcomeUnknown)
    assert type(wire.call().error) is SessionClosed
    assert wire.pump() == []
    wire.tick(30)
    assert wire.protocol.wake_at == math.inf
    wire.protocol.connection_made(wire.now)
    wire.protocol.connection_lost("closed", wire.now)
    wire.protocol.close(REFUSED)
    assert type(wire.protocol.failure) is SessionClosed
    assert wire.changes[-1] is State.CLOSED
    assert wire.changes.count(State.CLOSED) == 1


@pytest.mark.parametrize("sent", [True, False])
def test_a_cancelled_call_is_neither_sent_nor_answered(wire: Wire, sent: bool) -> None:
    call = wire.call()
    if sent:
        wire.pump()
    wire.protocol.abandon(call)
    wire.protocol.abandon(call)
    assert wire.pump() == []
    wire.reply(call.req_id)
    assert wire.protocol.unmatched == 1
    assert not call.done
    wire.protocol.connection_lost("cable cut", wire.now)
    wire.reply(wire.connect()["req_id"], authorize={})
    assert wire.pump() == []


# Other


def test_ids_are_never_used_twice(wire: Wire) -> None:
    ids = [wire.protocol.new_id() for _ in range(5)]
    assert ids == list(itertools.islice(itertools.count(ids[0]), 5))


def test_a_protocol_without_listeners() -> None:
    protocol = Protocol(None)
    protocol.connection_made(0.0)
    assert protocol.ready


# A server that looks switched off

OFF = ConnectionFailed("switched off")


def test_a_first_connection_to_a_server_that_looks_switched_off_ends_at_once() -> None:
    wire = Wire()
    call = wire.call()
    wire.protocol.server_looks_off("HTTP 520", wire.now, OFF)
    assert wire.protocol.over
    assert wire.protocol.failure is OFF
    assert str(call.error) == str(OFF)
    assert wire.protocol.connect_delay(wire.now) is None


def lost_to_a_server_that_looks_switched_off() -> Wire:
    wire = Wire()
    greeting = wire.connect()
    wire.reply(greeting["req_id"])
    wire.protocol.connection_lost("the connection broke", wire.now)
    wire.protocol.server_looks_off("HTTP 520", wire.now, OFF)
    return wire


def test_an_open_session_keeps_trying_but_a_call_fails_in_time() -> None:
    wire = lost_to_a_server_that_looks_switched_off()
    assert wire.protocol.state is State.RECONNECTING
    assert wire.protocol.connect_delay(wire.now) is not None
    wire.now += 100
    call = wire.call(timeout=30)
    assert wire.protocol.wake_at <= wire.now + 5
    wire.tick(OFF_TIMEOUT - 0.1)
    assert not call.done
    wire.protocol.server_looks_off("HTTP 520", wire.now, OFF)
    wire.tick(0.2)
    assert str(call.error) == str(OFF)
    assert call.error is not OFF
    assert not wire.protocol.over


@pytest.mark.parametrize("made", ["before it broke", "while it was away"])
def test_a_call_that_was_already_waiting_fails_too(made: str) -> None:
    wire = Wire()
    greeting = wire.connect()
    wire.reply(greeting["req_id"])
    call = wire.call() if made == "before it broke" else None
    wire.pump()
    wire.protocol.connection_lost("the connection broke", wire.now)
    call = call or wire.call()
    wire.protocol.server_looks_off("HTTP 520", wire.now, OFF)
    wire.tick(OFF_TIMEOUT - 0.1)
    assert not call.done
    wire.tick(0.2)
    assert str(call.error) == str(OFF)


def test_a_call_goes_through_when_the_server_answers_again() -> None:
    wire = lost_to_a_server_that_looks_switched_off()
    call = wire.call(timeout=30)
    wire.now += 2
    greeting = wire.connect()
    wire.reply(greeting["req_id"])
    assert [sent["req_id"] for sent in wire.pump()] == [call.req_id]
    wire.tick(20)  # it has its full time now
    wire.reply(call.req_id, balance={})
    assert call.reply is not None
    wire.protocol.connection_lost("the connection broke", wire.now)
    later = wire.call(timeout=30)
    wire.tick(20)
    assert not later.done  # an ordinary break is waited for as usual


def test_a_stream_waits_for_the_server_but_opening_one_fails() -> None:
    wire = Wire()
    greeting = wire.connect()
    wire.reply(greeting["req_id"])
    opened, hearer = stream(wire)
    wire.pump()
    updates(wire, opened.req_id)
    wire.protocol.connection_lost("the connection broke", wire.now)
    wire.protocol.server_looks_off("HTTP 520", wire.now, OFF)
    wire.tick(60)
    assert hearer.ends == []
    other, heard = stream(wire, "R_2")
    wire.tick(OFF_TIMEOUT + 0.1)
    assert str(other.error) == str(OFF)
    assert [str(error) for error in heard.ends] == [str(OFF)]


# Reads that are sent together with the greeting


@pytest.fixture
def early() -> Wire:
    return Wire(reads_early=True)


def test_reads_are_sent_with_a_greeting_that_only_tests_the_socket(early: Wire) -> None:
    read, change = early.call("statement"), early.call("buy", changes=True)
    opened, _ = stream(early)
    greeting = early.connect()
    assert [sent["req_id"] for sent in early.pump()] == []
    assert [sent["req_id"] for sent in early.sent] == [greeting["req_id"], read.req_id]
    later = early.call("portfolio")
    assert [sent["req_id"] for sent in early.pump()] == [later.req_id]
    early.reply(greeting["req_id"])
    assert {sent["req_id"] for sent in early.pump()} == {change.req_id, opened.req_id}
    early.reply(read.req_id, statement={})
    assert read.reply is not None
    assert len({sent["req_id"] for sent in early.sent}) == len(early.sent)  # nothing was sent twice


def test_reads_wait_for_the_reply_to_any_other_greeting() -> None:
    wire = Wire()
    read = wire.call()
    greeting = wire.connect()
    assert wire.pump() == []
    wire.reply(greeting["req_id"])
    assert [sent["req_id"] for sent in wire.pump()] == [read.req_id]


def test_a_reply_counts_once_the_greeting_is_answered(early: Wire) -> None:
    read = early.call()
    greeting = early.connect()
    early.pump()
    early.reply(read.req_id, balance={})
    assert not read.done
    early.reply(greeting["req_id"])
    assert read.reply is not None


def test_replies_of_a_socket_that_does_not_work_are_dropped(early: Wire) -> None:
    early.protocol.retry_first = True
    read = early.call()
    greeting = early.connect()
    early.pump()
    early.reply(read.req_id, balance={})
    assert early.reply(greeting["req_id"], error={"code": "Busy"}) is not None
    early.protocol.connection_lost("it does not work", early.now)
    greeting = early.connect()
    early.pump()
    early.reply(greeting["req_id"])
    assert not read.done
    early.reply(read.req_id, balance={"balance": 1})
    assert read.reply is not None
    assert read.reply["balance"] == {"balance": 1}


# Replies of other calls


OF_ANOTHER = [
    {"msg_type": "tick", "tick": {}},
    {"msg_type": "balance", "balance": {}, "echo_req": {"balance": 1, "req_id": 10**6}},
]


@pytest.mark.parametrize("other", OF_ANOTHER)
def test_a_reply_of_another_call_is_unmatched_and_the_right_one_still_counts(wire: Wire, other: dict[str, Any]) -> None:
    call = wire.call("balance")
    wire.pump()
    wire.reply(call.req_id, **other)
    assert not call.done
    assert wire.protocol.unmatched == 1
    wire.reply(call.req_id, msg_type="balance", balance={"balance": 5}, echo_req={"balance": 1, "req_id": call.req_id})
    assert call.reply is not None
    assert wire.protocol.unmatched == 1


def test_a_reply_of_another_call_does_not_answer_a_change(wire: Wire) -> None:
    call = wire.call("buy", changes=True, timeout=5)
    wire.pump()
    wire.reply(call.req_id, msg_type="tick", tick={})
    wire.tick(5)
    assert type(call.error) is OutcomeUnknown


def test_a_reply_of_another_call_does_not_answer_the_sign_in(fresh: Wire) -> None:
    greeting = fresh.connect()
    fresh.reply(greeting["req_id"], msg_type="tick", tick={})
    assert not fresh.protocol.ready
    fresh.reply(greeting["req_id"], msg_type="authorize", authorize={}, echo_req={"authorize": "<not shown>"})
    assert fresh.protocol.ready


def test_a_reply_of_another_call_does_not_answer_a_ping(wire: Wire) -> None:
    wire.tick(PING_EVERY)
    (ping,) = wire.pump()
    wire.reply(ping["req_id"], msg_type="tick", tick={})
    assert wire.protocol.unmatched == 1
    assert wire.tick(PING_TIMEOUT) is not None


def test_a_stream_receives_only_its_own_updates(wire: Wire) -> None:
    (one, hearer), (other, _) = stream(wire, "R_1"), stream(wire, "R_2")
    wire.pump()
    updates(wire, one.req_id, 1, "a")
    updates(wire, other.req_id, 1, "b")
    updates(wire, one.req_id, 2, "b")  # that of the other call
    wire.reply(one.req_id, msg_type="ohlc", ohlc={}, subscription={"id": "a"})
    wire.reply(one.req_id, msg_type="tick", tick={}, echo_req={"ticks": "R_1", "req_id": other.req_id})
    assert wire.protocol.unmatched == 3
    assert wire.pump() == []  # no stream is ended at Deriv because of it
    updates(wire, one.req_id, 3, "a")
    assert [reply["tick"]["epoch"] for reply in hearer.heard] == [1, 3]


def test_an_update_may_open_another_stream(wire: Wire) -> None:
    pending, hearer = stream(wire)
    wire.pump()
    for stream_id in ("a", "b", "a"):
        updates(wire, pending.req_id, 1, stream_id)
    assert len(hearer.heard) == 3
    assert wire.protocol.unmatched == 0


def test_nothing_is_sent_while_the_sign_in_is_in_doubt(wire: Wire) -> None:
    first = wire.call("portfolio")
    wire.pump()
    wire.reply(first.req_id, **failed("InvalidToken"))
    (greeting,) = wire.pump()
    assert "authorize" in greeting
    read, change = wire.call("balance"), wire.call("buy", changes=True)
    assert wire.pump() == []
    wire.reply(greeting["req_id"], authorize={"loginid": "CR1"})
    assert sorted(numbers(wire.pump())) == [read.req_id, change.req_id]


def test_nothing_is_sent_after_the_sign_in_has_ended(wire: Wire) -> None:
    first = wire.call("portfolio")
    wire.pump()
    wire.reply(first.req_id, **failed("InvalidToken"))
    (greeting,) = wire.pump()
    change = wire.call("buy", changes=True)
    assert wire.reply(greeting["req_id"], **failed("InvalidToken")) is not None
    assert change.error is not None
    assert not isinstance(change.error, OutcomeUnknown)
    assert wire.pump() == []
