"""Rate limits, and the queue of calls that wait for them. No I/O.

Deriv counts calls in buckets, of which each API has its own. Of v3 the limits here are the lowest that have been seen;
`learn` replaces them with what Deriv's ``website_status`` says.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from dpyauth.net.pending import PendingCall

MINUTE, HOUR = 60.0, 3600.0
PENALTIES = (5.0, 15.0, 30.0, 60.0)
"""Pauses after the first, second, ... refusal in a row, in seconds."""

LONGEST_PAUSE = 600.0
"""The longest pause that a server may ask for, in seconds: no limit of Deriv's needs more, so a longer one is wrong."""

MOST_KEPT = 10_000
"""A limit above this is none."""

ASK_AGAIN = (0.0, 15.0, 60.0, 300.0, 3600.0)
"""Pauses before Deriv is asked for its limits again, after the first, second, ... time that it did not tell them."""
UNANSWERED = 60.0
"""After so many seconds without an answer Deriv is asked for them again."""

GENERAL = "general"
_KEYS = {"outcome": "max_requests_outcome", "pricing": "max_requests_pricing", GENERAL: "max_requestes_general"}


class Limit(NamedTuple):
    """So many calls, in a minute and in an hour."""

    minutely: int
    hourly: int
    calls: frozenset[str] = frozenset()
    """Which calls count; of the general one, all for which there is no other."""


LIMITS = {
    GENERAL: Limit(180, 14_400),
    "outcome": Limit(25, 1_500, frozenset({"portfolio", "profit_table", "statement"})),
    "pricing": Limit(80, 3_600, frozenset({"proposal", "proposal_open_contract"})),
}


def in_words(seconds: float) -> str:
    """Return a time as one says it, such as ``"24 hours"``."""
    for unit, name in ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * unit:
            return f"{min(seconds / unit, 1e6):.0f} {name}"
    return f"{seconds:.0f} s"


