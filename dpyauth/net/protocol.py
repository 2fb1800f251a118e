"""Decide everything about one session's connection, as a state machine without I/O.

The driver (connection.py) reports what happened (``connection_made``, ``received``, ``connection_lost``, ``tick``) and
does what the protocol asks for: it sends what ``next_message`` returns, calls ``tick`` at ``wake_at``, and connects
after ``connect_delay``. The time is an argument, so every path can be tested without a socket or a clock.

States, and what leads out of them:

============ ========================= ============================ ==============================================
State        Meaning                   May be sent                  Next
============ ========================= ============================ ==============================================
CONNECTING   There was no connection   Nothing: calls wait.         Connected: OPEN. Attempt failed: CLOSED (with
             yet.                                                   ``retry_first``: RECONNECTING).
OPEN         Connected, not signed     Handshake and pings; with    Handshake accepted: AUTHORISED; refused:
             in (or there is no        ``reads_early`` reads too;   SIGNED_OUT. Connection lost: RECONNECTING; before
             handshake).               all without a handshake.     the first sign-in: CLOSED.
AUTHORISED   Signed in.                All; as in OPEN while a      Connection lost: RECONNECTING. Second handshake
                                       second handshake checks if   refused: SIGNED_OUT.
                                       the sign-in is still valid.
RECONNECTING The connection broke.     Nothing: reads wait,         Connected: OPEN. Attempt failed for good:
                                       changes fail at once.        SIGNED_OUT.
SIGNED_OUT   Ended: Deriv no longer    Nothing: calls fail at once  None.
             accepts the credential.   with ``failure``.
CLOSED       Ended by ``close``, or    Nothing: calls fail at once  None. (``close`` leads here from every state.)
             never connected.          with ``failure``.
============ ========================= ============================ ==============================================

Three rules hold in every state. A call that changes something is sent at most once, and waits neither for a reconnect
nor for the rate limits; if it was sent and gets no reply, it ends with `OutcomeUnknown`. A call that only reads is sent
again after a break, a few times. Every call ends, whatever the server does, because ``tick`` checks its deadline.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from typing import Any

from dpyauth.errors import DpyauthError
from dpyauth.net.backoff import Backoff
from dpyauth.net.control_requests import ControlRequests
from dpyauth.net.keepalive import PING_TIMEOUT, Keepalive
from dpyauth.net.matching import belongs
from dpyauth.net.messages import Reply, error_code, exactly, parse
from dpyauth.net.pending import (
    OFF_TIMEOUT,
    PendingCall,
    PendingCalls,
    ServerOff,
    WaitingFor,
    not_sent,
    over_budget,
)
from dpyauth.net.rate_limits import GENERAL, RateLimits, SendQueue
from dpyauth.net.retries import INSTANT, Retries
from dpyauth.net.state import Handshake, State, unreachable
from dpyauth.net.stream_replies import opening_reply
from dpyauth.net.subscription import Listener, Subscription
from dpyauth.net.subscriptions import Subscriptions
from dpyauth.texts.said import said

HANDSHAKE_TIMEOUT = 15.0
OWN_TIMEOUT = 15.0
"""Seconds to wait for the reply to a request of the connection itself."""

OVERSLEPT = 5.0
"""Seconds of delay after which a tick means that the machine slept or was busy: the deadlines for Deriv's replies then
start again."""

_SIGNED_OUT = {"AuthorizationRequired", "InvalidToken"}


class Protocol:
    """State of one session's connection, and the calls and streams on it."""

    def __init__(
        self,
        handshake: Handshake | None,
        *,
        rate_limits: RateLimits | None = None,
        on_change: Callable[[State, str], None] = lambda state, reason: None,
        on_ready: Callable[[Reply | None], None] = lambda reply: None,
        on_event: Callable[[str, str, float | None], None] = lambda what, why, took: None,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.time,
        ids: Iterator[int] | None = None,
        calls: Collection[str] = (),
    ) -> None:
        self.state = State.CONNECTING
        self.reason = ""  # reason for the state
        self.failure: DpyauthError | None = None  # error that ended it for good
        self.unmatched = 0  # replies that no call waits for: late, duplicate, unrequested, or for another call
        self.reconnects = 0
        self.round_trips: deque[float] = deque(maxlen=1000)
        self.rate_limits = rate_limits or RateLimits()
        self.was_ready = False  # there has been a connection on which calls could be made
        self.retry_first = False  # a first connection that fails is tried again, like after any other break
        self.server_off: ServerOff | None = None  # set while the server behaves like one that was switched off
        self._handshake = handshake
        self._on_change = on_change
        self._on_ready = on_ready
        self._on_event = on_event
        self._names = calls
        self._ids = ids or itertools.count(1)
        self._calls = PendingCalls(self._failed)
        self._control = ControlRequests(self.new_id)
        self._queue = SendQueue(self.rate_limits)
        self._streams = Subscriptions(self._ask_in_background, clock, self._reopen_later)
        self._retries = Retries(
            self._calls,
            self._streams,
            self.rate_limits,
            enqueue=self._enqueue,
            check_sign_in=self._check_sign_in,
            on_event=self._event,
            rng=rng or random.Random(),
        )
        self._backoff = Backoff(rng)
        self._keepalive = Keepalive(lambda: self._control.ask({"ping": 1}, self._ponged))
        self._handshake_deadline = math.inf  # infinite if no handshake waits for its reply
        self._early: list[bytes] = []  # replies that arrived before the handshake's
        self._ready_since: float | None = None
        self._lost_at: float | None = None

    # State

    @property
    def ready(self) -> bool:
        """Return whether calls can be sent at once."""
        return self.state is State.AUTHORISED or (self.state is State.OPEN and self._handshake is None)

    @property
    def over(self) -> bool:
        """Return whether the connection has ended for good."""
        return self.state is State.SIGNED_OUT or self.state is State.CLOSED

    @property
    def streams(self) -> int:
        """Return the number of subscriptions at Deriv."""
        return len(self._streams)

    @property
    def is_awaited(self) -> bool:
        """Return whether a call is waiting, for its reply or for a connection."""
        return len(self._calls) > 0 or len(self._streams.joining) > 0

    @property
    def _awaits_handshake(self) -> bool:
        return self._handshake_deadline < math.inf

    # What callers ask for

    def new_id(self) -> int:
        """Return a req_id that this connection has not used; may be called from any thread."""
        return next(self._ids)

    def submit(self, pending: PendingCall, now: float) -> None:
        """Send a call, or queue it. A change fails if it would have to wait for a reconnect or the rate limits."""
        pending.bucket = self.rate_limits.bucket_of(pending.call)
        if self.failure is not None:
            pending.fail(self.failure.copy(pending.call))
        elif pending.changes and self.state is State.RECONNECTING:
            pending.fail(not_sent(pending.call, self.reason))
        elif pending.changes and (wait := self.rate_limits.wait(pending.bucket, now)) > 0:
            pending.fail(over_budget(pending.call, wait))
        elif pending.subscription is None or not self._joins(pending, pending.subscription, now):
            self._calls.add(pending)
            self._enqueue(pending, now)
        if self.server_off is not None:
            self._hurry(now)

    def abandon(self, pending: PendingCall) -> None:
        """Forget a call: its caller has stopped waiting."""
        if pending.listener is not None:
            self._streams.joining.remove(pending)
            self.leave(pending.listener)  # others may wait for the same reply
        else:
            self._calls.remove(pending)
            pending.text, pending.last = "", None  # may contain secrets, and a traceback may keep the call alive

    def leave(self, listener: Listener) -> None:
        """Close a stream. Safe to call twice, and before the stream is open."""
        subscription = self._streams.heard_by(listener)
        if subscription is None:
            return
        self._streams.leave(subscription, listener)
        request = self._calls.get(subscription.req_id)
        if request is not None and request.subscription is subscription and subscription not in self._streams:
            self._calls.remove(request)

    def leave_orphans(self) -> None:
        """Close the streams whose objects are gone, so that no code can close them any more."""
        for listener in self._streams.orphans():
            self.leave(listener)

    def close(self, error: DpyauthError) -> None:
        """End for good."""
        self._end(State.CLOSED, error)

    # What the driver asks for

    @property
    def has_messages(self) -> bool:
        """Return whether something is waiting to be sent, now or when Deriv's rate limits allow it."""
        return self._control.has_unsent or bool(self._queue.waiting) or self._retries.has_any

    def next_message(self, now: float) -> str | None:
        """Return the next text to send, if any. Taking it counts as having sent it."""
        if self._control.has_unsent:
            self.rate_limits.spend(GENERAL, now)
            return self._control.next_message()
        self._retries.enter_lapsed(now)
        # Also while a second handshake waits for its reply: the sign-in may have been revoked.
        early = not self.ready or self._awaits_handshake
        if early and not (self._awaits_handshake and self._handshake is not None and self._handshake.reads_early):
            return None
        while self._queue.waiting and (pending := self._queue.take(now, reads_only=early)) is not None:
            if pending not in self._calls:
                continue  # abandoned or expired in the meantime
            if pending.changes and (wait := self.rate_limits.wait(pending.bucket, now)) > 0:
                self._calls.fail(pending, over_budget(pending.call, wait))
                continue
            # From here on it counts as sent. The caller's thread may be withdrawing it at this moment, after an
            # interrupt: only one of the two threads succeeds. If it is the caller's, the user has been told "was not
            # sent", and that must stay true.
            if pending.changes and not pending.take():
                self._calls.remove(pending)
                continue
            self.rate_limits.spend(pending.bucket, now)
            self._stop_waiting(pending, now)
            pending.sent_at, pending.waiting_for = now, None
            if pending.deadline == math.inf:  # a request of the connection itself, whose time begins now
                pending.deadline = now + pending.timeout
                self._calls.add(pending)
            self._keepalive.asked(now)
            if pending.subscription is not None:
                pending.subscription.asked = True
            return pending.text
        return None

    def connect_delay(self, now: float) -> float | None:
        """Return the seconds until the next attempt to connect; None if there will be none."""
        return None if self.over else self._backoff.next_delay(now)

    def connecting(self, now: float) -> None:
        """Take note that an attempt to connect is made."""
        self._backoff.started(now)

    @property
    def wake_at(self) -> float:
        """Return the time at which ``tick`` must be called next, if nothing happens before."""
        if self.over:
            return math.inf
        return min(
            self._handshake_deadline,
            self._keepalive.wake_at,
            self._calls.next_deadline,
            self._streams.joining.next_deadline,
            self._queue.wake_at,
            self._retries.wake_at,
        )

    # What happened

    def connection_made(self, now: float) -> None:
        """Start with an open socket."""
        if self.over:
            return
        self._keepalive.connection_made(now)
        if self._handshake is None:
            self._become_ready(now, None)
        else:
            self._send_handshake(self._handshake, now)

    def received(self, message: bytes, now: float) -> str | None:
        """Take a message; return the reason to drop the connection, if there is one."""
        if self.over:
            return None
        self._retries.enter_lapsed(now)
        reply = parse(message)
        if reply is None:
            return said("message_not_derivs")
        req_id = reply.get("req_id")
        if type(req_id) is not int:
            self._drop_reply(reply)
        # `sent_at` is None while a call waits to be sent again. A message with its number is then not its reply, but
        # may be an update of its stream.
        elif (pending := self._calls.get(req_id)) is not None and pending.sent_at is not None:
            if not belongs(reply, pending.call, req_id, pending.fields, self._names):
                self._misplaced(pending.call)
                return None
            # A read that was sent before the handshake's reply. Keep its reply until that has arrived: if the
            # handshake is refused, callers must get the error of the handshake, and no data of an account that may be
            # the wrong one.
            if not self.ready:
                self._early.append(message)
                return None
            return self._answered(pending, pending.sent_at, reply, message, now)
        elif (subscription := self._streams.get(req_id)) is not None:
            fits = belongs(reply, subscription.call, req_id, subscription.fields, self._names)
            if not fits or self._streams.is_of_another(reply, subscription):
                self._misplaced(subscription.call)
            elif pending is not None and self._streams.revives(subscription, reply):
                return self._answered(pending, None, reply, message, now)  # the stream goes on without being reopened
            else:
                self._streams.update(subscription, reply)
        elif (request := self._control.get(req_id)) is not None:
            if not belongs(reply, request.call, req_id, request.fields, self._names):
                self._misplaced(request.call)
                return None
            self._control.remove(req_id)
            return request.then(reply, now)
        else:
            self._drop_reply(reply)
        return None

    def received_part(self, now: float) -> None:
        """Take note that part of a message was received: a long message on a slow line is not silence."""
        self._keepalive.received_part(now)

    def connection_lost(
        self, reason: str, now: float, *, error: DpyauthError | None = None, final: bool = False
    ) -> None:
        """Take note that the socket is gone, or could not be opened.

        ``error`` is the error for callers that wait for the first connection; ``final`` means that every later attempt
        would fail in the same way.
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
        self._forget_requests(now)
        # If the first connection fails, `login` raises the error and the user decides. Further attempts in the
        # background would hide a wrong server or app ID.
        if not (self.was_ready or self.retry_first):
            self._end(State.CLOSED, error or unreachable(reason))
            return
        if final:
            self._end(State.SIGNED_OUT, error or unreachable(reason))
            return
        # Streams first, because the streams that remain decide which calls go on.
        self._streams.connection_lost(reason)
        for pending in self._calls:
            stream = pending.subscription
            reopened = stream is not None and (stream.live or stream not in self._streams)
            if pending.background or reopened:
                self._calls.remove(pending)  # it will be reopened after the reconnect, or has no listener left
        again = self._calls.connection_lost(reason)
        self._queue.clear()  # and filled again from the table, so that calls keep the order in which they were made
        for pending in self._calls:
            self._enqueue(pending, now)
        if self.state is not State.RECONNECTING:
            told = said("reads_sent_again", reason=reason, count=again) if again else reason
            self._event("connection lost", told)
        else:
            self._event("still no connection", reason)
        self._change(State.RECONNECTING, reason)

    def server_looks_off(self, reason: str, now: float, error: DpyauthError) -> None:
        """Take note that the server behaves like one that has been switched off.

        It may be off for good, so callers get the error within seconds; attempts to connect go on.
        """
        self.connection_lost(reason, now, error=error)
        if self.server_off is None:
            self.server_off = ServerOff(error, now)
            self._hurry(now)

    def _hurry(self, now: float) -> None:
        for calls in (self._calls, self._streams.joining):
            calls.next_deadline = min(calls.next_deadline, now + OFF_TIMEOUT)

    def clock_jumped(self, now: float) -> None:
        """Check at once whether the connection still works, because the machine has slept."""
        if self.state in {State.OPEN, State.AUTHORISED} and self._keepalive.check(now):
            self._event("woke up", said("clock_jumped"))

    def tick(self, now: float) -> str | None:
        """Do what is due; return the reason to drop the connection, if there is one."""
        late = now - self.wake_at > OVERSLEPT
        off = None if self.ready else self.server_off
        self._calls.expire(now, ready=self.ready, reason=self.reason, off=off)
        self._streams.joining.expire(now, ready=self.ready, reason=self.reason, off=off)
        if now >= self._queue.wake_at:
            self._queue.wake_at = math.inf  # `next_message` computes it again, if there is still a connection
        self._retries.tick(now)
        if late and self._awaits_handshake:
            # After a sleep, the reply may have arrived and not been read yet: do not drop the connection for that.
            self._handshake_deadline = now + PING_TIMEOUT
        if now >= self._handshake_deadline:
            return said("no_answer_to_sign_in", seconds=HANDSHAKE_TIMEOUT)
        return self._keepalive.tick(now, self._sent_at, late=late)

    # Inside: requests of the connection's own

    def _ask_in_background(
        self, call: str, fields: dict[str, Any], then: Callable[[Reply | None], None], at_once: bool
    ) -> None:
        """Queue a request that no caller waits for. Its time-out begins when it is sent."""

        def deliver(pending: PendingCall) -> None:
            then(None if pending.reply is None or "error" in pending.reply else pending.reply)

        req_id = self.new_id()
        text = json.dumps({**fields, "req_id": req_id})
        pending = PendingCall(call, req_id, text, math.inf, OWN_TIMEOUT, deliver, background=True, fields=fields)
        pending.bucket = self.rate_limits.bucket_of(call)
        self._calls.add(pending)
        self._queue.put(pending, first=at_once)

    def _forget_requests(self, now: float = -math.inf) -> None:
        """Forget the requests and replies of a connection that is gone."""
        if self._control.is_waiting("website_status"):
            self.rate_limits.not_told(now)
        self._control.clear()
        self._retries.clear()
        self._early.clear()
        self._keepalive.connection_lost()
        self._handshake_deadline = math.inf

    def _send_handshake(self, handshake: Handshake, now: float) -> None:
        self._handshake_deadline = now + HANDSHAKE_TIMEOUT
        self._control.ask(handshake.fields(), self._handshake_answered, secret=True)
        if self.state is not State.AUTHORISED:
            self._change(State.OPEN, "")

    def _handshake_answered(self, reply: Reply, now: float) -> str | None:
        assert self._handshake is not None
        self._handshake_deadline = math.inf
        verdict = self._handshake.check(reply)
        if verdict is None:
            if self.state is not State.AUTHORISED:
                self._become_ready(now, reply)
            return None
        error, may_help_later = verdict
        # On a first sign-in every error ends the connection, so that `login` reports it at once. Later, only an error
        # that says that the credential is refused does.
        if not (may_help_later and (self.was_ready or self.retry_first)):
            self._end(State.SIGNED_OUT, error)
        return error.text

    def _check_sign_in(self, code: str | None, now: float) -> None:
        """Send the handshake again after an error that may mean a revoked sign-in.

        Only the handshake's reply decides: the error of a single call may be about a token in its request, and must
        not end the session.
        """
        if code in _SIGNED_OUT and self._handshake is not None and not self._awaits_handshake:
            self._send_handshake(self._handshake, now)

    def _sent_at(self) -> list[float]:
        """Return the times at which the calls were sent that wait for their replies."""
        return [pending.sent_at for pending in self._calls if pending.sent_at is not None]

    def _ponged(self, reply: Reply, now: float) -> None:
        self.round_trips.append(self._keepalive.ponged(now))

    def _ask_for_limits(self, bucket: str, now: float) -> None:
        """Ask Deriv for its true rate limits as soon as they begin to matter."""
        if self.rate_limits.should_ask(bucket, now):
            self._control.ask({"website_status": 1}, self._learn_limits)

    def _learn_limits(self, reply: Reply, now: float) -> None:
        if not self.rate_limits.learn(reply.get("website_status")):
            self.rate_limits.not_told(now)
            return
        told = [f"{name} {most}" for name, most in self.rate_limits.minutely.items()]
        self._event("rate limits", said("limits_of_calls", limits=told))

    # Inside: calls and streams

    def _joins(self, pending: PendingCall, subscription: Subscription, now: float) -> bool:
        """Join the subscription of an equal stream, if there is one; otherwise add this one."""
        existing = self._streams.find(subscription.key)
        if existing is None:
            assert pending.listener is not None
            subscription.listeners.append(pending.listener)
            self._streams.add(subscription)
            return False
        pending.subscription = existing
        self._streams.join(existing, pending, now)
        return True

    def _enqueue(self, pending: PendingCall, now: float, first: bool = False) -> None:
        pending.queued_at, pending.waiting_for = now, self._waiting_for
        self._queue.put(pending, first=first)

    def _waiting_for(self) -> WaitingFor | None:
        """Return the reason why calls have not been sent yet; may be called from any thread."""
        if not self.ready:
            return WaitingFor("the connection to Deriv", math.inf)
        until = self._queue.wake_at
        return WaitingFor("Deriv's limit on calls per minute", until) if until < math.inf else None

    def _stop_waiting(self, pending: PendingCall, now: float) -> None:
        """Extend a call's deadline by the time that it waited for the rate limits."""
        # Not for a read that is sent together with the handshake, nor for a call that has an error to end with.
        if self._ready_since is None or pending.last is not None:
            return
        waited = now - max(pending.queued_at, self._ready_since)
        if waited >= INSTANT:
            pending.waited += waited
            pending.deadline += waited
            self._calls.add(pending)

    def _failed(self, pending: PendingCall) -> None:
        """End the stream that a failed call was meant to open; reopen it if it was open before."""
        stream = pending.subscription
        if stream is None or self.over:
            return
        if pending.reply is not None:
            self._streams.opened(stream, pending.reply)
        elif stream.live and stream.listeners:
            stream.asked = False
            self._streams.reopen(stream, said("did_not_answer_call", call=stream.call))
        elif pending.error is not None:
            self._streams.fail(stream, pending.error)

    def _reopen_later(self, subscription: Subscription, why: str) -> None:
        self._retries.reopen_later(subscription, why)

    def _answered(
        self, pending: PendingCall, sent_at: float | None, reply: Reply, message: bytes, now: float
    ) -> str | None:
        if pending.subscription is not None:
            reply = opening_reply(reply, pending.subscription.live)
        code = error_code(reply) if "error" in reply else None
        if code is not None and not pending.changes and self._retries.retry(pending, code, reply, now):
            return None
        reopens = pending.subscription is not None and pending.subscription.live  # just after a sign-in
        again = not (pending.changes or pending.losses or reopens)
        if code == "AuthorizationRequired" and self._handshake and again:
            # A new socket is signed in again, and the read is sent again on it. Only once (`losses`): otherwise a call
            # that always gets this error would cause one reconnect after another.
            return said("socket_not_signed_in")
        self._calls.remove(pending)
        if sent_at is not None:
            self.round_trips.append(now - sent_at)
        if code is None:
            self.rate_limits.granted(pending.bucket)
            if pending.call == "website_status":
                self.rate_limits.learn(reply.get("website_status"))
        if pending.subscription is not None:
            self._streams.opened(pending.subscription, reply)
        if pending.exact:
            reply = exactly(message, reply)
        pending.resolve(reply)
        self._check_sign_in(code, now)
        self._ask_for_limits(pending.bucket, now)
        return None

    def _misplaced(self, call: str) -> None:
        """Count a reply that has a call's number but answers another call; the call goes on waiting."""
        self.unmatched += 1
        self._event("reply of another call", said("reply_misplaced", call=call))

    def _drop_reply(self, reply: Reply) -> None:
        self.unmatched += 1
        self._streams.unsubscribe(reply)

    # Inside: changes of state

    def _become_ready(self, now: float, reply: Reply | None) -> None:
        outage = now - self._lost_at if self._lost_at is not None else None
        self.reconnects += outage is not None
        self._event("connected" if outage is None else "reconnected", "", outage)
        if not self.was_ready:
            self._backoff.reset()  # the first connection does not count as an attempt to reconnect
        self.was_ready = True
        self._lost_at = self.server_off = None
        self._ready_since = now
        # End what is overdue before the state changes: from here on, a call that was not sent counts as waiting for
        # the rate limits, and would get ten more minutes.
        self._calls.expire(now, ready=False, reason=self.reason)
        self._retries.reopen_all(now)
        self._change(State.OPEN if self._handshake is None else State.AUTHORISED, "")
        self._on_ready(reply)
        # After the change of state: before it, `received` would only put them back.
        early, self._early = self._early, []
        for message in early:
            self.received(message, now)

    def _end(self, state: State, error: DpyauthError) -> None:
        if self.over:
            return
        self.failure = error
        self._queue.clear()
        self._forget_requests()
        self._event(state.value, error.text)
        # Before the calls end: code that runs when they do must see that the connection is over.
        self._change(state, error.text)
        self._calls.fail_all(error)
        self._streams.end_all(error)

    def _change(self, state: State, reason: str) -> None:
        self.reason = reason
        self.state = state
        self._on_change(state, reason)

    def _event(self, what: str, why: str, took: float | None = None) -> None:
        self._on_event(what, why, took)
