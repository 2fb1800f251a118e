"""Whether anybody is still there: pings, how long their answers may take, and when to doubt. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

PING_EVERY = 25.0
PING_TIMEOUT = 10.0
DOUBT_AFTER = 5.0
"""When a call has waited this long for its answer, a ping finds out whether anybody is still there."""
SLOWEST = 60.0
"""How long a ping's answer may take while a long message comes in before it."""


class Keepalive:
    """Says when to ping, and when to give up.

    Parameters
    ----------
    ask : callable
        Sends a ping.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._pinging = False
        self._sent = -math.inf
        self._due = math.inf
        self._doubt_at = math.inf

    @property
    def wake_at(self) -> float:
        """When there is next something to do."""
        return min(self._due, self._doubt_at)

    def connection_made(self, now: float) -> None:
        """A socket is open."""
        self._due = now + PING_EVERY

    def connection_lost(self) -> None:
        """It is gone."""
        self._pinging = False
        self._due = self._doubt_at = math.inf

    def asked(self, now: float) -> None:
        """A call was sent."""
        self._doubt_at = min(self._doubt_at, now + DOUBT_AFTER)

    def received_part(self, now: float) -> None:
        """Part of a message came in: a long one on a slow line is no silence."""
        if self._pinging:
            self._due = max(self._due, min(now + PING_TIMEOUT, self._sent + SLOWEST))

    def ponged(self, now: float) -> float:
        """The ping was answered; returns how long that took."""
        self._pinging = False
        self._due = self._sent + PING_EVERY
        return now - self._sent

    def check(self, now: float) -> bool:
        """Ping at once, unless that is done already; returns whether it was not."""
        if self._pinging:
            return False
        self._ping(now)
        return True

    def tick(self, now: float, waiting: Callable[[], Iterable[float]], *, late: bool) -> str | None:
        """Time has passed. Returns why the connection must be dropped, if it must.

        ``waiting`` tells when the calls were sent that wait for their answers; ``late``: the machine slept, so that
        nothing follows from what has not come.
        """
        if now >= self._due:
            if self._pinging and not late:
                return f"no answer to a ping within {PING_TIMEOUT:g} s"
            self._ping(now)
        if now >= self._doubt_at:
            sent = list(waiting())
            if any(now - at >= DOUBT_AFTER for at in sent):
                self.check(now)
            self._doubt_at = min((at for at in sent if now - at < DOUBT_AFTER), default=math.inf) + DOUBT_AFTER
        return None

    def _ping(self, now: float) -> None:
        self._pinging = True
        self._sent = now
        self._due = now + PING_TIMEOUT
        self._ask()
