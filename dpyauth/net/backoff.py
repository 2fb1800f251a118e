"""Compute the pauses between attempts to connect, and before a call is sent again. No I/O."""

from __future__ import annotations

import random

CAP = 60.0
"""Longest pause between two attempts, in seconds."""

SETTLED = 10.0
"""Seconds that a connection must live for the count of attempts to start again from zero."""


class Backoff:
    """Pauses between attempts: none before the first, then longer and longer ones with full jitter.

    There is never more than one attempt per second, because Deriv refuses faster ones.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()
        self._attempts = 0
        self._last = float("-inf")

    def next_delay(self, now: float) -> float:
        """Return the seconds until the next attempt, and count it. If it is made earlier, call `started`."""
        pause = 0.0
        if self._attempts:
            # Full jitter: after an outage at Deriv, clients that lost their connections at the same moment must not
            # all come back at the same moment.
            pause = self._rng.uniform(0.0, min(CAP, 2.0 ** min(self._attempts, 10)))
        self._attempts += 1
        start = max(now + pause, self._last + 1.0)
        self._last = start
        return start - now

    def started(self, now: float) -> None:
        """Take note that an attempt is made now."""
        self._last = now

    def reset(self) -> None:
        """Start the count of attempts again from zero."""
        self._attempts = 0

    def ended(self, lived: float) -> None:
        """Take note that a connection has ended, and how many seconds it was usable."""
        # A server that accepts connections and drops them at once would otherwise be tried every second.
        if lived >= SETTLED:
            self.reset()


FIRST, LONGEST = 0.5, 60.0
"""Shortest and longest pause before a call is sent again after a temporary error, in seconds."""


def pause(tries: int, rng: random.Random) -> float:
    """Return the seconds to wait before a call is sent again after this number of error replies."""
    return min(LONGEST, FIRST * 2.0 ** min(tries - 1, 10)) * rng.uniform(0.5, 1.0)
