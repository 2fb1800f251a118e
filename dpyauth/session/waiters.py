"""Awaiting replies on the caller's own event loop."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from typing import TYPE_CHECKING

from dpyauth import _forks
from dpyauth.net.loop import call_soon

if TYPE_CHECKING:
    from dpyauth.session.drive import InFlight

Arrival = asyncio.Future[None]
"""What a task awaits until a reply has come."""

HEARTBEAT = 0.2
"""How often a loop on which somebody waits is woken, in seconds."""


class LoopWaiters:
    """Those who await a reply on one event loop.

    While there are any, the loop is woken now and then: an interrupt reaches a cell that only awaits when its loop next
    wakes, which could take very long. Whatever an interrupt has left undone here is done then.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._waiting: dict[InFlight, Arrival] = {}
        self._beating = False
        self._arrived: deque[Arrival] = deque()
        self._woken = False
        self._loop = weakref.proxy(loop)

    def on_reply(self, arrival: Arrival) -> None:
        """Wake whoever awaits this; called on the connection's thread. The loop is woken once for many."""
        self._arrived.append(arrival)
        # Whoever sets the flag wakes the loop. The loop clears it before it looks, so nothing stays behind.
        if not self._woken:
            self._woken = True
            call_soon(self._loop, self._wake)

    def add(self, ticket: InFlight, arrival: Arrival) -> None:
        """Enter one more that waits; called on the loop."""
        self._waiting[ticket] = arrival
        if not self._beating:
            self._beat_later()

    def remove(self, ticket: InFlight) -> None:
        """Forget one that waits no more."""
        self._waiting.pop(ticket, None)

    def _wake(self) -> None:
        self._woken = False
        while self._arrived:
            _set(self._arrived.popleft())

    def _beat_later(self) -> None:
        asyncio.get_running_loop().call_later(HEARTBEAT, self._beat)
        self._beating = True

    def _beat(self) -> None:
        try:
            self._wake()
            for ticket, arrival in list(self._waiting.items()):
                ticket.check()
                if ticket.pending.done:
                    _set(arrival)
        finally:
            self._beating = False
            if self._waiting:
                self._beat_later()


def _set(arrival: Arrival) -> None:
    if not arrival.done():
        arrival.set_result(None)


_waiters: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopWaiters] = weakref.WeakKeyDictionary()


_forks.in_child(_waiters.clear)


def waiters_of(loop: asyncio.AbstractEventLoop) -> LoopWaiters:
    """Return those of the loop that runs here."""
    waiters = _waiters.get(loop)
    if waiters is None:
        waiters = _waiters[loop] = LoopWaiters(loop)
    return waiters
