"""Start threads that no interrupt leaves half started, and that stay out of ipykernel's records."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable


class Thread(threading.Thread):
    """Thread that ends with the program.

    ipykernel 6 records the parent of every thread by its identifier, and identifiers are reused for new threads. So
    the records can form a circle, and a thread in it that writes or logs a line waits forever. A thread with its own
    ``run`` is not recorded, and ``run`` removes the record of an earlier thread with the same identifier.

    Parameters
    ----------
    work : callable
        Function to call.
    name : str
        Name of the thread.
    """

    def __init__(self, work: Callable[[], object], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._running = threading.Event()

    def start(self) -> None:
        """Start in one step, which no interrupt can split as it can the standard library's; wait until it runs."""
        _thread.start_new_thread(super().start, ())
        self._running.wait()

    def run(self) -> None:
        """Call the function."""
        self._running.set()
        for stream in (sys.stdout, sys.stderr):
            getattr(stream, "_thread_to_parent", {}).pop(self.ident, None)
        try:
            self._work()
        finally:
            del self._work  # and with it all that it refers to

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread ends, for at most ``timeout`` seconds; it must have been started."""
        if self._running.wait(timeout):
            super().join(timeout)
