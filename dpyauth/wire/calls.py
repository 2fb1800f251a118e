"""Calls in flight: which reply belongs to whom. No I/O."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import Any

from dpyauth.errors import CallTimeout, ConnectionLost, DpyauthError, OutcomeUnknown

Reply = dict[str, Any]

MAX_LOSSES = 3
"""How many lost connections one read outlives before it is given up."""


@dataclass(slots=True, eq=False)
class Pending:
    """A call that waits for its reply."""

    call: str
    req_id: int
    text: str = field(repr=False)  # may hold a secret
    deadline: float
    timeout: float
    changes: bool = False
    exact: bool = False
    sent: bool = False
    losses: int = 0
    future: Future[Reply] = field(default_factory=Future, repr=False)

    def resolve(self, reply: Reply) -> None:
        """End with a reply."""
        try:
            self.future.set_result(reply)
        except InvalidStateError:  # ended, or cancelled by the thread that waited
            pass

    def fail(self, error: DpyauthError) -> None:
        """End with an error."""
        try:
            self.future.set_exception(error)
        except InvalidStateError:
            pass


class Calls:
    """The table of pending calls, by req_id, in the order they were made."""

    def __init__(self) -> None:
        self._pending: dict[int, Pending] = {}
        self.next_deadline = math.inf
        """No pending call runs out of time before this (a lower bound: cheap to keep, exact after ``expire``)."""

    def __len__(self) -> int:
        return len(self._pending)

    def __iter__(self) -> Iterator[Pending]:
        return iter(list(self._pending.values()))

    def add(self, pending: Pending) -> None:
        """Enter a call."""
        self._pending[pending.req_id] = pending
        self.next_deadline = min(self.next_deadline, pending.deadline)

    def get(self, req_id: object) -> Pending | None:
        """The call that a reply with this req_id is for."""
        return self._pending.get(req_id) if type(req_id) is int else None

    def remove(self, pending: Pending) -> None:
        """Forget a call: it has its reply, or nobody waits for it any more."""
        self._pending.pop(pending.req_id, None)

    def fail(self, pending: Pending, error: DpyauthError) -> None:
        """End a call with an error."""
        self.remove(pending)
        pending.fail(error)

    def fail_all(self, error: DpyauthError) -> None:
        """End every call: with this error, or with OutcomeUnknown where a change may have happened."""
        for pending in self:
            if pending.changes and pending.sent:
                self.fail(pending, outcome_unknown(pending.call, str(error)))
            else:
                self.fail(pending, error.again(pending.call))

    def lost(self, reason: str) -> None:
        """The connection is gone: reads stay, to be sent again; changes end here, one way or the other."""
        for pending in self:
            if pending.changes:
                error = outcome_unknown(pending.call, reason) if pending.sent else not_sent(pending.call, reason)
                self.fail(pending, error)
            elif pending.sent:
                pending.sent = False
                pending.losses += 1
                if pending.losses >= MAX_LOSSES:
                    self.fail(pending, _gave_up(pending.call, reason))

    def expire(self, now: float, reason: str | None) -> None:
        """End the calls whose time is up; ``reason`` says why there is no connection, if there is none."""
        for pending in self:
            if pending.deadline > now:
                continue
            seconds = f"{pending.timeout:g} s"
            if pending.sent and pending.changes:
                self.fail(pending, outcome_unknown(pending.call, f"no reply within {seconds}"))
            elif reason is not None:
                self.fail(pending, not_sent(pending.call, f"no connection within {seconds}: {reason}"))
            else:
                self.fail(
                    pending,
                    CallTimeout(
                        f"Deriv did not answer '{pending.call}' within {seconds}. The session is still there: "
                        "run the cell again, or allow more time with timeout=.",
                        call=pending.call,
                    ),
                )
        self.next_deadline = min((pending.deadline for pending in self), default=math.inf)


def outcome_unknown(call: str, reason: str) -> OutcomeUnknown:
    """The error for a change that was sent and never answered."""
    return OutcomeUnknown(
        f"'{call}' was sent, but no answer came ({reason}). It may or may not have happened. "
        "Check at Deriv (statement, open positions, settings) before you send it again; dpyauth never repeats it.",
        call=call,
    )


def not_sent(call: str, reason: str) -> ConnectionLost:
    """The error for a call that never left."""
    return ConnectionLost(
        f"'{call}' was not sent: there is no connection to Deriv just now ({reason}). "
        "dpyauth keeps trying to reconnect; run the cell again in a moment.",
        call=call,
    )


def _gave_up(call: str, reason: str) -> ConnectionLost:
    return ConnectionLost(
        f"The connection broke {MAX_LOSSES} times while '{call}' waited for its answer ({reason}). "
        "The call only reads, so running the cell again is safe.",
        call=call,
    )
