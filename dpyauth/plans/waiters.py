"""Awaiting replies on the caller's own event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dpyauth.plans import Ticket

Arrival = asyncio.Future[None]
"""What a task awaits until a reply has come."""

HEARTBEAT = 0.2
"""How often a loop on which somebody waits is woken, in seconds."""


class Waiters:
    """Those who await a reply on one event loop.

    While there are any, the loop is woken now and then: an interrupt reaches a cell that only awaits when its loop next
    wakes, which could take very long. Whatever an interrupt has left undone here is done then.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: dict[Ticket, Arrival] = {}
        self._beating = False
        self._arrived: deque[Arrival] = deque()
        self._woken = False
        self._lock = threading.Lock()

    def landed(self, arrival: Arrival) -> None:
        """Wake whoever awaits this; called on the connection's thread. The loop is woken once for many."""
        self._arrived.append(arrival)
        with self._lock:
            if not self._woken:
                try:
                    self.loop.call_soon_threadsafe(self._wake)
                except RuntimeError:
                    return  # the caller's loop is closed: nobody waits any more
                self._woken = True

    def add(self, ticket: Ticket, arrival: Arrival) -> None:
        """Enter one more that waits."""
        self._waiting[ticket] = arrival
        if not self._beating:
            self.loop.call_later(HEARTBEAT, self._beat)
            self._beating = True

    def remove(self, ticket: Ticket) -> None:
        """Forget one that waits no more."""
        self._waiting.pop(ticket, None)

    def _wake(self) -> None:
        with self._lock:
            self._woken = False
        while self._arrived:
            _set(self._arrived[0])
            self._arrived.popleft()

    def _beat(self) -> None:
        for ticket, arrival in list(self._waiting.items()):
            ticket.check()
            if ticket.pending.done:
                _set(arrival)
        self._beating = bool(self._waiting)
        if self._beating:
            self.loop.call_later(HEARTBEAT, self._beat)


def _set(arrival: Arrival) -> None:
    if not arrival.done():
        arrival.set_result(None)


_waiters: dict[asyncio.AbstractEventLoop, Waiters] = {}


def waiters_of(loop: asyncio.AbstractEventLoop) -> Waiters:
    """Those of the loop that runs here."""
    waiters = _waiters.get(loop)
    if waiters is None:
        for other in [other for other in _waiters.copy() if other.is_closed()]:
            _waiters.pop(other, None)
        waiters = _waiters.setdefault(loop, Waiters(loop))
    return waiters
