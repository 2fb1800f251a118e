"""Every step in the life of a connection, without a socket and with a clock of our own."""

from __future__ import annotations

import itertools
import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dpyauth.errors import (
    CallTimeout,
    ConnectionFailed,
    ConnectionLost,
    DpyauthError,
    OutcomeUnknown,
    SessionClosed,
    SignInRefused,
)
from dpyauth.wire import link as module
from dpyauth.wire.calls import MAX_LOSSES, Pending
from dpyauth.wire.link import (
    GREETING_TIMEOUT,
    OVERSLEPT,
    PING_EVERY,
    PING_TIMEOUT,
    Greeting,
    Link,
    State,
    error_code,
    parse,
)

REFUSED = SignInRefused("no such token", code="InvalidToken")
BUSY = DpyauthError("busy")


def judge(reply: dict[str, Any]) -> tuple[DpyauthError, bool] | None:
    return {None: None, "InvalidToken": (REFUSED, False)}.get(error_code(reply), (BUSY, True))


class Wire:
    """A link, what it sends, what it says of itself, and the clock."""

    def __init__(self, greeting: bool = True) -> None:
        self.now = 1000.0
        self.changes: list[State] = []
        self.readies: list[Any] = []
        self.sent: list[dict[str, Any]] = []
        self.link = Link(
            Greeting("authorize", lambda: {"authorize": "token"}, judge) if greeting else None,
            on_change=lambda state, reason: self.changes.append(state),
            on_ready=self.readies.append,
        )

    def call(self, name: str = "balance", *, timeout: float = 30.0, **more: Any) -> Pending:
        req_id = self.link.new_id()
        text = json.dumps({name: 1, "req_id": req_id})
        pending = Pending(call=name, req_id=req_id, text=text, deadline=self.now + timeout, timeout=timeout, **more)
        self.link.submit(pending)
        return pending

    def pump(self) -> list[dict[str, Any]]:
        """Take what there is to send."""
        out = []
        while (message := self.link.next_message()) is not None:
            out.append(json.loads(message))
        self.sent += out
        return out

    def reply(self, req_id: Any, **fields: Any) -> str | None:
        return self.link.received(json.dumps({"req_id": req_id, **fields}).encode(), self.now)

    def connect(self) -> dict[str, Any]:
        """Open a socket; returns the greeting."""
        self.link.connected(self.now)
        return self.pump()[0]

    def tick(self, seconds: float) -> str | None:
        self.now += seconds
        return self.link.tick(self.now)


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
    assert fresh.link.state is State.CONNECTING
    assert fresh.link.connect_delay(fresh.now) == 0
    early = fresh.call()
    assert fresh.pump() == []
    greeting = fresh.connect()
    assert greeting["authorize"] == "token"
    assert fresh.link.state is State.OPEN
    assert not fresh.link.ready
    assert fresh.pump() == []  # the call waits for the sign-in
    assert fresh.reply(greeting["req_id"], authorize={"loginid": "CR1"}) is None
    assert fresh.link.ready
    assert fresh.readies == [{"req_id": greeting["req_id"], "authorize": {"loginid": "CR1"}}]
    assert [message["req_id"] for message in fresh.pump()] == [early.req_id]
    assert early.sent
    assert fresh.changes == [State.OPEN, State.AUTHORISED]


@pytest.mark.parametrize("req_id", [True, 1.0, "1", None])
def test_what_only_looks_like_its_number_is_no_answer_to_it(fresh: Wire, req_id: Any) -> None:
    assert fresh.connect()["req_id"] == 1
    fresh.reply(req_id, authorize={})
    assert not fresh.link.ready
    assert fresh.link.stray == 1


def test_without_a_greeting_it_is_ready_at_once() -> None:
    wire = Wire(greeting=False)
    call = wire.call("ping")
    wire.link.connected(wire.now)
    assert wire.readies == [None]
    assert wire.changes == [State.OPEN]
    assert [message["req_id"] for message in wire.pump()] == [call.req_id]


def test_a_first_connection_that_fails_ends_it(fresh: Wire) -> None:
    call = fresh.call()
    fresh.link.lost("nothing answers", fresh.now)
    assert fresh.link.state is State.CLOSED
    assert fresh.link.over
    assert fresh.link.connect_delay(fresh.now) is None
    assert type(fresh.link.failure) is ConnectionFailed
    assert "nothing answers" in str(fresh.link.failure)
    assert type(call.future.exception(0)) is ConnectionFailed


