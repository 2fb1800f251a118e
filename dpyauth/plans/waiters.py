"""Awaiting replies on the caller's own event loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from dpyauth.wire.calls import Pending
from dpyauth.wire.mailbox import Mailbox

if TYPE_CHECKING:
    from dpyauth.plans import Ticket

HEARTBEAT = 0.2
"""How often a loop on which somebody waits is woken, in seconds."""


class Arrival:
    """What a task waits for that awaits a reply.

    It keeps to what asyncio's tasks ask of a future. A future of asyncio's own would have its task go on in the loop's
    next round; with this one it goes on at once.
    """

    __slots__ = ("_asyncio_future_blocking", "_cancelled", "_context", "_done", "_go_on", "_message", "_waiters")

    def __init__(self, waiters: Waiters) -> None:
        self._asyncio_future_blocking = False  # the task tells by this attribute that it has a future before it
        self._waiters = waiters
        self._go_on: Callable[[Arrival], object] | None = None
        self._done = self._cancelled = False
        self._message: Any = None

    def landed(self, pending: Pending) -> None:
        """The call has ended; called on the connection's thread."""
        try:
            self._waiters.mailbox.post(Arrival._wake, self)
        except RuntimeError:  # the caller's loop is closed: nobody waits any more
            pass

    def _wake(self) -> None:
        self._done = True
        go_on, self._go_on = self._go_on, None
        if go_on is not None:
            self._context.run(go_on, self)

    def __await__(self) -> Generator[Arrival, None, None]:
        if not self._done:
            self._asyncio_future_blocking = True
            yield self

    # What the task calls

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop it belongs to."""
        return self._waiters.loop

    def add_done_callback(self, go_on: Callable[[Arrival], object], *, context: contextvars.Context) -> None:
        """How the task goes on."""
        self._go_on, self._context = go_on, context

    def cancel(self, msg: Any = None) -> bool:
        """The task is to go on without the reply."""
        if self._go_on is None:
            return False
        self._done = self._cancelled = True
        self._message = msg
        self._waiters.loop.call_soon(self._go_on, self, context=self._context)
        self._go_on = None
        return True

    def result(self) -> None:
        """Nothing, or the error that cancels the task."""
        if self._cancelled:
            raise asyncio.CancelledError(*([] if self._message is None else [self._message]))


class Waiters:
    """Those who await a reply on one event loop.

    While there are any, the loop is woken now and then: an interrupt reaches a cell that only awaits when its loop next
    wakes, which could take very long.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.mailbox = Mailbox(loop)
        self.tickets: set[Ticket] = set()
        self._beating = False

    def add(self, ticket: Ticket) -> None:
        """One more that waits, until it is taken out of ``tickets``."""
        self.tickets.add(ticket)
        if not self._beating:
            self._beating = True
            self.loop.call_later(HEARTBEAT, self._beat)

    def _beat(self) -> None:
        for ticket in list(self.tickets):
            ticket.check()
        self._beating = bool(self.tickets)
        if self._beating:
            self.loop.call_later(HEARTBEAT, self._beat)


_waiters: dict[asyncio.AbstractEventLoop, Waiters] = {}


def waiters_of(loop: asyncio.AbstractEventLoop) -> Waiters:
    """Those of the loop that runs here."""
    waiters = _waiters.get(loop)
    if waiters is None:
        for other in [other for other in _waiters.copy() if other.is_closed()]:
            closed = _waiters.pop(other, None)
            if closed is not None:
                closed.mailbox.close()
        waiters = _waiters.setdefault(loop, Waiters(loop))
    return waiters
