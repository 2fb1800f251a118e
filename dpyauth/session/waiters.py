"""Wake tasks on the caller's own event loop when their replies arrive."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from typing import TYPE_CHECKING

from dpyauth import _forks
from dpyauth.net.loop import call_soon

if TYPE_CHECKING:
    from dpyauth.session.in_flight import InFlight

Arrival = asyncio.Future[None]
"""Future that a task awaits until its reply has arrived."""

HEARTBEAT = 0.2
"""Interval at which a loop with waiting tasks is woken, in seconds."""


class LoopWaiters:
    """Tasks of one event loop that await a reply.

    While there are any, the loop is woken regularly. Without that, an interrupt would reach an awaiting cell only when
    its loop next wakes, which could take very long. Each time, work that an interrupt has left undone is done.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._waiting: dict[InFlight, Arrival] = {}
        self._beating = False
        self._arrived: deque[Arrival] = deque()
        self._woken = False
        self._loop = weakref.proxy(loop)  # the table below is keyed by the loop, and must not keep it alive

    def on_reply(self, arrival: Arrival) -> None:
        """Wake the task that awaits this, from the background thread. One wake-up of the loop serves many tasks."""
        self._arrived.append(arrival)
        # The thread that sets the flag wakes the loop. The loop clears the flag before it looks into the queue, so an
        # arrival is either seen by that look or wakes the loop again. Cleared afterwards, some would be left behind.
        if not self._woken:
            self._woken = True
            call_soon(self._loop, self._wake)

    def add(self, call: InFlight, arrival: Arrival) -> None:
        """Add a call that a task waits for; called on the loop."""
        self._waiting[call] = arrival
        if not self._beating:
            self._beat_later()

    def remove(self, call: InFlight) -> None:
        """Remove a call that no task waits for any more."""
        self._waiting.pop(call, None)

    def _wake(self) -> None:
        self._woken = False
        while self._arrived:
            _set(self._arrived.popleft())

    def _beat_later(self) -> None:
        asyncio.get_running_loop().call_later(HEARTBEAT, self._beat)
        self._beating = True

    def _beat(self) -> None:
        try:
            # An interrupt may have struck between a reply's arrival and its wake-up, so look at every call.
            self._wake()
            for call, arrival in list(self._waiting.items()):
                call.check()
                if call.pending.done:
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
    """Return the waiters of an event loop."""
    waiters = _waiters.get(loop)
    if waiters is None:
        waiters = _waiters[loop] = LoopWaiters(loop)
    return waiters