def test_the_error_may_be_given(fresh: Wire) -> None:
    fresh.link.lost("HTTP 401", fresh.now, final=REFUSED)
    assert fresh.link.failure is REFUSED


@pytest.mark.parametrize(("code", "error"), [("InvalidToken", REFUSED), ("RateLimit", BUSY)])
def test_a_first_sign_in_that_is_refused_ends_it(fresh: Wire, code: str, error: DpyauthError) -> None:
    call = fresh.call()
    dropped = fresh.reply(fresh.connect()["req_id"], **failed(code))
    assert dropped == str(error)
    assert fresh.link.state is State.SIGNED_OUT
    assert fresh.link.failure is error
    assert type(call.future.exception(0)) is type(error)
    assert call.future.exception(0) is not error
    assert fresh.readies == []
    assert fresh.pump() == []
    fresh.link.lost("closed", fresh.now)
    assert fresh.link.state is State.SIGNED_OUT
    assert fresh.link.connect_delay(fresh.now) is None


def test_a_sign_in_without_an_answer_drops_the_connection(fresh: Wire) -> None:
    fresh.connect()
    assert fresh.link.wake_at == fresh.now + GREETING_TIMEOUT
    assert fresh.tick(GREETING_TIMEOUT - 0.1) is None
    assert "sign-in" in str(fresh.tick(0.1))


# Replies


def test_each_reply_goes_to_its_call_in_any_order(wire: Wire) -> None:
    calls = [wire.call() for _ in range(4)]
    wire.pump()
    for call in reversed(calls):
        wire.reply(call.req_id, mine=call.req_id)
    assert [call.future.result(0)["mine"] for call in calls] == [call.req_id for call in calls]
    assert wire.link.stray == 0


def test_strays_are_counted_and_do_no_harm(wire: Wire) -> None:
    call, unsent = wire.call(), None
    wire.pump()
    wire.reply(call.req_id, first=1)
    unsent = wire.call()
    strays: list[Any] = [call.req_id, 999, True, None, 1.0, "1", [], {}, unsent.req_id, -1, 10**30]
    for req_id in strays:
        assert wire.reply(req_id, second=1) is None
    assert wire.link.received(b"{}", wire.now) is None
    assert wire.link.stray == len(strays) + 1
    assert call.future.result(0) == {"req_id": call.req_id, "first": 1}
    assert not unsent.future.done()


def test_a_late_reply_is_a_stray(wire: Wire) -> None:
    call = wire.call(timeout=5)
    wire.pump()
    wire.tick(5)
    assert type(call.future.exception(0)) is CallTimeout
    wire.reply(call.req_id)
    assert wire.link.stray == 1


@pytest.mark.parametrize(
    "message",
    [b"", b"nonsense", b"[]", b"1", b"null", b"{", b"\xff\xfe", b'{"a": "\xff"}', b'{"a":' * 100_000, b"1" * 5000],
    ids=range(10),
)
def test_what_is_no_reply_drops_the_connection(wire: Wire, message: bytes) -> None:
    assert "not a reply" in str(wire.link.received(message, wire.now))


def test_exact_numbers(wire: Wire) -> None:
    exact, usual = wire.call(exact=True), wire.call()
    wire.pump()
    for call in (exact, usual):
        wire.link.received(b'{"req_id": %d, "balance": 0.10, "n": 5}' % call.req_id, wire.now)
    assert exact.future.result(0)["balance"] == Decimal("0.10")
    assert str(exact.future.result(0)["balance"]) == "0.10"
    assert exact.future.result(0)["n"] == 5
    assert type(usual.future.result(0)["balance"]) is float


@given(
    st.binary() | st.text().map(str.encode) | st.dictionaries(st.text(), st.integers()).map(json.dumps).map(str.encode)
)
def test_no_message_makes_it_fail(message: bytes) -> None:
    wire = Wire()
    wire.reply(wire.connect()["req_id"], authorize={})
    call = wire.call()
    wire.pump()
    wire.link.received(message, wire.now)
    assert not call.future.done()


# Losing the connection


def test_reads_are_sent_again_in_their_order_and_changes_are_not(wire: Wire) -> None:
    first, change = wire.call(), wire.call("buy", changes=True)
    wire.pump()
    second, early = wire.call(), wire.call("sell", changes=True)
    wire.link.lost("cable cut", wire.now)
    assert wire.link.state is State.RECONNECTING
    assert wire.link.reason == "cable cut"
    assert isinstance(change.future.exception(0), OutcomeUnknown)
    assert type(early.future.exception(0)) is ConnectionLost
    assert wire.pump() == []
    assert wire.link.connect_delay(wire.now) is not None
    wire.reply(wire.connect()["req_id"], authorize={})
    assert [message["req_id"] for message in wire.pump()] == [first.req_id, second.req_id]
    assert wire.link.reconnects == 1
    wire.reply(first.req_id)
    assert first.future.done()


