"""Count calls against Deriv's rate limits, and queue calls that have to wait for them. No I/O.

Deriv counts calls in buckets, which differ between the APIs. The limits of v3 here are the lowest that have been seen;
`learn` replaces them with those in Deriv's ``website_status``.

dpyauth waits by itself, because Deriv counts the calls of all programs of a user together: a notebook that runs into
the limit would make the calls of the others fail as well.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from dpyauth.net.pending import PendingCall
from dpyauth.texts.said import Said, said

MINUTE, HOUR = 60.0, 3600.0
PENALTIES = (5.0, 15.0, 30.0, 60.0)
"""Pauses after the first, second, ... refusal in a row, in seconds."""

LONGEST_PAUSE = 600.0
"""Longest pause that a server may ask for, in seconds. No limit of Deriv's needs more, so a longer one is a mistake."""

MOST_KEPT = 10_000
"""Most calls to remember; a higher limit is treated as no limit."""

ASK_AGAIN = (0.0, 15.0, 60.0, 300.0, 3600.0)
"""Pauses before asking Deriv for its limits again, after the first, second, ... reply without them."""
UNANSWERED = 60.0
"""Seconds without a reply after which Deriv is asked for its limits again."""

GENERAL = "general"
_KEYS = {"outcome": "max_requests_outcome", "pricing": "max_requests_pricing", GENERAL: "max_requestes_general"}


class Limit(NamedTuple):
    """Calls that Deriv allows in a minute and in an hour."""

    minutely: int
    hourly: int
    calls: frozenset[str] = frozenset()
    """Names of the calls that count; empty for the general limit, which is for every call without another bucket."""


LIMITS = {
    GENERAL: Limit(180, 14_400),
    "outcome": Limit(25, 1_500, frozenset({"portfolio", "profit_table", "statement"})),
    "pricing": Limit(80, 3_600, frozenset({"proposal", "proposal_open_contract"})),
}


def in_words(seconds: float) -> Said:
    """Return a duration in words, such as ``"24 hours"``."""
    for unit, key in ((86_400.0, "so_many_days"), (3600.0, "so_many_hours"), (60.0, "so_many_minutes")):
        if seconds >= 2 * unit:
            return said(key, count=round(min(seconds / unit, 1e6)))
    return said("so_many_seconds", seconds=round(seconds))


class _Bucket:
    """Calls of one bucket: the times of the latest ones, and their number in each minute of the last hour."""

    __slots__ = ("blocked_until", "hour", "hourly", "minutely", "minutes", "recent", "refusals")

    def __init__(self, minutely: int, hourly: int) -> None:
        self.recent: deque[float] = deque()
        self.minutes: deque[tuple[float, int]] = deque()
        self.hour = 0  # the sum of the counts in ``minutes``
        self.blocked_until = float("-inf")
        self.refusals = 0
        self.limit(minutely, hourly)

    def limit(self, minutely: int, hourly: int) -> None:
        self.minutely, self.hourly = minutely, hourly
        self.recent = deque(self.recent, maxlen=min(minutely, MOST_KEPT))  # older calls do not affect the wait

    def forget(self, now: float) -> None:
        recent, minutes = self.recent, self.minutes
        while recent and recent[0] <= now - MINUTE:
            recent.popleft()
        while minutes and minutes[0][0] <= now - HOUR - MINUTE:
            self.hour -= minutes.popleft()[1]

    def wait(self, now: float) -> float:
        self.forget(now)
        until = self.blocked_until
        if len(self.recent) == self.minutely:
            until = max(until, self.recent[0] + MINUTE)
        # `minutes` has only the time of the first call of each minute. The last one may be a minute later, and leaves
        # the hour a minute later as well.
        if self.hour >= self.hourly:
            until = max(until, self.minutes[0][0] + HOUR + MINUTE)
        return max(0.0, until - now)

    def spend(self, now: float) -> None:
        self.recent.append(now)
        self.hour += 1
        if self.minutes and now - self.minutes[-1][0] < MINUTE:
            started, count = self.minutes.pop()
            self.minutes.append((started, count + 1))
        else:
            self.forget(now)
            self.minutes.append((now, 1))


