"""Waking an event loop from any thread."""

from __future__ import annotations

import asyncio
import os
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import FileIO

_ONE = (1).to_bytes(8, sys.byteorder)


class _Counter(FileIO):
    __del__ = FileIO.close  # else Python would warn that nobody has closed it


class Bell:
    """Has an event loop call a function soon, from any thread.

    On Linux the loop listens to a counter of the kernel's, for half of what ``call_soon_threadsafe`` costs. Everywhere
    else, and for loops that cannot listen, it is that. The bell keeps no loop alive.

    The counter is closed when bell and loop are gone, and not before: whoever rings has the bell, so nobody can ring a
    descriptor that is somebody else's by then. A lock would do that too, but an interrupt could leave it locked.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The loop to wake; make the bell on its thread.
    answer : callable
        What the loop calls: once, however often the bell was rung before.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: Callable[[], object]) -> None:
        there = weakref.proxy(loop)
        self._wake: Callable[[], object] = lambda: there.call_soon_threadsafe(answer)
        if sys.platform == "linux":
            with suppress(NotImplementedError, OSError):  # it cannot listen, or there are too many descriptors
                counter = _Counter(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK), "w")
                loop.add_reader(counter.fileno(), _heard, counter, answer)
                self._wake = partial(counter.write, _ONE)

    def ring(self) -> None:
        """Have it called; of no effect once the loop has ended."""
        try:
            self._wake()
        except (RuntimeError, ReferenceError):
            pass  # it is closed, or gone


def _heard(counter: _Counter, answer: Callable[[], object]) -> None:
    try:
        os.read(counter.fileno(), len(_ONE))
    except BlockingIOError:
        pass  # a loop within the loop has answered
    answer()
