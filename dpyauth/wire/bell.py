"""Waking an event loop from any thread."""

from __future__ import annotations

import asyncio
import os
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from io import FileIO

_FLAGS = os.EFD_CLOEXEC | os.EFD_NONBLOCK if sys.platform == "linux" else 0
_ONE = (1).to_bytes(8, sys.byteorder)


class _Counter(FileIO):
    __del__ = FileIO.close  # else Python would warn that nobody has closed it


class Bell:
    """Has an event loop call a function soon, from any thread.

    On Linux the loop listens to a counter of the kernel's, for half of what ``call_soon_threadsafe`` costs. Everywhere
    else, and for loops that cannot listen, it is that. The bell keeps no loop alive.

    The counter is closed when the bell is gone, and not before: whoever rings has the bell, so nobody can ring a
    descriptor that is somebody else's by then. A lock would do that too, but an interrupt could leave it locked.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The loop to wake; make the bell on its thread.
    answer : callable
        What the loop calls: once, however often the bell was rung before.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: Callable[[], object]) -> None:
        self._counter: _Counter | None = None
        self._otherwise: tuple[asyncio.AbstractEventLoop, Callable[[], object]] | None = None
        if sys.platform == "linux":
            counter = _Counter(os.eventfd(0, _FLAGS), "w")
            try:
                loop.add_reader(counter.fileno(), _heard, counter.fileno(), answer)
            except NotImplementedError:
                pass
            else:
                self._counter = counter
                return
        self._otherwise = weakref.proxy(loop), answer

    def ring(self) -> None:
        """Have it called; of no effect once the loop has ended."""
        if self._counter is not None:
            self._counter.write(_ONE)
        elif self._otherwise is not None:
            loop, answer = self._otherwise
            with suppress(RuntimeError, ReferenceError):  # it is closed
                loop.call_soon_threadsafe(answer)


def _heard(counter: int, answer: Callable[[], object]) -> None:
    if sys.platform == "linux":
        try:
            os.eventfd_read(counter)
        except BlockingIOError:
            pass  # a loop within the loop has answered
        answer()