def test_a_change_is_not_taken_while_reconnecting_but_a_read_is(wire: Wire) -> None:
    wire.link.lost("cable cut", wire.now)
    change, read = wire.call("buy", changes=True), wire.call()
    assert type(change.future.exception(0)) is ConnectionLost
    assert "cable cut" in str(change.future.exception(0))
    assert not read.future.done()
    wire.reply(wire.connect()["req_id"], authorize={})
    assert [message["req_id"] for message in wire.pump()] == [read.req_id]


def test_a_change_made_between_connection_and_sign_in_is_sent_after_it(wire: Wire) -> None:
    wire.link.lost("cable cut", wire.now)
    greeting = wire.connect()
    change = wire.call("buy", changes=True)
    assert wire.pump() == []
    wire.reply(greeting["req_id"], authorize={})
    assert [message["req_id"] for message in wire.pump()] == [change.req_id]


def test_a_read_outlives_a_few_losses_only(wire: Wire) -> None:
    read = wire.call()
    for _ in range(MAX_LOSSES):
        assert not read.future.done()
        wire.pump()
        wire.link.lost("cable cut", wire.now)
        wire.link.connected(wire.now)
        wire.reply(wire.pump()[0]["req_id"], authorize={})
    assert type(read.future.exception(0)) is ConnectionLost
    assert wire.pump() == []


def test_failed_attempts_count_no_loss(wire: Wire) -> None:
    read = wire.call()
    wire.pump()
    for _ in range(10):
        wire.link.lost("nothing answers", wire.now)
    assert read.losses == 1
    assert not read.future.done()


def test_a_reply_to_the_old_greeting_means_nothing_to_the_new(wire: Wire) -> None:
    wire.link.lost("cable cut", wire.now)
    old = wire.connect()["req_id"]
    wire.link.lost("cable cut", wire.now)
    new = wire.connect()["req_id"]
    assert old != new
    wire.reply(old, authorize={})
    assert not wire.link.ready
    wire.reply(new, authorize={})
    assert wire.link.ready


def test_a_refusal_on_reconnecting_signs_out(wire: Wire) -> None:
    read = wire.call()
    wire.link.lost("cable cut", wire.now)
    dropped = wire.reply(wire.connect()["req_id"], **failed("InvalidToken"))
    assert dropped == str(REFUSED)
    assert wire.link.state is State.SIGNED_OUT
    assert type(read.future.exception(0)) is SignInRefused
    later = wire.call()
    assert type(later.future.exception(0)) is SignInRefused
    assert later.future.exception(0).call == "balance"


def test_a_passing_one_does_not(wire: Wire) -> None:
    read = wire.call()
    wire.link.lost("cable cut", wire.now)
    assert wire.reply(wire.connect()["req_id"], **failed("RateLimit")) == "busy"
    wire.link.lost("busy", wire.now)
    assert wire.link.state is State.RECONNECTING
    assert not read.future.done()
    wire.reply(wire.connect()["req_id"], authorize={})
    assert wire.link.ready


def test_no_connection_within_the_time(wire: Wire) -> None:
    wire.link.lost("cable cut", wire.now)
    read = wire.call(timeout=5)
    assert wire.link.wake_at == wire.now + 5
    wire.tick(5)
    assert type(read.future.exception(0)) is ConnectionLost
    assert "cable cut" in str(read.future.exception(0))
    wire.reply(wire.connect()["req_id"], authorize={})
    assert wire.pump() == []


# Keeping it alive


def test_pings(wire: Wire) -> None:
    assert wire.link.wake_at == wire.now + PING_EVERY
    assert wire.tick(PING_EVERY) is None
    (ping,) = wire.pump()
    assert ping == {"ping": 1, "req_id": ping["req_id"]}
    wire.now += 0.25
    wire.reply(ping["req_id"], ping="pong")
    assert wire.link.last_round_trip == 0.25
    assert wire.link.wake_at == pytest.approx(wire.now + PING_EVERY - 0.25)
    assert wire.link.stray == 0


