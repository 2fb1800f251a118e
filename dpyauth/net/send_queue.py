"""PendingCalls waiting to be sent, each in the lane of its rate limit. No I/O."""

from __future__ import annotations

import math
from collections import deque

from dpyauth.net.pending import PendingCall
from dpyauth.net.rate_limits import GENERAL, RateLimits


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