class _Bucket:
    """The calls of one kind: when the latest were sent, and how many there were in each minute of the last hour."""

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
        self.recent = deque(self.recent, maxlen=min(minutely, MOST_KEPT))  # more of them tell nothing

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
    """What has been spent, and what is left.

    Parameters
    ----------
    limits : mapping of str to Limit
        By the name of the bucket; one is `GENERAL`.
    fixed : bool
        Whether they are all there is to know, and each call counts in one bucket; else every call counts in the general
        one, too, and Deriv tells the true limits.
    """

    def __init__(self, limits: Mapping[str, Limit] = LIMITS, *, fixed: bool = False) -> None:
        self._fixed = fixed
        self._known = False  # whether Deriv has told its limits
        self._untold = 0  # how often it was asked and did not
        self._ask_at = float("-inf")
        self._limits = limits
        self._calls = {name: limit.calls for name, limit in limits.items() if limit.calls}
        self._buckets = {name: _Bucket(limit.minutely, limit.hourly) for name, limit in limits.items()}

    def lane(self, call: str) -> str:
        """The bucket that decides when a call may go: its own, or the general one."""
        for name, calls in self._calls.items():
            if call in calls:
                return name
        return GENERAL

    def wait(self, lane: str, now: float) -> float:
        """Seconds until a call of this lane may go."""
        own = self._buckets[lane].wait(now)
        return own if self._fixed or lane == GENERAL else max(own, self._buckets[GENERAL].wait(now))

    def wait_for_room(self, now: float) -> float:
        """Return the seconds until half of a minute's general calls are free, for what nobody waits for."""
        bucket = self._buckets[GENERAL]
        wait, sent, most = bucket.wait(now), bucket.recent, max(1, bucket.minutely // 2)
        return wait if len(sent) < most else max(wait, sent[len(sent) - most] + MINUTE - now)

    def spend(self, lane: str, now: float) -> None:
        """A call was sent."""
        self._buckets[lane].spend(now)
        if lane != GENERAL and not self._fixed:
            self._buckets[GENERAL].spend(now)

    def refused(self, lane: str, now: float) -> None:
        """Deriv said that a call came too early: others count too, in other programs or on other machines."""
        bucket = self._buckets[lane]
        if now < bucket.blocked_until:  # it was sent before the pause that another refusal began
            return
        bucket.blocked_until = now + PENALTIES[min(bucket.refusals, len(PENALTIES) - 1)]
        bucket.refusals += 1

    def granted(self, lane: str) -> None:
        """Deriv answered a call."""
        self._buckets[lane].refusals = 0

    def learn(self, status: Any) -> bool:
        """Take over the limits in the payload of a ``website_status`` reply, as far as they are there.

        Returns whether there are any. What is no number of calls changes nothing.
        """
        limits = status.get("api_call_limits") if isinstance(status, Mapping) else None
        if not isinstance(limits, Mapping):
            return False
        known = frozenset().union(*(limit.calls for limit in self._limits.values()))
        for name, key in _KEYS.items():
            said = limits.get(key)
            if not isinstance(said, Mapping):
                continue
            bucket = self._buckets[name]
            minutely = _positive(said.get("minutely"), bucket.minutely)
            bucket.limit(minutely, max(minutely, _positive(said.get("hourly"), bucket.hourly)))
            self._known |= _positive(said.get("minutely"), 0) > 0
            named = frozenset(re.findall(r"\w+", str(said.get("applies_to", ""))))
            if name in self._calls and named & known:
                self._calls[name] = named | self._limits[name].calls
        return self._known

    def left(self, now: float) -> dict[str, int]:
        """How many calls of each bucket may still go within this minute; may be called from any thread."""
        return {
            name: max(0, bucket.minutely - sum(sent > now - MINUTE for sent in tuple(bucket.recent)))
            for name, bucket in self._buckets.items()
        }

    @property
    def minutely(self) -> dict[str, int]:
        """How many calls of each bucket may go within a minute."""
        return {name: bucket.minutely for name, bucket in self._buckets.items()}

    def half_spent(self, lane: str) -> bool:
        """Whether a limit begins to matter, so that it pays to learn the true ones."""
        if self._fixed:
            return False
        own, general = self._buckets[lane], self._buckets[GENERAL]
        return 2 * len(own.recent) > own.minutely or 2 * len(general.recent) > general.minutely

    def should_ask(self, lane: str, now: float) -> bool:
        """Return whether to ask Deriv for its limits now; then do so."""
        if self._known or now < self._ask_at or not self.half_spent(lane):
            return False
        self._ask_at = now + UNANSWERED
        return True

    def not_told(self, now: float) -> None:
        """Deriv was asked for its limits, and has not told them: the line broke, or the answer has none."""
        self._ask_at = now + ASK_AGAIN[min(self._untold, len(ASK_AGAIN) - 1)]
        self._untold += 1


class SendQueue:
    """First come, first served, except that a lane whose limit is used up does not hold up the others.

    What nobody waits for goes first where it is to go at once, else only while half of the general limit is free.
    """

    def __init__(self, budget: RateLimits) -> None:
        self.budget = budget
        self._lanes: dict[str, deque[PendingCall]] = {}
        self._urgent: deque[PendingCall] = deque()
        self._prompt: deque[PendingCall] = deque()
        self._background: deque[PendingCall] = deque()
        self.waiting = 0
        """How many calls are in the lanes."""
        self.wake_at = math.inf
        """When a lane that is held up may go on."""

    def put(self, pending: PendingCall, *, first: bool = False) -> None:
        """Enter a call, behind the others or before them."""
        self.waiting += 1
        if pending.changes:
            self._urgent.append(pending)
            return
        if pending.background:
            (self._prompt if first else self._background).append(pending)
            return
        lane = self._lanes.setdefault(pending.lane, deque())
        lane.appendleft(pending) if first else lane.append(pending)

    def take(self, now: float, *, reads_only: bool = False) -> PendingCall | None:
        """The next call that may go now; whether one that changes something may is for the caller to see.

        ``reads_only``: neither such a one, nor one that opens a stream, nor what stands behind that in its lane.
        """
        if self._urgent and not reads_only:
            self.waiting -= 1
            return self._urgent.popleft()
        self.wake_at = math.inf
        for own, wait_for in ((self._prompt, self._wait_as_others), (self._background, self.budget.wait_for_room)):
            if own and not reads_only:
                wait = wait_for(now)
                if wait <= 0:
                    self.waiting -= 1
                    return own.popleft()
                self.wake_at = min(self.wake_at, now + wait)
        free: deque[PendingCall] | None = None
        for name, lane in self._lanes.items():
            if not lane or (reads_only and lane[0].subscription is not None):
                continue
            wait = self.budget.wait(name, now)
            if wait > 0:
                self.wake_at = min(self.wake_at, now + wait)
            elif free is None or lane[0].req_id < free[0].req_id:
                free = lane
        if free is None:
            return None
        self.waiting -= 1
        return free.popleft()

    def _wait_as_others(self, now: float) -> float:
        return self.budget.wait(GENERAL, now)

    def clear(self) -> None:
        """Forget all."""
        self._lanes.clear()
        self._urgent.clear()
        self._prompt.clear()
        self._background.clear()
        self.waiting = 0
        self.wake_at = math.inf


def _positive(value: Any, otherwise: int) -> int:
    return value if type(value) is int and value > 0 else otherwise
