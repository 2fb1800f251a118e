"""The life of one session's connection, as a state machine without I/O.

The driver (connection.py) tells it what happened (``connected``, ``received``, ``lost``, ``tick``) and does what it
asks for: send what ``next_message`` gives, wake up at ``wake_at``, connect after ``connect_delay``.
Time comes in as an argument, so every path can be tested without a socket or a clock.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from dpyauth.errors import DpyauthError
from dpyauth.net.backoff import Backoff, pause
from dpyauth.net.keepalive import PING_TIMEOUT, Liveness
from dpyauth.net.matching import belongs
from dpyauth.net.messages import Reply, error_code, exactly, leaves_open, parse, says_never
from dpyauth.net.pending import OFF_TIMEOUT, Held, Off, PendingCall, PendingCalls, not_sent, over_budget
from dpyauth.net.rate_limits import GENERAL, RateLimits, SendQueue
from dpyauth.net.state import Handshake, State, unreachable
from dpyauth.net.stream_replies import ALREADY, may_pass, opening_reply
from dpyauth.net.subscription import Listener, Subscription
from dpyauth.net.subscriptions import Subscriptions

GREETING_TIMEOUT = 15.0
REOPEN_TIMEOUT = 30.0
OWN_TIMEOUT = 15.0
"""How long an answer is waited for to what nobody else waits for, in seconds."""
REOPEN_TRIES = 6
"""How often a stream is asked for again that Deriv answers with a code nobody knows."""
GRACE = 1.0
"""How long one thing's error waits for the first answer about the others, in seconds."""
INSTANT = 0.001
"""A wait this short is none."""
OVERSLEPT = 5.0
"""A tick this late means that the machine slept or was busy: deadlines for Deriv start anew."""


class _Own(NamedTuple):
    """A request of our own."""

    call: str
    fields: Mapping[str, Any]
    """What its reply must repeat, if anything."""
    then: Callable[[Reply, float], str | None]
    """What its reply is for."""


