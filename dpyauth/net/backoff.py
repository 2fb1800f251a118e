"""When to try again."""

from __future__ import annotations

import random

CAP = 60.0
"""The longest pause between two attempts, in seconds."""

SETTLED = 10.0
"""A connection that lived this long starts the count anew."""


class Backoff:
    """Pauses between attempts: the first try at once, then longer and longer with full jitter.

    Never more than one attempt a second, whatever happens: Deriv refuses faster ones.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()
        self._attempts = 0
        self._last = float("-inf")

    def next_delay(self, now: float) -> float:
        """Seconds from now to the next attempt, which this call counts. It may be made earlier: then say `started`."""
        pause = 0.0
        if self._attempts:
            pause = self._rng.uniform(0.0, min(CAP, 2.0 ** min(self._attempts, 10)))
        self._attempts += 1
        start = max(now + pause, self._last + 1.0)
        self._last = start
        return start - now

    def started(self, now: float) -> None:
        """An attempt is made."""
        self._last = now

    def reset(self) -> None:
        """Start the count anew."""
        self._attempts = 0

    def ended(self, lived: float) -> None:
        """A connection ended after so many seconds of being usable."""
        if lived >= SETTLED:
            self.reset()


FIRST, LONGEST = 0.5, 60.0
"""The shortest and the longest pause before Deriv is asked again after an error that may pass, in seconds."""


def pause(tries: int, rng: random.Random) -> float:
    """Return how long to wait before asking again, after so many answers with an error: longer each time."""
    return min(LONGEST, FIRST * 2.0 ** min(tries - 1, 10)) * rng.uniform(0.5, 1.0)
