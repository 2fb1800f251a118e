"""Calls that wait for their replies, and the errors they end with. No I/O."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, NamedTuple

from dpyauth.errors import BadReply, CallTimeout, ConnectionLost, DpyauthError, OutcomeUnknown, RateLimited
from dpyauth.net.messages import Reply
from dpyauth.net.subscription import Listener, Subscription
from dpyauth.texts.said import Said, clause, said

MAX_LOSSES = 3
"""Most times that a read is sent, if the connection is lost each time before the reply arrives."""

PATIENCE = 600.0
"""Seconds that a call may wait for Deriv's rate limits, in addition to its time-out."""


OFF_TIMEOUT = 4.5
"""Seconds that a call waits for a server that seems to be switched off."""


class WaitingFor(NamedTuple):
    """Reason why a call has not been sent yet."""

    what: str
    """Words that follow "Waiting for"."""
    until: float
    """End of the wait, by the monotonic clock; infinite if it is not known."""


class PendingCall:
    """Call that waits for its reply.

    ``deliver`` is called once, when the call has ended. It runs on the connection's thread, so it must not block.
    ``listener`` gets the updates if the call opens a stream.

    Two threads act on a call: the caller's, which an interrupt may stop between any two lines, and the connection's.
    They compete for two decisions: whether the call is sent or withdrawn, and which reply or error it ends with. The
    thread that comes first decides, with a single ``dict.pop``, which is atomic. A lock would not do: an interrupt
    could leave it locked, and the connection's thread would hang.
    """

    # Not a dataclass: decorating one takes longer than a call does, and delays the first reply after an import.
    __slots__ = (
        "_once",
        "background",
        "bucket",
        "call",
        "changes",
        "deadline",
        "deliver",
        "done",
        "error",
        "exact",
        "fields",
        "key",
        "last",
        "listener",
        "look",
        "looking",
        "losses",
        "queued_at",
        "reply",
        "req_id",
        "sent_at",
        "subscription",
        "text",
        "timeout",
        "tries",
        "waited",
        "waiting_for",
        "withdrawn",
    )

    def __init__(
        self,
        call: str,
        req_id: int,
        text: str,
        deadline: float,
        timeout: float,
        deliver: Callable[[PendingCall], None] = lambda pending: None,
        *,
        changes: bool = False,
        look: str = "",
        key: str = "",
        exact: bool = False,
        bucket: str = "general",
        listener: Listener | None = None,
        subscription: Subscription | None = None,
        sent_at: float | None = None,
        fields: Mapping[str, Any] = MappingProxyType({}),
        background: bool = False,
    ) -> None:
        self.call = call
        self.req_id = req_id
        self.text = text  # may contain a secret, so it is emptied when the call has ended
        self.fields = fields  # the request with its secrets sealed, to compare with what the reply repeats
        self.deadline = deadline
        self.timeout = timeout
        self.deliver = deliver
        self.changes = changes
        self.look = look  # where the user can check whether a change was made
        self.key = key  # ID by which Deriv can be asked whether it carried out a change
        self.exact = exact
        self.bucket = bucket
        self.listener = listener
        self.subscription = subscription
        self.looking = False  # its reply was lost, and Deriv is being asked about it by its key
        self.waiting_for: Callable[[], WaitingFor | None] | None = None  # read from any thread
        self.queued_at = 0.0
        self.waited = 0.0  # seconds of waiting for Deriv's rate limits, which do not count against its time-out
        self.sent_at = sent_at
        self.background = background  # a request of the connection itself: it is not sent again after a break
        self.losses = 0
        self.tries = 0  # how often Deriv replied with a temporary error
        self.last: Reply | None = None  # the latest of those errors, to end with if time runs out
        self.reply: Reply | None = None
        self.error: DpyauthError | None = None
        self.done = False  # it has ended, and its reply or error can be read from any thread
        self.withdrawn = False  # the caller has withdrawn it before it was sent
        self._once = {"send": True, "end": True}  # each key is popped by the thread that comes first

    def __repr__(self) -> str:
        return f"<call {self.call!r}, req_id {self.req_id}>"

    @property
    def sent(self) -> bool:
        """Return whether it was sent on the current connection."""
        return self.sent_at is not None

    def take(self) -> bool:
        """Claim the call for sending; return False if the caller has withdrawn it."""
        return self._once.pop("send", False)

    def withdraw(self) -> bool:
        """Withdraw the call; return whether it was not sent and never will be."""
        self.withdrawn = self.withdrawn or self.take()
        return self.withdrawn

    def resolve(self, reply: Reply) -> None:
        """End with a reply."""
        self._end(reply, None)

    def fail(self, error: DpyauthError) -> None:
        """End with an error."""
        self._end(None, error)

    def _end(self, reply: Reply | None, error: DpyauthError | None) -> None:
        if self._once.pop("end", False):
            self.reply, self.error, self.text, self.last = reply, error, "", None
            self.done = True  # last: other threads read the reply as soon as they see this
            self.deliver(self)