class RateLimits:
    """Count calls against Deriv's limits.

    Parameters
    ----------
    limits : mapping of str to Limit
        Limits by bucket; one bucket is `GENERAL`.
    fixed : bool
        True if these limits are final, and each call counts in one bucket only. Otherwise every call counts in the
        general bucket as well, and Deriv is asked for its true limits.
    """

    def __init__(self, limits: Mapping[str, Limit] = LIMITS, *, fixed: bool = False) -> None:
        self._fixed = fixed
        self._known = False  # whether Deriv has sent its limits
        self._untold = 0  # how often it was asked and did not send them
        self._ask_at = float("-inf")
        self._limits = limits
        self._calls = {name: limit.calls for name, limit in limits.items() if limit.calls}
        self._buckets = {name: _Bucket(limit.minutely, limit.hourly) for name, limit in limits.items()}

    def bucket_of(self, call: str) -> str:
        """Return the bucket that decides when a call may be sent: its own, or the general one."""
        for name, calls in self._calls.items():
            if call in calls:
                return name
        return GENERAL

    def wait(self, bucket: str, now: float) -> float:
        """Return the seconds until a call of this bucket may be sent."""
        own = self._buckets[bucket].wait(now)
        return own if self._fixed or bucket == GENERAL else max(own, self._buckets[GENERAL].wait(now))

    def wait_for_room(self, now: float) -> float:
        """Return the seconds until half of the general limit is free; for requests that no caller waits for."""
        bucket = self._buckets[GENERAL]
        wait, sent, most = bucket.wait(now), bucket.recent, max(1, bucket.minutely // 2)
        return wait if len(sent) < most else max(wait, sent[len(sent) - most] + MINUTE - now)

    def spend(self, bucket: str, now: float) -> None:
        """Count a call that was sent."""
        self._buckets[bucket].spend(now)
        if bucket != GENERAL and not self._fixed:
            self._buckets[GENERAL].spend(now)

    def refused(self, bucket: str, now: float, wanted: float | None = None) -> float:
        """Pause after Deriv refused a call, and return the seconds to wait.

        Our own count may be right and Deriv refuse all the same, as it also counts the calls of the user's other
        programs and machines. ``wanted`` is the pause that Deriv asks for.
        """
        own = self._buckets[bucket]
        # A call that was sent before the pause began may be refused during it. That must not prolong the pause: with
        # many calls in flight, one burst would otherwise use up all `PENALTIES`.
        if now >= own.blocked_until:
            pause = PENALTIES[min(own.refusals, len(PENALTIES) - 1)]
            if wanted is not None:
                pause = max(1.0, wanted) if wanted <= LONGEST_PAUSE else PENALTIES[-1]
            own.blocked_until = now + pause
            own.refusals += 1
        return own.blocked_until - now

    def granted(self, bucket: str) -> None:
        """Take note that Deriv accepted a call."""
        self._buckets[bucket].refusals = 0

    def learn(self, status: Any) -> bool:
        """Adopt the limits in the payload of a ``website_status`` reply; return whether there are any.

        A limit that is missing, or is not a positive whole number, is not changed.
        """
        limits = status.get("api_call_limits") if isinstance(status, Mapping) else None
        if not isinstance(limits, Mapping):
            return False
        known = frozenset().union(*(limit.calls for limit in self._limits.values()))
        for name, key in _KEYS.items():
            stated = limits.get(key)
            if not isinstance(stated, Mapping):
                continue
            bucket = self._buckets[name]
            minutely = _positive(stated.get("minutely"), bucket.minutely)
            bucket.limit(minutely, max(minutely, _positive(stated.get("hourly"), bucket.hourly)))
            self._known |= _positive(stated.get("minutely"), 0) > 0
            named = frozenset(re.findall(r"\w+", str(stated.get("applies_to", ""))))
            if name in self._calls and named & known:
                self._calls[name] = named | self._limits[name].calls
        return self._known

    def left(self, now: float) -> dict[str, int]:
        """Return the number of calls of each bucket that may still be sent this minute. Callable from any thread."""
        return {
            name: max(0, bucket.minutely - sum(sent > now - MINUTE for sent in tuple(bucket.recent)))
            for name, bucket in self._buckets.items()
        }

    @property
    def minutely(self) -> dict[str, int]:
        """Return the number of calls of each bucket that may be sent in a minute."""
        return {name: bucket.minutely for name, bucket in self._buckets.items()}

    def half_spent(self, bucket: str) -> bool:
        """Return whether half of a limit is used, so that it is worth asking for the true one."""
        if self._fixed:
            return False
        own, general = self._buckets[bucket], self._buckets[GENERAL]
        return 2 * len(own.recent) > own.minutely or 2 * len(general.recent) > general.minutely

    def should_ask(self, bucket: str, now: float) -> bool:
        """Return whether to ask Deriv for its limits now; if True, the caller must ask."""
        if self._known or now < self._ask_at or not self.half_spent(bucket):
            return False
        self._ask_at = now + UNANSWERED
        return True

    def not_told(self, now: float) -> None:
        """Take note that a request for the limits failed: the connection broke, or the reply has none."""
        self._ask_at = now + ASK_AGAIN[min(self._untold, len(ASK_AGAIN) - 1)]
        self._untold += 1


class SendQueue:
    """Queue of calls to send: first come, first served, except that a used-up bucket does not delay the others.

    The order is: calls that change something; urgent requests of the connection itself; its other requests, as long as
    half of the general limit is free; then the oldest call whose bucket has room.
    """

    def __init__(self, rate_limits: RateLimits) -> None:
        self.rate_limits = rate_limits
        self._changes: deque[PendingCall] = deque()
        self._own_at_once: deque[PendingCall] = deque()
        self._own_later: deque[PendingCall] = deque()
        self._reads: dict[str, deque[PendingCall]] = {}  # by bucket
        self.waiting = 0
        """Number of calls in the queue."""
        self.wake_at = math.inf
        """Time at which a used-up bucket has room again."""

    def put(self, pending: PendingCall, *, first: bool = False) -> None:
        """Add a call, after the others of its kind or before them."""
        self.waiting += 1
        if pending.changes:
            self._changes.append(pending)
        elif pending.background:
            (self._own_at_once if first else self._own_later).append(pending)
        else:
            reads = self._reads.setdefault(pending.bucket, deque())
            reads.appendleft(pending) if first else reads.append(pending)

    def take(self, now: float, *, reads_only: bool = False) -> PendingCall | None:
        """Remove and return the next call that may be sent now.

        For a change, the caller checks the limits, because a change fails instead of waiting. ``reads_only`` leaves out
        changes and requests of the connection itself, and calls that open a stream with all calls behind them in their
        bucket.
        """
        if self._changes and not reads_only:
            self.waiting -= 1
            return self._changes.popleft()
        self.wake_at = math.inf
        for own, wait_for in ((self._own_at_once, self._wait_as_others), (self._own_later, self._wait_for_room)):
            if own and not reads_only:
                wait = wait_for(now)
                if wait <= 0:
                    self.waiting -= 1
                    return own.popleft()
                self.wake_at = min(self.wake_at, now + wait)
        oldest: deque[PendingCall] | None = None
        for name, reads in self._reads.items():
            if not reads or (reads_only and reads[0].subscription is not None):
                continue
            wait = self.rate_limits.wait(name, now)
            if wait > 0:
                self.wake_at = min(self.wake_at, now + wait)
            elif oldest is None or reads[0].req_id < oldest[0].req_id:
                oldest = reads
        if oldest is None:
            return None
        self.waiting -= 1
        return oldest.popleft()

    def _wait_as_others(self, now: float) -> float:
        return self.rate_limits.wait(GENERAL, now)

    def _wait_for_room(self, now: float) -> float:
        return self.rate_limits.wait_for_room(now)

    def clear(self) -> None:
        """Remove all calls."""
        for queue in (self._changes, self._own_at_once, self._own_later, self._reads):
            queue.clear()
        self.waiting = 0
        self.wake_at = math.inf


def _positive(value: Any, otherwise: int) -> int:
    return value if type(value) is int and value > 0 else otherwise
