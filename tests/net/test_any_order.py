"""Run a protocol against a simulated Deriv: calls, streams, losses, limits and time in random order."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dpyauth.errors import (
    CallTimeout,
    ConnectionLost,
    DpyauthError,
    OutcomeUnknown,
    RateLimited,
    SessionClosed,
    SignInRefused,
)
from dpyauth.net.messages import error_code
from dpyauth.net.pending import MAX_LOSSES, PendingCall, PendingCalls
from dpyauth.net.protocol import Protocol
from dpyauth.net.rate_limits import HOUR, MINUTE, PENALTIES, RateLimits
from dpyauth.net.state import Handshake, State
from dpyauth.net.subscription import Subscription
from dpyauth.net.subscriptions import Subscriptions

LIMITS = {"general": (12, 60), "outcome": (3, 9), "pricing": (4, 20)}
KEYS = {"max_requestes_general": "general", "max_requests_outcome": "outcome", "max_requests_pricing": "pricing"}
ERRORS = [None] * 6 + ["AuthorizationRequired", "InvalidToken", "RateLimit", "InternalServerError", "MarketIsClosed"]
REFUSED = SignInRefused("no such token", code="InvalidToken")


def check(reply: dict[str, Any]) -> tuple[DpyauthError, bool] | None:
    return {None: None, "InvalidToken": (REFUSED, False)}.get(error_code(reply), (DpyauthError("busy"), True))


def small_budget() -> RateLimits:
    budget = RateLimits()
    limits = {key: dict(zip(("minutely", "hourly"), LIMITS[name], strict=True)) for key, name in KEYS.items()}
    budget.learn({"api_call_limits": limits})
    return budget


class Hearer:
    """Listens to a stream, and fails on updates that it must not receive."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.heard: list[dict[str, Any]] = []
        self.over = False
        self.left = False

    def push(self, reply: dict[str, Any]) -> None:
        assert not self.over, "an update after the end"
        assert not self.left, "an update after the listener has left"
        assert reply.get("error") or self.key in (reply.get("mine"), reply.get("tick", {}).get("symbol"))
        if "tick" in reply and self.heard and "tick" in self.heard[-1]:
            assert reply["tick"]["epoch"] > self.heard[-1]["tick"]["epoch"], "ticks out of order or repeated"
        self.heard.append(reply)

    def refuse(self, reply: dict[str, Any]) -> None:
        self.push(reply)
        self.end(None)

    def end(self, error: DpyauthError | None) -> None:
        assert not self.over, "it ended twice"
        self.over = True


