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
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from dpyauth.errors import ConnectionFailed, DpyauthError
from dpyauth.wire.backoff import Backoff
from dpyauth.wire.calls import Calls, Pending, Reply, not_sent

PING_EVERY = 25.0
PING_TIMEOUT = 10.0
GREETING_TIMEOUT = 15.0
OVERSLEPT = 5.0
"""A tick this late means that the machine slept or was busy: deadlines for Deriv start anew."""


class State(Enum):
    """Where a connection stands."""

    CONNECTING = "connecting"  # for the first time
    OPEN = "open"  # connected, not (yet) signed in
    AUTHORISED = "signed in"
    RECONNECTING = "reconnecting"
    SIGNED_OUT = "signed out"  # Deriv no longer takes the credential
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Greeting:
    """How a fresh socket becomes an authorised one: a first call, and what its reply means.

    ``fields`` makes the request anew for every connect, so that no text with a secret is kept.
    ``judge`` returns the error that a reply amounts to, and whether asking again later may help.
    """

    call: str
    fields: Callable[[], Mapping[str, Any]]
    judge: Callable[[Reply], tuple[DpyauthError, bool] | None]


class Link:
    """One session's connection and the calls on it."""

    def __init__(
        self,
        greeting: Greeting | None,
        *,
        on_change: Callable[[State, str], None] = lambda state, reason: None,
        on_ready: Callable[[Reply | None], None] = lambda reply: None,
        rng: random.Random | None = None,
    ) -> None:
        self.state = State.CONNECTING
        self.reason = ""  # why the state is what it is
        self.failure: DpyauthError | None = None  # what ended it for good
        self.stray = 0  # replies nobody waits for
        self.reconnects = 0
        self.last_round_trip: float | None = None
        self._greeting = greeting
        self._on_change = on_change
        self._on_ready = on_ready
        self._calls = Calls()
        self._queue: deque[Pending] = deque()  # to be sent, once ready
        self._control: deque[str] = deque()  # to be sent at once: greeting and pings
        self._backoff = Backoff(rng)
        self._ids = itertools.count(1)
        self._greeting_id: int | None = None
        self._greeting_deadline = math.inf
        self._ping_id: int | None = None
        self._ping_sent = -math.inf
        self._ping_due = math.inf
        self._ready_since: float | None = None
        self._was_ready = False

    # What the caller asks for

    def new_id(self) -> int:
        """A req_id that this connection has not used; may be called from any thread."""
        return next(self._ids)

    @property
    def ready(self) -> bool:
        """Whether calls are sent at once."""
        return self.state is State.AUTHORISED or (self.state is State.OPEN and self._greeting is None)

    @property
    def over(self) -> bool:
        """Whether this connection has ended for good."""
        return self.state in {State.SIGNED_OUT, State.CLOSED}

    def submit(self, pending: Pending) -> None:
        """Send a call now, or as soon as there is a connection; changes never wait for a reconnect."""
        if self.failure is not None:
            self._calls.add(pending)
            self._calls.fail_all(self.failure)
        elif pending.changes and self.state is State.RECONNECTING:
            pending.fail(not_sent(pending.call, self.reason))
        else:
            self._calls.add(pending)
            self._queue.append(pending)

    def abandon(self, pending: Pending) -> None:
        """Nobody waits for this call any more."""
        self._calls.remove(pending)

    def close(self, error: DpyauthError) -> None:
        """End for good."""
        self._end(State.CLOSED, error)

    # What the driver asks for

    def next_message(self) -> str | None:
        """The next text to send, if any. Taking it counts as having sent it."""
        if self._control:
            return self._control.popleft()
        while self.ready and self._queue:
            pending = self._queue.popleft()
            if self._calls.get(pending.req_id) is pending:  # not abandoned or expired meanwhile
                pending.sent = True
                return pending.text
        return None

    def connect_delay(self, now: float) -> float | None:
        """Seconds until the next attempt to connect; None when there shall be none."""
        return None if self.over else self._backoff.next_delay(now)

    @property
    def wake_at(self) -> float:
        """When ``tick`` is next needed, if nothing happens before."""
        return min(self._greeting_deadline, self._ping_due, self._calls.next_deadline)

    # What happened

    def connected(self, now: float) -> None:
        """A socket is open."""
        if self.over:
            return
        self._ping_due = now + PING_EVERY
        self._ping_id = None
        if self._greeting is None:
            self._become_ready(now, None)
        else:
            self._greet(now)

    def received(self, message: bytes, now: float) -> str | None:
        """A message came in. Returns why the connection must be dropped, if it must."""
        reply = parse(message)
        if reply is None:
            return "a message came that is not a reply of the Deriv API"
        req_id = reply.get("req_id")
        if type(req_id) is not int:
            self.stray += 1
        elif req_id == self._greeting_id:
            return self._greeted(reply, now)
        elif req_id == self._ping_id:
            self._ping_id = None
            self._ping_due = self._ping_sent + PING_EVERY
            self.last_round_trip = now - self._ping_sent
        elif (pending := self._calls.get(req_id)) is None or not pending.sent:
            self.stray += 1  # late, doubled, or never asked for
        else:
            self._answered(pending, reply, message, now)
        return None

    def lost(self, reason: str, now: float, *, final: DpyauthError | None = None) -> None:
        """The socket is gone, or could not be opened. ``final`` says that trying again is pointless."""
        if self.over:
            return
        if self._ready_since is not None:
            self._backoff.ended(now - self._ready_since)
        self._ready_since = None
        self._control.clear()
        self._greeting_id = self._ping_id = None
        self._greeting_deadline = self._ping_due = math.inf
        if not self._was_ready:  # a first connection that fails is the caller's to repeat
            self._end(State.CLOSED, final or unreachable(reason))
            return
        self._calls.lost(reason)
        self._queue = deque(self._calls)
        self._change(State.RECONNECTING, reason)

    def tick(self, now: float) -> str | None:
        """Time has passed. Returns why the connection must be dropped, if it must."""
        late = now - self.wake_at > OVERSLEPT
        self._calls.expire(now, self.reason if self.state is State.RECONNECTING else None)
        if late and self._greeting_id is not None:
            self._greeting_deadline = now + PING_TIMEOUT
        if now >= self._greeting_deadline:
            return f"no answer to the sign-in within {GREETING_TIMEOUT:g} s"
        if now >= self._ping_due:
            if self._ping_id is not None and not late:
                return f"no answer to a ping within {PING_TIMEOUT:g} s"
            self._ping(now)
        return None

    # Inside

    def _greet(self, now: float) -> None:
        assert self._greeting is not None
        self._greeting_id = self.new_id()
        self._greeting_deadline = now + GREETING_TIMEOUT
        self._control.append(json.dumps({**self._greeting.fields(), "req_id": self._greeting_id}))
        if self.state is not State.AUTHORISED:
            self._change(State.OPEN, "")

    def _greeted(self, reply: Reply, now: float) -> str | None:
        assert self._greeting is not None
        self._greeting_id = None
        self._greeting_deadline = math.inf
        verdict = self._greeting.judge(reply)
        if verdict is None:
            if self.state is not State.AUTHORISED:
                self._become_ready(now, reply)
            return None
        error, may_help_later = verdict
        if may_help_later and self._was_ready:
            return str(error)
        self._end(State.SIGNED_OUT, error)
        return str(error)

    def _become_ready(self, now: float, reply: Reply | None) -> None:
        self.reconnects += self._was_ready
        self._was_ready = True
        self._ready_since = now
        self._change(State.OPEN if self._greeting is None else State.AUTHORISED, "")
        self._on_ready(reply)

    def _answered(self, pending: Pending, reply: Reply, message: bytes, now: float) -> None:
        code = error_code(reply)
        if (
            code == "AuthorizationRequired"
            and self._greeting is not None
            and not pending.changes
            and not pending.losses
        ):
            # The server has forgotten who we are. Say it again, and ask again.
            pending.sent = False
            pending.losses += 1
            self._queue.append(pending)
            if self._greeting_id is None:
                self.state = State.OPEN
                self._greet(now)
            return
        self._calls.remove(pending)
        if pending.exact:
            reply = json.loads(message, parse_float=Decimal)
        pending.resolve(reply)
        if (
            code in {"AuthorizationRequired", "InvalidToken"}
            and self._greeting is not None
            and self._greeting_id is None
        ):
            self._greet(now)  # revoked? The answer to this settles it.

    def _ping(self, now: float) -> None:
        self._ping_id = self.new_id()
        self._ping_sent = now
        self._ping_due = now + PING_TIMEOUT
        self._control.append(json.dumps({"ping": 1, "req_id": self._ping_id}))

    def _end(self, state: State, error: DpyauthError) -> None:
        if self.over:
            return
        self.failure = error
        self._queue.clear()
        self._control.clear()
        self._greeting_deadline = self._ping_due = math.inf
        self._change(state, str(error))
        self._calls.fail_all(error)

    def _change(self, state: State, reason: str) -> None:
        self.reason = reason
        self.state = state
        self._on_change(state, reason)


def parse(message: bytes) -> Reply | None:
    """The reply in a message, or None when it holds none."""
    try:
        reply = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return reply if isinstance(reply, dict) else None


def error_code(reply: Reply) -> str | None:
    """The code of an error reply."""
    error = reply.get("error")
    if error is None:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else "UnknownError"


def unreachable(reason: str) -> ConnectionFailed:
    """The error for a connection that could not be made."""
    return ConnectionFailed(f"Could not connect to Deriv: {reason}.")