current_call: ContextVar[PendingCall | None] = ContextVar("dpyauth_call", default=None)
"""Call that the current task carries out."""


@contextmanager
def waiting_for(what: str, seconds: float) -> Iterator[None]:
    """Note on the current call what it waits for (words that follow "Waiting for"), and for how many seconds."""
    pending = current_call.get()
    if pending is None:
        yield
        return
    until = time.monotonic() + seconds
    pending.waiting_for = lambda: WaitingFor(what, until)
    try:
        yield
    finally:
        pending.waiting_for = None


class ServerOff(NamedTuple):
    """Server that behaves like one that has been switched off."""

    error: DpyauthError
    """Error for the calls that wait for the server."""
    since: float


class PendingCalls:
    """Table of pending calls by req_id, in the order in which they were made.

    ``failed`` is called with every call that ended here with an error, including errors that Deriv sent before time
    ran out.
    """

    def __init__(self, failed: Callable[[PendingCall], None] = lambda pending: None) -> None:
        self._pending: dict[int, PendingCall] = {}
        self._failed = failed
        self.next_deadline = math.inf
        """Lower bound of all deadlines, which ``expire`` makes exact."""

    def __len__(self) -> int:
        return len(self._pending)

    def __iter__(self) -> Iterator[PendingCall]:
        return iter(list(self._pending.values()))

    def __contains__(self, pending: PendingCall) -> bool:
        return self._pending.get(pending.req_id) is pending

    def add(self, pending: PendingCall) -> None:
        """Add a call, or take note of its new deadline."""
        self._pending[pending.req_id] = pending
        if pending.deadline < self.next_deadline:
            self.next_deadline = pending.deadline

    def get(self, req_id: int) -> PendingCall | None:
        """Return the call that a reply with this req_id is for."""
        return self._pending.get(req_id)

    def remove(self, pending: PendingCall) -> None:
        """Forget a call that has its reply, or whose caller has stopped waiting."""
        self._pending.pop(pending.req_id, None)

    def fail(self, pending: PendingCall, error: DpyauthError) -> None:
        """End a call with an error."""
        self.remove(pending)
        pending.fail(error)
        self._failed(pending)

    def _end_with_last(self, pending: PendingCall, reply: Reply) -> None:
        """End a call with the error that Deriv sent before time ran out."""
        self.remove(pending)
        pending.resolve(reply)
        self._failed(pending)

    def fail_all(self, error: DpyauthError) -> None:
        """End every call with an error: this one, or OutcomeUnknown if a change may have been made."""
        for pending in self:
            if pending.changes and pending.sent:
                self.fail(pending, outcome_unknown(pending.call, error.text, pending.look))
            else:
                self.fail(pending, error.copy(pending.call))

    def connection_lost(self, reason: str) -> int:
        """Keep reads, to send them again after a break; end changes, because sending those again is never safe.

        Return the number of reads that will be sent again.
        """
        again = 0
        for pending in self:
            if pending.changes:
                error = (
                    outcome_unknown(pending.call, reason, pending.look)
                    if pending.sent
                    else not_sent(pending.call, reason)
                )
                self.fail(pending, error)
            elif pending.sent:
                pending.sent_at = None
                pending.losses += 1
                if pending.losses >= MAX_LOSSES:
                    self.fail(pending, _gave_up(pending.call, reason))
                else:
                    again += 1
        return again

    def expire(self, now: float, *, ready: bool, reason: str = "", off: ServerOff | None = None) -> None:
        """End the calls whose time is up.

        With ``ready`` there is a connection: a call that was not sent then waits only for the rate limits, and gets
        more time for that. ``reason`` explains why there is no connection. With ``off``, the server behaves like one
        that has been switched off, and calls fail within seconds.
        """
        self.next_deadline = math.inf
        for pending in self:
            last = pending.last if ready else None
            extra = PATIENCE - pending.waited if ready and not pending.sent and last is None else 0.0
            deadline = pending.deadline + extra
            if off is not None:  # counted from the time when the server was found off, or when a later call was made
                deadline = min(deadline, max(off.since, pending.deadline - pending.timeout) + OFF_TIMEOUT)
            if deadline <= now and last is not None:
                self._end_with_last(pending, last)
            elif deadline <= now:
                self.fail(pending, off.error.copy(pending.call) if off else overdue(pending, ready, reason))
            else:
                self.next_deadline = min(self.next_deadline, deadline)


