"""Threads of our own, which no kernel keeps track of and no interrupt leaves half started."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable


class Thread(threading.Thread):
    """A thread that ends with the program.

    ipykernel 6 notes for every thread which one has made it, by identifiers that are given to new threads again. So
    its notes can go round in a circle, and a thread of that circle that writes or logs a line never comes back from
    it. A thread with a ``run`` of its own gets no note, and one about its predecessor is removed.

    Parameters
    ----------
    work : callable
        What it does.
    name : str
        What it is called.
    """

    def __init__(self, work: Callable[[], object], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._running = threading.Event()

    def start(self) -> None:
        """Start it in one step, which no interrupt can split as it can the standard library's; wait until it runs."""
        _thread.start_new_thread(super().start, ())
        self._running.wait()

    def run(self) -> None:
        """Do the work."""
        self._running.set()
        for stream in (sys.stdout, sys.stderr):
            getattr(stream, "_thread_to_parent", {}).pop(self.ident, None)
        try:
            self._work()
        finally:
            del self._work  # and with it what it holds on to

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, at most so many seconds; it must have been started."""
        if self._running.wait(timeout):
            super().join(timeout)
