"""Pings: when to send one, and how long its reply may take. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

PING_EVERY = 25.0
PING_TIMEOUT = 10.0
DOUBT_AFTER = 5.0
"""Seconds that a call waits for its reply before a ping finds out whether the server still answers."""
SLOWEST = 60.0
"""Seconds that a ping's reply may take while a long message comes in before it."""


class Keepalive:
    """Tell when to ping, and when to give a connection up.

    A ping goes every `PING_EVERY` seconds, and sooner if a call waits for its reply. There is never more than one
    ping at a time: its deadline (``_due``) and the time of the next ping are the same variable.

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
        """Return when ``tick`` is next needed."""
        return min(self._due, self._doubt_at)

    def connection_made(self, now: float) -> None:
        """Start on an open socket."""
        self._due = now + PING_EVERY

    def connection_lost(self) -> None:
        """Stop: the socket is gone."""
        self._pinging = False
        self._due = self._doubt_at = math.inf

    def asked(self, now: float) -> None:
        """Note that a call was sent."""
        self._doubt_at = min(self._doubt_at, now + DOUBT_AFTER)

    def received_part(self, now: float) -> None:
        """Allow more time for a ping's reply: part of a long message came in before it."""
        if self._pinging:
            self._due = max(self._due, min(now + PING_TIMEOUT, self._sent + SLOWEST))

    def ponged(self, now: float) -> float:
        """Take the reply to a ping; return how many seconds it took."""
        self._pinging = False
        self._due = self._sent + PING_EVERY
        return now - self._sent

    def check(self, now: float) -> bool:
        """Ping at once, unless a ping waits for its reply; return whether one was sent."""
        if self._pinging:
            return False
        self._ping(now)
        return True

    def tick(self, now: float, waiting: Callable[[], Iterable[float]], *, late: bool) -> str | None:
        """Ping if it is time; return why the connection must be dropped, if it must.

        ``waiting`` returns when the calls were sent that wait for their replies. ``late`` says that the machine slept:
        a reply may be there and unread, so a missing one means nothing.
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