def outcome_unknown(call: str, reason: str, look: str, key: str = "") -> OutcomeUnknown:
    """Return the error for a change that was sent, if no reply says whether it was carried out."""
    where = look or said("your_account")
    return OutcomeUnknown(
        said("outcome_unknown", call=call, reason=clause(reason), look=where),
        call=call,
        request_id=key or None,
    )


def look_first(look: str) -> Said:
    """Return the advice on what to check before a change is sent again."""
    return said("look_first", look=look or said("your_account"))


def not_sent(call: str, reason: str) -> ConnectionLost:
    """Return the error for a call that was never sent."""
    return ConnectionLost(said("no_connection_now", call=call, reason=reason), call=call)


def over_budget(call: str, wait: float) -> RateLimited:
    """Return the error for a change that would have to wait for the rate limits.

    It must not wait: a purchase that happens minutes after the user asked for it may no longer be wanted.
    """
    return RateLimited(said("over_limit", call=call, seconds=round(wait)), call=call, code="RateLimit")


def unfinished(pending: PendingCall, reason: str, kind: type[DpyauthError] = BadReply) -> DpyauthError:
    """Withdraw a call that cannot go on; return its error: of this kind, or OutcomeUnknown if a change was sent."""
    if pending.changes and not pending.withdraw():
        return outcome_unknown(pending.call, reason, pending.look, pending.key)
    return kind(said("not_completed", call=pending.call, reason=reason), call=pending.call)


def overdue(pending: PendingCall, ready: bool = True, reason: str = "") -> DpyauthError:
    """Return the error for a call whose time is up."""
    call, seconds = pending.call, pending.timeout
    if pending.sent and pending.changes:
        return outcome_unknown(call, said("no_reply_within", seconds=seconds), pending.look)
    if pending.sent:
        return CallTimeout(said("call_timed_out", call=call, seconds=seconds), call=call)
    if ready:
        return RateLimited(said("waited_for_limits", call=call, count=PATIENCE / 60), call=call, code="RateLimit")
    if reason:
        return not_sent(call, said("no_connection_within_because", seconds=seconds, reason=reason))
    return not_sent(call, said("no_connection_within", seconds=seconds))


def _gave_up(call: str, reason: str) -> ConnectionLost:
    return ConnectionLost(said("broke_repeatedly", times=MAX_LOSSES, call=call, reason=reason), call=call)
