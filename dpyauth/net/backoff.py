"""Pauses between attempts to connect, and before a call is asked again. No I/O."""

from __future__ import annotations

import random

CAP = 60.0
"""Longest pause between two attempts, in seconds."""

SETTLED = 10.0
"""Seconds that a connection must live for the count of attempts to start anew."""


class Backoff:
    """Pauses between attempts: the first attempt at once, then longer and longer ones with full jitter.

    There is never more than one attempt a second: Deriv refuses faster ones.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()
        self._attempts = 0
        self._last = float("-inf")

    def next_delay(self, now: float) -> float:
        """Return the seconds until the next attempt, which this counts. If it is made earlier, call `started`."""
        pause = 0.0
        if self._attempts:
            pause = self._rng.uniform(0.0, min(CAP, 2.0 ** min(self._attempts, 10)))
        self._attempts += 1
        start = max(now + pause, self._last + 1.0)
        self._last = start
        return start - now

    def started(self, now: float) -> None:
        """Note that an attempt is made now."""
        self._last = now

    def reset(self) -> None:
        """Start the count anew."""
        self._attempts = 0

    def ended(self, lived: float) -> None:
        """Note that a connection ended which was usable for so many seconds."""
        if lived >= SETTLED:
            self.reset()


FIRST, LONGEST = 0.5, 60.0
"""Shortest and longest pause before Deriv is asked again after an error that may pass, in seconds."""


def pause(tries: int, rng: random.Random) -> float:
    """Return the seconds to wait before asking again after so many error replies."""
    return min(LONGEST, FIRST * 2.0 ** min(tries - 1, 10)) * rng.uniform(0.5, 1.0)