class AnyOrder(RuleBasedStateMachine):
    @initialize(greeting=st.booleans())
    def begin(self, greeting: bool) -> None:
        self.now = 1000.0
        self.protocol = Protocol(
            Handshake("authorize", lambda: {"authorize": "token"}, check) if greeting else None,
            rate_limits=small_budget(),
            rng=random.Random(0),
            clock=lambda: self.now,
        )
        self.socket = False
        self.calls: dict[int, PendingCall] = {}
        self.hearers: dict[int, Hearer] = {}  # by the req_id of the call that opened the stream
        self.abandoned: set[int] = set()
        self.taken: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self.ends: Counter[int] = Counter()
        self.sent_at: list[tuple[float, str]] = []
        self.pauses: dict[str, float] = {}
        self.outbox: list[dict[str, Any]] = []  # answered by Deriv, but not yet sent
        self.streams: dict[str, tuple[str, int]] = {}  # Deriv's streams: id -> key, req_id
        self.epochs: dict[str, int] = {}
        self.stream_ids = itertools.count()
        self.glitches: set[str] = set()  # what may be requested again although Deriv has it

    def tables(self) -> tuple[PendingCalls, Subscriptions]:
        """Return the waiting calls and streams; only this method looks inside the protocol."""
        return self.protocol._calls, self.protocol._streams

    # What callers do

    def pending(self, call: str, timeout: float, **more: Any) -> PendingCall:
        req_id = self.protocol.new_id()
        pending = PendingCall(
            call=call,
            req_id=req_id,
            text=json.dumps({call: 1, "req_id": req_id}),
            deadline=self.now + timeout,
            timeout=timeout,
            deliver=lambda pending: self.ends.update([pending.req_id]),
            **more,
        )
        self.calls[req_id] = pending
        return pending

    @rule(
        call=st.sampled_from(["balance", "statement", "proposal", "buy"]),
        timeout=st.sampled_from([1.0, 30.0, 500.0]),
        times=st.sampled_from([1, 1, 1, 5]),
    )
    def submit(self, call: str, timeout: float, times: int) -> None:
        was_reconnecting = self.protocol.state is State.RECONNECTING
        for _ in range(times):
            pending = self.pending(call, timeout, changes=call == "buy")
            self.protocol.submit(pending, self.now)
            if was_reconnecting and pending.changes:
                assert type(pending.error) is ConnectionLost

    @rule(key=st.sampled_from(["R_10", "R_25", "R_10", "contract", "contracts"]), timeout=st.sampled_from([1.0, 30.0]))
    def subscribe(self, key: str, timeout: float) -> None:
        call = "ticks" if key.startswith("R_") else "proposal_open_contract"
        hearer = Hearer(key)
        subscription = Subscription(call, key, 0, "", symbol=key if call == "ticks" else None, many=key == "contracts")
        pending = self.pending(call, timeout, listener=hearer, subscription=subscription)
        pending.text = json.dumps({call: key, "subscribe": 1, "req_id": pending.req_id})
        subscription.req_id, subscription.text = pending.req_id, pending.text
        self.hearers[pending.req_id] = hearer
        self.protocol.submit(pending, self.now)

    @precondition(lambda self: self.hearers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        req_id = data.draw(st.sampled_from(sorted(self.hearers)))
        pending, hearer = self.calls[req_id], self.hearers[req_id]
        if pending.reply is not None and "error" not in pending.reply:  # only then was it accepted
            assert pending.subscription is not None
            self.protocol.leave(hearer)
            hearer.left = True

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        req_id = data.draw(st.sampled_from(sorted(self.calls)))
        if req_id in self.hearers:
            self.hearers[req_id].left = True
        self.abandoned.add(req_id)
        self.protocol.abandon(self.calls[req_id])

    # What Deriv does

    @precondition(lambda self: self.socket)
    @rule(errors=st.lists(st.sampled_from(ERRORS), min_size=1, max_size=8))
    def send(self, errors: list[str | None]) -> None:
        for error in errors:
            if not self.send_one(error):
                break

    def send_one(self, error: str | None = None) -> bool:
        """Take one message from the protocol, and react as Deriv does."""
        message = self.protocol.next_message(self.now)
        if message is None:
            return False
        request = json.loads(message)
        req_id = request["req_id"]
        call = self.calls.get(req_id)
        if call is not None:
            assert "authorize" not in request
            lane = call.bucket
            assert self.now >= max(self.pauses.get(lane, 0), self.pauses.get("general", 0)), "sent during a pause"
            self.sent_at.append((self.now, lane))
            self.taken[req_id] += 1
        reply: dict[str, Any] = {"req_id": req_id, "mine": req_id}
        if error is not None and (call is not None or "authorize" in request):
            self.outbox.append({**reply, "error": {"code": error, "message": "No."}})
        elif request.get("subscribe"):
            self.open_streams(request)
        elif "forget" in request:
            self.outbox.append({**reply, "forget": int(self.streams.pop(request["forget"], None) is not None)})
        elif "ticks_history" in request:
            times = list(range(request["start"], int(request["end"]) + 1))[-5000:]
            self.outbox.append({**reply, "history": {"times": times, "prices": times}})
        else:
            self.outbox.append({**reply, "authorize": {}})
        return True

    def open_streams(self, request: dict[str, Any]) -> None:
        key = request.get("ticks") or request["proposal_open_contract"]
        if key in {key for key, _ in self.streams.values()}:
            gave_up = [n for n, hearer in self.hearers.items() if hearer.key == key]
            late = any(isinstance(self.calls[n].error, CallTimeout) for n in gave_up) or any(
                key == self.streams[reply["opens"]][0] for reply in self.outbox if reply.get("opens") in self.streams
            )
            assert late or key in self.glitches or self.tables()[1].unsubscriber.is_waiting, "subscribed twice"
            self.outbox.append({"req_id": request["req_id"], "error": {"code": "AlreadySubscribed"}})
            return
        for _ in range(2 if key == "contracts" else 1):
            stream_id = f"stream-{next(self.stream_ids)}"
            self.streams[stream_id] = (key, request["req_id"])
            self.outbox.append(self.update_of(stream_id, self.epoch(key)))

    def epoch(self, key: str, later: int = 0) -> int:
        """Return the time of the latest tick, or of the next one if it has to be later."""
        self.epochs[key] = max(int(self.now), self.epochs.get(key, 0) + later)
        return self.epochs[key]

    def update_of(self, stream_id: str, epoch: int) -> dict[str, Any]:
        key, req_id = self.streams[stream_id]
        payload = {"tick": {"symbol": key, "epoch": epoch}} if key.startswith("R_") else {"mine": key}
        kind = "tick" if key.startswith("R_") else "proposal_open_contract"
        return {"req_id": req_id, "msg_type": kind, "subscription": {"id": stream_id}, "opens": stream_id, **payload}

    def speaking(self) -> list[str]:
        """Return Deriv's streams whose first reply has been sent."""
        unsaid = {reply.get("opens") for reply in self.outbox}
        return sorted(set(self.streams) - unsaid)

    @precondition(lambda self: self.socket and self.outbox)
    @rule(data=st.data(), doubled=st.sampled_from([False, False, False, True]))
    def reply(self, data: st.DataObject, doubled: bool) -> None:
        reply = self.outbox.pop(data.draw(st.integers(0, len(self.outbox) - 1)))
        self.answer(reply)
        if doubled and self.socket and "opens" not in reply:
            self.answer(reply)

    def answer(self, reply: dict[str, Any]) -> None:
        call = self.calls.get(reply["req_id"])
        was_done = call is not None and call.done
        awaited = call is not None and call in self.tables()[0] and call.sent
        code = error_code(reply)
        if call is not None and awaited and code in {"RateLimit", "InternalServerError"} and not call.changes:
            self.refused[call.req_id] += 1
        if call is not None and awaited and code == "RateLimit" and not call.changes:
            begun = self.pauses.get(call.bucket, 0)
            self.pauses[call.bucket] = begun if self.now < begun else self.now + PENALTIES[0]
        self.hear(self.protocol.received(json.dumps(reply).encode(), self.now))
        if call is not None and call.done and not was_done and call.reply is not None:
            assert call.reply["req_id"] == call.req_id, "the reply of another call"

    @precondition(lambda self: self.socket)
    @rule(key=st.sampled_from(["R_10", "contract", "contracts"]))
    def open_whole(self, key: str) -> None:
        """Open a stream and receive its first update."""
        self.subscribe(key, 30.0)
        while self.send_one():
            pass
        while self.outbox and self.socket:
            self.answer(self.outbox.pop(0))

    @precondition(lambda self: self.socket and self.speaking())
    @rule(data=st.data(), what=st.sampled_from(["update", "update", "update", "sold", "error", "glitch"]))
    def update(self, data: st.DataObject, what: str) -> None:
        stream_id = data.draw(st.sampled_from(self.speaking()))
        key, req_id = self.streams[stream_id]
        reply = self.update_of(stream_id, self.epoch(key, later=1))
        if what == "sold" and not key.startswith("R_"):
            reply["proposal_open_contract"] = {"is_sold": 1}
            del self.streams[stream_id]
        elif what in {"error", "glitch"}:
            code = "MarketIsClosed" if what == "error" else "WrongResponse"
            reply = {"req_id": req_id, "msg_type": reply["msg_type"], "error": {"code": code}}
            self.glitches.add(key)
        self.hear(self.protocol.received(json.dumps(reply).encode(), self.now))

    @precondition(lambda self: self.socket)
    @rule(
        message=st.sampled_from(
            [
                b"{}",
                b"nonsense",
                b'{"req_id": true}',
                b'{"req_id": 999999}',
                b'{"req_id": 999999, "subscription": {"id": "unknown"}}',
                b'{"subscription": {"id": "unknown"}, "tick": {}}',
            ]
        )
    )
    def noise(self, message: bytes) -> None:
        self.hear(self.protocol.received(message, self.now))

    def hear(self, dropped: str | None) -> None:
        if dropped is not None:
            self.lose()

    # What happens to the connection

    @precondition(lambda self: self.socket)
    @rule()
    def lose(self) -> None:
        self.socket = False
        self.outbox.clear()
        self.streams.clear()
        self.protocol.connection_lost("cable cut", self.now)

    @precondition(lambda self: not self.socket)
    @rule(works=st.sampled_from([True, True, True, False]))
    def connect(self, works: bool) -> None:
        delay = self.protocol.connect_delay(self.now)
        assert (delay is None) == self.protocol.over
        if delay is None:
            return
        self.now += delay
        if works:
            self.socket = True
            self.protocol.connection_made(self.now)
        else:
            self.protocol.connection_lost("nothing answers", self.now)

    @rule(seconds=st.sampled_from([0.0, 0.5, 5.0, 20.0, 100.0, 4000.0]))
    def tick(self, seconds: float) -> None:
        """Fire the driver's timer, perhaps late."""
        self.now += seconds
        self.tick_now()

    def tick_now(self) -> None:
        dropped = self.protocol.tick(self.now)
        if dropped is not None:
            assert self.socket, "there is nothing to drop"
            self.lose()

    @rule()
    def wake(self) -> None:
        self.sleep_until_woken()

    def sleep_until_woken(self) -> None:
        """Fire the driver's timer in time, and send everything that may be sent."""
        if self.protocol.wake_at < math.inf:
            self.now = max(self.now, self.protocol.wake_at)
            self.tick_now()
        if self.socket:
            while self.send_one():
                pass
        assert self.protocol.wake_at > self.now, "a busy loop"

    @rule()
    def woke(self) -> None:
        self.protocol.clock_jumped(self.now)

    @precondition(lambda self: len(self.calls) > 8)
    @rule()
    def close(self) -> None:
        self.protocol.close(SessionClosed("closed"))
        self.socket = False

    # Invariants

    @invariant()
    def every_call_ends_or_waits_in_a_table(self) -> None:
        calls, streams = self.tables()
        for req_id, call in self.calls.items():
            waits = call in calls or call in streams.joining
            assert call.done != waits or req_id in self.abandoned

    @invariant()
    def no_call_ends_twice(self) -> None:
        assert all(count == 1 for count in self.ends.values())

    @invariant()
    def a_change_goes_out_once_at_most(self) -> None:
        assert all(count == 1 for req_id, count in self.taken.items() if self.calls[req_id].changes)

    @invariant()
    def a_read_goes_out_a_few_times_at_most(self) -> None:
        for req_id, count in self.taken.items():
            if req_id not in self.hearers:
                assert count <= MAX_LOSSES + self.refused[req_id]

    @invariant()
    def a_change_that_went_out_never_claims_it_did_not(self) -> None:
        for req_id in self.taken:
            call = self.calls[req_id]
            if call.changes and call.error is not None:
                assert isinstance(call.error, OutcomeUnknown)

    @invariant()
    def a_change_that_never_went_out_never_claims_it_may_have(self) -> None:
        for req_id, call in self.calls.items():
            if req_id not in self.taken:
                assert not isinstance(call.error, OutcomeUnknown)

    @invariant()
    def no_limit_is_exceeded(self) -> None:
        for lane, (minutely, hourly) in LIMITS.items():
            sent = [when for when, used in self.sent_at if lane in ("general", used)]
            assert sum(when > self.now - MINUTE + 1e-6 for when in sent) <= minutely
            assert sum(when > self.now - HOUR + 1e-6 for when in sent) <= hourly

    @invariant()
    def only_what_was_waited_for_too_long_is_over_the_limit(self) -> None:
        for call in self.calls.values():
            if isinstance(call.error, RateLimited) and not call.changes:
                assert call.waited < 700

    @invariant()
    def whoever_hears_is_known(self) -> None:
        listeners = {id(hearer) for subscription in self.tables()[1] for hearer in subscription.listeners}
        for req_id, hearer in self.hearers.items():
            opened = self.calls[req_id].reply is not None and "error" not in self.calls[req_id].reply  # type: ignore[operator]
            if opened and not hearer.left and not hearer.over:
                assert id(hearer) in listeners, "an open stream that is not served"

    @invariant()
    def at_the_end_nothing_waits(self) -> None:
        if self.protocol.over:
            assert not self.protocol.is_awaited
            assert self.protocol.streams == 0
            assert self.protocol.failure is not None
            assert self.protocol.next_message(self.now) is None
            assert self.protocol.wake_at == math.inf
            assert all(hearer.over or hearer.left or not self.opened(n) for n, hearer in self.hearers.items())

    def opened(self, req_id: int) -> bool:
        reply = self.calls[req_id].reply
        return reply is not None and "error" not in reply

    def teardown(self) -> None:
        """If Deriv answers, every waiting call ends, and every stream goes on."""
        if not hasattr(self, "protocol"):
            return
        for _ in range(2000):
            if self.protocol.over:
                break
            if not self.socket:
                self.connect(works=True)
            elif self.outbox:
                self.answer(self.outbox.pop(0))
            elif not self.send_one():
                if not self.protocol.is_awaited:
                    break
                self.sleep_until_woken()
        assert not self.protocol.is_awaited, "a stuck queue"
        self.every_call_ends_or_waits_in_a_table()
        self.at_the_end_nothing_waits()
        if not self.protocol.over:
            self.every_stream_goes_on()

    def every_stream_goes_on(self) -> None:
        open_ones = [
            hearer for n, hearer in self.hearers.items() if self.opened(n) and not (hearer.left or hearer.over)
        ]
        before = [len(hearer.heard) for hearer in open_ones]
        self.now += 1
        for stream_id in self.speaking():
            key, _ = self.streams[stream_id]
            reply = self.update_of(stream_id, self.epoch(key, later=1))
            self.hear(self.protocol.received(json.dumps(reply).encode(), self.now))
            while self.send_one() or self.outbox:  # back-fills, and streams without listeners
                if self.outbox:
                    self.answer(self.outbox.pop(0))
        for hearer, count in zip(open_ones, before, strict=True):
            assert len(hearer.heard) > count or hearer.key == "contracts", "a stream without further updates"
        assert {key for key, _ in self.streams.values()} <= {hearer.key for hearer in open_ones}


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(deadline=None, report_multiple_bugs=False, max_examples=50, stateful_step_count=60)