class Protocol:
    """One session's connection and the calls and streams on it."""

    def __init__(
        self,
        greeting: Handshake | None,
        *,
        budget: RateLimits | None = None,
        on_change: Callable[[State, str], None] = lambda state, reason: None,
        on_ready: Callable[[Reply | None], None] = lambda reply: None,
        on_event: Callable[[str, str, float | None], None] = lambda what, why, took: None,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.time,
        ids: Iterator[int] | None = None,
        calls: Collection[str] = (),
    ) -> None:
        self.state = State.CONNECTING
        self.reason = ""  # why the state is what it is
        self.ready = False  # whether calls are sent at once
        self.over = False  # whether it has ended for good
        self.failure: DpyauthError | None = None  # what ended it for good
        self.stray = 0  # replies nobody waits for: late, doubled, never asked for, or of another call
        self.reconnects = 0
        self.round_trips: deque[float] = deque(maxlen=1000)
        self.budget = budget or RateLimits()
        self._greeting = greeting
        self._on_change = on_change
        self._on_ready = on_ready
        self._on_event = on_event
        self._calls = PendingCalls(self._failed)
        self._lanes = SendQueue(self.budget)
        self._streams = Subscriptions(self._ask_for_stream, clock, self._reopen_later)
        self._control: deque[str] = deque()  # our own requests, sent at once
        self._own: dict[int, _Own] = {}
        self._names = calls
        self._wanted: list[tuple[str, dict[str, Any], Callable[[Reply | None], None], bool]] = []  # for streams
        self._lapsed: list[Subscription] = []  # what is to be opened again after a pause
        self._later: dict[PendingCall, float] = {}  # what is asked again, and when
        self._rng = rng or random.Random()
        self._backoff = Backoff(rng)
        self._ids = ids or itertools.count(1)  # of the calls on it, and of its own
        self._greeting_deadline = math.inf
        self._early: list[bytes] = []  # replies that came before that to the greeting
        self._liveness = Liveness(lambda: self._ask({"ping": 1}, self._ponged))
        self._ready_since: float | None = None
        self._lost_at: float | None = None
        self._was_ready = False
        self.proven = False  # whether a first connection that fails is a break like any other
        self._learning = False
        self.found_off: Off | None = None  # since the server was found like one that has been switched off

    # What the caller asks for

    def new_id(self) -> int:
        """A req_id that this connection has not used; may be called from any thread."""
        return next(self._ids)

    @property
    def has_stood(self) -> bool:
        """Whether there has ever been a connection that was good for calls."""
        return self._was_ready

    @property
    def streams(self) -> int:
        """How many subscriptions there are at Deriv."""
        return len(self._streams)

    def submit(self, pending: PendingCall, now: float) -> None:
        """Send a call now, or as soon as there is a connection; changes never wait."""
        pending.lane = self.budget.lane(pending.call)
        if self.failure is not None:
            pending.fail(self.failure.copy(pending.call))
        elif pending.changes and self.state is State.RECONNECTING:
            pending.fail(not_sent(pending.call, self.reason))
        elif pending.changes and (wait := self.budget.wait(pending.lane, now)) > 0:
            pending.fail(over_budget(pending.call, wait))
        elif pending.subscription is None or not self._shared(pending, pending.subscription, now):
            self._calls.add(pending)
            self._queue(pending, now)
        if self.found_off is not None:
            self._hurry(now)

    def abandon(self, pending: PendingCall) -> None:
        """Nobody waits for this call any more."""
        if pending.listener is not None:
            self._streams.joining.remove(pending)
            self.leave(pending.listener)  # others may wait for the same reply
        else:
            self._calls.remove(pending)
            pending.text, pending.last = "", None  # who stopped waiting may keep it: tracebacks do

    def leave(self, listener: Listener) -> None:
        """Close a stream. Safe to call twice, and before it was opened."""
        subscription = self._streams.heard_by(listener)
        if subscription is None:
            return
        self._streams.leave(subscription, listener)
        asking = self._calls.get(subscription.req_id)
        if asking is not None and asking.subscription is subscription and subscription not in self._streams:
            self._calls.remove(asking)

    def leave_orphans(self) -> None:
        """Close the streams that nobody has a name for: nobody else could."""
        for listener in self._streams.orphans():
            self.leave(listener)

    def close(self, error: DpyauthError) -> None:
        """End for good."""
        self._end(State.CLOSED, error)

    # What the driver asks for

    @property
    def has_messages(self) -> bool:
        """Whether something waits to be sent, now or as soon as Deriv's rate limits let it."""
        return bool(self._control or self._lanes.waiting or self._later or self._wanted or self._lapsed)

    def next_message(self, now: float) -> str | None:
        """The next text to send, if any. Taking it counts as having sent it."""
        if self._control:
            self.budget.spend(GENERAL, now)
            return self._control.popleft()
        if self._wanted or self._lapsed:
            self._enter_own(now)
        early = not self.ready or self._greeting_deadline < math.inf  # also while a sign-in that stood is in doubt
        if early and not self._greets:
            return None
        while self._lanes.waiting and (pending := self._lanes.take(now, reads_only=early)) is not None:
            if pending not in self._calls:
                continue  # abandoned or expired meanwhile
            if pending.changes and (wait := self.budget.wait(pending.lane, now)) > 0:
                self._calls.fail(pending, over_budget(pending.call, wait))
                continue
            if pending.changes and not pending.take():
                self._calls.remove(pending)  # the caller was interrupted, and has been told that it was not sent
                continue
            self.budget.spend(pending.lane, now)
            self._stop_waiting(pending, now)
            pending.sent_at, pending.held = now, None
            if pending.deadline == math.inf:  # its time begins now
                pending.deadline = now + pending.timeout
                self._calls.add(pending)
            self._liveness.asked(now)
            if pending.subscription is not None:
                pending.subscription.asked = True
            return pending.text
        return None

    @property
    def _greets(self) -> bool:
        """Whether the reply to the greeting is on its way, and reads may be sent before it is there."""
        return self._greeting is not None and self._greeting.along and self._greeting_deadline < math.inf

    def connect_delay(self, now: float) -> float | None:
        """Seconds until the next attempt to connect; None when there shall be none."""
        return None if self.over else self._backoff.next_delay(now)

    @property
    def is_awaited(self) -> bool:
        """Whether a call waits, if only for a connection."""
        return len(self._calls) > 0 or len(self._streams.joining) > 0

    def connecting(self, now: float) -> None:
        """An attempt to connect is made."""
        self._backoff.started(now)

    @property
    def wake_at(self) -> float:
        """When ``tick`` is next needed, if nothing happens before."""
        if self.over:
            return math.inf
        return min(
            self._greeting_deadline,
            self._liveness.wake_at,
            self._calls.next_deadline,
            self._streams.joining.next_deadline,
            self._lanes.wake_at,
            *self._later.values(),
        )

    # What happened

    def connected(self, now: float) -> None:
        """A socket is open."""
        if self.over:
            return
        self._liveness.connected(now)
        if self._greeting is None:
            self._become_ready(now, None)
        else:
            self._greet(now)

    def received(self, message: bytes, now: float) -> str | None:
        """A message came in. Returns why the connection must be dropped, if it must."""
        if self.over:
            return None
        if self._lapsed:
            self._enter_own(now)
        reply = parse(message)
        if reply is None:
            return "a message came that is not a reply of the Deriv API"
        req_id = reply.get("req_id")
        if type(req_id) is not int:
            self._drop_reply(reply)
        elif (pending := self._calls.get(req_id)) is not None and pending.sent_at is not None:
            if not belongs(reply, pending.call, req_id, pending.fields, self._names):
                self._misplaced(pending.call)
                return None
            if not self.ready:  # whether the socket is good for anything is not known yet
                self._early.append(message)
                return None
            return self._answered(pending, pending.sent_at, reply, message, now)
        elif (subscription := self._streams.get(req_id)) is not None:
            fits = belongs(reply, subscription.call, req_id, subscription.fields, self._names)
            if not fits or self._streams.is_of_another(reply, subscription):
                self._misplaced(subscription.call)
            elif pending is not None and self._streams.revives(subscription, reply):
                return self._answered(pending, None, reply, message, now)  # it need not be asked for again
            else:
                self._streams.update(subscription, reply)
        elif (own := self._own.get(req_id)) is not None:
            if not belongs(reply, own.call, req_id, own.fields, self._names):
                self._misplaced(own.call)
                return None
            del self._own[req_id]
            return own.then(reply, now)
        else:
            self._drop_reply(reply)
        return None

    def heard(self, now: float) -> None:
        """Part of a message came in: a long one on a slow line is no silence."""
        self._liveness.heard(now)

    def lost(self, reason: str, now: float, *, error: DpyauthError | None = None, final: bool = False) -> None:
        """The socket is gone, or could not be opened.

        ``error`` is what that means to those who wait for the first connection; ``final`` says that it means the same
        to everybody later: trying again is pointless.
        """
        if self.over:
            return
        if self._ready_since is not None:
            for pending in self._calls:
                if not pending.sent:
                    self._stop_waiting(pending, now)
            self._backoff.ended(now - self._ready_since)
            self._lost_at = now
        self._ready_since = None
        self._forget_own(now)
        if not (self._was_ready or self.proven):  # a first connection that fails is the caller's to repeat
            self._end(State.CLOSED, error or unreachable(reason))
            return
        if final:
            self._end(State.SIGNED_OUT, error or unreachable(reason))
            return
        self._streams.connection_lost(reason)
        for pending in self._calls:
            stream = pending.subscription
            reopened = stream is not None and (stream.live or stream not in self._streams)
            if pending.background or reopened:
                self._calls.remove(pending)  # asked for again once there is a connection; or nobody listens
        again = self._calls.lost(reason)
        self._lanes.clear()
        for pending in self._calls:
            self._queue(pending, now)
        if self.state is not State.RECONNECTING:
            self._event("connection lost", reason + (f"; {again} reads will be sent again" if again else ""))
        else:
            self._event("still no connection", reason)
        self._change(State.RECONNECTING, reason)

    def off(self, reason: str, now: float, error: DpyauthError) -> None:
        """The server was found like one that has been switched off; the error is what to tell those who wait.

        Others may see the same for good. So whoever waits for a connection is told in seconds; trying goes on.
        """
        self.lost(reason, now, error=error)
        if self.found_off is None:
            self.found_off = Off(error, now)
            self._hurry(now)

    def _hurry(self, now: float) -> None:
        for calls in (self._calls, self._streams.joining):
            calls.next_deadline = min(calls.next_deadline, now + OFF_TIMEOUT)

    def woke(self, now: float) -> None:
        """The machine has slept: see at once whether the connection still lives."""
        if self.state in {State.OPEN, State.AUTHORISED} and self._liveness.look(now):
            self._event("woke up", "the clock jumped")

    def tick(self, now: float) -> str | None:
        """Time has passed. Returns why the connection must be dropped, if it must."""
        late = now - self.wake_at > OVERSLEPT
        off = None if self.ready else self.found_off
        self._calls.expire(now, ready=self.ready, reason=self.reason, off=off)
        self._streams.joining.expire(now, ready=self.ready, reason=self.reason, off=off)
        if now >= self._lanes.wake_at:
            self._lanes.wake_at = math.inf  # next_message looks again, if there is still somewhere to send to
        for pending in [pending for pending, due in self._later.items() if due <= now]:
            del self._later[pending]
            if pending in self._calls:
                if pending.subscription is not None:
                    pending.subscription.errors.clear()  # it is all asked for again
                self._queue(pending, now)
        if late and self._greeting_deadline < math.inf:
            self._greeting_deadline = now + PING_TIMEOUT
        if now >= self._greeting_deadline:
            return f"no answer to the sign-in within {GREETING_TIMEOUT:g} s"
        return self._liveness.tick(now, self._sent_at, late=late)

    # Inside: what we ask ourselves

    def _ask(self, fields: Mapping[str, Any], then: Callable[[Reply, float], str | None]) -> None:
        req_id, call = self.new_id(), next(iter(fields))
        secret = self._greeting is not None and call == self._greeting.call
        self._own[req_id] = _Own(call, {} if secret else fields, then)
        self._control.append(json.dumps({**fields, "req_id": req_id}))

    def _ask_for_stream(
        self, call: str, fields: dict[str, Any], then: Callable[[Reply | None], None], prompt: bool
    ) -> None:
        self._wanted.append((call, fields, then, prompt))

    def _enter_own(self, now: float) -> None:
        """Queue what nobody waits for; its time begins when it is sent."""
        wanted, self._wanted = self._wanted, []
        for call, fields, then, prompt in wanted:
            req_id = self.new_id()

            def answered(pending: PendingCall, then: Callable[[Reply | None], None] = then) -> None:
                then(None if pending.reply is None or "error" in pending.reply else pending.reply)

            text = json.dumps({**fields, "req_id": req_id})
            pending = PendingCall(call, req_id, text, math.inf, OWN_TIMEOUT, answered, background=True)
            pending.fields = fields
            pending.lane = self.budget.lane(call)
            self._calls.add(pending)
            self._queue(pending, now, first=prompt)
        lapsed, self._lapsed = self._lapsed, []
        for subscription in lapsed:
            if subscription in self._streams and self._calls.get(subscription.req_id) is None:
                due = now + pause(subscription.tries, self._rng)
                self._later[self._reopening(subscription)] = due

    def _forget_own(self, now: float = -math.inf) -> None:
        if self._learning:
            self._learning = False
            self.budget.not_told(now)
        self._control.clear()
        self._own.clear()
        self._wanted.clear()
        self._lapsed.clear()
        self._later.clear()
        self._early.clear()
        self._liveness.lost()
        self._greeting_deadline = math.inf

    def _greet(self, now: float) -> None:
        assert self._greeting is not None
        self._greeting_deadline = now + GREETING_TIMEOUT
        self._ask(self._greeting.fields(), self._greeted)
        if self.state is not State.AUTHORISED:
            self._change(State.OPEN, "")

    def _greeted(self, reply: Reply, now: float) -> str | None:
        assert self._greeting is not None
        self._greeting_deadline = math.inf
        verdict = self._greeting.check(reply)
        if verdict is None:
            if self.state is not State.AUTHORISED:
                self._become_ready(now, reply)
            return None
        error, may_help_later = verdict
        if not (may_help_later and (self._was_ready or self.proven)):
            self._end(State.SIGNED_OUT, error)
        return str(error)

    def _sent_at(self) -> list[float]:
        """When the calls were sent that wait for their answers."""
        return [pending.sent_at for pending in self._calls if pending.sent_at is not None]

    def _ponged(self, reply: Reply, now: float) -> None:
        self.round_trips.append(self._liveness.answered(now))

    def _learn(self, lane: str, now: float) -> None:
        """Ask for the true rate limits once they begin to matter."""
        if self.budget.should_ask(lane, now):
            self._learning = True
            self._ask({"website_status": 1}, self._learned)

    def _learned(self, reply: Reply, now: float) -> None:
        self._learning = False
        if not self.budget.learn(reply.get("website_status")):
            self.budget.not_told(now)
            return
        told = ", ".join(f"{name} {most}" for name, most in self.budget.minutely.items())
        self._event("rate limits", f"Deriv allows so many calls a minute: {told}")

    # Inside: calls and streams

    def _shared(self, pending: PendingCall, subscription: Subscription, now: float) -> bool:
        """Join the subscription that an equal stream has already; else enter this one."""
        existing = self._streams.find(subscription.key)
        if existing is None:
            assert pending.listener is not None
            subscription.listeners.append(pending.listener)
            self._streams.add(subscription)
            return False
        pending.subscription = existing
        self._streams.join(existing, pending, now)
        return True

    def _queue(self, pending: PendingCall, now: float, *, first: bool = False) -> None:
        pending.queued_at, pending.held = now, self._held
        self._lanes.put(pending, first=first)

    def _held(self) -> Held | None:
        """Return what calls wait for that have not been sent; may be called from any thread."""
        if not self.ready:
            return Held("the connection to Deriv", math.inf)
        until = self._lanes.wake_at
        return Held("Deriv's limit of calls a minute", until) if until < math.inf else None

    def _stop_waiting(self, pending: PendingCall, now: float) -> None:
        """The time that a call waited for the rate limits was not its own."""
        if self._ready_since is None or pending.last is not None:
            return  # it goes with the greeting; or it has an error to tell, and need not wait for another chance
        waited = now - max(pending.queued_at, self._ready_since)
        if waited >= INSTANT:
            pending.waited += waited
            pending.deadline += waited
            self._calls.add(pending)

    def _failed(self, pending: PendingCall) -> None:
        """A call's time is up, or it ended with another error; where it was to open a stream, there is none."""
        stream = pending.subscription
        if stream is None or self.over:
            return
        if pending.reply is not None:
            self._streams.opened(stream, pending.reply)
        elif stream.live and stream.listeners:
            stream.asked = False
            self._streams.reopen(stream, f"Deriv did not answer '{stream.call}'")
        elif pending.error is not None:
            self._streams.fail(stream, pending.error)

    def _answered(
        self, pending: PendingCall, sent_at: float | None, reply: Reply, message: bytes, now: float
    ) -> str | None:
        if pending.subscription is not None:
            reply = opening_reply(reply, pending.subscription.live)
        code = error_code(reply) if "error" in reply else None
        if code is not None and not pending.changes and self._asks_again(pending, code, reply, now):
            return None
        reopens = pending.subscription is not None and pending.subscription.live  # just after a sign-in
        again = not (pending.changes or pending.losses or reopens)
        if code == "AuthorizationRequired" and self._greeting and again:
            return "Deriv says that nobody is signed in"  # on a new socket we say it again, and ask again
        self._calls.remove(pending)
        if sent_at is not None:
            self.round_trips.append(now - sent_at)
        if code is None:
            self.budget.granted(pending.lane)
            if pending.call == "website_status":
                self.budget.learn(reply.get("website_status"))
        if pending.subscription is not None:
            self._streams.opened(pending.subscription, reply)
        if pending.exact:
            reply = exactly(message, reply)
        pending.resolve(reply)
        self._look_who_is_signed_in(code, now)
        self._learn(pending.lane, now)
        return None

    def _misplaced(self, call: str) -> None:
        """A reply carries the number of a call, and says that it is another's: who made the call waits on."""
        self.stray += 1
        self._event("reply of another call", f"it came under the number of '{call}', which goes on waiting")

    def _look_who_is_signed_in(self, code: str | None, now: float) -> None:
        if code in _SIGNED_OUT and self._greeting is not None and self._greeting_deadline == math.inf:
            self._greet(now)  # revoked? The answer to this settles it.

    def _asks_again(self, pending: PendingCall, code: str, reply: Reply, now: float) -> bool:
        """See whether an error may be gone in a moment, and then have the call, which only reads, asked again."""
        stream = pending.subscription
        if stream is not None:
            stream.asked = False
        if code == "RateLimit":
            self.budget.refused(pending.lane, now)
            self._event("rate limit", f"Deriv wants fewer calls like '{pending.call}'; waiting")
            if pending.background and pending.call == "forget":
                return False  # else each of them would prolong the pause; it is asked again should updates come in
            pending.sent_at = pending.last = None
            self._queue(pending, now, first=True)
            return True
        if stream is not None:
            if not stream.listeners:
                return False
            if stream.live:
                return self._is_wanted_still(stream, pending, code, reply, now)
            self._streams.unsubscribe(reply)  # should Deriv have begun it all the same
        may_pass = leaves_open(code) or (
            code == ALREADY and (pending.tries > 0 or self._streams.unsubscriber.is_waiting)
        )
        due = now + pause(pending.tries + 1, self._rng)
        if code == ALREADY and pending.last is not None:
            reply = pending.last  # which says more; and Deriv may have begun it with that
            due = min(due, pending.deadline - INSTANT)
        if not may_pass or due >= pending.deadline or pending.call == "forget":
            return stream is not None and stream.many and self._waits_for_others(stream, pending, reply, now)
        if stream is not None and stream.many:
            stream.errors.append(reply)
        pending.tries += 1
        pending.last = reply
        pending.sent_at = None
        self._later[pending] = due
        held = Held(f"Deriv, which could not answer '{pending.call}' just now", due)
        pending.held = lambda: held
        self._event("asked again", f"Deriv answered '{pending.call}' with {code[:64]}")
        return True

    def _is_wanted_still(self, stream: Subscription, pending: PendingCall, code: str, reply: Reply, now: float) -> bool:
        """See whether a stream that was open may be had again, and then have it asked for again."""
        if stream.ids and (stream.many or code == ALREADY):  # it goes on, or the others do
            self._calls.remove(pending)
            self._streams.update(stream, reply)
            return True
        if says_never(code) or not (may_pass(code) or stream.tries < REOPEN_TRIES):
            return stream.many and self._waits_for_others(stream, pending, reply, now)
        self._calls.remove(pending)
        self._look_who_is_signed_in(code, now)
        self._streams.reopen(stream, f"Deriv answered '{stream.call}' with {code[:64]}")
        return True

    def _waits_for_others(self, stream: Subscription, pending: PendingCall, reply: Reply, now: float) -> bool:
        """Keep one thing's error until there is an answer about another; return whether there may be one."""
        stream.errors.append(reply)
        if 0 < len(stream.symbols) <= len(stream.errors):
            return False
        pending.last = reply
        pending.deadline = min(pending.deadline, now + GRACE)
        self._calls.add(pending)
        return True

    def _drop_reply(self, reply: Reply) -> None:
        self.stray += 1
        self._streams.unsubscribe(reply)

    def _reopen(self, now: float) -> None:
        """Ask for every stream again, before anything else."""
        waiting = {pending.req_id for pending in self._calls}
        for subscription in reversed(list(self._streams)):
            if subscription.req_id in waiting:
                continue  # it was never opened: its first request is sent again like any read
            pending = self._reopening(subscription)
            self._queue(pending, now, first=True)

    def _reopening(self, subscription: Subscription) -> PendingCall:
        """Enter the request for a stream that was open; its time begins when it is sent."""
        pending = PendingCall(
            call=subscription.call,
            req_id=subscription.req_id,
            text=subscription.text,
            deadline=math.inf,
            timeout=REOPEN_TIMEOUT,
            lane=self.budget.lane(subscription.call),
            subscription=subscription,
            fields=subscription.fields,
        )
        self._calls.add(pending)
        return pending

    def _reopen_later(self, subscription: Subscription, why: str) -> None:
        self._lapsed.append(subscription)
        self._event("stream interrupted", f"{why}; it is asked for again")

    # Inside: changes of state

    def _become_ready(self, now: float, reply: Reply | None) -> None:
        outage = now - self._lost_at if self._lost_at is not None else None
        self.reconnects += outage is not None
        self._event("connected" if outage is None else "reconnected", "", outage)
        if not self._was_ready:
            self._backoff.reset()  # the first connection was no attempt to come back
        self._was_ready = True
        self._lost_at = self.found_off = None
        self._ready_since = now
        self._calls.expire(now, ready=False, reason=self.reason)  # from here on, waiting is for the rate limits
        self._reopen(now)
        self._change(State.OPEN if self._greeting is None else State.AUTHORISED, "")
        self._on_ready(reply)
        early, self._early = self._early, []
        for message in early:
            self.received(message, now)

    def _end(self, state: State, error: DpyauthError) -> None:
        if self.over:
            return
        self.failure = error
        self._lanes.clear()
        self._forget_own()
        self._event(state.value, str(error))
        self._change(state, str(error))
        self._calls.fail_all(error)
        self._streams.end_all(error)

    def _change(self, state: State, reason: str) -> None:
        self.reason = reason
        self.state = state
        self.ready = state is State.AUTHORISED or (state is State.OPEN and self._greeting is None)
        self.over = state is State.SIGNED_OUT or state is State.CLOSED
        self._on_change(state, reason)

    def _event(self, what: str, why: str, took: float | None = None) -> None:
        self._on_event(what, why, took)


_SIGNED_OUT = {"AuthorizationRequired", "InvalidToken"}