def test_pings_go_out_while_the_sign_in_is_awaited(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GREETING_TIMEOUT", 1000.0)
    wire.link.lost("cable cut", wire.now)
    wire.connect()
    wire.tick(PING_EVERY)
    assert ["ping" in message for message in wire.pump()] == [True]


def test_a_missed_pong_drops_the_connection(wire: Wire) -> None:
    wire.tick(PING_EVERY)
    wire.pump()
    assert wire.link.wake_at == wire.now + PING_TIMEOUT
    assert wire.tick(PING_TIMEOUT - 0.1) is None
    assert "ping" in str(wire.tick(0.1))


def test_a_machine_that_slept_asks_again_first(wire: Wire) -> None:
    wire.tick(PING_EVERY)
    wire.pump()
    assert wire.tick(PING_TIMEOUT + OVERSLEPT + 0.1) is None
    assert len(wire.pump()) == 1
    assert "ping" in str(wire.tick(PING_TIMEOUT))


def test_so_it_does_during_the_sign_in(fresh: Wire) -> None:
    fresh.connect()
    assert fresh.tick(GREETING_TIMEOUT + OVERSLEPT + 0.1) is None
    woke = fresh.now
    while (dropped := fresh.tick(fresh.link.wake_at - fresh.now)) is None:
        fresh.pump()
    assert "sign-in" in dropped
    assert fresh.now == pytest.approx(woke + PING_TIMEOUT)


def test_a_ping_that_never_went_out_does_not_go_before_the_sign_in(wire: Wire) -> None:
    wire.tick(PING_EVERY)
    wire.link.lost("cable cut", wire.now)
    wire.link.connected(wire.now)
    assert ["authorize" in message for message in wire.pump()] == [True]


def test_nothing_to_wake_up_for_without_a_connection(wire: Wire) -> None:
    wire.link.lost("cable cut", wire.now)
    assert wire.link.wake_at == math.inf


# Deadlines


@pytest.mark.parametrize(("changes", "kind"), [(False, CallTimeout), (True, OutcomeUnknown)])
def test_no_reply_within_the_time(wire: Wire, changes: bool, kind: type) -> None:
    call = wire.call(timeout=5, changes=changes)
    wire.pump()
    assert wire.link.wake_at == wire.now + 5
    assert wire.tick(4.9) is None
    assert not call.future.done()
    assert wire.tick(0.1) is None
    assert type(call.future.exception(0)) is kind
    assert wire.link.ready


def test_a_call_whose_time_is_up_is_not_sent_any_more(fresh: Wire) -> None:
    greeting = fresh.connect()
    call = fresh.call(timeout=5)
    fresh.tick(5)
    fresh.reply(greeting["req_id"], authorize={})
    assert fresh.pump() == []
    assert call.future.done()


# When Deriv forgets who we are


def test_a_read_is_asked_again_after_a_new_sign_in(wire: Wire) -> None:
    read, other = wire.call(), wire.call()
    wire.pump()
    wire.reply(read.req_id, **failed("AuthorizationRequired"))
    assert not read.future.done()
    (greeting,) = wire.pump()
    assert "authorize" in greeting
    assert wire.reply(other.req_id, **failed("AuthorizationRequired")) is None
    assert wire.pump() == []  # one greeting is enough
    wire.reply(greeting["req_id"], authorize={})
    assert [message["req_id"] for message in wire.pump()] == [read.req_id, other.req_id]
    wire.reply(read.req_id, balance={})
    assert "error" not in read.future.result(0)


def test_a_doubled_refusal_is_a_stray(wire: Wire) -> None:
    read = wire.call()
    wire.pump()
    for _ in range(2):
        wire.reply(read.req_id, **failed("AuthorizationRequired"))
    assert wire.link.stray == 1
    assert not read.future.done()


def test_but_only_once(wire: Wire) -> None:
    read = wire.call()
    wire.pump()
    wire.reply(read.req_id, **failed("AuthorizationRequired"))
    wire.reply(wire.pump()[0]["req_id"], authorize={})
    wire.pump()
    wire.reply(read.req_id, **failed("AuthorizationRequired"))
    assert read.future.result(0)["error"]["code"] == "AuthorizationRequired"
    assert "authorize" in wire.pump()[0]


def test_a_change_never(wire: Wire) -> None:
    change = wire.call("buy", changes=True)
    wire.pump()
    wire.reply(change.req_id, **failed("AuthorizationRequired"))
    assert change.future.result(0)["error"]["code"] == "AuthorizationRequired"
    (greeting,) = wire.pump()
    assert "authorize" in greeting
    assert wire.link.ready  # until the answer says otherwise
    wire.reply(greeting["req_id"], authorize={})
    assert wire.pump() == []


def test_an_invalid_token_is_looked_into(wire: Wire) -> None:
    read, other = wire.call(), wire.call()
    wire.pump()
    wire.reply(read.req_id, **failed("InvalidToken"))
    assert read.future.result(0)["error"]["code"] == "InvalidToken"
    (greeting,) = wire.pump()
    assert wire.reply(greeting["req_id"], **failed("InvalidToken")) == str(REFUSED)
    assert wire.link.state is State.SIGNED_OUT
    assert type(other.future.exception(0)) is SignInRefused


def test_without_a_greeting_there_is_nothing_to_look_into() -> None:
    wire = Wire(greeting=False)
    call = wire.call()
    wire.link.connected(wire.now)
    wire.pump()
    wire.reply(call.req_id, **failed("AuthorizationRequired"))
    assert call.future.result(0)["error"]["code"] == "AuthorizationRequired"
    assert wire.pump() == []


# Leaving


def test_closing(wire: Wire) -> None:
    read, change, early = wire.call(), wire.call("buy", changes=True), None
    wire.pump()
    early = wire.call("sell", changes=True)
    wire.link.close(SessionClosed("closed"))
    assert wire.link.state is State.CLOSED
    assert type(read.future.exception(0)) is SessionClosed
    assert type(early.future.exception(0)) is SessionClosed
    assert isinstance(change.future.exception(0), OutcomeUnknown)
    assert type(wire.call().future.exception(0)) is SessionClosed
    assert wire.pump() == []
    wire.tick(30)
    assert wire.link.wake_at == math.inf
    wire.link.connected(wire.now)
    wire.link.lost("closed", wire.now)
    wire.link.close(REFUSED)
    assert type(wire.link.failure) is SessionClosed
    assert wire.changes[-1] is State.CLOSED
    assert wire.changes.count(State.CLOSED) == 1


@pytest.mark.parametrize("sent", [True, False])
def test_an_abandoned_call_is_neither_sent_nor_answered(wire: Wire, sent: bool) -> None:
    call = wire.call()
    if sent:
        wire.pump()
    wire.link.abandon(call)
    wire.link.abandon(call)
    assert wire.pump() == []
    wire.reply(call.req_id)
    assert wire.link.stray == 1
    assert not call.future.done()
    wire.link.lost("cable cut", wire.now)
    wire.reply(wire.connect()["req_id"], authorize={})
    assert wire.pump() == []


# Parsing


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({}, None),
        ({"error": None}, None),
        ({"error": {"code": "X"}}, "X"),
        ({"error": {"code": 5}}, "UnknownError"),
        ({"error": {}}, "UnknownError"),
        ({"error": "X"}, "UnknownError"),
        ({"error": False}, "UnknownError"),
    ],
)
def test_error_codes(reply: dict[str, Any], code: str | None) -> None:
    assert error_code(reply) == code


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_parsing(reply: dict[str, Any]) -> None:
    assert parse(json.dumps(reply).encode()) == reply
    assert parse(json.dumps([reply]).encode()) is None


