"""Send reads and streams again after a temporary error. No I/O.

A call that changes something is never sent again, so none of them gets here. A call keeps its req_id and its deadline
when it is sent again; if time runs out, it ends with the latest error that Deriv sent (``last``).

A stream that is being opened is retried like any read. A stream that was open is *reopened*: its listeners wait, and
the next update says what was missed. If a request names several symbols, an error about one of them says nothing about
the others: it is kept until a reply about another symbol arrives, or for a moment.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from dpyauth.net.backoff import pause
from dpyauth.net.messages import Reply, leaves_open, says_never
from dpyauth.net.pending import PendingCall, PendingCalls, WaitingFor
from dpyauth.net.rate_limits import RateLimits
from dpyauth.net.stream_replies import ALREADY, may_pass
from dpyauth.net.subscription import Subscription
from dpyauth.net.subscriptions import Subscriptions
from dpyauth.texts.said import said

REOPEN_TIMEOUT = 30.0
REOPEN_TRIES = 6
"""Most times that an open stream is requested again after an unknown error code."""

GRACE = 1.0
"""Seconds that an error about one symbol waits for the first reply about the others."""

INSTANT = 0.001
"""Shortest delay that counts as waiting, in seconds."""


class Retries:
    """Requests to send again on one connection, and the times at which to send them.

    Parameters
    ----------
    calls, subscriptions, rate_limits
        Those of the connection.
    enqueue : callable
        Function that queues a call. Its arguments are the call, the time, and whether it goes before the others.
    check_sign_in : callable
        Called with the code of every error of an open stream, which may mean that the sign-in is no longer valid.
    on_event : callable
        Called with what happened, and why.
    """

    def __init__(
        self,
        calls: PendingCalls,
        subscriptions: Subscriptions,
        rate_limits: RateLimits,
        *,
        enqueue: Callable[[PendingCall, float, bool], None],
        check_sign_in: Callable[[str, float], None],
        on_event: Callable[[str, str], None],
        rng: random.Random,
    ) -> None:
        self._calls = calls
        self._subscriptions = subscriptions
        self._rate_limits = rate_limits
        self._enqueue = enqueue
        self._check_sign_in = check_sign_in
        self._event = on_event
        self._rng = rng
        self._due: dict[PendingCall, float] = {}
        self._lapsed: list[Subscription] = []

    @property
    def has_any(self) -> bool:
        """Return whether there is something to send again."""
        return bool(self._due or self._lapsed)

    @property
    def wake_at(self) -> float:
        """Return the time at which ``tick`` must be called next."""
        return min(self._due.values(), default=math.inf)

    def clear(self) -> None:
        """Forget everything: after a reconnect, every read and every stream is sent again anyway."""
        self._due.clear()
        self._lapsed.clear()

    def tick(self, now: float) -> None:
        """Queue the calls whose pause is over."""
        for pending in [pending for pending, due in self._due.items() if due <= now]:
            del self._due[pending]
            if pending in self._calls:  # otherwise it was abandoned, or its time ran out
                if pending.subscription is not None:
                    pending.subscription.errors.clear()  # every symbol is requested again
                self._enqueue(pending, now, False)

    def retry(self, pending: PendingCall, code: str, reply: Reply, now: float) -> bool:
        """Take an error reply to a call that only reads; return whether the call goes on waiting.

        If it does not, the caller gets the error.
        """
        stream = pending.subscription
        if stream is not None:
            stream.asked = False
        if code == "RateLimit":
            return self._wait_for_rate_limit(pending, now)
        if stream is not None:
            if not stream.listeners:
                return False
            if stream.live:
                return self._reopen_or_keep(stream, pending, code, reply, now)
            self._subscriptions.unsubscribe(reply)  # Deriv may have opened the stream in spite of the error
        # AlreadySubscribed: the stream in the way may be one that Deriv was asked to end, so it may be gone soon.
        ending = pending.tries > 0 or self._subscriptions.unsubscriber.is_waiting
        passing = leaves_open(code) or (code == ALREADY and ending)
        due = now + pause(pending.tries + 1, self._rng)
        if code == ALREADY and pending.last is not None:
            reply = pending.last  # more informative; and that request may have opened the stream all the same
            due = min(due, pending.deadline - INSTANT)
        if not passing or due >= pending.deadline or pending.call == "forget":
            return stream is not None and stream.many and self._wait_for_others(stream, pending, reply, now)
        if stream is not None and stream.many:
            stream.errors.append(reply)
        pending.tries += 1
        pending.last = reply
        pending.sent_at = None
        self._due[pending] = due
        waiting = WaitingFor(f"Deriv, which could not answer '{pending.call}' just now", due)
        pending.waiting_for = lambda: waiting
        self._event("asked again", said("answered_call_with", call=pending.call, code=code[:64]))
        return True

    def _wait_for_rate_limit(self, pending: PendingCall, now: float) -> bool:
        self._rate_limits.refused(pending.bucket, now)
        self._event("rate limit", said("wants_fewer_calls", call=pending.call))
        if pending.background and pending.call == "forget":
            return False  # each retry would prolong the pause; a further update of the stream causes a new request
        pending.sent_at = pending.last = None
        self._enqueue(pending, now, True)
        return True

    def _reopen_or_keep(self, stream: Subscription, pending: PendingCall, code: str, reply: Reply, now: float) -> bool:
        """Take an error reply to a request that should have reopened a stream."""
        if stream.ids and (stream.many or code == ALREADY):  # the stream goes on, or its other symbols do
            self._calls.remove(pending)
            self._subscriptions.update(stream, reply)
            return True
        if says_never(code) or not (may_pass(code) or stream.tries < REOPEN_TRIES):
            return stream.many and self._wait_for_others(stream, pending, reply, now)
        self._calls.remove(pending)
        self._check_sign_in(code, now)
        self._subscriptions.reopen(stream, said("answered_call_with", call=stream.call, code=code[:64]))
        return True

    def _wait_for_others(self, stream: Subscription, pending: PendingCall, reply: Reply, now: float) -> bool:
        """Keep the error about one symbol for a moment, unless every symbol has one."""
        stream.errors.append(reply)
        if 0 < len(stream.symbols) <= len(stream.errors):
            return False
        pending.last = reply
        pending.deadline = min(pending.deadline, now + GRACE)
        self._calls.add(pending)
        return True

    # Streams that were open

    def reopen_later(self, subscription: Subscription, why: str) -> None:
        """Request a stream again after a pause."""
        # Not scheduled at once: the current update may still end the stream, and its listeners may close it.
        self._lapsed.append(subscription)
        self._event("stream interrupted", said("stream_asked_again", reason=why))

    def enter_lapsed(self, now: float) -> None:
        """Schedule the streams to reopen, unless they have ended or are being requested already."""
        lapsed, self._lapsed = self._lapsed, []
        for subscription in lapsed:
            if subscription in self._subscriptions and self._calls.get(subscription.req_id) is None:
                self._due[self._request(subscription)] = now + pause(subscription.tries, self._rng)

    def reopen_all(self, now: float) -> None:
        """Request every stream again after a reconnect, before anything else."""
        waiting = {pending.req_id for pending in self._calls}
        for subscription in reversed(list(self._subscriptions)):  # each goes to the front of the queue
            if subscription.req_id not in waiting:  # otherwise it was never open, and its first request is sent again
                self._enqueue(self._request(subscription), now, True)

    def _request(self, subscription: Subscription) -> PendingCall:
        """Return a new request for a stream that was open. Its time-out begins when it is sent."""
        pending = PendingCall(
            call=subscription.call,
            req_id=subscription.req_id,
            text=subscription.text,
            deadline=math.inf,
            timeout=REOPEN_TIMEOUT,
            bucket=self._rate_limits.bucket_of(subscription.call),
            subscription=subscription,
            fields=subscription.fields,
        )
        self._calls.add(pending)
        return pending
