"""Decide when to send a ping, and how long its reply may take. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from dpyauth.texts.said import said

PING_EVERY = 25.0
PING_TIMEOUT = 10.0
DOUBT_AFTER = 5.0
"""Seconds that a call waits for its reply before a ping checks whether the server still answers."""
SLOWEST = 60.0
"""Longest time for the reply to a ping while a long message arrives before it, in seconds."""


class Keepalive:
    """Decide when to ping, and when to drop a connection.

    A ping is sent every `PING_EVERY` seconds, and sooner if a call waits for its reply. There is never more than one
    ping at a time, so its deadline and the time of the next ping can be the same variable, ``_due``.

    Parameters
    ----------
    ask : callable
        Function that sends a ping.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._pinging = False
        self._sent = -math.inf
        self._due = math.inf
        self._doubt_at = math.inf

    @property
    def wake_at(self) -> float:
        """Return the time at which ``tick`` must be called next."""
        return min(self._due, self._doubt_at)

    def connection_made(self, now: float) -> None:
        """Start with an open socket."""
        self._due = now + PING_EVERY

    def connection_lost(self) -> None:
        """Stop: the socket is gone."""
        self._pinging = False
        self._due = self._doubt_at = math.inf

    def asked(self, now: float) -> None:
        """Take note that a call was sent."""
        self._doubt_at = min(self._doubt_at, now + DOUBT_AFTER)

    def received_part(self, now: float) -> None:
        """Allow more time for the reply to a ping, because part of a long message arrived before it."""
        # Replies come in order, so on a slow line a long one delays the pong although the connection is fine. Without
        # this, such a reply would be cut off and requested again until the call fails. `SLOWEST` limits the extra
        # time, because a server that only sends a byte now and then must not keep a useless connection forever.
        if self._pinging:
            self._due = max(self._due, min(now + PING_TIMEOUT, self._sent + SLOWEST))

    def ponged(self, now: float) -> float:
        """Take the reply to a ping; return its round-trip time in seconds."""
        self._pinging = False
        self._due = self._sent + PING_EVERY
        return now - self._sent

    def check(self, now: float) -> bool:
        """Send a ping at once, unless one is waiting for its reply; return whether one was sent."""
        if self._pinging:
            return False
        self._ping(now)
        return True

    def tick(self, now: float, waiting: Callable[[], Iterable[float]], *, late: bool) -> str | None:
        """Send a ping if it is time; return the reason to drop the connection, if there is one.

        ``waiting`` returns the times at which the calls were sent that still wait for their replies. ``late`` is True
        if the machine slept: a reply may have arrived and not been read, so a missing one means nothing.
        """
        if now >= self._due:
            if self._pinging and not late:
                return said("no_answer_to_ping", seconds=PING_TIMEOUT)
            self._ping(now)
        # A call without a reply may be slow, or the connection may be dead. A ping shows which of the two, long before
        # the next regular ping would, so that reads can be sent again on a new connection while they still have time.
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
