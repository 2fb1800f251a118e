"""How many calls Deriv allows, and how long the next one must wait. No I/O.

Deriv counts calls in three buckets: all of them (general), those about the outcome of trading, and those that price
contracts. The limits here are the lowest that have been seen; `learn` replaces them with what Deriv's
``website_status`` says.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MINUTE, HOUR = 60.0, 3600.0
PENALTIES = (5.0, 15.0, 30.0, 60.0)
"""Pauses after the first, second, ... refusal in a row, in seconds."""

GENERAL = "general"
_KEYS = {"outcome": "max_requests_outcome", "pricing": "max_requests_pricing", GENERAL: "max_requestes_general"}
_CALLS = {
    "outcome": frozenset({"portfolio", "profit_table", "statement"}),
    "pricing": frozenset({"proposal", "proposal_open_contract"}),
}


@dataclass(slots=True)
class _Bucket:
    minutely: int
    hourly: int
    recent: deque[float]  # when the calls of the last minute were sent
    minutes: deque[tuple[float, int]]  # minute by minute, how many of the last hour
    blocked_until: float = float("-inf")
    refusals: int = 0

    def forget(self, now: float) -> None:
        while self.recent and self.recent[0] <= now - MINUTE:
            self.recent.popleft()
        while self.minutes and self.minutes[0][0] <= now - HOUR - MINUTE:
            self.minutes.popleft()

    def wait(self, now: float) -> float:
        self.forget(now)
        until = self.blocked_until
        if len(self.recent) >= self.minutely:
            until = max(until, self.recent[len(self.recent) - self.minutely] + MINUTE)
        if sum(count for _, count in self.minutes) >= self.hourly:
            until = max(until, self.minutes[0][0] + HOUR + MINUTE)
        return max(0.0, until - now)

    def spend(self, now: float) -> None:
        self.forget(now)
        self.recent.append(now)
        started, count = self.minutes[-1] if self.minutes else (float("-inf"), 0)
        if now - started < MINUTE:
            self.minutes[-1] = (started, count + 1)
        else:
            self.minutes.append((now, 1))


class Budget:
    """What has been spent, and what is left."""

    def __init__(self) -> None:
        self._calls = dict(_CALLS)
        self._buckets = {
            GENERAL: _bucket(180, 14_400),
            "outcome": _bucket(25, 1_500),
            "pricing": _bucket(80, 3_600),
        }

    def lane(self, call: str) -> str:
        """The bucket that decides when a call may go: its own, or the general one."""
        return next((name for name, calls in self._calls.items() if call in calls), GENERAL)

    def wait(self, lane: str, now: float) -> float:
        """Seconds until a call of this lane may go."""
        own = self._buckets[lane].wait(now)
        return own if lane == GENERAL else max(own, self._buckets[GENERAL].wait(now))

    def spend(self, lane: str, now: float) -> None:
        """A call was sent."""
        self._buckets[lane].spend(now)
        if lane != GENERAL:
            self._buckets[GENERAL].spend(now)

    def refused(self, lane: str, now: float) -> None:
        """Deriv said that a call came too early: others count too, in other programs or on other machines."""
        bucket = self._buckets[lane]
        bucket.blocked_until = now + PENALTIES[min(bucket.refusals, len(PENALTIES) - 1)]
        bucket.refusals += 1

    def granted(self, lane: str) -> None:
        """Deriv answered a call."""
        self._buckets[lane].refusals = 0

    def learn(self, status: Any) -> None:
        """Take over the limits in the payload of a ``website_status`` reply, as far as they are there."""
        limits = status.get("api_call_limits") if isinstance(status, Mapping) else None
        if not isinstance(limits, Mapping):
            return
        for name, key in _KEYS.items():
            said = limits.get(key)
            if not isinstance(said, Mapping):
                continue
            bucket = self._buckets[name]
            bucket.minutely = _positive(said.get("minutely"), bucket.minutely)
            bucket.hourly = _positive(said.get("hourly"), bucket.hourly)
            named = frozenset(re.findall(r"\w+", str(said.get("applies_to", ""))))
            if name in self._calls and named & (_CALLS["outcome"] | _CALLS["pricing"]):
                self._calls[name] = named | _CALLS[name]

    def left(self, now: float) -> dict[str, int]:
        """How many calls of each bucket may still go within this minute."""
        for bucket in self._buckets.values():
            bucket.forget(now)
        return {name: max(0, bucket.minutely - len(bucket.recent)) for name, bucket in self._buckets.items()}

    def half_spent(self, now: float) -> bool:
        """Whether the limits begin to matter, so that it pays to learn the true ones."""
        return any(2 * left < self._buckets[name].minutely for name, left in self.left(now).items())


def _bucket(minutely: int, hourly: int) -> _Bucket:
    return _Bucket(minutely, hourly, deque(), deque())


def _positive(value: Any, otherwise: int) -> int:
    return value if type(value) is int and value > 0 else otherwise