# Anything in any order


class AnyOrder(RuleBasedStateMachine):
    """Calls, replies, losses, time and Deriv's moods in every order hypothesis thinks of."""

    @initialize(greeting=st.booleans())
    def begin(self, greeting: bool) -> None:
        self.wire = Wire(greeting)
        self.socket = False
        self.calls: dict[int, Pending] = {}
        self.abandoned: set[int] = set()
        self.taken: list[int] = []  # req_ids as they went out
        self.controls: list[int] = []  # greetings and pings, unanswered
        self.ends: dict[int, int] = {}

    @rule(changes=st.booleans(), timeout=st.sampled_from([1.0, 30.0, 500.0]))
    def submit(self, changes: bool, timeout: float) -> None:
        was_reconnecting = self.wire.link.state is State.RECONNECTING
        call = self.wire.call("buy" if changes else "balance", changes=changes, timeout=timeout)
        self.calls[call.req_id] = call
        self.ends[call.req_id] = 0
        call.future.add_done_callback(lambda future, req_id=call.req_id: self.count(req_id))  # type: ignore[misc]
        if changes and was_reconnecting:
            assert type(call.future.exception(0)) is ConnectionLost

    def count(self, req_id: int) -> None:
        self.ends[req_id] += 1

    @precondition(lambda self: self.socket)
    @rule()
    def send(self) -> None:
        message = self.wire.link.next_message()
        if message is None:
            return
        req_id = json.loads(message)["req_id"]
        (self.taken if req_id in self.calls else self.controls).append(req_id)

    @precondition(lambda self: self.socket and self.taken)
    @rule(data=st.data(), error=st.sampled_from([None, None, "AuthorizationRequired", "InvalidToken", "RateLimit"]))
    def reply(self, data: st.DataObject, error: str | None) -> None:
        req_id = data.draw(st.sampled_from(self.taken))
        call, before = self.calls[req_id], self.calls[req_id].future.done()
        self.hear(self.wire.reply(req_id, mine=req_id, **(failed(error) if error else {})))
        if call.future.done() and not before:
            assert call.future.result(0)["mine"] == req_id

    @precondition(lambda self: self.socket and self.controls)
    @rule(error=st.sampled_from([None, None, None, "InvalidToken", "RateLimit"]))
    def answer_control(self, error: str | None) -> None:
        self.hear(self.wire.reply(self.controls.pop(0), **(failed(error) if error else {"authorize": {}})))

    @precondition(lambda self: self.socket)
    @rule(message=st.sampled_from([b"{}", b"nonsense", b'{"req_id": true}', b'{"req_id": 999999}']))
    def noise(self, message: bytes) -> None:
        self.hear(self.wire.link.received(message, self.wire.now))

    def hear(self, dropped: str | None) -> None:
        if dropped is not None:
            self.lose()

    @precondition(lambda self: self.socket)
    @rule()
    def lose(self) -> None:
        self.socket = False
        self.controls.clear()
        self.wire.link.lost("cable cut", self.wire.now)

    @precondition(lambda self: not self.socket)
    @rule(works=st.sampled_from([True, True, True, False]))
    def connect(self, works: bool) -> None:
        delay = self.wire.link.connect_delay(self.wire.now)
        assert (delay is None) == self.wire.link.over
        if delay is None:
            return
        self.wire.now += delay
        if works:
            self.socket = True
            self.wire.link.connected(self.wire.now)
        else:
            self.wire.link.lost("nothing answers", self.wire.now)

    @rule(seconds=st.sampled_from([0.0, 0.5, 5.0, 20.0, 100.0]))
    def tick(self, seconds: float) -> None:
        dropped = self.wire.tick(seconds)
        if self.socket:
            self.hear(dropped)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        req_id = data.draw(st.sampled_from(sorted(self.calls)))
        self.abandoned.add(req_id)
        self.wire.link.abandon(self.calls[req_id])

    @precondition(lambda self: len(self.calls) > 5)
    @rule()
    def close(self) -> None:
        self.wire.link.close(SessionClosed("closed"))
        self.socket = False

    @invariant()
    def every_call_ends_or_waits_in_the_table(self) -> None:
        table = {pending.req_id for pending in self.wire.link._calls}
        for req_id, call in self.calls.items():
            assert call.future.done() + (req_id in table) == 1 or req_id in self.abandoned

    @invariant()
    def no_future_ends_twice(self) -> None:
        assert all(count <= 1 for count in self.ends.values())

    @invariant()
    def a_change_goes_out_once_at_most(self) -> None:
        changes = [req_id for req_id in self.taken if self.calls[req_id].changes]
        assert len(changes) == len(set(changes))

    @invariant()
    def a_change_that_went_out_never_claims_it_did_not(self) -> None:
        for req_id in self.taken:
            call = self.calls[req_id]
            if call.changes and call.future.done() and call.future.exception(0) is not None:
                assert isinstance(call.future.exception(0), OutcomeUnknown)

    @invariant()
    def a_change_that_never_went_out_never_claims_it_may_have(self) -> None:
        for req_id, call in self.calls.items():
            if req_id not in self.taken and call.future.done():
                assert not isinstance(call.future.exception(0), OutcomeUnknown)

    @invariant()
    def at_the_end_nothing_waits(self) -> None:
        if self.wire.link.over:
            assert len(self.wire.link._calls) == 0
            assert self.wire.link.failure is not None


TestAnyOrder = AnyOrder.TestCase


def test_ids_are_never_used_twice(wire: Wire) -> None:
    ids = [wire.link.new_id() for _ in range(5)]
    assert ids == list(itertools.islice(itertools.count(ids[0]), 5))


def test_nobody_need_listen() -> None:
    link = Link(None)
    link.connected(0.0)
    assert link.ready
